// The contract of one look: (memory, rules, evidence) → (memory, verdicts). The reducer is look.ts; the watch activity carries the memory
// from attempt to attempt in its heartbeat details and the workflow carries it from watch to watch.
import type { Unbroken, Unwatched } from './unwatched.js';
import type { Condition, EpochMs, MetricTraits, Ms, PeriodSummary, References, Series, Verdict, WatchedCondition } from './types.js';

export interface ReportedEvent { readonly event: string; readonly at: EpochMs; readonly id: string }

/** Everything a look judges by that is not evidence. Plain JSON; computed by the workflow from plan and state, fixed for one watch. */
export interface WatchRules {
  readonly conditions: readonly WatchedCondition[];
  readonly metrics: readonly MetricTraits[];
  readonly references: References;
  readonly cadenceMs: Ms;
  /** an interval between two looks longer than this is blind and counts zero */
  readonly blindAfterMs: Ms;
  /** how long evidence may stay unknown before it becomes a hold */
  readonly unknownForMs: Ms;
  /** null: nothing is soaking (preparing, gated) */
  readonly soak: { readonly neededMs: Ms; readonly onIssue: 'restart' | 'extend' } | null;
  /** true while a person has paused, or the workflow itself knows of an open issue (drift, incident): such time is never clean */
  readonly suspended: boolean;
  /** trigger state judges only samples after this (the last verified rollback, or the rollout's start) */
  readonly judgeAfter: EpochMs;
  /** when the rollout's first write was made; null before it. Start of windows of kind 'rollout' */
  readonly movedAt: EpochMs | null;
  /** a longer stretch without a look that saw every invariant is told; absent: it is not measured */
  readonly unwatchedAfterMs?: Ms;
}

/**
 * The reducer's memory. Plain JSON, bounded: at most 128 buckets a condition, 64 members an alert list, 64 undelivered changes.
 * Conditions are remembered under their ids; a condition that is no longer in the rules is forgotten.
 */
export interface WatchMemory {
  readonly version: 1;
  /** the last look; null before the first. Never goes backwards */
  readonly asOf: EpochMs | null;
  /** whether that look was valid for every judged condition */
  readonly valid: boolean;
  /** since when looks have been invalid without a break; null while valid */
  readonly unknownSince: EpochMs | null;
  readonly unknownLooks: number;
  readonly cleanMs: Ms;
  /** how often the clean time was set to zero */
  readonly restarts: number;
  /** looks made since this memory began */
  readonly looks: number;
  /** ids of triggers of severity warning or above that are true now: the open issues */
  readonly open: readonly string[];
  readonly conditions: Readonly<Record<string, ConditionMemory>>;
  /** per metric over the soak's clean time, and over everything since the first write */
  readonly soak: Readonly<Record<string, RunningSummary>>;
  readonly rollout: Readonly<Record<string, RunningSummary>>;
  /** last verdict of each judged condition, for the board and for finding changes */
  readonly verdicts: Readonly<Record<string, Verdict>>;
  /** latest value of each metric, for the board: value is null when it was not a number */
  readonly latest: Readonly<Record<string, LatestReading>>;
  /**
   * Changes of verdicts not yet handed to the workflow, oldest first. At 64 or more the watch returns, hands them over and goes on with
   * `changesDelivered(memory)`: nothing is dropped then. A caller that does not keeps the newest 64 and those of one more look.
   */
  readonly changes: readonly Verdict[];
  /** whether the last look was made while suspended: the interval that begins there is not clean either */
  readonly suspended: boolean;
  /** looks made since the soak began; the first of them ends no clean interval */
  readonly soakLooks: number;
  /** begin of the phase for events and counters without a window: the last look before the soak began; null before the first soak */
  readonly phaseSince: EpochMs | null;
  /** begin of the soak that counts: its start, or the look that set it back to zero */
  readonly soakSince: EpochMs | null;
  /** per `alerts(severity)`: who fires, who fired when the phase began, who is new since (hashes, at most 64 each) */
  readonly alerts: Readonly<Record<string, AlertMemory>>;
  /** since when the invariants have been seen without a gap; null: it is not measured */
  readonly unbroken: Unbroken | null;
}

