// Mail over a real SMTP server (smtp-server), read back by a real parser: what arrives, what belongs together, and every way in which a mail server
// says no, says later, or falls silent.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmail } from '../../src/channels/email.js';
import type { Message } from '../../src/channels/port.js';
import type { ChannelRef } from '../../src/plan/types.js';
import { selfSigned } from '../servers/certificate.js';
import { channelConformance, message, type ChannelWorld } from './conformance.js';
import { exampleIsSound } from './page.js';

const live = (): AbortSignal => new AbortController().signal;
const failure = async (call: Promise<unknown>): Promise<Error> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error as Error);
const provider = createEmail();
const PASSWORD = 'pass-word-1/+@';
const { key, cert } = selfSigned();

interface Mail { readonly to: readonly string[]; readonly raw: Buffer; readonly secure: boolean; readonly user: string | null }
interface Post {
  readonly port: number; readonly mails: Mail[];
  /** by recipient: what RCPT TO is answered */
  readonly refusals: Map<string, string>;
  /** what DATA does; null: it accepts */
  data: null | 'hang' | 'drop' | 'drop after' | { readonly code: number; readonly words: string };
  login: null | { readonly code: number; readonly words: string };
  connections(): number;
  close(): Promise<void>;
}

const refusal = (said: string): Error => Object.assign(new Error(said.slice(4)), { responseCode: Number(said.slice(0, 3)) });

async function startPost({ secure = false, starttls = true, open = false }: { secure?: boolean; starttls?: boolean; open?: boolean } = {}): Promise<Post> {
  const post: { -readonly [K in keyof Post]: Post[K] } = { port: 0, mails: [], refusals: new Map(), data: null, login: null, connections: () => 0, close: async () => undefined };
  const server: SMTPServer = new SMTPServer({
    secure, key, cert, authOptional: open, closeTimeout: 100, disableReverseLookup: true, disabledCommands: [...(starttls ? [] : ['STARTTLS']), ...(open ? ['AUTH'] : [])], allowInsecureAuth: !starttls,
    onAuth: ({ username, password }, _session, done) => {
      if (post.login !== null) done(Object.assign(new Error(post.login.words), { responseCode: post.login.code }));
      else if (username === 'tidegate' && password === PASSWORD) done(null, { user: username });
      else done(Object.assign(new Error(`5.7.8 no: ${username} ${password}`), { responseCode: 535 }));
    },
    onRcptTo: ({ address }, _session, done) => { const said = post.refusals.get(address); done(said === undefined ? null : refusal(said)); },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      if (post.data === 'drop') { stream.once('data', () => drop()); return; }
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        if (post.data === 'hang') return;
        if (typeof post.data === 'object' && post.data !== null) { done(Object.assign(new Error(post.data.words), { responseCode: post.data.code })); return; }
        post.mails.push({ to: session.envelope.rcptTo.map((one) => one.address), raw: Buffer.concat(chunks), secure: session.secure === true, user: (session.user as string | undefined) ?? null });
        if (post.data === 'drop after') drop(); else done(null);
      });
    },
  });
  const drop = (): void => { for (const connection of server.connections) (connection as unknown as { _socket: { destroy(): void } })._socket.destroy(); };
  server.on('error', () => undefined); // of connections that break, which is what these tests are about
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', () => resolve()); });
  post.port = (server.server.address() as AddressInfo).port;
  post.connections = () => server.connections.size;
  post.close = async () => { drop(); if (server.server.listening) await new Promise<void>((resolve) => { server.close(() => resolve()); }); };
  return post;
}

let directory: string;
let ca: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'tidegate-mail-')); ca = join(directory, 'ca.pem'); writeFileSync(ca, cert); });
afterEach(() => { rmSync(directory, { recursive: true, force: true }); });

const read = (mail: Mail): Promise<Email> => PostalMime.parse(mail.raw);
const header = (mail: Email, name: string): string | undefined => mail.headers.find((one) => one.key === name)?.value;

async function mailWorld(): Promise<ChannelWorld> {
  const post = await startPost();
  const certificate = join(directory, 'ca.pem');
  writeFileSync(certificate, cert);
  let read: { text: string; key: string }[] = [];
  const parsed = async (): Promise<void> => { read = await Promise.all(post.mails.map(async ({ raw }) => { const mail = await PostalMime.parse(raw); return { text: `${mail.subject}\n${mail.text}`, key: header(mail, 'x-tidegate-key') ?? 'none' }; })); };
  return {
    provider: { ...provider, send: async (...call) => { try { return await provider.send(...call); } finally { await parsed(); } } },
    channel: { provider: 'email', settings: { host: '127.0.0.1', port: post.port, user: 'tidegate', password: PASSWORD, ca: certificate, from: 'Tidegate <tidegate@example.com>', to: 'ops@example.com' } },
    arrived: () => read.map((one) => one.text), keys: () => read.map((one) => one.key),
    deny: async () => { post.login = { code: 535, words: `5.7.8 no: ${PASSWORD}` }; }, breakDown: async () => post.close(), secrets: [PASSWORD, Buffer.from(PASSWORD).toString('base64')], end: async () => post.close(),
  };
}
channelConformance('email', { make: mailWorld, wrongSettings: { host: 'mail.example.com', from: 'nobody', to: 'ops@example.com' } });

