// A write that lands after its timeout and after its own undo must not win, and a write that was given up must not be tried again behind the
// back of the undo: with real processes, a real flag file, and writes that hang or die (struck-activities.ts).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { sound } from './outcomes.js';
import { oneWave } from './plans.js';
import { Ground, until } from './world.js';

describeNeeding(['temporal-cli'], 'a write that outlives its own undo', () => {
  let ground: Ground;
  beforeAll(async () => { ground = await Ground.open(); });
  afterAll(async () => { await ground?.close(); });

  test.concurrent('a write that lands after its timeout and after its own undo does not win', async () => {
    const world = await ground.world();
    world.worker({ slow: { value: 25, ms: 5_000 } });
    const rollout = await world.start(oneWave(world.place('late'), { soak: '1h', writeTimeout: '1s' }));
    await until('the write hangs', () => world.points().some(({ point }) => point === 'slow write 25 begins'));
    await rollout.command('rollback', { by: 'ann' });
    const made = await rollout.ended(120_000);
    sound(made);
    expect([made.status.outcome, made.share]).toEqual(['rolled-back', 0]);
    // It did land, after the rollback was decided, and was taken back; nobody wrote it a second time.
    const changes = made.effects.filter(({ changed }) => changed);
    expect(changes.map(({ value }) => value)).toEqual([25, 0]);
    expect(changes[0]!.at).toBeGreaterThan(made.status.rollback!.decidedAt);
    expect(made.effects.filter(({ value }) => value === 25)).toHaveLength(1);
    expect(made.status.rollback!.readBackAt!).toBeGreaterThan(changes[1]!.at);
  }, 150_000);

  test.concurrent('a write whose worker died is not tried again once a rollback is decided', async () => {
    const world = await ground.world();
    const worker = world.worker({ strikes: [{ point: 'write 100 before' }] });
    const rollout = await world.start(oneWave(world.place('dead'), { soak: '1s', blindAfter: '1m', writeTimeout: '1s', second: true }));
    await until('the worker died before its second write', () => world.struck().length === 1 && !worker.alive, 60_000);
    // Only of the second wave: the rollout stays, and with it whatever was still to be tried.
    await rollout.handle.signal('rollback', { by: 'ann', phase: 'wave-2' });
    worker.start();
    await rollout.untilStatus('held at the end of wave 1', (status) => status.holds.some(({ reason }) => reason === 'rolled-back-to'), 120_000);
    await until('the time of a second attempt has passed', async () => Date.now() > world.struck()[0]!.at + 26_000 && ((await rollout.handle.describe()).raw.pendingActivities ?? []).every((activity) => activity.activityType?.name !== 'writeTarget'), 60_000);
    expect(await world.share()).toBe(25);
    expect(world.effects().filter(({ value }) => value === 100)).toEqual([]);
    await rollout.command('rollback', { by: 'ann' });
    const made = await rollout.ended(60_000);
    sound(made);
    expect([made.status.outcome, made.share]).toEqual(['rolled-back', 0]);
  }, 200_000);
});
