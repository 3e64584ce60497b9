// Lists of conditions: what may be named at each place of the plan, `all of PHASE` unfolded, and an id for every condition.
// The meaning of one line: conditions.ts.
import type { Condition, Ms } from '../judgement/types.js';
import { recordMetrics, type Barred, type ConditionContext } from './condition-context.js';
import { eventCondition, parseCondition, parseItem } from './conditions.js';
import { listed, nearest } from './did-you-mean.js';
import { Problems, type Place } from './problems.js';
import type { Reading } from './reading.js';
import type { ResolvedMetrics } from './resolve-metrics.js';
import type { ConditionFile } from './schema.js';
import type { PlanCondition } from './types.js';

/** Where a condition stands; it decides which stretches of time exist for it. `index` counts phases from 0. */
export type Standing =
  | { readonly in: 'plan' | 'invariants' | 'verify' | 'grades' | 'baking' }
  | { readonly in: 'preparation' | 'enter' | 'stage' | 'leave' | 'phase-triggers'; readonly index: number };

export interface ConditionReader {
  readonly at: (standing: Standing) => ConditionContext;
  /** One line; null when it cannot be meant. `prefix` is put before the text (a level's metric) and not counted in places. */
  readonly one: (text: string, standing: Standing, place: Place, prefix?: string) => Condition | null;
  readonly event: (name: string, standing: Standing, place: Place) => Condition | null;
  /** A list, unfolded, with ids `id/0`, `id/1`, … */
  readonly list: (items: readonly ConditionFile[] | undefined, standing: Standing, place: Place, id: string) => readonly PlanCondition[];
}

const day: Ms = 86_400_000;
interface Unfolded { readonly condition: Condition; readonly from: string | null }

export function conditionReader(reading: Reading, metrics: ResolvedMetrics, soakMs: readonly Ms[], unfolded = new Map<string, readonly Unfolded[]>()): ConditionReader {
  const contexts = new Map<string, ConditionContext>();
  const at = (standing: Standing): ConditionContext => {
    const key = 'index' in standing ? `${standing.in} ${standing.index}` : standing.in;
    const known = contexts.get(key) ?? contextFor(reading, metrics, soakMs, standing);
    contexts.set(key, known);
    return known;
  };
  const one: ConditionReader['one'] = (text, standing, place, prefix = '') => {
    const result = parseCondition(prefix + text, at(standing));
    if ('condition' in result) return result.condition;
    reading.problems.add(place, result.problem.code, result.problem.message, { offset: Math.max(0, result.problem.offset - prefix.length) });
    return null;
  };
  const event: ConditionReader['event'] = (name, standing, place) => {
    const result = eventCondition(name, at(standing));
    if ('condition' in result) return result.condition;
    reading.problems.add(place, result.problem.code, result.problem.message);
    return null;
  };
  const list: ConditionReader['list'] = (items, standing, place, id) => {
    const found: Unfolded[] = [];
    (items ?? []).forEach((item, index) => { found.push(...entry(item, standing, [...place, index])); });
    // `all of wave-2` brings what `all of wave-1` brought already
    const once = found.filter((one, index) => found.findIndex((other) => other.condition.text === one.condition.text) === index);
    return once.map((one, index) => ({ id: `${id}/${index}`, ...one }));
  };
  const entry = (item: ConditionFile, standing: Standing, place: Place): readonly Unfolded[] => {
    if (typeof item !== 'string') {
      const condition = event(item.event, standing, [...place, 'event']);
      return condition === null ? [] : [{ condition, from: null }];
    }
    const result = parseItem(item, at(standing));
    if ('problem' in result) { reading.problems.add(place, result.problem.code, result.problem.message, { offset: result.problem.offset }); return []; }
    if ('condition' in result) return [{ condition: result.condition, from: null }];
    return allOf(result.allOf.text, standing, place, result.allOf.at);
  };
  const allOf = (name: string, standing: Standing, place: Place, offset: number): readonly Unfolded[] => {
    const refused = refuseAllOf(reading, name, standing);
    if (refused !== null) { reading.problems.add(place, refused.code, refused.message, { offset }); return []; }
    const index = reading.phases.indexOf(name);
    const which = standing.in === 'leave' || standing.in === 'baking' ? 'leave' : 'enter';
    const known = unfolded.get(`${which} ${index}`);
    if (known !== undefined) return known;
    // its limits and references stay its own; its mistakes are told where they stand
    const quiet = conditionReader({ ...reading, problems: silent }, metrics, soakMs, unfolded);
    const conditions = quiet.list(reading.file.phases[index]![which], { in: which, index }, ['phases', index, which], '').map(({ condition, from }) => ({ condition, from: from ?? name }));
    unfolded.set(`${which} ${index}`, conditions);
    return conditions;
  };
  return { at, one, event, list };
}

/** For what is read a second time. */
const silent = new Problems(() => ({ line: null, column: null }));

