// Everything that goes into and comes out of a rollout from outside: commands (each an update and a signal of the same name), the
// status query, search attributes, ids. Imported by the CLI and the activities too, so it holds names and types and nothing that acts.
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Comparison } from '../src/judgement/compare-periods.js';
import type { EpochMs, Ms, Severity, Verdict } from '../src/judgement/types.js';
import type { Unwatched } from '../src/judgement/unwatched.js';
import type { ChannelRef, TargetValue } from '../src/plan/types.js';

export const taskQueue = 'tidegate';
/** queue of the worker on one host, for local effects (`on: HOST`) */
export const hostQueue = (host: string): string => `tidegate@${host}`;
export const rolloutWorkflowId = (rollout: string): string => `rollout/${rollout}`;
/** of an incident that outlives its rollout; a rollout of the same id may have one of the same name later */
export const incidentWorkflowId = (rollout: string, incident: { readonly id: string; readonly openedAt: EpochMs }): string => `incident/${rollout}/${incident.id}/${incident.openedAt}`;

/** Search attributes; all Keyword. Registered by the embedded server, by `tidegate doctor --fix` and by compose's one-shot service. */
export const searchAttributes = ['RolloutId', 'RolloutState', 'RolloutPhase', 'RolloutOwner', 'RolloutHold', 'RolloutOutcome'] as const;

/** A channel as a key, and back. */
export const receiptKey = (channel: ChannelRef): string => JSON.stringify(channel);
export const receiptChannel = (key: string): ChannelRef => JSON.parse(key) as ChannelRef;

/**
 * Who gives a command. Until sign-in exists the name is asserted: the record keeps it together with the OS user, the host and the Temporal
 * identity it came from.
 */
export interface By { readonly by: string; readonly osUser?: string; readonly host?: string; readonly identity?: string; /** note or reason in words */ readonly reason?: string; /** the same command twice under one id acts once */ readonly id?: string }

export interface AnswerCommand extends By { readonly ask: string; /** for `answer`: the value; approve and reject carry their own */ readonly value?: string | number | boolean }
export interface ExtendCommand extends By { /** added to the phase's soak */ readonly byMs: Ms; readonly phase?: string }
export interface SkipCommand extends By { /** 'soak', an ask's id, or a condition's id of the gate that is shut */ readonly what: string }
export interface RollbackCommand extends By { /** undo this phase and all after it */ readonly phase?: string; /** restore this phase's verified end state */ readonly to?: string }
export interface StopCommand extends By { readonly leaveExposed?: boolean }
export interface ReportCommand extends By { readonly event: string; readonly at?: EpochMs; /** deduplicates the same event from several reporters */ readonly eventId?: string }
export interface IncidentCommand extends By { /** what is wrong, in words */ readonly what: string; /** default: critical */ readonly severity?: string }
export interface DoneCommand extends By { /** an incident's id */ readonly what: string }
export interface AmendCommand extends By { /** the whole new plan, as JSON */ readonly plan: unknown }

/** What a command answers: what it did, and how to undo it. A refused command fails with a code and a sentence. */
export interface CommandResult { readonly did: string; readonly undo: string | null }

export const approve = defineUpdate<CommandResult, [AnswerCommand]>('approve');
export const reject = defineUpdate<CommandResult, [AnswerCommand]>('reject');
export const answer = defineUpdate<CommandResult, [AnswerCommand]>('answer');
export const withdraw = defineUpdate<CommandResult, [AnswerCommand]>('withdraw');
export const pause = defineUpdate<CommandResult, [By]>('pause');
export const resume = defineUpdate<CommandResult, [By]>('resume');
export const extend = defineUpdate<CommandResult, [ExtendCommand]>('extend');
export const skip = defineUpdate<CommandResult, [SkipCommand]>('skip');
export const rollback = defineUpdate<CommandResult, [RollbackCommand]>('rollback');
export const stop = defineUpdate<CommandResult, [StopCommand]>('stop');
export const report = defineUpdate<CommandResult, [ReportCommand]>('report');
export const amend = defineUpdate<CommandResult, [AmendCommand]>('amend');
export const incident = defineUpdate<CommandResult, [IncidentCommand]>('incident');
export const done = defineUpdate<CommandResult, [DoneCommand]>('done');

export const commandNames = ['approve', 'reject', 'answer', 'withdraw', 'pause', 'resume', 'extend', 'skip', 'rollback', 'stop', 'report', 'amend', 'incident', 'done'] as const;
export type CommandName = (typeof commandNames)[number];
/** The same names as signals, for `temporal workflow signal`: no answer, a bad one is recorded and shown in the status. */
export const signalOf = (name: CommandName) => defineSignal<[unknown]>(name);

