// The resolved plan: every default filled in, every condition parsed, every duration in milliseconds, every instant in epoch milliseconds.
// No field is optional but `pace`: what may be absent says so with null. This is what the workflow executes and what the journal keeps.
import type { Condition, EpochMs, Ms, Severity } from '../judgement/types.js';

/** A percentage 0..100, a number, `unlimited` (see `ResolvedTarget.unlimited`), or a text (an image, a model id), as the target's provider understands it. */
export type TargetValue = number | string;

/** A provider's own settings, validated by the provider's schema at the edge; opaque to the engine. Secrets stay `${env:NAME}` references here. */
export type ProviderSettings = { readonly [key: string]: JsonValue };
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface ResolvedPlan {
  readonly schemaVersion: 1;
  /** the rollout's id: [a-z0-9-], at most 63 characters */
  readonly rollout: string;
  /** the one that was chosen at the start; null: the plan has none */
  readonly variant: string | null;
  readonly description: string;
  readonly owner: string;
  readonly timezone: string;
  readonly people: readonly Person[];
  /** people walked step by step while nobody answers */
  readonly escalation: readonly string[];
  readonly escalateEveryMs: Ms;
  /** of each step of `escalation`: how long after the one before it; of a step that is missing here `escalateEveryMs` */
  readonly escalationAfterMs: readonly Ms[];
  /** by severity, from the lightest; a severity that is missing opens none by itself */
  readonly incidents: readonly IncidentPlan[];
  /** whether the person who started the rollout may give an approval */
  readonly starterMayApprove: boolean;
  readonly channels: { readonly info: readonly ChannelRef[]; readonly warning: readonly ChannelRef[]; readonly critical: readonly ChannelRef[]; readonly emergency: readonly ChannelRef[]; readonly asks: readonly ChannelRef[] };
  /** pinged at each look; null: not asked for. May hold `${env:NAME}` */
  readonly heartbeatUrl: string | null;
  readonly targets: readonly ResolvedTarget[];
  readonly metrics: readonly ResolvedMetric[];
  readonly events: readonly EventKind[];
  readonly baseline: { readonly overMs: Ms; readonly minSamples: number; readonly metrics: readonly string[] } | null;
  /** in force from preparation (tell only before the first write) to the end */
  readonly triggers: readonly Trigger[];
  readonly invariants: readonly PlanCondition[];
  /** They are watched without a gap, and how long nobody looked is measured. `everyMs` null: at each phase's own cadence, from preparation on; `blindAfterMs` null: the cadence and a minute. Null: no invariants */
  readonly invariantWatch: { readonly everyMs: Ms | null; readonly blindAfterMs: Ms | null } | null;
  readonly preparation: readonly AskItem[];
  /** midnight of day 1 in the plan's zone */
  readonly day1: EpochMs;
  /** what `launch - 2h` counts from; null: nothing does */
  readonly launch: EpochMs | null;
  readonly phases: readonly Phase[];
  readonly baking: Baking | null;
  readonly standUps: readonly StandUp[];
  readonly hours: Hours | null;
  readonly freezes: readonly Freeze[];
  readonly rollback: RollbackPlan;
  readonly grades: readonly Grade[];
  readonly reviews: readonly Review[];
  readonly followUps: readonly FollowUp[];
  /** what is done after the last soak, before the grades */
  readonly completion: Completion | null;
  /** who may start it; empty: anybody */
  readonly startsOnlyBy: readonly string[];
  /** calendar estimate without any hold: day 1 to the end of baking */
  readonly nominalEnd: EpochMs;
  /** it runs faster than planned (pace.ts), and so is all that stands above; absent: as planned */
  readonly pace?: Pace;
}

/** `from`: the start, which stays where it is; `day1` and `launch` as the plan has them; `leftOut`: what cannot be had faster, in words. */
export interface Pace { readonly times: number; readonly from: EpochMs; readonly day1: EpochMs; readonly launch: EpochMs | null; readonly leftOut: readonly string[] }

export interface Person { readonly id: string; readonly name: string; readonly roles: readonly string[]; readonly contacts: Readonly<Record<string, string>>; readonly channels: readonly ChannelRef[] }
/** `quiet`: what is not urgent waits for the end of these hours, which may span midnight; only a person's own channels have it. */
export interface ChannelRef { readonly provider: string; readonly settings: ProviderSettings; readonly quiet?: Quiet }
export interface Quiet { readonly from: string; readonly to: string; readonly timezone: string }

