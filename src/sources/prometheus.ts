// Numbers by PromQL, for every step since the last look: what happens between two looks is seen too. The query returns a value, the
// comparison is ours. Taking answers apart: prometheus-answer.ts. Manual: docs/providers/prometheus.md.
import { z } from 'zod';
import type { EpochMs, Measurement, Ms, Point } from '../judgement/types.js';
import type { HttpClient } from '../http/client.js';
import type { ProviderSchema } from '../plan/providers.js';
import { counted, expectAnswer, fromSeries, noData, providerError, type ProviderError } from './answers.js';
import { sourceOfPast } from './checked.js';
import { gridsOf, type Grid } from './grid.js';
import { seriesIdentity } from './identity.js';
import type { MetricRef, SourceProvider } from './port.js';
import { readEvaluation, serverSays, type AnsweredSeries } from './prometheus-answer.js';
import { address, headers } from './settings.js';

const settingsSchema = z.strictObject({
  url: address.default('${env:PROMETHEUS_URL}'),
  query: z.string().min(1),
  /** a second query: how many observations stand behind the value */
  samples: z.string().min(1).optional(),
  /** a second query that must answer something, or the instant is no data: shows that the thing is being scraped at all */
  presence: z.string().min(1).optional(),
  /** whether answers with a note of the server count */
  infos: z.enum(['refuse', 'accept']).default('refuse'),
  headers: headers.optional(),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = {
  settings: settingsSchema,
  shorthand: 'query',
  ranged: true,
  check: (given) => {
    const { url } = given as unknown as Settings;
    return /\/api\/v1\b/.test(url) ? ["url: give the address of the server, without '/api/v1'"] : [];
  },
};

/** Prometheus refuses 11,000 points a series; a count of members has many series in one answer of at most 4 MiB. */
const POINTS_PER_QUERY = 10_000;
const POINTS_PER_MEMBERS_QUERY = 1_000;

export function createPrometheus(http: HttpClient): SourceProvider {
  return sourceOfPast({
    name: 'prometheus', schema, settings: settingsSchema,
    measure: async (settings, metric, { from, to, signal }) => {
      const deadlineAt = performance.now() + metric.timeoutMs;
      const points: Point[] = [];
      for (const grid of gridsOf(from, to, metric.stepMs, () => (metric.members ? POINTS_PER_MEMBERS_QUERY : POINTS_PER_QUERY))) {
        const remainingMs = deadlineAt - performance.now();
        const ask = (query: string): Promise<readonly Slot[] | ProviderError> => evaluate(http, settings, query, grid, remainingMs, metric.timeoutMs, signal);
        const [values, samples, presence] = await Promise.all([ask(settings.query), settings.samples === undefined ? null : ask(settings.samples), settings.presence === undefined ? null : ask(settings.presence)]);
        for (const answered of [values, samples, presence]) {
          // What the chunks before have shown stays shown; the instant of the look says that the rest is unknown.
          if (answered !== null && 'kind' in answered) return [...points, { at: to, measurement: answered }];
        }
        points.push(...judgeable(values as readonly Slot[], samples as readonly Slot[] | null, presence as readonly Slot[] | null, metric));
      }
      return points.some((point) => point.measurement.kind !== 'noData') ? points : [{ at: to, measurement: points.at(-1)!.measurement }];
    },
  });
}

/** All series that have a point at one instant of the grid. */
interface Slot { readonly at: EpochMs; readonly found: readonly { readonly labels: AnsweredSeries['labels']; readonly value: number }[] }

async function evaluate(http: HttpClient, settings: Settings, query: string, grid: Grid, remainingMs: Ms, timeoutMs: Ms, signal: AbortSignal): Promise<readonly Slot[] | ProviderError> {
  if (remainingMs <= 0) return providerError('timeout', `not everything since the last look could be read within ${timeoutMs} ms`);
  const instant = grid.count === 1;
  const form = new URLSearchParams({ query, timeout: `${Math.max(1, Math.ceil(remainingMs))}ms` });
  if (instant) form.set('time', seconds(grid.last));
  else { form.set('start', seconds(grid.first)); form.set('end', seconds(grid.last)); form.set('step', seconds(grid.stepMs)); }
  const request = {
    // POST, since queries outgrow addresses; it changes nothing, so it may be repeated and may stay a POST over a redirect
    url: endpoint(settings.url, instant ? 'query' : 'query_range'), method: 'POST', repeatable: true, accept: 'application/json', headers: settings.headers,
    contentType: 'application/x-www-form-urlencoded', body: form.toString(), timeLimitMs: remainingMs,
  } as const;
  const outcome = await http.send(request, signal);
  const answer = expectAnswer(outcome, request, serverSays);
  if (answer.kind === 'providerError') {
    return outcome.kind === 'answer' && (outcome.status === 400 || outcome.status === 422) ? { ...answer, code: 'bad-query' } : answer;
  }
  const evaluation = readEvaluation(answer, { acceptInfos: settings.infos === 'accept' });
  return evaluation.kind === 'providerError' ? evaluation : slots(evaluation.series, grid);
}

function endpoint(base: string, name: string): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/${name}`;
  return url.href;
}

/** Three decimals are exact milliseconds; dividing alone would print 1e-3 and more digits than the server keeps. */
function seconds(ms: Ms): string { return (ms / 1000).toFixed(3); }

/** Puts every answered point to its instant; servers that align instants to the step by themselves are off by less than half of one. */
function slots(series: readonly AnsweredSeries[], grid: Grid): readonly Slot[] {
  const found: { labels: AnsweredSeries['labels']; value: number; at: EpochMs }[][] = Array.from({ length: grid.count }, () => []);
  for (const { labels, values } of series) {
    for (const [at, value] of values) {
      const index = grid.count === 1 ? 0 : Math.round((at - grid.first) / grid.stepMs);
      if (index >= 0 && index < grid.count) found[index]!.push({ labels, value, at });
    }
  }
  return found.map((here, index) => ({ at: Math.min(grid.last, here[0]?.at ?? grid.first + index * grid.stepMs), found: here }));
}

function judgeable(values: readonly Slot[], samples: readonly Slot[] | null, presence: readonly Slot[] | null, metric: MetricRef): readonly Point[] {
  return values.map((slot, index) => ({ at: slot.at, measurement: measurementAt(slot, samples?.[index] ?? null, presence?.[index] ?? null, metric) }));
}

function measurementAt({ found }: Slot, samples: Slot | null, presence: Slot | null, metric: MetricRef): Measurement {
  if (presence !== null && presence.found.length === 0) return noData("its 'presence' query answers nothing");
  if (metric.members) return counted(found.filter(({ value }) => value > 0).map(({ labels }) => seriesIdentity(labels)));
  return fromSeries(found, samples?.found ?? null, metric.scale);
}
