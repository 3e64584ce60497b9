// A move: read, record the value before, write, read back. The undo comes first: the value before is in the workflow's state before the write
// leaves, so a write whose outcome is unknown is undone too. What somebody else changed is drift: it is asked about, never overwritten.
import { ActivityFailure, ApplicationFailure, CancellationScope, condition } from '@temporalio/workflow';
import type { Ms } from '../src/judgement/types.js';
import type { PlannedMove, ResolvedTarget, TargetValue } from '../src/plan/types.js';
import type { ReadResult } from '../activities/types.js';
import { answered, deciders, openAsk } from './asks.js';
import { reasonOf } from './failure.js';
import { longestAttemptMs, reader, writer } from './options.js';
import { Interrupted, PartFailed, type Run } from './run.js';
import { standing, type MoveRecord } from './state.js';
import { hasPassed, passes, passesBeside } from './validating.js';
import { askAboutDrift } from './watching.js';

/** Carries one planned move out, however many questions it takes; returns when the target reads back as wanted. @throws Interrupted */
export async function move(run: Run, planned: PlannedMove, stage?: number): Promise<void> {
  const { state } = run;
  const done = state.moves.some((one) => one.phaseIndex === state.phaseIndex && one.generation === state.generation && one.target === planned.target && one.direction === 'forward' && (stage === undefined || one.stage === stage) && (one.state === 'done' || one.state === 'adopted'));
  if (done) return;
  for (;;) {
    const before = await readBefore(run, planned.target);
    if (before === null) continue;
    if (run.target(planned.target).beforeMove !== null && !hasPassed(run, planned.target) && !(await passes(run, planned))) continue;
    if (await write(run, planned, before, stage)) return;
  }
}

/** What the target stands at; null: somebody was asked and it is to be read again. */
async function readBefore(run: Run, targetId: string): Promise<ReadResult | null> {
  const target = run.target(targetId);
  const expected = standing(run.state, targetId);
  if (target.provider === 'manual') return { value: expected ?? 0, detail: 'moved by hand; nobody can read it but a person' };
  let reading: ReadResult;
  try {
    reading = await run.orDemand(reader(target.on).readTarget({ target, key: keyOf(run, targetId) }));
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    await giveUp(run, targetId, `${targetId} cannot be read: ${reasonOf(error)}`);
    return null;
  }
  if (expected === null || same(reading.value, expected)) return reading;
  await settleDrift(run, targetId, expected, reading.value);
  return null;
}

async function write(run: Run, planned: PlannedMove, before: ReadResult, stage: number | undefined): Promise<boolean> {
  const { state } = run;
  const target = run.target(planned.target);
  const record: MoveRecord = {
    phase: run.phaseName ?? '', phaseIndex: state.phaseIndex, generation: state.generation, target: target.id, before: before.value, wanted: planned.to, after: null, readBack: before.detail, at: run.now(), direction: 'forward',
    state: 'writing', key: `${keyOf(run, target.id)}${stage === undefined ? '' : `/then/${stage + 1}`}`, ...(stage === undefined ? {} : { stage }), outstandingUntil: run.now() + longestAttemptMs(target.writeTimeoutMs),
  };
  const earlier = state.moves.find((one) => one.key === record.key && one.direction === 'forward')?.tookMs ?? 0;
  const took = (): Ms => earlier + run.now() - record.at;
  state.moves = [...state.moves.filter((one) => !(one.key === record.key && one.direction === 'forward')), record];
  state.firstMoveAt ??= run.now();
  run.note('move', `moving ${target.id} from ${shown(before.value, target)} to ${shown(planned.to, target)}`, { target: target.id, before: before.value, wanted: planned.to, key: record.key, read: before.detail });
  try {
    const result = await unlessDemanded(run, () => writer(target.writeTimeoutMs, target.on).writeTarget({ rollout: state.rollout, target, value: planned.to, expected: before.value, before: firstBefore(run, target.id, before.value), key: record.key, order: state.moves.length, now: run.now() }));
    patchMove(run, record.key, { state: 'done', after: result.after, readBack: result.readBack, outstandingUntil: null, tookMs: took() });
    run.note('moved', `${target.id} stands at ${shown(result.after, target)}: ${result.readBack}`, { target: target.id, before: before.value, after: result.after, readBack: result.readBack, output: [...result.output] });
    run.tell('info', 'moved', `${state.rollout}: ${target.id} ${shown(before.value, target)} → ${shown(result.after, target)}`, result.readBack);
    return true;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const cause = error.cause instanceof ApplicationFailure ? error.cause : null;
    if (cause?.type === 'TargetNeedsPerson') patchMove(run, record.key, { outstandingUntil: null, tookMs: took() });
    if (cause?.type === 'TargetNeedsPerson') return moveByHand(run, planned, record, cause.message);
    patchMove(run, record.key, { state: 'failed', outstandingUntil: null, tookMs: took() });
    run.note('move-failed', `${target.id} was not moved: ${reasonOf(error)}`, { target: target.id, code: String(cause?.details?.[0] ?? cause?.type ?? 'UNKNOWN') });
    if (cause?.type === 'TargetConflict') return false; // read again: whoever changed it is asked about as drift
    await giveUp(run, target.id, `${target.id} could not be moved to ${shown(planned.to, target)}: ${reasonOf(error)}`);
    return false;
  }
}