/** The newest evidence of a metric. `kind` is the measurement's, after `min samples` was applied ('idle'). */
export interface LatestReading { readonly at: EpochMs; readonly value: number | null; readonly kind: string; /** observations behind it */ readonly samples?: number; /** the newest number before it, where it is none itself */ readonly lastNumber?: number }

export interface AlertMemory { readonly now: readonly string[]; readonly known: readonly string[]; readonly fresh: readonly (readonly [hash: string, at: EpochMs])[] }

/** Sums of a metric over a period. Times are seconds since `firstAt`. */
export interface RunningSummary extends PeriodSummary {
  readonly sum: number;
  readonly observations: number;
  readonly grown: number;
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
  readonly sumT: number;
  readonly sumTT: number;
  readonly sumTV: number;
}

/** What one condition remembers. Which fields are used depends on its form. */
export interface ConditionMemory {
  /** newest evidence that was taken in */
  readonly lastAt: EpochMs | null;
  /** newest evidence that was a value */
  readonly lastValueAt: EpochMs | null;
  readonly lastValue: number | null;
  /** since when the comparison has been true without a break, moved later by every unknown stretch in between; null while it is not */
  readonly trueSince: EpochMs | null;
  /** newest evidence that was true */
  readonly trueAt: EpochMs | null;
  /** since when it has been unknown during a breach; null otherwise */
  readonly unknownSince: EpochMs | null;
  /** the last n looks, newest last, for `m of n` */
  readonly looks: readonly (0 | 1)[];
  /** window buckets, oldest first: [first instant, n, sum, min, max] and for trends [.., sumT, sumTT, sumTV] in seconds after the first instant */
  readonly buckets: readonly (readonly number[])[];
  /** counters: value last seen, growth (since the phase began, or since the evidence before), instant of the first value */
  readonly counter: { readonly last: number; readonly grown: number; readonly since: EpochMs } | null;
}

/** The evidence of one look. */
export interface Look {
  readonly asOf: EpochMs;
  /** one series for every metric in the rules; alerts come under the metric name `alerts(severity)` */
  readonly series: readonly Series[];
  /** every event reported since the rollout's start, at most the 256 newest of each name */
  readonly events: readonly ReportedEvent[];
}

export type GateOutcome = 'pass' | 'fail' | 'inconclusive';

export type UncleanBecause = 'first-look' | 'invalid' | 'issue' | 'suspended' | 'blind' | 'idle';

export interface LookResult {
  readonly memory: WatchMemory;
  /** verdicts of all judged conditions at this look, in the rules' order */
  readonly verdicts: readonly Verdict[];
  /** triggers that became true at this look (for a range source: at any instant since the look before), with the verdict that convicts */
  readonly fired: readonly Verdict[];
  /** triggers that were true and are no longer */
  readonly cleared: readonly string[];
  /** breached triggers whose evidence has now been unknown for as long as their own `for` (`unknownForMs` without one); named once a blindness */
  readonly blindBreaches: readonly Verdict[];
  /** unknown for longer than `unknownForMs` (or 3 looks, whichever is longer) */
  readonly unknownTooLong: boolean;
  /** the interval that ended with this look: its clean time, and why it counted nothing when it did not */
  readonly cleanAddedMs: Ms;
  readonly uncleanBecause: UncleanBecause | null;
  /** the clean time needed is reached, and at this very look all evidence is known and no issue is open */
  readonly soaked: boolean;
  /** `pass` when every judged condition of the role passes; `fail` when one fails; else `inconclusive`. A role without conditions passes */
  readonly gates: { readonly enter: GateOutcome; readonly leave: GateOutcome; readonly invariant: GateOutcome };
  /** nobody saw the invariants for longer than the rules allow; told once a stretch */
  readonly unwatched: Unwatched | null;
  /** when to look again at the latest: the cadence, or sooner while breached-but-not-yet-sustained or unknown */
  readonly comeBackInMs: Ms;
}

/**
 * From where a source must be asked for `metric` at a look at `asOf`: after the last evidence taken in, or as far back as a window of a
 * condition without memory reaches. Sources that only know 'now' ignore it.
 */
export type AskFrom = (memory: WatchMemory | null, rules: WatchRules, metric: string, asOf: EpochMs) => EpochMs;
export type { Condition };
