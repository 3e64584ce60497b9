// What every part of the resolver shares: the file, where problems go, and the small readings of a text that stands for a length of time, a
// day, a time of day, yes or no, or people. Each reports what it cannot read and answers with a stand-in, so that reading goes on.
import { DateTime } from 'luxon';
import type { EpochMs, Ms } from '../judgement/types.js';
import { readSyntax, type ClockSyntax, type LeadSyntax } from './condition-syntax.js';
import { listed, nearest } from './did-you-mean.js';
import { parseDuration } from './durations.js';
import { launchAt, namesLaunch, type Launch } from './launch.js';
import type { Place, Problems } from './problems.js';
import type { ProviderSchemas } from './providers.js';
import type { PlanFile } from './schema.js';
import type { TypedPlaces } from './variables.js';

export interface Reading {
  readonly file: PlanFile;
  readonly problems: Problems;
  readonly providers: ProviderSchemas;
  readonly zone: string;
  /** midnight of day 1 in the plan's zone */
  readonly day1: DateTime;
  readonly launch: Launch;
  /** what typed variables stand for, by place */
  readonly typed: TypedPlaces;
  readonly people: ReadonlySet<string>;
  /** role → everybody who has it */
  readonly roles: ReadonlyMap<string, readonly string[]>;
  readonly phases: readonly string[];
}

export const isYes = (value: boolean | 'yes' | 'no' | undefined): boolean => value === true || value === 'yes';
export const wholeOf = (value: number | string | undefined, otherwise: number): number => (value === undefined ? otherwise : Number(value));

/** A length of time; `otherwise` where the plan says nothing. */
export function lengthAt(reading: Reading, text: string | undefined, place: Place, otherwise: Ms): Ms {
  if (text === undefined) return otherwise;
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return ms;
  reading.problems.add(place, 'WRONG_DURATION', `“${text}” is no length of time: write 90s, 5m, 24h or 2w`);
  return otherwise;
}

export function cadenceAt(reading: Reading, text: string | undefined, place: Place, otherwise: Ms): Ms {
  if (text === undefined) return otherwise;
  const read = readSyntax('Cadence', text);
  if ('problem' in read) {
    reading.problems.add(place, 'WRONG_CADENCE', parseDuration(text) === null ? `“${text}” is no cadence: write “every 15m”` : `write “every ${text}”`, { offset: read.problem.offset });
    return otherwise;
  }
  return lengthAt(reading, read.syntax, place, otherwise);
}

/** A soak; `until decided` without a length has no clean time of its own to wait for. */
export function soakAt(reading: Reading, text: string, place: Place): { readonly ms: Ms; readonly onIssue: 'restart' | 'extend'; readonly untilDecided: boolean } {
  const read = readSyntax('Soak', text);
  const said = 'problem' in read ? 0 : [read.syntax.duration, read.syntax.onIssue, read.syntax.untilDecided || null].filter((part) => part !== null).length;
  if ('problem' in read || said < read.syntax.words) {
    reading.problems.add(place, 'WRONG_DURATION', `“${text}” is no soak: write “24h”, “24h, restarts on issue”, “24h, extends on issue” or “24h, until decided”`, { offset: 'problem' in read ? read.problem.offset : 0 });
    return { ms: 86_400_000, onIssue: 'extend', untilDecided: false };
  }
  const { duration, onIssue, untilDecided } = read.syntax;
  return { ms: duration === null ? 0 : lengthAt(reading, duration, place, 86_400_000), onIssue: onIssue === 'restarts' ? 'restart' : 'extend', untilDecided };
}

/** 'day 3 at 09:00' in the plan's zone, or 'launch - 2h'. Day 1 is the first day; there is no day 0, so day -1 is the day before day 1. */
export function dayAt(reading: Reading, text: string | undefined, place: Place): EpochMs | null {
  if (text === undefined) return null;
  if (namesLaunch(text)) return launchAt(reading, text, place);
  const read = readSyntax('Day', text);
  if ('problem' in read) {
    reading.problems.add(place, 'WRONG_DAY', `“${text}” is no day: write “day 3 at 09:00” or “launch - 2h” (${read.problem.message})`, { offset: read.problem.offset });
    return null;
  }
  const { day, clock } = read.syntax;
  if (day.value < 1 || day.value > 3660) {
    reading.problems.add(place, 'IMPOSSIBLE_TIME', `day ${day.value} cannot be: days count from 1 (the day given by --day-1) up to 3660`, { offset: day.at });
    return null;
  }
  return instant(reading, reading.day1.plus({ days: day.value - 1 }), clock, place);
}

