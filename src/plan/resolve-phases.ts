// Phases and baking: their days, paces, gates and triggers. Rules that compare phases with each other: rules.ts.
import type { Ms } from '../judgement/types.js';
import type { Place } from './problems.js';
import { cadenceAt, dayAt, lengthAt, soakAt, type Reading } from './reading.js';
import { resolveApproval, resolveDuring, resolvePreparation } from './resolve-asks.js';
import type { ConditionReader } from './resolve-conditions.js';
import { resolveChecks, resolveSteps } from './resolve-steps.js';
import { resolveDecision, resolveStages } from './resolve-decisions.js';
import { resolveMoves } from './resolve-targets.js';
import { resolveTriggers } from './resolve-triggers.js';
import type { Baking, Phase, ResolvedTarget } from './types.js';

const minute: Ms = 60_000;

/** How long an interval between two looks may be and still count as watched: the cadence, and once more or a minute. */
const blindAfter = (cadenceMs: Ms): Ms => cadenceMs + Math.max(cadenceMs, minute);
/** How long evidence may be unknown before it is a hold: three looks, at least five minutes. */
const unknownFor = (cadenceMs: Ms): Ms => Math.max(3 * cadenceMs, 5 * minute);

export const defaultCadenceMs: Ms = 5 * minute;

type PaceFile = { readonly watch?: string | undefined; readonly 'blind after'?: string | undefined; readonly 'unknown for'?: string | undefined };

export function paceOf(reading: Reading, given: PaceFile, place: Place): { readonly cadenceMs: Ms; readonly blindAfterMs: Ms; readonly unknownForMs: Ms } {
  const cadenceMs = cadenceAt(reading, given.watch, [...place, 'watch'], defaultCadenceMs);
  const blindAfterMs = lengthAt(reading, given['blind after'], [...place, 'blind after'], blindAfter(cadenceMs));
  if (blindAfterMs < cadenceMs) reading.problems.add([...place, 'blind after'], 'WRONG_DURATION', '“blind after” is shorter than the cadence, so no time could ever count as watched');
  return { cadenceMs, blindAfterMs, unknownForMs: lengthAt(reading, given['unknown for'], [...place, 'unknown for'], unknownFor(cadenceMs)) };
}

export interface PhaseTools { readonly conditions: ConditionReader; readonly targets: readonly ResolvedTarget[]; readonly quickestMs: Ms }

export function resolvePhases(reading: Reading, { conditions, targets, quickestMs }: PhaseTools): readonly Phase[] {
  return reading.file.phases.map((phase, index): Phase => {
    const place: Place = ['phases', index];
    const id = `phases/${phase.phase}`;
    const { untilDecided, ...soak } = soakAt(reading, phase.soak, [...place, 'soak']);
    const soaking = { ms: soak.ms, untilDecided };
    return {
      phase: phase.phase,
      starts: dayAt(reading, phase.starts, [...place, 'starts']),
      latest: dayAt(reading, phase.latest, [...place, 'latest']),
      preparation: resolvePreparation(reading, phase.preparation, [...place, 'preparation'], `${id}/preparation`, { conditions, standing: { in: 'preparation', index } }),
      enter: conditions.list(phase.enter, { in: 'enter', index }, [...place, 'enter'], `${id}/enter`),
      approval: resolveApproval(reading, phase, [...place, 'approval']),
      checks: resolveChecks(reading, phase, [...place, 'checks']), before: resolveSteps(reading, phase, 'before', [...place, 'before']),
      moves: resolveMoves(reading, phase, targets, [...place, 'move']), after: resolveSteps(reading, phase, 'after', [...place, 'after']),
      stages: resolveStages(reading, phase, soaking, { conditions, targets, index }),
      soak,
      ...paceOf(reading, phase, place),
      leave: conditions.list(phase.leave, { in: 'leave', index }, [...place, 'leave'], `${id}/leave`),
      decision: resolveDecision(reading, phase.decision, soaking, { place, soakKey: 'soak', name: phase.phase, id }),
      triggers: resolveTriggers(reading, conditions, phase.triggers, { standing: { in: 'phase-triggers', index }, place: [...place, 'triggers'], id: `${id}/triggers`, quickestMs }),
      during: resolveDuring(reading, phase, [...place, 'during']),
      rollbackWithinMs: phase.rollback === undefined ? null : lengthAt(reading, phase.rollback.within, [...place, 'rollback', 'within'], 30_000),
    };
  });
}

export function resolveBaking(reading: Reading, { conditions, quickestMs }: PhaseTools): Baking | null {
  const { baking } = reading.file;
  if (baking === undefined) return null;
  const place: Place = ['baking'];
  const { untilDecided, ...soak } = soakAt(reading, baking.for, [...place, 'for']);
  return {
    ...soak, ...paceOf(reading, baking, place),
    leave: conditions.list(baking.leave, { in: 'baking' }, [...place, 'leave'], 'baking/leave'),
    decision: resolveDecision(reading, baking.decision, { ms: soak.ms, untilDecided }, { place, soakKey: 'for', name: 'baking', id: 'baking' }),
    triggers: resolveTriggers(reading, conditions, baking.triggers, { standing: { in: 'baking' }, place: [...place, 'triggers'], id: 'baking/triggers', quickestMs }),
  };
}
