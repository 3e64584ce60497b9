// End criteria: judged once over the whole rollout, each with its evidence. They give a grade, never an outcome.
import { deciders, latestAsk, openAsk } from './asks.js';
import { questionOf } from './human-answers.js';
import { untilGuardsSaid } from './protecting.js';
import { humanMetrics } from './rules.js';
import { paced } from './pace.js';
import type { Run } from './run.js';
import { lookNow } from './watching.js';

/** How long people have to answer what the end criteria ask of them; unanswered is inconclusive, and the grade is not reached. */
const withinMs = 3 * 86_400_000;

export async function grade(run: Run): Promise<void> {
  const { state, plan } = run;
  if (plan.grades.length === 0 || state.grades.length > 0) return;
  state.step = 'grading';
  const criteria = plan.grades.flatMap((one) => one.criteria);
  await Promise.all(humanMetrics(plan, criteria).map(async (metric) => {
    const answer = state.humans[metric.name];
    if (answer !== undefined && run.now() - answer.at < metric.human!.validMs) return;
    const id = latestAsk(run, `end/${metric.name}`)?.ask ?? openAsk(run, { ask: `end/${metric.name}`, kind: 'metric', phase: 'baking', ...questionOf(run, metric, criteria), withinMs: paced(run.plan, withinMs), otherwise: 'unknown' });
    await run.until(() => state.asks[id]!.state !== 'open');
  }));
  if (plan.targets.some((target) => target.protected !== null)) await untilGuardsSaid(run);
  await lookNow(run);
  state.grades = plan.grades.map((one) => {
    const verdicts = one.criteria.map((criterion) => state.verdicts.find((verdict) => verdict.id === criterion.id)).filter((verdict) => verdict !== undefined);
    return { grade: one.grade, reached: verdicts.length === one.criteria.length && verdicts.every((verdict) => verdict.verdict === 'pass'), criteria: verdicts };
  });
  for (const one of state.grades) {
    run.note('grade', `${one.grade}: ${one.reached ? 'reached' : `not reached: ${one.criteria.filter((verdict) => verdict.verdict !== 'pass').map((verdict) => verdict.message).join('; ')}`}`, { criteria: one.criteria.map((verdict) => ({ text: verdict.text, verdict: verdict.verdict, message: verdict.message })) });
    run.tell('info', 'grade', `${state.rollout}: ${one.grade} ${one.reached ? 'reached' : 'not reached'}`, one.criteria.map((verdict) => `${verdict.verdict}: ${verdict.message}`).join('\n'), { to: deciders(run) });
  }
}
