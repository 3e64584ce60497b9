// What comes after: reviews as schedules, follow-ups as workflows of their own; both outlive the rollout. And the adoption of a rollback
// that was done without Temporal while nobody could reach it.
import { ActivityFailure } from '@temporalio/workflow';
import { reasonOf } from './failure.js';
import { escalationOf } from './follow-ups.js';
import { activities, reader } from './options.js';
import type { Run } from './run.js';
import { same } from './moving.js';
import type { Demand } from './state.js';
import { payWhatIsOwed, undoSteps } from './steps.js';
import { endIssues, mattersOf } from './watching.js';

export async function afterwards(run: Run): Promise<void> {
  const { state, plan } = run;
  try {
    if (state.outcome === 'completed' && plan.reviews.length > 0) {
      const ids = await activities.scheduleReviews({ rollout: state.rollout, timezone: plan.timezone, reviews: plan.reviews, endedAt: run.now(), channels: plan.channels.info, after: escalationOf(plan) });
      run.note('reviews', `${ids.length} reviews are scheduled: ${plan.reviews.map((review) => review.title).join(', ')}`, { ids: [...ids] });
    }
    const on = state.outcome === 'completed' ? 'completion' : state.outcome === 'rolled-back' || state.outcome === 'rollback-incomplete' ? 'rollback' : null;
    for (const followUp of plan.followUps.filter((one) => one.on === on || (one.on === 'issue' && state.issues.length > 0))) {
      const id = await activities.startFollowUp({ rollout: state.rollout, followUp, startedAt: run.now(), channels: plan.channels.warning, escalation: plan.escalation, reason: state.rollback?.reason ?? '', after: escalationOf(plan) });
      run.note('follow-up', `${followUp.title}: ${followUp.who.join(', ')} by ${new Date(run.now() + followUp.withinMs).toISOString()}`, { id });
    }
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    run.note('follow-up-failed', `what should come after could not be scheduled: ${reasonOf(error)}`);
    run.tell('critical', 'follow-up-failed', `${state.rollout}: reviews or follow-ups could not be scheduled`, reasonOf(error), { to: [plan.owner] });
  }
}

/** The targets were taken back by `rollback --offline`: read what stands, write that down, and end as rolled back. */
export async function adoptOffline(run: Run, demand: Extract<Demand, { kind: 'adopt-offline' }>): Promise<'over'> {
  const { state } = run;
  state.demand = null;
  state.step = 'rolling-back';
  state.rollback = null;
  run.rewatch++;
  const moved = [...new Set(state.moves.filter((move) => move.direction === 'forward' && move.state !== 'undone').map((move) => move.target))];
  const remainder: string[] = [];
  for (const id of moved.reverse()) {
    const target = run.target(id);
    const moves = state.moves.filter((move) => move.target === id && move.direction === 'forward' && move.state !== 'undone');
    const before = moves[0]!.before;
    try {
      const reading = await reader(target.on).readTarget({ target, key: `${state.rollout}/offline/${id}` });
      if (!same(reading.value, before)) remainder.push(id);
      state.moves = [...state.moves.map((move) => (moves.includes(move) && same(reading.value, before) ? { ...move, state: 'undone' as const } : move)), { phase: moves[0]!.phase, phaseIndex: 0, generation: state.generation, target: id, before: moves.at(-1)!.wanted, wanted: before, after: reading.value, readBack: reading.detail, at: run.now(), direction: 'back', state: 'done', key: `${state.rollout}/offline/${id}`, outstandingUntil: null }];
      run.note('undo', `${id} stands at ${reading.value} after the offline rollback: ${reading.detail}`, { target: id, value: reading.value }, demand.by);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      remainder.push(id);
      run.note('undo-failed', `${id} cannot be read after the offline rollback: ${reasonOf(error)}`, { target: id });
    }
  }
  if ((state.steps ?? []).length > 0) remainder.push(...(await undoSteps(run, 0)).map((name) => `step '${name}'`), ...(await payWhatIsOwed(run)).map((name) => `what must follow '${name}'`));
  state.rollback = { reason: demand.reason, to: 'the start', by: demand.by, automatic: false, decidedAt: demand.at, readBackAt: run.now(), verified: remainder.length === 0, remainder, done: true };
  state.outcome = remainder.length === 0 ? 'rolled-back' : 'rollback-incomplete';
  endIssues(run, () => true);
  run.note('decision', `the offline rollback by ${demand.by} is adopted`, { remainder }, demand.by);
  run.tell('critical', state.outcome, `${state.rollout}: the offline rollback by ${demand.by} is adopted`, remainder.length === 0 ? 'everything is taken back' : `not taken back: ${remainder.join(', ')}`, { to: [run.plan.owner], ...(remainder.length === 0 ? { ends: mattersOf(run) } : {}) });
  await activities.clearUndo({ rollout: state.rollout, keys: state.moves.map((move) => move.key), offline: true });
  return 'over';
}
