// Colour by meaning, never by itself: every painted word also says in letters or by its sign what the colour says.
import picocolors from 'picocolors';
import type { Sink } from './ports.js';

export type Tone = 'good' | 'bad' | 'warn' | 'faint' | 'strong' | 'plain';
export type Paint = Readonly<Record<Tone, (text: string) => string>>;

export function paintFor(sink: Pick<Sink, 'color'>): Paint {
  const c = picocolors.createColors(sink.color);
  return { good: c.green, bad: c.red, warn: c.yellow, faint: c.dim, strong: c.bold, plain: (text) => text };
}

/** Colours are for terminals; NO_COLOR (any value but the empty one) and a dumb terminal turn them off. */
export function wantsColor(isTTY: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  return isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}
