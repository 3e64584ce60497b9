// The one HTTP client of all providers: it never throws, always ends, reads a bounded answer and never repeats a secret.
// Beside it: secrets.ts (what may be shown of an address), proxy.ts (which way a request takes), shared.ts and patient.ts (for sources only).
// Over 200 lines because the limits (time, size, redirects, credentials) only hold together, in the one loop that keeps them.
import { ProxyFailure } from './proxy.js';
import { maskSecrets, shownAddress } from './secrets.js';
import { connectionFailure, systemCode, type ConnectionCode } from './system-errors.js';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface HttpRequest {
  /** http or https; user info becomes an Authorization header */
  readonly url: string;
  /** default GET */
  readonly method?: HttpMethod;
  /** default any type */
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly contentType?: string;
  /** for everything together: connecting, redirects, the last byte of the body */
  readonly timeLimitMs: number;
  /** default 4 MiB, counted after decompression */
  readonly maxBytes?: number;
  /** how many redirects are followed, default 5; 0: a redirect is the answer */
  readonly redirects?: number;
  /** default true; false: the body is thrown away unread */
  readonly readBody?: boolean;
  /** sending it twice does no harm (default: GET and HEAD): it is repeated once when a kept connection turns out dead, and stays a POST over a redirect */
  readonly repeatable?: boolean;
  /** opens a connection of its own: a probe must see what a new user sees. (Where a kept one to the same origin gets in between and is dead, it asks once more.) */
  readonly freshConnection?: boolean;
  /** the path is a secret too (chat webhooks): only the origin is shown */
  readonly secretPath?: boolean;
}

export type HttpFailureCode =
  | 'bad-address' | 'bad-header' | ConnectionCode | /** our own proxy, not the server */ 'proxy' | 'reset' | 'cut-off'
  | 'aborted' | 'too-large' | 'too-many-redirects' | 'bad-redirect' | 'bad-answer';

export interface HttpAnswer {
  readonly kind: 'answer'; readonly status: number; /** lower case, without parameters; '' when absent */ readonly contentType: string;
  readonly header: (name: string) => string | null; readonly text: string;
  /** the length was announced, so that a cut-off answer would have been noticed */
  readonly framed: boolean;
  /** where it came from, fit to be shown */
  readonly address: string;
}
export interface HttpFailure {
  readonly kind: 'failure'; readonly code: HttpFailureCode; /** one clause without secrets */ readonly detail: string; readonly address: string;
  /** whether the server may have acted on it */
  readonly reached: 'no' | 'perhaps';
}
export type HttpOutcome = HttpAnswer | HttpFailure;

export interface HttpClient {
  /** Never rejects. Ends within `timeLimitMs`, or at once when `signal` fires (`aborted`). */
  send(request: HttpRequest, signal?: AbortSignal): Promise<HttpOutcome>;
}

export const MAX_BYTES = 4 * 1024 * 1024;
const MAX_REDIRECTS = 5;

/** @param fetchLike the platform's fetch; programs give that of proxy.ts */
export function createHttpClient(fetchLike: typeof fetch = fetch): HttpClient {
  const kept = new Set<string>();
  return { send: (request, signal) => sendWithin(fetchLike, kept, request, signal) };
}

async function sendWithin(fetchLike: typeof fetch, kept: Set<string>, request: HttpRequest, outer: AbortSignal | undefined): Promise<HttpOutcome> {
  const call: Call = { fetchLike, kept, request, abort: new AbortController(), ended: null, opened: false, overKept: false };
  const end = (why: 'timeout' | 'aborted' | 'too-large'): void => { call.ended ??= why; call.abort.abort(); };
  const onAbort = (): void => end('aborted');
  // One listener that is taken off again: AbortSignal.any keeps every combination alive as long as a long-lived outer signal (Node 20).
  if (outer?.aborted === true) end('aborted');
  outer?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => end('timeout'), Math.max(1, request.timeLimitMs));
  try {
    const first = await attempt(call, end);
    // A server may close a kept connection in the instant we use it: that says nothing about the server, so ask once more.
    const perhapsStale = first.kind === 'failure' && first.code === 'reset' && isRepeatable(request) && call.overKept;
    return perhapsStale ? await attempt(call, end) : first;
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', onAbort);
  }
}

interface Call {
  readonly fetchLike: typeof fetch; /** origins to which the platform may hold open connections */ readonly kept: Set<string>; readonly request: HttpRequest; readonly abort: AbortController;
  /** why we ended it ourselves */
  ended: 'timeout' | 'aborted' | 'too-large' | null;
  /** an answer's head has come */
  opened: boolean;
  /** the last request may have gone over a connection that was open before */
  overKept: boolean;
}

