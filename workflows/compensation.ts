// A rollback: the compensation of every executed move, newest first, each read back. Nothing blocks it (no freeze, approval, pause or dead
// channel), nobody is waited for, and it never ends in silence: undone and verified, or the remainder named.
import { ActivityFailure, ApplicationFailure, condition, sleep } from '@temporalio/workflow';
import type { CommandSettings, LadderStep, RollbackStep, TargetValue } from '../src/plan/types.js';
import { deciders, inWords, openAsk, voidAsk } from './asks.js';
import { activities, longestAttemptMs, runner, undoer } from './options.js';
import { reasonOf } from './failure.js';
import { retryOrRollBack } from './moving.js';
import { endedHow } from './plan-commands.js';
import type { PartFailed, Run } from './run.js';
import { newPhase, type Demand, type MoveRecord } from './state.js';
import { payWhatIsOwed, undoSteps } from './steps.js';
import { endIssues, rollbackMatter } from './watching.js';

type RollbackDemand = Extract<Demand, { kind: 'rollback' }>;
/** Rounds of undoing after the ladder was run; then the remainder is named and the rollout ends as incomplete. */
const roundsAfterLadder = 3;
/** How long people have to take back by hand what only they can; they are reminded and escalated to meanwhile. */
const byHandWithinMs = 4 * 3_600_000;

interface Undo { readonly target: string; readonly value: TargetValue; readonly moves: readonly MoveRecord[]; done: boolean; detail: string }

/** Carries a demanded rollback out. Answers whether the rollout is over (back at the start, or incomplete) or held in the phase it went back to. */
export async function rollBack(run: Run, demand: RollbackDemand): Promise<'over' | 'restored'> {
  const { state, plan } = run;
  const bound = boundOf(run, demand);
  const toStart = bound === 0;
  state.step = 'rolling-back';
  state.gate = null;
  state.demand = null;
  const limitMs = run.phase?.rollbackWithinMs ?? plan.rollback.withinMs;
  state.rollback = { reason: demand.reason, to: toStart ? 'the start' : `the end of ${plan.phases[bound - 1]!.phase}`, by: demand.by, automatic: demand.automatic, decidedAt: demand.at, readBackAt: null, verified: null, remainder: [], done: false, taken: 0 };
  const { undos, byHand } = sorted(run, undosFrom(run, bound));

  if (plan.rollback.before.length > 0) await takeBefore(run, plan.rollback.before);
  // The undo leaves in this very workflow task; what is written down and told comes behind it.
  const undoing = undoAll(run, undos, demand.at + limitMs);
  run.rewatch++;
  const failed = state.verdicts.filter((verdict) => verdict.verdict === 'fail').map((verdict) => verdict.message);
  run.note('decision', `rolling back to ${state.rollback.to}: ${demand.reason}`, { automatic: demand.automatic, targets: undos.map((undo) => undo.target), reason: demand.reason, to: state.rollback.to, verdicts: failed }, demand.by);
  run.tell('critical', 'rolling-back', `${state.rollout} is rolling back to ${state.rollback.to}: ${demand.reason}`, undos.map((undo) => `${undo.target} → ${undo.value}`).join('\n'), { to: deciders(run), matter: rollbackMatter(demand.at), ends: run.heldMatters() });
  for (const ask of Object.values(state.asks)) if (ask.state === 'open' && ask.kind !== 'acknowledge') voidAsk(run, ask.ask, 'a rollback was decided');
  state.holds = [];
  const confirmed = takeBackByHand(run, byHand);
  await undoing;
  await settleOutstanding(run, undos);

  const remainder = undos.filter((undo) => !undo.done).map((undo) => undo.target);
  const readBackAt = run.now();
  state.rollback = { ...state.rollback, readBackAt, remainder };
  const tookMs = readBackAt - demand.at;
  run.note('undone', remainder.length === 0 ? `all ${undos.length} targets are read back as undone, ${inWords(tookMs)} after the decision` : `not undone: ${remainder.join(', ')}`, { tookMs, limitMs, undone: undos.map((undo) => ({ target: undo.target, value: undo.value, done: undo.done, detail: undo.detail })) });
  if (tookMs > limitMs) run.tell('critical', 'rollback-late', `the rollback of ${state.rollout} took ${inWords(tookMs)}, longer than its ${inWords(limitMs)}`, '', { to: deciders(run) });

  if ((state.steps ?? []).length > 0) {
    remainder.push(...(await undoSteps(run, bound)).map((name) => `step '${name}'`), ...(await payWhatIsOwed(run)).map((name) => `what must follow '${name}'`));
    state.rollback = { ...state.rollback, remainder: [...remainder] };
  }
  let verified = remainder.length === 0 ? await verify(run) : 'failed';
  state.rollback = { ...state.rollback, verified: verified === 'passed', done: true };
  await clearNotes(run, undos);
  if (plan.rollback.after.length > 0) await takeAfter(run, plan.rollback.after);
  if (byHand.length > 0) {
    remainder.push(...(await confirmed));
    state.rollback = { ...state.rollback, remainder: [...remainder] };
    await clearNotes(run, byHand);
  }
  // The watch has gone on judging the proof: what holds by now, after the last step and the last pair of hands, is verified after all.
  if (run.since020 && verified !== 'passed' && remainder.length === 0 && state.gate === 'pass') {
    verified = 'passed';
    state.rollback = { ...state.rollback, verified: true };
    run.note('verified', `the rollback is verified after all: ${proofOf(run)}`, { verdict: 'pass' });
    run.tell('critical', 'rollback-verified', `${state.rollout} is rolled back, and by now the plan's proof holds`, proofOf(run), { to: deciders(run) });
  }
  endIssues(run, () => true);
  finish(run, bound, verified, remainder);
  return toStart || remainder.length > 0 || verified === 'failed' ? 'over' : 'restored';
}