export interface ResolvedTarget {
  readonly id: string;
  readonly provider: string;
  readonly settings: ProviderSettings;
  /** the direction that exposes fewer people */
  readonly safer: 'lower' | 'higher' | 'none';
  readonly unit: string;
  /** no command exceeds it; null: no cap */
  readonly cap: number | null;
  /** what its service calls the value `unlimited`, which is more than every number; null: it has no such value */
  readonly unlimited: { readonly is: number | string | null } | null;
  readonly readOnly: boolean;
  /** read only: what it must keep, restored when somebody changes it. `standsAt` null: what it stands at when the rollout starts; `reports`: the event of a change. Null: it may be moved */
  readonly protected: { readonly standsAt: TargetValue | null; readonly reports: string | null } | null;
  /** must pass before each forward write */
  readonly beforeMove: CommandSettings | null;
  /** somebody's yes before each phase that moves it, beside the phase's own approval */
  readonly approval: Approval | null;
  /** host whose worker owns the effect; null: any worker */
  readonly on: string | null;
  /** hard abort inside one write attempt */
  readonly writeTimeoutMs: Ms;
}

export interface ResolvedMetric {
  readonly name: string;
  readonly provider: string;
  readonly settings: ProviderSettings;
  /** shown unit: '%', 'ms', 's', 'MB', '' … */
  readonly unit: string;
  /** multiply what the source answers by this to get the shown unit (`reads: ratio` with unit '%': 100) */
  readonly scale: number;
  readonly better: 'lower' | 'higher';
  readonly minSamples: number;
  readonly maxAgeMs: Ms;
  readonly whenIdle: 'not-counted' | 'clean';
  /** for provider 'person': who answers, what is asked, what is a healthy answer */
  readonly human: { readonly from: readonly string[]; readonly question: string; readonly answers: 'yes-no' | 'number'; /** the numbers that may be answered; null: any */ readonly scale: { readonly from: number; readonly to: number } | null; readonly validMs: Ms; /** while it is judged, asked again so long before its answer runs out; null: when a gate needs it */ readonly askAheadMs: Ms | null } | null;
  readonly levels: { readonly target: string | null; readonly warning: string | null; readonly critical: string | null };
  /** counts of firing alerts carry their severity; null for other metrics. Their name is `alerts(severity)` */
  readonly alerts: string | null;
  readonly timeoutMs: Ms;
  /** distance of points asked of a range source */
  readonly stepMs: Ms;
}

export interface EventKind { readonly event: string; readonly description: string }

/** One condition as the plan states it, with a stable id such as `phases/wave-1/enter/2`. */
export interface PlanCondition { readonly id: string; readonly condition: Condition; /** phase whose list it was taken over from by `all of`; null: its own */ readonly from: string | null }

export type Reaction =
  | { readonly kind: 'tell' }
  | { readonly kind: 'watch-more'; /** cadence while the issue is open */ readonly everyMs: Ms }
  | { readonly kind: 'hold' }
  | { readonly kind: 'ask'; readonly deadlineMs: Ms; readonly otherwise: 'rollback' | 'hold'; readonly to: RollbackTo }
  | { readonly kind: 'rollback'; readonly to: RollbackTo };
export type RollbackTo = { readonly kind: 'start' } | { readonly kind: 'previous' } | { readonly kind: 'phase'; readonly phase: string };

export interface Trigger { readonly id: string; readonly severity: Severity; readonly condition: Condition; readonly reaction: Reaction; /** added to the alert: what to do first */ readonly mitigation: string; /** who is told besides the channel */ readonly tell: readonly string[] }

export interface Phase {
  readonly phase: string;
  /** 'not before'; null: as soon as the phase before is done */
  readonly starts: EpochMs | null;
  /** later than this asks; null: never too late */
  readonly latest: EpochMs | null;
  /** settled before `enter` is judged */
  readonly preparation: readonly AskItem[];
  readonly enter: readonly PlanCondition[];
  readonly approval: Approval | null;
  /** run in order before the gate is judged; the first that fails stops the phase */
  readonly checks: readonly Check[];
  /** taken in order before the moves, and after them */
  readonly before: readonly Step[];
  readonly moves: readonly PlannedMove[];
  readonly after: readonly Step[];
  /** moves in mid-soak, in their order */
  readonly stages: readonly Stage[];
  readonly soak: { readonly ms: Ms; readonly onIssue: 'restart' | 'extend' };
  readonly cadenceMs: Ms;
  readonly blindAfterMs: Ms;
  readonly unknownForMs: Ms;
  readonly leave: readonly PlanCondition[];
  /** who says at the end of the soak how it goes on; null: it goes on by itself */
  readonly decision: Decision | null;
  /** in force from this phase's first move on, beside the plan's own */
  readonly triggers: readonly Trigger[];
  /** commands repeated while the phase soaks (synthetic tests) */
  readonly during: readonly RepeatedCommand[];
  readonly rollbackWithinMs: Ms | null;
}