async function attempt(call: Call, end: (why: 'too-large') => void): Promise<HttpOutcome> {
  const { request } = call;
  let url: URL;
  try { url = new URL(request.url); } catch { return failure(request, 'bad-address', 'the address is not a URL', 'no'); }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return failure(request, 'bad-address', `the address begins with ${url.protocol} instead of http: or https:`, 'no');

  const headers = headersOf(request, url);
  if (headers === null) return failure(request, 'bad-header', 'a header has a name or value that HTTP does not allow', 'no');
  let method: HttpMethod = request.method ?? 'GET';
  let body = request.body;
  const maxRedirects = request.redirects ?? MAX_REDIRECTS;

  for (let hop = 0; ; hop += 1) {
    let response: Response;
    call.opened = false;
    call.overKept = call.kept.has(url.origin);
    if (request.freshConnection !== true) call.kept.add(url.origin);
    try {
      response = await call.fetchLike(url, { method, headers, redirect: 'manual', signal: call.abort.signal, ...(body === undefined ? {} : { body }) });
      call.opened = true;
    } catch (error) { return failureOf(call, error, hop > 0); }

    const location = isRedirect(response.status) ? response.headers.get('location') : null;
    if (location === null || maxRedirects === 0) return await answerOf(call, response, url, end);
    await response.body?.cancel().catch(() => undefined); // the body of a redirect is of no use, and its loss none either
    if (hop >= maxRedirects) return failure(request, 'too-many-redirects', `redirected more than ${maxRedirects} times, lastly to ${shownAddress(new URL(location, url).href, request.secretPath)}`, 'perhaps');

    const next = nextAddress(location, url);
    if (next === null) return failure(request, 'bad-redirect', 'redirected to something that is not an http address', 'perhaps');
    if (next.origin !== url.origin) keepOnlyHarmless(headers);
    if (response.status === 303 || ((response.status === 301 || response.status === 302) && method === 'POST' && !isRepeatable(request))) {
      method = method === 'HEAD' ? 'HEAD' : 'GET';
      body = undefined;
      headers.delete('content-type');
    }
    url = next;
  }
}

function headersOf(request: HttpRequest, url: URL): Headers | null {
  try {
    const headers = new Headers(request.headers);
    if (request.accept !== undefined && !headers.has('accept')) headers.set('accept', request.accept);
    if (!headers.has('user-agent')) headers.set('user-agent', 'tidegate');
    if (request.contentType !== undefined) headers.set('content-type', request.contentType);
    if (request.freshConnection === true) headers.set('connection', 'close');
    if (url.username !== '' || url.password !== '') {
      // fetch refuses addresses with user info, in a message that repeats them.
      const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
      if (!headers.has('authorization')) headers.set('authorization', `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`);
      url.username = '';
      url.password = '';
    }
    return headers;
  } catch { return null; } // the error's text repeats the header's value
}

/** What a plan's author put into headers is for the address in the plan, not for wherever that one sends us. */
function keepOnlyHarmless(headers: Headers): void {
  for (const name of [...headers.keys()]) if (!['accept', 'user-agent', 'content-type', 'connection'].includes(name)) headers.delete(name);
}

function nextAddress(location: string, from: URL): URL | null {
  try {
    const next = new URL(location, from);
    if (next.protocol !== 'http:' && next.protocol !== 'https:') return null;
    next.username = '';
    next.password = '';
    return next;
  } catch { return null; }
}

async function answerOf(call: Call, response: Response, url: URL, end: (why: 'too-large') => void): Promise<HttpOutcome> {
  const { request } = call;
  const maxBytes = request.maxBytes ?? MAX_BYTES;
  const read = request.readBody ?? true;
  let text = '';
  try {
    if (!read) await response.body?.cancel();
    else if (response.body !== null) {
      const decoder = new TextDecoder();
      let bytes = 0;
      for await (const chunk of response.body) {
        bytes += chunk.byteLength;
        if (bytes > maxBytes) { end('too-large'); return failureOf(call, null, true); }
        text += decoder.decode(chunk, { stream: true });
      }
      text += decoder.decode();
    }
  } catch (error) { return failureOf(call, error, true); }
  const { headers } = response;
  return {
    kind: 'answer', status: response.status, contentType: (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase(),
    header: (name) => headers.get(name), text, framed: headers.has('content-length') || headers.has('transfer-encoding'), address: shownAddress(url.href, request.secretPath),
  };
}

function failureOf(call: Call, error: unknown, reachedBefore: boolean): HttpFailure {
  const { request, ended } = call;
  if (ended === 'too-large') return failure(request, ended, `sent more than ${inMebibytes(request.maxBytes ?? MAX_BYTES)}`, 'perhaps');
  if (ended === 'timeout') return failure(request, ended, `${call.opened ? 'did not finish answering' : 'did not answer'} within ${request.timeLimitMs} ms`, 'perhaps');
  if (ended === 'aborted') return failure(request, ended, 'given up by the caller', 'perhaps');
  if (error instanceof ProxyFailure) return failure(request, 'proxy', error.message, reachedBefore ? 'perhaps' : 'no');
  const code = systemCode(error);
  const known = connectionFailure(code);
  if (known !== null) return failure(request, known.code, known.detail, reachedBefore ? 'perhaps' : 'no');
  if (call.opened) return failure(request, 'cut-off', 'the answer broke off before its end', 'perhaps');
  if (/^(HPE_|UND_ERR_HEADERS_OVERFLOW)/.test(code)) return failure(request, 'bad-answer', `what answered does not speak HTTP (${code})`, 'perhaps');
  // fetch never opens a list of ports that other protocols own, and says so without a code.
  if (error instanceof Error && error.cause instanceof Error && error.cause.message === 'bad port') return failure(request, 'bad-address', 'HTTP clients refuse this port, because it belongs to another protocol', 'no');
  // Only the code: the text of such errors may hold the whole address.
  return failure(request, 'reset', `the connection broke${code === '' ? '' : ` (${code})`}`, 'perhaps');
}

export function failure(request: HttpRequest, code: HttpFailureCode, detail: string, reached: 'no' | 'perhaps'): HttpFailure {
  return { kind: 'failure', code, detail: maskSecrets(detail, request), address: shownAddress(request.url, request.secretPath), reached };
}

export function isRepeatable(request: HttpRequest): boolean { return request.repeatable ?? ['GET', 'HEAD'].includes(request.method ?? 'GET'); }
function isRedirect(status: number): boolean { return [301, 302, 303, 307, 308].includes(status); }
function inMebibytes(bytes: number): string { return bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MiB` : `${bytes} bytes`; }
