// The end of a soak where people decide: go, stay, reject or roll back, by those whom the plan names. A `go` counts on evidence that still
// stands, like an approval; without one the phase soaks on and is watched.
import type { Decision, PlanCondition } from '../src/plan/types.js';
import { inWords, latestAsk, openAsk, remindAgain, voidAsk } from './asks.js';
import { calm, failing, openIssue, waitedOut } from './gates.js';
import { askHumans } from './human-answers.js';
import { holdForAnswer } from './items.js';
import type { Run } from './run.js';
import { isBaking, soakSkipped, wholeOf, wholeOfBaking } from './soaks.js';
import type { AskRecord } from './state.js';
import { lookNow } from './watching.js';

/** Who decides on what soaks now; null: nobody, it ends by itself. */
export const decisionNow = (run: Run): Decision | null => (isBaking(run.state) ? (run.plan.baking?.decision ?? null) : (run.phase?.decision ?? null));
const recordNow = (run: Run) => (isBaking(run.state) ? run.state.baking : run.record!);
const neededNow = (run: Run): number => (isBaking(run.state) ? wholeOfBaking(run.state) : wholeOf(run.phase!, run.record!));

/** Asks when the soak is over. Answers whether it may end; false: it soaks on, for a reason that is told. @throws Interrupted, Leaving */
export async function decided(run: Run, leave: readonly PlanCondition[], name: string): Promise<boolean> {
  const { state } = run;
  const decision = decisionNow(run);
  const skipped = (): boolean => soakSkipped(state, name);
  if (decision === null || skipped()) return true;
  const record = recordNow(run);
  const standing = latestAsk(run, `${name}/decision`);
  const id = standing !== null && standing.ask !== record.decidedBy ? standing.ask : openAsk(run, {
    ask: `${name}/decision`, kind: 'decision', phase: name, question: decision.question, from: decision.from, needs: decision.needs, options: ['go', 'stay', 'reject', 'rollback'], healthy: 'go',
    withinMs: decision.withinMs, otherwise: decision.withinMs === null ? 'it soaks on' : decision.otherwise,
    body: [
      `${inWords(record.cleanMs)} clean, begun anew ${record.restarts} times`, ...state.verdicts.filter((verdict) => leave.some((one) => one.id === verdict.id)).map((verdict) => `${verdict.verdict}: ${verdict.message}`),
      `stay: soaks on, asked again after ${inWords(decision.againMs)} more clean time; reject: held until somebody resumes; rollback: everything is taken back`,
    ].join('\n'),
  });

  const stands = (): boolean => calm(run) && run.free(waitedOut) && state.leave !== 'fail' && record.cleanMs >= neededNow(run);
  for (;;) {
    const { askedAt, reminded, state: how } = state.asks[id]!;
    if (how !== 'open' || !stands() || skipped()) break;
    const reports = run.reports;
    const remindAt = decision.withinMs === null ? askedAt + (reminded + 1) * decision.againMs : null;
    const woken = await run.until(() => state.asks[id]!.state !== 'open' || !stands() || skipped() || (state.leave === 'inconclusive' && run.reports !== reports), remindAt);
    // What people have measured runs out while it is decided: whoever says go must have it fresh.
    if (state.leave === 'inconclusive') askHumans(run, leave, name);
    if (!woken) remindAgain(run, id, decision.againMs, `it soaks on until it is decided: ${inWords(record.cleanMs)} clean`);
  }
  const ask = state.asks[id]!;
  if (ask.state === 'void') return false;
  if (ask.state === 'open') {
    voidAsk(run, id, skipped() ? 'the soak was skipped' : whyNot(run));
    return false;
  }
  if (ask.result === 'go' && ask.state === 'settled') return goes(run, ask, name, stands);
  // How much is clean by now is known to the watch.
  if (ask.result === 'stay') await lookNow(run);
  record.decidedBy = id;
  await otherThanGo(run, ask, decision, name);
  return false;
}

/** Looked at once more: what was true when people said go must still be. */
async function goes(run: Run, ask: AskRecord, name: string, stands: () => boolean): Promise<boolean> {
  const { state } = run;
  await lookNow(run);
  if (stands() && state.soaked && state.leave === 'pass') {
    run.note('decision', `${name} is over, by decision of ${ask.answers.map((answer) => answer.by).join(' and ')}`, { ask: ask.ask, verdicts: state.verdicts.map((verdict) => verdict.message) });
    return true;
  }
  voidAsk(run, ask.ask, `the evidence no longer stands: ${whyNot(run)}`);
  return false;
}

async function otherThanGo(run: Run, ask: AskRecord, decision: Decision, name: string): Promise<void> {
  const { state } = run;
  const record = recordNow(run);
  const by = ask.answers.at(-1)?.by ?? 'tidegate (nobody answered)';
  const reason = ask.answers.at(-1)?.reason ? ` (${ask.answers.at(-1)!.reason})` : '';
  if (ask.result === 'stay') {
    record.stayed = { atCleanMs: record.cleanMs, restarts: record.restarts };
    state.soaked = false;
    run.rewatch++;
    run.note('decision', `${name} soaks on, says ${by}${reason}; asked again after ${inWords(decision.againMs)} more clean time`, { ask: ask.ask }, by);
    run.tell('info', 'stays', `${state.rollout}: ${name} soaks on, says ${by}${reason}`, `asked again after ${inWords(decision.againMs)} more clean time`);
  } else if (ask.result === 'rollback') {
    run.demand({ kind: 'rollback', to: { kind: 'start' }, reason: ask.state === 'expired' ? `nobody decided on ${name} in time` : `decided at the end of ${name} by ${by}${reason}`, by: ask.state === 'expired' ? 'tidegate' : by, automatic: ask.state === 'expired', at: run.now() });
    await run.until(() => false);
  } else if (ask.result === 'stop') {
    run.demand({ kind: 'stop', reason: `nobody decided on ${name} in time`, by: 'tidegate', at: run.now() });
    await run.until(() => false);
  } else await holdForAnswer(run, ask, decision.question);
}

function whyNot(run: Run): string {
  const { state } = run;
  const issue = openIssue(run);
  if (issue !== undefined) return `an issue is open: ${issue.text}`;
  const hold = state.holds.find((one) => !waitedOut.includes(one.reason));
  if (hold !== undefined) return `the rollout is held: ${hold.message}`;
  if (state.leave === 'fail') return failing(run);
  return recordNow(run).cleanMs < neededNow(run) ? 'it soaks longer' : 'not every condition is known to hold';
}
