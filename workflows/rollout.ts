// One rollout from start to end, as the plan states it: prepare → (enter, ask, move, soak, leave) for each phase → bake → complete → grade; on trouble,
// compensate. This file is the story; what each step does stands in the file it is imported from. Messages: messages.ts.
import {
  ActivityFailure, ApplicationFailure, CancellationScope, allHandlersFinished, condition, continueAsNew, setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { deciders, resumeAsks, voidAsk } from './asks.js';
import { handleCommands } from './commands.js';
import { complete } from './completion.js';
import { rollBack } from './compensation.js';
import { grade } from './grading.js';
import { keepAnswersFresh, keepsAnswers } from './human-answers.js';
import { planInForce, searchAttributes, status, type StartOptions, type Status } from './messages.js';
import { keepStarts } from './follow-ups.js';
import { leaveIncidents, resumeIncidents } from './incidents.js';
import { keepDrift } from './moving.js';
import { completed } from './older-plans.js';
import { activities } from './options.js';
import { keepRecord, keepTelling } from './outbox.js';
import { paceInWords } from './pace.js';
import { bake, runPhase } from './phase.js';
import { keepProtected } from './protecting.js';
import { Interrupted, Leaving, Run, besideTheStory } from './run.js';
import { movesOf } from './soaks.js';
import { keepStandUps, resumeStandUps } from './stand-ups.js';
import { payWhatIsOwed } from './steps.js';
import { exposed, newState, type State } from './state.js';
import { cardOf, stateOf, statusOf } from './status.js';
import { amendPlan } from './amending.js';
import { startProblems } from './understanding.js';
import { afterwards, adoptOffline } from './afterwards.js';
import { lastLook } from './unwatched.js';
import { keepWatch, mattersOf, resumeDecisions } from './watching.js';

/**
 * @param plan the plan as a JSON document; it is resolved by an activity, so that a start by the plain temporal CLI is the same as `tidegate start`
 * @param carried the state of the run before, after continue-as-new
 * @returns the last status
 * @throws ApplicationFailure PLAN_INVALID and OPTIONS_INVALID with every error, LAUNCH_TOO_SOON, START_NOT_ALLOWED naming who may, TARGET_CLAIMED naming the holder: nothing was moved
 */
export async function rollout(plan: unknown, options: StartOptions = {}, carried: State | null = null): Promise<Status> {
  if (carried !== null && workflowInfo().continuedFromExecutionRunId === undefined) throw ApplicationFailure.nonRetryable('a start takes two inputs, the plan and the options; nothing was moved', 'OPTIONS_INVALID');
  let run: Run | null = carried === null ? null : new Run({ ...carried, plan: completed(carried.plan) }, options.maxHistoryEvents ?? null);
  const commands = handleCommands(() => run);
  setHandler(status, () => { if (run === null) throw ApplicationFailure.nonRetryable('the plan is still being resolved', 'NOT_READY'); return statusOf(run); });
  setHandler(planInForce, () => run?.plan ?? null);

  // `temporal workflow cancel` means: roll back. So nothing below is cancelled by it; it becomes a demand.
  return CancellationScope.nonCancellable(async () => {
    run ??= new Run(await begin(plan, options), options.maxHistoryEvents ?? null);
    const current = run;
    void CancellationScope.current().parent?.cancelRequested.catch(() => current.demand({ kind: 'rollback', to: { kind: 'start' }, reason: 'the workflow was cancelled', by: 'temporal workflow cancel', automatic: false, at: current.now() }));
    return carryOut(current, options, commands.flush, carried !== null);
  });
}

/** Resolves the plan and claims what it moves. A failure here moved nothing. */
async function begin(plan: unknown, options: StartOptions): Promise<State> {
  const workflowId = workflowInfo().workflowId;
  try {
    const problems = startProblems(options);
    if (problems.length > 0) throw ApplicationFailure.nonRetryable(`the start options cannot be understood; nothing was moved\n${problems.join('\n')}`, 'OPTIONS_INVALID', ...problems);
    const resolved = await activities.resolve({ plan, options, now: Date.now() });
    refuseStarter(resolved.plan.startsOnlyBy ?? [], options);
    const state = newState(resolved.rollout, completed(resolved.plan), options.startedBy ?? { by: 'temporal', identity: workflowId }, Date.now());
    const moved = state.plan.targets.filter((target) => state.plan.phases.some((phase) => movesOf(phase).some((move) => move.target === target.id)));
    const claimed = await activities.claim({ rollout: resolved.rollout, keys: [`rollout/${resolved.rollout}`], targets: moved, protects: state.plan.targets.filter((target) => target.protected !== null) });
    state.claimed = [...claimed.keys];
    state.outbox.head = claimed.head;
    state.outbox.nextSeq = claimed.head.seq + 1;
    return state;
  } catch (error) {
    post({ RolloutState: 'failed', RolloutOutcome: 'failed' });
    // The cause says it all; wrapped in an activity failure, `temporal workflow describe` would hide it.
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    throw error;
  }
}

/** @throws ApplicationFailure START_NOT_ALLOWED: the plan says who starts it. The name is asserted, as everywhere. */
function refuseStarter(allowed: readonly string[], { startedBy }: StartOptions): void {
  if (allowed.length === 0 || (startedBy !== undefined && allowed.includes(startedBy.by))) return;
  throw ApplicationFailure.nonRetryable(`this plan is started only by ${allowed.join(' or ')}; ${startedBy === undefined ? 'nobody said who starts it ("startedBy" of the options)' : `${startedBy.by} may not`}. Nothing was moved.`, 'START_NOT_ALLOWED', ...allowed);
}

async function carryOut(run: Run, options: StartOptions, flush: () => void, resumed: boolean): Promise<Status> {
  const { state } = run;
  if (!resumed) {
    const { variant, launch, pace } = state.plan;
    const started = `${state.rollout} is started by ${state.startedBy.by}${variant === null ? '' : ` as ${variant}`}${pace === undefined ? '' : `, ${paceInWords(pace)}`}`;
    run.note('started', started, { plan: state.plan as never, variant, launch, startedBy: { ...state.startedBy } }, state.startedBy.by);
    for (const one of pace?.leftOut ?? []) run.note('pace', one);
    run.tell('info', 'started', started, [state.plan.description, ...(pace?.leftOut ?? [])].join('\n'));
  }
  resumeAsks(run);
  resumeDecisions(run);
  resumeStandUps(run);
  resumeIncidents(run);
  flush();
  const guards = keepProtected(run);
  const coroutines = [keepWatch(run), guards, keepRecord(run), keepTelling(run), keepPosted(run), besideTheStory(keepStandUps(run)), besideTheStory(keepDrift(run)), besideTheStory(amendPlan(run)), keepStarts(run), ...(keepsAnswers(run) ? [besideTheStory(keepAnswersFresh(run))] : [])];

  const end = await story(run);
  if (end === 'leaving') {
    run.leaving = true;
    await Promise.all(coroutines);
    await condition(() => allHandlersFinished() && run.inFlight === 0 && run.incidentSteps === 0);
    return continueAsNew<typeof rollout>(null, options, state);
  }

  // Without any there is not even a turn between: the commands of older histories follow in their order.
  if (state.incidents !== undefined) await leaveIncidents(run);
  for (const ask of Object.values(state.asks)) if (ask.state === 'open') voidAsk(run, ask.ask, `the rollout is over: ${state.outcome}`);
  state.holds = [];
  await afterwards(run);
  if (state.starts !== undefined) await condition(() => state.starts!.length === 0);
  const unwatched = state.unbroken === undefined && state.protection === undefined ? null : await lastLook(run, guards);
  run.note('ended', `${state.rollout} is over: ${state.outcome}`, { outcome: state.outcome, tookMs: run.now() - state.startedAt, grades: state.grades.map((one) => ({ grade: one.grade, reached: one.reached })), rollback: state.rollback === null ? null : { ...state.rollback, remainder: [...state.rollback.remainder] }, evaluations: state.evaluations, exposed: exposed(state), ...(unwatched === null ? {} : { unwatched: { ...unwatched } }) });
  run.over = true;
  await Promise.all(coroutines);
  await activities.release({ rollout: state.rollout, keys: state.claimed });
  await condition(allHandlersFinished);
  return statusOf(run);
}

/** The phases in order, until the end, a stop, a rollback to the start, or continue-as-new. A shallower rollback goes round again. */
async function story(run: Run): Promise<'over' | 'leaving'> {
  const { state } = run;
  for (;;) {
    try {
      if (state.demand !== null) throw new Interrupted(state.demand);
      while (state.phaseIndex < run.plan.phases.length) {
        // After a rollback to an earlier phase's end a person says when to try again.
        await run.until(() => run.held('rolled-back-to') === null);
        if (run.record!.endedAt === null) await runPhase(run, run.phase!);
        state.phaseIndex++;
      }
      if (run.plan.baking !== null && state.baking.endedAt === null) await bake(run, run.plan.baking);
      if (run.plan.completion !== null) await complete(run, run.plan.completion);
      await grade(run);
      state.outcome = 'completed';
      run.tell('info', 'completed', `${state.rollout} is completed`, [...state.grades.map((one) => `${one.grade}: ${one.reached ? 'reached' : 'not reached'}`), ...(state.completion?.comparison ?? []).map((one) => one.message)].join('\n'), { to: [run.plan.owner], ends: mattersOf(run) });
      return 'over';
    } catch (error) {
      if (error instanceof Leaving) return 'leaving';
      if (!(error instanceof Interrupted)) throw error;
      if ((await obey(run, error)) === 'over') return 'over';
    }
  }
}

async function obey(run: Run, { demand }: Interrupted): Promise<'over' | 'again'> {
  const { state } = run;
  switch (demand.kind) {
    case 'rollback': {
      const end = await rollBack(run, demand);
      if (end === 'restored') return 'again';
      run.tell(state.outcome === 'rolled-back' ? 'critical' : 'emergency', state.outcome!, `${state.rollout}: ${state.outcome === 'rolled-back' ? 'everything is taken back' : `the rollback is INCOMPLETE: ${state.rollback!.remainder.join(', ') || 'the proof failed'}`}`, `${demand.reason}\n${state.rollback!.verified === true ? 'verified' : 'not verified'}\nWhat happened, from the record: tidegate journal ${state.rollout} --report`, { to: deciders(run), ...(state.outcome === 'rolled-back' ? { ends: mattersOf(run) } : {}) });
      return 'over';
    }
    case 'stop': {
      const left = exposed(state);
      state.demand = null;
      if ((state.steps ?? []).length > 0) await payWhatIsOwed(run);
      state.outcome = 'stopped';
      run.note('decision', `stopped: ${demand.reason}`, { exposed: left }, demand.by);
      run.tell('warning', 'stopped', `${state.rollout} is stopped by ${demand.by}: ${demand.reason}`, left.length === 0 ? 'nothing is exposed' : `left exposed: ${left.join(', ')}`, { to: [run.plan.owner] });
      return 'over';
    }
    case 'adopt-offline': return adoptOffline(run, demand);
  }
}

const keys = Object.fromEntries(searchAttributes.map((name) => [name, defineSearchAttributeKey(name, 'KEYWORD')])) as Record<(typeof searchAttributes)[number], ReturnType<typeof defineSearchAttributeKey<'KEYWORD'>>>;

function post(values: Partial<Record<(typeof searchAttributes)[number], string | null>>): void {
  upsertSearchAttributes(Object.entries(values).map(([name, value]) => ({ key: keys[name as keyof typeof keys], value: value ?? null })));
}

/** Search attributes change with the state (an event each, so only then); the card in Temporal's UI with everything (free of history). */
async function keepPosted(run: Run): Promise<void> {
  const { state } = run;
  let posted = '';
  let carded = -1;
  for (;;) {
    const values = { RolloutId: state.rollout, RolloutState: stateOf(state), RolloutPhase: run.phaseName, RolloutOwner: run.plan.owner, RolloutHold: state.holds[0]?.reason ?? null, RolloutOutcome: state.outcome };
    if (JSON.stringify(values) !== posted) { post(values); posted = JSON.stringify(values); }
    if (carded !== state.outbox.nextSeq) { setCurrentDetails(cardOf(run)); carded = state.outbox.nextSeq; }
    if (run.over || run.leaving) return;
    const key = (): string => `${stateOf(state)}|${run.phaseName}|${state.holds[0]?.reason}`;
    const seen = key();
    await condition(() => run.over || run.leaving || key() !== seen || state.outbox.nextSeq !== carded);
  }
}