function refuseAllOf(reading: Reading, name: string, standing: Standing): { readonly code: string; readonly message: string } | null {
  if (standing.in !== 'enter' && standing.in !== 'stage' && standing.in !== 'leave' && standing.in !== 'baking' && standing.in !== 'grades') {
    return { code: 'WRONG_PLACE', message: '“all of …” stands for the gate of an earlier phase: use it under `enter` or `leave`' };
  }
  const index = reading.phases.indexOf(name);
  if (index < 0) {
    const meant = nearest(name, reading.phases);
    return { code: 'UNKNOWN_PHASE', message: `there is no phase “${name}”${meant === null ? '' : `; did you mean “${meant}”?`} (known: ${listed(reading.phases)})` };
  }
  if (!('index' in standing) || index < standing.index) return null;
  const circle = circleBack(reading, index, standing.index, standing.in === 'leave' ? 'leave' : 'enter');
  if (circle !== null) return { code: 'CYCLIC_REFERENCE', message: `“all of ${name}” turns in a circle: ${[reading.phases[standing.index]!, ...circle].join(' → ')}` };
  return { code: 'LATER_PHASE', message: `“${name}” comes after “${reading.phases[standing.index]!}”: only the gate of an earlier phase can be asked for again` };
}

/** The names on the way by `all of` from phase `from` to phase `to`; null when there is none. */
function circleBack(reading: Reading, from: number, to: number, which: 'enter' | 'leave', seen = new Set<number>()): readonly string[] | null {
  if (from === to) return [reading.phases[to]!];
  if (seen.has(from)) return null;
  seen.add(from);
  for (const item of reading.file.phases[from]?.[which] ?? []) {
    const named = typeof item === 'string' ? /^\s*all\s+of\s+(\S+)\s*$/i.exec(item)?.[1] : undefined;
    if (named === undefined) continue;
    const next = reading.phases.indexOf(named);
    const rest = next < 0 ? null : circleBack(reading, next, to, which, seen);
    if (rest !== null) return [reading.phases[from]!, ...rest];
  }
  return null;
}

function contextFor(reading: Reading, metrics: ResolvedMetrics, soakMs: readonly Ms[], standing: Standing): ConditionContext {
  const { phases } = reading;
  const over = 'index' in standing ? phases.slice(0, standing.index) : standing.in === 'grades' || standing.in === 'baking' ? phases : [];
  const barred: Record<string, string> = {};
  for (const phase of phases) {
    if (over.includes(phase)) continue;
    if (!('index' in standing)) barred[phase] = 'may not be over when this is judged: put the condition into a phase that comes after it';
    else if (phase === phases[standing.index]) barred[phase] = standing.in === 'enter' || standing.in === 'preparation' ? 'is this very phase, which has not begun when this is judged' : 'is this very phase: write “over soak”, or name an earlier one';
    else barred[phase] = 'comes later than this phase';
  }
  const early = standing.in === 'preparation' && standing.index === 0;
  const hasBaseline = reading.file.baseline !== undefined && !early;
  if (early) barred['baseline'] = 'is taken after the preparation, immediately before the first write: put the condition under `enter`';
  else if (!hasBaseline) barred['baseline'] = 'is never taken: add “baseline: { over: 24h }” to the plan';
  Object.assign(barred, barredWindows(reading, standing));
  const isGrade = standing.in === 'grades';
  const barredMetrics: Record<string, string> = {};
  if (!isGrade) for (const name of Object.keys(recordMetrics)) barredMetrics[name] = 'is known only at the end: use it under `grades`';
  return {
    metrics: isGrade ? { ...recordMetrics, ...metrics.facts } : metrics.facts, barredMetrics, alerts: metrics.alerts, events: metrics.events.map(({ event }) => event),
    periods: hasBaseline ? ['baseline', ...over] : over, barred,
    trendMs: standing.in === 'enter' && standing.index > 0 ? Math.min(soakMs[standing.index - 1] ?? day, day) : day,
  };
}

function barredWindows(reading: Reading, standing: Standing): Barred {
  switch (standing.in) {
    case 'enter': {
      const before = reading.phases[standing.index - 1];
      if (before === undefined) return { soak: 'has not begun: nothing has moved before the first phase', rollout: 'has not begun: nothing has moved before the first phase' };
      return { soak: `has not begun when this is judged: write “over ${before}”` };
    }
    case 'plan': case 'invariants': return { soak: 'is different in every phase: put the condition into a phase' };
    case 'preparation': return { soak: 'has not begun when this is checked: put the condition under `enter` or `leave`', rollout: 'is judged by the watch: put the condition under `enter`' };
    case 'verify': return { soak: 'is over when a rollback is verified' };
    case 'grades': return { soak: 'is not said of which phase: write “throughout” or “over PHASE”' };
    case 'stage': case 'leave': case 'phase-triggers': case 'baking': return {};
  }
}
