// What outlives the rollout, started from within it: follow-ups as their reason happens, and incidents that are still open at its end. What is
// to be started stands in the state until it has been: no kill, no continue-as-new and no end loses one. The work itself: follow-up.ts, incident.ts.
import { ActivityFailure, condition } from '@temporalio/workflow';
import type { Escalation } from '../activities/types.js';
import type { FollowUp, ResolvedPlan } from '../src/plan/types.js';
import { reasonOf } from './failure.js';
import { activities } from './options.js';
import type { Run } from './run.js';

/** How people are reached, and in which order, when the rollout is no longer there. */
export const escalationOf = (plan: ResolvedPlan): Escalation => ({
  path: plan.escalation.map((who, index) => ({ who, afterMs: plan.escalationAfterMs[index] ?? plan.escalateEveryMs })),
  channels: { info: plan.channels.info, warning: plan.channels.warning, critical: plan.channels.critical, emergency: plan.channels.emergency, own: Object.fromEntries(plan.people.filter(({ channels }) => channels.length > 0).map(({ id, channels }) => [id, channels])) },
});

/** @param why.about while a follow-up about the same is not done, no second begins */
export function startFollowUps(run: Run, followUps: readonly FollowUp[], why: { readonly about: string; readonly reason: string }): void {
  const { state, plan } = run;
  for (const followUp of followUps) {
    state.starts = [...(state.starts ?? []), { kind: 'follow-up', input: { rollout: state.rollout, followUp, startedAt: run.now(), channels: plan.channels.warning, escalation: plan.escalation, reason: why.reason, after: escalationOf(plan), about: `${why.about}@${state.startedAt}` } }];
    run.note('follow-up', `${followUp.title}: ${followUp.who.join(', ')} by ${new Date(run.now() + followUp.withinMs).toISOString()}`, { followUp: followUp.id, about: why.about });
  }
}

/** Starts what is to be started until the rollout is over and nothing is left. */
export async function keepStarts(run: Run): Promise<void> {
  const { state } = run;
  const waiting = (): boolean => (state.starts?.length ?? 0) > 0;
  for (;;) {
    await condition(() => waiting() || run.over || run.leaving);
    if (run.leaving || !waiting()) return;
    const [next] = state.starts!;
    run.inFlight++;
    // Tried for as long as it takes; started twice it is one.
    try {
      if (next!.kind === 'follow-up') await activities.startFollowUp(next!.input);
      else await activities.startIncident(next!.input);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const what = next!.kind === 'follow-up' ? next!.input.followUp.title : next!.input.incident.id;
      run.note('follow-up-failed', `${what} could not be started: ${reasonOf(error)}`);
      run.tell('critical', 'follow-up-failed', `${state.rollout}: ${what} could not be started, nobody is reminded of it`, reasonOf(error), { to: [run.plan.owner] });
    } finally {
      run.inFlight--;
    }
    state.starts = state.starts!.slice(1);
  }
}
