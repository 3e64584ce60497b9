// A share of users as a percentage of at most two decimals, and whether what was counted agrees with one. Pure.
// Used by ./flagd.ts, ./nginx.ts, ./unleash.ts and ./launchdarkly.ts.
import type { TargetValue } from '../plan/types.js';

/** What is wrong with `value` as a share of `whose`; empty: nothing. */
export function shareProblems(whose: string, value: TargetValue): string[] {
  if (typeof value !== 'number' || !(value >= 0 && value <= 100)) return [`${whose} share is a percentage from 0 to 100, not '${value}'`];
  // 0.1 + 0.2: compared after rounding, not by the remainder
  return Math.abs(Math.round(value * 100) - value * 100) < 1e-6 ? [] : [`${whose} share has at most two decimals, ${value} has more`];
}

/** A share without the noise of its computation. */
export const hundredths = (percent: number): number => Math.round(percent * 100) / 100;

/** Whether `count` of `all` can be a share of `percent`: 0 and 100 exactly, others within five standard deviations of the sample (and one). */
export function agrees(count: number, all: number, percent: number): boolean {
  const share = percent / 100;
  const expected = share * all;
  if (percent === 0 || percent === 100) return count === expected;
  return Math.abs(count - expected) <= 5 * Math.sqrt(expected * (1 - share)) + 1;
}