export interface Baking { readonly ms: Ms; readonly onIssue: 'restart' | 'extend'; readonly cadenceMs: Ms; readonly blindAfterMs: Ms; readonly unknownForMs: Ms; readonly leave: readonly PlanCondition[]; readonly decision: Decision | null; readonly triggers: readonly Trigger[] }

/** A move in mid-soak: made when the phase has so much clean time and its conditions hold, and undone with the phase. */
export interface Stage { readonly id: string; readonly afterMs: Ms; readonly enter: readonly PlanCondition[]; readonly moves: readonly PlannedMove[] }

/** How a soak ends where people say so. `withinMs` null: the soak is open-ended, whoever decides is reminded every `againMs`. After a `stay` it is asked again when `againMs` more were clean. */
export interface Decision { readonly id: string; readonly question: string; readonly from: readonly string[]; readonly needs: number; readonly withinMs: Ms | null; readonly otherwise: 'hold' | 'rollback' | 'stop'; readonly againMs: Ms }

export interface PlannedMove { readonly target: string; readonly to: TargetValue; /** the plan said `shrinks: yes` */ readonly shrinks: boolean }

export interface Approval { readonly id: string; readonly question: string; readonly from: readonly string[]; readonly needs: number; readonly withinMs: Ms; readonly otherwise: 'hold' | 'rollback' | 'stop'; readonly validMs: Ms }

/** A checklist item or a sign-off: asked of people, or checked by a command. */
export interface AskItem {
  readonly id: string;
  readonly group: string;
  readonly question: string;
  readonly kind: 'item' | 'sign-off' | 'command' | 'check';
  readonly from: readonly string[];
  /** distinct people needed */
  readonly needs: number;
  /** the 'if' clause: the item may be declared not applicable with a reason; null: it always applies */
  readonly onlyIf: string | null;
  /** when it is asked and when it is due; null: at once / no deadline */
  readonly askAt: EpochMs | null;
  readonly dueAt: EpochMs | null;
  readonly command: CommandSettings | null;
  /** what a machine finds out by itself, again and again until it is so */
  readonly check: MachineCheck | null;
}

export type MachineCheck =
  | { readonly kind: 'holds'; readonly condition: Condition }
  | { readonly kind: 'probe'; readonly settings: ProviderSettings; readonly timeoutMs: Ms }
  | { readonly kind: 'environment'; readonly source: EnvironmentSource; readonly has: readonly WantedVariable[] };
/** Where variables are looked up; `on`: the host whose worker does it. A command prints them as `env` does. */
export type EnvironmentSource =
  | { readonly kind: 'file'; readonly file: string; readonly on: string | null }
  | { readonly kind: 'worker'; readonly on: string | null }
  | { readonly kind: 'command'; readonly command: CommandSettings };
export interface WantedVariable { readonly key: string; /** null: any value, only not an empty one. May hold `${env:NAME}` */ readonly value: string | null; /** neither the value that is wanted nor the one that is found is ever shown */ readonly secret: boolean }

export interface Completion {
  /** in this order; a failure is asked about */
  readonly checks: readonly Check[];
  readonly items: readonly AskItem[];
  /** metrics that are compared with the baseline */
  readonly compare: readonly string[];
}

