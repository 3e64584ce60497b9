// One line of a plan becomes a condition: its names looked up, its units converted, its window chosen. The first thing that cannot be
// meant stops it, with its place and advice. Syntax: condition.peggy. The way back: condition-print.ts. What may be named: condition-context.ts.
import type { Aggregate, Condition, Limit, Subject, Window } from '../judgement/types.js';
import type { ConditionContext, MetricFacts } from './condition-context.js';
import { printCondition } from './condition-print.js';
import { duration, fail, known, metric, Misread, named, numeric, periodOf, placeOf, window } from './condition-names.js';
import { readSyntax, type Amount, type CompareSyntax, type ConditionSyntax, type LimitSyntax, type SubjectSyntax, type SuffixSyntax, type TrendSyntax, type Unreadable, type Word } from './condition-syntax.js';
import { listed, nearest } from './did-you-mean.js';
import { convertUnit, share, unitsLike, withUnit } from './units.js';

export type ConditionResult = { readonly condition: Condition } | { readonly problem: Unreadable };
/** An entry of a list of conditions: one condition, or all those of an earlier phase. */
export type ItemResult = ConditionResult | { readonly allOf: Word };

/** Reads one condition. Never throws for what `text` may hold. */
export function parseCondition(text: string, context: ConditionContext): ConditionResult {
  const read = readSyntax('Condition', text);
  return 'problem' in read ? read : understand(read.syntax, context);
}

/** Reads an entry of a list, which may also be `all of PHASE`. */
export function parseItem(text: string, context: ConditionContext): ItemResult {
  const read = readSyntax('Item', text);
  if ('problem' in read) return read;
  return read.syntax.kind === 'all-of' ? { allOf: read.syntax.phase } : understand(read.syntax, context);
}

/** `event: NAME`, from the map that YAML makes of it without quotes. */
export function eventCondition(event: string, context: ConditionContext): ConditionResult {
  return understand({ kind: 'event', event: { text: event, at: 0 } }, context);
}

function understand(syntax: ConditionSyntax, context: ConditionContext): ConditionResult {
  try {
    const condition = syntax.kind === 'compare' ? compare(syntax, context) : syntax.kind === 'trend' ? trend(syntax, context) : event(syntax.event, context);
    return { condition: { ...condition, text: printCondition(condition, context.metrics) } };
  } catch (error) {
    if (error instanceof Misread) return { problem: error.problem };
    throw error;
  }
}

function event(name: Word, context: ConditionContext): Condition {
  return { kind: 'compare', text: '', subject: { kind: 'events', event: known(name, context.events, 'event', 'UNKNOWN_EVENT', 'declare it under `events`'), window: null }, op: '>', limit: { kind: 'number', value: 0 }, forMs: 0, ofLooks: null };
}

function trend(syntax: TrendSyntax, context: ConditionContext): Condition {
  const facts = metric(syntax.metric, context);
  if (facts.answers !== 'number') fail(syntax.metric.at, 'WRONG_SUBJECT', `“${syntax.metric.text}” is answered with ${facts.answers === 'yes-no' ? 'yes or no' : 'up or down'} and has no trend`);
  let chosen: Window = { kind: 'duration', ms: context.trendMs };
  if (syntax.window !== null) {
    chosen = window(syntax.window, context);
    if (chosen.kind === 'period') fail(placeOf(syntax.window), 'WRONG_WINDOW', `a trend looks back from now, not over “${chosen.period}”: write “over 24h”`, ['over 24h', 'over soak']);
  }
  return { kind: 'trend', text: '', metric: syntax.metric.text, direction: syntax.direction, better: facts.better, window: chosen };
}

function compare(syntax: CompareSyntax, context: ConditionContext): Condition {
  const suffix = suffixes(syntax.suffixes);
  if (suffix.for !== null && suffix.looks !== null) fail(suffix.looks.at, 'TWO_SUFFIXES', '“for …” and “in … of … looks” are two ways to say how long: write one of them');
  if (suffix.over !== null && suffix.throughout !== null) fail(suffix.throughout.at, 'TWO_SUFFIXES', '“over …” and “throughout” are two windows: write one of them');
  const outer = suffix.throughout !== null ? named('rollout', suffix.throughout.at, context) : suffix.over !== null ? window(suffix.over.window, context) : null;
  const { subject, facts } = understandSubject(syntax.subject, { window: outer, throughout: suffix.throughout?.at ?? null, op: syntax.op }, context);
  const limit = understandLimit(syntax.limit, facts, subject, syntax.op, context);
  if (suffix.looks !== null && (suffix.looks.m < 1 || suffix.looks.m > suffix.looks.n || suffix.looks.n > 100)) {
    fail(suffix.looks.at, 'WRONG_LOOKS', `“in ${suffix.looks.m} of ${suffix.looks.n} looks” cannot be: the first number is at least 1, the second at least the first and at most 100`);
  }
  return {
    kind: 'compare', text: '', subject, op: syntax.op, limit,
    forMs: suffix.for === null ? 0 : duration(suffix.for.duration, suffix.for.at),
    ofLooks: suffix.looks === null ? null : { m: suffix.looks.m, n: suffix.looks.n },
  };
}

