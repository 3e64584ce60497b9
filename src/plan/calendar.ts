// Questions about time that only a calendar can answer: when may a move be made, when is the next stand-up, when do reviews come. Pure: the
// instant asked about is an argument. Correct across clock changes, because days are counted in the plan's zone and not in hours.
import { DateTime } from 'luxon';
import type { EpochMs, Ms } from '../judgement/types.js';
import type { Phase, Quiet, ResolvedPlan, Review } from './types.js';

type Allowances = Pick<ResolvedPlan, 'timezone' | 'hours' | 'freezes'>;

/** Why no move may be made now, and until when that holds. */
export interface NotAllowed { readonly reason: 'freeze' | 'hours'; /** in words */ readonly why: string; readonly until: EpochMs }

/** Whether a forward move is barred at `now`; null: it may be made. Freezes come before hours. Neither touches a rollback. */
export function whyNotAllowed(plan: Allowances, now: EpochMs): NotAllowed | null {
  const freeze = plan.freezes.filter(({ from, to }) => from <= now && now < to).sort((a, b) => b.to - a.to)[0];
  if (freeze !== undefined) return { reason: 'freeze', why: `freeze until ${inZone(plan, freeze.to)}: ${freeze.why}`, until: freeze.to };
  if (plan.hours === null) return null;
  const opens = nextOpening(plan, plan.hours, now);
  if (opens <= now) return null;
  return { reason: 'hours', why: `outside business hours (${plan.hours.from}–${plan.hours.to}, ${plan.timezone}) until ${inZone(plan, opens)}`, until: opens };
}

/** The first instant at or after `now` at which a forward move may be made, and why it is not now (null: it is). */
export function nextAllowed(plan: Allowances, now: EpochMs): { readonly at: EpochMs; readonly why: string | null } {
  let at = now;
  let why: string | null = null;
  // each turn leaves one freeze or one closed night behind; a plan has finitely many freezes and hours open every week
  for (let turn = 0; turn < 2 * plan.freezes.length + 2; turn++) {
    const barred = whyNotAllowed(plan, at);
    if (barred === null) return { at, why };
    why ??= barred.why;
    at = barred.until;
  }
  return { at, why };
}

function nextOpening(plan: Pick<ResolvedPlan, 'timezone'>, hours: NonNullable<ResolvedPlan['hours']>, now: EpochMs): EpochMs {
  const here = DateTime.fromMillis(now, { zone: plan.timezone });
  for (let ahead = 0; ahead <= 8; ahead++) {
    const day = here.startOf('day').plus({ days: ahead });
    if (!hours.weekdays.includes(day.weekday)) continue;
    const closes = atClock(day, hours.to);
    if (closes <= now) continue;
    return Math.max(now, atClock(day, hours.from));
  }
  return now;
}

/** 'HH:MM' on that day as the wall shows it; in a spring gap the clock's own answer (an hour later); '24:00' is the end of the day. */
function atClock(day: DateTime, clock: string): EpochMs {
  const [hour, minute] = clock.split(':').map(Number) as [number, number];
  return (hour === 24 ? day.plus({ days: 1 }).startOf('day') : day.startOf('day').set({ hour, minute })).toMillis();
}

/** When the quiet hours that `now` lies in end; null: it lies in none. From the evening to the morning is one stretch. */
export function quietUntil({ from, to, timezone }: Quiet, now: EpochMs): EpochMs | null {
  const today = DateTime.fromMillis(now, { zone: timezone }).startOf('day');
  for (const day of [today.minus({ days: 1 }), today]) {
    const end = atClock(from < to ? day : day.plus({ days: 1 }), to);
    if (atClock(day, from) <= now && now < end) return end;
  }
  return null;
}

/** The first stand-up after `after` (not at it) that is held in this phase or in 'baking'; null: there is none. */
export function nextStandUp(plan: Pick<ResolvedPlan, 'timezone' | 'standUps'>, phaseOrBaking: string, after: EpochMs): { readonly id: string; readonly at: EpochMs } | null {
  let next: { id: string; at: EpochMs } | null = null;
  const today = DateTime.fromMillis(after, { zone: plan.timezone }).startOf('day');
  for (const standUp of plan.standUps) {
    if (!standUp.phases.includes(phaseOrBaking)) continue;
    const at = firstOf(standUp, today, after);
    if (at !== null && (next === null || at < next.at)) next = { id: standUp.id, at };
  }
  return next;
}

function firstOf(standUp: ResolvedPlan['standUps'][number], today: DateTime, after: EpochMs): EpochMs | null {
  // a month's first working day may be two months ahead
  for (let ahead = 0; ahead <= (standUp.monthly ? 66 : 8); ahead++) {
    const day = today.plus({ days: ahead });
    if (!standUp.weekdays.includes(day.weekday) || (standUp.monthly && !isFirstWorkingDay(day))) continue;
    const at = standUp.at.map((clock) => atClock(day, clock)).filter((one) => one > after).sort((a, b) => a - b)[0];
    if (at !== undefined) return at;
  }
  return null;
}

const isFirstWorkingDay = ({ weekday, day }: DateTime): boolean => weekday <= 5 && (day === 1 || (weekday === 1 && day <= 3));

/** The first `count` instants of a review of a rollout that ended at `endedAt`; fewer when it comes fewer times. */
export function reviewDates(plan: Pick<ResolvedPlan, 'timezone'>, review: Review, endedAt: EpochMs, count: number): readonly EpochMs[] {
  const first = DateTime.fromMillis(endedAt, { zone: plan.timezone }).startOf('day').plus({ days: review.firstAfterDays });
  const dates: EpochMs[] = [];
  for (let nth = 0; nth < Math.min(count, review.times ?? count); nth++) {
    // counted from the first day, so that a 31st falls on a month's last day and comes back to the 31st
    dates.push(atClock(first.plus(stepOf(review.every, nth)), review.at));
  }
  return dates;
}

function stepOf(every: Review['every'], nth: number): { readonly days?: number; readonly weeks?: number; readonly months?: number } {
  switch (every) {
    case 'once': return { days: 0 };
    case 'day': return { days: nth };
    case 'week': return { weeks: nth };
    case 'month': return { months: nth };
    case 'quarter': return { months: 3 * nth };
    case 'half-year': return { months: 6 * nth };
  }
}

/** When each phase would begin and end without any hold, and when all is over: moves take no time, gates and approvals are ready. */
export function nominalTimes(plan: Allowances & { readonly day1: EpochMs; readonly phases: readonly Pick<Phase, 'phase' | 'starts' | 'soak'>[]; readonly baking: { readonly ms: Ms } | null }): { readonly phases: readonly { readonly phase: string; readonly startsAt: EpochMs; readonly endsAt: EpochMs }[]; readonly end: EpochMs } {
  let at = plan.day1;
  const phases = plan.phases.map(({ phase, starts, soak }) => {
    const startsAt = nextAllowed(plan, Math.max(at, starts ?? at)).at;
    at = startsAt + soak.ms;
    return { phase, startsAt, endsAt: at };
  });
  return { phases, end: at + (plan.baking?.ms ?? 0) };
}

const inZone = (plan: Pick<ResolvedPlan, 'timezone'>, at: EpochMs): string => DateTime.fromMillis(at, { zone: plan.timezone }).toFormat('yyyy-MM-dd HH:mm');
