// What the workflow and its activities say to each other. Plain JSON; types only, so that the workflow bundle stays free of I/O.
import type { EpochMs, MetricTraits, Ms, Point, References, Verdict } from '../src/judgement/types.js';
import type { GateOutcome, ReportedEvent, WatchRules } from '../src/judgement/look-types.js';
import type { PackedMemory } from '../src/judgement/pack.js';
import type { Unbroken, Unwatched } from '../src/judgement/unwatched.js';
import type { ChannelRef, MachineCheck, CommandSettings, FollowUp, JsonValue, PathStep, ResolvedMetric, ResolvedPlan, ResolvedTarget, Review, TargetValue } from '../src/plan/types.js';
import type { Message } from '../src/channels/port.js';
import type { ChainHead, Entry, OfflineRollback } from '../src/journal/port.js';
import type { StartOptions } from '../workflows/messages.js';
import type { IncidentRecord } from '../workflows/state.js';

export interface ResolveInput { readonly plan: unknown; readonly options: StartOptions; readonly now: EpochMs; /** of the rollout that an amendment is for: what was chosen at its start stands; absent: it starts */ readonly inForce?: Pick<ResolvedPlan, 'variant' | 'launch' | 'pace'> }
export interface ResolveResult { readonly plan: ResolvedPlan; readonly rollout: string; readonly warnings: readonly string[] }

export interface WatchInput {
  readonly rollout: string;
  readonly phase: string | null;
  readonly rules: WatchRules;
  readonly metrics: readonly ResolvedMetric[];
  /** answers of people and figures of the record: metric → value and its instant */
  readonly given: Readonly<Record<string, { readonly value: number; readonly at: EpochMs; /** whose answer it is, and where it comes from */ readonly by?: string; readonly note?: string }>>;
  readonly events: readonly ReportedEvent[];
  readonly memory: PackedMemory | null;
  /** the window ends here: the watch returns with its summary */
  readonly until: EpochMs;
  /** true: return after the first look, whatever it saw */
  readonly lookNow: boolean;
  /** what the workflow already knows, so that only a change makes the watch return */
  readonly known: { readonly enter: GateOutcome | null; readonly leave: GateOutcome | null; readonly soaked: boolean; readonly invariant: GateOutcome | null; readonly unknown: boolean; readonly drift: readonly string[] };
  /** targets to read for drift, and what they should stand at */
  readonly targets: readonly { readonly target: ResolvedTarget; readonly expected: TargetValue }[];
  readonly heartbeatUrl: string | null;
}
export type WatchWhy = 'look' | 'unwatched' | 'window' | 'fired' | 'cleared' | 'gate' | 'soaked' | 'invariant' | 'unknown' | 'known' | 'blind-breach' | 'drift' | 'offline' | 'changes';
export interface DriftFound { readonly target: string; readonly expected: TargetValue; readonly found: TargetValue; readonly detail: string }
export interface WatchReport {
  readonly why: readonly WatchWhy[];
  readonly asOf: EpochMs;
  readonly memory: PackedMemory;
  readonly verdicts: readonly Verdict[];
  readonly changes: readonly Verdict[];
  readonly fired: readonly Verdict[];
  readonly cleared: readonly string[];
  readonly blindBreaches: readonly Verdict[];
  readonly gates: { readonly enter: GateOutcome; readonly leave: GateOutcome; readonly invariant: GateOutcome };
  readonly soaked: boolean;
  readonly unknown: boolean;
  readonly drift: readonly DriftFound[];
  readonly offline: OfflineRollback | null;
  /** nobody saw the invariants for too long; absent: not so, or an older worker */
  readonly unwatched?: Unwatched;
}
/** What a watch leaves in its heartbeat: everything the next attempt needs. */
export interface WatchHeartbeat { readonly memory: PackedMemory; readonly driftAt: EpochMs; readonly line: string; /** when the next look is due, by the clock port */ readonly dueAt: EpochMs }

