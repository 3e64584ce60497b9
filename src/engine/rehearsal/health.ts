// What a healthy world measures: for each metric a value under which the plan's own gates pass and its triggers keep still. Derived from the
// plan's conditions, so that a plan rehearses without anybody inventing numbers.
import type { Condition } from '../../judgement/types.js';
import type { ResolvedMetric, ResolvedPlan } from '../../plan/types.js';

export interface Health { readonly base: number; /** halves in two weeks (or doubles, when higher is better): the plan asks for a trend */ readonly improves: boolean; /** a counter of users: grows while anything is exposed */ readonly counts: boolean; readonly better: 'lower' | 'higher' }

export function healthOf(plan: ResolvedPlan): ReadonlyMap<string, Health> {
  const checks = [...plan.preparation, ...plan.phases.flatMap((phase) => phase.preparation), ...(plan.completion?.items ?? [])].flatMap(({ check }) => (check?.kind === 'holds' ? [check] : []));
  const wanted: { condition: Condition; holds: boolean }[] = [
    ...[...plan.phases.flatMap((phase) => [...phase.enter, ...phase.stages.flatMap((stage) => stage.enter), ...phase.leave]), ...(plan.baking?.leave ?? []), ...checks, ...plan.grades.flatMap((grade) => grade.criteria), ...plan.invariants, ...plan.rollback.verify].map(({ condition }) => ({ condition, holds: true })),
    ...[...plan.triggers, ...plan.phases.flatMap((phase) => phase.triggers), ...(plan.baking?.triggers ?? [])].map(({ condition }) => ({ condition, holds: false })),
  ];
  // What must stand still once all is taken back stands for users; every other counter has nothing to count in a healthy world.
  const counters = new Set(plan.rollback.verify.flatMap(({ condition }) => (condition.kind === 'compare' && condition.subject.kind === 'increase' ? [condition.subject.metric] : [])));
  return new Map(plan.metrics.map((metric) => [metric.name, { base: baseOf(metric, wanted), improves: wanted.some(({ condition }) => condition.kind === 'trend' && condition.metric === metric.name && condition.direction !== 'steady'), counts: counters.has(metric.name), better: metric.better }]));
}

function baseOf(metric: ResolvedMetric, wanted: readonly { condition: Condition; holds: boolean }[]): number {
  let low = -Infinity;
  let high = Infinity;
  for (const { condition, holds } of wanted) {
    if (condition.kind !== 'compare' || condition.limit.kind !== 'number' || condition.subject.kind === 'samples' || condition.subject.kind === 'increase' || condition.subject.kind === 'events') continue;
    const name = condition.subject.kind === 'alerts' ? `alerts(${condition.subject.severity})` : condition.subject.metric;
    if (name !== metric.name) continue;
    const limit = condition.limit.value;
    const below = holds ? condition.op === '<' || condition.op === '<=' : condition.op === '>' || condition.op === '>=';
    const above = holds ? condition.op === '>' || condition.op === '>=' : condition.op === '<' || condition.op === '<=';
    if (holds && condition.op === '=') return limit;
    if (below) high = Math.min(high, limit);
    if (above) low = Math.max(low, limit);
  }
  if (metric.alerts !== null) return 0;
  const ceiling = metric.unit === '%' && low >= 0 ? 100 : Infinity;
  if (low === -Infinity && high === Infinity) return metric.unit === '%' ? 20 : 100;
  if (low === -Infinity) return high > 0 ? high * 0.4 : high - 1;
  high = Math.min(high, ceiling);
  return high === Infinity ? low + Math.max(Math.abs(low) * 0.05, 1) : (low + high) / 2 + (high - low) * 0.3;
}
