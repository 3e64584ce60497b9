// What recurs or stands in the calendar: stand-ups, business hours, freezes, reviews and follow-ups. Instants are computed in calendar.ts.
import type { Place } from './problems.js';
import { listed, nearest } from './did-you-mean.js';
import { parseDuration, printDuration } from './durations.js';
import { clockAt, dateAt, dayAt, lengthAt, peopleAt, slug, wholeOf, type Reading } from './reading.js';
import { followUpOn } from './resolve-incidents.js';
import type { FollowUp, Freeze, Hours, ResolvedPlan, Review, StandUp } from './types.js';

const weekdayNumbers = { mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6, sun: 7 } as const;
type Days = 'daily' | 'weekdays' | readonly (keyof typeof weekdayNumbers)[];
/** ISO numbers, Monday is 1. */
const weekdaysOf = (days: Days): readonly number[] => (days === 'daily' ? [1, 2, 3, 4, 5, 6, 7] : days === 'weekdays' ? [1, 2, 3, 4, 5] : [...new Set(days.map((name) => weekdayNumbers[name]))].sort());

export function resolveCalendar(reading: Reading): Pick<ResolvedPlan, 'standUps' | 'hours' | 'freezes' | 'reviews' | 'followUps'> {
  return { standUps: standUps(reading), hours: hours(reading), freezes: freezes(reading), reviews: reviews(reading), followUps: followUps(reading) };
}

function standUps(reading: Reading): readonly StandUp[] {
  const name = namer(reading, 'stand-ups', 'stand-up');
  return (reading.file['stand-ups'] ?? []).map((entry, index): StandUp => {
    const place: Place = ['stand-ups', index];
    const series = typeof entry.at === 'string' && /^\s*every\b/.test(entry.at) ? seriesAt(reading, entry.at, [...place, 'at']) : null;
    const at = series?.at ?? (typeof entry.at === 'string' ? [clockAt(reading, entry.at, [...place, 'at'])] : entry.at.map((text, nth) => clockAt(reading, text, [...place, 'at', nth])));
    const days = entry.days === 'monthly' ? 'weekdays' : (entry.days ?? 'daily');
    const withinMs = lengthAt(reading, entry.within, [...place, 'within'], Math.min(2 * 3_600_000, series?.everyMs ?? Number.POSITIVE_INFINITY));
    if (series !== null && withinMs > series.everyMs) reading.problems.add([...place, 'within'], 'WRONG_DURATION', `the next one comes after ${printDuration(series.everyMs)}, before ${printDuration(withinMs)} are over`);
    return {
      id: name(entry['stand-up'], index), title: entry['stand-up'], at: [...new Set(at)].sort(), weekdays: weekdaysOf(days), monthly: entry.days === 'monthly', phases: phasesAt(reading, entry.in, [...place, 'in']),
      from: peopleAt(reading, entry.from, [...place, 'from'], []), withinMs, otherwise: entry.otherwise ?? 'continue',
    };
  });
}

const minute = 60_000;
const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

/** 'every 1h from 09:00 to 18:00': ten times a day on the wall. */
function seriesAt(reading: Reading, text: string, place: Place): { readonly at: readonly string[]; readonly everyMs: number } {
  const [, length, from, to] = /^\s*every\s+(.+?)\s+from\s+(\S+)\s+to\s+(\S+)\s*$/.exec(text) ?? [];
  const everyMs = length === undefined ? null : parseDuration(length);
  const none = { at: ['00:00'], everyMs: 86_400_000 };
  if (everyMs === null || everyMs < 5 * minute || everyMs % minute !== 0) {
    reading.problems.add(place, 'WRONG_TIME', length === undefined ? `“${text}” is no series of times: write “every 1h from 09:00 to 18:00”` : `“every ${length}” is no pace of people: write whole minutes, at least 5m`);
    return none;
  }
  const before = reading.problems.count;
  const [first, last] = [clockAt(reading, from!, place), clockAt(reading, to!, place)];
  if (reading.problems.count > before) return none;
  const at: string[] = [];
  for (let clock = minutesOf(first); clock <= minutesOf(last); clock += everyMs / minute) at.push(`${String(Math.floor(clock / 60)).padStart(2, '0')}:${String(clock % 60).padStart(2, '0')}`);
  if (at.length > 1) return { at, everyMs };
  reading.problems.add(place, 'IMPOSSIBLE_TIME', `from ${first} to ${last} there is ${at.length === 0 ? 'no time' : `only one time ${printDuration(everyMs)} apart`}: “to” comes later on the same day`);
  return none;
}

/** Phases by name and `baking`; without any, all of them. */
function phasesAt(reading: Reading, given: string | readonly string[] | undefined, place: Place): readonly string[] {
  const known = [...reading.phases, ...(reading.file.baking === undefined ? [] : ['baking'])];
  if (given === undefined) return known;
  const list = typeof given === 'string' ? [given] : given;
  list.forEach((phase, index) => {
    if (known.includes(phase)) return;
    const meant = nearest(phase, known);
    reading.problems.add(typeof given === 'string' ? place : [...place, index], 'UNKNOWN_PHASE', `there is no phase “${phase}”${meant === null ? '' : `; did you mean “${meant}”?`} (known: ${listed(known)})`);
  });
  return list;
}

