// What two runs of one plan have in common: everything but instants, lengths of time and places on this machine. Used to compare a run that
// was struck with one that was not.
import { expect } from 'vitest';
import type { Outcome, World } from './world.js';

/** Sentences of the record without what may differ: how long it took, when it was, how many looks that were. */
export function plainly(text: string, world: World): string {
  return text.replaceAll(world.home, 'HOME').replaceAll(world.outside.url, 'OUTSIDE')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'INSTANT')
    .replaceAll(/\d+(\.\d+)? (ms|s|min|h|d|seconds?|minutes?|hours?)\b( \d+ (s|min|h)\b)?/g, 'TIME')
    .replaceAll(/\d+ of \d+ samples/g, 'N of N samples')
    .replaceAll(/\d+ (looks?|samples?|points?|observations?)\b/g, 'N $1');
}

/** What was looked at when is the watch's own affair: a look just before an answer notes that it is missing, one just after does not. */
const ofTheWatch = new Set(['verdict', 'watch-summary']);
/** What the rollout itself told; a follow-up outlives it and tells for itself. */
const told = (made: Outcome) => made.delivered.filter((message) => message.rollout === made.status.rollout && !message.topic.startsWith('follow-up'));

/** Whether the baseline is still being sampled when the checklist is done is a matter of a second, and so is the hold that says so. */
const ofTheInstant = (text: string): boolean => text.includes('no baseline yet');

export interface Plain { readonly outcome: string | null; readonly share: number; readonly moves: unknown; readonly undos: unknown; readonly asks: unknown; readonly phases: unknown; readonly messages: unknown; readonly sentences: readonly string[]; readonly delivered: readonly string[]; readonly changes: unknown }

export function plain(made: Outcome, world: World): Plain {
  const { status, entries, effects } = made;
  const messages = entries.filter((entry) => entry.kind === 'message');
  return {
    outcome: status.outcome, share: made.share,
    moves: status.moves.filter((move) => move.direction === 'forward').map(({ target, phase, before, wanted, after, readBack, state }) => ({ target, phase, before, wanted, after, readBack: plainly(readBack, world), state })),
    undos: status.moves.filter((move) => move.direction === 'back').map(({ target, before, wanted, after, readBack, state }) => ({ target, before, wanted, after, readBack: plainly(readBack, world), state })),
    asks: status.asks.map(({ ask, kind, question, from, needs, options, state, result, answers }) => ({ ask, kind, question, from, needs, options, state, result, answers: answers.map(({ by, value }) => `${by}: ${value}`) })),
    phases: status.phases.map(({ phase, targets, restarts }) => ({ phase, targets, restarts })),
    messages: messages.filter((entry) => !ofTheInstant(entry.text)).map((entry) => plainly(entry.text, world)),
    sentences: entries.filter((entry) => !ofTheWatch.has(entry.kind) && !ofTheInstant(entry.text)).map((entry) => `${entry.kind} ${entry.phase} ${entry.actor}: ${plainly(entry.text, world)}`),
    delivered: [...new Set(told(made).filter((message) => !ofTheInstant(message.title)).map((message) => `${message.topic}: ${plainly(message.title, world)}`))].sort(),
    // Only what changed the target: an attempt that finds it so already changes nothing.
    changes: effects.filter((effect) => effect.changed).map(({ target, value, key }) => ({ target, value, key })),
  };
}

/** What holds for every run, struck or not. */
export function sound(made: Outcome): void {
  const { status, chain, entries } = made;
  expect(chain.problems).toEqual([]);
  expect(chain.ok).toBe(true);
  expect(status.unsent).toEqual({ journal: 0, messages: 0 });
  expect(entries.at(-1)?.kind).toBe('ended');
  expect(entries.filter((entry) => entry.kind === 'started')).toHaveLength(1);
  // A message has one key and one text, however often it was delivered, and each was delivered.
  const texts = new Map<string, string>();
  for (const message of told(made)) expect(texts.set(message.key, texts.get(message.key) ?? message.title).get(message.key)).toBe(message.title);
  expect(texts.size).toBe(status.messages);
  for (const phase of status.phases) if (phase.endedAt !== null) expect(phase.cleanMs).toBeGreaterThan(0);
}
