// What judgement speaks: measurements come in, verdicts go out. Plain JSON only, so that every value here can ride in a
// heartbeat, a workflow payload or a journal row. Nothing in this folder imports anything from outside it.

/** Milliseconds since 1970-01-01T00:00:00Z, stamped by the clock port, never by a provider. */
export type EpochMs = number;
/** A length of time in milliseconds. */
export type Ms = number;

/**
 * One typed answer of a source. Never a bare number: what is not a `value` cannot be mistaken for health.
 * - `value`: a finite number in the metric's shown unit. `samples`: how many observations stand behind it, where the source knows.
 *   `members`: identities behind a count (which alerts fire), at most 64. `detail`: what a probe found wrong, in words, when it is down; where a
 *   person has a number from. `by`: whose word it is.
 * - `idle`: the source is reachable and saw too little to say (a ratio over a measured 0, fewer than `min samples`).
 * - `noData`: the source is reachable and has nothing, or nothing young enough.
 * - `nonFinite`: it answered NaN or an infinity. `ambiguous`: it answered several series where one was asked for.
 * - `providerError`: we could not ask (configuration, credentials, our own network, an answer that is not one).
 */
export type Measurement =
  | { readonly kind: 'value'; readonly value: number; readonly samples?: number; readonly members?: readonly string[]; readonly detail?: string; readonly by?: string }
  | { readonly kind: 'idle'; readonly samples: number }
  | { readonly kind: 'noData'; readonly detail: string }
  | { readonly kind: 'nonFinite'; readonly value: 'NaN' | '+Inf' | '-Inf' }
  | { readonly kind: 'ambiguous'; readonly series: number }
  | { readonly kind: 'providerError'; readonly code: string; readonly detail: string };

/** One measurement and the instant it speaks of. */
export interface Point { readonly at: EpochMs; readonly measurement: Measurement }

/** What a source answered for one metric at one look: ascending in time, never empty (nothing at all is one `noData` point). */
export interface Series { readonly metric: string; readonly points: readonly Point[] }

/** A stretch of time that a condition looks back over. */
export type Window =
  | { readonly kind: 'duration'; readonly ms: Ms }
  /** the clean time of the phase's soak so far */
  | { readonly kind: 'soak' }
  /** everything since the rollout's first write, clean or not (`throughout`) */
  | { readonly kind: 'rollout' }
  /** the clean time of an earlier phase, or the baseline period; taken from `References` */
  | { readonly kind: 'period'; readonly period: string };

export type Aggregate = 'mean' | 'min' | 'max' | 'sum' | 'count' | 'last';

export type Subject =
  /** `error_rate`, `mean(error_rate over 10m)`, `error_rate over soak` (aggregate 'mean') */
  | { readonly kind: 'metric'; readonly metric: string; readonly aggregate: Aggregate | null; readonly window: Window | null }
  /** `increase(orders_total over 1h)`: growth of a counter, resets handled; without a window: between the looks of `for`, or since the phase began */
  | { readonly kind: 'increase'; readonly metric: string; readonly window: Window | null }
  /** `samples(error_rate) over soak`: how many observations were made */
  | { readonly kind: 'samples'; readonly metric: string; readonly window: Window | null }
  /** `alerts(critical)`: how many fire now; `new alerts(critical)`: how many distinct ones fired since the phase's soak began that did not fire then */
  | { readonly kind: 'alerts'; readonly severity: string; readonly fresh: boolean; readonly window: Window | null }
  /** `events(customer-escalation)`: how many were reported, since the phase's first write unless a window says otherwise */
  | { readonly kind: 'events'; readonly event: string; readonly window: Window | null };

export type Comparator = '<' | '<=' | '>' | '>=' | '=' | '!=';

export type Limit =
  /** in the metric's shown unit */
  | { readonly kind: 'number'; readonly value: number }
  /** `yes` / `no` of a human metric; a human metric's value is 1 for yes and 0 for no */
  | { readonly kind: 'answer'; readonly value: 'yes' | 'no' }
  /** `baseline + 50%` → factor 1.5, offset 0; `wave-1 + 5 points` → factor 1, offset 5; `2x baseline` → factor 2 */
  | { readonly kind: 'reference'; readonly period: string; readonly factor: number; readonly offset: number };

