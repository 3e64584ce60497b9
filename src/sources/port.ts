// What every metric source promises; the conformance suite (test/sources/conformance.ts) has a test for each sentence.
import type { EpochMs, Point } from '../judgement/types.js';
import type { ProviderSettings } from '../plan/types.js';

/** A metric as a source sees it. Secrets have been put in for this call only. */
export interface MetricRef { readonly name: string; readonly settings: ProviderSettings; /** what is answered times this is the shown unit */ readonly scale: number; readonly timeoutMs: number; readonly stepMs: number; /** count the series and name them instead of reading one value */ readonly members: boolean }

export interface SourceProvider {
  readonly name: string;
  /** true: `measure` answers for every step between `from` and `to`, not only for now. May depend on the settings. */
  ranged(metric: MetricRef): boolean;
  /** Problems of the settings that are known without any I/O; empty: none. */
  check(metric: MetricRef): readonly string[];
  /**
   * The metric over (from, to], ascending, never empty; a source that only knows 'now' answers one point at `to`.
   * Never throws for what a source may answer (HTML, NaN, several series, 5xx, hangs): such are points of their kind. Ends within
   * `timeoutMs`, reads at most 4 MiB, follows at most 5 redirects. A probe that is refused, reset, times out, answers 5xx or a wrong
   * field is the value 0 (down), not an error. Instants come from the caller and from the source's own answer, never from a local clock.
   */
  measure(metric: MetricRef, from: EpochMs, to: EpochMs, signal: AbortSignal): Promise<readonly Point[]>;
}
