// Which conditions are in force now, at what pace, with which references: a pure function of plan and state. The watch is set up from it.
import type { MetricTraits, Ms, WatchedCondition } from '../src/judgement/types.js';
import type { WatchRules } from '../src/judgement/look-types.js';
import { emptyMemory, packMemory, referencesFor } from '../src/judgement/index.js';
import type { PlanCondition, ResolvedMetric, ResolvedPlan, Stage, Trigger } from '../src/plan/types.js';
import type { WatchInput } from '../activities/types.js';
import { slowestAcknowledgement } from './incidents.js';
import { paced } from './pace.js';
import type { Run } from './run.js';
import { isBaking, soakIsWatched, nextStage, stageDue, wholeOf, wholeOfBaking } from './soaks.js';
import { completing, standing, type MoveRecord, type State } from './state.js';
import { longestUnwatched, unwatchedAfterMs } from './unwatched.js';

const windowMs = 24 * 3_600_000;

/** Triggers in force: the plan's from preparation on, a phase's from its first move until the next phase's first move. */
export function triggersInForce(state: State): readonly Trigger[] {
  if (state.step === 'rolling-back') return [];
  const { plan } = state;
  const moved = plan.phases.filter((_, index) => state.phases[index]!.movedAt !== null || (index === state.phaseIndex && state.step === 'moving'));
  const last = moved[moved.length - 1];
  const baking = isBaking(state) ? (plan.baking?.triggers ?? []) : [];
  return [...plan.triggers, ...(last?.triggers ?? []), ...baking];
}

/** Reported events are judged the moment they arrive (events.ts), not at the next look. */
export const isEventTrigger = (trigger: Trigger): boolean => trigger.condition.kind === 'compare' && trigger.condition.subject.kind === 'events';

export function watchInput(run: Run): WatchInput {
  const { state, plan } = run;
  const rules = rulesNow(run);
  // Only a phase that soaks wants to hear that it has soaked; otherwise nothing waits for it.
  const soaking = soakIsWatched(state);
  const names = new Set(rules.metrics.map((metric) => metric.name));
  return {
    rollout: state.rollout, phase: run.phaseName, rules, metrics: plan.metrics.filter((metric) => names.has(metric.name) && metric.human === null), given: givenNow(run),
    events: rules.conditions.some(({ condition }) => condition.kind === 'compare' && condition.subject.kind === 'events') ? state.events : [],
    memory: memoryNow(state), until: run.now() + windowMs, lookNow: run.lookAsked > run.lookSeen,
    known: { enter: state.gate, leave: soaking ? state.leave : 'pass', soaked: soaking ? state.soaked : true, invariant: state.invariant, unknown: run.held('unknown') !== null, drift: Object.keys(state.drift) },
    targets: state.step === 'rolling-back' || state.step === 'moving' ? [] : plan.targets.flatMap((target) => {
      // a move in mid-soak is under way: what is read is ours, before and after it
      if (state.step === 'soaking' && state.moves.some((one) => one.target === target.id && one.stage !== undefined && (one.state === 'writing' || one.state === 'failed'))) return [];
      const expected = target.on === null && target.provider !== 'manual' ? standing(state, target.id) : null;
      return expected === null ? [] : [{ target, expected }];
    }),
    heartbeatUrl: plan.heartbeatUrl,
  };
}

/** Since when the invariants are seen is known even where the watch remembers nothing. */
function memoryNow({ memory, unbroken }: State): WatchInput['memory'] {
  if (unbroken !== undefined) return packMemory({ ...(memory ?? emptyMemory()), unbroken }, false);
  return memory === null ? null : packMemory(memory, false);
}

function rulesNow(run: Run): WatchRules {
  const { state, plan } = run;
  const phase = run.phase;
  const pace = paceOf(run);
  const judged = (role: WatchedCondition['role'], list: readonly PlanCondition[], now = true): WatchedCondition[] =>
    list.filter((one) => !state.skipped.includes(one.id)).map((one) => ({ id: one.id, role, severity: 'info', condition: one.condition, judged: now }));
  const conditions: WatchedCondition[] = [
    ...triggersInForce(state).filter((trigger) => !isEventTrigger(trigger) && comparable(state, trigger.condition)).map((trigger): WatchedCondition => ({ id: trigger.id, role: 'trigger', severity: trigger.severity, condition: trigger.condition, judged: true })),
    ...judged('invariant', plan.invariants),
  ];
  switch (state.step) {
    case 'gate': conditions.push(...judged('enter', phase?.enter ?? [])); break;
    case 'preparing': case 'waiting': conditions.push(...judged('enter', phase?.enter ?? [], false)); break;
    case 'moving': break;
    case 'soaking': conditions.push(...judged('leave', phase?.leave ?? []), ...judged('enter', stageOf(run)?.enter ?? [], stageDue(state) !== null), ...judged('enter', plan.phases[state.phaseIndex + 1]?.enter ?? [], false)); break;
    case 'baking': conditions.push(...judged('leave', plan.baking?.leave ?? [])); break;
    case 'grading': if (!completing(state)) conditions.push(...judged('grade', plan.grades.flatMap((grade) => grade.criteria))); break;
    case 'rolling-back': conditions.push(...judged('enter', state.rollback?.readBackAt != null ? plan.rollback.verify.map((one) => ({ ...one, id: `${one.id}#${state.generation}` })) : [])); break;
  }
  const metrics = metricsFor(plan, conditions, state.step === 'rolling-back');
  return {
    conditions, metrics: metrics.map(traitsOf).concat(recordTraits(conditions)), references: referencesFor(conditions, state.references), cadenceMs: pace.cadenceMs, blindAfterMs: pace.blindAfterMs, unknownForMs: pace.unknownForMs,
    soak: soakNow(run), suspended: run.suspended, judgeAfter: state.judgeAfter, movedAt: state.firstMoveAt,
    ...(plan.invariantWatch === null ? {} : { unwatchedAfterMs: unwatchedAfterMs(plan, pace.cadenceMs) }),
  };
}

