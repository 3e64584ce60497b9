// What protects may be tightened while a rollout is under way, never loosened: a cap that an amendment could raise would be one that a command
// exceeds. Pure: what a new plan would loosen, or could not keep, in words. Used by amending.ts.
import type { ResolvedPlan, ResolvedTarget } from '../src/plan/types.js';
import { same } from './moving.js';
import { mustStandAt, standing, type State } from './state.js';

export function loosening(state: State, plan: ResolvedPlan): string[] {
  const targets = state.plan.targets.flatMap((before) => {
    const after = plan.targets.find((target) => target.id === before.id);
    return after === undefined ? [] : ofTarget(state, before, after);
  });
  const dropped = state.plan.invariants.filter(({ condition }) => !plan.invariants.some((one) => one.condition.text === condition.text));
  return [...targets, ...dropped.map(({ condition }) => `it drops the invariant “${condition.text}”`)];
}

function ofTarget(state: State, before: ResolvedTarget, after: ResolvedTarget): string[] {
  const { id, unit } = before;
  const found: string[] = [];
  const mustStand = mustStandAt(state, before);
  if (before.protected !== null && after.protected === null) found.push(`${id} is read only, and would no longer be`);
  if (mustStand !== null && after.protected?.standsAt != null && !same(mustStand, after.protected.standsAt)) found.push(`${id} must stand at ${mustStand}${unit}, and would have to stand at ${after.protected.standsAt}${unit}`);
  if (before.protected === null && after.protected !== null && state.moves.some((move) => move.target === id)) found.push(`${id} was moved by this rollout, and a rollback must be able to take it back: it cannot become read only`);
  if (before.cap !== null && (after.cap === null || after.cap > before.cap)) found.push(`the cap of ${id} would be raised from ${before.cap}${unit} to ${after.cap === null ? 'nothing' : `${after.cap}${unit}`}`);
  const values = [standing(state, id), state.moves.find((move) => move.target === id && move.direction === 'forward')?.before];
  const over = values.find((value) => after.cap !== null && typeof value === 'number' && value > after.cap);
  if (over !== undefined) found.push(`CAP_BELOW_CURRENT: ${id} stands or stood at ${over}${unit}, over the new cap of ${after.cap}${unit}`);
  if (before.beforeMove !== null && after.beforeMove === null) found.push(`${id} would be moved without what must pass before`);
  if (before.approval !== null && (after.approval === null || after.approval.needs < before.approval.needs || after.approval.from.some((person) => !before.approval!.from.includes(person)))) found.push(`${id} would be moved without the approval of ${before.approval.needs} of ${before.approval.from.join(', ')}`);
  return found;
}
