// How long, and at how many looks, a comparison has been true: `for 5m` and `at 3 of 5 looks`. Fed by advance.ts.
import type { Condition, EpochMs, Ms, Truth } from './types.js';
import type { ConditionMemory } from './look-types.js';

/** A condition's memory while a look works on it. */
export type ConditionDraft = { -readonly [Key in keyof ConditionMemory]: ConditionMemory[Key] };

export function emptyCondition(): ConditionDraft {
  return { lastAt: null, lastValueAt: null, lastValue: null, trueSince: null, trueAt: null, unknownSince: null, looks: [], buckets: [], counter: null };
}

/**
 * Takes in what one instant says. Unknown and idle evidence neither ends nor lengthens what is true: the stretch from the evidence before
 * it to the evidence after it is not counted, by moving `trueSince` later by that much. So is a gap without any evidence that is longer
 * than evidence may speak for.
 */
export function takeInTruth(draft: ConditionDraft, at: EpochMs, truth: Truth | 'idle', longestGapMs: Ms): void {
  switch (truth) {
    case 'true':
      if (draft.trueSince === null || draft.trueAt === null) draft.trueSince = at;
      else if (draft.lastAt !== draft.trueAt || at - draft.trueAt > longestGapMs) draft.trueSince += at - draft.trueAt;
      draft.trueAt = at;
      draft.unknownSince = null;
      break;
    case 'false':
      draft.trueSince = null;
      draft.trueAt = null;
      draft.unknownSince = null;
      break;
    case 'unknown':
      if (draft.trueSince !== null && draft.unknownSince === null) draft.unknownSince = at;
      break;
    case 'idle':
      // the source is reachable: nothing is hidden from us, so this is no blind breach
      draft.unknownSince = null;
      break;
  }
  draft.lastAt = at;
}

/** How long it has been true, between the first and the last evidence that says so. */
export function trueForMs(memory: ConditionMemory): Ms {
  return memory.trueSince === null || memory.trueAt === null ? 0 : memory.trueAt - memory.trueSince;
}

export function looksTrue(memory: ConditionMemory): number { return memory.looks.reduce<number>((sum, look) => sum + look, 0); }

/** Whether the whole sentence is true: long enough, and at enough looks. */
export function isSustained(condition: Condition, memory: ConditionMemory): boolean {
  if (condition.kind === 'trend') return memory.trueSince !== null;
  const { forMs, ofLooks } = condition;
  if (ofLooks !== null && looksTrue(memory) < ofLooks.m) return false;
  if (ofLooks !== null && forMs === 0) return true;
  return memory.trueSince !== null && trueForMs(memory) >= forMs;
}
