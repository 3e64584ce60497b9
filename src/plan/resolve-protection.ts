// What is protected: targets that are never moved, what must pass or be approved before one is, and the invariants with a pace of their own.
// Caps are checked with the moves (rules.ts). What the rollout does about it: workflows/protecting.ts.
import type { Ms } from '../judgement/types.js';
import { measuredBy } from './all-conditions.js';
import type { Place } from './problems.js';
import { cadenceAt, isYes, lengthAt, type Reading } from './reading.js';
import { quorumAt, resolveCommand } from './resolve-asks.js';
import type { ConditionReader } from './resolve-conditions.js';
import type { PlanFile, TargetFile } from './schema.js';
import type { Grade, PlanCondition, ResolvedPlan, ResolvedTarget, TargetValue } from './types.js';
import { withUnit } from './units.js';

const day: Ms = 86_400_000;

interface Entry { readonly id: string; readonly target: TargetFile; readonly provider: string | null; readonly place: Place; readonly unit: string }

/** @param valueOf what a written value is in the target's unit; null: it is none */
export function protectionOf(reading: Reading, entry: Entry, valueOf: (written: string | number) => TargetValue | null): Pick<ResolvedTarget, 'protected' | 'beforeMove' | 'approval'> {
  const { id, target, place } = entry;
  const add = (key: string, code: string, message: string): void => reading.problems.add([...place, key], code, message, { on: 'key' });
  const readOnly = isYes(target['read only']);
  if (readOnly) {
    if (target['before each move'] !== undefined) add('before each move', 'KEY_WITHOUT_EFFECT', `“${id}” is read only: there is no move before which something could pass`);
    if (target.approval !== undefined) add('approval', 'KEY_WITHOUT_EFFECT', `“${id}” is read only: nobody can approve a move of it`);
    if (target.cap !== undefined) add('cap', 'KEY_WITHOUT_EFFECT', `“${id}” is read only and keeps its value: a cap has no effect`);
    if (entry.provider === 'manual') add('read only', 'CANNOT_BE_GUARDED', `“${id}” is moved and read by people, so nothing could see that somebody changed it: give it a provider that can be read`);
  } else {
    for (const key of ['stands at', 'reports'] as const) if (target[key] !== undefined) add(key, 'KEY_WITHOUT_EFFECT', `“${key}” belongs to a target that is never moved: add “read only: yes”`);
  }
  return { protected: readOnly ? { standsAt: standsAtIn(reading, entry, valueOf), reports: reportsOf(reading, entry) } : null, beforeMove: target['before each move'] === undefined ? null : resolveCommand(reading, target['before each move'], [...place, 'before each move']), approval: approvalOf(reading, entry) };
}

function standsAtIn(reading: Reading, { target, place, unit }: Entry, valueOf: (written: string | number) => TargetValue | null): TargetValue | null {
  const written = target['stands at'];
  if (written === undefined) return null;
  const value = valueOf(written);
  const at: Place = [...place, 'stands at'];
  if (value === null) reading.problems.add(at, 'WRONG_UNIT', unit === '%' ? `“${written}” is no percentage: write 100%` : `“${written}” is no value in ${unit}: write ${withUnit(5, unit)}`);
  else if (unit === '%' && (typeof value !== 'number' || value < 0 || value > 100)) reading.problems.add(at, 'OVER_CAP', `${written} is no share of users: 0% to 100%`);
  return value;
}

/** What a target must keep belongs to the values that its provider must be able to hold. */
export const standsAtOf = (target: ResolvedTarget): readonly TargetValue[] => (target.protected?.standsAt == null ? [] : [target.protected.standsAt]);

function reportsOf(reading: Reading, { target, place }: Entry): string | null {
  const known = Object.keys(reading.file.events ?? {});
  if (target.reports !== undefined && !known.includes(target.reports)) reading.problems.add([...place, 'reports'], 'UNKNOWN_EVENT', `unknown event “${target.reports}”; declare it under \`events\` (known: ${known.join(', ') || 'none'})`);
  return target.reports ?? null;
}

function approvalOf(reading: Reading, { id, target, place }: Entry): ResolvedTarget['approval'] {
  const { approval } = target;
  if (approval === undefined) return null;
  const at: Place = [...place, 'approval'];
  return {
    id: `targets/${id}/approval`, question: approval.question ?? `May ${id} be moved?`, ...quorumAt(reading, approval, { from: [], needs: 1 }, at),
    withinMs: lengthAt(reading, approval.within, [...at, 'within'], day), otherwise: 'hold', validMs: lengthAt(reading, approval['valid for'], [...at, 'valid for'], day),
  };
}

/** `invariants` as a list, or with a cadence of their own. */
export function resolveInvariants(reading: Reading, conditions: ConditionReader, paces: readonly { readonly cadenceMs: Ms }[]): Pick<ResolvedPlan, 'invariants' | 'invariantWatch'> {
  const given = reading.file.invariants;
  if (given === undefined || Array.isArray(given)) {
    const invariants = conditions.list(given, { in: 'invariants' }, ['invariants'], 'invariants');
    return { invariants, invariantWatch: invariants.length === 0 ? null : { everyMs: null, blindAfterMs: null } };
  }
  const everyMs = given.watch === undefined ? null : cadenceAt(reading, given.watch, ['invariants', 'watch'], 60_000);
  const blindAfterMs = given['blind after'] === undefined ? null : lengthAt(reading, given['blind after'], ['invariants', 'blind after'], day);
  const slowestMs = everyMs ?? Math.max(...paces.map(({ cadenceMs }) => cadenceMs));
  if (blindAfterMs !== null && blindAfterMs < slowestMs) reading.problems.add(['invariants', 'blind after'], 'WRONG_DURATION', '“blind after” is shorter than the cadence, so somebody would be called between any two looks');
  return { invariants: conditions.list(given.hold, { in: 'invariants' }, ['invariants', 'hold'], 'invariants'), invariantWatch: { everyMs, blindAfterMs } };
}

export const invariantPace = ({ invariants }: PlanFile): readonly string[] => (invariants === undefined || Array.isArray(invariants) || invariants.watch === undefined ? [] : [invariants.watch]);

/** How long nobody looked is measured only where something must never be out of sight. */
export function checkUnwatched(reading: Reading, plan: { readonly grades: readonly Grade[]; readonly targets: readonly ResolvedTarget[]; readonly invariants: readonly PlanCondition[] }): void {
  if (plan.invariants.length > 0 || plan.targets.some((target) => target.protected !== null)) return;
  for (const { grade, criteria } of plan.grades) {
    criteria.forEach(({ condition }, index) => {
      if (measuredBy(condition) === 'rollout.longest_unwatched') reading.problems.add(['grades', grade, index], 'WRONG_SUBJECT', '“rollout.longest_unwatched” measures how long nobody looked at what must always hold, and this plan has no `invariants` and no target that is “read only”');
    });
  }
}
