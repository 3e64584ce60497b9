// What can be seen of rollouts on the engine and given to them, for the verbs and for what comes in. On Temporal: rollouts-on-temporal.ts.
import type { EpochMs, WatchMemory } from '../judgement/index.js';
import type { ResolvedPlan } from '../plan/types.js';
import type { By, CommandName, CommandResult, StartOptions, Status, WorkView } from '../../workflows/messages.js';

export type ExecutionState = 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed-out' | 'continued' | 'unknown';

/** What visibility knows: the last thing the workflow wrote into its search attributes. */
export interface RolloutRow {
  readonly rollout: string;
  readonly workflowId: string;
  readonly execution: ExecutionState;
  readonly state: string | null;
  readonly phase: string | null;
  readonly owner: string | null;
  readonly hold: string | null;
  readonly outcome: string | null;
  readonly startedAt: EpochMs;
  readonly closedAt: EpochMs | null;
}

/** What can be seen of one rollout at one instant. */
export interface Seen {
  readonly row: RolloutRow;
  /** null: the query was not answered; `silent` says why */
  readonly status: Status | null;
  /** `no-worker`: nobody took the query; `not-ready`: the plan is not resolved yet, or never could be; null: it was answered */
  readonly silent: 'no-worker' | 'not-ready' | null;
  /** the pending watch, read from the server: works without any worker */
  readonly watch: { readonly memory: WatchMemory | null; readonly attempt: number; readonly nextAt: EpochMs | null; readonly lastLine: string | null; readonly paused: boolean } | null;
  /** why the workflow failed, where it did */
  readonly failure: string | null;
  readonly readAt: EpochMs;
}

export interface StartRequest { readonly rollout: string; readonly document: unknown; readonly options: StartOptions; readonly summary: string }

/** A review, a follow-up or an incident that outlived its rollout. `answered`: by a worker; without one only what the server knows is told. */
export interface WorkItem extends WorkView { readonly workflowId: string; readonly open: boolean; readonly answered: boolean }
/** When a review comes again; its occurrences are work items. */
export interface ReviewDates { readonly rollout: string; readonly id: string; readonly scheduleId: string; readonly title: string; readonly who: readonly string[]; readonly tasks: readonly string[]; readonly timezone: string; /** at most five */ readonly next: readonly EpochMs[]; readonly paused: boolean }

export interface Rollouts {
  /** the Temporal identity commands come from */
  readonly identity: string;
  /** @throws FinalError ROLLOUT_ALREADY_RUNNING naming the running one */
  start(request: StartRequest): Promise<{ readonly workflowId: string; readonly runId: string }>;
  /** newest first */
  list(which: 'live' | 'all', limit: number): Promise<readonly RolloutRow[]>;
  /** @throws FinalError NO_SUCH_ROLLOUT */
  see(rollout: string): Promise<Seen>;
  /** null: no worker answered */
  planInForce(rollout: string): Promise<ResolvedPlan | null>;
  /**
   * One update. The same `updateId` twice acts once.
   * @throws FinalError COMMAND_REFUSED with the workflow's own code and sentence
   * @throws TransientError COMMAND_NOT_ACCEPTED when no worker took it within 10 s; repeating it with the same id is safe
   */
  command(rollout: string, name: CommandName, payload: unknown, updateId: string): Promise<CommandResult>;
  /** What is left to do beside or after rollouts, the newest first. @param of `rollout` null: of all */
  work(of: { readonly rollout: string | null; readonly kinds: readonly WorkView['kind'][]; readonly openOnly: boolean }): Promise<readonly WorkItem[]>;
  /** The reviews that come again. */
  reviewDates(rollout: string | null): Promise<readonly ReviewDates[]>;
  /** Says that a review or a follow-up is done. @throws as `command` */
  finish(item: Pick<WorkItem, 'workflowId' | 'rollout'>, by: By, updateId: string): Promise<string>;
  close(): Promise<void>;
}
