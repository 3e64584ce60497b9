// Every channel through the one suite, and what is particular to each: colour and escapes on a terminal, answers of every kind to a webhook.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { channels, createChannels, type ChannelDeps } from '../../src/channels/index.js';
import type { ChannelProvider } from '../../src/channels/port.js';
import { createHttpClient } from '../../src/http/client.js';
import type { ChannelRef } from '../../src/plan/types.js';
import { channelConformance, message, type ChannelWorld } from './conformance.js';

const deps = (changes: Partial<ChannelDeps> = {}): ChannelDeps => ({ http: createHttpClient(), now: () => Date.UTC(2026, 10, 21, 12, 0, 0), terminal: { write: (_text, done) => done() }, log: () => undefined, ...changes });
const provider = (name: string, changes: Partial<ChannelDeps> = {}): ChannelProvider => createChannels(deps(changes))[name] as ChannelProvider;
const live = (): AbortSignal => new AbortController().signal;
const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);

// --- terminal and log ------------------------------------------------------------------------------------------------------------------

function screen(isTTY = false): { stream: ChannelDeps['terminal']; text: string[]; break: () => void } {
  const text: string[] = [];
  let broken = false;
  return { text, break: () => { broken = true; }, stream: { isTTY, write: (block, done) => { if (broken) done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })); else { text.push(block); done(); } } } };
}

async function terminalWorld(): Promise<ChannelWorld> {
  const { stream, text, break: breakDown } = screen();
  let sent: string[] = [];
  const one = provider('terminal', { terminal: stream });
  return {
    provider: { ...one, send: async (channel, said, signal) => { const before = text.length; await one.send(channel, said, signal); if (text.length > before) sent = [...sent, said.key]; } },
    channel: { provider: 'terminal', settings: {} }, arrived: () => text, keys: () => sent, deny: async () => undefined, breakDown: async () => breakDown(), secrets: [], end: async () => undefined,
  };
}
const NO_RECEIVER = 'there is nobody on the other side who could say no';
const NO_SECRETS = 'it has no settings, so it has no secrets';
const REFUSES = 'a receiver that says no has refused: repeating cannot help';
const SECRETS = 'no secret of the settings appears in an error';
channelConformance('terminal', { make: terminalWorld, wrongSettings: { colour: true }, excepted: { [REFUSES]: NO_RECEIVER, [SECRETS]: NO_SECRETS } });

async function logWorld(): Promise<ChannelWorld> {
  const lines: { line: string; fields: Readonly<Record<string, unknown>> }[] = [];
  let broken = false;
  return {
    provider: provider('log', { log: (line, fields) => { if (broken) throw new Error('disk full'); lines.push({ line, fields }); } }), channel: { provider: 'log', settings: {} },
    arrived: () => lines.map((one) => Object.values(one.fields).map(String).join('\n')), keys: () => lines.map((one) => String(one.fields['key'])), deny: async () => undefined, breakDown: async () => { broken = true; }, secrets: [], end: async () => undefined,
  };
}
channelConformance('log', { make: logWorld, wrongSettings: { level: 'debug' }, excepted: { [REFUSES]: NO_RECEIVER, [SECRETS]: NO_SECRETS } });

describe('a message on the terminal', () => {
  it('is one block without colour where nobody sees colour, and coloured where somebody does', async () => {
    const plain = screen();
    await provider('terminal', { terminal: plain.stream }).send({ provider: 'terminal', settings: {} }, message({ body: '' , to: [] }), live());
    expect(plain.text).toEqual(['[critical] batch-patches-v1 · wave-2 · 2026-11-21 09:15 UTC\n  error rate 12 % is above 10 %\n']);
    const coloured = screen(true);
    await provider('terminal', { terminal: coloured.stream }).send({ provider: 'terminal', settings: {} }, message({ body: '', to: [] }), live());
    expect(coloured.text[0]).toContain('\u001b[31m[critical]');
  });

  it('that asks says how to answer', async () => {
    const { stream, text } = screen();
    await provider('terminal', { terminal: stream }).send({ provider: 'terminal', settings: {} }, message({ severity: 'ask', ask: 'wave-2/approval', answers: { options: ['yes', 'no'], healthy: 'yes', from: ['commander'], needs: 1 , withinMs: null } }), live());
    expect(text[0]).toContain('→ tidegate answer batch-patches-v1 wave-2/approval yes|no --as commander\n');
  });

  it('cannot steer the terminal with words that came from elsewhere', async () => {
    const { stream, text } = screen(false);
    await provider('terminal', { terminal: stream }).send({ provider: 'terminal', settings: {} }, message({ title: 'up\u001b[2J\u001b]0;owned\u0007\rdown\u202etxt', body: 'a\u0000b\u009b31mc\tok' }), live());
    expect(text[0]).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text[0]).toContain('up downtxt');
    expect(text[0]).toContain('\tok');
  });
});

