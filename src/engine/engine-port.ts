// What activities need of Temporal itself (activities/ports.ts), by a client: pending watches, claims, schedules of reviews, follow-ups.
import { Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type ScheduleSpec } from '@temporalio/client';
import { defaultPayloadConverter, defineSearchAttributeKey } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { DateTime } from 'luxon';
import type { EnginePort } from '../../activities/ports.js';
import type { FollowUpInput, IncidentInput, ReviewsInput } from '../../activities/types.js';
import { FinalError } from '../errors.js';
import { reviewDates } from '../plan/index.js';
import type { Review } from '../plan/types.js';
import { incidentWorkflowId, taskQueue, type searchAttributes } from '../../workflows/messages.js';

/** Somebody else holds what this rollout would move. */
export class ClaimTaken extends FinalError {}

/** PENDING_ACTIVITY_STATE_STARTED: an attempt is under way; every other pending state waits for its next attempt. */
const started = 2;

export function enginePort(client: Client): EnginePort {
  return {
    async pending(workflowId, activityId) {
      const description = await client.workflow.getHandle(workflowId).describe();
      const found = description.raw.pendingActivities?.find((activity) => activity.activityId === activityId);
      if (found == null) return null;
      const payload = found.heartbeatDetails?.payloads?.[0];
      return { ...attemptOf(found), details: payload == null ? null : defaultPayloadConverter.fromPayload(payload) };
    },
    claim: (key, rollout, workflowId) => claim(client, key, rollout, workflowId),
    protect: (name, rollout, workflowId) => protect(client, name, rollout, workflowId),
    unprotected: (name, workflowId) => unprotected(client, name, workflowId),
    async release(key, workflowId) {
      try {
        await client.workflow.getHandle(claimId(key)).signal('release', workflowId);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error; // free already
      }
    },
    scheduleReviews: (input) => scheduleReviews(client, input),
    startFollowUp: (input) => startFollowUp(client, input),
    startIncident: (input) => startIncident(client, input),
  };
}

/** What the server tells of a pending activity. Between two attempts it forgets when the last one began, but not that there was one. */
export function attemptOf(found: { readonly state?: number | null; readonly attempt?: number | null; readonly lastStartedTime?: Instant | null; readonly lastHeartbeatTime?: Instant | null }): { readonly running: boolean; readonly begun: boolean } {
  return { running: found.state === started && !saidSomething(found), begun: (found.attempt ?? 1) > 1 || found.lastStartedTime != null };
}

/**
 * The time-skipping test server calls an activity started while it waits for its next attempt. A watch heartbeats once, as its attempt's last
 * act: a heartbeat younger than the attempt's start means that it has ended.
 */
function saidSomething({ lastHeartbeatTime, lastStartedTime }: { readonly lastHeartbeatTime?: Instant | null; readonly lastStartedTime?: Instant | null }): boolean {
  return lastHeartbeatTime != null && lastStartedTime != null && msOf(lastHeartbeatTime) >= msOf(lastStartedTime);
}
type Instant = NonNullable<Parameters<typeof tsToMs>[0]>;
const msOf = (instant: Instant): number => tsToMs(instant);

const claimId = (key: string): string => `claim/${key}`;

async function claim(client: Client, key: string, rollout: string, holder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.workflow.start('claim', { workflowId: claimId(key), taskQueue, args: [holder], workflowIdConflictPolicy: 'FAIL', workflowIdReusePolicy: 'ALLOW_DUPLICATE', memo: { holder, rollout }, staticSummary: `${key} is held by ${holder}` });
      return;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const handle = client.workflow.getHandle(claimId(key));
    const taken = await handle.describe();
    const by = taken.memo?.['holder'];
    if (by === holder || typeof by !== 'string') return;
    if (attempt > 3 || (await isOpen(client, by))) {
      throw new ClaimTaken({ code: key.startsWith('rollout/') ? 'ROLLOUT_CLAIMED' : 'TARGET_CLAIMED', what: `${key} is held by the rollout ${String(taken.memo?.['rollout'])} (workflow ${by}).`, means: 'This rollout was not started; nothing was moved.', todo: `Wait until ${by} has ended, or stop it, then start again.` });
    }
    // Its holder is gone (terminated, perhaps): the claim is taken over.
    await handle.terminate(`its holder ${by} has ended`).catch(() => undefined);
  }
}

/** Several rollouts may protect one target: each takes the first free of so many places, which whoever would move it looks into. */
const places = 8;
const placeOf = (name: string, place: number): string => `protected/${name}/${place}`;

async function protect(client: Client, name: string, rollout: string, holder: string): Promise<string> {
  for (let place = 1; ; place++) {
    try {
      await claim(client, placeOf(name, place), rollout, holder);
    } catch (error) {
      if (error instanceof ClaimTaken && place < places) continue;
      throw error;
    }
    const mover = await holderOf(client, `target/${name}`);
    if (mover === null || mover.workflowId === holder) return placeOf(name, place);
    await client.workflow.getHandle(claimId(placeOf(name, place))).signal('release', holder).catch(() => undefined);
    throw new ClaimTaken({ code: 'TARGET_CLAIMED', what: `${name} is moved by the rollout ${mover.rollout} (workflow ${mover.workflowId}), and this one would protect it.`, means: 'This rollout was not started; nothing was moved.', todo: `Wait until ${mover.workflowId} has ended, or stop it, then start again.` });
  }
}