export type RolloutState =
  | 'preparing' | 'moving' | 'soaking' | 'gated' | 'held' | 'paused' | 'rolling-back' | 'baking'
  | 'completed' | 'rolled-back' | 'rollback-incomplete' | 'stopped' | 'failed';
export type RolloutOutcome = 'completed' | 'rolled-back' | 'rollback-incomplete' | 'stopped' | 'failed';

export type HoldReason = 'protected' | 'unknown' | 'freeze' | 'hours' | 'drift' | 'rejected' | 'unanswered' | 'gate' | 'check-failed' | 'command-failed' | 'write-failed' | 'trigger' | 'rolled-back-to' | 'journal' | 'paused';
export interface Hold { readonly reason: HoldReason; /** in words, with what ends it */ readonly message: string; readonly since: EpochMs; /** the person who ordered it, for a pause */ readonly by: string | null; /** how gravely people were told of it; absent: they were not */ readonly told?: Severity }

export type AskKind = 'approval' | 'item' | 'sign-off' | 'metric' | 'stand-up' | 'decision' | 'manual-move' | 'drift' | 'rollback' | 'retry' | 'latest' | 'step' | 'acknowledge';
export interface AskAnswer { readonly by: string; readonly value: string | number; readonly at: EpochMs; readonly reason: string; readonly identity: string }
export interface AskView {
  readonly ask: string;
  readonly kind: AskKind;
  readonly phase: string | null;
  readonly question: string;
  readonly from: readonly string[];
  /** who may answer too without being asked for it now; absent: nobody */
  readonly others?: readonly string[];
  readonly needs: number;
  /** what may be answered: e.g. ['approve','reject'], ['done','not-applicable'], ['continue','next-wave','pause','rollback'], ['number'] */
  readonly options: readonly string[];
  /** for a number: the lowest and the highest that is taken; absent: any */
  readonly scale?: { readonly from: number; readonly to: number };
  /** the answer that lets a healthy rollout go on; rehearsed people give it */
  readonly healthy: string | number;
  readonly askedAt: EpochMs;
  readonly dueAt: EpochMs | null;
  readonly otherwise: string;
  readonly answers: readonly AskAnswer[];
  readonly state: 'open' | 'settled' | 'expired' | 'void';
  /** settled: the answer in force; expired: the default that was taken; void: why */
  readonly result: string | number | null;
}

export interface MoveView { readonly target: string; readonly phase: string; readonly direction: 'forward' | 'back'; readonly before: TargetValue; readonly wanted: TargetValue; readonly after: TargetValue | null; readonly readBack: string; readonly at: EpochMs; readonly state: 'writing' | 'done' | 'failed' | 'undone' | 'adopted' }
export interface PhaseView { readonly phase: string; readonly startedAt: EpochMs | null; readonly movedAt: EpochMs | null; readonly endedAt: EpochMs | null; readonly targets: Readonly<Record<string, TargetValue>>; readonly verdicts: readonly Verdict[]; readonly cleanMs: Ms; readonly restarts: number }
export interface IssueView { readonly id: string; readonly severity: string; readonly text: string; readonly openedAt: EpochMs; readonly endedAt: EpochMs | null; readonly unplanned: boolean }

export type IncidentSeverity = 'warning' | 'critical' | 'emergency';
export interface IncidentView {
  readonly id: string;
  readonly severity: IncidentSeverity;
  readonly text: string;
  readonly commander: string;
  readonly openedAt: EpochMs;
  /** a person who opened it by hand; null: a trigger or an event */
  readonly openedBy: string | null;
  /** whom it called, and when; of many rounds the last */
  readonly called: readonly { readonly who: string; readonly at: EpochMs }[];
  readonly acknowledgedAt: EpochMs | null;
  readonly acknowledgedBy: string | null;
  readonly overAt: EpochMs | null;
  /** what is done first, for people */
  readonly firstSteps: readonly string[];
}

/** What is left to do beside or after a rollout: the answer of the query `work` of reviews, follow-ups and incidents. */
export interface WorkView {
  readonly kind: 'review' | 'follow-up' | 'incident';
  readonly rollout: string;
  readonly id: string;
  readonly title: string;
  readonly who: readonly string[];
  readonly tasks: readonly string[];
  readonly since: EpochMs;
  readonly dueAt: EpochMs | null;
  readonly state: 'open' | 'late' | 'done' | 'done-late' | 'missed';
  readonly doneBy: string | null;
  readonly doneAt: EpochMs | null;
  readonly note: string;
  /** of an incident that nobody has acknowledged: the question, as of a rollout */
  readonly ask: AskView | null;
}
export const work = defineQuery<WorkView>('work');