interface Suffixes { for: (SuffixSyntax & { kind: 'for' }) | null; over: (SuffixSyntax & { kind: 'over' }) | null; throughout: (SuffixSyntax & { kind: 'throughout' }) | null; looks: (SuffixSyntax & { kind: 'looks' }) | null }
function suffixes(list: readonly SuffixSyntax[]): Suffixes {
  const found: Suffixes = { for: null, over: null, throughout: null, looks: null };
  for (const one of list) {
    if (found[one.kind] !== null) fail(one.at, 'TWO_SUFFIXES', `“${one.kind === 'looks' ? 'in … of … looks' : one.kind}” stands twice: write it once`);
    Object.assign(found, { [one.kind]: one });
  }
  return found;
}

const aggregates: readonly Aggregate[] = ['mean', 'min', 'max', 'sum', 'count', 'last'];
const calls: readonly string[] = [...aggregates, 'increase', 'samples', 'alerts', 'events'];
const counted: MetricFacts = { unit: '', better: 'lower', answers: 'number' };

interface Outer { readonly window: Window | null; /** where `throughout` stands */ readonly throughout: number | null; readonly op: CompareSyntax['op'] }

function understandSubject(syntax: SubjectSyntax, outer: Outer, context: ConditionContext): { readonly subject: Subject; readonly facts: MetricFacts } {
  if (syntax.kind === 'name') {
    const facts = metric(syntax.name, context);
    if (outer.throughout !== null) return { subject: { kind: 'metric', metric: syntax.name.text, aggregate: worst(outer.op, outer.throughout), window: outer.window }, facts };
    return { subject: { kind: 'metric', metric: syntax.name.text, aggregate: outer.window === null ? null : 'mean', window: outer.window }, facts };
  }
  const { fn, argument } = syntax;
  const inner = syntax.window === null ? null : window(syntax.window, context);
  if (inner !== null && outer.window !== null) fail(placeOf(syntax.window!), 'TWO_SUFFIXES', 'the window stands twice, inside the brackets and after the limit: write it once');
  const over = inner ?? outer.window;
  const what = known(fn, calls, 'function', 'UNKNOWN_FUNCTION', null);
  if (syntax.fresh && what !== 'alerts') fail(syntax.at, 'CONDITION_SYNTAX', '“new” goes with alerts(…) only');
  switch (what) {
    case 'alerts':
      known(argument, context.alerts, 'severity of alerts', 'UNKNOWN_ALERTS', 'declare it under `alerts`');
      return { subject: { kind: 'alerts', severity: argument.text, fresh: syntax.fresh, window: over }, facts: counted };
    case 'events':
      known(argument, context.events, 'event', 'UNKNOWN_EVENT', 'declare it under `events`');
      return { subject: { kind: 'events', event: argument.text, window: over }, facts: counted };
    case 'increase': return { subject: { kind: 'increase', metric: argument.text, window: over }, facts: numeric(argument, context) };
    case 'samples': metric(argument, context); return { subject: { kind: 'samples', metric: argument.text, window: over }, facts: counted };
    default: {
      const aggregate = what as Aggregate;
      const facts = numeric(argument, context);
      if (over === null) fail(fn.at, 'WRONG_WINDOW', `“${aggregate}” of what stretch of time? Write ${aggregate}(${argument.text} over 10m)`, [`${aggregate}(${argument.text} over 10m)`, 'over soak']);
      return { subject: { kind: 'metric', metric: argument.text, aggregate, window: over }, facts: aggregate === 'count' ? counted : facts };
    }
  }
}

/** `throughout` means every single sample, so the worst one decides. */
function worst(op: CompareSyntax['op'], at: number): Aggregate {
  switch (op) {
    case '<': case '<=': return 'max';
    case '>': case '>=': return 'min';
    case '=': case '!=': return fail(at, 'WRONG_WINDOW', '“throughout” needs a limit to stay under or over: use <, <=, > or >= (for a mean: mean(…) … throughout)', ['<', '<=', '>', '>=']);
  }
}