/**
 * A write, given up when a demand comes: it must not be tried again behind the back of the undo. The attempt under way is not reached by this;
 * its target is read again when it can no longer live (compensation.ts).
 * @throws Interrupted
 */
async function unlessDemanded<T>(run: Run, write: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  try {
    return await run.orDemand(scope.run(write));
  } catch (error) {
    if (error instanceof Interrupted) scope.cancel();
    throw error;
  }
}

/** The value before our earliest move that still stands: what an offline rollback must restore. */
const firstBefore = (run: Run, target: string, now: TargetValue): TargetValue => run.state.moves.find((one) => one.target === target && one.direction === 'forward' && one.state !== 'undone')?.before ?? now;

async function moveByHand(run: Run, planned: PlannedMove, record: MoveRecord, instructions: string): Promise<boolean> {
  const id = openAsk(run, { ask: `${record.phase}/move/${planned.target}`, kind: 'manual-move', question: `Move ${planned.target} to ${planned.to} by hand and confirm.`, body: instructions, from: deciders(run), options: ['done', 'failed'], healthy: 'done', withinMs: null, otherwise: 'hold' });
  const ask = await answered(run, id);
  if (ask.result === 'done') {
    const { by } = ask.answers.at(-1)!;
    const readBack = await readByHand(run, planned, record, by);
    if (readBack === null) return false;
    patchMove(run, record.key, { state: 'done', after: planned.to, readBack, outstandingUntil: null });
    run.note('moved', `${planned.target} was moved to ${planned.to} by hand, says ${by}`, { target: planned.target, ask: id, readBack });
    return true;
  }
  patchMove(run, record.key, { state: 'failed', outstandingUntil: null });
  await giveUp(run, planned.target, `${planned.target} could not be moved by hand`);
  return false;
}

/** What shows that it was moved: it is read where that is possible, else somebody's word. Null: it does not read so, and is taken up again. */
async function readByHand(run: Run, planned: PlannedMove, record: MoveRecord, by: string): Promise<string | null> {
  const target = run.target(planned.target);
  if (!run.since020 || target.provider === 'manual') return `confirmed by ${by}`;
  let why: string;
  try {
    const reading = await run.orDemand(reader(target.on).readTarget({ target, key: record.key }));
    if (same(reading.value, planned.to)) return `${reading.detail}; moved by hand by ${by}`;
    why = `${by} says that ${target.id} was moved to ${shown(planned.to, target)}, but it reads ${shown(reading.value, target)}`;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    why = `${target.id} cannot be read: ${reasonOf(error)}`;
  }
  patchMove(run, record.key, { state: 'failed' });
  run.note('move-failed', why, { target: target.id, code: 'NOT_MOVED_BY_HAND' });
  await giveUp(run, target.id, why);
  return null;
}

/** Alone in its phase, or in mid-soak, a move is simply tried again; as one of several parts, all that the phase has changed goes back first. @throws PartFailed */
async function giveUp(run: Run, target: string, why: string): Promise<void> {
  const { phase } = run;
  if (run.since020 && run.state.step === 'moving' && phase !== null && phase.before.length + phase.moves.length + phase.after.length > 1) throw new PartFailed(target, why);
  await retryOrRollBack(run, target, why);
}

/** Holds until a person says how to go on. @throws Interrupted when the answer is to roll back */
export async function retryOrRollBack(run: Run, part: string, why: string): Promise<void> {
  run.holdAndTell('write-failed', why, 'critical', deciders(run));
  openAsk(run, { ask: `${run.phaseName ?? 'rollout'}/retry/${slugOf(part)}`, kind: 'retry', question: `${why} Try again, or roll back?`, from: deciders(run), options: ['retry', 'rollback'], healthy: 'retry', withinMs: null, otherwise: 'hold' });
  await untilDecided(run);
}

/** The question whether to try again stands in the state: it is waited for here, also in the run after continue-as-new. @throws Interrupted */
export async function untilDecided(run: Run): Promise<void> {
  if (run.held('write-failed') === null) return;
  const id = Object.values(run.state.asks).findLast((one) => one.kind === 'retry' && one.ask.includes('/retry/'))!.ask;
  const ask = await answered(run, id);
  const why = run.held('write-failed')?.message ?? ask.question;
  run.unhold('write-failed', `${ask.answers.at(-1)?.by ?? 'somebody'} says ${String(ask.result)}`, ask.answers.at(-1)?.by);
  if (ask.result === 'rollback') {
    run.demand({ kind: 'rollback', to: { kind: 'start' }, reason: why, by: ask.answers.at(-1)!.by, automatic: false, at: run.now() });
    await run.until(() => false);
  }
}