/** The index of the first phase to undo. */
function boundOf(run: Run, demand: RollbackDemand): number {
  const { to } = demand;
  const lastMoved = run.state.phases.findLastIndex((phase) => phase.movedAt !== null || run.state.moves.some((move) => move.phase === phase.phase && move.direction === 'forward' && move.state !== 'undone'));
  switch (to.kind) {
    case 'start': return 0;
    case 'previous': return Math.max(0, lastMoved);
    case 'phase': return Math.max(0, run.plan.phases.findIndex((phase) => phase.phase === to.phase));
  }
}

/** One undo a target: the value before its earliest move that is to be undone; targets in the order of their newest move, newest first. */
function undosFrom(run: Run, bound: number): Undo[] {
  const standing = run.state.moves.filter((move) => move.direction === 'forward' && move.state !== 'undone' && move.phaseIndex >= bound);
  const targets = [...new Set([...standing].reverse().map((move) => move.target))];
  return targets.map((target) => {
    const moves = standing.filter((move) => move.target === target);
    return { target, value: moves[0]!.before, moves, done: false, detail: 'not read back yet' };
  });
}

/** What only a person moves, only a person takes back: asked at once, reminded, escalated, and it keeps nothing else waiting. Answers what remains. */
async function takeBackByHand(run: Run, undos: readonly Undo[]): Promise<string[]> {
  await Promise.all(undos.map(async (undo) => {
    run.tell('emergency', 'undo-by-hand', `${undo.target} must be taken back to ${undo.value} by hand, now`, '', { to: deciders(run) });
    const id = openAsk(run, { ask: `rollback/${undo.target}`, kind: 'manual-move', question: `Take ${undo.target} back to ${undo.value} by hand, now, and confirm.`, from: deciders(run), options: ['done', 'failed'], healthy: 'done', withinMs: byHandWithinMs, otherwise: 'it is named as what remains' });
    await condition(() => run.state.asks[id]!.state !== 'open');
    const { state, result, answers } = run.state.asks[id]!;
    if (state === 'settled' && result === 'done') settle(run, undo, undo.value, `confirmed by ${answers.at(-1)!.by}`, keyOf(run, undo), false);
    else undo.detail = state === 'settled' ? `${answers.at(-1)!.by} says that it failed` : 'nobody confirmed it in time';
  }));
  return undos.filter((undo) => !undo.done).map((undo) => undo.target);
}

/** Targets that are taken back by us, and those that are by people. */
function sorted(run: Run, all: readonly Undo[]): { readonly undos: readonly Undo[]; readonly byHand: readonly Undo[] } {
  const manual = (undo: Undo): boolean => run.since020 && run.target(undo.target).provider === 'manual';
  return { undos: all.filter((undo) => !manual(undo)), byHand: all.filter(manual) };
}

