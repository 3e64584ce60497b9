// Messages on the terminal of whoever runs the worker: one block each, readable without colour. The stream is given, never found.
// Its neighbours: log.ts (for machines), webhook.ts.
import pc from 'picocolors';
import { z } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import { ChannelUnreachable, type ChannelProvider, type Message } from './port.js';
import { problemsOf } from './settings.js';
import { answerCommand, harmless, instant } from './text.js';

export const schema: ProviderSchema = { settings: z.strictObject({}), shorthand: null };

/** A stream like standard error. Whoever gives it listens to its 'error' event. */
export interface Terminal { write(text: string, done: (error?: Error | null) => void): unknown; readonly isTTY?: boolean }

/** Keys of messages already shown: a repetition is dropped here as any receiver may drop it. */
const REMEMBERED = 1_000;

export function createTerminal(stream: Terminal): ChannelProvider {
  const shown = new Set<string>();
  return {
    name: 'terminal',
    check: (channel) => problemsOf(schema, channel.settings),
    async send(_channel, message, signal) {
      if (signal.aborted) throw unreachable('given up before it was written');
      if (shown.has(message.key)) return;
      const block = blockOf(message, stream.isTTY === true);
      await new Promise<void>((resolve, reject) => { stream.write(block, (error) => { if (error === null || error === undefined) resolve(); else reject(unreachable(`it could not be written (${(error as NodeJS.ErrnoException).code ?? error.name})`)); }); });
      shown.add(message.key);
      for (const oldest of shown) { if (shown.size <= REMEMBERED) break; shown.delete(oldest); }
    },
  };
}

const COLOURS: Record<Message['severity'], 'cyan' | 'yellow' | 'red' | 'magenta'> = { info: 'cyan', warning: 'yellow', critical: 'red', emergency: 'red', ask: 'magenta' };

function blockOf(message: Message, colourful: boolean): string {
  const colours = pc.createColors(colourful);
  const mark = colours.bold(colours[COLOURS[message.severity]](`[${message.severity}]`));
  const place = [message.rollout, message.phase].filter((part) => part !== null).map((part) => harmless(part)).join(' · ');
  const lines = [`${mark} ${place} · ${instant(message.at)}`, `  ${colours.bold(harmless(message.title).replaceAll('\n', ' '))}`];
  for (const line of harmless(message.body).split('\n')) if (line.trim() !== '') lines.push(`  ${line}`);
  if (message.to.length > 0) lines.push(colours.dim(`  to ${message.to.map(harmless).join(', ')}`));
  const command = answerCommand(message);
  if (command !== null) lines.push(`  → ${command}`);
  return `${lines.join('\n')}\n`;
}

function unreachable(what: string): ChannelUnreachable {
  return new ChannelUnreachable({ code: 'TERMINAL_UNREACHABLE', where: 'the terminal', what: `${what}.`, means: 'The message was not shown; the rollout goes on.', todo: 'Give the plan a channel that reaches people who are not at this terminal.' });
}