/** Targets of one host that must keep their value. */
export interface GuardInput {
  readonly rollout: string;
  /** `expected` null: what it stands at at the first look is what it must keep. `contested`: where it is known to stand while people are asked */
  readonly targets: readonly { readonly target: ResolvedTarget; readonly expected: TargetValue | null; readonly contested: TargetValue | null }[];
  readonly everyMs: Ms;
  readonly unwatchedAfterMs: Ms;
  readonly unbroken: Unbroken;
}
export interface GuardFound { readonly target: string; readonly found: TargetValue; readonly detail: string }
/** `safer`: it exposes fewer people than what must be kept. */
export interface GuardStray extends GuardFound { readonly safer: boolean }
export interface GuardReport {
  /** first readings of what must be kept from now on */
  readonly first: readonly GuardFound[];
  readonly elsewhere: readonly GuardStray[];
  /** contested, and back where they must be */
  readonly back: readonly GuardFound[];
  readonly unbroken: Unbroken;
  readonly unwatched: Unwatched | null;
}
/** The same shape as a watch's, so that both are taken over alike. */
export interface GuardHeartbeat { readonly memory: Unbroken; readonly line: string; readonly dueAt: EpochMs }
export interface RestoreInput { readonly rollout: string; readonly target: ResolvedTarget; readonly value: TargetValue; readonly key: string }
export interface RestoreResult { readonly found: TargetValue; readonly readBack: string; readonly output: readonly string[] }

export interface ReadInput { readonly target: ResolvedTarget; readonly key: string }
export interface ReadResult { readonly value: TargetValue; readonly detail: string }
export interface WriteInput { readonly rollout: string; readonly target: ResolvedTarget; readonly value: TargetValue; readonly expected: TargetValue; readonly before: TargetValue; readonly key: string; readonly order: number; readonly now: EpochMs }
export interface WriteResult { readonly after: TargetValue; readonly readBack: string; readonly output: readonly string[] }
export interface UndoInput { readonly rollout: string; readonly target: ResolvedTarget; readonly value: TargetValue; readonly key: string }
export interface UndoResult { readonly value: TargetValue; readonly detail: string; /** what was read is safer than what we would write: it was left there */ readonly leftSafer: boolean; readonly output: readonly string[] }

export interface CommandInput { readonly rollout: string; readonly name: string; readonly command: CommandSettings; readonly values: Readonly<Record<string, string>> }
export interface CommandOutput { readonly ok: boolean; readonly exitCode: number | null; readonly output: string; readonly timedOut: boolean; readonly durationMs: Ms }
export interface RepeatInput extends CommandInput { readonly everyMs: Ms; readonly until: EpochMs }

/** One check of a checklist; `known`: what was found before, whose change is waited for. `metrics`, `traits` and `references`: what its condition speaks of. */
export interface CheckInput { readonly rollout: string; readonly name: string; readonly check: MachineCheck; readonly metrics: readonly ResolvedMetric[]; readonly traits: readonly MetricTraits[]; readonly references: References; readonly known: Finding | null; readonly everyMs: Ms }
export interface Finding { readonly verdict: Verdict['verdict']; readonly finding: string }

export interface BaselineInput { readonly metrics: readonly ResolvedMetric[]; readonly from: EpochMs; readonly to: EpochMs }
export interface BaselineResult { readonly references: References[string]; /** metrics whose source answers only for now */ readonly sampledOnly: readonly string[]; readonly problems: readonly string[] }

