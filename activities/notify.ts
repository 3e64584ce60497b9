// notify: one attempt at telling. Channels are tried side by side, so a dead one delays none; what failed is returned, not thrown.
import { fillSecrets } from '../src/plan/index.js';
import { ChannelRefused, ChannelUnreachable } from '../src/channels/port.js';
import type { ChannelRef, JsonValue } from '../src/plan/types.js';
import { abortAfter } from './failure.js';
import type { Ports } from './ports.js';
import { receiptKey } from '../workflows/messages.js';
import type { NotifyInput, NotifyResult } from './types.js';

export const notify = (ports: Ports) => async (input: NotifyInput): Promise<NotifyResult> => {
  const failed: NotifyResult['failed'][number][] = [];
  const receipts: NonNullable<NotifyResult['receipts']>[number][] = [];
  await Promise.all(input.items.flatMap(({ message, channels, earlier }) => channels.map(async (channel) => {
    const one = await attempt(ports, channel, message, earlier?.[receiptKey(channel)] ?? null);
    if ('why' in one) failed.push({ key: message.key, channels: [channel], ...one });
    else if (one.receipt !== null && message.ask !== null) receipts.push({ ask: message.ask, channel: receiptKey(channel), receipt: one.receipt });
  })));
  return receipts.length === 0 ? { failed } : { failed, receipts };
};

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