/** The answer of the `status` query: everything a screen needs, without the plan. */
export interface Status {
  readonly rollout: string;
  readonly description: string;
  readonly owner: string;
  readonly timezone: string;
  readonly state: RolloutState;
  readonly outcome: RolloutOutcome | null;
  readonly phase: string | null;
  readonly phaseNumber: number;
  readonly phaseCount: number;
  readonly targets: Readonly<Record<string, { readonly value: TargetValue; readonly unit: string; readonly cap: number | null; /** never moved, and restored when somebody changes it */ readonly protected?: true }>>;
  readonly soak: { readonly clean: Ms; readonly needed: Ms; readonly restarts: number } | null;
  /** moves in mid-soak of the phase; absent: it has none */
  readonly stages?: { readonly made: number; readonly of: number; readonly next: string | null };
  readonly conditions: readonly { readonly text: string; readonly verdict: Verdict['verdict']; readonly message: string }[];
  readonly asks: readonly AskView[];
  readonly hold: Hold | null;
  /** all reasons it does not go on, the gravest first; `hold` is the first of them */
  readonly holds: readonly Hold[];
  readonly issues: readonly IssueView[];
  /** absent: there was none */
  readonly incidents?: readonly IncidentView[];
  readonly phases: readonly PhaseView[];
  readonly moves: readonly MoveView[];
  /** steps that were begun, in order */
  readonly steps: readonly { readonly step: string; readonly phase: string; readonly state: 'running' | 'done' | 'failed' | 'undone' | 'left'; readonly at: EpochMs }[];
  /** what a machine found of the items of a checklist; absent: there are none */
  readonly checks?: readonly { readonly item: string; readonly question: string; readonly verdict: Verdict['verdict']; readonly finding: string; readonly at: EpochMs }[];
  /** before and after, by metric; absent: the plan asks for none, or it is not there yet */
  readonly comparison?: readonly Comparison[];
  readonly grades: readonly { readonly grade: string; readonly reached: boolean; readonly criteria: readonly Verdict[] }[];
  readonly rollback: { readonly reason: string; readonly to: string; readonly decidedAt: EpochMs; readonly readBackAt: EpochMs | null; readonly verified: boolean | null; readonly remainder: readonly string[] } | null;
  /** the longest stretch in which nobody saw the invariants or a protected target; null: there are none, or nothing is known yet */
  readonly unwatched?: Unwatched | null;
  readonly evaluations: number;
  readonly startedAt: EpochMs;
  readonly day1: EpochMs | null;
  /** null: nothing in the plan counts from one */
  readonly launch: EpochMs | null;
  /** the one that was chosen at the start; null: the plan has none */
  readonly variant: string | null;
  /** it runs faster than planned, without what is left out; absent: as planned */
  readonly pace?: { readonly times: number; readonly leftOut: readonly string[] };
  readonly updatedAt: EpochMs;
  readonly startedBy: string;
  readonly messages: number;
  /** end of the journal's chain as this rollout knows it, for checking that nothing was cut off */
  readonly journalHead: { readonly seq: number; readonly hash: string };
  readonly unsent: { readonly journal: number; readonly messages: number };
  /** signals that could not be understood, newest last, at most 16 */
  readonly badSignals: readonly string[];
  /** what comes next, in words, with its instant when known */
  readonly next: readonly { readonly at: EpochMs | null; readonly what: string }[];
}
export const status = defineQuery<Status>('status');
/** The resolved plan as it is in force, for `next`, `journal` and `rollback --offline`. */
export const planInForce = defineQuery<unknown>('plan');

/** How a rollout was started; the second argument of the workflow, may be left out. */
export interface StartOptions { /** ISO date of day 1 in the plan's zone; default: the start's date */ readonly day1?: string; /** when the launch is: a date and a time in the plan's zone, an instant with its offset, or `now`; default: as the plan says */ readonly launch?: string; /** values of the plan's variables; `variant` chooses the variant */ readonly vars?: Readonly<Record<string, string>>; readonly startedBy?: By; /** overrides the plan's own id */ readonly id?: string; /** so many times as fast as planned, for a trial (docs/pace.md): a number from 1 to 100000 */ readonly pace?: number; /** overrides every cadence (rehearsal) */ readonly cadenceMs?: Ms; /** test hook: continue as new after so many events */ readonly maxHistoryEvents?: number }

/** Exit codes of `rehearse`, `watch`, `status`. */
export function exitCodeOf(state: RolloutState | 'waiting', open: { readonly asks: boolean; readonly movedBack: boolean; readonly held: boolean }): 0 | 2 | 3 | 4 | 5 {
  switch (state) {
    case 'rollback-incomplete': case 'failed': return 5;
    case 'rolled-back': return 4;
    case 'stopped': return open.movedBack ? 4 : 0;
    case 'completed': return 0;
    case 'held': case 'paused': return 3;
    case 'waiting': return 2;
    case 'rolling-back': return 4;
    case 'preparing': case 'moving': case 'soaking': case 'gated': case 'baking': return open.movedBack ? 4 : open.held ? 3 : open.asks ? 2 : 0;
  }
}
