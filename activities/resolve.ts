// resolve: a plan document as anybody may have written it → the resolved plan, or one failure that carries every error.
import { ApplicationFailure } from '@temporalio/activity';
import { resolvePlan } from '../src/plan/index.js';
import type { ResolvedPlan } from '../src/plan/types.js';
import type { Ports } from './ports.js';
import type { ResolveInput, ResolveResult } from './types.js';

export const resolve = (ports: Ports) => async (input: ResolveInput): Promise<ResolveResult> => {
  const { options, inForce } = input;
  const vars = { ...options.vars, ...(inForce?.variant == null ? {} : { variant: inForce.variant }) };
  const pace = inForce?.pace ?? (options.pace === undefined ? null : { times: options.pace, from: input.now });
  const resolved = resolvePlan(input.plan, { file: 'plan', now: input.now, env: ports.env, providers: ports.providers, vars, day1: options.day1 ?? null, launch: inForce?.launch ?? options.launch ?? null, starting: inForce === undefined, pace });
  if (!resolved.ok) {
    const lines = resolved.problems.map((problem) => `${problem.path}: ${problem.message}`);
    throw ApplicationFailure.nonRetryable(`the plan has ${lines.length === 1 ? 'an error' : `${lines.length} errors`}; nothing was moved\n${lines.join('\n')}`, resolved.problems.every(({ code }) => code === 'LAUNCH_TOO_SOON') ? 'LAUNCH_TOO_SOON' : 'PLAN_INVALID', ...resolved.problems);
  }
  const plan = options.cadenceMs === undefined ? resolved.plan : atCadence(resolved.plan, options.cadenceMs);
  return { plan: options.id === undefined ? plan : { ...plan, rollout: options.id }, rollout: options.id ?? plan.rollout, warnings: resolved.warnings.map((warning) => warning.message) };
};

/** The same plan watched at another pace; what follows from the cadence by default follows the new one. */
function atCadence(plan: ResolvedPlan, cadenceMs: number): ResolvedPlan {
  const pace = { cadenceMs, blindAfterMs: cadenceMs + Math.max(cadenceMs, 60_000), unknownForMs: Math.max(3 * cadenceMs, 300_000) };
  return { ...plan, invariantWatch: plan.invariantWatch === null ? null : { everyMs: null, blindAfterMs: null }, phases: plan.phases.map((phase) => ({ ...phase, ...pace })), baking: plan.baking === null ? null : { ...plan.baking, ...pace } };
}
