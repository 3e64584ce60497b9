// Promise 3, the rest of it: the server dies and comes back on its file, both die at once, and a second worker takes over. What came of each
// rollout equals what came of the one that was left alone. Kills at activity boundaries: killed-worker.test.ts.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { plain, sound, type Plain } from './outcomes.js';
import { fourWaves } from './plans.js';
import { Ground, pause, until, type Rollout, type World } from './world.js';

const limitMs = 200_000;

describeNeeding(['temporal-cli'], 'a server that dies, and workers that come and go', () => {
  let ground: Ground;
  let alone: Promise<Plain>;
  beforeAll(async () => {
    ground = await Ground.open();
    alone = carry(async () => {});
    alone.catch(() => { /* the tests that await it tell */ });
  });
  afterAll(async () => { await ground?.close(); });

  /** The four waves, while something is done to the processes that carry them. */
  async function carry(fault: (world: World, rollout: Rollout) => Promise<void>, ownServer = false): Promise<Plain> {
    const world = await ground.world({ ownServer });
    world.worker({ revive: true });
    const rollout = await world.start(fourWaves(world.place('waves')));
    world.peopleAnswer(rollout);
    await fault(world, rollout);
    const made = await rollout.ended(limitMs);
    sound(made);
    return plain(made, world);
  }
  const soaks = (world: World, phase: string): Promise<void> => until(`${phase} stands`, () => world.outside.delivered.some((message) => message.topic === 'phase-moved' && message.phase === phase), 60_000, 20);

  test.concurrent('the server is killed in a soak and comes back on its file: nothing is lost and nothing is done twice', async () => {
    const made = await carry(async (world) => {
      await soaks(world, 'wave-2');
      await world.server.kill();
      await pause(2_000); // long enough for a worker to find nobody there, which is what is tried
      await world.server.start();
    }, true);
    expect(made).toEqual(await alone);
  }, limitMs);

  test.concurrent('the server and the worker are killed at once and come back: nothing is lost and nothing is done twice', async () => {
    const made = await carry(async (world) => {
      await soaks(world, 'wave-1');
      const [worker] = world.workers;
      await Promise.all([world.server.kill(), worker!.kill()]);
      await world.server.start();
      worker!.start();
    }, true);
    expect(made).toEqual(await alone);
  }, limitMs);

  test.concurrent('two workers share the work, and when one dies for good the other carries on', async () => {
    const made = await carry(async (world) => {
      const second = world.worker({ name: 'second' });
      await until('the second worker does some of the work', () => world.points().some((point) => point.pid === second.pid), 60_000);
      await soaks(world, 'wave-2');
      await world.workers[0]!.kill();
    });
    expect(made).toEqual(await alone);
  }, limitMs);
});