// --- webhook ---------------------------------------------------------------------------------------------------------------------------

interface Received { readonly method: string; readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: string }
let server: Server;
let base: string;
let received: Received[];
let answer: (response: ServerResponse, request: IncomingMessage) => void;

async function listen(): Promise<void> {
  received = [];
  answer = (response) => { response.writeHead(204).end(); };
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => { received.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() }); answer(response, request); });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
async function unlisten(): Promise<void> { server.closeAllConnections(); if (server.listening) await new Promise((resolve) => { server.close(resolve); }); }

async function webhookWorld(): Promise<ChannelWorld> {
  await listen();
  const url = `${base.replace('http://', 'http://user:pass-word-1@')}/hook/T0KEN-IN-PATH?sig=SIGNATURE-1`;
  return {
    provider: provider('webhook'), channel: { provider: 'webhook', settings: { url, headers: { Authorization: 'Bearer BEARER-1' }, timeout: '2s' } },
    arrived: () => received.map((one) => Object.values(JSON.parse(one.body) as Record<string, unknown>).map(String).join('\n')),
    keys: () => received.map((one) => (one.headers['idempotency-key'] === (JSON.parse(one.body) as { key: string }).key ? (one.headers['idempotency-key'] as string) : 'header and body differ')),
    deny: async () => { answer = (response) => { response.writeHead(403, { 'content-type': 'text/plain' }).end('T0KEN-IN-PATH BEARER-1 are wrong'); }; },
    breakDown: unlisten, secrets: ['pass-word-1', 'T0KEN-IN-PATH', 'SIGNATURE-1', 'BEARER-1'], end: unlisten,
  };
}
channelConformance('webhook', { make: webhookWorld, wrongSettings: { url: 'ftp://example.org/x' } });

