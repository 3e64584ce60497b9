// The soak as it stands: whether there is one, whether it was skipped, how much clean time it needs until its next move in mid-soak, until it is
// decided on, until its end. Pure.
import type { Ms } from '../src/judgement/types.js';
import type { Decision, Phase, PlannedMove, Stage } from '../src/plan/types.js';
import type { PhaseRecord, State, Stay } from './state.js';

/** A phase soaks, or the baking does. */
export const isSoaking = ({ step }: State): boolean => step === 'soaking' || step === 'baking';
/** A look tells a soak: a phase's, or the baking's, which goes on while the end is judged. */
export const soakIsWatched = (state: State): boolean => state.step === 'soaking' || isBaking(state);
/** Every phase is over: what counts now is the baking, also while the end is judged. */
export const isBaking = ({ step }: State): boolean => step === 'baking' || step === 'grading';

/** What stands in `state.skipped` when the soak of `name` was skipped: this one, and none after a rollback. */
export const soakId = (name: string | null, { generation }: State): string => `${name}/soak/${generation}`;
export const soakSkipped = (state: State, name: string | null): boolean => state.skipped.includes(soakId(name, state));

/** Everything that a phase moves, in mid-soak too. */
export const movesOf = (phase: Phase): readonly PlannedMove[] => [...phase.moves, ...phase.stages.flatMap((stage) => stage.moves)];

/** The next move in mid-soak; null: none is left. */
export const nextStage = (phase: Phase, record: PhaseRecord): Stage | null => phase.stages[record.stages ?? 0] ?? null;

/** Its clean time is there, or part of it has been made already: a restart of the soak does not leave a half-made move behind. */
export function stageDue(state: State): Stage | null {
  const phase = state.plan.phases[state.phaseIndex];
  const record = state.phases[state.phaseIndex];
  if (phase === undefined || record === undefined || state.step !== 'soaking') return null;
  const stage = nextStage(phase, record);
  const begun = state.moves.some((move) => move.phaseIndex === state.phaseIndex && move.generation === state.generation && move.stage === (record.stages ?? 0));
  return stage !== null && (begun || record.cleanMs >= stage.afterMs) ? stage : null;
}

interface Soak { readonly ms: Ms; readonly extraMs: Ms; readonly decision: Decision | null }
interface Soaked { readonly restarts: number; readonly stayed?: Stay }

/** The clean time after which a soak is over, or is decided on (again). What somebody let soak on, and what has begun anew since, needs its own length only. */
export const wholeMs = ({ ms, extraMs, decision }: Soak, { restarts, stayed }: Soaked): Ms =>
  (stayed === undefined || decision === null || stayed.restarts !== restarts ? ms + extraMs : Math.max(ms + extraMs, stayed.atCleanMs + decision.againMs));

export const wholeOf = (phase: Phase, record: PhaseRecord): Ms => wholeMs({ ms: phase.soak.ms, extraMs: record.extraSoakMs, decision: phase.decision }, record);
export const wholeOfBaking = ({ plan: { baking }, baking: record }: State): Ms => (baking === null ? 0 : wholeMs({ ms: baking.ms, extraMs: record.extraMs, decision: baking.decision }, record));
