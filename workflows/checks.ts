// What a machine settles of a checklist. One that does not hold, or cannot be told, is asked about and checked again by itself meanwhile: it opens
// as soon as it is so. State keeps what was found last (state.checks), for the hold that names everything that is missing.
import { ActivityFailure, CancellationScope, sleep } from '@temporalio/workflow';
import type { Ms } from '../src/judgement/types.js';
import type { AskItem, MachineCheck } from '../src/plan/types.js';
import type { Finding } from '../activities/types.js';
import { deciders, inWords, latestAsk, openAsk, voidAsk } from './asks.js';
import { reasonOf } from './failure.js';
import { checker } from './options.js';
import { metricNames, traitsOf } from './rules.js';
import { paced } from './pace.js';
import type { Run } from './run.js';

const againEvery = (run: Run): Ms => paced(run.plan, 5 * 60_000, 1_000);
/** One that is no longer waited for is let go a moment later: an attempt that is due just now runs out instead of being cut off halfway through. */
const letGoMs = 1_000;

/** Waits until it holds, or somebody goes on without it. @throws Interrupted, Leaving */
export async function settleCheck(run: Run, item: AskItem, check: MachineCheck, phase: string): Promise<void> {
  const { state } = run;
  const decided = latestAsk(run, item.id);
  if (decided?.state === 'settled' && decided.result !== 'retry') return;
  let known: Finding | null = null;
  for (;;) {
    const found: Finding | null = await nextFinding(run, item, check, known);
    if (found === null) {
      const ask = latestAsk(run, item.id);
      if (state.skipped.includes(item.id) || (ask?.state === 'settled' && ask.result !== 'retry')) return goOn(run, item, `${ask?.answers.at(-1)?.by ?? 'somebody'} goes on without it`);
      known = null;
      continue;
    }
    run.note('check', `${item.question}: ${found.verdict === 'pass' ? 'it holds' : found.verdict === 'fail' ? 'it does not hold' : 'it cannot be told'}: ${found.finding}`, { item: item.id, verdict: found.verdict, finding: found.finding });
    state.checks = { ...state.checks, [item.id]: { question: item.question, verdict: found.verdict, finding: found.finding, at: run.now() } };
    if (found.verdict === 'pass') return goOn(run, item, 'it holds');
    known = found;
    holdOrNot(run, '');
    if (latestAsk(run, item.id)?.state !== 'open') ask(run, item, found, phase);
  }
}

/** What was found some time ago is found out once more, until all of it is of now. @throws Interrupted, Leaving */
export async function stillSo(run: Run, items: readonly AskItem[], phase: string): Promise<void> {
  const { state } = run;
  const old = (item: AskItem): boolean => run.now() - (state.checks?.[item.id]?.at ?? 0) >= againEvery(run);
  const open = (item: AskItem): boolean => { const ask = latestAsk(run, item.id); return !state.skipped.includes(item.id) && !(ask?.state === 'settled' && ask.result !== 'retry'); };
  for (;;) {
    const again = items.filter((item) => item.check !== null && open(item) && old(item));
    if (again.length === 0) return;
    await Promise.all(again.map((item) => settleCheck(run, item, item.check!, phase)));
  }
}

function ask(run: Run, item: AskItem, found: Finding, phase: string): void {
  openAsk(run, {
    ask: item.id, kind: 'retry', phase, question: `'${item.question}' ${found.verdict === 'fail' ? 'does not hold' : 'cannot be told'}. Check it again now, or go on without it?`,
    body: [item.group, found.finding, item.onlyIf === null ? '' : `if ${item.onlyIf}; otherwise answer not-applicable with the reason`, `It is checked again every ${inWords(againEvery(run))} by itself.`].filter((line) => line !== '').join('\n'),
    from: [...new Set([...item.from, ...deciders(run)])], options: ['retry', 'skip', ...(item.onlyIf === null ? [] : ['not-applicable'])], healthy: 'retry', withinMs: null, otherwise: 'hold',
  });
}

/** Null: somebody has answered, or skipped it. */
async function nextFinding(run: Run, item: AskItem, check: MachineCheck, known: Finding | null): Promise<Finding | null> {
  const { state, plan } = run;
  const open = latestAsk(run, item.id)?.state === 'open' ? latestAsk(run, item.id)!.ask : null;
  const answered = (): boolean => state.skipped.includes(item.id) || (open !== null && state.asks[open]!.state !== 'open');
  const names = new Set(check.kind === 'holds' ? metricNames(check.condition) : []);
  const metrics = plan.metrics.filter((metric) => names.has(metric.name));
  const scope = new CancellationScope();
  let found: Finding | null = null;
  let failed: unknown = null;
  const checking = scope.run(() => checker(limitOf(check), hostOf(check)).check({
    rollout: state.rollout, name: item.question, check, metrics, traits: metrics.map(traitsOf), references: check.kind === 'holds' ? state.references : {}, known, everyMs: againEvery(run),
  })).then((finding) => { found = finding; }, (error: unknown) => { failed = error; });
  try { await run.until(() => found !== null || failed !== null || answered()); } finally {
    if (found === null && failed === null) {
      run.inFlight++;
      void sleep(letGoMs).then(() => { scope.cancel(); return checking; }).finally(() => { run.inFlight--; });
    }
  }
  if (found !== null || failed === null) return found;
  // Given up for good, e.g. by a person in Temporal: not found out, and not at once again.
  if (known !== null && (await run.until(answered, run.now() + againEvery(run)))) return null;
  return { verdict: 'inconclusive', finding: failed instanceof ActivityFailure ? reasonOf(failed) : String(failed) };
}

function goOn(run: Run, item: AskItem, why: string): void {
  const { [item.id]: found, ...others } = run.state.checks ?? {};
  run.state.checks = found?.verdict === 'pass' ? { ...others, [item.id]: found } : others;
  const ask = latestAsk(run, item.id);
  if (ask?.state === 'open') voidAsk(run, ask.ask, why);
  holdOrNot(run, why);
}

/** Held while anything does not hold, by one sentence that names all of it. */
function holdOrNot(run: Run, why: string): void {
  const wrong = Object.values(run.state.checks ?? {}).filter((one) => one.verdict !== 'pass');
  if (wrong.length === 0) run.unhold('check-failed', why);
  else run.holdAndTell('check-failed', wrong.map((one) => `${one.question}: ${one.finding}`).join('; '), 'warning', deciders(run));
}

const hostOf = (check: MachineCheck): string | null => (check.kind !== 'environment' ? null : check.source.kind === 'command' ? check.source.command.on : check.source.on);
/** Of one attempt, without what starting and ending it takes. */
function limitOf(check: MachineCheck): number {
  switch (check.kind) {
    case 'holds': return 30_000;
    case 'probe': return check.timeoutMs;
    case 'environment': return check.source.kind === 'command' ? check.source.command.timeoutMs : 10_000;
  }
}
