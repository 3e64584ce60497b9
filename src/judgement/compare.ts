// Comparing a number with a limit, and finding the limit a condition means. What is compared: subject.ts.
import type { Comparator, Limit, References, Subject } from './types.js';

/**
 * Whether `value op limit`. Two numbers that differ by less than a billionth of the larger are equal: a ratio of 0.07 shown in percent is
 * 7.000000000000001, and that is not more than 7.
 */
export function holds(op: Comparator, value: number, limit: number): boolean {
  const equal = value === limit || Math.abs(value - limit) <= 1e-9 * Math.max(Math.abs(value), Math.abs(limit));
  switch (op) {
    case '<': return value < limit && !equal;
    case '<=': return value < limit || equal;
    case '>': return value > limit && !equal;
    case '>=': return value > limit || equal;
    case '=': return equal;
    case '!=': return !equal;
  }
}

/** The number to compare with; null when the period it refers to has no summary of this subject. */
export function limitOf(limit: Limit, subject: Subject, references: References): number | null {
  switch (limit.kind) {
    case 'number': return limit.value;
    case 'answer': return limit.value === 'yes' ? 1 : 0;
    case 'reference': {
      const metric = metricOf(subject);
      const mean = metric === null ? undefined : references[limit.period]?.[metric]?.mean;
      return mean === undefined ? null : mean * limit.factor + limit.offset;
    }
  }
}

/** The name under which the subject's evidence comes; null for events, which are no metric. */
export function metricOf(subject: Subject): string | null {
  switch (subject.kind) {
    case 'metric': case 'increase': case 'samples': return subject.metric;
    case 'alerts': return `alerts(${subject.severity})`;
    case 'events': return null;
  }
}
