// Follow-ups and reviews that a rollout of 0.1.0 began, in Temporal's histories and schedules: they go on exactly as they began.
import { condition, defineUpdate, setHandler } from '@temporalio/workflow';
import type { Message } from '../src/channels/port.js';
import type { FollowUpInput } from '../activities/types.js';
import type { ChannelRef, Review } from '../src/plan/types.js';
import type { By } from './messages.js';
import { teller } from './options.js';

const done = defineUpdate<string, [By]>('done');

export async function followUpOf010(input: FollowUpInput): Promise<{ doneBy: string; late: boolean }> {
  const { followUp: work, startedAt } = input;
  let finished: By | null = null;
  setHandler(done, (by) => { finished = by; return `${work.title} is done, says ${by.by}`; });
  const dueAt = startedAt + work.withinMs;
  const tell = async (topic: string, title: string, to: readonly string[], severity: Message['severity']): Promise<void> => {
    await teller.notify({ items: [{ message: { key: `${input.rollout}/follow-up/${work.id}/${topic}/${to.join('+')}`, rollout: input.rollout, phase: null, severity, topic, title, body: input.reason, to, ask: null, answers: null, at: Date.now() }, channels: input.channels }] });
  };
  const until = async (at: number): Promise<boolean> => { const remaining = at - Date.now(); if (remaining > 0) await condition(() => finished !== null, remaining); return finished !== null; };

  await tell('follow-up', `${input.rollout}: ${work.title}, due ${new Date(dueAt).toISOString()}`, work.who, 'warning');
  for (const share of [0.5, 0.8]) {
    if (await until(startedAt + work.withinMs * share)) break;
    await tell(`follow-up-reminder-${share}`, `${input.rollout}: ${work.title} is due ${new Date(dueAt).toISOString()}`, work.who, 'warning');
  }
  const inTime = await until(dueAt);
  if (!inTime) for (const person of input.escalation) await tell('follow-up-late', `${input.rollout}: ${work.title} is LATE`, [person], 'critical');
  await condition(() => finished !== null);
  return { doneBy: finished!['by'], late: !inTime };
}

export async function reviewOf010(input: { readonly rollout: string; readonly review: Review; readonly channels: readonly ChannelRef[] }): Promise<void> {
  const at = Date.now();
  const message: Message = { key: `${input.rollout}/review/${input.review.id}/${at}`, rollout: input.rollout, phase: null, severity: 'info', topic: 'review', title: `${input.rollout}: ${input.review.title}`, body: input.review.tasks.map((task) => `- ${task}`).join('\n'), to: input.review.who, ask: null, answers: null, at };
  await teller.notify({ items: [{ message, channels: input.channels }] });
}
