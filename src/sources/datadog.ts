// Numbers by Datadog's metric queries, for every step since the last look. A point counts only when its whole interval is over and had time to
// arrive, so one that is still growing is never judged. What it answers, taken apart: datadog-answer.ts. Manual: docs/providers/datadog.md.
import { z } from 'zod';
import type { EpochMs, Measurement, Ms, Point } from '../judgement/types.js';
import type { HttpClient } from '../http/client.js';
import { parseDuration } from '../plan/durations.js';
import type { ProviderSchema } from '../plan/providers.js';
import { counted, expectAnswer, fromSeries, measured, NO_SERIES, providerError, type ProviderError } from './answers.js';
import { sourceOfPast } from './checked.js';
import { readSeries, serverSays, type DatadogSeries } from './datadog-answer.js';
import { gridsOf, type Grid } from './grid.js';
import { seriesIdentity } from './identity.js';
import type { MetricRef, SourceProvider } from './port.js';
import { address, lengthOfTime, textThat } from './settings.js';

const header = z.string().regex(/^[\t\x20-\x7e]+$/, 'a key is one line');
const settingsSchema = z.strictObject({
  query: z.string().min(1),
  /** a second query: how many observations stand behind the value */
  samples: z.string().min(1).optional(),
  /** with `samples`: no point while something was counted means 0, as for errors of a service that has none */
  absent: z.literal(0).optional(),
  /** as in the address of the web pages, without `app.` */
  site: textThat((text) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(text) && !/^(api|app)\./.test(text), "a site is needed, e.g. 'datadoghq.eu' or 'us3.datadoghq.com'").default('datadoghq.com'),
  /** instead of the site: the address of a gateway */
  url: address.optional(),
  'api key': header.default('${env:DD_API_KEY}'),
  'application key': header.default('${env:DD_APP_KEY}'),
  /** how long points take to arrive */
  delay: lengthOfTime('60s').default('60s'),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = {
  settings: settingsSchema,
  shorthand: 'query',
  ranged: true,
  check: (given) => {
    const settings = given as unknown as Settings;
    const problems = (['query', 'samples'] as const).flatMap((key) => {
      const filled = /default_zero\s*\(|\.fill\s*\(\s*(zero|last|linear)/i.exec(settings[key] ?? '')?.[0].replace(/\s+/g, '');
      return filled === undefined ? [] : [`${key}: '${filled}…' makes numbers out of missing data, and nothing arriving would look healthy; leave it out (where no point means none, give 'samples' and 'absent: 0')`];
    });
    if (settings.absent !== undefined && settings.samples === undefined) problems.push("'absent' needs 'samples': without a count, no point may mean that nothing arrives");
    if (settings.url !== undefined && /\/api\/v\d\b/.test(settings.url)) problems.push("url: give the address of the server, without '/api/v1'");
    return problems;
  },
};

/** Longer questions are answered in coarser points; up to here they stand for a minute at the most. */
const PIECE_MS = 4 * 3_600_000;
/** A point that stands for more is no basis for looks every few minutes. */
const LONGEST_INTERVAL_MS = 300_000;

export function createDatadog(http: HttpClient): SourceProvider {
  return sourceOfPast({
    name: 'datadog', schema, settings: settingsSchema,
    measure: async (settings, metric, { from, to, signal }) => {
      const deadlineAt = performance.now() + metric.timeoutMs;
      const points: Point[] = [];
      for (const grid of gridsOf(from, to, metric.stepMs, (stepMs) => PIECE_MS / stepMs)) {
        const ask = (query: string): Promise<readonly Slot[] | ProviderError> => evaluate(http, settings, { query, grid, leftMs: deadlineAt - performance.now(), timeoutMs: metric.timeoutMs }, signal);
        const [values, samples] = await Promise.all([ask(settings.query), settings.samples === undefined ? null : ask(settings.samples)]);
        for (const answered of [values, samples]) {
          // What the pieces before have shown stays shown; the instant of the look says that the rest is unknown.
          if (answered !== null && 'kind' in answered) return [...points, { at: to, measurement: answered }];
        }
        (values as readonly Slot[]).forEach((slot, index) => points.push({ at: grid.first + index * grid.stepMs, measurement: measurementAt(slot, (samples as readonly Slot[] | null)?.[index] ?? null, settings, metric) }));
      }
      return points.some((point) => point.measurement.kind !== 'noData') ? points : [{ at: to, measurement: points.at(-1)!.measurement }];
    },
  });
}

/** The series that have a point at one instant of the grid. */
type Slot = readonly { readonly labels: DatadogSeries['labels']; readonly value: number }[];
interface Question { readonly query: string; readonly grid: Grid; readonly leftMs: Ms; readonly timeoutMs: Ms }

async function evaluate(http: HttpClient, settings: Settings, { query, grid, leftMs, timeoutMs }: Question, signal: AbortSignal): Promise<readonly Slot[] | ProviderError> {
  if (leftMs <= 0) return providerError('timeout', `not everything since the last look could be read within ${timeoutMs} ms`);
  const base = settings.url ?? `https://api.${settings.site}`;
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`;
  const delayMs = parseDuration(settings.delay) ?? 0;
  // whole seconds, and early enough for the last complete point before the first instant
  url.searchParams.set('from', String(Math.floor((grid.first - delayMs - 2 * LONGEST_INTERVAL_MS) / 1000)));
  url.searchParams.set('to', String(Math.ceil((grid.last - delayMs) / 1000)));
  url.searchParams.set('query', query);
  const request = { url: url.href, accept: 'application/json', headers: { 'DD-API-KEY': settings['api key'], 'DD-APPLICATION-KEY': settings['application key'] }, timeLimitMs: Math.ceil(leftMs) };
  const outcome = await http.send(request, signal);
  // In the server's words what the plan put into the address and the keys are masked, the question is not.
  const answer = expectAnswer(outcome, { ...request, url: base }, serverSays);
  if (answer.kind === 'providerError') return outcome.kind === 'answer' && outcome.status === 400 ? { ...answer, code: 'bad-query' } : answer;
  const found = readSeries(answer);
  if ('kind' in found) return found;
  const coarse = found.find(({ intervalMs }) => intervalMs > LONGEST_INTERVAL_MS);
  if (coarse !== undefined) return providerError('bad-query', `${answer.address}: each point stands for ${coarse.intervalMs / 1000} s; ask for at most ${LONGEST_INTERVAL_MS / 1000}, e.g. with .rollup(avg, 60)`);
  const courses = found.map((series) => ({ labels: series.labels, values: complete(series, grid, delayMs) }));
  return Array.from({ length: grid.count }, (_, index) => courses.flatMap(({ labels, values }) => (values[index] === null ? [] : [{ labels, value: values[index]! }])));
}

/** At each instant the last point whose interval had ended `delayMs` before it; null where that point is missing. */
function complete({ points, intervalMs }: DatadogSeries, grid: Grid, delayMs: Ms): readonly (number | null)[] {
  let next = 0;
  return Array.from({ length: grid.count }, (_, index) => {
    const known: EpochMs = grid.first + index * grid.stepMs - delayMs;
    while (next < points.length && points[next]![0] + intervalMs <= known) next += 1;
    const last = points[next - 1];
    return last !== undefined && last[0] + 2 * intervalMs > known ? last[1] : null;
  });
}

function measurementAt(found: Slot, samples: Slot | null, settings: Settings, metric: MetricRef): Measurement {
  if (metric.members) return found.length === 0 ? NO_SERIES : counted(found.filter(({ value }) => value > 0).map(({ labels }) => seriesIdentity(labels)));
  const observed = samples?.length === 1 ? samples[0]!.value : 0;
  if (settings.absent === 0 && found.length === 0 && observed > 0) return measured(0, metric.scale, { samples: Math.round(observed) });
  return fromSeries(found, samples, metric.scale);
}
