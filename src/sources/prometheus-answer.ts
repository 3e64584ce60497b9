// What Prometheus' HTTP API answers, taken apart: an evaluation is a list of series with instants and numbers, or a reason why not.
// Used by prometheus.ts. The API: https://prometheus.io/docs/prometheus/latest/querying/api/
import type { EpochMs } from '../judgement/types.js';
import type { HttpAnswer } from '../http/client.js';
import { parseNumber, providerError, type ProviderError } from './answers.js';
import { NotJson, readJson } from '../http/json-value.js';

export interface AnsweredSeries { readonly labels: Readonly<Record<string, string>>; readonly values: readonly (readonly [at: EpochMs, value: number])[] }
export interface Evaluation { readonly kind: 'evaluation'; readonly series: readonly AnsweredSeries[] }

/**
 * A vector, a matrix or a scalar. Warnings mean that a part of the storage did not answer, so the figures may be half of the truth; notes
 * (`infos`) mean that the query may not say what its author thinks, and can be accepted once somebody has read them.
 */
export function readEvaluation(answer: HttpAnswer, { acceptInfos }: { readonly acceptInfos: boolean }): Evaluation | ProviderError {
  const bad = (what: string): ProviderError => providerError('bad-answer', `${answer.address}: ${what}`);
  let document: unknown;
  try { document = readJson(answer.text); } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    return providerError('not-json', `${answer.address}: ${error.message}`);
  }
  if (!isRecord(document)) return bad('the answer is no object');
  if (document.status !== 'success') return typeof document.error === 'string' ? providerError('bad-query', `${answer.address}: ${document.error}`) : bad("its status is not 'success'");
  const warnings = texts(document.warnings);
  if (warnings.length > 0) return providerError('warnings', `${answer.address} answered with a warning: ${warnings.join('; ')}`);
  const infos = texts(document.infos);
  if (infos.length > 0 && !acceptInfos) return providerError('warnings', `${answer.address} answered with a note: ${infos.join('; ')} ('infos: accept' lets such answers count)`);

  const { data } = document;
  if (!isRecord(data)) return bad("'data' is missing");
  const { resultType, result } = data;
  if (!Array.isArray(result)) return bad("'result' is missing");
  switch (resultType) {
    case 'scalar': {
      const value = readPair(result);
      return value === null ? bad('a scalar that is no pair of instant and number') : { kind: 'evaluation', series: [{ labels: {}, values: [value] }] };
    }
    case 'vector': case 'matrix': {
      const series: AnsweredSeries[] = [];
      for (const one of result as unknown[]) {
        if (!isRecord(one) || !isRecord(one.metric)) return bad('a series without labels');
        if ('histogram' in one || 'histograms' in one) return bad('a native histogram; take a number out of it, e.g. with histogram_quantile()');
        const pairs = resultType === 'vector' ? [one.value] : one.values;
        if (!Array.isArray(pairs)) return bad('a series without values');
        const values = pairs.map(readPair);
        if (values.includes(null)) return bad('a value that is no pair of instant and number');
        series.push({ labels: one.metric as Record<string, string>, values: values as (readonly [EpochMs, number])[] });
      }
      return { kind: 'evaluation', series };
    }
    default: return bad(`a result of type '${String(resultType)}', which is no number`);
  }
}

/** The server's own words in a 4xx or 5xx answer; null: it has none. */
export function serverSays(answer: HttpAnswer): string | null {
  try {
    const document: unknown = JSON.parse(answer.text);
    return isRecord(document) && typeof document.error === 'string' ? document.error : null;
  } catch { return null; } // a proxy's page: its status says enough
}

/** `[1700000000.123, "0.03"]`; numbers come as text because JSON has no NaN */
function readPair(pair: unknown): readonly [EpochMs, number] | null {
  if (!Array.isArray(pair) || pair.length !== 2) return null;
  const [at, text] = pair as [unknown, unknown];
  if (typeof at !== 'number' || !Number.isFinite(at) || typeof text !== 'string') return null;
  const value = parseNumber(text);
  return value === null ? null : [Math.round(at * 1000), value];
}

function texts(value: unknown): readonly string[] { return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : []; }
function isRecord(value: unknown): value is Record<string, unknown> { return typeof value === 'object' && value !== null && !Array.isArray(value); }
