// How long a server asks to be left alone. Used by patient.ts and by channels.
import type { HttpAnswer } from './client.js';

/** A server that asks for more than a day is not waited for that long. */
const LONGEST_MS = 24 * 3_600_000;

/**
 * `Retry-After` in milliseconds: seconds, or a date, which is compared with the server's own clock where it tells it.
 * @param now for a server that does not; null: such a date says nothing
 */
export function retryAfterMs(answer: HttpAnswer, now: (() => number) | null): number | null {
  const value = answer.header('retry-after');
  if (value === null) return null;
  const inSeconds = secondsAsMs(value);
  if (inSeconds !== null) return inSeconds;
  const until = Date.parse(value);
  const theirs = Date.parse(answer.header('date') ?? '');
  const from = Number.isNaN(theirs) ? now?.() ?? Number.NaN : theirs;
  return Number.isNaN(until - from) ? null : Math.min(Math.max(0, until - from), LONGEST_MS);
}

/** Null: no whole number of seconds. */
export function secondsAsMs(value: string | null): number | null { return value !== null && /^\s*\d+\s*$/.test(value) ? Math.min(Number(value) * 1_000, LONGEST_MS) : null; }