describe('a webhook', () => {
  beforeEach(listen);
  afterEach(unlisten);
  const channel = (settings: ChannelRef['settings'] = {}): ChannelRef => ({ provider: 'webhook', settings: { url: `${base}/hook`, ...settings } });
  const respond = (status: number, headers: Record<string, string> = {}): void => { answer = (response) => { response.writeHead(status, headers).end('{"ok":false}'); }; };
  const send = (settings: ChannelRef['settings'] = {}): Promise<unknown> => provider('webhook').send(channel(settings), message(), live());

  it('gets the message as JSON, by the method and with the headers of the plan', async () => {
    await send({ method: 'PUT', headers: { 'X-Team': 'shop' } });
    expect(received[0]).toMatchObject({ method: 'PUT', path: '/hook', headers: { 'content-type': 'application/json', 'x-team': 'shop', 'idempotency-key': 'batch-patches-v1/17' } });
    expect(JSON.parse(received[0]?.body ?? '')).toEqual(message());
  });

  it.each([400, 401, 403, 404, 410, 422])('that answers %d has refused', async (status) => {
    respond(status);
    expect(await failure(send())).toMatchObject({ name: 'ChannelRefused', code: 'WEBHOOK_REFUSED', message: expect.stringContaining(`answers ${status}`) });
  });

  it.each([408, 425, 429, 500, 502, 503])('that answers %d is asked again', async (status) => {
    respond(status);
    expect(await failure(send())).toMatchObject({ name: 'ChannelUnreachable', transient: true, retryAfterMs: null });
  });

  const AFTER: readonly [string, Record<string, string>, number | null][] = [
    ['seconds', { 'retry-after': '120' }, 120_000],
    ["a date by the receiver's own clock, however wrong that is", { 'retry-after': 'Tue, 01 Jan 2030 00:01:30 GMT', date: 'Tue, 01 Jan 2030 00:00:00 GMT' }, 90_000],
    ['a date that has passed', { 'retry-after': 'Tue, 01 Jan 2030 00:00:00 GMT', date: 'Tue, 01 Jan 2030 00:00:10 GMT' }, 0],
    ['a year', { 'retry-after': '31536000' }, 86_400_000],
    ['nonsense', { 'retry-after': 'soon' }, null],
  ];
  it.each(AFTER)('that names when to come again by %s is believed', async (_, headers, expected) => {
    for (const status of [429, 503]) {
      respond(status, headers);
      expect(await failure(send())).toMatchObject({ name: 'ChannelUnreachable', retryAfterMs: expected });
    }
  });

  it('a date in Retry-After of a receiver without a clock is compared with ours', async () => {
    answer = (response) => { response.sendDate = false; response.writeHead(503, { 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }).end(); };
    expect(await failure(send())).toMatchObject({ retryAfterMs: 30_000 });
  });

  it('that redirects is not followed: the message goes nowhere but where the plan says', async () => {
    respond(307, { location: `${base}/elsewhere` });
    expect(await failure(send())).toMatchObject({ name: 'ChannelUnreachable', message: expect.stringContaining('a redirect, which is not followed') });
    expect(received.map((one) => one.path)).toEqual(['/hook']);
  });

  it('that never answers is given up at its limit, and at once when the caller gives up', async () => {
    answer = () => undefined;
    expect(await failure(send({ timeout: '150ms' }))).toMatchObject({ name: 'ChannelUnreachable', message: expect.stringContaining('within 150 ms') });
    const abort = new AbortController();
    const sending = failure(provider('webhook').send(channel(), message(), abort.signal));
    const end = Date.now() + 5_000;
    while (received.length < 2) { if (Date.now() > end) throw new Error('the second request did not arrive within 5 s'); await new Promise((r) => setTimeout(r, 5)); }
    abort.abort();
    expect(await sending).toMatchObject({ name: 'ChannelUnreachable' });
  });

  it('that accepts and then sends without end has accepted, and is not read', async () => {
    let writing: NodeJS.Timeout | undefined;
    let closed = false;
    answer = (response) => { response.writeHead(200); writing = setInterval(() => response.write('x'.repeat(65_536)), 1); response.on('close', () => { closed = true; clearInterval(writing); }); };
    await send({ timeout: '5s' });
    const end = Date.now() + 5_000;
    while (!closed) { if (Date.now() > end) throw new Error('the answer was still read after 5 s'); await new Promise((r) => setTimeout(r, 5)); }
  });

  it('whose secret was put in wrongly is refused without telling it', async () => {
    const url = await failure(send({ url: 'not a url SECRET-1' }));
    const header = await failure(send({ headers: { 'X-Token': 'SECRET-1\nX-Other: 1' } }));
    for (const error of [url, header]) { expect(error).toMatchObject({ name: 'ChannelRefused' }); expect(JSON.stringify([String(error), error, (error as Error).stack])).not.toContain('SECRET-1'); }
    expect(received).toEqual([]);
  });

  it('takes a limit of at most ten seconds, and references to secrets as they are', () => {
    const check = (settings: ChannelRef['settings']): readonly string[] => provider('webhook').check(channel(settings));
    expect(check({ timeout: '11s' }).join()).toContain('at most 10s');
    expect(check({ url: '${env:HOOK}', headers: { Authorization: 'Bearer ${env:TOKEN}' } })).toEqual([]);
    expect(check({ headers: { 'bad header': 'x' } }).join()).toContain('bad header');
  });
});

it('every channel of the table goes through the conformance suite, and is called by its name', () => {
  expect(Object.keys(channels).sort()).toEqual(['email', 'log', 'pagerduty', 'slack', 'statuspage', 'terminal', 'webhook']);
  for (const [name, one] of Object.entries(createChannels(deps()))) expect(one.name).toBe(name);
});
