// Numbers out of a service's own /metrics page (Prometheus text or OpenMetrics), asked for by Accept header. Knows only 'now'.
// The reader: exposition.ts. Words for bad answers: answers.ts. Manual: docs/providers/prometheus-text.md.
import { z } from 'zod';
import type { Measurement } from '../judgement/types.js';
import type { HttpClient } from '../http/client.js';
import type { ProviderSchema } from '../plan/providers.js';
import { counted, expectAnswer, measured, noData, providerError, ratio } from './answers.js';
import { sourceOfNow } from './checked.js';
import { NotExposition, parseExposition, type Sample } from './exposition.js';
import { seriesIdentity } from './identity.js';
import type { MetricRef, SourceProvider } from './port.js';
import { address, headers, isYes, yesNo } from './settings.js';

const labels = z.record(z.string(), z.string());
/** A series, or several to be summed, by name and by the labels it must have. */
const selector = z.strictObject({ metric: z.string().min(1), labels: labels.optional(), /** what a series stands for that the service has not written yet */ absent: z.literal(0).optional() });
const settingsSchema = z.strictObject({
  url: address,
  metric: z.string().min(1).optional(),
  labels: labels.optional(),
  /** the first divided by the second; several series of each are summed */
  ratio: z.tuple([selector, selector]).optional(),
  /** the metric that counts the observations behind `metric` */
  samples: selector.optional(),
  /** several series are one number: their sum */
  sum: yesNo.default(false),
  headers: headers.optional(),
});
type Settings = z.infer<typeof settingsSchema>;
type Selector = z.infer<typeof selector>;

export const schema: ProviderSchema = {
  settings: settingsSchema,
  shorthand: 'url',
  check: (given) => {
    const settings = given as unknown as Settings;
    const problems: string[] = [];
    if ((settings.metric === undefined) === (settings.ratio === undefined)) problems.push("exactly one of 'metric' and 'ratio' says what to read");
    if (settings.ratio !== undefined && settings.labels !== undefined) problems.push("'labels' of a ratio stand with each of its two metrics");
    if (settings.ratio !== undefined && settings.samples !== undefined) problems.push("a ratio brings its own 'samples'");
    if (settings.ratio?.[1].absent !== undefined) problems.push("'absent' has no meaning for the second metric of a ratio: without it nothing was measured");
    return problems;
  },
};

const ACCEPT = 'text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.8, text/plain;q=0.5';

export function createPrometheusText(http: HttpClient): SourceProvider {
  return sourceOfNow({
    name: 'prometheus-text', schema, settings: settingsSchema,
    measure: async (settings, metric, { signal }) => {
      const request = { url: settings.url, accept: ACCEPT, headers: settings.headers, timeLimitMs: metric.timeoutMs };
      const answer = expectAnswer(await http.send(request, signal), request);
      if (answer.kind === 'providerError') return answer;
      if (!['', 'text/plain', 'application/openmetrics-text'].includes(answer.contentType)) return providerError('wrong-type', `${answer.address}: answered ${answer.contentType} where text/plain was asked for`);
      try {
        const samples = parseExposition(answer.text, { complete: answer.framed, openMetrics: answer.contentType === 'application/openmetrics-text' });
        return read(samples, settings, metric);
      } catch (error) {
        if (!(error instanceof NotExposition)) throw error;
        return providerError('bad-answer', `${answer.address}: ${error.message}`);
      }
    },
  });
}

function read(samples: readonly Sample[], settings: Settings, metric: MetricRef): Measurement {
  if (settings.ratio !== undefined) {
    const [part, whole] = settings.ratio.map((one) => total(samples, one)) as [number | Measurement, number | Measurement];
    if (typeof part !== 'number') return part;
    return typeof whole === 'number' ? ratio(part, whole, metric.scale) : whole;
  }
  const wanted: Selector = { metric: settings.metric!, labels: settings.labels };
  const found = matching(samples, wanted);
  if (metric.members) return counted(found.filter((sample) => sample.value > 0).map((sample) => seriesIdentity({ __name__: sample.name, ...sample.labels })));
  const observed = settings.samples === undefined ? null : total(samples, settings.samples);
  if (observed !== null && typeof observed !== 'number') return observed;
  if (found.length > 1 && !isYes(settings.sum)) return { kind: 'ambiguous', series: found.length };
  const value = found.length === 0 ? null : found.reduce((sum, sample) => sum + sample.value, 0);
  if (observed === 0 && (value === null || Number.isNaN(value))) return { kind: 'idle', samples: 0 };
  if (value === null) return noData(`the page has no ${printed(wanted)}`);
  return measured(value, metric.scale, observed === null ? {} : { samples: observed });
}

function total(samples: readonly Sample[], wanted: Selector): number | Measurement {
  const found = matching(samples, wanted);
  const sum = found.reduce((so, sample) => so + sample.value, 0);
  if (!Number.isFinite(sum)) return measured(sum, 1);
  if (found.length > 0) return sum;
  return wanted.absent ?? noData(`the page has no ${printed(wanted)}`);
}

function matching(samples: readonly Sample[], { metric, labels: wanted = {} }: Selector): readonly Sample[] {
  return samples.filter((sample) => sample.name === metric && Object.entries(wanted).every(([label, value]) => (sample.labels[label] ?? '') === value));
}

function printed({ metric, labels: wanted = {} }: Selector): string {
  const pairs = Object.entries(wanted).map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? metric : `${metric}{${pairs.join(',')}}`;
}
