// Reading evidence: from measurements to values, idleness and unknowns, and what the newest evidence of each metric is at a look.
// Taken in per condition by advance.ts, per metric by look.ts.
import type { EpochMs, Measurement, MetricTraits, Point, Reason } from './types.js';
import type { LatestReading, Look, WatchMemory, WatchRules } from './look-types.js';
import { lengthInWords } from './words.js';

/** A person's answer: who gave it, and where it comes from. */
export interface Word { readonly by: string; readonly note: string }

export type Reading =
  | { readonly kind: 'value'; readonly at: EpochMs; readonly value: number; readonly observations: number; readonly members: readonly string[] | null; readonly word?: Word }
  | { readonly kind: 'idle'; readonly at: EpochMs; readonly observations: number }
  | { readonly kind: 'unknown'; readonly at: EpochMs; readonly measured: Measurement['kind']; readonly detail: string };

/** How a metric stands at a look: a current value, idle, or the reason why it is unknown. */
export type Standing = 'value' | Extract<Reason, 'idle' | 'no-data' | 'stale' | 'non-finite' | 'ambiguous' | 'provider-error' | 'unanswered'>;

export interface MetricEvidence {
  readonly traits: MetricTraits;
  /** ascending, one an instant, none after the look */
  readonly readings: readonly Reading[];
  /** those that no look has seen before */
  readonly news: readonly Reading[];
  readonly latest: LatestReading | null;
  readonly standing: Standing;
  /** what the source said, for the message of an unknown; '' when it said nothing */
  readonly detail: string;
}

export function readPoint({ at, measurement }: Point, traits: MetricTraits): Reading {
  switch (measurement.kind) {
    case 'value': {
      const { value, samples, members, by, detail } = measurement;
      if (!Number.isFinite(value)) return { kind: 'unknown', at, measured: 'nonFinite', detail: String(value) };
      if (samples !== undefined && samples < traits.minSamples) return { kind: 'idle', at, observations: samples };
      return { kind: 'value', at, value, observations: samples ?? 1, members: members ?? null, ...(by === undefined ? {} : { word: { by, note: detail ?? '' } }) };
    }
    case 'idle': return { kind: 'idle', at, observations: measurement.samples };
    case 'noData': return { kind: 'unknown', at, measured: 'noData', detail: measurement.detail };
    case 'nonFinite': return { kind: 'unknown', at, measured: 'nonFinite', detail: measurement.value };
    case 'ambiguous': return { kind: 'unknown', at, measured: 'ambiguous', detail: `${measurement.series} series` };
    case 'providerError': return { kind: 'unknown', at, measured: 'providerError', detail: `${measurement.code}: ${measurement.detail}` };
  }
}

/** All metrics of the rules and all series of the look, by name. */
export function readEvidence(before: WatchMemory, rules: WatchRules, evidence: Look, asOf: EpochMs): ReadonlyMap<string, MetricEvidence> {
  const traitsOf = new Map(rules.metrics.map((traits) => [traits.name, traits]));
  const pointsOf = new Map(evidence.series.map((series) => [series.metric, series.points]));
  const names = new Set([...traitsOf.keys(), ...pointsOf.keys()]);
  return new Map([...names].map((name) => {
    const traits = traitsOf.get(name) ?? unnamedTraits(name, rules);
    const seen = before.latest[name];
    return [name, standingOf(readSeries(pointsOf.get(name) ?? [], traits, asOf), traits, seen ?? null, asOf)];
  }));
}

/** Alerts may come without an entry among the metrics: a count, current for as long as an interval may be. */
export function unnamedTraits(name: string, rules: WatchRules): MetricTraits {
  return { name, unit: '', better: 'lower', minSamples: 0, maxAgeMs: rules.blindAfterMs, whenIdle: 'not-counted', human: false, ranged: false };
}

function readSeries(points: readonly Point[], traits: MetricTraits, asOf: EpochMs): Reading[] {
  const readings: Reading[] = [];
  let newest = -Infinity;
  for (const point of points) {
    if (point.at <= newest || point.at > asOf) continue;
    newest = point.at;
    readings.push(readPoint(point, traits));
  }
  return readings;
}

function standingOf(readings: readonly Reading[], traits: MetricTraits, seen: LatestReading | null, asOf: EpochMs): MetricEvidence {
  const news = seen === null || readings.length === 0 || readings[0]!.at > seen.at ? readings : readings.filter((reading) => reading.at > seen.at);
  const newest = news.at(-1);
  const latest = newest === undefined ? seen : latestOf(newest, lastValueOf(news) ?? lastNumberOf(seen));
  const said = newest?.kind === 'unknown' ? newest.detail : '';
  if (latest === null) return { traits, readings, news, latest, standing: traits.human ? 'unanswered' : 'no-data', detail: said };
  const ageMs = asOf - latest.at;
  if (ageMs > traits.maxAgeMs && (latest.kind === 'value' || latest.kind === 'idle')) {
    return { traits, readings, news, latest, standing: 'stale', detail: `newest evidence is ${lengthInWords(ageMs)} old, allowed are ${lengthInWords(traits.maxAgeMs)}` };
  }
  return { traits, readings, news, latest, standing: standingOfKind(latest.kind, traits), detail: said };
}

function latestOf(reading: Reading, lastNumber: number | null): LatestReading {
  const before = lastNumber === null ? {} : { lastNumber };
  switch (reading.kind) {
    case 'value': return { at: reading.at, value: reading.value, kind: 'value', samples: reading.observations };
    case 'idle': return { at: reading.at, value: null, kind: 'idle', samples: reading.observations, ...before };
    case 'unknown': return { at: reading.at, value: null, kind: reading.measured, ...before };
  }
}

/** The newest number of a metric, across whatever was unknown since: a counter's growth is measured from it. */
export function lastNumberOf(latest: LatestReading | null | undefined): number | null { return latest?.value ?? latest?.lastNumber ?? null; }

function lastValueOf(readings: readonly Reading[]): number | null {
  const last = readings.findLast((reading) => reading.kind === 'value');
  return last?.kind === 'value' ? last.value : null;
}

function standingOfKind(kind: string, traits: MetricTraits): Standing {
  if (kind === 'value' || kind === 'idle') return kind;
  // an answer that is not there is a question still open, whatever stands between us and the person
  if (traits.human) return 'unanswered';
  switch (kind as Measurement['kind']) {
    case 'nonFinite': return 'non-finite';
    case 'ambiguous': return 'ambiguous';
    case 'providerError': return 'provider-error';
    default: return 'no-data';
  }
}
