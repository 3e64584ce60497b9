// Steps: the commands of a phase before and after its moves, in order, each taken once. Before a step leaves, the record says how it is taken
// back; what must happen 'always' is owed from then on, whatever way the phase goes.
import { ActivityFailure, ApplicationFailure, CancellationScope, TimeoutFailure, sleep } from '@temporalio/workflow';
import type { CommandSettings, Step } from '../src/plan/types.js';
import type { CommandOutput } from '../activities/types.js';
import { answered, deciders, openAsk } from './asks.js';
import { reasonOf } from './failure.js';
import { stepper } from './options.js';
import { failedHow, notRun } from './plan-commands.js';
import { Interrupted, PartFailed, type Run } from './run.js';
import type { StepRecord } from './state.js';

/** Waits between the attempts at what must be done on the way back. */
const pausesMs = [1_000, 5_000, 30_000];

/** Takes what is left of a list of steps. @throws PartFailed, Interrupted */
export async function takeSteps(run: Run, steps: readonly Step[], mayGoOn: () => Promise<void>): Promise<void> {
  for (const step of steps) {
    if (recordOf(run, step.id)?.state === 'done') continue;
    if (step.at !== null && step.at > run.now()) {
      run.state.step = 'waiting';
      await run.until(() => false, step.at);
      run.state.step = 'moving';
    }
    await mayGoOn();
    await takeStep(run, step);
  }
}

async function takeStep(run: Run, step: Step): Promise<void> {
  const { state } = run;
  for (;;) {
    state.firstMoveAt ??= run.now();
    put(run, { id: step.id, name: step.name, phase: run.phaseName ?? '', phaseIndex: state.phaseIndex, generation: state.generation, state: 'running', at: run.now(), undo: step.undo, cannotUndo: step.cannotUndo, always: step.always, alwaysDone: false });
    run.note('step', `${step.name}: begins`, { step: step.id });
    const output = await carryOut(run, step.name, step.run);
    if (output === null ? await happened(run, step) : ended(run, step, output)) break;
  }
  if (step.verify !== null) {
    const proof = await carryOut(run, `verify: ${step.name}`, step.verify);
    if (proof?.ok !== true) fail(run, step, `ran, but its check ${proof === null ? 'was cut off' : `fails: ${proof.output.slice(-300)}`}`, proof?.output ?? null);
  }
  put(run, { ...recordOf(run, step.id)!, state: 'done' });
  run.note('step', `${step.name}: done`, { step: step.id });
}

/** @throws PartFailed */
function ended(run: Run, step: Step, output: CommandOutput): true {
  if (!output.ok) fail(run, step, `${failedHow(output)}: ${output.output.slice(-300)}`, output.output);
  run.note('command', `${step.name}: ran for ${Math.round(output.durationMs / 1000)} s`, { step: step.id, output: output.output, durationMs: output.durationMs });
  return true;
}

function fail(run: Run, step: Step, why: string, output: string | null): never {
  put(run, { ...recordOf(run, step.id)!, state: 'failed' });
  run.note('step-failed', `${step.name}: ${why}`, { step: step.id, output });
  throw new PartFailed(step.name, `'${step.name}' ${why}`);
}

/** The worker died under a step: nobody knows how far it came. Run again, read, or asked, as the plan says. Answers whether it happened. */
async function happened(run: Run, step: Step): Promise<boolean> {
  run.note('step-failed', `${step.name}: was cut off, and nobody knows how far it came`, { step: step.id });
  if (step.repeatable) return false;
  if (step.read !== null) {
    const reading = await carryOut(run, `read: ${step.name}`, step.read);
    if (reading !== null) {
      run.note('step', `${step.name}: reads as ${reading.ok ? 'done' : 'not done'}`, { step: step.id, output: reading.output });
      return reading.ok;
    }
  }
  return somebodySays(run, step.id, `'${step.name}' was cut off, and nobody knows how far it came`);
}

/** Holds until a person has looked: it has happened, it is to be run again, or everything goes back. @throws Interrupted when that is the answer */
async function somebodySays(run: Run, id: string, what: string): Promise<boolean> {
  run.holdAndTell('command-failed', what, 'critical', deciders(run));
  const ask = await answered(run, openAsk(run, { ask: `${run.phaseName ?? 'rollout'}/step/${id.split('/').at(-1)!}`, kind: 'retry', question: `${what}. Has it happened, or shall it run again?`, from: deciders(run), options: ['happened', 'again', 'rollback'], healthy: 'again', withinMs: null, otherwise: 'hold' }));
  const by = ask.answers.at(-1)?.by ?? 'somebody';
  run.unhold('command-failed', `${by} says ${String(ask.result)}`, by);
  if (ask.result === 'rollback') {
    run.demand({ kind: 'rollback', to: { kind: 'start' }, reason: what, by, automatic: false, at: run.now() });
    await run.until(() => false);
  }
  return ask.result === 'happened';
}

