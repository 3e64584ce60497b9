// Two rollouts that want one target, a rollout that is started twice, and the worker that never comes back: `rollback --offline` without
// Temporal, and the rollout that adopts it later. Real server, real workers, the real command line, a real flag file.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { sound } from './outcomes.js';
import { oneWave } from './plans.js';
import { Ground, until, type World } from './world.js';

describeNeeding(['temporal-cli'], 'claims and break-glass', () => {
  let ground: Ground;
  beforeAll(async () => { ground = await Ground.open(); });
  afterAll(async () => { await ground?.close(); });

  const tidegate = (world: World, ...args: string[]) => spawnSync(process.execPath, [ground.programs.cli, ...args], { cwd: world.home, encoding: 'utf8', timeout: 60_000, env: { PATH: process.env['PATH'], HOME: world.home, USER: 'ann', TIDEGATE_HOME: world.home, TEMPORAL_ADDRESS: world.server.address, TEMPORAL_NAMESPACE: world.namespace } });

  test.concurrent('of two rollouts that want one target the second is refused with the name of the first, and moves nothing', async () => {
    const world = await ground.world();
    world.worker();
    const first = await world.start(oneWave(world.place('first'), { soak: '1h' }));
    await first.untilStatus('wave 1 soaks', (status) => status.state === 'soaking');
    const second = await world.start(oneWave(world.place('second'), { soak: '1h' }));
    await expect(second.ended()).rejects.toMatchObject({ cause: { details: ['TARGET_CLAIMED'], message: expect.stringContaining('rollout first') } });
    expect(world.effects().filter(({ changed }) => changed).map(({ key }) => key)).toEqual(['first/wave-1/checkout/1']);

    // A second start of the same rollout is refused by Temporal itself, and the first is not disturbed.
    await expect(world.start(oneWave(world.place('first'), { soak: '2h' }))).rejects.toMatchObject({ name: 'WorkflowExecutionAlreadyStartedError' });
    expect((await first.status()).state).toBe('soaking');

    await first.command('rollback', { by: 'ann' });
    sound(await first.ended());
    // Once the first is over its target is free.
    const third = await world.start(oneWave(world.place('third'), { soak: '1h' }));
    await third.untilStatus('wave 1 of the third soaks', (status) => status.state === 'soaking');
    await third.command('rollback', { by: 'ann' });
    sound(await third.ended());
  }, 120_000);

  test.concurrent('with server and worker gone, rollback --offline takes everything back and proves it; the rollout adopts that when they return', async () => {
    const world = await ground.world({ ownServer: true });
    const worker = world.worker();
    const rollout = await world.start(oneWave(world.place('waves'), { soak: '1h', second: true }));
    await rollout.untilStatus('wave 1 soaks', (status) => status.state === 'soaking');
    await until('the record has the move', () => world.outside.delivered.some((message) => message.topic === 'phase-moved'));
    await Promise.all([worker.kill(), world.server.kill()]);
    expect(await world.share()).toBe(25);

    const online = tidegate(world, 'rollback', 'waves', '--as', 'ann');
    expect(online.status).toBe(1);
    expect(online.stderr).toContain('--offline');
    const offline = tidegate(world, 'rollback', 'waves', '--offline', '--as', 'ann', '-m', 'nobody comes back', '--json');
    expect(offline.status, offline.stderr).toBe(4);
    expect(JSON.parse(offline.stdout)).toMatchObject({ outcome: 'rolled-back', remainder: [], by: 'ann', undone: [{ target: 'checkout', value: 0, verified: true }] });
    expect(await world.share()).toBe(0);
    // Nothing is left to take back: said, and nothing is written.
    const again = tidegate(world, 'rollback', 'waves', '--offline', '--as', 'ann');
    expect(again.status === 4 || again.stderr.includes('NOTHING_TO_UNDO')).toBe(true);
    expect(await world.share()).toBe(0);

    await world.server.start();
    worker.start();
    const made = await rollout.ended(90_000);
    sound(made);
    expect([made.status.outcome, made.share]).toEqual(['rolled-back', 0]);
    expect(made.entries.some((entry) => entry.kind === 'decision' && entry.actor === 'ann' && entry.text.includes('offline'))).toBe(true);
    expect(made.effects.filter(({ changed }) => changed).map(({ value }) => value)).toEqual([25]);
  }, 180_000);
});
