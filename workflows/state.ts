// All that a rollout remembers: plain JSON, carried whole through continue-as-new. Whoever reads it: status.ts. Whoever acts on it: the
// other files of this folder, through Run (run.ts).
import type { Comparison } from '../src/judgement/compare-periods.js';
import type { EpochMs, Ms, References, Verdict } from '../src/judgement/types.js';
import type { GateOutcome, ReportedEvent, WatchMemory } from '../src/judgement/look-types.js';
import type { Unbroken } from '../src/judgement/unwatched.js';
import type { ChannelRef, CommandSettings, JsonValue, PathStep, ResolvedPlan, ResolvedTarget, RollbackTo, Step, TargetValue } from '../src/plan/types.js';
import type { Message } from '../src/channels/port.js';
import type { ChainHead, Entry } from '../src/journal/port.js';
import type { FollowUpInput, IncidentInput } from '../activities/types.js';
import type { AskView, By, Hold, IncidentView, RolloutOutcome } from './messages.js';

export interface AskRecord extends AskView {
  readonly generation: number;
  /** reminders and escalation steps sent so far */
  readonly reminded: number;
  readonly escalated: number;
  /** an answer, once given, is good for this long */
  readonly validMs: Ms | null;
  readonly settledAt: EpochMs | null;
  /** what a yes to going back demands */
  readonly back?: GoingBack;
}
export interface GoingBack { readonly to: RollbackTo; readonly reason: string }

export interface MoveRecord {
  readonly phase: string;
  readonly phaseIndex: number;
  readonly generation: number;
  readonly target: string;
  readonly before: TargetValue;
  readonly wanted: TargetValue;
  readonly after: TargetValue | null;
  readonly readBack: string;
  readonly at: EpochMs;
  readonly direction: 'forward' | 'back';
  readonly state: 'writing' | 'done' | 'failed' | 'undone' | 'adopted';
  readonly key: string;
  /** made in mid-soak: which stage of its phase, from 0 */
  readonly stage?: number;
  /** what our own attempts took, from writing to reading back; absent in what was moved before 0.2.0 */
  readonly tookMs?: Ms;
  /** a forward write that was left in flight may still land until then */
  readonly outstandingUntil: EpochMs | null;
}

/** How far a phase has come. Steps are resumed by looking here, so a phase may be entered again at any of them. */
export interface PhaseRecord {
  readonly phase: string;
  startedAt: EpochMs | null;
  prepared: boolean;
  /** the generation whose checks have passed */
  checked?: number;
  movedAt: EpochMs | null;
  soakedAt: EpochMs | null;
  endedAt: EpochMs | null;
  /** added by `extend` */
  extraSoakMs: Ms;
  cleanMs: Ms;
  restarts: number;
  /** what every target stood at when the phase had moved */
  targets: Record<string, TargetValue>;
  verdicts: readonly Verdict[];
  approvals: number;
  /** moves in mid-soak that are made */
  stages?: number;
  stayed?: Stay;
  /** the last decision that did not end the soak, and was acted on */
  decidedBy?: string;
}

/** A step that was begun, with all it takes to take it back: an amended plan may know it no more. */
export interface StepRecord {
  readonly id: string;
  readonly name: string;
  readonly phase: string;
  readonly phaseIndex: number;
  readonly generation: number;
  /** `left`: it cannot be undone */
  readonly state: 'running' | 'done' | 'failed' | 'undone' | 'left';
  readonly at: EpochMs;
  readonly undo: CommandSettings | null;
  readonly cannotUndo: string | null;
  /** owed on every way out */
  readonly always: Step['always'];
  readonly alwaysDone: boolean;
}
/** Somebody let it soak on: from which clean time, in which of its soaks. */
export interface Stay { readonly atCleanMs: Ms; readonly restarts: number }
export interface CheckRecord { readonly question: string; readonly verdict: Verdict['verdict']; readonly finding: string; readonly at: EpochMs }
/** `after`: what the metrics were like over the clean time of the last soak. */
export interface CompletionRecord { readonly generation: number; readonly after: References[string]; readonly afterMs: Ms; passed: string[]; done: boolean; comparison: readonly Comparison[] }

export interface IssueRecord { readonly id: string; readonly trigger: string | null; readonly severity: string; readonly text: string; readonly openedAt: EpochMs; readonly endedAt: EpochMs | null; readonly rolledBack: boolean }

