// Rules over the resolved plan that no single key can break: values within caps, phases in order, nothing that shrinks unsaid.
// What is merely unwise is not refused but told: lint.ts.
import { allConditions } from './all-conditions.js';
import { reservedWords } from './condition-context.js';
import { printDuration } from './durations.js';
import { placeOfId } from './lint.js';
import { exposesLess, sizeOf, unlimited } from './ordering.js';
import type { Place, Problems } from './problems.js';
import type { Phase, PlannedMove, ResolvedPlan, ResolvedTarget, TargetValue } from './types.js';
import { withUnit } from './units.js';

export function checkRules(plan: ResolvedPlan, problems: Problems): void {
  checkNames(plan, problems);
  checkOrder(plan.phases, problems);
  checkPreparation(plan, problems);
  for (const target of plan.targets) checkMoves(target, plan.phases, problems);
  checkStandUps(plan, problems);
  checkScales(plan, problems);
}

function checkNames(plan: ResolvedPlan, problems: Problems): void {
  plan.phases.forEach(({ phase }, index) => {
    if (reservedWords.includes(phase)) problems.add(['phases', index, 'phase'], 'WRONG_NAME', `“${phase}” is a word of the plan language and cannot be a phase’s name`);
    if (phase === 'completion' && plan.completion !== null) problems.add(['phases', index, 'phase'], 'WRONG_NAME', '“completion” is what comes after the phases of this plan: call the phase otherwise');
    if (plan.phases.findIndex((other) => other.phase === phase) < index) problems.add(['phases', index, 'phase'], 'DUPLICATE_NAME', `there are two phases “${phase}”: they could not be told apart`);
    if (plan.metrics.some(({ name }) => name === phase)) problems.add(['phases', index, 'phase'], 'DUPLICATE_NAME', `“${phase}” is a metric and a phase: a condition could mean either`);
  });
}

function checkOrder(phases: readonly Phase[], problems: Problems): void {
  let earliest = Number.NEGATIVE_INFINITY;
  let before = '';
  phases.forEach(({ phase, starts, latest }, index) => {
    if (starts !== null && starts < earliest) problems.add(['phases', index, 'starts'], 'IMPOSSIBLE_TIME', `“${phase}” would start before “${before}”, which comes first in the plan`);
    if (starts !== null && latest !== null && latest < starts) problems.add(['phases', index, 'latest'], 'IMPOSSIBLE_TIME', '“latest” comes before “starts”');
    if (starts !== null) { earliest = Math.max(earliest, starts); before = phase; }
  });
}

/** A phase waits for its preparation, so what is asked after its start would only delay it. */
function checkPreparation(plan: ResolvedPlan, problems: Problems): void {
  plan.phases.forEach(({ phase, starts, preparation }, index) => {
    const check = (items: ResolvedPlan['preparation'], place: Place): void => {
      for (const { question, askAt } of items) if (starts !== null && askAt !== null && askAt > starts) problems.add(place, 'IMPOSSIBLE_TIME', `“${question}” is asked after “${phase}” starts, which waits for it: ask it earlier, or prepare a later phase by it`);
    };
    check(preparation, ['phases', index, 'preparation']);
    if (index === 0) check(plan.preparation, ['preparation']);
  });
}