export interface ClaimInput { readonly rollout: string; readonly keys: readonly string[]; readonly targets: readonly ResolvedTarget[]; /** never moved, and by nobody else while this rollout is under way */ readonly protects?: readonly ResolvedTarget[] }
export interface ClaimResult { readonly keys: readonly string[]; /** the end of this id's chain: an earlier rollout may have written it */ readonly head: ChainHead }
export interface RecordInput { readonly rollout: string; readonly after: ChainHead; readonly entries: readonly Entry[]; /** figures for the meters, as of this batch */ readonly posted: Posted }
export interface Posted { readonly state: string; readonly phase: string | null; readonly at: EpochMs; readonly openAsks: number; readonly oldestAskedAt: EpochMs | null; readonly unsentEntries: number; readonly unsentMessages: number; readonly rollback: { readonly decidedAt: EpochMs; readonly readBackAt: EpochMs | null } | null; readonly over: boolean }
export interface NotifyInput { /** true: even in quiet hours, for the rollout ends */ readonly now?: boolean; readonly items: readonly { readonly message: Message; readonly channels: readonly ChannelRef[]; /** receipts of the message before about the same ask, by `receiptKey` */ readonly earlier?: Readonly<Record<string, JsonValue>> }[] }
export interface NotifyResult { readonly failed: readonly { readonly key: string; readonly channels: readonly ChannelRef[]; readonly why: string; readonly final: boolean; readonly retryAfterMs: Ms | null; /** not tried: it waits for the end of quiet hours */ readonly quiet?: boolean }[]; /** of the channels that can change a message later */ readonly receipts?: readonly { readonly ask: string; readonly channel: string; readonly receipt: JsonValue }[] }
export interface CalendarInput { readonly plan: Pick<ResolvedPlan, 'timezone' | 'hours' | 'freezes' | 'standUps' | 'phases'>; readonly after: EpochMs }
export interface StandUpsInput { readonly plan: ResolvedPlan; readonly after: EpochMs; readonly until: EpochMs }
export interface ReviewsInput { readonly rollout: string; readonly timezone: string; readonly reviews: readonly Review[]; readonly endedAt: EpochMs; readonly channels: readonly ChannelRef[]; /** absent: of a rollout of 0.1.0 */ readonly after?: Escalation }
export interface FollowUpInput { readonly rollout: string; readonly followUp: FollowUp; readonly startedAt: EpochMs; readonly channels: readonly ChannelRef[]; readonly escalation: readonly string[]; readonly reason: string; /** absent: of a rollout of 0.1.0 */ readonly after?: Escalation; /** what it is about: while one is not done, no second begins about the same; absent: one a rollout */ readonly about?: string }
export interface IncidentInput { readonly rollout: string; readonly timezone: string; readonly incident: IncidentRecord; readonly channels: Channels }
/** How people are reached after the rollout: its channels, theirs, and the path that is walked when nothing is done. */
export interface Escalation { readonly path: readonly PathStep[]; readonly channels: Channels }
export interface Channels { readonly info: readonly ChannelRef[]; readonly warning: readonly ChannelRef[]; readonly critical: readonly ChannelRef[]; readonly emergency: readonly ChannelRef[]; readonly own: Readonly<Record<string, readonly ChannelRef[]>> }
export interface SampleInput { readonly rollout: string; readonly samples: readonly { readonly metric: string; readonly point: Point }[] }
export interface TakeOverInput { readonly workflowId: string; readonly activityId: string; /** the pace of the watch that is taken over */ readonly cadenceMs: Ms }

/** The activities as the workflow sees them. */
export interface Activities {
  resolve(input: ResolveInput): Promise<ResolveResult>;
  claim(input: ClaimInput): Promise<ClaimResult>;
  release(input: { readonly rollout: string; readonly keys: readonly string[] }): Promise<void>;
  nextAllowed(input: CalendarInput): Promise<{ readonly at: EpochMs; readonly why: string | null }>;
  standUps(input: StandUpsInput): Promise<readonly { readonly id: string; readonly at: EpochMs }[]>;
  baseline(input: BaselineInput): Promise<BaselineResult>;
  watch(input: WatchInput): Promise<WatchReport>;
  takeOver(input: TakeOverInput): Promise<PackedMemory | null>;
  guard(input: GuardInput): Promise<GuardReport>;
  restoreTarget(input: RestoreInput): Promise<RestoreResult>;
  readTarget(input: ReadInput): Promise<ReadResult>;
  writeTarget(input: WriteInput): Promise<WriteResult>;
  undoTarget(input: UndoInput): Promise<UndoResult>;
  clearUndo(input: { readonly rollout: string; readonly keys: readonly string[]; readonly offline: boolean }): Promise<void>;
  runCommand(input: CommandInput): Promise<CommandOutput>;
  check(input: CheckInput): Promise<Finding>;
  repeatCommand(input: RepeatInput): Promise<{ readonly failed: CommandOutput | null; readonly runs: number }>;
  record(input: RecordInput): Promise<ChainHead>;
  notify(input: NotifyInput): Promise<NotifyResult>;
  scheduleReviews(input: ReviewsInput): Promise<readonly string[]>;
  startFollowUp(input: FollowUpInput): Promise<string>;
  startIncident(input: IncidentInput): Promise<string>;
}