/** 'week -2': asked two weeks before day 1, due one week later; 'day -3': asked three days before day 1, due on it; 'launch - 2h': due at the launch. */
export function leadAt(reading: Reading, text: string | undefined, place: Place): { readonly askAt: EpochMs | null; readonly dueAt: EpochMs | null } {
  if (text === undefined) return { askAt: null, dueAt: null };
  if (namesLaunch(text)) {
    const askAt = launchAt(reading, text, place);
    return { askAt, dueAt: askAt !== null && reading.launch.at !== null && askAt < reading.launch.at ? reading.launch.at : null };
  }
  const read = readSyntax('Lead', text);
  const syntax: LeadSyntax | null = 'problem' in read ? null : read.syntax;
  if (syntax === null || syntax.count.value >= 0 || syntax.count.value < -520) {
    reading.problems.add(place, 'WRONG_DAY', `“${text}” is no time before day 1: write “week -2”, “day -3 at 09:00” or “launch - 2h”`);
    return { askAt: null, dueAt: null };
  }
  const count = -syntax.count.value;
  const askDay = reading.day1.minus(syntax.unit === 'week' ? { weeks: count } : { days: count });
  const dueDay = syntax.unit === 'week' ? reading.day1.minus({ weeks: count - 1 }) : reading.day1;
  return { askAt: instant(reading, askDay, syntax.clock, place), dueAt: dueDay.toMillis() };
}

/** '9:00' → '09:00' */
export function clockAt(reading: Reading, text: string, place: Place, endOfDay = false): string {
  const read = readSyntax('Clock', text);
  if ('problem' in read) { reading.problems.add(place, 'WRONG_TIME', `“${text}” is no time of day: write 09:00`, { offset: read.problem.offset }); return '00:00'; }
  if (!isClock(reading, read.syntax, place, endOfDay)) return '00:00';
  return printClock(read.syntax);
}

/** A date with or without a time: '2026-12-24', '2026-12-24 18:00'. As an end, a date alone means that whole day. */
export function dateAt(reading: Reading, text: string, place: Place, end: boolean): EpochMs | null {
  const [, date, clock] = /^\s*(\d{4}-\d{2}-\d{2})(?:[T ]+(\d{1,2}:\d{2}))?\s*$/.exec(text) ?? [];
  const day = date === undefined ? null : DateTime.fromISO(date, { zone: reading.zone });
  if (day === null || !day.isValid) { reading.problems.add(place, 'IMPOSSIBLE_TIME', `“${text}” is no day: write 2026-12-24 or 2026-12-24 18:00`); return null; }
  if (clock === undefined) return (end ? day.plus({ days: 1 }) : day).startOf('day').toMillis();
  const read = readSyntax('Clock', clock);
  return 'problem' in read ? null : instant(reading, day, read.syntax, place);
}

function instant(reading: Reading, day: DateTime, clock: ClockSyntax | null, place: Place): EpochMs | null {
  if (clock === null) return day.startOf('day').toMillis();
  if (!isClock(reading, clock, place, false)) return null;
  const wanted = day.set({ hour: clock.hour, minute: clock.minute, second: 0, millisecond: 0 });
  // a time inside a spring gap is moved by the calendar; nobody who wrote 02:30 meant 03:30
  if (wanted.hour === clock.hour && wanted.minute === clock.minute) return wanted.toMillis();
  reading.problems.add(place, 'IMPOSSIBLE_TIME', `${printClock(clock)} does not exist on ${day.toISODate()} in ${reading.zone}: clocks go forward over it that night`, { offset: clock.at });
  return null;
}

function isClock(reading: Reading, clock: ClockSyntax, place: Place, endOfDay: boolean): boolean {
  if (clock.minute < 60 && (clock.hour < 24 || (endOfDay && clock.hour === 24 && clock.minute === 0))) return true;
  reading.problems.add(place, 'IMPOSSIBLE_TIME', `${printClock(clock)} is no time of day: hours go from 00 to 23, minutes from 00 to 59`, { offset: clock.at });
  return false;
}
const printClock = (clock: ClockSyntax): string => `${String(clock.hour).padStart(2, '0')}:${String(clock.minute).padStart(2, '0')}`;

/** People by name or by role, each once, in the order written. */
export function peopleAt(reading: Reading, refs: string | readonly string[] | undefined, place: Place, otherwise: readonly string[]): readonly string[] {
  if (refs === undefined) return otherwise;
  const found = new Set<string>();
  const list = typeof refs === 'string' ? [refs] : refs;
  list.forEach((ref, index) => {
    const at = typeof refs === 'string' ? place : [...place, index];
    if (reading.people.has(ref)) { found.add(ref); return; }
    const holders = reading.roles.get(ref);
    if (holders !== undefined) { for (const person of holders) found.add(person); return; }
    const known = [...reading.people, ...reading.roles.keys()];
    const meant = nearest(ref, known);
    reading.problems.add(at, 'UNKNOWN_PERSON', `there is no person or role “${ref}”${meant === null ? '' : `; did you mean “${meant}”?`} (known: ${listed(known)})`);
  });
  return [...found];
}

/** 'Code quality' → 'code-quality', for ids; `otherwise` when nothing is left. */
export const slug = (text: string, otherwise: string): string => text.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40).replace(/-+$/, '') || otherwise;