async function undoAll(run: Run, undos: readonly Undo[], deadline: number, ladder: readonly LadderStep[] = run.plan.rollback.ladder): Promise<void> {
  let ladderRun = false;
  let late = 0;
  for (let round = 1; ; round++) {
    for (const undo of undos.filter((one) => !one.done)) {
      let ended = false;
      const attempt = undoOne(run, undo).finally(() => { ended = true; });
      // Newest first, but one that hangs does not keep the others waiting.
      await condition(() => ended, 10_000);
      if (ended) await attempt;
      else void attempt;
    }
    if (undos.every((undo) => undo.done)) return;
    await condition(() => undos.every((undo) => undo.done), Math.min(1_000 * 2 ** Math.min(round, 5), 30_000));
    if (undos.every((undo) => undo.done)) return;
    if (run.now() < deadline) continue;
    const open = undos.filter((undo) => !undo.done).map((undo) => `${undo.target}: ${undo.detail}`).join('; ');
    if (!ladderRun) {
      ladderRun = true;
      run.tell('emergency', 'rollback-stuck', `the rollback of ${run.state.rollout} is not done in time`, `${open}\nIt goes on trying; ${ladder.length === 0 ? 'no further steps are planned' : 'the planned steps are taken now'}.`, { to: deciders(run) });
      await climb(run, ladder);
    } else if (++late > roundsAfterLadder) return;
  }
}

const keyOf = ({ state }: Run, { target, moves }: Undo): string => `${state.rollout}/${moves[0]!.phase}/${target}/${state.generation}/undo`;

async function undoOne(run: Run, undo: Undo): Promise<void> {
  const target = run.target(undo.target);
  const { state } = run;
  const key = keyOf(run, undo);
  try {
    const result = await undoer(target.writeTimeoutMs, target.on).undoTarget({ rollout: state.rollout, target, value: undo.value, key });
    if (!undo.done) settle(run, undo, result.value, result.detail, key, result.leftSafer);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    undo.detail = reasonOf(error);
    const byHand = error.cause instanceof ApplicationFailure && error.cause.type === 'TargetNeedsPerson';
    run.note('undo-failed', `${undo.target} is not undone yet: ${undo.detail}`, { target: undo.target, value: undo.value });
    if (byHand) run.tell('emergency', 'undo-by-hand', `${undo.target} must be taken back to ${undo.value} by hand, now`, undo.detail, { to: deciders(run) });
  }
}

function settle(run: Run, undo: Undo, value: TargetValue, detail: string, key: string, leftSafer: boolean): void {
  const { state } = run;
  const last = undo.moves[undo.moves.length - 1]!;
  undo.done = true;
  undo.detail = detail;
  state.moves = state.moves.map((move) => (undo.moves.some((one) => one.key === move.key) ? { ...move, state: 'undone' as const } : move));
  state.moves = [...state.moves, { phase: last.phase, phaseIndex: last.phaseIndex, generation: state.generation, target: undo.target, before: last.after ?? last.wanted, wanted: undo.value, after: value, readBack: detail, at: run.now(), direction: 'back', state: 'done', key, outstandingUntil: null }];
  delete state.drift[undo.target];
  run.note('undo', `${undo.target} is back at ${value}: ${detail}`, { target: undo.target, value, wanted: undo.value, leftSafer, key });
}

/** A write that was still in flight may land late and must not win: after its abort deadline the target is read, and undone, once more. */
async function settleOutstanding(run: Run, undos: readonly Undo[]): Promise<void> {
  const outstanding = undos.filter((undo) => undo.moves.some((move) => move.outstandingUntil !== null));
  if (outstanding.length === 0) return;
  // Which attempt was under way is not known: the latest began as the rollback was decided, and none begins after that (moving.ts).
  const until = run.state.rollback!.decidedAt + Math.max(...outstanding.map((undo) => longestAttemptMs(run.target(undo.target).writeTimeoutMs)));
  run.note('decision', `a write was in flight when the rollback began: its target is read again after ${inWords(Math.max(0, until - run.now()))}`, { targets: outstanding.map((undo) => undo.target) });
  await sleep(Math.max(1, until - run.now()));
  for (const undo of outstanding) undo.done = false;
  await undoAll(run, outstanding, run.now() + run.plan.rollback.withinMs);
}

