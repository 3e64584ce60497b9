// The calendar from now to the end of a rollout: what the workflow says comes next, with the plan's freezes, hours and stand-ups on the
// way. Instants of phases to come assume that nothing is held; whoever shows them says so. Pure; `next` shows it.
import type { EpochMs } from '../judgement/index.js';
import type { ResolvedPlan, StandUp } from '../plan/types.js';
import { isEnded, type ShownStatus } from './shown-status.js';
import { inWords } from '../wording.js';

export interface CalendarEntry {
  /** null: no instant is known, or it comes again and again */
  readonly at: EpochMs | null;
  readonly what: string;
  /** `told` by the workflow; `planned`: a fixed instant of the plan; `standing`: holds all the way */
  readonly basis: 'told' | 'planned' | 'standing';
}

export function calendarAhead(status: ShownStatus, plan: ResolvedPlan | null, now: EpochMs): readonly CalendarEntry[] {
  if (isEnded(status.state)) return [];
  const told: CalendarEntry[] = status.next.map((n) => ({ at: n.at, what: n.what, basis: 'told' }));
  // a rollback has an order of its own, and no freeze, hour or stand-up stands in its way
  if (plan === null || status.state === 'rolling-back') return told;
  const end = Math.max(status.plannedEnd ?? plan.nominalEnd, ...told.map((entry) => entry.at ?? 0));
  const freezes: CalendarEntry[] = plan.freezes.filter((freeze) => freeze.to > now && freeze.from < end).map((freeze) => ({ at: Math.max(freeze.from, now), what: `freeze for ${inWords(freeze.to - Math.max(freeze.from, now))}: ${freeze.why}; nothing moves forward, watching and rolling back go on`, basis: 'planned' }));
  // what is waited for first, then by instant; what stands all the way last
  const dated = [...told.filter((e) => e.at !== null), ...freezes].sort((a, b) => a.at! - b.at!);
  const left = new Set(plan.phases.slice(Math.max(0, plan.phases.findIndex((p) => p.phase === status.phase))).map((p) => p.phase).concat('baking'));
  const standing: CalendarEntry[] = plan.standUps.filter((s) => s.phases.some((p) => left.has(p))).map((s) => ({ at: null, what: standUpInWords(s), basis: 'standing' }));
  if (plan.hours !== null) standing.push({ at: null, what: `moves only ${weekdaysInWords(plan.hours.weekdays)} from ${plan.hours.from} to ${plan.hours.to}`, basis: 'standing' });
  return [...told.filter((e) => e.at === null), ...dated, ...standing];
}

function standUpInWords(standUp: StandUp): string {
  return `${standUp.title} ${standUp.monthly ? 'on the first working day of the month' : weekdaysInWords(standUp.weekdays)} at ${clocksInWords(standUp.at)} during ${standUp.phases.join(', ')}: ${standUp.from.join(', ')}`;
}

/** A series is said by its ends. */
const clocksInWords = (at: readonly string[]): string => (at.length > 4 ? `${at.slice(0, 2).join(', ')}, … ${at.at(-1)!}` : at.join(' and '));

const names = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
function weekdaysInWords(weekdays: readonly number[]): string {
  // 1 is Monday, as in ISO 8601
  return weekdays.length === 7 || weekdays.length === 0 ? 'daily' : weekdays.map((d) => names[(d + 6) % 7]).join(', ');
}
