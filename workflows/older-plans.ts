// Running rollouts outlive releases: a plan that an older release resolved lacks what the plan language has learned since. Here each new field
// gets what the language takes when nothing is said, so that everything else may rely on it.
import type { ResolvedPlan } from '../src/plan/types.js';

const sinceThen = {} satisfies Partial<ResolvedPlan>;
const ofPhases = {} satisfies Partial<ResolvedPlan['phases'][number]>;
const ofTargets = {} satisfies Partial<ResolvedPlan['targets'][number]>;

export const completed = (plan: ResolvedPlan): ResolvedPlan => ({
  ...sinceThen, ...plan,
  phases: plan.phases.map((phase) => ({ ...ofPhases, ...phase })),
  targets: plan.targets.map((target) => ({ ...ofTargets, ...target })),
});
