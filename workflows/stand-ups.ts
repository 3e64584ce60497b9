// Stand-ups: at a wall-clock time of the plan's zone the team decides: continue, next wave, pause and investigate, roll back. The instants come
// from an activity (time zones belong to one place); which phase one falls into is known when it comes.
import { activities } from './options.js';
import { inWords, openAsk } from './asks.js';
import { decisionNow } from './deciding.js';
import { besideTheStory, type Run } from './run.js';
import { soakId } from './soaks.js';

/** Instants are fetched for so long ahead; the list is renewed when it is used up. */
const aheadMs = 45 * 86_400_000;
/** What a freeze of the process delayed by so long is no longer a stand-up. */
const lateMs = 3_600_000;

export async function keepStandUps(run: Run): Promise<void> {
  const { state } = run;
  if (run.plan.standUps.length === 0) return;
  for (;;) {
    if (state.standUps.length === 0) {
      const after = Math.max(run.now(), state.standUpsUntil);
      if (after > run.now() + aheadMs) { await run.beside(() => false, after - aheadMs); continue; }
      state.standUps = [...(await activities.standUps({ plan: run.plan, after, until: run.now() + aheadMs }))];
      state.standUpsUntil = state.standUps.at(-1)?.at ?? run.now() + aheadMs;
      if (state.standUps.length === 0) continue;
    }
    // Only for one that will be held is the workflow woken: one of another phase is passed over without a trace.
    const scene = (): string => (run.since020 ? `${run.phaseName}|${state.firstMoveAt === null}|${state.step === 'rolling-back'}` : '');
    const seen = scene();
    const next = state.standUps.find((one) => !run.since020 || held(run, one.id));
    const until = (next ?? state.standUps.at(-1)!).at;
    if (await run.beside(() => scene() !== seen, until)) { state.standUps = state.standUps.filter((one) => one.at > run.now()); continue; }
    state.standUps = next === undefined ? [] : state.standUps.slice(state.standUps.indexOf(next) + 1);
    if (next === undefined || !held(run, next.id) || run.now() - next.at > lateMs) continue;
    const rule = run.plan.standUps.find((one) => one.id === next.id)!;
    const id = openAsk(run, {
      ask: `${run.phaseName}/stand-up`, kind: 'stand-up', question: `${rule.title}: how does ${run.phaseName} go on?`, from: rule.from, options: decisionNow(run) === null ? ['continue', 'next-wave', 'pause', 'rollback'] : ['continue', 'pause', 'rollback'], healthy: 'continue', withinMs: rule.withinMs, otherwise: rule.otherwise,
      body: [...state.verdicts.filter((verdict) => verdict.verdict !== 'pass').map((verdict) => verdict.message), `${state.issues.filter((issue) => issue.endedAt === null).length} open issues`].join('\n'),
    });
    void besideTheStory(decide(run, id));
  }
}

/** Before the first write there is nothing to decide yet, and a rollback is not discussed. */
const held = (run: Run, id: string): boolean => run.state.firstMoveAt !== null && run.state.step !== 'rolling-back' && run.plan.standUps.some((one) => one.id === id && one.phases.includes(run.phaseName ?? ''));

async function decide(run: Run, id: string): Promise<void> {
  const { state } = run;
  await run.beside(() => state.asks[id]!.state !== 'open');
  const ask = state.asks[id]!;
  const by = ask.answers.at(-1)?.by ?? 'tidegate (nobody answered)';
  if (ask.state === 'void') return;
  if (ask.state === 'expired' && run.since020) run.note('stand-up', `missed: nobody of ${ask.from.join(', ')} answered '${ask.question}' within ${inWords(ask.dueAt! - ask.askedAt)}`, { ask: id, missed: true, otherwise: ask.otherwise });
  if (ask.result === 'pause') run.hold('paused', `paused at the stand-up by ${by}, to investigate`, by);
  if (ask.result === 'rollback') run.demand({ kind: 'rollback', to: { kind: 'start' }, reason: `decided at the stand-up by ${by}`, by, automatic: false, at: run.now() });
  // 'next wave' ends the soak of the phase that was asked about, and nothing else: its gates and approvals stay.
  if (ask.result === 'next-wave' && ask.phase === run.phaseName && state.step === 'soaking') { state.skipped = [...state.skipped, soakId(ask.phase, state)]; run.note('decision', `the soak of ${ask.phase} ends by decision of the stand-up`, { ask: id }, by); }
}

export function resumeStandUps(run: Run): void {
  for (const ask of Object.values(run.state.asks)) if (ask.kind === 'stand-up' && ask.state === 'open') void besideTheStory(decide(run, ask.ask));
}
