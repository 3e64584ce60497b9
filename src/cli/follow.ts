// Follows one rollout to its end: looks, tells, waits. A server that goes away does not end it: the last sight stays, with its age.
import type { Ms, WatchMemory } from '../judgement/index.js';
import { TransientError } from '../errors.js';
import type { ResolvedPlan } from '../plan/types.js';
import type { Cli, Rollouts, Seen } from './ports.js';
import { isEnded, shownStatus, type ShownStatus } from './shown-status.js';
import type { Sight } from './seeing.js';

export interface Following {
  readonly rollout: string;
  /** null: as often as the plan looks, but at least every 10 s and at most every second */
  readonly everyMs: Ms | null;
  /** after each look; `trouble` says why there is no news and what was seen before is shown again */
  seen(sight: Sight, trouble: string | null): void;
  /** between looks, each second: ages go on */
  tick(sight: Sight): void;
  /** aborted and replaced by the caller to look at once */
  wake(): AbortSignal;
}

const plainEveryMs = 10_000;
/** The plan changes by `amend` only: it is asked for again this often. */
const planEveryMs = 30_000;
/** The outcome is known before its last entries stand in the journal, so the end is waited for; a journal that is down does not keep anybody longer than this. */
const recordMs = 15_000;
const endEveryMs = 250;

/** @returns the last sight: ended and on record, unless the person left (`leave`) or the journal did not take the end in time (`unsent`) */
export async function follow(rollouts: Rollouts, following: Following, cli: Cli, leave: AbortSignal): Promise<ShownStatus> {
  let sight: Sight | null = null;
  let plan: ResolvedPlan | null = null;
  let planAt = -Infinity;
  let memory: WatchMemory | null = null;
  let overAt: number | null = null;
  for (;;) {
    let trouble: string | null = null;
    try {
      const seen = withMemory(await rollouts.see(following.rollout), memory);
      memory = seen.watch?.memory ?? memory;
      if (seen.status !== null && (plan === null || cli.now() - planAt > planEveryMs)) {
        plan = (await rollouts.planInForce(following.rollout)) ?? plan;
        planAt = cli.now();
      }
      sight = { status: shownStatus(seen, plan), plan };
    } catch (error) {
      // before the first sight there is nothing to show but the error itself
      if (sight === null || !(error instanceof TransientError)) throw error;
      trouble = error.message;
    }
    following.seen(sight, trouble);
    if (isEnded(sight.status.state)) overAt ??= cli.now();
    const done = overAt !== null && (sight.status.endedAt !== null || cli.now() - overAt >= recordMs);
    if (done || leave.aborted || cli.interrupted.aborted) return sight.status;
    await waitFor(cli, overAt === null ? everyMs(following, sight) : endEveryMs, sight, following, leave);
    if (leave.aborted || cli.interrupted.aborted) return sight.status;
  }
}

/** A watch that has just been set up has nothing to show before its first look: until then the one before it stands, with its age. */
function withMemory(seen: Seen, memory: WatchMemory | null): Seen {
  if (memory === null || seen.row.execution !== 'running' || (seen.watch?.memory ?? null) !== null) return seen;
  return { ...seen, watch: { attempt: 1, nextAt: null, lastLine: null, paused: false, ...seen.watch, memory } };
}

function everyMs(following: Following, { status }: Sight): Ms {
  if (following.everyMs !== null) return following.everyMs;
  // what is moved, asked or taken back changes within the cadence of the looks
  return Math.max(1_000, Math.min(plainEveryMs, status.look.cadenceMs ?? plainEveryMs));
}

async function waitFor(cli: Cli, ms: Ms, sight: Sight, following: Following, leave: AbortSignal): Promise<void> {
  const until = cli.now() + ms;
  const signal = AbortSignal.any([leave, following.wake()]);
  for (let left = ms; left > 0 && !signal.aborted && !cli.interrupted.aborted; left = until - cli.now()) {
    await cli.sleep(Math.min(left, 1_000), signal);
    if (until - cli.now() > 0 && !signal.aborted) following.tick(sight);
  }
}
