// Asks the sources: every metric of a look, each from where judgement needs it. Shared by the watch and the baseline.
import type { EpochMs, Point, Series } from '../src/judgement/types.js';
import { fillSecrets } from '../src/plan/index.js';
import type { ResolvedMetric } from '../src/plan/types.js';
import type { MetricRef } from '../src/sources/port.js';
import type { Ports } from './ports.js';

export function metricRef(ports: Ports, metric: ResolvedMetric): MetricRef {
  return { name: metric.name, settings: fillSecrets(metric.settings, ports.env), scale: metric.scale, timeoutMs: metric.timeoutMs, stepMs: metric.stepMs, members: metric.alerts !== null };
}

export async function measure(ports: Ports, metric: ResolvedMetric, from: EpochMs, to: EpochMs, signal: AbortSignal): Promise<Series> {
  let points: readonly Point[];
  try {
    points = await ports.source(metric.provider).measure(metricRef(ports, metric), from, to, signal);
  } catch (error) {
    // A source must not throw for what the world answers; what arrives here is our own fault (a missing secret, a bug) and is just as unknown.
    points = [{ at: to, measurement: { kind: 'providerError', code: 'SOURCE_FAILED', detail: error instanceof Error ? error.message.slice(0, 300) : String(error) } }];
  }
  return { metric: metric.name, points: points.length > 0 ? points : [{ at: to, measurement: { kind: 'noData', detail: 'the source answered nothing' } }] };
}
