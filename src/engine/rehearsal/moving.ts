// Notices that a rehearsal no longer moves. The time-skipping server counts locks; one that is left behind, as by a task that it loses, lets its clock
// crawl in real time for good (docs/decisions/0005). Nothing can be mended then, since nobody knows what was lost: the rehearsal is given up.
import { TransientError } from '../../errors.js';
import type { EpochMs, Ms } from '../../judgement/types.js';

/** Of the last 30 looks at the clock 24 crawled: longer than the ten seconds after which a lost task is given out again, and seen between looks of a watch. */
const window = 30;
const tooMany = 24;

/**
 * @param quiet nothing is under way, and nothing was since it was asked last
 * @returns `stuck` rejects with REHEARSAL_STUCK, or never settles
 */
export function watchTheClock(now: () => Promise<EpochMs>, quiet: () => boolean, everyMs: Ms = 1_000): { readonly stuck: Promise<never>; stop(): void } {
  let crawled: boolean[] = [];
  let before: { readonly virtual: EpochMs; readonly real: Ms } | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const stuck = new Promise<never>((_, reject) => {
    const look = async (): Promise<void> => {
      const virtual = await now().catch(() => null);
      if (stopped) return;
      const found = virtual === null ? null : { virtual, real: performance.now() };
      const crawls = found !== null && before !== null && found.virtual - before.virtual <= 2 * (found.real - before.real);
      before = found;
      crawled = [...crawled.slice(1 - window), quiet() && crawls];
      if (crawled.filter(Boolean).length >= tooMany) reject(new TransientError({ code: 'REHEARSAL_STUCK', what: 'the time-skipping test server has lost track: its clock no longer skips, and nothing is under way.', means: 'How it would have ended is not known; a rehearsal touches no rollout.', todo: 'Rehearse again; when it comes back, report it with the plan and the scenario.' }));
      else timer = setTimeout(() => void look(), everyMs);
    };
    void look();
  });
  stuck.catch(() => { /* whoever waits hears it */ });
  return { stuck, stop: () => { stopped = true; clearTimeout(timer); } };
}

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
