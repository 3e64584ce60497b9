// After the last soak, before the grades: the plan's commands in order, what people settle, and what has become of the metrics compared with the
// baseline. Taken up anywhere: what has passed is in the state. A rollback from here is one as from any soak.
import { comparePeriods, periodOf, summarise } from '../src/judgement/index.js';
import type { Period } from '../src/judgement/compare-periods.js';
import type { Completion, ResolvedMetric } from '../src/plan/types.js';
import { answered, deciders, latestAsk, metricOf, openAsk, voidAsk } from './asks.js';
import { stillSo } from './checks.js';
import { calm } from './gates.js';
import { settleItem } from './items.js';
import { paced } from './pace.js';
import { endedHow, runOnce } from './plan-commands.js';
import type { Run } from './run.js';
import type { CompletionRecord, State } from './state.js';

/** How long people have for a value that is only compared; unanswered it is not compared. */
const answerWithinMs = 3 * 86_400_000;

/** @throws Interrupted, Leaving */
export async function complete(run: Run, completion: Completion): Promise<void> {
  const { state } = run;
  const record = begun(run);
  if (record.done) return;
  // In force as while baking: the triggers go on, and take everything back.
  if (state.step !== 'grading') { state.step = 'grading'; run.rewatch++; }
  for (const check of completion.checks) if (!record.passed.includes(check.id)) await pass(run, record, check);
  await Promise.all(completion.items.map((item) => settleItem(run, item, 'completion')));
  if (completion.items.some((item) => item.check !== null)) await stillSo(run, completion.items, 'completion');
  // Whatever is open now decides first whether this ends well.
  await run.until(() => !run.suspended && calm(run));
  const metrics = completion.compare.flatMap((name) => run.plan.metrics.filter((metric) => metric.name === name));
  const answers = await humanAnswers(run, metrics, 'completion');
  const comparison = metrics.map((metric) => comparePeriods({
    metric: metric.name, unit: metric.unit, better: metric.better, answers: metric.human?.answers === 'yes-no' ? 'yes-no' : metric.provider === 'probe' ? 'up-down' : 'number',
    before: periodOf(state.references['baseline']?.[metric.name], metric.human === null ? state.baselineOver?.[metric.name] ?? null : null),
    after: metric.human === null ? periodOf(record.after[metric.name], record.afterMs) : answers[metric.name] ?? null,
  }));
  state.completion = { ...record, comparison, done: true };
  if (comparison.length > 0) run.note('comparison', `before and after: ${comparison.map((one) => one.message).join('; ')}`, { comparison: comparison.map((one) => ({ ...one, before: one.before === null ? null : { ...one.before }, after: one.after === null ? null : { ...one.after } })) });
}

/** Anew after a rollback: what has passed then has passed with what was taken back since. */
function begun(run: Run): CompletionRecord {
  const { state, plan } = run;
  if (state.completion?.generation === state.generation) return state.completion;
  const last = state.phases[state.phases.length - 1]!;
  const soaked = plan.baking === null ? { after: state.references[last.phase] ?? {}, afterMs: last.cleanMs } : { after: state.memory === null ? {} : summarise(state.memory), afterMs: state.baking.cleanMs };
  state.completion = { generation: state.generation, ...soaked, passed: [], done: false, comparison: [] };
  return state.completion;
}

/** One command; when it fails it is told, and people say how to go on. */
async function pass(run: Run, record: CompletionRecord, { id, name, command }: Completion['checks'][number]): Promise<void> {
  const { state } = run;
  for (;;) {
    const standing = latestAsk(run, id);
    if (standing?.state !== 'open') {
      const output = await run.orDemand(runOnce(run, name, command));
      run.note('command', `${name}: ${endedHow(output, 'passed')}`, { check: id, verdict: output.ok ? 'pass' : 'fail', output: output.output, tookMs: output.durationMs });
      if (output.ok) break;
      run.holdAndTell('command-failed', `${name} failed: ${output.output.slice(-300)}`, 'critical', deciders(run));
      openAsk(run, { ask: id, kind: 'retry', question: `'${name}' failed after everything had moved. Run it again, accept it with a reason, or roll back?`, body: output.output.slice(-1000), from: deciders(run), options: ['retry', 'accept', 'rollback'], healthy: 'retry', withinMs: null, otherwise: 'hold' });
    }
    const ask = await answered(run, latestAsk(run, id)!.ask);
    const { by, reason } = ask.answers.at(-1) ?? { by: 'somebody', reason: '' };
    if (ask.result === 'rollback') {
      run.demand({ kind: 'rollback', to: { kind: 'start' }, reason: `${name} failed${reason === '' ? '' : `: ${reason}`}`, by, automatic: false, at: run.now() });
      await run.until(() => false);
    }
    const skipped = state.skipped.includes(id);
    run.unhold('command-failed', skipped ? 'it was skipped' : `${by} says ${String(ask.result)}`, by);
    if (skipped || ask.result === 'accept') {
      run.note('decision', `${name} is accepted although it failed${skipped ? ': it was skipped' : `, by ${by}: ${reason}`}`, { ask: ask.ask, reason }, by);
      break;
    }
  }
  record.passed = [...record.passed, id];
}

/** What people answer is asked before the first write too, so that there is something to compare with. */
export async function askBaseline(run: Run, { compare }: Completion): Promise<State['references'][string]> {
  const answers = await humanAnswers(run, run.plan.metrics.filter((metric) => compare.includes(metric.name)), 'baseline');
  return Object.fromEntries(Object.entries(answers).map(([metric, { mean, samples }]) => [metric, { mean, min: mean, max: mean, last: mean, samples }]));
}

async function humanAnswers(run: Run, metrics: readonly ResolvedMetric[], when: 'baseline' | 'completion'): Promise<Record<string, Period>> {
  const { state } = run;
  const human = metrics.flatMap((metric) => (metric.human === null ? [] : [{ name: metric.name, better: metric.better, ...metric.human }]));
  // What was said before everything had moved says nothing about afterwards.
  const since = when === 'completion' ? state.phases.at(-1)!.movedAt ?? 0 : 0;
  const given = (name: string, validMs: number): number | null => { const one = state.humans[name]; return one === undefined || one.at < since || run.now() - one.at >= validMs ? null : one.value; };
  await Promise.all(human.map(async ({ name, better, question, from, answers, validMs }) => {
    if (given(name, validMs) !== null) return;
    const before = Object.values(state.asks).findLast((ask) => ask.ask.startsWith(`${when}/`) && metricOf(ask.ask) === name && ask.generation === state.generation);
    if (before !== undefined && before.state !== 'open') return;
    const id = before?.ask ?? openAsk(run, { ask: `${when}/${name}`, kind: 'metric', phase: when, question, from, options: answers === 'number' ? ['number'] : ['yes', 'no'], healthy: answers === 'number' ? (better === 'higher' ? 100 : 0) : 'yes', withinMs: paced(run.plan, answerWithinMs), otherwise: 'not compared', validMs });
    await run.until(() => state.asks[id]!.state !== 'open');
    // An expired question for a value is what a gate waits on.
    if (state.asks[id]!.state === 'expired') voidAsk(run, id, 'nobody answered: it is not compared');
  }));
  return Object.fromEntries(human.flatMap(({ name, validMs }) => {
    const answer = given(name, validMs);
    return answer === null ? [] : [[name, { mean: answer, samples: 1, overMs: null }]];
  }));
}
