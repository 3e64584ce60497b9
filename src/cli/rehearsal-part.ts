// Runs a rehearsal for the verb. The rehearsal itself: src/engine/rehearsal.ts.
import { rehearse } from '../engine/rehearsal.js';
import type { Cli, PlanInput, RehearsalReport, RehearseOptions } from './ports.js';

export async function rehearsePlan(plan: PlanInput, options: RehearseOptions, cli: Pick<Cli, 'env'>): Promise<RehearsalReport> {
  return rehearse(plan.text, { file: plan.file, vars: plan.vars, day1: plan.day1, launch: plan.launch ?? null, env: cli.env, ...options });
}
