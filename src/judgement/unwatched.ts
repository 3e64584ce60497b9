// How long nobody saw what must never be out of sight: the longest stretch between two looks that saw all of it, from the beginning on. It is
// remembered from look to look, here and in the workflow, so that no restart, take-over or rollback shortens it.
import type { EpochMs, Ms } from './types.js';

/** Nobody saw it between these instants, and why. */
export interface Unwatched { readonly from: EpochMs; readonly to: EpochMs; readonly why: string }

export interface Unbroken {
  /** the last look that saw all of it; at first the instant from which it must be seen */
  readonly seenAt: EpochMs;
  /** why the looks since saw less; empty: there was none */
  readonly why: string;
  readonly longest: Unwatched | null;
  /** people have been told of the stretch that goes on */
  readonly told: boolean;
}

export const unbrokenFrom = (at: EpochMs): Unbroken => ({ seenAt: at, why: '', longest: null, told: false });

/**
 * @param missing what this look should have seen and did not, in words; empty: it saw all
 * @param limitMs a stretch longer than this is told, once
 * @returns the next memory, and the stretch that is to be told now
 */
export function afterLook(before: Unbroken, asOf: EpochMs, missing: readonly string[], limitMs: Ms): { readonly unbroken: Unbroken; readonly tell: Unwatched | null } {
  const at = Math.max(asOf, before.seenAt);
  const stretch: Unwatched = { from: before.seenAt, to: at, why: missing.length > 0 ? missing.slice(0, 3).join('; ') : before.why !== '' ? before.why : 'nobody looked' };
  const longest = longer(before.longest, stretch);
  const tell = at - before.seenAt > limitMs && !before.told ? stretch : null;
  if (missing.length === 0) return { unbroken: { seenAt: at, why: '', longest, told: false }, tell };
  return { unbroken: { seenAt: before.seenAt, why: stretch.why, longest, told: before.told || tell !== null }, tell };
}

/** The longer of two stretches; of equal ones the first. */
export function longer(one: Unwatched | null, other: Unwatched | null): Unwatched | null {
  if (one === null || other === null) return one ?? other;
  return other.to - other.from > one.to - one.from ? other : one;
}
