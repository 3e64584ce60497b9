// takeOver: the memory of a watch before it is cancelled. Cancelling drops heartbeat details, so they are read first; an attempt in flight is
// waited out, because its details arrive only when it ends.
import { sleep } from '@temporalio/activity';
import type { PackedMemory } from '../src/judgement/index.js';
import type { Ports } from './ports.js';
import type { TakeOverInput, WatchHeartbeat } from './types.js';

/** A look ends within its 30 s; waiting longer would wait for a worker that is gone, whose details are those of the attempt before. */
const waitMs = 32_000;
/**
 * A look that is due so soon would begin between reading its memory and cancelling it: it is let through first. A quarter of the cadence, at
 * most this long, which is more than a task of the workflow takes, even without its cache. A look this late never comes.
 */
const imminentMs = 1_500;
const overdueMs = 2_000;
/**
 * A first attempt that nobody has taken yet is about to be. Cancelled in that moment it would hold the time-skipping test server's clock for
 * good; where no worker takes it, nothing is lost by going on.
 */
const unbegunMs = 1_000;

export const takeOver = (ports: Ports) => async (input: TakeOverInput): Promise<PackedMemory | null> => {
  const startedAt = performance.now();
  for (;;) {
    const pending = await ports.engine.pending(input.workflowId, input.activityId);
    if (pending === null) return null;
    const heart = pending.details as WatchHeartbeat | null;
    const dueInMs = heart === null ? Infinity : heart.dueAt - (await ports.clock.now());
    const imminent = dueInMs < Math.min(imminentMs, input.cadenceMs / 4) && dueInMs > -overdueMs;
    const waitedMs = performance.now() - startedAt;
    const unbegun = !pending.begun && waitedMs < unbegunMs;
    if ((!pending.running && !imminent && !unbegun) || waitedMs > waitMs) return heart?.memory ?? null;
    await sleep(15);
  }
};
