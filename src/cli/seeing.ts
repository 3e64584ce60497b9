// How a verb looks at one rollout: opens the engine once, closes it at the end, asks for the plan where a screen needs it.
import type { ResolvedPlan } from '../plan/types.js';
import type { Cli, Rollouts } from './ports.js';
import { shownStatus, type ShownStatus } from './shown-status.js';

export async function openRollouts(cli: Cli): Promise<Rollouts> {
  const rollouts = await cli.parts.rollouts();
  cli.atEnd(() => rollouts.close());
  return rollouts;
}

export interface Sight { readonly status: ShownStatus; readonly plan: ResolvedPlan | null }

export async function lookAt(rollouts: Rollouts, rollout: string): Promise<Sight> {
  const seen = await rollouts.see(rollout);
  // without a worker the second query would only wait out its limit as well
  const plan = seen.status === null ? null : await rollouts.planInForce(rollout);
  return { status: shownStatus(seen, plan), plan };
}
