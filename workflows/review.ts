// A review: started by its schedule, tells the people and their tasks. It outlives the rollout it belongs to.
import type { Message } from '../src/channels/port.js';
import type { ChannelRef, Review } from '../src/plan/types.js';
import { teller } from './options.js';

export async function review(input: { readonly rollout: string; readonly review: Review; readonly channels: readonly ChannelRef[] }): Promise<void> {
  const at = Date.now();
  const message: Message = { key: `${input.rollout}/review/${input.review.id}/${at}`, rollout: input.rollout, phase: null, severity: 'info', topic: 'review', title: `${input.rollout}: ${input.review.title}`, body: input.review.tasks.map((task) => `- ${task}`).join('\n'), to: input.review.who, ask: null, answers: null, at };
  await teller.notify({ items: [{ message, channels: input.channels }] });
}
