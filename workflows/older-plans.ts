// Running rollouts outlive releases: a plan that an older release resolved lacks what the plan language has learned since. Here each new field
// gets what the language takes when nothing is said, so that everything else may rely on it.
import type { ResolvedPlan } from '../src/plan/types.js';

const sinceThen = { variant: null, launch: null, invariantWatch: null, completion: null, startsOnlyBy: [], escalationAfterMs: [], incidents: [] } satisfies Partial<ResolvedPlan>;
const ofPhases = { checks: [], before: [], after: [], stages: [], decision: null } satisfies Partial<ResolvedPlan['phases'][number]>;
const ofRollback = { before: [], after: [] } satisfies Partial<ResolvedPlan['rollback']>;
const ofLadder = { withinMs: 10 * 60_000 } satisfies Partial<ResolvedPlan['rollback']['ladder'][number]>;
const ofTargets = { unlimited: null, protected: null, beforeMove: null, approval: null } satisfies Partial<ResolvedPlan['targets'][number]>;
const ofStandUps = { monthly: false } satisfies Partial<ResolvedPlan['standUps'][number]>;
const ofBaking = { decision: null } satisfies Partial<NonNullable<ResolvedPlan['baking']>>;
const ofHumans = { scale: null, askAheadMs: null } satisfies Partial<NonNullable<ResolvedPlan['metrics'][number]['human']>>;
const ofItems = { check: null } satisfies Partial<ResolvedPlan['preparation'][number]>;

export const completed = (plan: ResolvedPlan): ResolvedPlan => ({
  ...sinceThen, ...plan,
  preparation: itemsOf(plan.preparation),
  rollback: { ...ofRollback, ...plan.rollback, ladder: plan.rollback.ladder.map((step) => ({ ...ofLadder, ...step })) },
  phases: plan.phases.map((phase) => ({ ...ofPhases, ...phase, preparation: itemsOf(phase.preparation) })),
  targets: plan.targets.map((target) => ({ ...ofTargets, ...target })),
  metrics: plan.metrics.map((metric) => (metric.human === null ? metric : { ...metric, human: { ...ofHumans, ...metric.human } })),
  baking: plan.baking === null ? null : { ...ofBaking, ...plan.baking },
  standUps: plan.standUps.map((standUp) => ({ ...ofStandUps, ...standUp })),
});

const itemsOf = (items: ResolvedPlan['preparation']): ResolvedPlan['preparation'] => items.map((item) => ({ ...ofItems, ...item }));