/** The meaning of one line of the plan, as data. `text` is its printed form, which parses back to the same condition. */
export type Condition =
  | {
      readonly kind: 'compare'; readonly text: string; readonly subject: Subject; readonly op: Comparator; readonly limit: Limit;
      /** must hold without a break this long (0: at once) */
      readonly forMs: Ms;
      /** must hold at `m` of the last `n` looks; null: not asked */
      readonly ofLooks: { readonly m: number; readonly n: number } | null;
    }
  /** by the least-squares line through the window: `down` and `up` ask for a change, `steady` (printed `stable or improving`) for no change to the worse */
  | { readonly kind: 'trend'; readonly text: string; readonly metric: string; readonly direction: 'down' | 'up' | 'steady'; readonly better: 'lower' | 'higher'; readonly window: Window };

/**
 * Whether a condition's sentence is true of the evidence. A gate passes on `true`; a trigger fires on `true`; an invariant fails on `false`.
 * `unknown` is never health and never harm.
 */
export type Truth = 'true' | 'false' | 'unknown';

/** The fixed word behind a judgement, for scripts. */
export type Reason =
  | 'held' | 'broken' | 'not-yet' // not-yet: breached, but shorter than `for` or in fewer than m of n looks
  | 'idle' | 'no-data' | 'stale' | 'non-finite' | 'ambiguous' | 'provider-error' | 'no-reference' | 'too-few-samples' | 'unanswered';

export interface Judgement {
  readonly truth: Truth;
  readonly reason: Reason;
  /** one sentence with metric, value, limit, window, sample count and age in words */
  readonly message: string;
  readonly value: number | null;
  readonly limit: number | null;
  readonly samples: number;
  /** age of the newest evidence at the look; null without any */
  readonly ageMs: Ms | null;
}

/** A condition's answer in the role the plan gives it. */
export interface Verdict extends Omit<Judgement, 'truth'> {
  /** stable id of the condition in the resolved plan, e.g. `phases/wave-1/enter/2` */
  readonly id: string;
  readonly text: string;
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly asOf: EpochMs;
}

/** What a period was like: per metric over its clean time, in the metric's shown unit. */
export interface PeriodSummary {
  readonly mean: number; readonly min: number; readonly max: number; readonly last: number;
  /** measurements that were values */
  readonly samples: number;
  /** observations behind them, where the source tells how many; else one each */
  readonly observations?: number;
  /** growth of the metric read as a counter, resets handled */
  readonly grown?: number;
  /** fitted change from the first to the last measurement (least squares); absent with fewer than 3 */
  readonly change?: number;
}
/** period (`baseline`, phase name) → metric (alerts as `alerts(severity)`) → summary */
export type References = Readonly<Record<string, Readonly<Record<string, PeriodSummary>>>>;

/** The role decides what a truth means and what a look does with it. */
export type ConditionRole = 'trigger' | 'invariant' | 'enter' | 'leave' | 'grade';
export type Severity = 'info' | 'warning' | 'critical' | 'emergency';

export interface WatchedCondition {
  readonly id: string;
  readonly role: ConditionRole;
  /** for a trigger; others carry 'info' */
  readonly severity: Severity;
  readonly condition: Condition;
  /** false: only remembered for a later gate ("ahead"), not judged and no cause of unclean time */
  readonly judged: boolean;
}

/** What judgement must know of a metric. */
export interface MetricTraits {
  readonly name: string;
  /** shown unit for messages: '%', 'ms', 'MB', '' … */
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** fewer observations than this in one measurement → idle; 0: not asked */
  readonly minSamples: number;
  /** evidence older than this at a look is stale; for a person's answer its validity */
  readonly maxAgeMs: Ms;
  readonly whenIdle: 'not-counted' | 'clean';
  /** true: a person supplies it; its absence is 'unanswered' and does not make a look invalid */
  readonly human: boolean;
  /** the source answers for a range: what lies between two looks is seen as well */
  readonly ranged: boolean;
}
