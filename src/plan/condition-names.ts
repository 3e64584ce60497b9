// Looking up what a condition names: metrics, windows, periods, lengths of time. A name that is not known, or not known here, ends the
// reading of the condition with its place and the nearest name. Called by conditions.ts only.
import type { Window } from '../judgement/types.js';
import type { ConditionContext, MetricFacts } from './condition-context.js';
import type { Unreadable, WindowSyntax, Word } from './condition-syntax.js';
import { listed, nearest } from './did-you-mean.js';
import { parseDuration } from './durations.js';

/** A stretch of time that exists at this place of the plan. */
export function window(syntax: WindowSyntax, context: ConditionContext): Window {
  return syntax.kind === 'duration' ? { kind: 'duration', ms: duration(syntax.duration, 0) } : named(syntax.name.text, syntax.name.at, context);
}
export function named(name: string, at: number, context: ConditionContext): Window {
  if (Object.hasOwn(context.barred, name)) return fail(at, 'WRONG_WINDOW', `“${name}” ${context.barred[name]}`);
  if (name === 'soak' || name === 'rollout') return { kind: name };
  return { kind: 'period', period: periodOf({ text: name, at }, context) };
}
export const placeOf = (syntax: WindowSyntax): number => (syntax.kind === 'name' ? syntax.name.at : 0);

export function periodOf(word: Word, context: ConditionContext): string {
  if (Object.hasOwn(context.barred, word.text)) return fail(word.at, 'WRONG_PERIOD', `“${word.text}” ${context.barred[word.text]}`);
  return known(word, context.periods, 'phase or period', 'UNKNOWN_PERIOD', null);
}

export function duration(text: string, at: number): number {
  const ms = parseDuration(text);
  if (ms === null || ms === 0) return fail(at, 'WRONG_DURATION', `“${text}” is no length of time: write 90s, 5m, 24h or 2w`);
  return ms;
}

export function metric(word: Word, context: ConditionContext): MetricFacts {
  if (Object.hasOwn(context.metrics, word.text)) return context.metrics[word.text]!;
  if (Object.hasOwn(context.barredMetrics, word.text)) return fail(word.at, 'WRONG_SUBJECT', `“${word.text}” ${context.barredMetrics[word.text]}`);
  known(word, Object.keys(context.metrics), 'metric', 'UNKNOWN_METRIC', 'declare it under `metrics`');
  throw new Error('unreachable: a known metric has facts');
}
export function numeric(word: Word, context: ConditionContext): MetricFacts {
  const facts = metric(word, context);
  return facts.answers === 'yes-no' ? fail(word.at, 'WRONG_SUBJECT', `“${word.text}” is answered with yes or no; there is nothing to add up`) : facts;
}

export function known(word: Word, names: readonly string[], what: string, code: string, advice: string | null): string {
  if (names.includes(word.text)) return word.text;
  const didYouMean = nearest(word.text, names);
  const hint = didYouMean === null ? (advice === null ? '' : `; ${advice}`) : `; did you mean “${didYouMean}”?`;
  return fail(word.at, code, `unknown ${what} “${word.text}”${hint} (${names.length === 0 ? 'there is none here' : `known: ${listed(names)}`})`, names, didYouMean);
}

/** Ends the reading of one condition; caught in conditions.ts. */
export class Misread extends Error {
  readonly problem: Unreadable;
  constructor(problem: Unreadable) { super(problem.message); this.problem = problem; }
}
export function fail(offset: number, code: string, message: string, expected: readonly string[] = [], didYouMean: string | null = null): never {
  throw new Misread({ offset, code, message, expected, didYouMean });
}
