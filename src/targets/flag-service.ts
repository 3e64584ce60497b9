// One call to a flag service's admin API, and what its answer means for a target: the service's own JSON, or the error the port promises.
// Used by ./unleash.ts and ./launchdarkly.ts. The HTTP client: src/http/client.ts.
import type { HttpAnswer, HttpClient, HttpMethod } from '../http/client.js';
import { maskSecrets as maskIn } from '../plan/secrets.js';
import { TargetRefused, TargetUnreachable, type TargetContext, type TargetRef } from './port.js';

export interface FlagService {
  readonly http: HttpClient;
  /** for people: 'Unleash' */
  readonly name: string;
  /** without a slash at its end */
  readonly base: string;
  readonly token: string;
  /** besides the token */
  readonly headers?: Readonly<Record<string, string>>;
  readonly target: TargetRef;
  readonly context: TargetContext;
}

export interface ServiceCall {
  readonly method: HttpMethod;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** an answer that means something of its own to the caller, asked before anything else is made of it: null, or the error to throw */
  readonly special?: (answer: ServiceAnswer) => Error | null;
}

export interface ServiceAnswer {
  readonly status: number;
  /** null: an empty body */
  readonly body: unknown;
  /** its `message`, fit to be shown; '' when it has none */
  readonly words: string;
}

/** For one request, redirects and body together; the caller's signal may come sooner. */
const REQUEST_MS = 10_000;
/** A service that asks for a pause is waited for this long within one attempt; longer pauses are for whoever repeats the attempt. */
const LONGEST_PAUSE_MS = 5_000;
/** answers that say 'later', not 'no' */
const PASSING: readonly number[] = [408, 425, 429];

/**
 * @returns the answer of a 2xx
 * @throws TargetRefused      when the service itself says no; nothing was changed by this call
 * @throws TargetUnreachable  when it cannot be told what became of it: no answer, 5xx, somebody else's web page, half an answer
 */
export async function callService(service: FlagService, call: ServiceCall): Promise<ServiceAnswer> {
  const { http, name, base, token, target, context: { signal } } = service;
  const address = `${base}${call.path}`;
  const unknown = call.method === 'GET' ? 'What it stands at is not known.' : 'Whether it took effect is not known; it is read back before anything is repeated.';
  const unreachable = (what: string, todo = 'If it goes on, look at the service and at the way to it.'): TargetUnreachable => new TargetUnreachable({ code: 'SERVICE_UNREACHABLE', where: target.id, what: masked(service, what), means: unknown, todo });

  for (let pauses = 0; ; pauses++) {
    const outcome = await http.send({
      url: address, method: call.method, accept: 'application/json', headers: { ...service.headers, Authorization: token }, timeLimitMs: Math.min(REQUEST_MS, target.writeTimeoutMs),
      // a redirect would hand the token to whom the plan does not name, or turn a change into a question
      redirects: 0, ...(call.body === undefined ? {} : { body: JSON.stringify(call.body), contentType: call.contentType ?? 'application/json' }),
    }, signal);
    if (outcome.kind === 'failure') {
      if (outcome.code === 'bad-address' || outcome.code === 'bad-header') throw new TargetRefused({ code: 'SETTINGS_REFUSED', where: target.id, what: `${outcome.address}: ${outcome.detail}.`, means: 'Nothing was sent.', todo: 'Correct the url and the token of this target, or the secrets that are put into them.' });
      throw unreachable(`${outcome.address}: ${outcome.detail}.`);
    }
    const { status, address: shown } = outcome;
    if (status === 429 && pauses < 2) {
      const ms = askedPause(outcome);
      if (ms !== null && ms <= LONGEST_PAUSE_MS) { await pause(ms, signal); continue; }
    }
    if (PASSING.includes(status)) throw unreachable(`${name} answers ${status} at ${shown}: it is asked too often or is busy.`, 'It is tried again; if it goes on, ask for a higher limit.');
    if (status >= 300 && status < 400) throw refusal(service, 'SERVICE_MOVED', `${shown} answers ${status}, a redirect, which is not followed.`, 'Give the address that it leads to.');
    const answer = readAnswer(service, outcome);
    // a proxy's page, also one that says 404, is no word of the service
    if (answer === null) throw unreachable(`${shown} answers ${status} with something that is not ${name}'s JSON: a proxy, a login page or half an answer.`);
    const special = call.special?.(answer) ?? null;
    if (special !== null) throw special;
    if (status >= 200 && status < 300) return answer;
    const said = answer.words === '' ? '' : `: ${answer.words}`;
    if (status >= 500) throw unreachable(`${name} answers ${status} at ${shown}${said}.`);
    if (status === 401) throw refusal(service, 'TOKEN_REFUSED', `${name} does not accept the token${said}.`, 'Give the worker a token that is valid, and of the kind that the provider\'s page names.');
    if (status === 403) throw refusal(service, 'PERMISSION_MISSING', `the token may not do this in ${name}${said}.`, 'Give it the permissions that the provider\'s page names.');
    if (status === 404) throw refusal(service, 'FLAG_MISSING', `${name} knows no such flag, project or environment${said}.`, 'Correct the settings of this target, or put the flag back.');
    throw refusal(service, 'SERVICE_REFUSED', `${name} answers ${status} at ${shown}${said}.`, 'Look at the flag there, and at what it says.');
  }
}

export function refusal(service: FlagService, code: string, what: string, todo: string): TargetRefused {
  return new TargetRefused({ code, where: service.target.id, what: masked(service, what), means: 'Nothing was changed.', todo });
}

/** Everything a service says may repeat what it was sent. */
export const masked = ({ token, context }: Pick<FlagService, 'token' | 'context'>, text: string): string => maskIn(text, [token, ...(context.secrets ?? [])]);

/** null: no answer of the service's own. */
function readAnswer(service: FlagService, { status, text }: HttpAnswer): ServiceAnswer | null {
  if (text.trim() === '') return { status, body: null, words: '' };
  try {
    const body: unknown = JSON.parse(text);
    const message = typeof body === 'object' && body !== null ? (body as { message?: unknown }).message : undefined;
    return { status, body, words: typeof message === 'string' ? shortened(masked(service, message)) : '' };
  } catch { return null; }
}

/** How long the service wants to be left alone: `Retry-After` in seconds or as a date, else LaunchDarkly's `X-RateLimit-Reset` in epoch milliseconds. null: it does not say. */
function askedPause(answer: HttpAnswer): number | null {
  const theirs = Date.parse(answer.header('date') ?? '');
  const now = Number.isNaN(theirs) ? Date.now() : theirs;
  const after = answer.header('retry-after');
  if (after !== null && /^\s*\d+(\.\d+)?\s*$/.test(after)) return Number(after) * 1_000;
  const until = after !== null ? Date.parse(after) : Number(answer.header('x-ratelimit-reset') ?? Number.NaN);
  return Number.isNaN(until) ? null : Math.max(0, until - now);
}

/** Ends early when the caller gives up; the request after it then ends at once. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => { clearTimeout(timer); signal.removeEventListener('abort', end); resolve(); };
    const timer = setTimeout(end, ms);
    if (signal.aborted) end(); else signal.addEventListener('abort', end, { once: true });
  });
}

const shortened = (text: string): string => { const line = text.replace(/\s+/g, ' ').trim().replace(/\.$/, ''); return line.length <= 300 ? line : `${line.slice(0, 299)}…`; };