function understandLimit(syntax: LimitSyntax, facts: MetricFacts, subject: Subject, op: CompareSyntax['op'], context: ConditionContext): Limit {
  if (syntax.kind === 'name' && syntax.factor === null && syntax.adjust === null && ['yes', 'no', 'up', 'down'].includes(syntax.name.text)) return answer(syntax.name, facts, op);
  const at = syntax.kind === 'name' ? syntax.name.at : syntax.amount.at;
  if (facts.answers === 'yes-no' && subject.kind === 'metric') fail(at, 'WRONG_LIMIT', 'this metric is answered with yes or no: write “= yes”', ['= yes', '= no']);
  if (syntax.kind === 'number') return { kind: 'number', value: amount(syntax.amount, facts) };

  const period = periodOf(syntax.name, context);
  if (subject.kind === 'events' || subject.kind === 'samples') fail(at, 'WRONG_LIMIT', `${subject.kind}(…) is compared with a number, not with “${period}”`);
  let factor = syntax.factor?.value ?? 1;
  if (factor <= 0) fail(syntax.factor!.at, 'WRONG_LIMIT', `“${factor}x” cannot be: write a factor above 0, such as 2x`);
  let offset = 0;
  if (syntax.adjust !== null) {
    const { adjust } = syntax;
    const sign = adjust.sign === '+' ? 1 : -1;
    const isShare = adjust.amount.unit === '%';
    if (adjust.of !== null && !isShare) fail(adjust.amount.at, 'WRONG_UNIT', `“of ${adjust.of.text}” goes with a percentage: write “${adjust.sign} 5% of ${period}”`);
    if (adjust.of !== null && adjust.of.text !== period) fail(adjust.of.at, 'WRONG_LIMIT', `“of ${adjust.of.text}” and “${period}” are two periods: write “of ${period}”`, [period]);
    if (isShare && adjust.of === null && facts.unit === '%') {
      fail(adjust.amount.at, 'AMBIGUOUS_PERCENT', `“${adjust.sign} ${adjust.amount.value}%” of a metric in % has two meanings: write “${adjust.sign} ${adjust.amount.value} points” or “${adjust.sign} ${adjust.amount.value}% of ${period}”`, [`${adjust.sign} ${adjust.amount.value} points`, `${adjust.sign} ${adjust.amount.value}% of ${period}`]);
    }
    if (isShare && syntax.factor !== null) fail(adjust.at, 'WRONG_LIMIT', `“${syntax.factor.value}x ${period}” and a percentage multiply twice: write one of them`);
    if (isShare) factor = share(1 + (sign * adjust.amount.value) / 100);
    else if (adjust.amount.unit === 'points' && facts.unit === '%') offset = sign * adjust.amount.value;
    else offset = sign * amount(adjust.amount, facts);
    if (factor <= 0) fail(adjust.at, 'WRONG_LIMIT', `“${period} ${adjust.sign} ${adjust.amount.value}%” leaves nothing to compare with`);
  }
  return { kind: 'reference', period, factor, offset };
}

function answer(word: Word, facts: MetricFacts, op: CompareSyntax['op']): Limit {
  const fits = word.text === 'yes' || word.text === 'no' ? 'yes-no' : 'up-down';
  if (facts.answers !== fits) {
    const write = facts.answers === 'yes-no' ? 'yes or no' : facts.answers === 'up-down' ? 'up or down' : facts.unit === '' ? 'a number' : `a number in ${facts.unit}`;
    fail(word.at, 'WRONG_LIMIT', `“${word.text}” is no answer of this metric: write ${write}`);
  }
  if (op !== '=' && op !== '!=') fail(word.at, 'WRONG_LIMIT', `“${word.text}” is compared with = or !=, not with ${op}`, ['=', '!=']);
  if (word.text === 'yes' || word.text === 'no') return { kind: 'answer', value: word.text };
  return { kind: 'number', value: word.text === 'up' ? 1 : 0 };
}

/** The number in the metric's shown unit. Without a unit only 0 is plain: 0.05 on a metric in % would be read as 5% by one and as 0.05% by another. */
function amount(given: Amount, facts: MetricFacts): number {
  const allowed = unitsLike(facts.unit);
  if (given.unit === null) {
    if (facts.unit === '' || given.value === 0) return given.value;
    return fail(given.at, 'WRONG_UNIT', `${given.value} of what? This metric is in ${facts.unit}: write ${withUnit(given.value, facts.unit)}`, allowed);
  }
  if (facts.unit === '') return fail(given.at, 'WRONG_UNIT', `“${given.unit}” is a wrong unit: this metric is a plain number, write ${given.value}`, []);
  const converted = given.unit === 'ratio' ? null : convertUnit(given.value, given.unit, facts.unit);
  if (converted !== null) return converted;
  const didYouMean = nearest(given.unit, allowed);
  return fail(given.at, 'WRONG_UNIT', `“${given.unit}” is a wrong unit for a metric in ${facts.unit}; allowed: ${listed(allowed)}${didYouMean === null || allowed.length < 2 ? '' : `; did you mean “${didYouMean}”?`}`, allowed, didYouMean);
}
