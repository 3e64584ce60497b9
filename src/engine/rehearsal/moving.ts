// What keeps a rehearsal moving. The time-skipping server counts locks, and one that is left behind lets its clock crawl in real time for good
// (docs/decisions/0005). From outside that is seen, let go, and told; what has lost more than a lock is given up instead of waited for.
import { TransientError } from '../../errors.js';
import type { EpochMs, Ms } from '../../judgement/types.js';

/** The same activities, and whether any of them was asked for since `quiet` was asked last. */
export function heard<T extends object>(activities: T): { readonly activities: T; quiet(): boolean } {
  let begun = 0;
  let underWay = 0;
  let before = 0;
  const all = Object.entries(activities as Record<string, (...args: never[]) => Promise<unknown>>).map(([name, activity]) => [name, async (...args: never[]) => {
    begun++;
    underWay++;
    try { return await activity(...args); } finally { underWay--; }
  }]);
  return { activities: Object.fromEntries(all) as T, quiet: () => { const still = underWay === 0 && begun === before; before = begun; return still; } };
}

export interface SkippingClock { now(): Promise<EpochMs>; /** lets go of one lock */ release(): Promise<void> }
export interface Moving { /** rejects with REHEARSAL_STUCK, or never settles */ readonly stuck: Promise<never>; stop(): void }

/** Of the last 30 looks at the clock 24 crawled: longer than the ten seconds after which a lost task is given out again, and seen between looks of a watch. */
const window = 30;
const tooMany = 24;
/** A release helps at once, or not at all. */
const mostReleases = 3;

/** @param quiet nothing has been asked of the rehearsed world since it was asked last */
export function keepMoving(clock: SkippingClock, quiet: () => boolean, tell: (line: string) => void, everyMs: Ms = 1_000): Moving {
  let stopped = false;
  const ticks = async (): Promise<never> => {
    let crawled: boolean[] = [];
    let released = 0;
    for (let [virtual, real] = [await clock.now(), performance.now()]; !stopped;) {
      await new Promise((resolve) => { setTimeout(resolve, everyMs).unref(); });
      const before = { virtual, real };
      [virtual, real] = [await clock.now(), performance.now()];
      const skipped = virtual - before.virtual > 2 * (real - before.real);
      if (skipped) released = 0;
      crawled = [...crawled.slice(1 - window), quiet() && !skipped];
      if (crawled.filter(Boolean).length < tooMany) continue;
      if (released === mostReleases) throw new TransientError({ code: 'REHEARSAL_STUCK', what: 'the time-skipping test server has lost a task, and nothing moves any more.', means: 'Nothing is known of the rest; no rollout is touched by a rehearsal.', todo: 'Rehearse again; when it comes back, report it with the plan and the scenario.' });
      released++;
      crawled = [];
      tell('the test server held its clock back for nothing; letting it go');
      await clock.release().catch(() => { /* nothing held it */ });
    }
    return new Promise<never>(() => {});
  };
  const stuck = ticks().catch((error: unknown) => (stopped || !(error instanceof TransientError) ? new Promise<never>(() => {}) : Promise.reject(error)));
  stuck.catch(() => { /* whoever waits hears it */ });
  return { stuck, stop: () => { stopped = true; } };
}
