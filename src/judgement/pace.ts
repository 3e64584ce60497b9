// When to look again. The cadence decides, unless something is unknown or breached but not yet long enough: then sooner; and a soak that
// is nearly over is not kept waiting for the next turn.
import type { Ms } from './types.js';
import type { WatchRules } from './look-types.js';
import type { Advanced, Scene } from './advance.js';
import { isSustained, trueForMs } from './sustain.js';

/** `sooner` is a quarter of the cadence, but no more often than once a second (or the cadence itself, where that is shorter). */
export function soonerMs(cadenceMs: Ms): Ms { return Math.max(Math.round(cadenceMs / 4), Math.min(1000, cadenceMs)); }

export function comeBackIn(rules: WatchRules, state: { readonly unknown: boolean; readonly breaches: readonly Ms[]; readonly remainingMs: Ms | null }): Ms {
  const sooner = soonerMs(rules.cadenceMs);
  const atLeast = Math.min(1000, rules.cadenceMs);
  const waits = [
    rules.cadenceMs,
    ...(state.unknown ? [sooner] : []),
    ...state.breaches.map((remainingMs) => Math.max(atLeast, Math.min(sooner, remainingMs))),
    ...(state.remainingMs === null ? [] : [Math.max(1, state.remainingMs)]),
  ];
  return Math.min(...waits);
}

/**
 * What is left of `for` of each trigger that is breached and not yet sustained, where only another look can tell. A range source
 * loses nothing between two looks; `of looks` counts looks at the cadence; idle evidence does not change by being asked for.
 */
export function pendingBreaches(conditions: readonly Advanced[], scene: Scene): Ms[] {
  return conditions.flatMap(({ watched: { role, condition }, form, memory }) => {
    if (role !== 'trigger' || condition.kind === 'trend' || condition.forMs === 0 || memory.trueSince === null || isSustained(condition, memory)) return [];
    const evidence = form.reads === 'events' ? undefined : scene.evidence.get(form.metric);
    if (evidence === undefined || evidence.traits.ranged || evidence.standing === 'idle') return [];
    return [Math.max(0, condition.forMs - trueForMs(memory))];
  });
}
