// From what came back over HTTP to a measurement: the words and codes that all HTTP sources share.
// Used by prometheus.ts, json.ts, prometheus-text.ts and probe.ts; what may be shown of a request is src/http/secrets.ts.
import type { EpochMs, Measurement, Point } from '../judgement/types.js';
import type { HttpAnswer, HttpOutcome, HttpRequest } from '../http/client.js';
import { retryAfterMs } from '../http/retry-after.js';
import { maskSecrets } from '../http/secrets.js';

export type ProviderError = Extract<Measurement, { kind: 'providerError' }>;
export type ValueExtras = { readonly samples?: number; readonly members?: readonly string[]; readonly detail?: string };

const DETAIL_CHARS = 300;
/** Identities kept of a list of members; the count is never cut. */
export const MEMBERS = 64;

export function providerError(code: string, detail: string): ProviderError { return { kind: 'providerError', code, detail: cut(detail) }; }
export function noData(detail: string): Measurement { return { kind: 'noData', detail: cut(detail) }; }

/** A number as a source gave it, times `scale`; NaN and infinities (also those the scaling makes) are not values. */
export function measured(value: number, scale: number, extras: ValueExtras = {}): Measurement {
  const scaled = value * scale;
  if (Number.isNaN(scaled)) return { kind: 'nonFinite', value: 'NaN' };
  if (!Number.isFinite(scaled)) return { kind: 'nonFinite', value: scaled > 0 ? '+Inf' : '-Inf' };
  return { kind: 'value', value: scaled === 0 ? 0 : scaled, ...extras }; // no -0: JSON would lose its sign and comparisons their equality
}

/** `part / whole` where both were measured: 0 of 0 says nothing, something of 0 is a contradiction. */
export function ratio(part: number, whole: number, scale: number): Measurement {
  if (part === 0 && whole === 0) return { kind: 'idle', samples: 0 };
  if (!Number.isFinite(part) || !Number.isFinite(whole)) return measured(Number.isFinite(part) ? whole : part, 1); // 5 / Inf would be a healthy 0
  return measured(part / whole, scale, { samples: whole });
}

interface Answered { readonly value: number }

/** The one series that answered at an instant, and the count behind it where a second query asked for one (else null). */
export function fromSeries(found: readonly Answered[], samples: readonly Answered[] | null, scale: number): Measurement {
  if (found.length > 1) return { kind: 'ambiguous', series: found.length };
  const value = found[0]?.value ?? null;
  if (samples === null) return value === null ? NO_SERIES : measured(value, scale);
  if (samples.length > 1) return { kind: 'ambiguous', series: samples.length };
  const observed = samples[0]?.value;
  if (observed === undefined) return noData("its 'samples' query answers nothing");
  if (!Number.isFinite(observed)) return measured(observed, 1);
  // A ratio over nothing is NaN, or no series at all when the divisor was filtered: both only say that there was no traffic.
  if (observed <= 0 && (value === null || Number.isNaN(value))) return { kind: 'idle', samples: 0 };
  return value === null ? NO_SERIES : measured(value, scale, { samples: Math.max(0, Math.round(observed)) }); // increase() extrapolates to fractions
}
export const NO_SERIES = noData('the query answers no series');

/** The count of distinct members with their names, sorted. */
export function counted(members: Iterable<string>): Measurement {
  const names = [...new Set(members)].sort();
  return { kind: 'value', value: names.length, members: names.slice(0, MEMBERS) };
}

/** A number written as text: decimal, NaN, +Inf, -Inf in any case; null: something else (also '', hexadecimal and '5%'). */
export function parseNumber(text: string): number | null {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  return infinite === null ? null : infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

export function single(at: EpochMs, measurement: Measurement): readonly Point[] { return [{ at, measurement }]; }

/**
 * The answer, if it is a 2xx one that is no web page; else why it is none.
 * @param serverSays finds the server's own words in an error answer; they are masked and shortened here
 */
export function expectAnswer(outcome: HttpOutcome, request: HttpRequest, serverSays: (answer: HttpAnswer) => string | null = () => null): HttpAnswer | ProviderError {
  if (outcome.kind === 'failure') return providerError(outcome.code, `${outcome.address}: ${outcome.detail}`);
  const { status, address } = outcome;
  if (status >= 200 && status < 300) {
    return isWebPage(outcome) ? providerError('html', `${address}: answered with a web page instead of figures; is this a login page or a proxy?`) : outcome;
  }
  const words = serverSays(outcome);
  const said = words === null ? '' : `: ${maskSecrets(words, request)}`;
  switch (status) {
    case 401: return providerError('unauthorized', `${address}: 401, it wants other credentials${said}`);
    case 403: return providerError('forbidden', `${address}: 403, these credentials may not read it${said}`);
    case 404: return providerError('not-found', `${address}: 404, nothing is at this address${said}`);
    case 429: return providerError('rate-limited', `${address}: 429, asked too often${again(outcome)}${said}`);
    case 407: return providerError('proxy', `${address}: 407, the proxy on the way wants other credentials`);
    default: return providerError(status >= 500 ? 'server-error' : 'unexpected-status', `${address}: ${status}${said}`);
  }
}

function again(answer: HttpAnswer): string {
  const ms = retryAfterMs(answer, null);
  return ms === null ? '' : `, again in ${Math.ceil(ms / 1000)} s`;
}

export function isWebPage(answer: HttpAnswer): boolean {
  return answer.contentType === 'text/html' || answer.contentType === 'application/xhtml+xml' || /^\s*<(!doctype|html|head|body)/i.test(answer.text.slice(0, 200));
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= DETAIL_CHARS ? line : `${line.slice(0, DETAIL_CHARS - 1)}…`;
}