function checkMoves(target: ResolvedTarget, phases: readonly Phase[], problems: Problems): void {
  let before: { readonly phase: string; readonly value: TargetValue } | null = null;
  if (target.cap !== null && target.unit === '%' && (target.cap < 0 || target.cap > 100)) problems.add(['targets', target.id, 'cap'], 'OVER_CAP', `a cap of ${target.cap}% is no share of users: 0% to 100%`);
  const isNumeric = target.cap !== null || target.safer !== 'none' || target.unit !== '' || stepsOf(target, phases).some(({ move }) => typeof move.to === 'number');
  stepsOf(target, phases).forEach(({ phase, move, place }) => {
    if (target.readOnly) problems.add(place, 'READ_ONLY', `“${target.id}” is read only: no phase may move it`);
    const size = sizeOf(target, move.to);
    if (move.to === unlimited && size === null && isNumeric) problems.add(place, 'WRONG_VALUE', `what “${target.id}” calls unlimited is not known: add “unlimited is: …” to the target`);
    if (size === Number.POSITIVE_INFINITY && target.cap !== null) problems.add(place, 'OVER_CAP', `unlimited is over this target’s cap of ${withUnit(target.cap, target.unit)}`);
    if (typeof move.to === 'number') {
      if (target.unit === '%' && (move.to < 0 || move.to > 100)) problems.add(place, 'OVER_CAP', `${move.to}% is no share of users: 0% to 100%`);
      else if (target.cap !== null && move.to > target.cap) problems.add(place, 'OVER_CAP', `${withUnit(move.to, target.unit)} is over this target’s cap of ${withUnit(target.cap, target.unit)}`);
    }
    else if (target.cap !== null && target.unlimited === null) problems.add(place, 'OVER_CAP', `“${move.to}” is no number, and this target has a cap of ${withUnit(target.cap, target.unit)}: it could never be told whether it is kept`);
    if (before !== null && exposesLess(target, move.to, before.value) && !move.shrinks) {
      problems.add(place, 'SHRINKS', `“${phase}” exposes less than “${before.phase}”: ${shown(before.value, target)} → ${shown(move.to, target)}; if that is meant, add “shrinks: yes” to ${place.includes('then') ? 'this move' : 'the phase'}`);
    }
    before = { phase, value: move.to };
  });
}

/** Every move of a target, of phases and in mid-soak, in the order of the plan. A later one towards the safer side again is more often a slip than a wish. */
const stepsOf = (target: ResolvedTarget, phases: readonly Phase[]): readonly { readonly phase: string; readonly move: PlannedMove; readonly place: Place }[] => phases.flatMap(({ phase, moves, stages }, index) => [
  ...moves.map((move) => ({ phase, move, place: ['phases', index, 'move', target.id] })),
  ...stages.flatMap((stage, number) => stage.moves.map((move) => ({ phase, move, place: ['phases', index, 'then', number, 'move', target.id] }))),
].filter(({ move }) => move.target === target.id));
const shown = (value: TargetValue, target: ResolvedTarget): string => (typeof value === 'number' ? withUnit(value, target.unit) : value);

/** Two at one instant would be one meeting with two decisions. */
function checkStandUps(plan: ResolvedPlan, problems: Problems): void {
  plan.standUps.forEach((standUp, index) => {
    for (const other of plan.standUps.slice(0, index)) {
      const clock = standUp.at.find((at) => other.at.includes(at));
      const phase = standUp.phases.find((one) => other.phases.includes(one));
      if (clock !== undefined && phase !== undefined && standUp.weekdays.some((day) => other.weekdays.includes(day))) {
        problems.add(['stand-ups', index], 'DUPLICATE_NAME', `“${standUp.title}” and “${other.title}” are both held at ${clock} in “${phase}”: keep one, or say \`in:\` which phases each belongs to`);
      }
    }
    if (standUp.at.length > 1 && standUp.withinMs > 12 * 3_600_000) problems.add(['stand-ups', index, 'within'], 'WRONG_DURATION', `the next one comes before ${printDuration(standUp.withinMs)} are over`);
  });
}

/** What nobody can answer can never hold, or can never fail. */
function checkScales(plan: ResolvedPlan, problems: Problems): void {
  for (const { id, condition } of allConditions(plan)) {
    if (condition.kind !== 'compare' || condition.subject.kind !== 'metric' || condition.subject.aggregate === 'sum' || condition.subject.aggregate === 'count' || condition.limit.kind !== 'number') continue;
    const { metric } = condition.subject;
    const scale = plan.metrics.find(({ name }) => name === metric)?.human?.scale ?? null;
    if (scale !== null && (condition.limit.value < scale.from || condition.limit.value > scale.to)) problems.add(placeOfId(plan, id), 'OFF_SCALE', `“${condition.text}” asks for what is not on the scale of ${metric}, ${scale.from} to ${scale.to}`);
  }
}
