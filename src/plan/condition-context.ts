// What a condition may speak of at its place in the plan: the metrics, events and alerts there are, and which stretches of time exist by
// then. The resolver builds one for each list of conditions; conditions.ts judges every name by it.
import type { Ms } from '../judgement/types.js';

/** What a condition must know of a metric. */
export interface MetricFacts {
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** 'yes-no': a person's answer; 'up-down': a probe, 1 is up */
  readonly answers: 'number' | 'yes-no' | 'up-down';
}

/** A word that may not be used at a place: the reason completes the sentence '“wave-3” …' and says what to write. */
export type Barred = Readonly<Record<string, string>>;

export interface ConditionContext {
  readonly metrics: Readonly<Record<string, MetricFacts>>;
  /** metrics that exist, but not here */
  readonly barredMetrics: Barred;
  /** severities of alerts that the plan can count */
  readonly alerts: readonly string[];
  readonly events: readonly string[];
  /** 'baseline' and the phases that are over by the time the condition is judged */
  readonly periods: readonly string[];
  /** periods and windows ('soak', 'rollout') that exist, but not here */
  readonly barred: Barred;
  /** window of a trend that names none */
  readonly trendMs: Ms;
}

/** Measured by the rollout itself, without a declaration; only an end criterion may ask for them. Names are part of the contract. */
export const recordMetrics: Readonly<Record<string, MetricFacts>> = {
  'rollout.unplanned_rollbacks': { unit: '', better: 'lower', answers: 'number' },
  'rollout.mttr': { unit: 'min', better: 'lower', answers: 'number' },
  'rollout.longest_critical': { unit: 'min', better: 'lower', answers: 'number' },
  'rollout.longest_unwatched': { unit: 's', better: 'lower', answers: 'number' },
  'rollout.slowest_acknowledgement': { unit: 'min', better: 'lower', answers: 'number' },
  'rollout.slowest_move': { unit: 'min', better: 'lower', answers: 'number' },
  'rollout.clean_baking': { unit: 'd', better: 'higher', answers: 'number' },
};

/** Words of the condition language, which nothing in a plan may be called. */
export const reservedWords: readonly string[] = ['for', 'over', 'in', 'of', 'all', 'new', 'event', 'throughout', 'trending', 'stable', 'yes', 'no', 'up', 'down', 'soak', 'rollout', 'baseline', 'points', 'x', 'start', 'previous', 'baking'];
