// What a metric was like over a soak's clean time, or over everything since the first write: running sums, and the summary that
// becomes a reference for later phases. Who decides which evidence is taken in: look.ts.
import type { EpochMs, PeriodSummary, Point, MetricTraits } from './types.js';
import type { RunningSummary, WatchMemory } from './look-types.js';
import { readPoint } from './evidence.js';
import { fittedChange, type Stretch } from './trend.js';

export interface SummaryEntry { readonly at: EpochMs; readonly value: number; readonly observations: number; /** growth since the value before, see `growth` */ readonly grown: number }

/** Growth of a counter from `before` to `value`: a smaller value means that it began again at zero. */
export function growth(before: number | null, value: number): number {
  if (before === null) return 0;
  return value >= before ? value - before : value;
}

/** A summary while a look adds to it: copied once a look, then changed in place, since a look may bring hundreds of values. */
export type SummaryDraft = { -readonly [Key in keyof RunningSummary]: RunningSummary[Key] };

/** Adds to `draft` in place, or begins a summary. */
export function addToSummary(draft: SummaryDraft | undefined, { at, value, observations, grown }: SummaryEntry): SummaryDraft {
  if (draft === undefined) return { mean: value, min: value, max: value, last: value, samples: 1, sum: value, observations, grown, firstAt: at, lastAt: at, sumT: 0, sumTT: 0, sumTV: 0 };
  const seconds = (at - draft.firstAt) / 1000;
  draft.sum += value;
  draft.samples += 1;
  draft.mean = draft.sum / draft.samples;
  if (value < draft.min) draft.min = value;
  if (value > draft.max) draft.max = value;
  draft.last = value;
  draft.lastAt = at;
  draft.observations += observations;
  draft.grown += grown;
  draft.sumT += seconds;
  draft.sumTT += seconds * seconds;
  draft.sumTV += seconds * value;
  return draft;
}

/** A stretch for trends; works on running summaries and on references. */
export function stretchOfSummary(summary: RunningSummary | PeriodSummary): Stretch {
  const change = 'sumT' in summary ? changeOf(summary) : summary.change ?? null;
  return { n: summary.samples, mean: summary.mean, min: summary.min, max: summary.max, change };
}

/** What `References[phase]` becomes: per metric what it was like over the soak's clean time. A metric without a value is left out. */
export function summarise(memory: WatchMemory): Record<string, PeriodSummary> {
  return Object.fromEntries(Object.entries(memory.soak).map(([metric, summary]) => [metric, closed(summary)]));
}

/** The same from a plain range of evidence (a baseline that a source can answer at once); null without a single value. */
export function summaryOf(points: readonly Point[], traits: MetricTraits): PeriodSummary | null {
  let summary: SummaryDraft | undefined;
  let newest = -Infinity;
  for (const point of points) {
    const reading = readPoint(point, traits);
    if (reading.kind !== 'value' || reading.at <= newest) continue;
    newest = reading.at;
    summary = addToSummary(summary, { at: reading.at, value: reading.value, observations: reading.observations, grown: growth(summary?.last ?? null, reading.value) });
  }
  return summary === undefined ? null : closed(summary);
}

function closed(summary: RunningSummary): PeriodSummary {
  const { mean, min, max, last, samples, observations, grown } = summary;
  const change = changeOf(summary);
  return { mean, min, max, last, samples, observations, grown, ...(change === null ? {} : { change }) };
}

function changeOf(summary: RunningSummary): number | null {
  const { samples, sumT, sumTT, sum, sumTV, firstAt, lastAt } = summary;
  return fittedChange({ n: samples, sumT, sumTT, sumV: sum, sumTV, spanSeconds: (lastAt - firstAt) / 1000 });
}