/** The plan's ladder: step by step, each verified where it says how. A failed step does not keep the next from being tried. */
async function climb(run: Run, ladder: readonly LadderStep[]): Promise<void> {
  for (const step of ladder) {
    run.note('ladder', `if that fails: ${step.name}`, { step: step.id });
    if (!(await mayBeTaken(run, step))) continue;
    for (const { name, command } of commandsOf(step)) if (!(await runStep(run, name, command, step.id))) break;
  }
}

/** Of a part of a phase that failed: all that the phase has changed goes back, then people say whether it is tried again. @throws Interrupted */
export async function takePartBack(run: Run, failed: PartFailed): Promise<void> {
  const { state, plan } = run;
  const phase = run.phaseName;
  const { undos, byHand } = sorted(run, undosFrom(run, state.phaseIndex));
  run.note('decision', `${failed.why} ${phase} is taken back as one`, { part: failed.part, targets: undos.map((undo) => undo.target) });
  const left = await run.orDemand((async () => {
    await undoAll(run, undos, run.now() + (run.phase?.rollbackWithinMs ?? plan.rollback.withinMs), []);
    return [...undos.filter((undo) => !undo.done).map((undo) => undo.target), ...(await undoSteps(run, state.phaseIndex)), ...(await payWhatIsOwed(run)), ...(await takeBackByHand(run, byHand))];
  })());
  await clearNotes(run, [...undos, ...byHand]);
  state.generation++;
  state.gate = null;
  if (left.length > 0) {
    run.demand({ kind: 'rollback', to: { kind: 'start' }, reason: `${failed.why} And not everything of ${phase} could be taken back: ${left.join(', ')}`, by: 'tidegate', automatic: true, at: run.now() });
    await run.until(() => false);
  }
  await retryOrRollBack(run, failed.part, `${failed.why} What ${phase} had changed is taken back.`);
}

/** What the plan has done before the targets go back. It is not waited for beyond its own short limit. */
async function takeBefore(run: Run, steps: readonly RollbackStep[]): Promise<void> {
  for (const step of steps) {
    let ended = false;
    void takeStep(run, step).finally(() => { ended = true; });
    await condition(() => ended, step.run.timeoutMs);
  }
}

/** What the plan has done when the targets are back, in order; some of it only if somebody says so. A failure keeps no other from being done. */
async function takeAfter(run: Run, steps: readonly RollbackStep[]): Promise<void> {
  run.tell('critical', 'targets-back', `${run.state.rollout}: the targets are back; now ${steps.map((step) => step.name).join(', ')}`, '', { to: deciders(run) });
  for (const [index, step] of steps.entries()) {
    if (await mayBeTaken(run, step)) await takeStep(run, step);
    run.state.rollback = { ...run.state.rollback!, taken: index + 1 };
  }
}

/** A step that is asked first is taken only when somebody says so in time. */
async function mayBeTaken(run: Run, step: Pick<RollbackStep, 'id' | 'name' | 'ask' | 'withinMs'>): Promise<boolean> {
  if (step.ask.length === 0) return true;
  const id = openAsk(run, { ask: `rollback/${step.id.split('/').at(-1)!}`, kind: 'step', question: `The rollback offers: ${step.name}. Shall it be done?`, body: run.state.rollback?.reason ?? '', from: step.ask, options: ['approve', 'reject'], healthy: 'reject', withinMs: step.withinMs, otherwise: 'leave it out' });
  await condition(() => run.state.asks[id]!.state !== 'open');
  const { state, result, answers } = run.state.asks[id]!;
  const taken = state === 'settled' && result === 'approve';
  run.note('decision', `${step.name}: ${taken ? 'is done' : 'is left out'}, ${state === 'settled' ? `says ${answers.at(-1)!.by}` : 'nobody said yes in time'}`, { ask: id });
  return taken;
}

async function takeStep(run: Run, step: RollbackStep): Promise<void> {
  for (const { name, command } of commandsOf(step)) if (!(await runStep(run, name, command, step.id))) return run.tell('emergency', 'step-failed', `the rollback of ${run.state.rollout}: '${name}' failed`, '', { to: deciders(run) });
}