function hours(reading: Reading): Hours | null {
  const given = reading.file.hours;
  if (given === undefined) return null;
  const from = clockAt(reading, given.from, ['hours', 'from']);
  const to = clockAt(reading, given.to, ['hours', 'to'], true);
  if (from >= to && from !== '00:00') reading.problems.add(['hours', 'to'], 'IMPOSSIBLE_TIME', `hours from ${from} to ${to} are empty: “to” comes after “from” on the same day`);
  return { weekdays: weekdaysOf(given.days ?? 'weekdays'), from, to };
}

function freezes(reading: Reading): readonly Freeze[] {
  return (reading.file.freezes ?? []).flatMap((entry, index): readonly Freeze[] => {
    const place: Place = ['freezes', index];
    const instant = (text: string, key: 'from' | 'to'): number | null => (/^\s*day\s/.test(text) ? dayAt(reading, text, [...place, key]) : dateAt(reading, text, [...place, key], key === 'to'));
    const from = instant(entry.from, 'from');
    const to = instant(entry.to, 'to');
    if (from === null || to === null) return [];
    if (to <= from) reading.problems.add([...place, 'to'], 'IMPOSSIBLE_TIME', 'this freeze ends before it begins');
    return [{ from, to, why: entry.why }];
  });
}

/** Days after the end at which a review first comes, when the plan does not say. */
const firstAfter: Readonly<Record<Review['every'], number>> = { once: 7, day: 1, week: 7, month: 30, quarter: 91, 'half-year': 182 };

function reviews(reading: Reading): readonly Review[] {
  const name = namer(reading, 'reviews', 'review');
  return (reading.file.reviews ?? []).map((entry, index): Review => {
    const place: Place = ['reviews', index];
    const every = entry.every ?? 'once';
    const afterMs = entry.after === undefined ? null : parseDuration(entry.after);
    if (entry.after !== undefined && (afterMs === null || afterMs % 86_400_000 !== 0)) reading.problems.add([...place, 'after'], 'WRONG_DURATION', `“${entry.after}” is no number of days: write 7d or 2w`);
    const times = entry.times === undefined ? null : wholeOf(entry.times, 1);
    if (times === 0) reading.problems.add([...place, 'times'], 'TOO_SMALL', 'a review that comes 0 times is none: leave it out');
    return {
      id: name(entry.review, index), title: entry.review, tasks: entry.tasks ?? [], who: peopleAt(reading, entry.who, [...place, 'who'], ownerOf(reading)), every,
      firstAfterDays: afterMs === null ? firstAfter[every] : Math.round(afterMs / 86_400_000), at: entry.at === undefined ? '09:00' : clockAt(reading, entry.at, [...place, 'at']), times: every === 'once' ? 1 : times,
      remindAfterMs: remindAfterAt(reading, entry['remind after'], [...place, 'remind after'], every),
    };
  });
}

/** A day, and for a daily review a third of it: three reminders fit before the next comes. */
function remindAfterAt(reading: Reading, text: string | undefined, place: Place, every: Review['every']): number {
  const ms = lengthAt(reading, text, place, every === 'day' ? 8 * 3_600_000 : 86_400_000);
  const distanceMs = every === 'once' ? Infinity : { day: 1, week: 7, month: 28, quarter: 89, 'half-year': 181 }[every] * 86_400_000;
  if (ms >= distanceMs) reading.problems.add(place, 'WRONG_DURATION', `the next one comes before ${text} are over`);
  return ms;
}

function followUps(reading: Reading): readonly FollowUp[] {
  const name = namer(reading, 'follow-ups', 'follow-up');
  return (reading.file['follow-ups'] ?? []).map((entry, index): FollowUp => ({
    id: name(entry['follow-up'], index), title: entry['follow-up'], on: followUpOn(reading, entry.on, ['follow-ups', index, 'on']), who: peopleAt(reading, entry.who, ['follow-ups', index, 'who'], ownerOf(reading)),
    withinMs: lengthAt(reading, entry.within, ['follow-ups', index, 'within'], 7 * 86_400_000),
  }));
}

const ownerOf = (reading: Reading): readonly string[] => (reading.people.has(reading.file.owner) ? [reading.file.owner] : []);

/** Ids out of titles, `reviews/week-1`; two that come out alike are told. */
function namer(reading: Reading, list: string, key: string): (title: string, index: number) => string {
  const taken = new Set<string>();
  return (title, index) => {
    const id = `${list}/${slug(title, String(index))}`;
    if (taken.has(id)) reading.problems.add([list, index, key], 'DUPLICATE_NAME', `there are two called “${title}”: they could not be told apart`);
    taken.add(id);
    return id;
  };
}
