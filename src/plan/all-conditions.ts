// Every condition of a resolved plan with the place it has in it: for what is computed over all of them (the baseline's metrics, the lint).
import type { Condition, ConditionRole, Severity } from '../judgement/types.js';
import type { AskItem, PlanCondition, ResolvedPlan, Trigger } from './types.js';

export interface PlacedCondition { readonly id: string; readonly condition: Condition; readonly role: ConditionRole | 'verify' | 'check'; readonly severity: Severity | null; /** null: of the plan; 'baking' for baking */ readonly phase: string | null }

type Conditioned = Pick<ResolvedPlan, 'triggers' | 'invariants' | 'preparation' | 'phases' | 'baking' | 'rollback' | 'grades' | 'completion'>;

export function allConditions(plan: Conditioned): readonly PlacedCondition[] {
  const listed = (conditions: readonly PlanCondition[], role: PlacedCondition['role'], phase: string | null): readonly PlacedCondition[] => conditions.map(({ id, condition }) => ({ id, condition, role, severity: null, phase }));
  const triggers = (list: readonly Trigger[], phase: string | null): readonly PlacedCondition[] => list.map(({ id, condition, severity }) => ({ id, condition, role: 'trigger', severity, phase }));
  const checks = (items: readonly AskItem[], phase: string | null): readonly PlacedCondition[] => items.flatMap(({ id, check }) => (check?.kind === 'holds' ? [{ id, condition: check.condition, role: 'check' as const, severity: null, phase }] : []));
  return [
    ...triggers(plan.triggers, null), ...listed(plan.invariants, 'invariant', null), ...checks(plan.preparation, null), ...checks(plan.completion?.items ?? [], null),
    ...plan.phases.flatMap(({ phase, ...of }) => [...checks(of.preparation, phase), ...listed(of.enter, 'enter', phase), ...triggers(of.triggers, phase), ...listed(of.stages.flatMap(({ enter }) => enter), 'enter', phase), ...listed(of.leave, 'leave', phase)]),
    ...(plan.baking === null ? [] : [...triggers(plan.baking.triggers, 'baking'), ...listed(plan.baking.leave, 'leave', 'baking')]),
    ...listed(plan.rollback.verify, 'verify', null), ...plan.grades.flatMap(({ criteria }) => listed(criteria, 'grade', null)),
  ];
}

/** The name under which a condition's evidence is measured: a metric's, or `alerts(severity)`; null for events. */
export function measuredBy(condition: Condition): string | null {
  if (condition.kind === 'trend') return condition.metric;
  const { subject } = condition;
  switch (subject.kind) {
    case 'metric': case 'increase': case 'samples': return subject.metric;
    case 'alerts': return `alerts(${subject.severity})`;
    case 'events': return null;
  }
}
