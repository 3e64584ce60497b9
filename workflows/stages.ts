// Moves in mid-soak: when the phase has so much clean time, nothing is wrong and the stage's own conditions hold, its targets are moved like any
// of the phase's, and undone with it. The soak goes on meanwhile; how far a phase has come stands in its record, so a stage is never made twice.
import type { Stage } from '../src/plan/types.js';
import { inWords } from './asks.js';
import { calm, failing, untilAllowed, waitedOut } from './gates.js';
import { answersSeen, askHumans } from './human-answers.js';
import { move } from './moving.js';
import type { Run } from './run.js';
import { nextStage, soakSkipped, stageDue } from './soaks.js';
import { standings } from './state.js';
import { lookNow } from './watching.js';

/** Makes what is left of the phase's stages, one after the other. Whoever skips the soak leaves them out. @throws Interrupted, Leaving */
export async function makeStages(run: Run): Promise<void> {
  const { state } = run;
  const skipped = (): boolean => soakSkipped(state, run.phaseName);
  for (;;) {
    const record = run.record;
    const stage = record === null || run.phase === null ? null : nextStage(run.phase, record);
    if (record === null || stage === null) return;
    if (!(await opened(run, stage, skipped))) {
      run.note('decision', `the soak of ${run.phaseName} was skipped: ${inMoves(stage)} is left out`, { stage: stage.id });
      return;
    }
    const number = record.stages ?? 0;
    run.note('phase', `${run.phaseName} goes on in mid-soak: ${inMoves(stage)}, after ${inWords(record.cleanMs)} clean`, { stage: stage.id, number: number + 1, of: run.phase!.stages.length, cleanMs: record.cleanMs, verdicts: state.verdicts.filter((verdict) => stage.enter.some((one) => one.id === verdict.id)).map((verdict) => verdict.message) });
    for (const planned of stage.moves) await move(run, planned, number);
    record.stages = number + 1;
    record.targets = standings(state);
    state.soaked = false;
    state.leave = null;
    state.gate = null;
    run.rewatch++;
  }
}

export const inMoves = (stage: Stage): string => stage.moves.map((planned) => `${planned.target} → ${planned.to}`).join(', ');

/** Waits until the stage may be made; false: the soak was skipped. */
async function opened(run: Run, stage: Stage, skipped: () => boolean): Promise<boolean> {
  const { state } = run;
  const due = (): boolean => stageDue(state)?.id === stage.id;
  const ready = (): boolean => due() && run.free(waitedOut) && calm(run);
  for (;;) {
    await run.until(() => skipped() || ready());
    if (skipped()) return false;
    // Only now its conditions are judged: before, they are no business of the soak.
    if (state.gate === null) await lookNow(run);
    askHumans(run, stage.enter, run.phaseName!);
    if (state.gate === 'fail') run.holdAndTell('gate', `${run.phaseName} does not go on to ${inMoves(stage)}: ${failing(run)}`);
    if (state.gate === 'pass' && ready()) {
      run.unhold('gate', 'every condition holds');
      await untilAllowed(run);
      await lookNow(run);
      if (state.gate === 'pass' && ready()) return true;
      continue;
    }
    const { reports } = run;
    const answers = answersSeen(run);
    await run.until(() => skipped() || run.reports !== reports || answersSeen(run) !== answers);
  }
}
