// What a condition looks at: which evidence it needs, how it takes it in, and the value it then has. Compared and sustained in advance.ts.
import type { Condition, EpochMs, Ms, PeriodSummary, References, Window } from './types.js';
import type { AlertMemory, RunningSummary } from './look-types.js';
import type { Reading } from './evidence.js';
import type { ConditionDraft } from './sustain.js';
import type { ConditionMemory } from './look-types.js';
import { freshBetween } from './alerts.js';
import { metricOf } from './compare.js';
import { growth, stretchOfSummary } from './summary.js';
import type { Stretch } from './trend.js';
import { addToWindow, stretchOf, totalsOf, type Bucket } from './window.js';

/**
 * Where a condition's value comes from. `points`: each evidence instant has a value of its own, over the duration before it or at once;
 * `summary`: sums kept per metric, one value a look; `events`: the reported events.
 */
export type Form =
  | { readonly reads: 'points'; readonly metric: string; readonly overMs: Ms | null }
  | { readonly reads: 'summary'; readonly metric: string; readonly window: Exclude<Window, { kind: 'duration' }> }
  | { readonly reads: 'events'; readonly event: string; readonly window: Window | null };

export function formOf(condition: Condition): Form {
  if (condition.kind === 'trend') return windowed(condition.metric, condition.window);
  const { subject } = condition;
  if (subject.kind === 'events') return { reads: 'events', event: subject.event, window: subject.window };
  const metric = metricOf(subject)!;
  // new alerts are counted from the phase's begin anyway
  if (subject.kind === 'alerts' && subject.fresh && subject.window?.kind === 'soak') return { reads: 'points', metric, overMs: null };
  return windowed(metric, subject.window);
}

function windowed(metric: string, window: Window | null): Form {
  if (window === null) return { reads: 'points', metric, overMs: null };
  return window.kind === 'duration' ? { reads: 'points', metric, overMs: window.ms } : { reads: 'summary', metric, window };
}

/** Takes one reading into the windows of a `points` condition. Answers what the reading is to this condition. */
export function takeIn(draft: ConditionDraft, condition: Condition, reading: Reading, overMs: Ms | null): 'value' | 'idle' | 'unknown' {
  const counts = condition.kind === 'compare' && condition.subject.kind === 'samples';
  if (reading.kind === 'unknown') return 'unknown';
  if (reading.kind === 'idle' && !counts) return 'idle';
  const value = counts || reading.kind === 'idle' ? reading.observations : reading.value;
  const grows = condition.kind === 'compare' && condition.subject.kind === 'increase';
  if (overMs !== null && !(grows && draft.lastValue === null)) {
    addToWindow(draft.buckets as Bucket[], { at: reading.at, value: grows ? growth(draft.lastValue, value) : value, windowMs: overMs, forTrend: condition.kind === 'trend' });
  }
  if (grows && overMs === null) draft.counter = countedOn(draft, condition, reading.at, value);
  draft.lastValue = value;
  draft.lastValueAt = reading.at;
  return 'value';
}

/** Without a window a counter's growth is that since the phase began; with `for` or `of looks` that since the evidence before. */
function countedOn(draft: ConditionDraft, condition: Condition, at: EpochMs, value: number): ConditionMemory['counter'] {
  if (draft.counter === null) return { last: value, grown: 0, since: at };
  const stepwise = condition.kind === 'compare' && (condition.forMs > 0 || condition.ofLooks !== null);
  const grown = growth(draft.counter.last, value);
  return { last: value, grown: stepwise ? grown : draft.counter.grown + grown, since: draft.counter.since };
}

/** A value, and how many measurements stand behind it; a trend has a stretch instead of a value to compare. */
export interface Found { readonly value: number; readonly n: number; readonly stretch: Stretch | null }

/** The value of a `points` condition as its memory has it, at its newest value; null: too few samples. */
export function valueOfPoints(condition: Condition, memory: ConditionMemory, scene: { readonly overMs: Ms | null; readonly alerts: AlertMemory | undefined; readonly after: EpochMs }): Found | null {
  const { overMs } = scene;
  if (memory.lastValue === null || memory.lastValueAt === null) return null;
  if (condition.kind === 'trend') {
    const stretch = stretchOf(memory.buckets, memory.lastValueAt);
    return stretch === null || stretch.change === null ? null : { value: stretch.change, n: stretch.n, stretch };
  }
  const { subject } = condition;
  if (subject.kind === 'alerts' && subject.fresh) {
    const from = overMs === null ? scene.after : Math.max(scene.after, memory.lastValueAt - overMs);
    return { value: freshBetween(scene.alerts, from, memory.lastValueAt), n: 1, stretch: null };
  }
  if (overMs === null) {
    if (subject.kind !== 'increase') return { value: memory.lastValue, n: 1, stretch: null };
    // one value of a counter says nothing about its growth
    return memory.counter === null || memory.counter.since === memory.lastValueAt ? null : { value: memory.counter.grown, n: 2, stretch: null };
  }
  const totals = totalsOf(memory.buckets);
  if (totals === null) return null;
  const { n } = totals;
  switch (subject.kind) {
    case 'increase': return { value: totals.sum, n: n + 1, stretch: null };
    case 'samples': return { value: totals.sum, n, stretch: null };
    case 'alerts': return { value: totals.max, n, stretch: null };
    case 'metric':
      switch (subject.aggregate ?? 'mean') {
        case 'mean': return { value: totals.sum / n, n, stretch: null };
        case 'min': return { value: totals.min, n, stretch: null };
        case 'max': return { value: totals.max, n, stretch: null };
        case 'sum': return { value: totals.sum, n, stretch: null };
        case 'count': return { value: n, n, stretch: null };
        case 'last': return { value: memory.lastValue, n, stretch: null };
      }
      break;
    case 'events': break;
  }
  return null;
}

export interface Summaries { readonly soak: Readonly<Record<string, RunningSummary>>; readonly rollout: Readonly<Record<string, RunningSummary>>; readonly references: References }

/** The value over a soak, the rollout or an earlier period; null: too few samples, or no such summary. */
export function valueOfSummary(condition: Condition, form: Extract<Form, { reads: 'summary' }>, summaries: Summaries): Found | null {
  const summary = summaryFor(form, summaries);
  if (summary === undefined) return null;
  const n = summary.samples;
  if (condition.kind === 'trend') {
    const stretch = stretchOfSummary(summary);
    return stretch.change === null ? null : { value: stretch.change, n, stretch };
  }
  const { subject } = condition;
  const found = (value: number | undefined): Found | null => (value === undefined ? null : { value, n, stretch: null });
  switch (subject.kind) {
    case 'increase': return n < 2 ? null : found(summary.grown);
    case 'samples': return found(summary.observations ?? summary.samples);
    case 'alerts': return subject.fresh ? null : found(summary.max);
    case 'metric':
      switch (subject.aggregate ?? 'mean') {
        case 'mean': return found(summary.mean);
        case 'min': return found(summary.min);
        case 'max': return found(summary.max);
        case 'sum': return found(summary.mean * summary.samples);
        case 'count': return found(summary.samples);
        case 'last': return found(summary.last);
      }
      break;
    case 'events': break;
  }
  return null;
}

function summaryFor({ metric, window }: Extract<Form, { reads: 'summary' }>, summaries: Summaries): RunningSummary | PeriodSummary | undefined {
  switch (window.kind) {
    case 'soak': return summaries.soak[metric];
    case 'rollout': return summaries.rollout[metric];
    case 'period': return summaries.references[window.period]?.[metric];
  }
}
