// Shares as percentages, as fine as a flag service can hold them. Used by ./unleash.ts and ./launchdarkly.ts.
import type { TargetValue } from '../plan/types.js';
import { TargetRefused, type TargetRef } from './port.js';

/** Why `value` is no share with at most so many decimals; empty: it is one. */
export function percentProblems(value: TargetValue, decimals: 0 | 2): string[] {
  if (typeof value !== 'number' || !(value >= 0 && value <= 100)) return [`a flag's share is a percentage from 0 to 100, not '${value}'`];
  // 0.1 + 0.2: compared after rounding, not by the remainder
  const scaled = value * 10 ** decimals;
  if (Math.abs(Math.round(scaled) - scaled) < 1e-6) return [];
  return [decimals === 0 ? `a flag's share is a whole percentage here, ${value} is not` : `a flag's share has at most ${decimals} decimals, ${value} has more`];
}

/** The share, freed from what a float leaves behind. @throws TargetRefused when it is none */
export function requirePercent(target: TargetRef, value: TargetValue, decimals: 0 | 2): number {
  const problem = percentProblems(value, decimals)[0];
  if (problem !== undefined || typeof value !== 'number') throw new TargetRefused({ code: 'VALUE_REFUSED', where: target.id, what: `${problem ?? ''}.`, means: 'Nothing was changed.', todo: 'Correct the plan.' });
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}
