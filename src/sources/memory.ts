// Measurements held in memory, put in by whoever holds the same object: for tests of everything above the port, and for trying a plan
// without any server. Passes the conformance suite like the others.
import { z } from 'zod';
import type { EpochMs, Measurement, Point } from '../judgement/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import { measured, noData, single } from './answers.js';
import { sourceOfPast } from './checked.js';
import type { SourceProvider } from './port.js';

const settingsSchema = z.strictObject({
  /** the name under which measurements are put in; default the metric's own */
  key: z.string().min(1).optional(),
  /** answers for a range, as Prometheus does, instead of only for now */
  ranged: z.boolean().default(false),
});

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'key', ranged: true };

/** What has been put in, by key, ascending in time. A number is a value; it is scaled like any source's. */
export class MemoryMetrics {
  private readonly points = new Map<string, { readonly at: EpochMs; readonly what: number | Measurement }[]>();

  put(key: string, at: EpochMs, what: number | Measurement): void {
    const points = this.points.get(key) ?? [];
    this.points.set(key, points);
    const before = points.findIndex((point) => point.at > at);
    points.splice(before === -1 ? points.length : before, 0, { at, what });
  }

  clear(key: string): void { this.points.delete(key); }

  of(key: string): readonly { readonly at: EpochMs; readonly what: number | Measurement }[] { return this.points.get(key) ?? []; }
}

export function createMemory(metrics: MemoryMetrics): SourceProvider {
  return sourceOfPast({
    name: 'memory', schema, settings: settingsSchema, ranged: (metric) => metric.settings.ranged === true,
    measure: async ({ key, ranged }, metric, { from, to }) => {
      const points = metrics.of(key ?? metric.name).filter((point) => point.at <= to).map(({ at, what }): Point => ({ at, measurement: typeof what === 'number' ? measured(what, metric.scale) : what }));
      if (!ranged) return single(to, points.at(-1)?.measurement ?? noData('nothing was put in'));
      const since = points.filter((point) => point.at > from);
      return since.length > 0 ? since : single(to, noData('nothing was put in'));
    },
  });
}
