// notify: one attempt at telling. Channels are tried side by side, so a dead one delays none; what failed is returned, not thrown.
import type { Ms } from '../src/judgement/types.js';
import { fillSecrets, quietUntil } from '../src/plan/index.js';
import { ChannelRefused, ChannelUnreachable } from '../src/channels/port.js';
import type { ChannelRef, JsonValue } from '../src/plan/types.js';
import { abortAfter } from './failure.js';
import type { Ports } from './ports.js';
import { receiptKey } from '../workflows/messages.js';
import type { NotifyInput, NotifyResult } from './types.js';

/** Left for answering in the morning; a question with less than that is asked at night. */
const timeToAnswerMs = 3_600_000;

export const notify = (ports: Ports) => async (input: NotifyInput): Promise<NotifyResult> => {
  const failed: NotifyResult['failed'][number][] = [];
  const receipts: NonNullable<NotifyResult['receipts']>[number][] = [];
  await Promise.all(input.items.flatMap(({ message, channels, earlier }) => channels.map(async (channel) => {
    const until = input.now === true ? null : await quietFor(ports.clock, channel, message);
    const one = until !== null ? { why: 'quiet hours', final: false, retryAfterMs: until, quiet: true } : await attempt(ports, channel, message, earlier?.[receiptKey(channel)] ?? null);
    if ('why' in one) failed.push({ key: message.key, channels: [channel], ...one });
    else if (one.receipt !== null && message.ask !== null) receipts.push({ ask: message.ask, channel: receiptKey(channel), receipt: one.receipt });
  })));
  return receipts.length === 0 ? { failed } : { failed, receipts };
};

/** How long a message waits for the end of a person's quiet hours. What is critical, and a question that must be answered before then, does not. */
export async function quietFor(clock: Ports['clock'], { quiet }: ChannelRef, { severity, answers }: NotifyInput['items'][number]['message']): Promise<Ms | null> {
  if (quiet === undefined || severity === 'critical' || severity === 'emergency') return null;
  const now = await clock.now();
  const until = quietUntil(quiet, now);
  if (until === null || (answers?.withinMs != null && now + answers.withinMs < until + timeToAnswerMs)) return null;
  return until - now;
}

async function attempt(ports: Ports, channel: ChannelRef, message: NotifyInput['items'][number]['message'], earlier: JsonValue): Promise<{ receipt: JsonValue } | { why: string; final: boolean; retryAfterMs: number | null }> {
  try {
    const receipt = await ports.channel(channel.provider).send({ provider: channel.provider, settings: fillSecrets(channel.settings, ports.env) }, message, abortAfter(12_000), earlier);
    ports.meters.observeMessage({ channel: channel.provider, result: 'sent' });
    return { receipt: receipt ?? null };
  } catch (error) {
    ports.meters.observeMessage({ channel: channel.provider, result: error instanceof ChannelRefused ? 'refused' : 'unreachable' });
    return { why: error instanceof Error ? error.message.slice(0, 300) : 'unknown', final: error instanceof ChannelRefused, retryAfterMs: error instanceof ChannelUnreachable ? error.retryAfterMs : null };
  }
}
