// What it means for the rollout, and what to do, when the engine refuses or is silent. Used by rollouts-on-temporal.ts alone.
import { isGrpcDeadlineError, isGrpcServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { closest, distance } from 'fastest-levenshtein';
import { FinalError, TidegateError, TransientError } from '../errors.js';
import type { CommandName } from '../../workflows/messages.js';
import type { RolloutRow } from './rollouts-port.js';
import { inWords, shellWord } from '../wording.js';

export function noSuchRollout(rollout: string, known: readonly string[]): TidegateError {
  const near = known.length === 0 ? null : closest(rollout, known);
  const meant = near !== null && distance(near, rollout) <= Math.max(2, rollout.length / 3) ? ` Did you mean ${near}?` : '';
  return new FinalError({ code: 'NO_SUCH_ROLLOUT', what: `There is no rollout ${rollout}.${meant}`, means: 'Nothing was done.', todo: "'tidegate list --all' shows them; check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE if it should be there." });
}

export function alreadyRunning(rollout: string, running: RolloutRow): TidegateError {
  const where = [running.state, running.phase].filter((s) => s !== null).join(' in ');
  return new FinalError({
    code: 'ROLLOUT_ALREADY_RUNNING',
    what: `A rollout ${rollout} is running already${where === '' ? '' : `: ${where}`}, started ${inWords(Date.now() - running.startedAt)} ago.`,
    where: running.workflowId,
    means: 'Nothing was started; the running one is not touched.',
    todo: `Look at it with 'tidegate status ${rollout}', change it with 'tidegate amend ${rollout} PLAN', end it with 'tidegate rollback ${rollout}' or 'tidegate stop ${rollout}', or start this plan under another --id.`,
  });
}

/** The gRPC error in or behind what the client threw: it wraps what the server said. */
export function grpcOf(error: unknown): { readonly code: number; readonly details: string } | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (isGrpcServiceError(at)) return { code: at.code, details: at.details };
  return null;
}

// the codes of gRPC that are told apart here
const invalidArgument = 3;
const deadlineExceeded = 4;
const notFound = 5;
const denied = 7;
const unavailable = 14;
const unauthenticated = 16;

/** @param error of a plain call: what is not the server's passes through */
export function engineFailure(error: unknown, address: string): unknown {
  if (error instanceof TidegateError || error instanceof WorkflowNotFoundError) return error;
  const grpc = grpcOf(error);
  if (grpc === null) return error;
  switch (grpc.code) {
    case deadlineExceeded: case unavailable: return unreachable(address, error);
    case denied: case unauthenticated: return new FinalError({ code: 'TEMPORAL_DENIED', what: `Temporal denied the call: ${grpc.details}`, where: address, means: 'Nothing was done.', todo: 'Check TEMPORAL_API_KEY or the TLS certificates, and that they may use this namespace.', cause: error });
    case notFound: return /namespace/i.test(grpc.details) ? new FinalError({ code: 'NAMESPACE_UNKNOWN', what: grpc.details, where: address, means: 'Nothing was done.', todo: 'Check TEMPORAL_NAMESPACE.', cause: error }) : error;
    case invalidArgument: return /search attribute|invalid query/i.test(grpc.details) ? new FinalError({ code: 'SEARCH_ATTRIBUTES_MISSING', what: grpc.details, where: address, means: 'Rollouts cannot be listed or started there until they are registered.', todo: "'tidegate doctor --fix' registers them.", cause: error }) : error;
    default: return error;
  }
}

function unreachable(address: string, cause: unknown): TidegateError {
  return new TransientError({ code: 'TEMPORAL_UNREACHABLE', what: 'Temporal does not answer.', where: address, means: 'Nothing was done. Running rollouts wait in the server and go on when it is back.', todo: "Start it ('tidegate up' runs one here) or set TEMPORAL_ADDRESS; 'tidegate doctor' shows what is missing. If it must come back now: 'tidegate rollback ID --offline'.", cause });
}

export interface CommandAt { readonly rollout: string; readonly name: CommandName; readonly updateId: string; readonly address: string; readonly withinMs: number }

export function commandFailure(error: unknown, { rollout, name, updateId, address, withinMs }: CommandAt): unknown {
  if (error instanceof WorkflowUpdateFailedError) {
    let cause: unknown = error.cause;
    while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
    // Accepted in the very moment in which the rollout ended.
    if (cause instanceof ApplicationFailure && cause.type === 'AcceptedUpdateCompletedWorkflow') return ended(rollout, name, error);
    const code = cause instanceof ApplicationFailure && cause.type != null && /^[A-Z][A-Z0-9_]+$/.test(cause.type) ? cause.type : 'COMMAND_REFUSED';
    return new FinalError({ code, what: cause instanceof Error ? cause.message : error.message, where: `${name} ${rollout}`, means: 'The command was refused and did nothing.', todo: `'tidegate why ${rollout}' and 'tidegate inbox' show where it stands and what it waits for.`, cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error)) {
    const offline = name === 'rollback' ? ` If it cannot wait: 'tidegate rollback ${rollout} --offline'.` : '';
    return new TransientError({
      code: 'COMMAND_NOT_ACCEPTED', what: `Not accepted: no worker answered within ${inWords(withinMs)}.`, where: `${name} ${rollout}`,
      means: 'The command may still act when a worker is back; it acts once, however often it is repeated under its id.',
      todo: `Start a worker and repeat it with --id ${shellWord(updateId)}.${offline}`, cause: error,
    });
  }
  if (error instanceof WorkflowNotFoundError || /already completed/i.test(grpcOf(error)?.details ?? '')) {
    return ended(rollout, name, error);
  }
  return engineFailure(error, address);
}

const ended = (rollout: string, name: CommandName, cause: unknown): FinalError => new FinalError({ code: 'ROLLOUT_ENDED', what: `The rollout ${rollout} has ended.`, where: `${name} ${rollout}`, means: 'There is nothing left to command.', todo: `'tidegate status ${rollout}' shows how it ended.`, cause });