/** A trigger against a period is in force once that period has been measured; before the baseline is taken there is nothing to compare with. */
const comparable = (state: State, condition: Trigger['condition']): boolean => condition.kind !== 'compare' || condition.limit.kind !== 'reference' || state.references[condition.limit.period] !== undefined;

/** The next move in mid-soak. */
const stageOf = (run: Run): Stage | null => (run.phase === null || run.record === null ? null : nextStage(run.phase, run.record));

/** What is soaking now; while preparing it is the baseline period of sources that only know 'now'. */
function soakNow(run: Run): WatchRules['soak'] {
  const { state, plan } = run;
  if (isBaking(state)) return plan.baking === null ? null : { neededMs: wholeOfBaking(state), onIssue: plan.baking.onIssue };
  // a phase that moves nothing soaks as well, also before anything else has moved
  if (state.firstMoveAt === null && state.step !== 'soaking') return plan.baseline === null ? null : { neededMs: plan.baseline.overMs, onIssue: 'extend' };
  if (state.step === 'rolling-back') return null;
  const index = run.record?.movedAt == null ? state.phaseIndex - 1 : state.phaseIndex;
  const phase = plan.phases[index];
  return phase === undefined ? null : { neededMs: nextStage(phase, state.phases[index]!)?.afterMs ?? wholeOf(phase, state.phases[index]!), onIssue: phase.soak.onIssue };
}

/**
 * The phase's cadence, or that of the invariants; quicker while an issue asks for it, and while a rollback is being verified.
 * @param unhurriedly before anything has moved; not where something must never be out of sight
 */
export function paceOf(run: Run, unhurriedly: boolean = run.plan.invariantWatch === null): { cadenceMs: number; blindAfterMs: number; unknownForMs: number } {
  const { state, plan } = run;
  const own = isBaking(state) ? plan.baking : (run.record?.movedAt == null ? (plan.phases[state.phaseIndex - 1] ?? run.phase) : run.phase);
  const base = own ?? plan.phases[plan.phases.length - 1]!;
  const alwaysMs = plan.invariantWatch?.everyMs ?? Infinity;
  if (state.step === 'rolling-back') return { cadenceMs: Math.min(base.cadenceMs, 5_000, alwaysMs), blindAfterMs: base.blindAfterMs, unknownForMs: base.unknownForMs };
  if (unhurriedly && state.firstMoveAt === null && state.step !== 'gate' && state.step !== 'soaking') return unhurried(run, base);
  const wanted = state.issues.filter((issue) => issue.endedAt === null).map((issue) => triggersInForce(state).find((trigger) => trigger.id === issue.trigger)?.reaction);
  const quicker = wanted.flatMap((reaction) => (reaction?.kind === 'watch-more' ? [reaction.everyMs] : []));
  return { cadenceMs: Math.min(base.cadenceMs, alwaysMs, ...quicker), blindAfterMs: base.blindAfterMs, unknownForMs: base.unknownForMs };
}

/** Before anything has moved nobody is harmed: an hourly look is enough, or as many as a sampled baseline needs. */
function unhurried(run: Run, base: { readonly cadenceMs: number; readonly unknownForMs: number }): { cadenceMs: number; blindAfterMs: number; unknownForMs: number } {
  const { baseline } = run.plan;
  const anHour = paced(run.plan, hourMs, 1_000);
  const wantedMs = baseline === null ? anHour : Math.min(anHour, baseline.overMs / Math.max(24, 2 * baseline.minSamples));
  const cadenceMs = Math.max(base.cadenceMs, wantedMs);
  return { cadenceMs, blindAfterMs: cadenceMs + Math.max(cadenceMs, 60_000), unknownForMs: Math.max(base.unknownForMs, 3 * cadenceMs) };
}
const hourMs = 3_600_000;