export interface CommandSettings { readonly run: string | readonly string[]; readonly timeoutMs: Ms; readonly cwd: string | null; readonly env: Readonly<Record<string, string>>; readonly on: string | null }
/** A command that changes nothing and must pass. */
export interface Check { readonly id: string; readonly name: string; readonly command: CommandSettings }
/** A command that changes something, with what it takes to know whether it happened and to take it back. */
export interface Step {
  readonly id: string;
  readonly name: string;
  readonly run: CommandSettings;
  /** shows that it took effect; null: its exit code says it all */
  readonly verify: CommandSettings | null;
  /** takes it back, also when it happened by half; null: see `cannotUndo` */
  readonly undo: CommandSettings | null;
  /** why it cannot be taken back; null: it can */
  readonly cannotUndo: string | null;
  /** simply run again when nobody knows whether it ran */
  readonly repeatable: boolean;
  /** exits with 0 when the step has happened; null: only a person can say */
  readonly read: CommandSettings | null;
  /** run on every way out once the step has begun: when the phase has moved, or goes back, or the rollout stops */
  readonly always: { readonly run: CommandSettings; readonly verify: CommandSettings | null } | null;
  /** 'not before'; null: as soon as the step before is done */
  readonly at: EpochMs | null;
}
/** A command around the undo of the targets; with `ask` it is run only when somebody of them says so within `withinMs`. */
export interface RollbackStep { readonly id: string; readonly name: string; readonly run: CommandSettings; readonly verify: CommandSettings | null; readonly ask: readonly string[]; readonly withinMs: Ms }
export interface RepeatedCommand { readonly id: string; readonly name: string; readonly command: CommandSettings; readonly everyMs: Ms; /** event reported when it fails */ readonly reports: string | null }

export interface StandUp { readonly id: string; readonly title: string; /** 'HH:MM' in the plan's zone */ readonly at: readonly string[]; readonly weekdays: readonly number[]; /** only the first working day of each month */ readonly monthly: boolean; /** phases (and 'baking') it is held in */ readonly phases: readonly string[]; readonly from: readonly string[]; readonly withinMs: Ms; readonly otherwise: 'continue' | 'pause' }
export interface Hours { readonly weekdays: readonly number[]; readonly from: string; readonly to: string }
export interface Freeze { readonly from: EpochMs; readonly to: EpochMs; readonly why: string }

export interface RollbackPlan {
  readonly withinMs: Ms;
  /** at most 10 s each: nobody stays exposed while a command runs */
  readonly before: readonly RollbackStep[];
  /** after the targets are back and the proof is judged */
  readonly after: readonly RollbackStep[];
  readonly settleMs: Ms;
  readonly verify: readonly PlanCondition[];
  readonly verifyWithinMs: Ms;
  /** run in order when the targets could not be taken back in time; each step verified */
  readonly ladder: readonly LadderStep[];
}
export interface LadderStep { readonly id: string; readonly name: string; readonly run: CommandSettings; readonly verify: CommandSettings | null; readonly ask: readonly string[]; /** how long they have; then the step is left out */ readonly withinMs: Ms }

export interface Grade { readonly grade: string; readonly criteria: readonly PlanCondition[] }
export interface Review { readonly id: string; readonly title: string; readonly tasks: readonly string[]; readonly who: readonly string[]; readonly every: 'once' | 'day' | 'week' | 'month' | 'quarter' | 'half-year'; /** days after the end at which it first comes, at `at` in the plan's zone */ readonly firstAfterDays: number; readonly at: string; /** null: for good */ readonly times: number | null; /** not done by then: reminded; absent in reviews of 0.1.0, which only tell */ readonly remindAfterMs?: Ms }
export interface FollowUp { readonly id: string; readonly title: string; readonly on: FollowUpOn; readonly who: readonly string[]; readonly withinMs: Ms }
/** At the end of the rollout, or as it happens: an issue of exactly that severity, an event, an incident. */
export type FollowUpOn = 'rollback' | 'completion' | 'issue' | 'warning' | 'critical' | 'emergency' | 'incident' | `event:${string}`;

/** Who is called, and how long after the one before; the first is called at once. */
export interface PathStep { readonly who: string; readonly afterMs: Ms }
/** What an incident of a severity makes happen. */
export interface IncidentPlan {
  readonly severity: Exclude<Severity, 'info'>;
  /** called first, named in every message */
  readonly commander: string;
  /** in the order in which they are called, the commander first */
  readonly path: readonly PathStep[];
  /** how long the last of the path has */
  readonly acknowledgeWithinMs: Ms;
  /** for people, shown with the alert */
  readonly firstSteps: readonly string[];
  /** commands run at once, beside everything */
  readonly steps: readonly { readonly id: string; readonly name: string; readonly run: CommandSettings }[];
  readonly tell: readonly string[];
  readonly followUps: readonly FollowUp[];
}
