// amend: a new plan for the road ahead. What has happened stays; phases that were moved keep their record; open approvals of a phase that
// changed are void. A plan that is not sound, or that drops what is already moved, is refused and the old one stays in force.
import { ActivityFailure } from '@temporalio/workflow';
import { voidAsk } from './asks.js';
import type { ResolvedPlan } from '../src/plan/types.js';
import { loosening } from './loosening.js';
import { reasonOf } from './failure.js';
import { completed } from './older-plans.js';
import { activities } from './options.js';
import type { Run } from './run.js';
import { newPhase } from './state.js';

export async function amendPlan(run: Run): Promise<void> {
  const { state } = run;
  for (;;) {
    await run.beside(() => run.amendments.length > 0);
    const amendment = run.amendments.shift()!;
    try {
      // The new plan is laid out as the one in force was, and then runs at its pace.
      const { variant, pace } = run.plan;
      const { day1, launch } = pace ?? run.plan;
      const resolved = await activities.resolve({ plan: amendment.plan, options: { id: state.rollout, day1: new Date(day1 + 12 * 3_600_000).toISOString().slice(0, 10) }, now: run.now(), inForce: { variant, launch, ...(pace === undefined ? {} : { pace }) } });
      const plan = { ...completed(resolved.plan), day1: run.plan.day1 };
      const done = state.phases.filter((phase) => phase.movedAt !== null).map((phase) => phase.phase);
      const kept = plan.phases.slice(0, done.length).map((phase) => phase.phase);
      const targets = run.plan.targets.map((target) => target.id).filter((id) => !plan.targets.some((target) => target.id === id));
      if (kept.join() !== done.join() || targets.length > 0) {
        refuse(run, targets.length > 0 ? `it drops ${targets.join(', ')}, which a rollback would need` : `its first phases must be ${done.join(', ')}, which have moved`, amendment.by);
        continue;
      }
      // A plan that an older release resolved knows nothing of what is new here, and its rollout goes on as it went.
      const loosened = 'invariantWatch' in resolved.plan ? loosening(state, plan) : [];
      if (loosened.length > 0) { refuse(run, loosened.join('; '), amendment.by); continue; }
      if (run.since020) await claimNew(run, plan);
      const changed = plan.phases.filter((phase) => JSON.stringify(phase) !== JSON.stringify(run.plan.phases.find((one) => one.phase === phase.phase))).map((phase) => phase.phase);
      state.plan = plan;
      state.phases = plan.phases.map((phase) => state.phases.find((one) => one.phase === phase.phase) ?? newPhase(phase.phase));
      for (const ask of Object.values(state.asks)) if ((ask.kind === 'approval' || (ask.kind === 'decision' && ask.state === 'open')) && ask.phase !== null && changed.includes(ask.phase) && (ask.state === 'open' || state.phases.find((phase) => phase.phase === ask.phase)?.movedAt === null)) voidAsk(run, ask.ask, 'the phase was amended');
      run.rewatch++;
      run.reguard++;
      run.note('amended', `the plan is amended by ${amendment.by}: ${changed.length === 0 ? 'no phase changed' : changed.join(', ')}`, { plan: plan as never, changed }, amendment.by);
      run.tell('warning', 'amended', `${state.rollout} is amended by ${amendment.by}`, changed.join(', '), { to: [plan.owner] });
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      refuse(run, reasonOf(error), amendment.by);
    }
  }
}

/** What the new plan moves or protects and the old one did not is claimed as at a start. @throws ActivityFailure naming who holds it */
async function claimNew(run: Run, plan: ResolvedPlan): Promise<void> {
  const moved = (of: ResolvedPlan): ResolvedPlan['targets'] => of.targets.filter((target) => of.phases.some((phase) => phase.moves.some((move) => move.target === target.id)));
  const kept = (of: ResolvedPlan): ResolvedPlan['targets'] => of.targets.filter((target) => target.protected !== null);
  const added = (of: (of: ResolvedPlan) => ResolvedPlan['targets']): ResolvedPlan['targets'] => of(plan).filter((target) => !of(run.plan).some((one) => one.id === target.id));
  const targets = added(moved);
  const protects = added(kept);
  if (targets.length + protects.length === 0) return;
  const { keys } = await activities.claim({ rollout: run.state.rollout, keys: [], targets, protects });
  run.state.claimed = [...new Set([...run.state.claimed, ...keys])];
}

function refuse(run: Run, why: string, by: string): void {
  run.note('amendment-refused', `the amendment was refused, the plan before stays in force: ${why}`, null, by);
  run.tell('warning', 'amendment-refused', `${run.state.rollout}: the amendment was refused`, why, { to: [run.plan.owner] });
}
