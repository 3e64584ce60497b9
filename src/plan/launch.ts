// The launch: one instant that steps of a plan are set against, `launch`, `launch - 2h`, `launch + 30m`. When it is: resolve-launch.ts.
import type { EpochMs, Ms } from '../judgement/types.js';
import { parseDuration } from './durations.js';
import type { Place } from './problems.js';
import type { Reading } from './reading.js';

export interface LaunchUse { readonly place: Place; readonly text: string; /** below zero: before the launch */ readonly offsetMs: Ms; readonly at: EpochMs }
export interface Launch {
  /** null: the plan has none, and none was given */
  readonly at: EpochMs | null;
  /** everything that is set against it, in the order it was read */
  readonly uses: LaunchUse[];
}

export const namesLaunch = (text: string): boolean => /^\s*launch\b/.test(text);

/** No step is further from its launch. */
const furthest: Ms = 3660 * 86_400_000;

/** The instant of `launch - 2h`; null (and a problem) when the text is none or there is no launch. */
export function launchAt(reading: Pick<Reading, 'launch' | 'problems'>, text: string, place: Place): EpochMs | null {
  const read = /^\s*launch(?:\s*([+-])\s*(.+?))?\s*$/.exec(text);
  const [, sign, length] = read ?? [];
  const ms = length === undefined ? 0 : parseDuration(length);
  if (read === null || ms === null || ms > furthest) {
    reading.problems.add(place, 'WRONG_DAY', `“${text}” is no time around the launch: write “launch”, “launch - 2h” or “launch + 30m”`);
    return null;
  }
  const { at, uses } = reading.launch;
  if (at === null) {
    reading.problems.add(place, 'MISSING_LAUNCH', `“${text}” needs a launch: add “launch: day 1 at 10:00” to the plan, or give --launch '2026-12-01 10:00' (or now)`);
    return null;
  }
  const offsetMs = sign === '-' ? -ms : ms;
  uses.push({ place, text: text.trim(), offsetMs, at: at + offsetMs });
  return at + offsetMs;
}

/** `latest` is a limit and no step: nothing is done at it. */
export const launchSteps = ({ uses }: Launch): readonly LaunchUse[] => uses.filter(({ place }) => place.at(-1) !== 'latest');

/** How long before the launch its first step is; 0 when none comes before it. */
export const launchLeadMs = (launch: Launch): Ms => Math.max(0, ...launchSteps(launch).map(({ offsetMs }) => -offsetMs));
