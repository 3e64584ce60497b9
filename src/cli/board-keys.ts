// What a key means on the board: CONTINUE, ROLLBACK, PAUSE, each asked once more before it acts. Pure: a reducer from keys to actions;
// live-board.ts carries the actions out.
import type { CommandName } from '../../workflows/messages.js';
import { isEnded, type ShownStatus } from './shown-status.js';

/** `words`: what it does, as a question without its mark: 'Take everything back to the start' */
export interface BoardAction { readonly name: CommandName; readonly payload: Readonly<Record<string, unknown>>; readonly words: string; /** for an ask: who answers, where the board says it */ readonly as: string | null }
export interface KeyState { readonly asking: BoardAction | null; /** what `n` does instead of the asked action; null: nothing */ readonly otherwise: BoardAction | null; readonly said: string | null }
export type KeyEffect = { readonly kind: 'none' } | { readonly kind: 'leave' } | { readonly kind: 'act'; readonly action: BoardAction };

export type SpeakFor = (ask: ShownStatus['asks'][number]) => string | null;

export const noKeys: KeyState = { asking: null, otherwise: null, said: null };
const none: KeyEffect = { kind: 'none' };

/** @param speakFor who gives an answer when a key does; null: whoever sits here */
export function pressKey(state: KeyState, key: string, status: ShownStatus, speakFor: SpeakFor = () => null): { readonly state: KeyState; readonly effect: KeyEffect } {
  if (state.asking !== null) {
    if (key === 'y' || key === 'Y') return { state: noKeys, effect: { kind: 'act', action: state.asking } };
    if ((key === 'n' || key === 'N') && state.otherwise !== null) return { state: noKeys, effect: { kind: 'act', action: state.otherwise } };
    return { state: { ...noKeys, said: `not done: ${state.asking.words}` }, effect: none };
  }
  if (key === 'q') return { state: noKeys, effect: { kind: 'leave' } };
  if (isEnded(status.state)) return { state, effect: none };
  switch (key) {
    case 'c': return { state: goOn(status, speakFor), effect: none };
    case 'r': return { state: { ...noKeys, asking: { name: 'rollback', payload: {}, words: 'Take everything back to the start', as: null } }, effect: none };
    case 'p': return status.state === 'paused'
      ? { state: { ...noKeys, said: 'it is paused already; c continues' }, effect: none }
      : { state: { ...noKeys, asking: { name: 'pause', payload: {}, words: 'Pause', as: null } }, effect: none };
    default: return { state, effect: none };
  }
}

function goOn(status: ShownStatus, speakFor: SpeakFor): KeyState {
  if (status.state === 'paused') return { ...noKeys, asking: { name: 'resume', payload: {}, words: 'Go on', as: null } };
  const ask = status.asks.find((one) => one.kind !== 'acknowledge');
  if (ask !== undefined) return { ...noKeys, asking: answerTo(ask, speakFor(ask)) };
  if (status.hold !== null) return { ...noKeys, asking: { name: 'resume', payload: {}, words: `Go on although: ${status.hold.message}`, as: null } };
  return { ...noKeys, said: 'nothing waits for a person: it goes on by itself' };
}

/** The healthy answer to an ask, as a command. */
export function answerTo(ask: ShownStatus['asks'][number], as: string | null): BoardAction {
  const words = `${ask.question.replace(/[?.]$/, '')}: ${ask.healthy}${as === null ? '' : `, says ${as}`}`;
  if (ask.healthy === 'approve') return { name: 'approve', payload: { ask: ask.ask }, words, as };
  return { name: 'answer', payload: { ask: ask.ask, value: ask.healthy }, words, as };
}
export function rejectionOf(ask: ShownStatus['asks'][number], as: string | null): BoardAction | null {
  return ask.options.includes('reject') ? { name: 'reject', payload: { ask: ask.ask }, words: `${ask.question.replace(/[?.]$/, '')}: reject`, as } : null;
}
