// One table of activity options, each row with the reason for its numbers. "May it be repeated?" decides the row.
import { proxyActivities, ActivityCancellationType, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';
import { hostQueue } from './messages.js';

/** When more is due than the workers can do, what takes a change back goes first and what is only written down goes last. */
const first = { priorityKey: 1 };
const last = { priorityKey: 4 };

/** Pure or nearly so (resolving, calendar): a failure is a bad plan (not retried, by its type) or a worker that died. */
const quick: ActivityOptions = { startToCloseTimeout: 30_000, retry: { initialInterval: 200, maximumInterval: 10_000, nonRetryableErrorTypes: ['PLAN_INVALID', 'LAUNCH_TOO_SOON', 'TARGET_CLAIMED', 'ROLLOUT_CLAIMED'] } };
/** Reading changes nothing: repeated five times, then a person hears of it. */
const reading: ActivityOptions = { startToCloseTimeout: 60_000, cancellationType: ActivityCancellationType.TRY_CANCEL, retry: { initialInterval: 500, backoffCoefficient: 2, maximumAttempts: 5 } };
/** The journal and the outbox wait for ever: what happened must be written, however late (promise 8). */
const recording: ActivityOptions = { startToCloseTimeout: 30_000, priority: last, retry: { initialInterval: 250, backoffCoefficient: 2, maximumInterval: 30_000, nonRetryableErrorTypes: ['JOURNAL_FORKED'] } };

export const activities = proxyActivities<Activities>(quick);
export const readers = proxyActivities<Activities>(reading);
/** A target of one host is read by that host's worker. */
export const reader = (on: string | null) => proxyActivities<Activities>({ ...reading, ...(on === null ? {} : { taskQueue: hostQueue(on) }) });
export const recorder = proxyActivities<Activities>(recording);
/** One attempt at telling everybody; what failed comes back and is tried again by the outbox at its own pace. */
export const teller = proxyActivities<Activities>({ startToCloseTimeout: 45_000, retry: { initialInterval: 1_000, maximumAttempts: 3 } });
/** Taking over a watch's memory waits out an attempt that is in flight (30 s at most), then describes. */
export const taker = proxyActivities<Activities>({ startToCloseTimeout: 45_000, retry: { initialInterval: 100, maximumInterval: 2_000, maximumAttempts: 8 } });

/** No attempt at a write or an undo is alive for longer. */
export const longestAttemptMs = (writeTimeoutMs: number): number => writeTimeoutMs * 2 + 20_000;
/**
 * A forward write: the attempt aborts itself after the target's `writeTimeoutMs`, reads back, and is repeated at most three times (each
 * repetition reads first; already-so is success). startToClose lies above the abort, so that no attempt outlives its timeout.
 */
export const writer = (writeTimeoutMs: number, on: string | null) => proxyActivities<Activities>({
  startToCloseTimeout: longestAttemptMs(writeTimeoutMs), cancellationType: ActivityCancellationType.TRY_CANCEL, taskQueue: on === null ? undefined : hostQueue(on),
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumAttempts: 3, nonRetryableErrorTypes: ['TargetRefused', 'TargetConflict', 'TargetNeedsPerson'] },
});
/** An undo: two quick attempts a round; the rounds are the workflow's (compensation.ts), for as long as it takes. */
export const undoer = (writeTimeoutMs: number, on: string | null) => proxyActivities<Activities>({
  startToCloseTimeout: longestAttemptMs(writeTimeoutMs), cancellationType: ActivityCancellationType.TRY_CANCEL, priority: first, taskQueue: on === null ? undefined : hostQueue(on),
  retry: { initialInterval: 250, backoffCoefficient: 2, maximumAttempts: 2, nonRetryableErrorTypes: ['TargetNeedsPerson'] },
});
/** A command with its own limit; whether it may be repeated is the plan's word, so one attempt here. */
export const runner = (timeoutMs: number, on: string | null) => proxyActivities<Activities>({ startToCloseTimeout: timeoutMs + 20_000, taskQueue: on === null ? undefined : hostQueue(on), retry: { maximumAttempts: 1 } });
/**
 * A step of the story: like a command, but its heartbeat tells within seconds that its worker has died, and lets a rollback kill it. Its
 * cancellation is waited for: what takes it back must not run beside it. One that no worker takes is told, not waited for for ever.
 */
export const stepper = (timeoutMs: number, on: string | null) => proxyActivities<Activities>({
  startToCloseTimeout: timeoutMs + 20_000, scheduleToStartTimeout: 15 * 60_000, heartbeatTimeout: 10_000, cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED, taskQueue: on === null ? undefined : hostQueue(on), retry: { maximumAttempts: 1 },
});
/** A check is paced, and let go, like a repeated command; it returns when what it finds has changed. */
export const checker = (timeoutMs: number, on: string | null) => proxyActivities<Activities>({
  startToCloseTimeout: timeoutMs + 30_000, cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED, taskQueue: on === null ? undefined : hostQueue(on), retry: { initialInterval: 5_000, backoffCoefficient: 2, maximumInterval: 60_000 },
});
/** The watch: one attempt is one look; a healthy look throws a benign failure that names the next one. The interval below paces crashes only. */
export const watcher = (activityId: string, cadenceMs: number, summary: string) => proxyActivities<Activities>({
  activityId, summary, startToCloseTimeout: 30_000, heartbeatTimeout: undefined, cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: Math.max(100, Math.min(cadenceMs, 5_000)), backoffCoefficient: 1 },
});
/**
 * A guard of protected targets: paced like the watch, on the queue of their host. An attempt that nobody takes is the one thing of which no attempt can tell,
 * so on a host's own queue it ends by itself. Its cancellation is waited for, as that of a repeated command.
 */
export const guarder = (activityId: string, everyMs: number, on: string | null, summary: string) => proxyActivities<Activities>({
  activityId, summary, startToCloseTimeout: 30_000, cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED, ...(on === null ? {} : { taskQueue: hostQueue(on), scheduleToStartTimeout: everyMs + 60_000 }),
  retry: { initialInterval: Math.max(100, Math.min(everyMs, 5_000)), backoffCoefficient: 1 },
});
/** A restoration is as urgent as an undo; where nobody takes it, that is told and tried again at the next look. */
export const restorer = (writeTimeoutMs: number, on: string | null) => proxyActivities<Activities>({
  startToCloseTimeout: longestAttemptMs(writeTimeoutMs), scheduleToStartTimeout: 60_000, cancellationType: ActivityCancellationType.TRY_CANCEL, priority: first, taskQueue: on === null ? undefined : hostQueue(on),
  retry: { initialInterval: 250, backoffCoefficient: 2, maximumAttempts: 3, nonRetryableErrorTypes: ['TargetRefused', 'TargetNeedsPerson'] },
});
/** A repeated command is paced like the watch. Its cancellation is waited for, so that a run that is continued as new leaves none behind. */
export const repeater = (timeoutMs: number, everyMs: number, on: string | null) => proxyActivities<Activities>({
  startToCloseTimeout: timeoutMs + 20_000, cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED, taskQueue: on === null ? undefined : hostQueue(on), retry: { initialInterval: Math.min(everyMs, 60_000), backoffCoefficient: 1 },
});
