// What Datadog's query API answers, taken apart: series with points, each the beginning of an interval. Used by datadog.ts.
// The API: https://docs.datadoghq.com/api/latest/metrics/query-timeseries-points/
import type { EpochMs, Ms } from '../judgement/types.js';
import type { HttpAnswer } from '../http/client.js';
import { providerError, type ProviderError } from './answers.js';
import { NotJson, readJson } from '../http/json-value.js';

/** `points` ascending; null: nothing arrived in that interval */
export interface DatadogSeries { readonly labels: Readonly<Record<string, string>>; readonly intervalMs: Ms; readonly points: readonly (readonly [begin: EpochMs, value: number | null])[] }

export function readSeries(answer: HttpAnswer): readonly DatadogSeries[] | ProviderError {
  const bad = (what: string): ProviderError => providerError('bad-answer', `${answer.address}: ${what}`);
  let document: unknown;
  try { document = readJson(answer.text); } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    return providerError('not-json', `${answer.address}: ${error.message}`);
  }
  if (!isRecord(document)) return bad('the answer is no object');
  // an error may come with status 200
  if (document.status !== 'ok') return typeof document.error === 'string' && document.error !== '' ? providerError('bad-query', `${answer.address}: ${document.error}`) : bad("its status is not 'ok'");
  if (!Array.isArray(document.series)) return bad("'series' is missing");
  const all: DatadogSeries[] = [];
  for (const one of document.series as unknown[]) {
    if (!isRecord(one) || !Array.isArray(one.pointlist)) return bad('a series without points');
    if (typeof one.interval !== 'number' || !(one.interval > 0)) return bad('a series that does not say how long its points are');
    const points: [EpochMs, number | null][] = [];
    for (const pair of one.pointlist as unknown[]) {
      const [begin, value] = Array.isArray(pair) && pair.length === 2 ? (pair as [unknown, unknown]) : [null, undefined];
      if (typeof begin !== 'number' || !(value === null || typeof value === 'number')) return bad('a point that is no pair of instant and number');
      points.push([begin, value]);
    }
    all.push({ labels: labelsOf(one), intervalMs: one.interval * 1000, points: points.sort(([a], [b]) => a - b) });
  }
  return all;
}

/** The server's own words in an error answer, and when a limit opens again. */
export function serverSays(answer: HttpAnswer): string | null {
  const reset = answer.status === 429 ? answer.header('x-ratelimit-reset') : null;
  const words: string[] = reset === null ? [] : [`its limit opens again in ${reset} s`];
  try {
    const document: unknown = JSON.parse(answer.text);
    if (isRecord(document)) for (const one of Array.isArray(document.errors) ? document.errors : [document.error]) if (typeof one === 'string') words.push(one);
  } catch { /* a gateway's page: its status says enough */ }
  return words.length === 0 ? null : words.join('; ');
}

/** `["service:shop", "env:prod"]`; the scope where there are no tags to group by */
function labelsOf({ tag_set: tags, scope }: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const pairs = (Array.isArray(tags) ? tags : []).filter((tag) => typeof tag === 'string').map((tag) => { const colon = tag.indexOf(':'); return colon < 0 ? [tag, tag] as const : [tag.slice(0, colon), tag.slice(colon + 1)] as const; });
  return pairs.length > 0 ? Object.fromEntries(pairs) : { scope: typeof scope === 'string' ? scope : '*' };
}
function isRecord(value: unknown): value is Record<string, unknown> { return typeof value === 'object' && value !== null && !Array.isArray(value); }
