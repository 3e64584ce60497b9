// Metrics that people supply: who is asked what, when their answer is missing or runs out. What an answer means is judgement's, like any other
// measurement; one that has run out is unknown, never a pass.
import type { Condition } from '../src/judgement/types.js';
import type { PlanCondition, ResolvedMetric } from '../src/plan/types.js';
import { deciders, latestAsk, metricOf, openAsk, voidAsk, type Question } from './asks.js';
import { humanMetrics, triggersInForce } from './rules.js';
import { paced } from './pace.js';
import type { Run } from './run.js';
import { isSoaking, stageDue } from './soaks.js';

/** How long people have for a human metric before it is a hold. */
const humanWithinMs = 24 * 3_600_000;

/** Changes with every answer. */
export const answersSeen = ({ state: { humans } }: Run): number => Object.keys(humans).length + Object.values(humans).reduce((sum, answer) => sum + answer.at, 0);

/** Human metrics that a gate needs are asked for when they are missing or no longer valid. */
export function askHumans(run: Run, conditions: readonly PlanCondition[], phase: string): void {
  const { state } = run;
  for (const metric of humanMetrics(run.plan, conditions)) {
    const answer = state.humans[metric.name];
    if (answer !== undefined && run.now() - answer.at < metric.human!.validMs) continue;
    const name = `${phase}/${metric.name}`;
    const latest = latestAsk(run, name);
    if (latest?.state === 'expired') {
      voidAsk(run, latest.ask, 'asked again after resume');
      run.holdAndTell('unanswered', `nobody answered in time: ${metric.human!.question} resume asks again.`, 'warning', deciders(run));
    }
    if (isAsked(run, metric) || run.held('unanswered') !== null || conditions.every((one) => state.skipped.includes(one.id))) continue;
    openAsk(run, { ask: name, kind: 'metric', phase, ...questionOf(run, metric, conditions), withinMs: paced(run.plan, humanWithinMs), otherwise: 'hold', validMs: metric.human!.validMs });
  }
}

const isAsked = (run: Run, metric: ResolvedMetric): boolean => Object.values(run.state.asks).some((ask) => ask.kind === 'metric' && ask.state === 'open' && metricOf(ask.ask) === metric.name);

/** Some metric of people is asked about more than a gate does by itself: ahead of its end, or anew where an answer on a scale shuts the gate. */
export const keepsAnswers = (run: Run): boolean => run.plan.metrics.some(({ human }) => human !== null && (human.askAheadMs !== null || human.scale !== null));

/**
 * Keeps the answers that are judged fresh. While a phase soaks, one is asked for so long before it runs out as the plan says. Where a number on a
 * scale shuts the gate, the question stays open for a better one: it must not be shut for as long as a bad number is valid.
 */
export async function keepAnswersFresh(run: Run): Promise<void> {
  const { state } = run;
  for (;;) {
    const ahead = judgedAhead(run);
    const waiting = humanMetrics(run.plan, ahead).filter((metric) => metric.human!.askAheadMs !== null && !isAsked(run, metric));
    for (const metric of waiting.filter((one) => askAt(run, one) <= run.now())) ask(run, metric, ahead, paced(run.plan, humanWithinMs));
    for (const metric of shutting(run)) ask(run, metric, gateNow(run), null);
    const next = Math.min(...waiting.map((metric) => askAt(run, metric)).filter((at) => at > run.now()));
    const scene = (): string => [run.phaseName, state.step, answersSeen(run), shutting(run).length, Object.values(state.asks).filter((one) => one.kind === 'metric' && one.state === 'open').length].join();
    const [seen, answers] = [scene(), answersSeen(run)];
    await run.beside(() => scene() !== seen, Number.isFinite(next) ? next : null);
    // What an answer changes is judged at once: a watch that finds a gate as shut as before would not come back to say so.
    if (answersSeen(run) !== answers) { run.lookAsked++; run.rewatch++; }
  }
}

function ask(run: Run, metric: ResolvedMetric, conditions: readonly PlanCondition[], withinMs: number | null): void {
  openAsk(run, { ask: `${run.phaseName}/${metric.name}`, kind: 'metric', ...questionOf(run, metric, conditions), withinMs, otherwise: 'unknown', validMs: metric.human!.validMs });
}

/** The gate that is judged now: of a phase, of a move in mid-soak, of a soak's end. */
function gateNow({ state, plan, phase }: Run): readonly PlanCondition[] {
  switch (state.step) {
    case 'gate': return phase?.enter ?? [];
    case 'soaking': return [...(stageDue(state)?.enter ?? []), ...(phase?.leave ?? [])];
    case 'baking': return plan.baking?.leave ?? [];
    default: return [];
  }
}

