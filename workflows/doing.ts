// What reviews and follow-ups have in common: somebody says that it is done (an update and a signal `done`), and how it then stands.
import { ApplicationFailure, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { EpochMs } from '../src/judgement/types.js';
import type { PathStep } from '../src/plan/types.js';
import type { By, WorkView } from './messages.js';

const update = defineUpdate<string, [By]>('done');

export function listenForDone(finish: (by: By) => string): void {
  setHandler(update, finish, { validator: (by) => { const why = refuse(by); if (why !== null) throw ApplicationFailure.nonRetryable(why, 'MALFORMED'); } });
  setHandler(defineSignal<[unknown]>('done'), (by) => { if (refuse(by) === null) finish(by as By); });
}

function refuse(by: unknown): string | null {
  const who = typeof by === 'object' && by !== null ? (by as { by?: unknown }).by : undefined;
  return typeof who === 'string' && who.trim() !== '' ? null : 'say who has done it: a JSON object with at least "by". Nothing was changed.';
}

export function viewOf(one: Pick<WorkView, 'kind' | 'rollout' | 'id' | 'title' | 'who' | 'tasks' | 'since' | 'dueAt'> & { readonly missed: boolean }, done: { readonly by: By; readonly at: number } | null, now: number): WorkView {
  const { missed, ...view } = one;
  const late = view.dueAt !== null && (done?.at ?? now) > view.dueAt;
  return { ...view, state: done !== null ? (late ? 'done-late' : 'done') : missed ? 'missed' : late ? 'late' : 'open', doneBy: done?.by.by ?? null, doneAt: done?.at ?? null, note: done?.by.reason ?? '', ask: null };
}

/** What is late is told to whoever should have done it, and then person by person along the path until it is settled. */
export async function walkLate({ who, path, from, until, tell }: { readonly who: readonly string[]; readonly path: readonly PathStep[]; readonly from: EpochMs; /** answers whether it is settled */ until(at: EpochMs): Promise<boolean>; tell(to: readonly string[]): void }): Promise<void> {
  let at = from;
  for (const [index, step] of [...path, ...(path.length === 0 ? [null] : [])].entries()) {
    if (index > 0) at += step!.afterMs;
    if (await until(at)) return;
    tell([...new Set([...(index === 0 ? who : []), ...(step === null ? [] : [step.who])])]);
  }
}