/** What a step consists of: its command, and where the plan says how it is verified, that. */
const commandsOf = ({ name, run, verify }: Pick<RollbackStep, 'name' | 'run' | 'verify'>) => [{ name, command: run }, ...(verify === null ? [] : [{ name: `verify: ${name}`, command: verify }])];

/** One command of a rollback; whether it has done its work. */
async function runStep(run: Run, name: string, command: CommandSettings, id: string): Promise<boolean> {
  try {
    const output = await runner(command.timeoutMs, command.on).runCommand({ rollout: run.state.rollout, name, command, values: {} });
    run.note('command', `${name}: ${endedHow(output, 'done')}`, { step: id, output: output.output, durationMs: output.durationMs });
    return output.ok;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    run.note('command', `${name}: could not be run: ${reasonOf(error)}`, { step: id });
    return false;
  }
}

/** The plan's own proof, judged on evidence after the read-back. The watch judges it; here is only waited. */
async function verify(run: Run): Promise<'passed' | 'failed' | 'inconclusive'> {
  const { state, plan } = run;
  if (plan.rollback.verify.length === 0) return 'passed';
  if (plan.rollback.settleMs > 0) await sleep(plan.rollback.settleMs);
  state.gate = null;
  state.judgeAfter = run.now();
  run.rewatch++;
  await condition(() => state.gate === 'pass', plan.rollback.verifyWithinMs);
  const gate = state.gate as 'pass' | 'fail' | 'inconclusive' | null;
  const said = proofOf(run);
  run.note('verified', gate === 'pass' ? `the rollback is verified: ${said}` : `the rollback is not verified: ${said}`, { verdict: gate ?? 'inconclusive' });
  if (gate === 'pass') return 'passed';
  if (gate === 'fail') {
    run.tell('emergency', 'rollback-unverified', `the targets of ${state.rollout} read as undone, but the plan's proof fails`, said, { to: deciders(run) });
    await climb(run, plan.rollback.ladder);
    await condition(() => state.gate === 'pass', plan.rollback.verifyWithinMs);
    return (state.gate as string | null) === 'pass' ? 'passed' : 'failed';
  }
  run.tell('critical', 'rollback-unverified', `${state.rollout} is rolled back, but the proof is inconclusive`, said, { to: deciders(run) });
  return 'inconclusive';
}

/** What the plan's proof says now. */
const proofOf = ({ state, plan }: Run): string => state.verdicts.filter((verdict) => plan.rollback.verify.some((one) => verdict.id.startsWith(`${one.id}#`))).map((verdict) => verdict.message).join('; ');

async function clearNotes(run: Run, undos: readonly Undo[]): Promise<void> {
  // The break-glass notes of what is undone would undo it a second time. A dead journal keeps them: writing a value that is in force is harmless.
  const keys = undos.filter((undo) => undo.done).flatMap((undo) => undo.moves.map((move) => move.key));
  run.inFlight++;
  void activities.clearUndo({ rollout: run.state.rollout, keys, offline: false }).catch(() => undefined).finally(() => { run.inFlight--; });
}

function finish(run: Run, bound: number, verified: 'passed' | 'failed' | 'inconclusive', remainder: readonly string[]): void {
  const { state, plan } = run;
  state.judgeAfter = run.now();
  state.generation++;
  state.memory = null;
  state.restartSoak = null;
  state.soaked = false;
  state.leave = null;
  state.gate = null;
  if (bound === 0 || remainder.length > 0 || verified === 'failed') {
    state.outcome = remainder.length > 0 || verified === 'failed' ? 'rollback-incomplete' : 'rolled-back';
    return;
  }
  for (let index = bound; index < plan.phases.length; index++) state.phases[index] = { ...newPhase(plan.phases[index]!.phase), prepared: state.phases[index]!.prepared };
  state.baking = { startedAt: null, endedAt: null, cleanMs: 0, restarts: 0, extraMs: 0 };
  state.phaseIndex = bound - 1;
  state.step = 'soaking';
  state.restartSoak = 'begins';
  run.hold('rolled-back-to', `rolled back to the end of ${plan.phases[bound - 1]!.phase}; resume tries ${plan.phases[bound]!.phase} again, rollback goes to the start, stop leaves it here`);
  run.rewatch++;
}
