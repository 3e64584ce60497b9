// A condition back as a line that reads to the same condition. There is one printed form for each meaning, so two ways of writing the
// same thing look alike on the board. Reading: conditions.ts.
import type { Condition, Limit, Subject, Window } from '../judgement/types.js';
import type { MetricFacts } from './condition-context.js';
import { printDuration } from './durations.js';
import { share, withUnit } from './units.js';

/** The line for `condition`, with the units of `metrics` (an unknown metric is printed as a plain number). */
export function printCondition(condition: Condition, metrics: Readonly<Record<string, MetricFacts>>): string {
  if (condition.kind === 'trend') {
    const direction = condition.direction === 'steady' ? 'stable or improving' : `trending ${condition.direction}`;
    return `${condition.metric} ${direction} over ${printWindow(condition.window)}`;
  }
  const { subject, op, limit } = condition;
  const isPlainEvent = subject.kind === 'events' && subject.window === null && op === '>' && limit.kind === 'number' && limit.value === 0 && condition.forMs === 0 && condition.ofLooks === null;
  if (isPlainEvent) return `event: ${subject.event}`;
  const facts = factsOf(subject, metrics);
  const tail = [
    printTail(subject, op),
    condition.forMs > 0 ? `for ${printDuration(condition.forMs)}` : null,
    condition.ofLooks === null ? null : `in ${condition.ofLooks.m} of ${condition.ofLooks.n} looks`,
  ].filter((part) => part !== null);
  return [printSubject(subject, op), op, printLimit(limit, facts, op), ...tail].join(' ');
}

const plain: MetricFacts = { unit: '', better: 'lower', answers: 'number' };
function factsOf(subject: Subject, metrics: Readonly<Record<string, MetricFacts>>): MetricFacts {
  if (subject.kind === 'increase' || (subject.kind === 'metric' && subject.aggregate !== 'count')) return Object.hasOwn(metrics, subject.metric) ? metrics[subject.metric]! : plain;
  return plain;
}

/** A mean over a window and the worst of the whole rollout are written behind the limit; every other aggregate is written as a function. */
const isThroughout = (subject: Subject, op: string): boolean =>
  subject.window?.kind === 'rollout' && (subject.kind !== 'metric' || subject.aggregate === 'mean' || isWorst(subject, op));
const isWorst = (subject: Subject, op: string): boolean =>
  subject.kind === 'metric' && subject.window?.kind === 'rollout' && subject.aggregate === (op === '<' || op === '<=' ? 'max' : op === '>' || op === '>=' ? 'min' : '');

function printSubject(subject: Subject, op: string): string {
  switch (subject.kind) {
    case 'metric':
      if (subject.aggregate === null || isWorst(subject, op)) return subject.metric;
      if (subject.aggregate === 'mean') return subject.window?.kind === 'rollout' ? `mean(${subject.metric})` : subject.metric;
      return `${subject.aggregate}(${subject.metric} over ${printWindow(subject.window!)})`;
    case 'increase': return `increase(${subject.metric}${subject.window === null || isThroughout(subject, op) ? '' : ` over ${printWindow(subject.window)}`})`;
    case 'samples': return `samples(${subject.metric})`;
    case 'alerts': return `${subject.fresh ? 'new ' : ''}alerts(${subject.severity})`;
    case 'events': return `events(${subject.event})`;
  }
}

function printTail(subject: Subject, op: string): string | null {
  if (subject.window === null) return null;
  if (isThroughout(subject, op)) return 'throughout';
  switch (subject.kind) {
    case 'metric': return subject.aggregate === 'mean' ? `over ${printWindow(subject.window)}` : null;
    case 'increase': return null;
    case 'samples': case 'alerts': case 'events': return `over ${printWindow(subject.window)}`;
  }
}

function printWindow(window: Window): string {
  switch (window.kind) {
    case 'duration': return printDuration(window.ms);
    case 'soak': case 'rollout': return window.kind;
    case 'period': return window.period;
  }
}

function printLimit(limit: Limit, facts: MetricFacts, op: string): string {
  switch (limit.kind) {
    case 'answer': return limit.value;
    case 'number':
      if (facts.answers === 'up-down' && (op === '=' || op === '!=') && (limit.value === 0 || limit.value === 1)) return limit.value === 1 ? 'up' : 'down';
      return withUnit(limit.value, facts.unit);
    case 'reference': return printReference(limit.period, limit.factor, limit.offset, facts.unit);
  }
}

function printReference(period: string, factor: number, offset: number, unit: string): string {
  const sign = (value: number): string => (value < 0 ? '-' : '+');
  if (offset !== 0) {
    const by = unit === '%' ? `${Math.abs(offset)} points` : withUnit(Math.abs(offset), unit);
    return `${factor === 1 ? '' : `${factor}x `}${period} ${sign(offset)} ${by}`;
  }
  if (factor === 1) return period;
  const percent = share((factor - 1) * 100);
  // 2x reads better than + 100%; and a factor that no percentage gives back exactly keeps its own digits
  if ((Number.isInteger(factor) && factor > 1) || share(1 + percent / 100) !== factor) return `${factor}x ${period}`;
  return `${period} ${sign(percent)} ${Math.abs(percent)}%${unit === '%' ? ` of ${period}` : ''}`;
}
