// Items of a checklist, before the first phase, before any other, or after the end: each is asked of people, run once as a command, or checked by
// a machine until it is so. Who waits for them: phase.ts, completion.ts.
import type { AskItem } from '../src/plan/types.js';
import { answered, deciders, dueIn, latestAsk, openAsk, voidAsk } from './asks.js';
import { settleCheck } from './checks.js';
import { endedHow, runOnce } from './plan-commands.js';
import type { Run } from './run.js';
import type { AskRecord } from './state.js';

/** Waits until the item is settled or skipped. @throws Interrupted, Leaving */
export async function settleItem(run: Run, item: AskItem, phase: string): Promise<void> {
  const { state } = run;
  if (state.skipped.includes(item.id)) return;
  if (item.askAt !== null && item.askAt > run.now()) await run.until(() => state.skipped.includes(item.id), item.askAt);
  for (;;) {
    if (state.skipped.includes(item.id)) return;
    if (item.check !== null) return settleCheck(run, item, item.check, phase);
    if (item.kind === 'command' && item.command !== null) { if (await runCheck(run, item.question, item.command)) return; else continue; }
    const standingAsk = latestAsk(run, item.id);
    if (standingAsk?.state === 'settled' && standingAsk.result !== 'reject') return;
    const options = item.kind === 'sign-off' ? ['approve', 'reject'] : ['done', 'reject'];
    const id = standingAsk?.state === 'open' ? standingAsk.ask : openAsk(run, {
      ask: item.id, kind: item.kind === 'sign-off' ? 'sign-off' : 'item', phase, question: item.question, body: [item.group, item.onlyIf === null ? '' : `if ${item.onlyIf}; otherwise answer not-applicable with the reason`].filter((line) => line !== '').join('\n'),
      from: item.from, needs: item.needs, options: item.onlyIf === null ? options : [...options, 'not-applicable'], healthy: options[0]!, withinMs: dueIn(run, item.dueAt), otherwise: 'hold',
    });
    await run.until(() => state.asks[id]!.state !== 'open' || state.skipped.includes(item.id));
    if (state.skipped.includes(item.id)) return voidAsk(run, id, 'skipped');
    const ask = state.asks[id]!;
    if (ask.state === 'settled' && ask.result !== 'reject') return;
    await holdForAnswer(run, ask, item.question);
  }
}

/** A command that changes nothing and must pass; a failure is told with its output, and a person says whether it is run again. */
export async function runCheck(run: Run, question: string, command: NonNullable<AskItem['command']>): Promise<boolean> {
  const output = await run.orDemand(runOnce(run, question, command));
  run.note('command', `${question}: ${endedHow(output, 'passed')}`, { output: output.output, durationMs: output.durationMs });
  if (output.ok) return true;
  run.holdAndTell('command-failed', `${question} failed: ${output.output.slice(-300)}`, 'warning', deciders(run));
  const ask = await answered(run, openAsk(run, { ask: `${run.phaseName ?? 'rollout'}/check`, kind: 'retry', question: `'${question}' failed. Run it again?`, body: output.output.slice(-1000), from: deciders(run), options: ['retry', 'skip'], healthy: 'retry', withinMs: null, otherwise: 'hold' }));
  run.unhold('command-failed', `${ask.answers.at(-1)?.by ?? 'somebody'} says ${String(ask.result)}`);
  return ask.result === 'skip';
}

/** A reject or an unanswered ask holds; a person's `resume` asks again. */
export async function holdForAnswer(run: Run, ask: AskRecord, question: string): Promise<void> {
  const reason = ask.state === 'expired' ? 'unanswered' : 'rejected';
  const why = reason === 'unanswered' ? `nobody answered in time: ${question}` : `${ask.answers.at(-1)?.by ?? 'somebody'} rejected: ${question}${ask.answers.at(-1)?.reason ? ` (${ask.answers.at(-1)!.reason})` : ''}`;
  run.holdAndTell(reason, `${why}. resume asks again.`, 'warning', deciders(run));
  await run.until(() => run.held(reason) === null);
}
