// The Rollouts port on a Temporal client: what verbs see and command, and what comes in from outside, goes through here. Opens no connection
// itself (connection.ts does). What a refusal or silence of the server means for the rollout is said in engine-failures.ts.
import { QueryNotRegisteredError, QueryRejectedError, WorkflowFailedError, WorkflowNotFoundError, type Client, type WorkflowExecutionDescription, type WorkflowExecutionInfo } from '@temporalio/client';
import { defaultPayloadConverter, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { unpackMemory, type PackedMemory } from '../judgement/index.js';
import { TidegateError } from '../errors.js';
import type { ResolvedPlan } from '../plan/types.js';
import { planInForce, rolloutWorkflowId, status as statusQuery, taskQueue, type CommandName, type CommandResult, type Status } from '../../workflows/messages.js';
import { alreadyRunning, commandFailure, engineFailure, grpcOf, noSuchRollout } from './engine-failures.js';
import { incidentOf, openIncident, reviewDates, workItems } from './work-on-temporal.js';
import type { ExecutionState, RolloutRow, Rollouts, Seen, StartRequest } from './rollouts-port.js';

/** How a rollout says that it has nothing to do with an incident (any more). */
const notHere: readonly string[] = ['ROLLOUT_ENDED', 'OVER', 'ASK_CLOSED', 'ASK_UNKNOWN', 'NO_SUCH_INCIDENT', 'NO_SUCH_ROLLOUT'];

export interface Limits {
  /** a query that no worker takes is given up after this: the last known is shown instead */
  readonly queryMs: number;
  /** everything that the server answers by itself */
  readonly callMs: number;
  readonly commandMs: number;
}
const usualLimits: Limits = { queryMs: 4_000, callMs: 10_000, commandMs: 10_000 };

export interface RolloutsOnTemporal { readonly client: Client; readonly identity: string; readonly address: string; readonly close: () => Promise<void>; readonly limits?: Limits }

export function rolloutsOnTemporal({ client, identity, address, close, limits = usualLimits }: RolloutsOnTemporal): Rollouts {
  const { queryMs, callMs, commandMs } = limits;
  const within = <T>(ms: number, call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + ms, call).catch((error: unknown) => { throw engineFailure(error, address); });

  /** A rollout started by Temporal's own tools may have any workflow id; its search attribute still names it. */
  async function describe(rollout: string): Promise<WorkflowExecutionDescription> {
    try {
      return await within(callMs, () => client.workflow.getHandle(rolloutWorkflowId(rollout)).describe());
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      const elsewhere = /^[\w.-]+$/.test(rollout) ? await search(`WorkflowType = 'rollout' AND RolloutId = '${rollout}'`, 1).catch(() => []) : [];
      const found = elsewhere[0];
      if (found !== undefined && found.workflowId !== rolloutWorkflowId(rollout)) return within(callMs, () => client.workflow.getHandle(found.workflowId).describe());
      const known = await search(`WorkflowType = 'rollout'`, 50).catch(() => []);
      throw noSuchRollout(rollout, known.map((row) => row.rollout));
    }
  }

  async function search(query: string, limit: number): Promise<readonly RolloutRow[]> {
    return within(callMs, async () => {
      const rows: RolloutRow[] = [];
      for await (const info of client.workflow.list({ query, pageSize: Math.min(limit, 1000) })) {
        rows.push(rowOf(info));
        if (rows.length >= limit) break;
      }
      return rows;
    });
  }

  async function ask<T>(workflowId: string, query: { readonly name: string }): Promise<{ readonly answer: T | null; readonly silent: Seen['silent'] }> {
    try {
      return { answer: await client.withDeadline(Date.now() + queryMs, () => client.workflow.getHandle(workflowId).query<T>(query.name)), silent: null };
    } catch (error) {
      // a handler that throws (the plan is still being resolved) comes back as a query that is not registered
      if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError) return { answer: null, silent: 'not-ready' };
      if (error instanceof WorkflowNotFoundError || grpcOf(error) !== null) return { answer: null, silent: 'no-worker' };
      throw error;
    }
  }

  return {
    identity,
    start: async ({ rollout, document, options, summary }: StartRequest) => {
      const workflowId = rolloutWorkflowId(rollout);
      try {
        const handle = await within(callMs, () => client.workflow.start('rollout', {
          workflowId, taskQueue, args: [document, options], workflowIdConflictPolicy: 'FAIL', workflowIdReusePolicy: 'ALLOW_DUPLICATE', staticSummary: summary.slice(0, 200),
        }));
        return { workflowId, runId: handle.firstExecutionRunId };
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        throw alreadyRunning(rollout, rowOf(await within(callMs, () => client.workflow.getHandle(workflowId).describe())));
      }
    },
    list: async (which, limit) => {
      const rows = await search(which === 'live' ? `WorkflowType = 'rollout' AND ExecutionStatus = 'Running'` : `WorkflowType = 'rollout'`, limit);
      // a run that continued as new is one link of a rollout, not one of its own
      return rows.filter((row) => row.execution !== 'continued');
    },
    see: async (rollout): Promise<Seen> => {
      const description = await describe(rollout);
      const row = rowOf(description);
      const [{ answer: status, silent }, failure] = await Promise.all([
        ask<Status>(row.workflowId, statusQuery),
        row.execution === 'failed' ? failureOf(client, row.workflowId, callMs) : row.execution === 'terminated' || row.execution === 'timed-out' ? `its workflow was ${row.execution === 'terminated' ? 'terminated from outside' : 'timed out by the server'}: targets stand where they stood` : null,
      ]);
      return { row, status, silent, watch: watchOf(description), failure, readAt: Date.now() };
    },
    planInForce: async (rollout) => (await ask<ResolvedPlan>((await describe(rollout)).workflowId, planInForce)).answer,
    command: async (rollout, name: CommandName, payload, updateId) => {
      const send = async (workflowId: string): Promise<CommandResult> => {
        try {
          return await client.withDeadline(Date.now() + commandMs, () => client.workflow.getHandle(workflowId).executeUpdate<CommandResult, [unknown]>(name, { args: [payload], updateId }));
        } catch (error) {
          throw commandFailure(error, { rollout, name, updateId, address, withinMs: commandMs });
        }
      };
      try {
        return await send((await describe(rollout)).workflowId);
      } catch (error) {
        // An incident may go on by itself when its rollout does not.
        const incident = incidentOf(name, payload);
        if (incident === null || !(error instanceof TidegateError) || !notHere.includes(error.code)) throw error;
        const own = await within(callMs, () => openIncident(client, rollout, incident)).catch(() => null);
        if (own === null) throw error;
        return send(own);
      }
    },
    work: (of) => within(callMs + queryMs, () => workItems(client, of, queryMs)),
    reviewDates: (rollout) => within(callMs, () => reviewDates(client, rollout)),
    finish: async ({ workflowId, rollout }, by, updateId) => {
      try {
        return await client.withDeadline(Date.now() + commandMs, () => client.workflow.getHandle(workflowId).executeUpdate<string, [unknown]>('done', { args: [by], updateId }));
      } catch (error) {
        throw commandFailure(error, { rollout, name: 'done', updateId, address, withinMs: commandMs });
      }
    },
    close,
  };
}

