// The rehearsal's bundle: the rollout exactly as in production, and beside it small workflows on the same skipping clock that play people,
// events and somebody else's hand. They run on a task queue of their own, so that no production worker ever knows them.
import { condition, defineSignal, getExternalWorkflowHandle, proxyActivities, setHandler, sleep } from '@temporalio/workflow';

export * from '../index.js';

/** People and systems that do something after a while: signals to the rollout, in order. A rollout that is over by then is no fault. */
export async function actor(input: { readonly workflowId: string; readonly afterMs: number; readonly signals: readonly { readonly signal: string; readonly payload: unknown }[] }): Promise<void> {
  if (input.afterMs > 0) await sleep(input.afterMs);
  const rollout = getExternalWorkflowHandle(input.workflowId);
  await Promise.all(input.signals.map(({ signal, payload }) => rollout.signal(signal, payload).catch(() => undefined)));
}

const hands = proxyActivities<{ disturb(input: { readonly target: string; readonly to: number | string }): Promise<void> }>({ startToCloseTimeout: 10_000 });

/** Somebody else changes a target by hand. */
export async function hand(input: { readonly afterMs: number; readonly target: string; readonly to: number | string }): Promise<void> {
  if (input.afterMs > 0) await sleep(input.afterMs);
  await hands.disturb({ target: input.target, to: input.to });
}

export const fall = defineSignal('fall');
/** The end of a rehearsal: when the rollout has ended, or at the latest after `untilMs`. Its waiting is what lets the clock run. */
export async function curtain(input: { readonly untilMs: number }): Promise<'ended' | 'until'> {
  let ended = false;
  setHandler(fall, () => { ended = true; });
  return (await condition(() => ended, input.untilMs)) ? 'ended' : 'until';
}