/**
 * Runs a command of the story to its end; null: it was cut off, and how far it came is not known. When a demand comes, the command's process
 * group is killed, and whoever takes the step back waits until it is gone (`settled`).
 * @throws Interrupted
 */
async function carryOut(run: Run, name: string, command: CommandSettings): Promise<CommandOutput | null> {
  const scope = new CancellationScope();
  run.inFlight++;
  const work = scope.run(() => runToEnd(run, name, command));
  run.stepUnderWay = work.then(() => undefined, () => undefined).finally(() => { run.inFlight--; });
  try {
    return await run.orDemand(work);
  } catch (error) {
    if (error instanceof Interrupted) scope.cancel();
    throw error;
  }
}

/** What could not be run at all has not happened, and is a failure; what was cut off may have happened. */
async function runToEnd(run: Run, name: string, command: CommandSettings): Promise<CommandOutput | null> {
  try {
    return await stepper(command.timeoutMs, command.on).runCommand({ rollout: run.state.rollout, name, command, values: {} });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) return null;
    const notBegun = (error.cause instanceof ApplicationFailure && error.cause.type !== 'CommandCutOff') || (error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START');
    return notBegun ? notRun(reasonOf(error)) : null;
  }
}

/** Steps from the phase `bound` on, newest first. Answers what could not be taken back, by name. */
export async function undoSteps(run: Run, bound: number): Promise<string[]> {
  await run.stepUnderWay;
  const left: string[] = [];
  for (const record of [...(run.state.steps ?? [])].reverse().filter((one) => one.phaseIndex >= bound && one.state !== 'undone' && one.state !== 'left')) {
    if (record.undo === null) {
      put(run, { ...current(run, record), state: 'left' });
      run.note('step-undone', `${record.name}: stays as it is, it cannot be undone: ${record.cannotUndo ?? ''}`, { step: record.id });
    } else if (await insist(run, `undo: ${record.name}`, record.undo, null, record.id)) {
      put(run, { ...current(run, record), state: 'undone' });
    } else left.push(record.name);
  }
  return left;
}

/** When a phase has moved: what is owed is done now, and a person hears where that is not possible. @throws Interrupted */
export async function settleWhatIsOwed(run: Run): Promise<void> {
  for (;;) {
    const left = await run.orDemand(payWhatIsOwed(run));
    if (left.length === 0) return;
    const record = owed(run).at(-1)!;
    if (await somebodySays(run, record.id, `what must always follow '${record.name}' could not be done`)) put(run, { ...record, alwaysDone: true });
  }
}

const owed = (run: Run): StepRecord[] => (run.state.steps ?? []).filter((one) => one.always !== null && !one.alwaysDone);

/** What is owed whatever happened (e.g. maintenance mode off), newest first. Answers what could not be done, by name. */
export function payWhatIsOwed(run: Run): Promise<string[]> {
  if (owed(run).length === 0) return Promise.resolve([]);
  const before = run.stepUnderWay;
  const work = (async (): Promise<string[]> => {
    await before;
    const left: string[] = [];
    for (const record of owed(run).reverse()) {
      if (await insist(run, `always after '${record.name}'`, record.always!.run, record.always!.verify, record.id)) put(run, { ...current(run, record), alwaysDone: true });
      else left.push(record.name);
    }
    return left;
  })();
  run.inFlight++;
  run.stepUnderWay = work.then(() => undefined, () => undefined).finally(() => { run.inFlight--; });
  return work;
}

/** On the way back nothing is asked: tried a few times, each told when it failed for good. */
async function insist(run: Run, name: string, command: CommandSettings, verify: CommandSettings | null, id: string): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    const output = await runToEnd(run, name, command);
    const proof = output?.ok === true && verify !== null ? await runToEnd(run, `verify: ${name}`, verify) : output;
    const ok = proof?.ok === true;
    run.note(ok ? 'step-undone' : 'step-failed', `${name}: ${ok ? 'done' : proof === null ? 'was cut off' : `failed: ${proof.output.slice(-300)}`}`, { step: id, output: proof?.output ?? null });
    if (ok) return true;
    if (attempt === pausesMs.length) break;
    await sleep(pausesMs[attempt]!);
  }
  run.tell('emergency', 'step-left', `${run.state.rollout}: '${name}' could not be done: it must be done by hand, now`, typeof command.run === 'string' ? command.run : command.run.join(' '), { to: deciders(run) });
  return false;
}

const recordOf = (run: Run, id: string): StepRecord | undefined => (run.state.steps ?? []).findLast((one) => one.id === id && one.generation === run.state.generation);

const current = (run: Run, record: StepRecord): StepRecord => run.state.steps!.find((one) => one.id === record.id && one.generation === record.generation)!;

/** One record a step and generation: it is replaced as the step goes on. */
function put(run: Run, record: StepRecord): void {
  const steps = run.state.steps ?? [];
  const same = (one: StepRecord): boolean => one.id === record.id && one.generation === record.generation;
  run.state.steps = steps.some(same) ? steps.map((one) => (same(one) ? record : one)) : [...steps, record];
}
