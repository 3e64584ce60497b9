// Messages as structured lines in the worker's own log: for machines that collect logs, and as the record of what people were told.
// Its neighbours: terminal.ts (for people), webhook.ts.
import { z } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import { ChannelUnreachable, type ChannelProvider, type Message } from './port.js';
import { problemsOf } from './settings.js';
import { harmless } from './text.js';

export const schema: ProviderSchema = { settings: z.strictObject({}), shorthand: null };

/** Takes the line for people and the fields for machines; must not throw for what it is given. */
export type LogLine = (line: string, fields: Readonly<Record<string, unknown>>) => void;

export function createLog(log: LogLine): ChannelProvider {
  return {
    name: 'log',
    check: (channel) => problemsOf(schema, channel.settings),
    async send(_channel, message: Message, signal) {
      const failure = (what: string): ChannelUnreachable => new ChannelUnreachable({ code: 'LOG_UNREACHABLE', where: 'the log', what: `${what}.`, means: 'The message is not in the log; the rollout goes on.' });
      if (signal.aborted) throw failure('given up before it was written');
      const { key, rollout, phase, severity, topic, title, body, to, ask, at } = message;
      // whose log it is may itself be out of order: that is this channel's trouble, not the rollout's
      try { log(harmless(title), { key, rollout, phase, severity, topic, title, body, to, ask, at: new Date(at).toISOString() }); } catch (cause) { throw failure(`it could not be written (${cause instanceof Error ? cause.name : 'unknown'})`); }
    },
  };
}
