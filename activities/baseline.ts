// baseline: what the metrics were like before the first write, from sources that can answer for the past. What only knows 'now' has been
// sampled by the watch while the rollout was being prepared.
import type { PeriodSummary } from '../src/judgement/types.js';
import { abortAfter } from './failure.js';
import { measure, metricRef } from './measure.js';
import type { Ports } from './ports.js';
import type { BaselineInput, BaselineResult } from './types.js';

export const baseline = (ports: Ports) => async (input: BaselineInput): Promise<BaselineResult> => {
  const signal = abortAfter(25_000);
  const references: Record<string, PeriodSummary> = {};
  const sampledOnly: string[] = [];
  const problems: string[] = [];
  for (const metric of input.metrics) {
    if (!ports.source(metric.provider).ranged(metricRef(ports, metric))) { sampledOnly.push(metric.name); continue; }
    const series = await measure(ports, metric, input.from, input.to, signal);
    const values = series.points.flatMap((point) => (point.measurement.kind === 'value' ? [point.measurement.value] : []));
    if (values.length === 0) { problems.push(`${metric.name} has no value in the baseline period`); continue; }
    references[metric.name] = { mean: values.reduce((sum, value) => sum + value, 0) / values.length, min: Math.min(...values), max: Math.max(...values), last: values[values.length - 1]!, samples: values.length };
  }
  return { references, sampledOnly, problems };
};
