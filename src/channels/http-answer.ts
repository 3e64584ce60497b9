// What an HTTP receiver's answer means for a message: taken, refused for good, or to be tried again. Used by every channel that speaks HTTP.
// The client itself: src/http/client.ts.
import type { HttpAnswer, HttpFailureCode, HttpOutcome } from '../http/client.js';
import { retryAfterMs } from '../http/retry-after.js';
import { ChannelRefused, ChannelUnreachable } from './port.js';

export interface Receiver {
  /** begins the codes of its errors: WEBHOOK gives WEBHOOK_REFUSED */
  readonly code: string;
  /** for people: 'webhook https://host/…' */
  readonly where: string;
  /** our clock, for a date in `Retry-After` of a receiver that does not tell its own */
  readonly now: () => number;
  /** what to do about a 4xx that says no */
  readonly todo: string;
}

/** For everything together: connecting and the answer. */
export const LIMIT_MS = 10_000;

/** The answer when it is a 2xx. @throws ChannelRefused, ChannelUnreachable. `words`: what of the answer may be shown */
export function accepted(outcome: HttpOutcome, receiver: Receiver, words: (answer: HttpAnswer) => string = () => ''): HttpAnswer {
  const { code, where, todo } = receiver;
  if (outcome.kind === 'failure') {
    if (UNUSABLE.includes(outcome.code)) throw new ChannelRefused({ code: `${code}_SETTINGS`, where, what: `${outcome.detail}.`, means: 'The message was not sent.', todo: 'Correct the url and headers of this channel, or the secrets that are put into them.' });
    throw unreachable(receiver, `${outcome.detail}.`, 'If it goes on, look at the receiver and at the way to it.');
  }
  const { status } = outcome;
  if (status >= 200 && status < 300) return outcome;
  const said = words(outcome);
  const what = status >= 300 && status < 400 ? `it answers ${status}, a redirect, which is not followed.` : `it answers ${status}${said === '' ? '' : `: ${said}`}.`;
  if (status >= 400 && status < 500 && !PASSING.includes(status)) throw new ChannelRefused({ code: `${code}_REFUSED`, where, what, means: 'The message was not accepted; it is not sent again there.', todo });
  throw unreachable(receiver, what, status < 400 ? 'Give the address that it leads to.' : 'If it goes on, look at the receiver.', retryAfterMs(outcome, receiver.now));
}

/** To be sent again: nothing, or nobody knows what, has become of it. */
export function unreachable({ code, where }: Receiver, what: string, todo: string, retryAfterMs: number | null = null): ChannelUnreachable {
  return new ChannelUnreachable({ code: `${code}_UNREACHABLE`, where, what, means: 'The message will be sent again; the rollout goes on.', todo, ...(retryAfterMs === null ? {} : { retryAfterMs }) });
}

/** The JSON object in a text; null: there is none, so what was read came from somebody else or was cut off. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try { const value: unknown = JSON.parse(text); return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null; } catch { return null; }
}

/** 4xx that say 'later', not 'no'; 420 is an old word for 429. */
const PASSING: readonly number[] = [408, 420, 425, 429];
const UNUSABLE: readonly HttpFailureCode[] = ['bad-address', 'bad-header'];
