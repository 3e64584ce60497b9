// A share of users as a percentage, as fine as what is moved can hold it, and whether what was counted agrees with one.
// Used by ./flagd.ts, ./nginx.ts, ./unleash.ts and ./launchdarkly.ts.
import type { TargetValue } from '../plan/types.js';
import { TargetRefused, type TargetRef } from './port.js';

/** A share of `whose` ('a flag's'), with at most so many decimals. */
export interface ShareKind { readonly whose: string; readonly decimals: 0 | 2 }

/** Why `value` is no such share; empty: it is one. */
export function shareProblems({ whose, decimals }: ShareKind, value: TargetValue): string[] {
  if (typeof value !== 'number' || !(value >= 0 && value <= 100)) return [`${whose} share is a percentage from 0 to 100, not '${value}'`];
  // 0.1 + 0.2: compared after rounding, not by the remainder
  const scaled = value * 10 ** decimals;
  if (Math.abs(Math.round(scaled) - scaled) < 1e-6) return [];
  return [decimals === 0 ? `${whose} share is a whole percentage here, ${value} is not` : `${whose} share has at most two decimals, ${value} has more`];
}

/** The share, freed from what a float leaves behind. @throws TargetRefused when it is none */
export function requireShare(kind: ShareKind, target: TargetRef, value: TargetValue): number {
  const problem = shareProblems(kind, value)[0];
  if (problem !== undefined || typeof value !== 'number') throw new TargetRefused({ code: 'VALUE_REFUSED', where: target.id, what: `${problem ?? ''}.`, means: 'Nothing was changed.', todo: 'Correct the plan.' });
  return Math.round(value * 10 ** kind.decimals) / 10 ** kind.decimals;
}

/** Whether `count` of `all` can be a share of `percent`: 0 and 100 exactly, others within five standard deviations of the sample (and one). */
export function agrees(count: number, all: number, percent: number): boolean {
  const share = percent / 100;
  const expected = share * all;
  if (percent === 0 || percent === 100) return count === expected;
  return Math.abs(count - expected) <= 5 * Math.sqrt(expected * (1 - share)) + 1;
}
