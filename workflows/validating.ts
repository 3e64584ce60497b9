// What must pass before each move of a target: a command of the plan, run right before every forward write, never before an undo. In `pass`
// (phase.ts) it runs before the last look, so that the evidence is fresh when the write leaves; a write that is repeated is validated again.
import type { Phase, PlannedMove, TargetValue } from '../src/plan/types.js';
import type { CommandOutput } from '../activities/types.js';
import { condition } from '@temporalio/workflow';
import { deciders } from './asks.js';
import { retryOrRollBack } from './moving.js';
import { endedHow, runOnce } from './plan-commands.js';
import type { Run } from './run.js';

/** A write that does not follow within so long is validated again. */
const freshMs = 10 * 60_000;

/** Whether a phase moves something that must be validated. */
export const validates = (run: Run, phase: Phase): boolean => phase.moves.some((move) => run.target(move.target).beforeMove !== null);

/** All that must pass before this phase's writes; false: something failed and people have decided to try again, so everything is judged anew. */
export async function validateMoves(run: Run, phase: Phase): Promise<boolean> {
  for (const move of phase.moves.filter((one) => run.target(one.target).beforeMove !== null)) {
    if (!(await passes(run, move))) return false;
    run.state.validated = { ...run.state.validated, [move.target]: run.now() };
  }
  return true;
}

/** The validation that was made for the write that comes now; it serves for one. */
export function hasPassed(run: Run, target: string): boolean {
  const at = run.state.validated?.[target];
  if (at === undefined) return false;
  delete run.state.validated![target];
  return run.now() - at < freshMs;
}

/** @throws Interrupted when people decide to roll back */
export async function passes(run: Run, { target, to }: PlannedMove): Promise<boolean> {
  const output = await run.orDemand(validation(run, target, to));
  if (noted(run, target, output)) return true;
  await retryOrRollBack(run, target, `${target} is not moved to ${to}${run.target(target).unit}: what must pass before ${saying(output)}`);
  return false;
}

/** The same where a person has decided about drift, beside the story. A rollback that comes meanwhile is not kept waiting, and needs no validation. */
export async function passesBeside(run: Run, target: string, by: string): Promise<boolean> {
  const { state } = run;
  let output: CommandOutput | null = null;
  const running = validation(run, target, state.drift[target] ?? '').then((value) => { output = value; });
  await condition(() => output !== null || state.step === 'rolling-back' || run.over);
  if (output === null) { void running; return false; }
  if (noted(run, target, output)) return state.step !== 'rolling-back' && target in state.drift;
  run.tell('critical', 'validation-failed', `${state.rollout}: ${target} stays as it was found: what must pass before ${saying(output)}`, `decided by ${by}; it is asked again`, { to: deciders(run) });
  return false;
}

const validation = (run: Run, target: string, value: TargetValue): Promise<CommandOutput> =>
  runOnce(run, `before moving ${target}`, run.target(target).beforeMove!, { TIDEGATE_TARGET: target, TIDEGATE_VALUE: String(value) });

function noted(run: Run, target: string, output: CommandOutput): boolean {
  run.note('command', `before moving ${target}: ${endedHow(output, 'passed')}`, { target, output: output.output, durationMs: output.durationMs });
  return output.ok;
}

const saying = ({ output, timedOut }: CommandOutput): string => `${timedOut ? 'timed out' : 'failed'}: ${output.slice(-500)}`;