/** An incident as it is carried through continue-as-new, and out of the rollout when that ends first. */
export interface IncidentRecord extends IncidentView {
  /** the trigger it is about; null: opened by hand */
  readonly about: string | null;
  /** the issue whose end ends it; null: a person says when it is over */
  readonly issue: string | null;
  readonly path: readonly PathStep[];
  readonly acknowledgeWithinMs: Ms;
  readonly tell: readonly string[];
  /** how many of the path were called in this round, when the round began, when the next is called */
  readonly walked: number;
  readonly roundAt: EpochMs;
  readonly nextAt: EpochMs;
  /** it goes on in a workflow of its own */
  readonly handedOver: boolean;
}

/** Workflows of their own that are still to be started. */
export type Start = { readonly kind: 'follow-up'; readonly input: FollowUpInput } | { readonly kind: 'incident'; readonly input: IncidentInput };

export type Demand =
  | { readonly kind: 'rollback'; readonly to: RollbackTo; readonly reason: string; readonly by: string; readonly automatic: boolean; readonly at: EpochMs }
  | { readonly kind: 'stop'; readonly reason: string; readonly by: string; readonly at: EpochMs }
  | { readonly kind: 'adopt-offline'; readonly reason: string; readonly by: string; readonly at: EpochMs };

export interface RollbackRecord { readonly reason: string; readonly to: string; readonly by: string; readonly automatic: boolean; readonly decidedAt: EpochMs; readonly readBackAt: EpochMs | null; readonly verified: boolean | null; readonly remainder: readonly string[]; readonly done: boolean; /** of the steps after it; absent in what was adopted or begun before 0.2.0 */ readonly taken?: number }

export interface Protection {
  /** what each must keep */
  readonly standsAt: Record<string, TargetValue>;
  /** the latest restorations of each */
  readonly restored: Record<string, readonly EpochMs[]>;
  /** somebody keeps changing it: people are asked, and it is left where it was found until they answer */
  readonly contested: Record<string, { readonly found: TargetValue; readonly ask: string }>;
  /** a person said that it is to be restored, whatever direction that is */
  readonly ordered: Record<string, string>;
  /** per host ('' any): how long nobody saw its protected targets */
  readonly unbroken: Record<string, Unbroken>;
  guards: number;
}

/** A message on its way: to which channels it still has to go. */
export interface Unsent { readonly message: Message; readonly channels: readonly ChannelRef[]; readonly attempts: number; readonly notBefore: EpochMs; /** waits for the end of somebody's quiet hours */ readonly quiet?: boolean }

export interface State {
  readonly schemaVersion: 1;
  rollout: string;
  plan: ResolvedPlan;
  startedAt: EpochMs;
  startedBy: By;
  updatedAt: EpochMs;
  /** grows with every rollback and amendment: asks and keys of an older generation are void */
  generation: number;
  /** index into plan.phases; plan.phases.length while baking */
  phaseIndex: number;
  step: 'preparing' | 'waiting' | 'gate' | 'moving' | 'soaking' | 'baking' | 'grading' | 'rolling-back';
  outcome: RolloutOutcome | null;
  phases: PhaseRecord[];
  baking: { startedAt: EpochMs | null; endedAt: EpochMs | null; cleanMs: Ms; restarts: number; extraMs: Ms; stayed?: Stay; decidedBy?: string };
  asks: Record<string, AskRecord>;
  /** human metrics: the answer in force */
  humans: Record<string, { readonly value: number; readonly at: EpochMs; readonly by: string; readonly note?: string }>;
  events: ReportedEvent[];
  eventsHandled: Record<string, number>;
  issues: IssueRecord[];
  moves: MoveRecord[];
  /** absent in states of 0.1.0 */
  steps?: StepRecord[];
  holds: Hold[];
  skipped: string[];
  demand: Demand | null;
  rollback: RollbackRecord | null;
  references: Record<string, References[string]>;
  memory: WatchMemory | null;
  judgeAfter: EpochMs;
  firstMoveAt: EpochMs | null;
  /** what the watch last said of the gate that is being judged, of the leave gate, of the invariants */
  gate: GateOutcome | null;
  leave: GateOutcome | null;
  invariant: GateOutcome | null;
  soaked: boolean;
  /** targets found to stand elsewhere, and where */
  drift: Record<string, TargetValue>;
  /** absent: none yet */
  incidents?: IncidentRecord[];
  starts?: Start[];
  /** for the next watch to be set up: a phase's soak begins, or starts anew because an issue without a condition (an event) ended */
  restartSoak: 'begins' | 'anew' | 'interrupted' | null;
  verdicts: Verdict[];
  /** looks made by watches whose memory has been forgotten */
  evaluations: number;
  unknownHeld: boolean;
  outbox: { entries: Entry[]; nextSeq: number; head: ChainHead; messages: Unsent[]; sent: number; nextMessage: number };
  /** by ask and channel: what the channel needs to change its message about the ask; absent in states of 0.1.0 */
  receipts?: Record<string, Record<string, JsonValue>>;
  /** by item: what a machine found last of the items of a checklist; absent: there are none */
  checks?: Record<string, CheckRecord>;
  /** by metric: the time that its baseline speaks of, which is longer where it had to be sampled; absent: nothing is compared with it at the end */
  baselineOver?: Record<string, Ms>;
  /** how far what comes after the last soak has come; absent: not begun */
  completion?: CompletionRecord;
  grades: { grade: string; reached: boolean; criteria: readonly Verdict[] }[];
  badSignals: string[];
  recentCommands: string[];
  standUps: { id: string; at: EpochMs }[];
  standUpsUntil: EpochMs;
  watches: number;
  /** targets that must keep their value (protecting.ts); absent until there is one */
  protection?: Protection;
  /** how long nobody saw the invariants; outlives the watch's memory, which a rollback clears. Absent: nothing is measured, or not yet */
  unbroken?: Unbroken;
  /** targets whose `before each move` has passed for the write that comes next, and when */
  validated?: Record<string, EpochMs>;
  claimed: string[];
}