const executions: Readonly<Record<string, ExecutionState>> = { RUNNING: 'running', COMPLETED: 'completed', FAILED: 'failed', CANCELLED: 'cancelled', TERMINATED: 'terminated', TIMED_OUT: 'timed-out', CONTINUED_AS_NEW: 'continued' };

function rowOf(info: WorkflowExecutionInfo | WorkflowExecutionDescription): RolloutRow {
  const attribute = (name: string): string | null => {
    const value = info.searchAttributes[name]?.[0];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  return {
    rollout: attribute('RolloutId') ?? info.workflowId.replace(/^rollout\//, ''),
    workflowId: info.workflowId,
    execution: executions[info.status.name] ?? 'unknown',
    state: attribute('RolloutState'), phase: attribute('RolloutPhase'), owner: attribute('RolloutOwner'), hold: attribute('RolloutHold'), outcome: attribute('RolloutOutcome'),
    startedAt: info.startTime.getTime(),
    closedAt: info.closeTime?.getTime() ?? null,
  };
}

/** The pending watch, as the server knows it. Details that cannot be read are no memory, never an error: the status is shown without. */
function watchOf(description: WorkflowExecutionDescription): Seen['watch'] {
  const pending = description.raw.pendingActivities?.find((activity) => activity.activityType?.name === 'watch');
  if (pending === undefined) return null;
  let details: { memory?: PackedMemory | null; line?: string } = {};
  const payload = pending.heartbeatDetails?.payloads?.[0];
  try { if (payload != null) details = defaultPayloadConverter.fromPayload(payload) ?? {}; } catch { /* encoded by a codec we do not have */ }
  return {
    memory: details.memory?.version === 1 ? unpackMemory(details.memory) : null,
    attempt: pending.attempt ?? 1,
    nextAt: msOf(pending.nextAttemptScheduleTime) ?? msOf(pending.scheduledTime),
    lastLine: details.line ?? pending.lastFailure?.message ?? null,
    paused: pending.paused === true,
  };
}

function msOf(time: { seconds?: { toString(): string } | null; nanos?: number | null } | null | undefined): number | null {
  if (time?.seconds == null) return null;
  const ms = Number(time.seconds.toString()) * 1000 + Math.floor((time.nanos ?? 0) / 1e6);
  return ms > 0 ? ms : null;
}

async function failureOf(client: Client, workflowId: string, callMs: number): Promise<string | null> {
  try {
    await client.withDeadline(Date.now() + callMs, () => client.workflow.getHandle(workflowId).result());
    return null;
  } catch (error) {
    // the outer failures only say "activity task failed": the innermost one says why
    let cause: unknown = error instanceof WorkflowFailedError ? error.cause : error;
    while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
    return cause instanceof Error ? cause.message : null;
  }
}
