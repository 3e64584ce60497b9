// Promises 1, 4 and 5 with real processes and real clocks: what people command acts at once, what nobody approved is never on, and a soak
// without a worker does not count.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { sound } from './outcomes.js';
import { oneWave } from './plans.js';
import { Ground, until } from './world.js';

describeNeeding(['temporal-cli'], 'people and clocks', () => {
  let ground: Ground;
  beforeAll(async () => { ground = await Ground.open(); });
  afterAll(async () => { await ground?.close(); });

  test('a person\'s command acts within two seconds whatever the cadence', async () => {
    const world = await ground.world();
    world.worker();
    const rollout = await world.start(oneWave(world.place('slow'), { soak: '3h', cadence: '1h', blindAfter: '3h' }));
    await rollout.untilStatus('wave 1 soaks', (status) => status.state === 'soaking');
    // Nothing else is going on: the next look is an hour away.
    await until('the watch waits for its next look', async () => ((await rollout.handle.describe()).raw.pendingActivities ?? []).some((activity) => activity.activityType?.name === 'watch' && activity.heartbeatDetails != null));

    const pausing = Date.now();
    await rollout.command('pause', { by: 'ann' });
    await rollout.untilStatus('it is paused', (status) => status.state === 'paused', 2_000);
    expect(Date.now() - pausing).toBeLessThan(2_000);
    await rollout.command('resume', { by: 'ann' });

    const ordered = Date.now();
    await rollout.command('rollback', { by: 'ann' });
    await until('nobody has the flag', async () => (await world.share()) === 0, 2_000, 20);
    expect(Date.now() - ordered).toBeLessThan(2_000);
    const made = await rollout.ended();
    sound(made);
    expect(made.status.outcome).toBe('rolled-back');
    expect(made.effects.filter(({ changed }) => changed).map(({ value }) => value)).toEqual([25, 0]);
  }, 90_000);

  test('a command in the middle of a look that a gate waits for does not shut the gate for good', async () => {
    const world = await ground.world();
    world.worker();
    world.outside.answersAfterMs = 1_500;
    const rollout = await world.start(oneWave(world.place('overtaken'), { soak: '1h', approval: '{ from: [bob], within: 1h }', gate: false, blindAfter: '1m' }));
    await rollout.untilStatus('wave 1 is gated', (status) => status.state === 'gated');
    const looks = world.outside.looks.length;
    await until('the look that the gate asked for has begun', () => world.outside.looks.length > looks);
    await rollout.command('pause', { by: 'ann' });
    await rollout.command('resume', { by: 'ann' });
    await rollout.untilStatus('bob is asked', (status) => status.asks.some((ask) => ask.state === 'open'));
    await rollout.command('stop', { by: 'ann' });
    sound(await rollout.ended());
  }, 90_000);

  test.concurrent('nobody approves: never on, and a late yes opens nothing', async () => {
    const world = await ground.world();
    world.worker();
    const rollout = await world.start(oneWave(world.place('unapproved'), { soak: '1s', approval: '{ from: [bob], within: 3s, otherwise: hold }' }));
    const asked = await rollout.untilStatus('bob is asked', (status) => status.asks.length > 0);
    const held = await rollout.untilStatus('nobody answered', (status) => status.state === 'held');
    expect(held.hold).toMatchObject({ reason: 'unanswered' });
    expect(asked.asks[0]).toMatchObject({ ask: 'wave-1/approval', from: ['bob'] });
    await expect(rollout.command('approve', { by: 'bob', ask: 'wave-1/approval' })).rejects.toMatchObject({ cause: { type: 'ASK_CLOSED' } });
    await rollout.command('stop', { by: 'ann' });
    const made = await rollout.ended();
    sound(made);
    expect([made.status.outcome, made.share]).toEqual(['stopped', 0]);
    expect(made.status.moves).toEqual([]);
    expect(made.effects).toEqual([]);
  }, 90_000);

  test.concurrent('a worker stopped for most of a soak does not advance: the soak goes on from its clean time', async () => {
    const world = await ground.world();
    const worker = world.worker();
    const rollout = await world.start(oneWave(world.place('stopped'), { soak: '10s', blindAfter: '4s', second: true }));
    await rollout.untilStatus('wave 1 soaks', (status) => status.state === 'soaking');
    await until('three looks are in', () => world.outside.looks.length > 4);
    const gone = Date.now();
    await worker.end('SIGTERM');
    // Longer than all of the soak that was left.
    await until('the soak is over by the clock', () => Date.now() > gone + 11_000);
    expect(await world.share()).toBe(25);
    const looksBefore = world.outside.looks.length;
    worker.start();
    await until('it looks again', () => world.outside.looks.length > looksBefore);
    const back = Date.now();
    await until('wave 2 moves', async () => (await world.share()) === 100, 60_000);
    const awayMs = back - gone;
    const made = await rollout.status();
    const wave = made.phases[0]!;
    expect(wave.cleanMs).toBeGreaterThanOrEqual(10_000);
    expect(wave.restarts).toBe(0);
    // All clean time was served while somebody looked; the time away is counted nowhere.
    expect(wave.endedAt! - wave.movedAt!).toBeGreaterThanOrEqual(10_000 + awayMs - 4_500);
    expect(wave.endedAt! - wave.movedAt!).toBeLessThan(10_000 + awayMs + 15_000);
    await rollout.command('rollback', { by: 'ann' });
    const over = await rollout.ended();
    sound(over);
    expect([over.status.outcome, over.share]).toEqual(['rolled-back', 0]);
  }, 120_000);
});