async function unprotected(client: Client, name: string, workflowId: string): Promise<void> {
  const protectors = await Promise.all(Array.from({ length: places }, (_, index) => holderOf(client, placeOf(name, index + 1))));
  for (const protector of protectors) {
    if (protector === null || protector.workflowId === workflowId) continue;
    throw new ClaimTaken({ code: 'TARGET_PROTECTED', what: `${name} is protected by the rollout ${protector.rollout} (workflow ${protector.workflowId}), for which it is read only.`, means: 'This rollout was not started; nothing was moved.', todo: `Wait until ${protector.workflowId} has ended, or stop it, then start again.` });
  }
}

/** Who holds a claim and is still running; null: nobody. */
async function holderOf(client: Client, key: string): Promise<{ readonly rollout: string; readonly workflowId: string } | null> {
  try {
    const { status, memo } = await client.workflow.getHandle(claimId(key)).describe();
    const by = memo?.['holder'];
    return status.name === 'RUNNING' && typeof by === 'string' && (await isOpen(client, by)) ? { rollout: String(memo?.['rollout']), workflowId: by } : null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function isOpen(client: Client, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function scheduleReviews(client: Client, input: ReviewsInput): Promise<string[]> {
  const ids: string[] = [];
  for (const review of input.reviews) {
    const scheduleId = `review/${input.rollout}/${review.id}`;
    const spec = specOf(review, input);
    const action = { type: 'startWorkflow', workflowType: 'review', workflowId: scheduleId, taskQueue, args: [{ rollout: input.rollout, review, channels: input.channels, after: input.after, endedAt: input.endedAt }], typedSearchAttributes: belongsTo(input.rollout) } as const;
    // The next occurrence ends the one that was not done, which tells so.
    const policies = { overlap: ScheduleOverlapPolicy.CANCEL_OTHER, catchupWindow: '1 day' } as const;
    const state = { note: `${review.title}: ${review.tasks.join('; ')}`, ...(review.times === null ? {} : { remainingActions: review.times }) };
    try {
      await client.schedule.create({ scheduleId, spec, action, policies, state });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      // A repeated attempt finds its own; another rollout of this id has ended since the one that left it.
      const standing = client.schedule.getHandle(scheduleId);
      const [left] = ((await standing.describe()).action.args ?? []) as readonly { readonly endedAt?: number }[];
      if (left?.endedAt !== input.endedAt) await standing.update(() => ({ spec, action, policies: { ...policies, pauseOnFailure: false }, state: { ...state, paused: false } }));
    }
    ids.push(scheduleId);
  }
  return ids;
}

/** A rule of the calendar in the plan's zone: it stays at its hour across a clock change. Dates of the first come from src/plan. */
function specOf(review: Review, input: ReviewsInput): ScheduleSpec {
  const first = reviewDates(input, review, input.endedAt, 1)[0]!;
  const local = DateTime.fromMillis(first, { zone: input.timezone });
  const calendar = { hour: local.hour, minute: local.minute };
  const months = (every: number) => Array.from({ length: 12 / every }, (_, index) => ((local.month - 1 + index * every) % 12) + 1);
  const month = (every: number) => months(every).map((number) => monthNames[number - 1]!);
  // The 29th to 31st do not exist in every month; a monthly review that began on one comes on the 28th.
  const dayOfMonth = Math.min(local.day, 28);
  const common = { timezone: input.timezone, startAt: new Date(first - 60_000) };
  switch (review.every) {
    case 'once': return { ...common, calendars: [{ ...calendar, year: local.year, month: monthNames[local.month - 1]!, dayOfMonth: local.day }] };
    case 'day': return { ...common, calendars: [calendar] };
    case 'week': return { ...common, calendars: [{ ...calendar, dayOfWeek: dayNames[local.weekday % 7]! }] };
    case 'month': return { ...common, calendars: [{ ...calendar, dayOfMonth }] };
    case 'quarter': return { ...common, calendars: [{ ...calendar, dayOfMonth, month: month(3) }] };
    case 'half-year': return { ...common, calendars: [{ ...calendar, dayOfMonth, month: month(6) }] };
  }
}
const monthNames = ['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE', 'JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const;
const dayNames = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

const rolloutIdKey = defineSearchAttributeKey('RolloutId' satisfies (typeof searchAttributes)[number], 'KEYWORD');
/** So that what is left of a rollout is found by its id. */
const belongsTo = (rollout: string) => [{ key: rolloutIdKey, value: rollout }];

async function startFollowUp(client: Client, input: FollowUpInput): Promise<string> {
  // While one about the same is not done, a second would only be told twice.
  const workflowId = `follow-up/${input.rollout}/${input.followUp.id}/${input.about ?? input.startedAt}`;
  await startOnce(client, 'followUp', workflowId, input, input.rollout, `${input.followUp.title} of ${input.rollout}`);
  return workflowId;
}

async function startIncident(client: Client, input: IncidentInput): Promise<string> {
  const workflowId = incidentWorkflowId(input.rollout, input.incident);
  await startOnce(client, 'incident', workflowId, input, input.rollout, `${input.incident.id} of ${input.rollout}: ${input.incident.text}`);
  return workflowId;
}

async function startOnce(client: Client, type: string, workflowId: string, input: unknown, rollout: string, summary: string): Promise<void> {
  try {
    await client.workflow.start(type, { workflowId, taskQueue, args: [input], staticSummary: summary.slice(0, 200), typedSearchAttributes: belongsTo(rollout) });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error; // a repeated attempt finds its own
  }
}
