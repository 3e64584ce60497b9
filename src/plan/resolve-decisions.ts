// How a soak goes on and ends beyond its own clean time: moves in mid-soak, and people who decide at its end.
import type { Ms } from '../judgement/types.js';
import { printDuration } from './durations.js';
import type { Place } from './problems.js';
import { isYes, lengthAt, type Reading } from './reading.js';
import { quorumAt } from './resolve-asks.js';
import type { ConditionReader } from './resolve-conditions.js';
import { resolveMoves } from './resolve-targets.js';
import type { DecisionFile, PhaseFile } from './schema.js';
import type { Decision, ResolvedTarget, Stage } from './types.js';

const day: Ms = 86_400_000;

interface Soaking { readonly ms: Ms; readonly untilDecided: boolean }
interface Of { /** of the phase, or of baking */ readonly place: Place; readonly soakKey: 'soak' | 'for'; readonly name: string; readonly id: string }

export function resolveDecision(reading: Reading, given: DecisionFile | undefined, soak: Soaking, of: Of): Decision | null {
  const { problems } = reading;
  const place: Place = [...of.place, 'decision'];
  if (given === undefined) {
    if (soak.untilDecided) problems.add([...of.place, of.soakKey], 'MISSING_KEY', `“until decided” needs somebody who decides: add “decision: { from: WHO }” to ${of.name}`);
    return null;
  }
  const { from, needs } = quorumAt(reading, given, { from: [], needs: 1 }, place);
  if (soak.untilDecided) for (const key of ['within', 'otherwise'] as const) if (given[key] !== undefined) problems.add([...place, key], 'KEY_WITHOUT_EFFECT', `“${key}” has no effect: what soaks until it is decided has no deadline, its deciders are reminded (“again: …”)`, { on: 'key' });
  return {
    id: `${of.id}/decision`, question: given.question ?? `${of.name} has soaked: go on?`, from, needs,
    withinMs: soak.untilDecided ? null : lengthAt(reading, given.within, [...place, 'within'], day), otherwise: given.otherwise === 'roll back' ? 'rollback' : (given.otherwise ?? 'hold'),
    againMs: lengthAt(reading, given.again, [...place, 'again'], soak.ms > 0 ? soak.ms : 7 * day),
  };
}

/** The phase's moves in mid-soak. Each comes later than the one before, and early enough to be soaked itself. */
export function resolveStages(reading: Reading, phase: PhaseFile, soak: Soaking, { conditions, targets, index }: { readonly conditions: ConditionReader; readonly targets: readonly ResolvedTarget[]; readonly index: number }): readonly Stage[] {
  let before: Ms = 0;
  return (phase.then ?? []).map((stage, number): Stage => {
    const place: Place = ['phases', index, 'then', number];
    const id = `phases/${phase.phase}/then/${number}`;
    const afterMs = lengthAt(reading, stage.after, [...place, 'after'], before + 1);
    if (afterMs <= before) reading.problems.add([...place, 'after'], 'IMPOSSIBLE_TIME', `“after” counts from the beginning of the soak: ${printDuration(afterMs)} does not come after the ${printDuration(before)} of the move before it`);
    else if (soak.ms > 0 && afterMs >= soak.ms) reading.problems.add([...place, 'after'], 'IMPOSSIBLE_TIME', `“${phase.phase}” soaks for ${printDuration(soak.ms)}: a move after ${printDuration(afterMs)} would not be soaked at all`);
    before = Math.max(before, afterMs);
    if (Object.keys(stage.move).length === 0) reading.problems.add([...place, 'move'], 'TOO_SMALL', 'this moves nothing: name a target and its value');
    return {
      id, afterMs, enter: conditions.list(stage.enter, { in: 'stage', index }, [...place, 'enter'], `${id}/enter`),
      moves: resolveMoves(reading, { phase: phase.phase, move: stage.move, shrinks: isYes(stage.shrinks) }, targets, [...place, 'move']),
    };
  });
}
