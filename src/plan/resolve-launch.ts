// When the launch is and which day is day 1: by the plan, by --launch and --day-1, and never by both in two ways. What a launch is: launch.ts.
import { DateTime } from 'luxon';
import type { EpochMs } from '../judgement/types.js';
import { readSyntax } from './condition-syntax.js';
import { launchLeadMs, launchSteps, namesLaunch } from './launch.js';
import { valueAt, type Place } from './problems.js';
import { dateAt, dayAt, type Reading } from './reading.js';

/** What was given beside the plan. A launch as a number is that of a rollout that runs: it stands, whatever the plan says now. */
export interface Given { readonly now: EpochMs; readonly day1: string | null; readonly launch: string | EpochMs | null }

export const isNow = (launch: string | EpochMs | null | undefined): boolean => typeof launch === 'string' && launch.trim() === 'now';

/** @param base a reading whose day 1 is today and that has no launch yet */
export function placeLaunch(base: Reading, given: Given, runs: boolean): Pick<Reading, 'day1' | 'launch'> {
  const { problems, zone, day1: today } = base;
  const written = base.file.launch;
  const planned = written === undefined || isNow(written) ? null : readSyntax('Day', written);
  const plannedDay = planned !== null && 'syntax' in planned ? planned.syntax.day.value : null;
  const fixed = given.launch !== null ? givenLaunch(base, given.launch) : written !== undefined && plannedDay === null ? plannedInstant(base, written) : null;

  const wanted = given.day1 === null ? null : dayOf(base, given.day1);
  const derived = fixed === null ? null : DateTime.fromMillis(fixed, { zone }).startOf('day').minus({ days: (plannedDay ?? 1) - 1 });
  const day1 = wanted ?? derived ?? today;
  if (wanted !== null && derived !== null && !runs) {
    if (plannedDay !== null && wanted.toMillis() !== derived.toMillis()) problems.add([], 'LAUNCH_CONTRADICTS', `the plan says “launch: ${written!}”, so a launch at ${inZone(zone, fixed!)} makes ${derived.toISODate()} day 1, but --day-1 is ${given.day1!}: give one of the two`);
    else if (fixed! < wanted.toMillis()) problems.add([], 'LAUNCH_CONTRADICTS', `the launch at ${inZone(zone, fixed!)} comes before day 1 (--day-1 ${given.day1!}): give one of the two`);
  }
  const at = fixed ?? (plannedDay === null ? null : plannedOnDay({ ...base, day1 }, written!));
  // a launch that was given and cannot be read is one problem, not one at every step
  return { day1, launch: { at: at ?? (written !== undefined || given.launch !== null ? day1.toMillis() : null), uses: [] } };
}

function givenLaunch(base: Reading, given: string | EpochMs): EpochMs | null {
  if (typeof given === 'number') return given;
  const [date, , clock, offset] = /^\s*\d{4}-\d{2}-\d{2}([T ]+)(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?\s*$/.exec(given) ?? [];
  if (date !== undefined && offset !== undefined) { const at = DateTime.fromISO(date.trim().replace(/ +/, 'T')); if (at.isValid) return at.toMillis(); }
  else if (date !== undefined && /^\d{1,2}:\d{2}$/.test(clock!)) return dateAt(base, given, [], false);
  base.problems.add([], 'IMPOSSIBLE_TIME', `the launch cannot be “${given}”: give --launch a date and a time of the plan’s zone such as '2026-12-01 10:00', or now`);
  return null;
}

/** `launch: 2026-12-01 10:00` */
function plannedInstant(base: Reading, written: string): EpochMs | null {
  if (!namesLaunch(written) && /^\s*\d{4}-\d{2}-\d{2}[T ]+\d{1,2}:\d{2}\s*$/.test(written)) return dateAt(base, written, ['launch'], false);
  base.problems.add(['launch'], 'WRONG_DAY', `“${written}” is no launch: write “day 1 at 10:00”, “2026-12-01 10:00” or “now”`);
  return null;
}

/** `launch: day 1 at 10:00`; nobody who leaves the hour out means midnight. */
function plannedOnDay(reading: Reading, written: string): EpochMs | null {
  const read = readSyntax('Day', written);
  if ('syntax' in read && read.syntax.clock === null) { reading.problems.add(['launch'], 'WRONG_DAY', `a launch has its hour: write “${written.trim()} at 10:00”`); return null; }
  return dayAt(reading, written, ['launch']);
}

function dayOf({ problems, zone }: Reading, given: string): DateTime | null {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(given) ? DateTime.fromISO(given, { zone }).startOf('day') : null;
  if (day !== null && day.isValid) return day;
  problems.add([], 'IMPOSSIBLE_TIME', `day 1 cannot be “${given}”: give --day-1 a date such as 2026-03-02`);
  return null;
}

/** After everything has been read: a launch that nothing is set against, and steps whose time has passed when the rollout starts. */
export function checkLaunch(reading: Reading, given: Given & { readonly starting: boolean }): void {
  const { file, problems, launch, zone } = reading;
  if (launch.uses.length === 0) {
    if (file.launch !== undefined) problems.add(['launch'], 'KEY_WITHOUT_EFFECT', 'nothing waits for this launch: write “starts: launch” or “starts: launch - 2h” in a phase', { on: 'key' });
    else if (typeof given.launch === 'string') problems.add([], 'KEY_WITHOUT_EFFECT', 'nothing in the plan waits for a launch, so --launch would have no effect: write “starts: launch” in a phase');
    return;
  }
  const first = [...launchSteps(launch)].filter(({ at }) => at < given.now).sort((a, b) => a.at - b.at)[0];
  if (!given.starting || first === undefined) return;
  const earliest = inZone(zone, Math.ceil((given.now + launchLeadMs(launch)) / 60_000) * 60_000);
  problems.add(first.place, 'LAUNCH_TOO_SOON', `${nameOf(file, first.place)} (${first.text}) would be at ${inZone(zone, first.at)}, which has passed; the earliest launch that works is ${earliest}: give --launch '${earliest}', or --launch now for as soon as its steps allow`);
}

/** “warm-up”, by the nearest name around the place. */
function nameOf(file: unknown, place: Place): string {
  for (let depth = place.length; depth > 0; depth--) {
    for (const key of ['phase', 'step', 'item', 'sign-off', 'group']) {
      const name = valueAt(file, [...place.slice(0, depth), key]);
      if (typeof name === 'string') return `“${name}”`;
    }
  }
  return 'a step';
}

const inZone = (zone: string, at: EpochMs): string => DateTime.fromMillis(at, { zone }).toFormat('yyyy-MM-dd HH:mm');