let post: Post;
const settings = (changes: ChannelRef['settings'] = {}): ChannelRef => ({ provider: 'email', settings: { host: '127.0.0.1', port: post.port, user: 'tidegate', password: PASSWORD, ca, from: 'Tidegate <tidegate@example.com>', to: ['ops@example.com'], ...changes } });
const send = (said: Partial<Message> = {}, changes: ChannelRef['settings'] = {}, signal = live()): Promise<unknown> => provider.send(settings(changes), message(said), signal);

describe('a mail', () => {
  beforeEach(async () => { post = await startPost(); });
  afterEach(async () => { await post.close(); });

  it('goes over TLS, from whom and to whom the channel says, with a subject that says all', async () => {
    await send({ title: 'Größe ✓\r\nBcc: evil@example.com' }, { to: ['ops@example.com', 'lead@example.com'], people: { commander: 'cmd@example.com', bob: 'bob@example.com' } });
    expect(post.mails.map(({ to, secure, user }) => ({ to, secure, user }))).toEqual([{ to: ['ops@example.com', 'lead@example.com', 'cmd@example.com'], secure: true, user: 'tidegate' }]);
    const mail = await read(post.mails[0]!);
    expect([mail.subject, mail.from!.name, mail.from!.address, mail.bcc ?? []]).toEqual(['[critical] batch-patches-v1 · wave-2: Größe ✓ Bcc: evil@example.com', 'Tidegate', 'tidegate@example.com', []]);
    expect([header(mail, 'auto-submitted'), header(mail, 'x-priority')?.slice(0, 1), new Date(mail.date!).getTime()]).toEqual(['auto-generated', '1', message().at]);
  });

  it('says the same as plain text and as HTML, in which words from elsewhere are only words', async () => {
    await send({ title: 'a <b> & "c"', body: 'x < y\n<script>alert(1)</script>\n<img src=https://evil.example/x.png>' });
    const mail = await read(post.mails[0]!);
    expect(mail.text).toContain('a <b> & "c"\n\nx < y\n<script>alert(1)</script>');
    expect(mail.html).not.toMatch(/<script|<img|<b>/);
    expect(mail.html).toContain('x &#60; y\n&#60;script&#62;');
    expect(mail.html).toContain('content="light dark"');
    expect(mail.html).not.toMatch(/[";]color\s*:|background|<[^>]*(src|href)|width\s*:\s*\d+px/); // dark and narrow clients choose for themselves, and nothing is loaded
  });

  it('that asks says how to answer', async () => {
    await send({ severity: 'ask', topic: 'ask', ask: 'wave-2/approval', answers: { options: ['approve', 'reject'], healthy: 'approve', from: ['ann'], needs: 1, withinMs: null } });
    const mail = await read(post.mails[0]!);
    for (const text of [mail.text, mail.html]) expect(text).toContain('tidegate answer batch-patches-v1 wave-2/approval approve|reject --as ann');
  });

  it('that is repeated is the very same mail; another message, also of a later rollout, is another', async () => {
    for (const said of [{}, {}, { key: 'batch-patches-v1/18' }, { at: message().at + 1 }]) await send(said);
    const ids = await Promise.all(post.mails.map(async (one) => (await read(one)).messageId));
    expect(ids[0]).toBe('<batch-patches-v1.17.1795252500000@example.com>');
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  it('about an ask stands in one thread with all mail about it, and with no other', async () => {
    const asks = [['ask', 'w/1', 1], ['ask-reminder', 'w/1', 2], ['ask-escalated', 'w/1', 3], ['ask', 'w.1', 4]] as const;
    for (const [topic, ask, number] of asks) await send({ key: `shop/${number}`, topic, ask });
    await send({ key: 'shop/5' });
    const mails = await Promise.all(post.mails.map(read));
    const threads = mails.map((mail) => mail.references ?? null);
    expect(threads[0]).toMatch(/^<.+@example\.com>$/);
    expect(threads.slice(1, 3)).toEqual([threads[0], threads[0]]);
    expect(threads[3]).not.toBe(threads[0]);
    expect(threads[4]).toBeNull();
    expect(mails.slice(0, 4).map((mail) => mail.inReplyTo)).toEqual(threads.slice(0, 4));
  });

  it('goes to people by their addresses, and is refused when nobody is known', async () => {
    await send({ to: ['bob', 'constructor'] }, { to: '${env:X}@example.com', people: { bob: 'bob@example.com' } }).catch(() => undefined);
    const only = { host: '127.0.0.1', port: post.port, user: 'tidegate', password: PASSWORD, ca, from: 'tidegate@example.com', people: { bob: 'bob@example.com' } };
    await provider.send({ provider: 'email', settings: only }, message({ to: ['bob'] }), live());
    expect(post.mails.at(-1)!.to).toEqual(['bob@example.com']);
    expect(await failure(provider.send({ provider: 'email', settings: only }, message({ to: ['ann'] }), live()))).toMatchObject({ name: 'ChannelRefused', code: 'EMAIL_NOBODY' });
  });
});

describe('a mail server that says no', () => {
  beforeEach(async () => { post = await startPost(); });
  afterEach(async () => { await post.close(); });

  it('to the login has refused, without repeating it', async () => {
    const error = await failure(send({}, { password: 'wrong-PASSWORD' }));
    expect(error).toMatchObject({ name: 'ChannelRefused', code: 'EMAIL_LOGIN_REFUSED', transient: false, message: expect.stringContaining('5.7.8 no: *** ***') });
    expect(JSON.stringify([String(error), error, error.stack])).not.toMatch(/wrong-PASSWORD|d3JvbmctUEFTU1dPUkQ/);
  });

  it('454 to the login is asked again', async () => {
    post.login = { code: 454, words: '4.7.0 temporary authentication failure' };
    expect(await failure(send())).toMatchObject({ name: 'ChannelUnreachable', transient: true });
  });

  it('550 to the only recipient has refused, 451 is asked again', async () => {
    post.refusals.set('ops@example.com', '550 5.1.1 no such user');
    expect(await failure(send())).toMatchObject({ name: 'ChannelRefused', code: 'EMAIL_REFUSED', message: expect.stringContaining('550 5.1.1 no such user') });
    post.refusals.set('ops@example.com', '451 4.7.1 greylisted');
    expect(await failure(send())).toMatchObject({ name: 'ChannelUnreachable', message: expect.stringContaining('451 4.7.1 greylisted') });
    expect(post.mails).toEqual([]);
  });

  it('to one for good and to the other for now is asked again', async () => {
    const to = ['ops@example.com', 'lead@example.com'];
    post.refusals.set('ops@example.com', '450 4.2.1 busy').set('lead@example.com', '550 5.1.1 no such user');
    expect(await failure(send({}, { to }))).toMatchObject({ name: 'ChannelUnreachable' });
    expect(await failure(send({}, { to: [...to].reverse() }))).toMatchObject({ name: 'ChannelUnreachable' });
  });

  it('to some recipients: the others have the mail, and the record says who has not', async () => {
    post.refusals.set('gone@example.com', '550 5.1.1 no such user');
    expect(await failure(send({}, { to: ['ops@example.com', 'gone@example.com'] }))).toMatchObject({ name: 'ChannelRefused', code: 'EMAIL_PARTLY_REFUSED', message: expect.stringContaining('1 of 2 recipients is refused: 550 5.1.1 no such user') });
    expect(post.mails.map((mail) => mail.to)).toEqual([['ops@example.com']]);
    post.refusals.set('gone@example.com', '452 4.2.2 full');
    expect(await failure(send({}, { to: ['ops@example.com', 'gone@example.com'] }))).toMatchObject({ name: 'ChannelUnreachable' });
  });

  it('to the content: 552 has refused, 451 is asked again', async () => {
    post.data = { code: 552, words: '5.3.4 too large' };
    expect(await failure(send())).toMatchObject({ name: 'ChannelRefused', code: 'EMAIL_REFUSED' });
    post.data = { code: 451, words: '4.3.0 try later' };
    expect(await failure(send())).toMatchObject({ name: 'ChannelUnreachable' });
  });
});

describe('a mail server that breaks', () => {
  beforeEach(async () => { post = await startPost(); });
  afterEach(async () => { await post.close(); });

  it('in the middle of the mail has not taken it, and it is sent again', async () => {
    post.data = 'drop';
    expect(await failure(send({ body: 'x'.repeat(500_000) }))).toMatchObject({ name: 'ChannelUnreachable', code: 'EMAIL_UNREACHABLE' });
    expect(post.mails).toEqual([]);
    post.data = null;
    await send();
    expect(post.mails).toHaveLength(1);
  });

  it('after it has taken the mail gets the same mail again', async () => {
    post.data = 'drop after';
    expect(await failure(send())).toMatchObject({ name: 'ChannelUnreachable' });
    post.data = null;
    await send();
    const [first, second] = await Promise.all(post.mails.map(read));
    expect(second!.messageId).toBe(first!.messageId);
  });

  it('by falling silent is given up when the caller gives up, and leaves no connection behind', async () => {
    post.data = 'hang';
    const abort = new AbortController();
    const sending = failure(send({}, {}, abort.signal));
    setTimeout(() => abort.abort(), 300);
    expect(await sending).toMatchObject({ name: 'ChannelUnreachable', message: expect.stringContaining('given up') });
    await expect.poll(() => post.connections()).toBe(0);
  });

  it('is unreachable when nobody listens, or when it is no mail server', async () => {
    const { port } = post;
    await post.close();
    expect(await failure(send({}, { port }))).toMatchObject({ name: 'ChannelUnreachable', message: expect.stringContaining('ECONNREFUSED') });
    const other: Server = createServer((socket) => { socket.on('error', () => undefined); socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'); });
    await new Promise<void>((resolve) => { other.listen(0, '127.0.0.1', () => resolve()); });
    try { expect(await failure(send({}, { port: (other.address() as AddressInfo).port }))).toMatchObject({ name: 'ChannelUnreachable', transient: true }); } finally { await new Promise((resolve) => { other.close(resolve); }); }
  });
});

describe('the way to a mail server', () => {
  afterEach(async () => { await post.close(); });

  it('is refused by us when it offers no TLS: neither the login nor the mail leaves', async () => {
    post = await startPost({ starttls: false });
    expect(await failure(send())).toMatchObject({ name: 'ChannelUnreachable', message: expect.stringContaining('no secure connection') });
    expect(post.mails).toEqual([]);
  });

  it('is refused by us when nobody vouches for its certificate', async () => {
    post = await startPost();
    const { ca: _, ...stranger } = settings().settings;
    expect(await failure(provider.send({ provider: 'email', settings: stranger }, message(), live()))).toMatchObject({ name: 'ChannelUnreachable', message: expect.stringContaining('no secure connection') });
    expect(await failure(send({}, { ca: join(directory, 'missing.pem') }))).toMatchObject({ name: 'ChannelRefused', code: 'EMAIL_CA' });
    expect(post.mails).toEqual([]);
  });

  it('is TLS from the first byte by smtps, with the login in the url', async () => {
    post = await startPost({ secure: true });
    const { from, to } = settings().settings as { from: string; to: string[] };
    await provider.send({ provider: 'email', settings: { url: `smtps://tidegate:${encodeURIComponent(PASSWORD)}@127.0.0.1:${post.port}`, ca, from, to } }, message(), live());
    expect(post.mails.map(({ secure, user }) => [secure, user])).toEqual([[true, 'tidegate']]);
  });

  it('is plain to a relay that the plan allows it for, without a login', async () => {
    post = await startPost({ starttls: false, open: true });
    await provider.send({ provider: 'email', settings: { host: '127.0.0.1', port: post.port, tls: 'none', from: 'tidegate@example.com', to: 'ops@example.com' } }, message(), live());
    expect(post.mails).toHaveLength(1);
  });
});

describe('the settings', () => {
  const base = { from: 'tidegate@example.com', to: 'ops@example.com' };
  const check = (settings: ChannelRef['settings']): string => provider.check({ provider: 'email', settings: { ...base, ...settings } }).join();
  it('name one server, a whole login and somebody to write to', () => {
    expect(check({})).toContain('either the url');
    expect(check({ url: 'smtp://a', host: 'a' })).toContain('either the url');
    expect(check({ url: 'smtp://a', user: 'x', password: 'y' })).toContain('stand in the url');
    expect(check({ host: 'a', user: 'x' })).toContain('belong together');
    expect(check({ url: 'http://a' })).toContain('mail server');
    expect(provider.check({ provider: 'email', settings: { host: 'a', from: 'a@b.c' } }).join()).toContain("'to', or 'people'");
    expect(check({ host: 'mail.example.com', tls: 'none', user: 'x', password: '${env:P}' })).toContain('not sent to another host without TLS');
    expect(check({ url: '${env:SMTP_URL}', to: ['${env:OPS}'], people: { ann: '${env:ANN}' } })).toBe('');
    expect(check({ url: 'smtp://tidegate:${env:SMTP_PASSWORD}@mail.example.com:587' })).toBe('');
  });
  it('of the page are sound in a plan', () => { exampleIsSound('email'); });
});
