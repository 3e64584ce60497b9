// One phase, in the order the plan states it: preparation → enter gate → approval → moves → soak → leave gate. Every step looks at what is
// already done, so a phase can be taken up again anywhere: after a restart, after continue-as-new, after a rollback to it.
import { ActivityFailure, CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import { summarise } from '../src/judgement/index.js';
import type { AskItem, Baking, Phase, RepeatedCommand } from '../src/plan/types.js';
import type { PlanCondition } from '../src/plan/types.js';
import { answered, deciders, inWords, latestAsk, openAsk, voidAsk } from './asks.js';
import { stillSo } from './checks.js';
import { askBaseline } from './completion.js';
import { takePartBack } from './compensation.js';
import { decided, decisionNow } from './deciding.js';
import { holdForAnswer, runCheck, settleItem } from './items.js';
import { reasonOf } from './failure.js';
import { move, untilDecided } from './moving.js';
import { readers, repeater } from './options.js';
import { reportEvent } from './events.js';
import { calm, failing, untilAllowed, waitedOut } from './gates.js';
import { askHumans, answersSeen } from './human-answers.js';
import { PartFailed, type Run } from './run.js';
import { soakSkipped } from './soaks.js';
import { makeStages } from './stages.js';
import { standings } from './state.js';
import { untilProtected } from './protecting.js';
import { validateMoves, validates } from './validating.js';
import { settleWhatIsOwed, takeSteps } from './steps.js';
import { lookNow } from './watching.js';

export async function runPhase(run: Run, phase: Phase): Promise<void> {
  const { state } = run;
  const record = run.record!;
  if (record.startedAt === null) {
    record.startedAt = run.now();
    run.note('phase', `${phase.phase} begins`, { phase: phase.phase, number: state.phaseIndex + 1, of: run.plan.phases.length });
  }
  if (record.movedAt === null) {
    await prepare(run, phase);
    await untilItsDay(run, phase);
    for (;;) {
      if (run.held('write-failed') !== null) await untilDecided(run);
      if (phase.checks.length > 0) await passChecks(run, phase);
      if (itemsOf(run, phase).some((item) => item.check !== null)) await stillSo(run, itemsOf(run, phase), phase.phase);
      await pass(run, phase);
      try { await change(run, phase); break; } catch (error) {
        if (!(error instanceof PartFailed)) throw error;
        await takePartBack(run, error);
      }
    }
  }
  await soak(run, phase);
  record.endedAt = run.now();
  state.references[phase.phase] = state.memory === null ? {} : summarise(state.memory);
  record.verdicts = [...state.verdicts];
  run.note('phase', `${phase.phase} is done: ${inWords(record.cleanMs)} clean`, { phase: phase.phase, tookMs: run.now() - (record.startedAt ?? run.now()), cleanMs: record.cleanMs, restarts: record.restarts, summary: Object.fromEntries(Object.entries(state.references[phase.phase]!).map(([metric, one]) => [metric, { ...one }])) });
  run.tell('info', 'phase-done', `${state.rollout}: ${phase.phase} is done`, `${inWords(record.cleanMs)} clean`);
}

const itemsOf = (run: Run, phase: Phase): readonly AskItem[] => [...(run.state.phaseIndex === 0 ? run.plan.preparation : []), ...phase.preparation];

/** Checklists and sign-offs, asked when they are due; the phase waits until every one is settled. */
async function prepare(run: Run, phase: Phase): Promise<void> {
  const { state } = run;
  const items = itemsOf(run, phase);
  const record = run.record!;
  if (record.prepared) return;
  state.step = 'preparing';
  await Promise.all(items.map((item) => settleItem(run, item, phase.phase)));
  record.prepared = true;
  if (items.length > 0) run.note('phase', `${phase.phase} is prepared: ${items.length} items are settled`, { items: items.length });
}

/** Commands that change nothing, in order; the first that fails stops the phase with its output. */
async function passChecks(run: Run, phase: Phase): Promise<void> {
  const record = run.record!;
  if (record.checked === run.state.generation) return;
  run.state.step = 'preparing';
  for (const one of phase.checks) while (!(await runCheck(run, one.name, one.command)));
  record.checked = run.state.generation;
}

/** 'Not before': the phase's day; later than `latest` is asked about. */
async function untilItsDay(run: Run, phase: Phase): Promise<void> {
  if (phase.starts !== null && phase.starts > run.now()) {
    run.state.step = 'waiting';
    await run.until(() => run.state.skipped.includes(`${phase.phase}/starts`), phase.starts);
  }
  if (phase.latest === null || run.now() <= phase.latest || run.state.skipped.includes(`${phase.phase}/latest`)) return;
  const ask = await answered(run, openAsk(run, { ask: `${phase.phase}/latest`, kind: 'latest', question: `${phase.phase} should have begun by ${new Date(phase.latest).toISOString()}. Go all the same?`, from: deciders(run), options: ['go', 'stop'], healthy: 'go', withinMs: null, otherwise: 'hold' }));
  if (ask.result === 'stop') { run.demand({ kind: 'stop', reason: `${phase.phase} is too late`, by: ask.answers.at(-1)!.by, at: run.now() }); await run.until(() => false); }
}

/** The enter gate and the approval, both standing at the very moment of the first write. @throws Interrupted */
async function pass(run: Run, phase: Phase): Promise<void> {
  const { state } = run;
  const record = run.record!;
  if (run.plan.targets.some((target) => target.protected !== null)) await untilProtected(run);
  for (;;) {
    // Once, before the first write: gates and triggers may refer to it.
    if (state.firstMoveAt === null && !(await takeBaseline(run))) continue;
    await gateOpens(run, phase);
    const wanted = approvalsOf(run, phase);
    const approval = wanted.length === 0 ? null : wanted.length === 1 ? await approved(run, phase, wanted[0]!) : await allApproved(run, phase, wanted);
    if (approval === 'again') continue;
    await untilAllowed(run);
    if (validates(run, phase) && !(await validateMoves(run, phase))) {
      for (const ask of approval?.asks ?? []) voidAsk(run, ask, 'the rollout was held: what must pass before a move failed');
      continue;
    }
    // Judged again immediately before the first write: what was true when people said yes must still be.
    await lookNow(run);
    const given = approval === null || (run.now() < approval.goodUntil && (!run.since020 || approval.asks.every((id) => state.asks[id]!.state === 'settled')));
    if (state.gate === 'pass' && run.free() && calm(run) && given) break;
    for (const ask of approval?.asks ?? []) voidAsk(run, ask, state.gate !== 'pass' ? 'the evidence no longer stands' : !given ? 'the approval is no longer valid' : 'the rollout was held');
  }
  run.unhold('gate', 'the gate is open');
  record.verdicts = [...state.verdicts];
  const skipped = phase.enter.filter((one) => state.skipped.includes(one.id)).length;
  run.note('decision', `${phase.phase} may begin: ${phase.enter.length - skipped} conditions hold${skipped === 0 ? '' : `, ${skipped} skipped`}${phase.approval === null ? '' : ', approved'}`, { verdicts: state.verdicts.filter((verdict) => verdict.id.includes('/enter/')).map((verdict) => verdict.message) });
}

async function gateOpens(run: Run, phase: Phase): Promise<void> {
  const { state } = run;
  if (state.step !== 'gate') { state.step = 'gate'; state.gate = null; run.rewatch++; }
  for (;;) {
    askHumans(run, phase.enter, phase.phase);
    // A gate without a condition (or with all of them skipped) never changes, so no watch would report it.
    if (state.gate === null && phase.enter.every((one) => state.skipped.includes(one.id))) await lookNow(run);
    if (state.gate === 'pass' && run.free(waitedOut) && calm(run)) { run.unhold('gate', 'every condition holds'); return; }
    if (state.gate === 'fail') run.holdAndTell('gate', `${phase.phase} does not begin: ${failing(run)}`);
    // Whatever may open or shut it: a look, an answer, a hold, a skip.
    const heard = (): string => [run.reports, state.holds.length, state.skipped.length, answersSeen(run)].join();
    const before = heard();
    const expired = (): boolean => Object.values(state.asks).some((ask) => ask.kind === 'metric' && ask.state === 'expired');
    await run.until(() => expired() || heard() !== before);
  }
}

interface Approved { readonly asks: readonly string[]; readonly goodUntil: number }
interface Wanted { readonly name: string; readonly approval: NonNullable<Phase['approval']> }

/** The phase's own approval, and that of each target it moves which needs one. */
function approvalsOf(run: Run, phase: Phase): readonly Wanted[] {
  const ofTargets = phase.moves.flatMap(({ target, to }): Wanted[] => {
    const { approval, unit } = run.target(target);
    return approval === null ? [] : [{ name: `${phase.phase}/approval/${target}`, approval: { ...approval, question: `${approval.question} (${phase.phase}: ${target} to ${to}${unit})` } }];
  });
  return [...(phase.approval === null ? [] : [{ name: `${phase.phase}/approval`, approval: phase.approval }]), ...ofTargets];
}

/** All are asked at once; what one of them does not open stays shut, and the others are asked again with it. */
async function allApproved(run: Run, phase: Phase, wanted: readonly Wanted[]): Promise<Approved | 'again'> {
  const given = await Promise.all(wanted.map((one) => approved(run, phase, one)));
  const standing = given.filter((one) => one !== 'again');
  if (standing.length === given.length) return { asks: standing.flatMap((one) => one.asks), goodUntil: Math.min(...standing.map((one) => one.goodUntil)) };
  for (const ask of standing.flatMap((one) => one.asks)) voidAsk(run, ask, 'another approval of this phase did not stand');
  return 'again';
}

/** One approval for this phase, this generation, this evidence. 'again': it does not stand, and the gate is passed anew. */
async function approved(run: Run, phase: Phase, { name, approval }: Wanted): Promise<Approved | 'again'> {
  const { state } = run;
  const standingAsk = latestAsk(run, name);
  if (standingAsk?.state === 'settled' && standingAsk.result === 'approve' && run.now() < standingAsk.settledAt! + approval.validMs) return { asks: [standingAsk.ask], goodUntil: standingAsk.settledAt! + approval.validMs };
  const id = standingAsk?.state === 'open' ? standingAsk.ask : openAsk(run, {
    ask: name, kind: 'approval', question: approval.question, from: approval.from, needs: approval.needs, options: ['approve', 'reject'], healthy: 'approve', withinMs: approval.withinMs, otherwise: approval.otherwise, validMs: approval.validMs,
    body: state.verdicts.filter((verdict) => verdict.id.includes('/enter/')).map((verdict) => `${verdict.verdict}: ${verdict.message}`).join('\n'),
  });
  const stands = (): boolean => calm(run) && run.free(['freeze', 'hours']) && state.gate !== 'fail';
  await run.until(() => state.asks[id]!.state !== 'open' || !stands());
  const ask = state.asks[id]!;
  if (ask.state === 'open') {
    voidAsk(run, id, state.gate === 'fail' ? `the gate is shut again: ${failing(run)}` : `the rollout is held: ${state.holds[0]?.message ?? 'an issue is open'}`);
    return 'again';
  }
  if (ask.state === 'settled' && ask.result === 'approve') {
    run.note('decision', `${phase.phase} is approved by ${ask.answers.map((answer) => answer.by).join(' and ')}`, { ask: id, by: ask.answers.map((answer) => answer.by), verdicts: state.verdicts.filter((verdict) => verdict.id.includes('/enter/')).map((verdict) => verdict.message) });
    return { asks: [id], goodUntil: ask.settledAt! + approval.validMs };
  }
  if (ask.state === 'expired' && approval.otherwise === 'rollback') run.demand({ kind: 'rollback', to: { kind: 'start' }, reason: `nobody approved ${phase.phase} in time`, by: 'tidegate', automatic: true, at: run.now() });
  if (ask.state === 'expired' && approval.otherwise === 'stop') run.demand({ kind: 'stop', reason: `nobody approved ${phase.phase} in time`, by: 'tidegate', at: run.now() });
  if (ask.state !== 'void') {
    await holdForAnswer(run, ask, approval.question);
    voidAsk(run, id, 'asked again');
  }
  return 'again';
}

/** What the metrics were like before the first write. Too few samples: it cannot start. */
async function takeBaseline(run: Run): Promise<boolean> {
  const { state, plan } = run;
  if (plan.baseline === null || state.references['baseline'] !== undefined) return true;
  const answers = plan.completion === null ? {} : await askBaseline(run, plan.completion);
  const metrics = plan.metrics.filter((metric) => plan.baseline!.metrics.includes(metric.name));
  const asked = await run.orDemand(readers.baseline({ metrics, from: run.now() - plan.baseline.overMs, to: run.now() }));
  const sampled = state.memory === null ? {} : summarise(state.memory);
  const references = { ...asked.references, ...Object.fromEntries(asked.sampledOnly.flatMap((name) => (sampled[name] === undefined ? [] : [[name, sampled[name]!]]))) };
  const short = plan.baseline.metrics.filter((name) => (references[name]?.samples ?? 0) < plan.baseline!.minSamples);
  if (short.length > 0) {
    // What must be sampled takes as long as the plan says; it is trouble only when that time was not enough.
    const inTime = short.every((name) => asked.sampledOnly.includes(name)) && run.now() < state.startedAt + plan.baseline.overMs;
    if (!inTime) run.holdAndTell('gate', `no baseline yet: ${short.map((name) => `${name} has ${references[name]?.samples ?? 0} of ${plan.baseline!.minSamples} samples`).join('; ')}`);
    await run.until(() => false, run.now() + Math.max(1_000, Math.min(plan.baseline.overMs / 10, 300_000)));
    // What the watch has sampled is in its own memory until a look brings it home.
    if (asked.sampledOnly.length > 0) await lookNow(run);
    return false;
  }
  Object.assign(references, answers);
  if (plan.completion !== null) state.baselineOver = Object.fromEntries(plan.baseline.metrics.map((name) => [name, asked.sampledOnly.includes(name) ? state.memory?.cleanMs ?? 0 : plan.baseline!.overMs]));
  state.references['baseline'] = references;
  run.unhold('gate', 'the baseline is taken');
  run.rewatch++;
  run.note('baseline', `the baseline is taken over ${inWords(plan.baseline.overMs)}`, Object.fromEntries(Object.entries(references).map(([metric, one]) => [metric, { ...one }])));
  return true;
}

/** The phase's change, as one: steps before, moves, steps after. @throws PartFailed when a part has failed for good */
async function change(run: Run, phase: Phase): Promise<void> {
  const { state } = run;
  const mayGoOn = async (): Promise<void> => { await run.until(() => run.free(waitedOut)); await untilAllowed(run); };
  state.step = 'moving';
  if (phase.before.length > 0) await takeSteps(run, phase.before, mayGoOn);
  // Steps take their time: right before the moves the gate must still be open.
  if (phase.before.length > 0 && phase.moves.length > 0) { await gateOpens(run, phase); await mayGoOn(); state.step = 'moving'; }
  for (const planned of phase.moves) await move(run, planned);
  if (phase.after.length > 0) await takeSteps(run, phase.after, mayGoOn);
  if (phase.before.length + phase.after.length > 0) await settleWhatIsOwed(run);
  const record = run.record!;
  record.movedAt = run.now();
  record.targets = standings(state);
  run.tell('info', 'phase-moved', `${state.rollout}: ${phase.phase} has moved and soaks`, '', {});
  beginSoak(run);
}

function beginSoak(run: Run): void {
  run.state.soaked = false;
  run.state.leave = null;
  run.state.gate = null;
  run.state.restartSoak = 'begins';
  run.rewatch++;
}

/** The phase's soak: clean time, then the leave gate. It ends when nothing stands in its way. */
async function soak(run: Run, phase: Phase): Promise<void> {
  run.state.step = 'soaking';
  await beside(run, phase.during.map((command) => repeat(run, command)), () => through(run, phase.leave, phase.phase));
}

/** After the last phase: nothing moves any more, and it must stay healthy. */
export async function bake(run: Run, baking: Baking): Promise<void> {
  const { state } = run;
  if (state.step !== 'baking') {
    state.step = 'baking';
    state.baking.startedAt ??= run.now();
    run.note('phase', 'baking begins: everything has moved', { needMs: baking.ms });
    run.tell('info', 'phase-moved', `${state.rollout}: baking begins`);
    beginSoak(run);
  }
  await through(run, baking.leave, 'baking');
  state.baking.endedAt = run.now();
  run.note('phase', `baking is done: ${inWords(state.baking.cleanMs)} clean`, { tookMs: run.now() - (state.baking.startedAt ?? run.now()), cleanMs: state.baking.cleanMs, restarts: state.baking.restarts });
}

/** Clean time and gate; the moves in mid-soak before them, and whoever decides after them. */
const through = (run: Run, leave: readonly PlanCondition[], name: string): Promise<void> =>
  (!run.since020 && decisionNow(run) === null && (run.phase?.stages.length ?? 0) === 0 ? soaked(run, leave, name) : stagedAndDecided(run, leave, name));

async function stagedAndDecided(run: Run, leave: readonly PlanCondition[], name: string): Promise<void> {
  await makeStages(run);
  do await soaked(run, leave, name); while (!(await decided(run, leave, name)));
}

async function soaked(run: Run, leave: readonly PlanCondition[], name: string): Promise<void> {
  const { state } = run;
  const skipped = (): boolean => soakSkipped(state, name);
  const done = (): boolean => (skipped() || (state.soaked && state.leave === 'pass')) && run.free(waitedOut) && calm(run);
  const shut = (): boolean => state.soaked && state.leave !== null && state.leave !== 'pass';
  for (;;) {
    await run.until(() => done() || (shut() && run.held('gate') === null));
    if (done()) break;
    askHumans(run, leave, name);
    if (state.leave === 'fail') run.holdAndTell('gate', `${name} has soaked long enough but is not healthy enough to leave: ${failing(run)}`);
    else { const reports = run.reports; await run.until(() => done() || run.reports !== reports); }
  }
  run.unhold('gate', 'the gate is open');
}

/** What runs beside a soak is let go a moment after it: what is due just now runs out instead of being cut off halfway through. */
const letGoMs = 1_000;

/** Runs coroutines beside the main work and ends them after it; nobody waits for that. */
async function beside(run: Run, coroutines: readonly (() => Promise<void>)[], main: () => Promise<void>): Promise<void> {
  const scope = new CancellationScope();
  const running = coroutines.map((coroutine) => scope.run(coroutine).catch((error: unknown) => { if (!isCancellation(error)) run.note('command', `a repeated command cannot be run: ${error instanceof ActivityFailure ? reasonOf(error) : String(error)}`); }));
  try { await main(); } finally {
    if (running.length > 0) {
      run.inFlight++;
      void sleep(letGoMs).then(() => { scope.cancel(); return Promise.all(running); }).finally(() => { run.inFlight--; });
    }
  }
}

/** A command repeated while the phase soaks; a failure is reported as the event the plan names, and the repetition goes on. */
const repeat = (run: Run, command: RepeatedCommand) => async (): Promise<void> => {
  for (;;) {
    const result = await repeater(command.command.timeoutMs, command.everyMs, command.command.on).repeatCommand({ rollout: run.state.rollout, name: command.name, command: command.command, values: {}, everyMs: command.everyMs, until: run.now() + 24 * 3_600_000 });
    run.note('command', result.failed === null ? `${command.name}: ${result.runs} runs passed` : `${command.name} failed after ${result.runs} runs`, { output: result.failed?.output ?? null });
    if (result.failed !== null && command.reports !== null) reportEvent(run, { event: command.reports, by: 'tidegate', reason: `${command.name} failed: ${result.failed.output.slice(-300)}`, eventId: `${command.id}/${run.now()}` });
  }
};
