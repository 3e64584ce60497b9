// notify: one attempt at telling. Channels are tried side by side, so a dead one delays none; what failed is returned, not thrown.
import { fillSecrets } from '../src/plan/index.js';
import { ChannelRefused, ChannelUnreachable } from '../src/channels/port.js';
import type { ChannelRef } from '../src/plan/types.js';
import { abortAfter } from './failure.js';
import type { Ports } from './ports.js';
import type { NotifyInput, NotifyResult } from './types.js';

export const notify = (ports: Ports) => async (input: NotifyInput): Promise<NotifyResult> => {
  const failed = await Promise.all(input.items.flatMap(({ message, channels }) => channels.map(async (channel) => {
    const why = await attempt(ports, channel, message);
    return why === null ? null : { key: message.key, channels: [channel], ...why };
  })));
  return { failed: failed.filter((one) => one !== null) };
};

async function attempt(ports: Ports, channel: ChannelRef, message: NotifyInput['items'][number]['message']): Promise<{ why: string; final: boolean; retryAfterMs: number | null } | null> {
  try {
    await ports.channel(channel.provider).send({ provider: channel.provider, settings: fillSecrets(channel.settings, ports.env) }, message, abortAfter(12_000));
    ports.meters.observeMessage({ channel: channel.provider, result: 'sent' });
    return null;
  } catch (error) {
    ports.meters.observeMessage({ channel: channel.provider, result: error instanceof ChannelRefused ? 'refused' : 'unreachable' });
    return { why: error instanceof Error ? error.message.slice(0, 300) : 'unknown', final: error instanceof ChannelRefused, retryAfterMs: error instanceof ChannelUnreachable ? error.retryAfterMs : null };
  }
}