/** What a soak judges of people: its gate at the end, and the triggers. */
function judgedAhead(run: Run): readonly PlanCondition[] {
  if (!isSoaking(run.state)) return [];
  return [...gateNow(run), ...triggersInForce(run.state).map(({ id, condition }) => ({ id, condition, from: null }))];
}

/** Metrics on a scale whose answer was judged and does not do, at a gate that is all that is waited for. */
function shutting(run: Run): readonly ResolvedMetric[] {
  const { state } = run;
  if (state.step !== 'gate' && !state.soaked) return [];
  const failed = gateNow(run).filter((one) => state.verdicts.some((verdict) => verdict.id === one.id && verdict.verdict === 'fail'));
  return humanMetrics(run.plan, failed).filter((metric) => metric.human!.scale !== null && !isAsked(run, metric) && failed.some(({ id, condition }) => isOn(condition, metric) && state.verdicts.some((verdict) => verdict.id === id && verdict.asOf >= (state.humans[metric.name]?.at ?? Number.POSITIVE_INFINITY))));
}

/** So long before the answer runs out; at once where there is none. */
const askAt = (run: Run, { name, human }: ResolvedMetric): number => { const answer = run.state.humans[name]; return answer === undefined ? 0 : answer.at + human!.validMs - human!.askAheadMs!; };

/** What is asked of whom. Whoever gives a number is told on which scale, and what it is wanted for. */
export function questionOf(run: Run, metric: ResolvedMetric, conditions: readonly PlanCondition[]): Pick<Question, 'question' | 'from' | 'options' | 'scale' | 'healthy' | 'body'> {
  const { question, from, answers, scale } = metric.human!;
  const wanted = conditions.filter(({ condition }) => isOn(condition, metric)).map(({ condition }) => condition.text);
  return {
    question, from, options: answers === 'number' ? ['number'] : ['yes', 'no'], ...(scale === null ? {} : { scale }), healthy: healthyAnswer(run, metric, conditions),
    ...(answers === 'number' ? { body: [...(wanted.length === 0 ? [] : [`judged by: ${wanted.join('; ')}`]), 'say with the answer where the number comes from'].join('\n') } : {}),
  };
}

const isOn = (condition: Condition, metric: ResolvedMetric): boolean => condition.kind === 'compare' && condition.subject.kind === 'metric' && condition.subject.metric === metric.name;

/** The answer under which these conditions on the metric hold, and those that later phases have on it. */
function healthyAnswer(run: Run, metric: ResolvedMetric, conditions: readonly PlanCondition[]): string | number {
  const compare = conditions.map((one) => one.condition).find((condition) => isOn(condition, metric));
  if (compare === undefined || compare.kind !== 'compare') return metric.human!.answers === 'number' ? (metric.human!.scale?.from ?? 0) : 'yes';
  if (compare.limit.kind === 'answer') return compare.op === '!=' ? (compare.limit.value === 'yes' ? 'no' : 'yes') : compare.limit.value;
  if (compare.limit.kind !== 'number') return 0;
  const number = beyond(compare.op, strictest(run, metric, compare.op, compare.limit.value));
  const { scale } = metric.human!;
  return scale === null ? number : Math.min(scale.to, Math.max(scale.from, number));
}

function beyond(op: Extract<Condition, { kind: 'compare' }>['op'], limit: number): number {
  switch (op) {
    case '<': return limit > 0 ? limit * 0.9 : limit - 1;
    case '>': return limit > 0 ? limit * 1.05 : limit + 1;
    case '<=': case '>=': case '=': return limit;
    case '!=': return limit + 1;
  }
}

/** Targets tighten by phase, and one answer may be valid for several of them. */
function strictest(run: Run, metric: ResolvedMetric, op: string, limit: number): number {
  const { phases, baking } = run.plan;
  const limits = [...phases.flatMap((phase) => [...phase.enter, ...phase.stages.flatMap((stage) => stage.enter), ...phase.leave]), ...(baking?.leave ?? [])]
    .flatMap(({ condition }) => (condition.kind === 'compare' && isOn(condition, metric) && condition.limit.kind === 'number' && condition.op[0] === op[0] ? [condition.limit.value] : []));
  return op[0] === '>' ? Math.max(limit, ...limits) : op[0] === '<' ? Math.min(limit, ...limits) : limit;
}