/** All metrics of the plan are watched (the board and later references need them); in a rollback only those that judge it. */
function metricsFor(plan: ResolvedPlan, conditions: readonly WatchedCondition[], onlyNeeded: boolean): readonly ResolvedMetric[] {
  const needed = new Set(conditions.flatMap(({ condition }) => metricNames(condition)));
  return plan.metrics.filter((metric) => needed.has(metric.name) || (!onlyNeeded && metric.human === null));
}

export function metricNames(condition: WatchedCondition['condition']): string[] {
  if (condition.kind === 'trend') return [condition.metric];
  switch (condition.subject.kind) {
    case 'metric': case 'increase': case 'samples': return [condition.subject.metric];
    case 'alerts': return [`alerts(${condition.subject.severity})`];
    case 'events': return [];
  }
}

/** Human metrics that a gate needs. */
export function humanMetrics(plan: ResolvedPlan, conditions: readonly PlanCondition[]): readonly ResolvedMetric[] {
  const names = new Set(conditions.flatMap((one) => metricNames(one.condition)));
  return plan.metrics.filter((metric) => metric.human !== null && names.has(metric.name));
}

export const traitsOf = (metric: ResolvedMetric): MetricTraits => ({ name: metric.name, unit: metric.unit, better: metric.better, minSamples: metric.minSamples, maxAgeMs: metric.human?.validMs ?? metric.maxAgeMs, whenIdle: metric.whenIdle, human: metric.human !== null, ranged: metric.human === null && metric.provider === 'prometheus' });

const unitsOfFigures: Readonly<Record<string, string>> = { 'rollout.clean_baking': 'd', 'rollout.unplanned_rollbacks': '', 'rollout.longest_unwatched': 's' };

/** Figures of the record itself, for grades; their names start with `rollout.`. */
const recordTraits = (conditions: readonly WatchedCondition[]): MetricTraits[] => [...new Set(conditions.flatMap(({ condition }) => metricNames(condition)).filter((name) => name.startsWith('rollout.')))].map((name) => ({
  name, unit: unitsOfFigures[name] ?? 'min', better: name === 'rollout.clean_baking' ? 'higher' : 'lower', minSamples: 0, maxAgeMs: Number.MAX_SAFE_INTEGER, whenIdle: 'not-counted', human: true, ranged: false,
}));

function givenNow(run: Run): WatchInput['given'] {
  const given: Record<string, { value: number; at: number; by?: string; note?: string }> = {};
  for (const [metric, answer] of Object.entries(run.state.humans)) given[metric] = { ...answer };
  if (run.state.step === 'grading') for (const [name, value] of Object.entries(recordFigures(run.state, run.now()))) given[name] = { value, at: run.now() };
  return given;
}

/** What the moves of one phase, or of one stage of it, took together at most; what people moved by hand took their time, not ours. Null: not known of all. */
function slowestMove(moves: readonly MoveRecord[]): Ms | null {
  const together = new Map<string, Ms>();
  for (const { direction, state, phaseIndex, generation, stage = -1, tookMs } of moves) {
    if (direction === 'back' || state === 'adopted') continue;
    if (tookMs === undefined) return null;
    together.set(`${phaseIndex}/${generation}/${stage}`, (together.get(`${phaseIndex}/${generation}/${stage}`) ?? 0) + tookMs);
  }
  return Math.max(0, ...together.values());
}

/** Where each figure of the record comes from: issues from opening to end, rollbacks nobody ordered, clean baking in days of the plan, the longest stretch out of sight in seconds, the slowest moves of a phase in minutes. */
export function recordFigures(state: State, now: number): Record<string, number> {
  const ended = state.issues.filter((issue) => issue.severity !== 'info').map((issue) => ({ ...issue, minutes: ((issue.endedAt ?? now) - issue.openedAt) / 60_000 }));
  const unwatched = longestUnwatched(state);
  const slowest = slowestMove(state.moves);
  const recoveries = ended.filter((issue) => issue.severity === 'critical' || issue.severity === 'emergency');
  return {
    'rollout.unplanned_rollbacks': state.issues.filter((issue) => issue.rolledBack).length,
    'rollout.longest_critical': Math.max(0, ...recoveries.map((issue) => issue.minutes)),
    'rollout.mttr': recoveries.length === 0 ? 0 : recoveries.reduce((sum, issue) => sum + issue.minutes, 0) / recoveries.length,
    'rollout.slowest_acknowledgement': slowestAcknowledgement(state.incidents ?? [], now),
    ...(slowest === null ? {} : { 'rollout.slowest_move': slowest / 60_000 }),
    'rollout.clean_baking': (state.baking.cleanMs * (state.plan.pace?.times ?? 1)) / 86_400_000,
    'rollout.longest_unwatched': unwatched === null ? 0 : (unwatched.to - unwatched.from) / 1000,
  };
}
