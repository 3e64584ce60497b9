// A plan at a pace: the same rollout, so many times as fast as it was planned, for a trial. Pure. What is a length of the rollout's own story is
// divided, what is an instant is drawn towards the start; limits of the real world stay, and what hangs on the clock on the wall is left out
// (docs/pace.md, docs/decisions/0008). Every length and instant of a resolved plan is named here, once: a test finds one that is not.
import { shortened, soonestAnswer as people } from '../judgement/at-pace.js';
import type { EpochMs, Ms } from '../judgement/types.js';
import { nominalTimes } from './calendar.js';
import type { AskItem, Pace, ResolvedPlan } from './types.js';

// Nothing becomes shorter than it can be looked at, or answered by anybody.
const look = 1_000;
const span = 5_000;
const gap = 15_000;
const valid = 60_000;

/** Where lengths stand that are divided, by the end of their path, and how short they become at most. */
export const divided: Readonly<Record<string, Ms>> = {
  'soak.ms': 0, 'baking.ms': 0, 'stages[].afterMs': 0, 'baseline.overMs': gap, 'rollback.settleMs': 0,
  cadenceMs: look, 'invariantWatch.everyMs': look, 'reaction.everyMs': look, 'during[].everyMs': look, stepMs: look, blindAfterMs: gap, unknownForMs: gap,
  'condition.forMs': look, 'condition.window.ms': span, 'subject.window.ms': span,
  'reaction.deadlineMs': people, 'approval.withinMs': people, 'decision.withinMs': people, 'decision.againMs': people, 'followUps[].withinMs': people,
  escalateEveryMs: people, 'escalationAfterMs[]': people, 'incidents[].acknowledgeWithinMs': people, 'path[].afterMs': people,
  'approval.validMs': valid, 'human.validMs': valid, 'human.askAheadMs': 0,
};
/** Instants, which come as much nearer to the start as the pace says. */
export const drawn: readonly string[] = ['day1', 'launch', 'nominalEnd', 'starts', 'latest', 'askAt', 'dueAt', 'before[].at', 'after[].at', 'freezes[].from', 'freezes[].to'];
/** Limits of the real world. */
export const kept: readonly string[] = ['timeoutMs', 'writeTimeoutMs', 'maxAgeMs', 'rollbackWithinMs', 'rollback.withinMs', 'rollback.verifyWithinMs', 'rollback.before[].withinMs', 'rollback.after[].withinMs', 'ladder[].withinMs'];
/** What is held at hours of the day. */
const onTheWall = { standUps: [], hours: null, reviews: [] } as const satisfies Partial<ResolvedPlan>;
/** What the engine reads nothing of, whatever it looks like. */
const opaque: readonly string[] = ['settings', 'env', 'contacts'];

/** @param pace.from the instant that stays where it is: the start */
export function paced(plan: ResolvedPlan, { times, from }: Pick<Pace, 'times' | 'from'>): ResolvedPlan {
  if (times === 1) return plan;
  const { day1, launch } = plan;
  const faster = everyNumber({ ...plan, ...onTheWall }, '', (path, value) => {
    const length = Object.keys(divided).find((one) => endsIn(path, one));
    if (length !== undefined) return shortened(value, times, divided[length]!);
    return drawn.some((one) => endsIn(path, one)) ? from + Math.round((value - from) / times) : value;
  });
  const items = (list: readonly AskItem[], planned: readonly AskItem[]): readonly AskItem[] => list.map((item, index) => ({ ...item, dueAt: timeToAnswer(item, planned[index]!, from) }));
  const made = {
    ...faster, preparation: items(faster.preparation, plan.preparation), phases: faster.phases.map((phase, index) => ({ ...phase, preparation: items(phase.preparation, plan.phases[index]!.preparation) })),
    pace: { times, from, day1, launch, leftOut: leftOut(plan) },
  };
  // Some lengths are shortened less than others: the end is counted anew, not drawn.
  return { ...made, nominalEnd: nominalTimes(made).end };
}

/** What is due after the start leaves whoever is asked time to answer. */
function timeToAnswer({ askAt, dueAt }: AskItem, planned: AskItem, from: EpochMs): EpochMs | null {
  if (dueAt === null || planned.dueAt! <= from) return dueAt;
  return Math.max(dueAt, Math.max(askAt ?? from, from) + Math.min(people, planned.dueAt! - Math.max(planned.askAt ?? from, from)));
}

/** One line for each thing that cannot be had faster. */
function leftOut({ standUps, hours, reviews, timezone }: ResolvedPlan): readonly string[] {
  return [
    ...standUps.map(({ title }) => `stand-up “${title}” is left out: it is held at hours of the day`),
    ...(hours === null ? [] : [`business hours (${hours.from}–${hours.to}, ${timezone}) are left out: moves are made at any hour`]),
    ...reviews.map(({ title }) => `review “${title}” is left out: it would be scheduled for days that follow no rollout`),
  ];
}

const endsIn = (path: string, end: string): boolean => path === end || path.endsWith(`.${end}`);

/** The same value with every number in it changed. Paths as `phases[].soak.ms`. */
export function everyNumber<T>(value: T, path: string, change: (path: string, value: number) => number): T {
  if (typeof value === 'number') return change(path, value) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => everyNumber(one, `${path}[]`, change)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]: [string, unknown]) => [key, opaque.includes(key) ? one : everyNumber(one, path === '' ? key : `${path}.${key}`, change)])) as T;
}
