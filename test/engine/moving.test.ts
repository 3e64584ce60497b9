// A rehearsal whose server has lost track is not waited for: it is noticed, and begun again.
import { expect, it, vi } from 'vitest';
import { TransientError } from '../../src/errors.js';
import { heard, watchTheClock } from '../../src/engine/rehearsal/moving.js';
import { openEnvironment, rehearse } from '../../src/engine/rehearsal.js';
import { describeNeeding } from '../setup/needs.js';
import { hour, smallPlan } from '../workflows/world.js';

const tickMs = 20;
const pause = (ms: number) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** What the next rehearsals are told of the clock, in order; after them the truth. */
const told = vi.hoisted(() => [] as (() => Promise<never>)[]);
vi.mock('../../src/engine/rehearsal/moving.js', async (original) => {
  const real = await original<typeof import('../../src/engine/rehearsal/moving.js')>();
  return { ...real, watchTheClock: ((...given) => { const lie = told.shift(); return lie === undefined ? real.watchTheClock(...given) : { stuck: lie(), stop: () => {} }; }) satisfies typeof real.watchTheClock };
});

describeNeeding(['test-server'], 'a rehearsal', () => {
  it('whose server holds its clock while nothing is under way is given up', async () => {
    const environment = await openEnvironment();
    // nobody waits for a result, so this server's time is locked
    try {
      await expect(watchTheClock(() => environment.currentTimeMs(), () => true, tickMs).stuck).rejects.toMatchObject({ code: 'REHEARSAL_STUCK', transient: true });
    } finally { await environment.teardown(); }
  });

  const stuck = () => Promise.reject(new TransientError({ code: 'REHEARSAL_STUCK', what: 'it has lost track.' }));
  it('that was given up is carried out from the beginning, and says so', async () => {
    told.push(stuck);
    const lines: string[] = [];
    const made = await rehearse(smallPlan(), { file: 'plan.yaml', cadenceMs: hour, progress: (line) => lines.push(line) });
    expect([made.outcome, made.attempts]).toEqual(['completed', 2]);
    expect(lines.join('\n')).toContain('it has lost track. Rehearsing from the beginning.');
  });

  it('that is given up again and again ends with that error', async () => {
    told.push(stuck, stuck, stuck);
    await expect(rehearse(smallPlan(), { file: 'plan.yaml', cadenceMs: hour })).rejects.toMatchObject({ code: 'REHEARSAL_STUCK' });
    expect(told).toEqual([]);
  });
});

/** Whether it is given up within 60 looks. */
async function givenUp(now: () => Promise<number>, quiet: () => boolean): Promise<boolean> {
  const clock = watchTheClock(now, quiet, tickMs);
  const found = await Promise.race([clock.stuck.catch(() => true), pause(60 * tickMs).then(() => false)]);
  clock.stop();
  return found;
}

it('a clock that runs in real time because something is under way is left alone', async () => {
  expect(await givenUp(async () => Date.now(), () => false)).toBe(false);
});

it('a clock that skips is left alone, however quiet it is', async () => {
  let skipped = 0;
  expect(await givenUp(async () => Date.now() + (skipped += hour), () => true)).toBe(false);
});

it('quiet is when no activity ran since it was asked last', async () => {
  const { activities, quiet } = heard({ look: () => pause(30) });
  expect(quiet()).toBe(true);
  const looking = activities.look();
  expect([quiet(), quiet()]).toEqual([false, false]);
  await looking;
  expect([quiet(), quiet()]).toEqual([true, true]);
  await activities.look();
  expect([quiet(), quiet()]).toEqual([false, true]);
});
