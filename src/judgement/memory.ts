// The reducer's memory from outside: an empty one, and what the workflow does to it at a phase's begin, after a rollback and after it
// took over the changes. What a look does to it: look.ts.
import type { EpochMs } from './types.js';
import type { WatchMemory } from './look-types.js';
import { alertBaseline } from './alerts.js';

export function emptyMemory(): WatchMemory {
  return {
    version: 1, asOf: null, valid: false, unknownSince: null, unknownLooks: 0, cleanMs: 0, restarts: 0, looks: 0, open: [], conditions: {},
    soak: {}, rollout: {}, verdicts: {}, latest: {}, changes: [], suspended: false, soakLooks: 0, phaseSince: null, soakSince: null, alerts: {}, unbroken: null,
  };
}

/**
 * A phase's soak begins: clean time and its summaries start from nothing, what alerts fire now is the baseline for `new alerts`, and
 * events and counters without a window count from the last look before, so that nothing falls between two phases. How long triggers have
 * been true, and what windows hold, goes on: a breach does not end because a phase does.
 * @param asOf instant of the phase's first write; the one place that may be told of an instant after the last look
 */
export function startSoak(memory: WatchMemory | null, asOf: EpochMs): WatchMemory {
  const before = memory ?? emptyMemory();
  const conditions = Object.entries(before.conditions).map(([id, one]) => [id, one.counter === null ? one : { ...one, counter: { ...one.counter, grown: 0 } }] as const);
  const alerts = Object.entries(before.alerts).map(([name, one]) => [name, alertBaseline(one)] as const);
  return {
    ...before, cleanMs: 0, restarts: 0, soak: {}, soakLooks: 0, phaseSince: Math.min(asOf, before.asOf ?? asOf), soakSince: asOf,
    conditions: Object.fromEntries(conditions), alerts: Object.fromEntries(alerts),
  };
}

/**
 * The clean time is set back to zero for a reason that no trigger of the look knows (an incident, a reported event that is an issue):
 * the same as the end of an issue under `restarts on issue`. The phase goes on: what counts since its begin keeps counting.
 */
export function restartSoak(memory: WatchMemory, asOf: EpochMs): WatchMemory {
  return { ...memory, cleanMs: 0, restarts: memory.restarts + 1, soak: {}, soakLooks: 0, soakSince: asOf };
}

/** Something lay between the last look and now that no trigger knows and that was no clean time: the interval that ends with the next look counts nothing. */
export function interruptSoak(memory: WatchMemory): WatchMemory { return { ...memory, soakLooks: 0 }; }

/**
 * After a verified rollback: no trigger remembers anything, and nothing up to `judgeAfter` is judged again. The rules of the next
 * look carry the same `judgeAfter`, for conditions that are new then.
 */
export function forgetTriggers(memory: WatchMemory, judgeAfter: EpochMs): WatchMemory {
  const fresh = { lastValueAt: null, lastValue: null, trueSince: null, trueAt: null, unknownSince: null, looks: [], buckets: [], counter: null };
  const conditions = Object.entries(memory.conditions).map(([id, one]) => [id, { ...fresh, lastAt: one.lastAt === null ? null : Math.max(one.lastAt, judgeAfter) }] as const);
  return { ...memory, open: [], conditions: Object.fromEntries(conditions) };
}

/** The changes have been handed over. */
export function changesDelivered(memory: WatchMemory): WatchMemory { return { ...memory, changes: [] }; }
