// A source whose settings are checked before anything is asked. Every source is made by one of these two.
import type { ZodType } from 'zod';
import type { EpochMs, Measurement, Point } from '../judgement/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import { problemsOf } from '../provider-settings.js';
import { providerError, single } from './answers.js';
import type { MetricRef, SourceProvider } from './port.js';

interface Source<Settings> { readonly name: string; readonly schema: ProviderSchema; readonly settings: ZodType<Settings> }
interface Look { readonly from: EpochMs; readonly to: EpochMs; readonly signal: AbortSignal }

/** Answers for every step since the last look; `ranged` where that depends on the settings. */
export function sourceOfPast<Settings>({ name, schema, settings, ranged = () => true, measure }: Source<Settings> & { readonly ranged?: (metric: MetricRef) => boolean; readonly measure: (settings: Settings, metric: MetricRef, look: Look) => Promise<readonly Point[]> }): SourceProvider {
  const check = (metric: MetricRef): readonly string[] => problemsOf(schema, metric.settings);
  return {
    name, ranged, check,
    async measure(metric, from, to, signal) {
      const problems = check(metric);
      return problems.length > 0 ? single(to, providerError('settings', problems.join('; '))) : measure(settings.parse(metric.settings), metric, { from, to, signal });
    },
  };
}

/** Knows only now: one point at the instant of the look. */
export function sourceOfNow<Settings>({ measure, ...source }: Source<Settings> & { readonly measure: (settings: Settings, metric: MetricRef, look: Look) => Promise<Measurement> }): SourceProvider {
  return sourceOfPast({ ...source, ranged: () => false, measure: async (settings, metric, look) => single(look.to, await measure(settings, metric, look)) });
}
