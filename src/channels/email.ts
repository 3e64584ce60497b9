// Messages as mail over SMTP. A repetition is the very same mail, by its Message-ID; all mail about one ask is one thread.
// How a mail reads: email-text.ts. Manual: docs/providers/email.md.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { NodemailerError } from 'nodemailer';
import type { ProviderSchema } from '../plan/providers.js';
import { maskSecrets } from '../plan/secrets.js';
import { ChannelRefused, ChannelUnreachable, type ChannelProvider, type Message } from './port.js';
import { htmlOf, mailIdsOf, subjectOf, textOf } from './email-text.js';
import { hasReference, knownAs, parsedSettings, peopleAs, problemsOf, textLike } from './settings.js';

/** For everything together: connecting, logging in, handing over. */
const LIMIT_MS = 10_000;

const mailAddress = textLike(/^[^\s<>@,;]+@[^\s<>@,;]+$/, "a mail address is needed, e.g. 'ann@example.com'");
const settingsSchema = z.strictObject({
  /** smtp://host:port or smtps://host:port; may hold the login */
  url: textLike(/^smtps?:\/\/[^\s]+$/, "the address of a mail server is needed, e.g. 'smtp://mail.example.com:587'").optional(),
  /** or one by one */
  host: z.string().min(1).optional(),
  port: z.number().int().min(1).max(65_535).optional(),
  user: z.string().min(1).optional(),
  password: z.string().min(1).optional(),
  tls: z.enum(['starttls', 'implicit', 'none']).optional(),
  /** a file of certificates (PEM) that vouch for the server, on the worker's host */
  ca: z.string().min(1).optional(),
  from: textLike(/^([^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/, "a sender is needed, e.g. 'Tidegate <tidegate@example.com>'"),
  /** who gets every message */
  to: z.union([mailAddress, z.array(mailAddress).min(1)]).optional(),
  /** person of the plan → mail address: who gets what is addressed to them */
  people: peopleAs(mailAddress),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = {
  settings: settingsSchema, shorthand: null, contact: 'email',
  check: (given) => {
    const settings = given as unknown as Settings;
    const problems: string[] = [];
    if ((settings.url === undefined) === (settings.host === undefined)) problems.push('give either the url of the mail server or its host');
    if (settings.url !== undefined && (settings.port ?? settings.user ?? settings.password) !== undefined) problems.push('with a url, port, user and password stand in the url');
    if ((settings.user === undefined) !== (settings.password === undefined)) problems.push('user and password belong together');
    if (settings.to === undefined && settings.people === undefined) problems.push("say who gets the mail: 'to', or 'people' by their ids");
    if (problems.length > 0 || hasReference(settings.url ?? settings.host ?? '')) return problems;
    const server = serverOf(settings);
    if (server === null) return ['url: this is no address of a mail server'];
    return server.tls === 'none' && server.login !== null && !/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(server.host) ? ['a password is not sent to another host without TLS'] : [];
  },
};

export function createEmail(): ChannelProvider {
  return {
    name: 'email',
    check: (channel) => problemsOf(schema, channel.settings),
    async send(channel, message, signal) {
      const settings = parsedSettings(schema, settingsSchema, channel);
      const server = serverOf(settings) as Server; // its own check has said so
      const fail = failures(server);
      const to = recipientsOf(settings, message);
      if (to.length === 0) throw new ChannelRefused({ code: 'EMAIL_NOBODY', where: server.name, what: 'the message is addressed to nobody whom this channel knows.', means: 'No mail was sent.', todo: "Give the channel a 'to', or the address of each of these people under 'people'." });
      const { mail, references } = mailIdsOf(message, settings.from);
      // loaded when the first mail is sent: most runs of the program send none
      const { createTransport } = await import('nodemailer');
      const ca = settings.ca === undefined ? undefined : await readFile(settings.ca, 'utf8').catch((error: NodeJS.ErrnoException) => { throw new ChannelRefused({ code: 'EMAIL_CA', where: `the file ${settings.ca}`, what: `it cannot be read (${error.code ?? 'unknown'}).`, means: 'No mail was sent.', todo: 'Put the certificates there, on the host of every worker.' }); });
      const transport = createTransport({
        host: server.host, port: server.port, secure: server.tls === 'implicit', requireTLS: server.tls === 'starttls', ignoreTLS: server.tls === 'none', ...(server.login === null ? {} : { auth: { user: server.login.user, pass: server.login.password } }),
        connectionTimeout: LIMIT_MS, greetingTimeout: LIMIT_MS, socketTimeout: LIMIT_MS, dnsTimeout: LIMIT_MS, tls: { ...(ca === undefined ? {} : { ca }) }, disableFileAccess: true, disableUrlAccess: true,
      });
      const limited = withLimit(signal);
      try {
        const told = await transport.sendMail({
          from: settings.from, to: [...to], subject: subjectOf(message), text: textOf(message), html: htmlOf(message), date: new Date(message.at), messageId: mail, signal: limited.signal,
          ...(references === null ? {} : { inReplyTo: references, references }), priority: message.severity === 'critical' || message.severity === 'emergency' ? 'high' : 'normal',
          // machines that answer mail by themselves leave this one alone
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All', 'X-Tidegate-Key': message.key },
        });
        if (told.rejected.length > 0) throw fail.partly((told as { readonly rejectedErrors?: readonly NodemailerError[] }).rejectedErrors ?? [], told.rejected.length, to.length);
      } catch (error) {
        throw error instanceof ChannelRefused || error instanceof ChannelUnreachable ? error : fail.whole(error as NodemailerError);
      } finally {
        limited.end();
        transport.close();
      }
    },
  };
}

interface Server { readonly host: string; readonly port: number; readonly tls: 'starttls' | 'implicit' | 'none'; readonly login: { readonly user: string; readonly password: string } | null; /** for people */ readonly name: string }

function serverOf({ url: address, ...given }: Settings): Server | null {
  let { host, port, user, password } = given;
  let tls = given.tls;
  if (address !== undefined) {
    try {
      const url = new URL(address);
      host = url.hostname.replace(/^\[|\]$/g, '');
      port = url.port === '' ? undefined : Number(url.port);
      if (url.username !== '') { user = decodeURIComponent(url.username); password = decodeURIComponent(url.password); }
      if (url.protocol === 'smtps:') tls ??= 'implicit';
    } catch { return null; }
  }
  if (host === undefined || host === '') return null;
  const how = tls ?? (port === 465 ? 'implicit' : 'starttls');
  const at = port ?? { implicit: 465, starttls: 587, none: 25 }[how];
  return { host, port: at, tls: how, login: user === undefined || password === undefined ? null : { user, password }, name: `mail server ${host}:${at}` };
}

function recipientsOf({ to, people }: Settings, message: Message): readonly string[] {
  const addressed = message.to.flatMap((id) => knownAs(people, id) ?? []);
  return [...new Set([...(to === undefined ? [] : [to].flat()), ...addressed])];
}

/** What a failure means. The server's own words are shown without login and password, which some repeat. */
function failures(server: Server): { readonly whole: (error: NodemailerError) => Error; readonly partly: (errors: readonly NodemailerError[], rejected: number, of: number) => Error } {
  const secrets = server.login === null ? [] : [server.login.user, server.login.password, `\0${server.login.user}\0${server.login.password}`].flatMap((text) => [text, Buffer.from(text).toString('base64')]);
  const said = (error: NodemailerError): string => (error.response === undefined ? '' : `: ${maskSecrets(error.response, secrets).replace(/\s+/g, ' ').slice(0, 200)}`);
  const refused = (code: string, what: string, todo: string): ChannelRefused => new ChannelRefused({ code, where: server.name, what, means: 'The mail was not accepted; it is not sent again there.', todo });
  const unreachable = (what: string, todo: string): ChannelUnreachable => new ChannelUnreachable({ code: 'EMAIL_UNREACHABLE', where: server.name, what, means: 'The mail will be sent again, with the same Message-ID; the rollout goes on.', todo });
  return {
    whole: (error) => {
      const permanent = error.rejectedErrors === undefined || error.rejectedErrors.length === 0 ? error.permanent : error.rejectedErrors.every((one) => one.permanent === true);
      if (error.code === 'ETLS' || /^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(error.originalCode ?? error.code ?? '')) return unreachable(`no secure connection (${error.originalCode ?? error.code}).`, "Look at the server's certificate; one of your own authority is trusted by 'ca'.");
      const login = error.code === 'EAUTH' || error.code === 'ENOAUTH' || error.responseCode === 530;
      if (login && (permanent ?? true)) return refused('EMAIL_LOGIN_REFUSED', `it does not let us in${said(error)}.`, 'Correct user and password of this channel, or the secret that is put into them.');
      if (permanent === true) return refused('EMAIL_REFUSED', `it refuses the mail${said(error)}.`, 'Correct sender and recipients, or allow them at the server.');
      return unreachable(error.responseCode === undefined ? `${WORDS[error.code ?? ''] ?? 'the connection failed'} (${error.originalCode ?? error.code ?? 'unknown'}).` : `it says: later${said(error)}.`, 'If it goes on, look at the mail server and at the way to it.');
    },
    partly: (errors, rejected, of) => {
      const what = `${rejected} of ${of} recipients ${rejected === 1 ? 'is' : 'are'} refused${errors[0] === undefined ? '' : said(errors[0])}; the others have the mail.`;
      return errors.every((error) => error.permanent === true) ? refused('EMAIL_PARTLY_REFUSED', what, 'Correct the recipients, or allow them at the server.') : unreachable(what, 'If it goes on, look at these recipients.');
    },
  };
}
const WORDS: Readonly<Record<string, string | undefined>> = {
  EDNS: 'the host is unknown', ETIMEDOUT: 'it does not answer in time', EABORT: 'given up before the end', ESOCKET: 'the connection failed', ECONNECTION: 'the connection was closed', EPROTOCOL: 'what answers is no mail server',
};

/** The caller's signal and our own limit as one; taken off the caller's at the end. */
function withLimit(outer: AbortSignal): { readonly signal: AbortSignal; end(): void } {
  const abort = new AbortController();
  const end = (): void => abort.abort();
  if (outer.aborted) end();
  outer.addEventListener('abort', end, { once: true });
  const timer = setTimeout(end, LIMIT_MS);
  return { signal: abort.signal, end: () => { clearTimeout(timer); outer.removeEventListener('abort', end); } };
}