export function newState(rollout: string, plan: ResolvedPlan, startedBy: By, now: EpochMs): State {
  return {
    schemaVersion: 1, rollout, plan, startedAt: now, startedBy, updatedAt: now, generation: 1, phaseIndex: 0, step: 'preparing', outcome: null,
    phases: plan.phases.map((phase) => newPhase(phase.phase)),
    baking: { startedAt: null, endedAt: null, cleanMs: 0, restarts: 0, extraMs: 0 },
    asks: {}, humans: {}, events: [], eventsHandled: {}, issues: [], moves: [], holds: [], skipped: [], demand: null, rollback: null, references: {},
    memory: null, judgeAfter: now, firstMoveAt: null, gate: null, leave: null, invariant: null, soaked: false, drift: {}, restartSoak: null, verdicts: [], evaluations: 0, unknownHeld: false,
    outbox: { entries: [], nextSeq: 1, head: { seq: 0, hash: '0'.repeat(64) }, messages: [], sent: 0, nextMessage: 1 },
    grades: [], badSignals: [], recentCommands: [], standUps: [], standUpsUntil: 0, watches: 0, claimed: [],
  };
}

export const newPhase = (phase: string): PhaseRecord => ({ phase, startedAt: null, prepared: false, movedAt: null, soakedAt: null, endedAt: null, extraSoakMs: 0, cleanMs: 0, restarts: 0, targets: {}, verdicts: [], approvals: 0 });

/** Commands and items of the completion are under way: the end criteria are not judged yet. */
export const completing = (state: State): boolean => state.completion !== undefined && state.completion.generation === state.generation && !state.completion.done;

/** What a target stands at by our own record: the last move that took effect; null when we never moved it. */
export function standing(state: State, target: string): TargetValue | null {
  for (let i = state.moves.length - 1; i >= 0; i--) {
    const move = state.moves[i]!;
    if (move.target === target && (move.state === 'done' || move.state === 'adopted')) return move.after ?? move.wanted;
  }
  return null;
}

/** What every target stands at that we have moved. */
export const standings = (state: State): Record<string, TargetValue> => Object.fromEntries(state.plan.targets.flatMap((target) => { const value = standing(state, target.id); return value === null ? [] : [[target.id, value]]; }));

/** What a protected target must keep; null: it has not been read yet. */
export const mustStandAt = (state: State, target: ResolvedTarget): TargetValue | null => target.protected?.standsAt ?? state.protection?.standsAt[target.id] ?? null;

/** Anything of ours is in force beyond the values of the start. */
export const exposed = (state: State): string[] => state.plan.targets.filter((target) => {
  const first = state.moves.find((move) => move.target === target.id && move.direction === 'forward');
  const now = standing(state, target.id);
  return first !== undefined && now !== null && now !== first.before;
}).map((target) => target.id);