/** Somebody else changed a target before our move. The watch may have asked already: there is one question a target. */
async function settleDrift(run: Run, target: string, expected: TargetValue, found: TargetValue): Promise<void> {
  if (!(target in run.state.drift)) askAboutDrift(run, target, expected, found);
  await run.until(() => !(target in run.state.drift));
}

/** Obeys answers about drift, at any time: the watch finds drift while nothing else happens. */
export async function keepDrift(run: Run): Promise<void> {
  const { state } = run;
  const about = (name: string): string | undefined => Object.keys(state.drift).find((target) => (run.since020 ? new RegExp(`/drift/${target.replaceAll('.', '\\.')}(/\\d+)?$`).test(name) : name.includes(`/drift/${target}`)));
  const asked = () => Object.values(state.asks).filter((ask) => ask.kind === 'drift' && about(ask.ask) !== undefined);
  // Of several questions about one target only the newest counts: an answer of last week decides nothing today.
  const decided = () => asked().find((ask, _, all) => ask.state === 'settled' && (!run.since020 || all.findLast((one) => about(one.ask) === about(ask.ask)) === ask));
  for (;;) {
    await run.beside(() => decided() !== undefined);
    const ask = decided()!;
    const target = about(ask.ask)!;
    const by = ask.answers.at(-1)!.by;
    if (ask.result === 'rollback') {
      delete state.drift[target];
      run.demand({ kind: 'rollback', to: { kind: 'start' }, reason: `${target} was changed by somebody else`, by, automatic: false, at: run.now() });
    } else if (run.target(target).beforeMove !== null && !(await passesBeside(run, target, by))) delete state.drift[target]; // the next look finds it again and asks again
    else if (ask.result === 'adopt') adopt(run, target, by);
    else if (!(await restore(run, target, by))) continue;
    if (Object.keys(state.drift).length === 0) run.unhold('drift', `${by} says ${String(ask.result)}`, by);
    run.rewatch++;
  }
}

/** An adopted drift is a recorded move; undoing to the start still means the value before our first write. */
function adopt(run: Run, target: string, by: string): void {
  const { state } = run;
  const found = state.drift[target]!;
  delete state.drift[target];
  const before = standing(state, target)!;
  state.moves = [...state.moves, { phase: run.phaseName ?? '', phaseIndex: state.phaseIndex, generation: state.generation, target, before, wanted: found, after: found, readBack: `adopted by ${by}`, at: run.now(), direction: 'forward', state: 'adopted', key: `${keyOf(run, target)}/adopted/${state.moves.length}`, outstandingUntil: null }];
  run.note('moved', `${target}: ${found} was adopted as it stands`, { target, before, after: found }, by);
}

async function restore(run: Run, targetId: string, by: string): Promise<boolean> {
  const { state } = run;
  const target = run.target(targetId);
  const value = standing(state, targetId)!;
  try {
    const reading = await reader(target.on).readTarget({ target, key: keyOf(run, targetId) });
    if (!same(reading.value, value)) {
      // In flight, so that a rollback that comes now reads the target again when this write can no longer land.
      const last = state.moves.findLast((one) => one.target === targetId && one.direction === 'forward' && one.state !== 'undone');
      const inFlight = (until: number | null): void => { if (last !== undefined) patchMove(run, last.key, { outstandingUntil: until }); };
      inFlight(run.now() + longestAttemptMs(target.writeTimeoutMs));
      const scope = new CancellationScope();
      let ended = false;
      const writing = scope.run(() => writer(target.writeTimeoutMs, target.on).writeTarget({ rollout: state.rollout, target, value, expected: reading.value, before: firstBefore(run, targetId, reading.value), key: `${keyOf(run, targetId)}/restored/${state.moves.length}`, order: state.moves.length, now: run.now() })).finally(() => { ended = true; });
      writing.catch(() => { /* told below, unless a rollback has taken over */ });
      await condition(() => ended || state.step === 'rolling-back' || run.over);
      if (!ended) {
        scope.cancel();
        delete state.drift[targetId];
        return true;
      }
      inFlight(null);
      await writing;
    }
    delete state.drift[targetId];
    run.note('moved', `${targetId} was restored to ${value}`, { target: targetId, value }, by);
    return true;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    delete state.drift[targetId]; // the next look finds it again and asks again
    run.note('move-failed', `${targetId} could not be restored: ${reasonOf(error)}`, { target: targetId }, by);
    return true;
  }
}

function patchMove(run: Run, key: string, change: Partial<MoveRecord>): void {
  run.state.moves = run.state.moves.map((one) => (one.key === key && one.direction === 'forward' ? { ...one, ...change } : one));
}

/** Ids of asks are typed by people: a step's name is not. */
const slugOf = (part: string): string => part.toLowerCase().replace(/[^a-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '') || 'step';
const keyOf = (run: Run, target: string): string => `${run.state.rollout}/${run.phaseName ?? 'rollout'}/${target}/${run.state.generation}`;
/** A text has no unit. */
const shown = (value: TargetValue, { unit }: ResolvedTarget): string => (typeof value === 'number' ? `${value}${unit}` : value);
export const same = (a: TargetValue, b: TargetValue): boolean => (typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) < 0.001 : a === b);
