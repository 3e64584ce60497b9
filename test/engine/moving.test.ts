// A rehearsal moves on when its server holds the clock back for nothing, and says so when the server has lost more than that.
import { Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { bundlePath } from '../../src/engine/bundles.js';
import { openNativeConnection } from '../../src/engine/connection.js';
import { heard, keepMoving } from '../../src/engine/rehearsal/moving.js';
import { openEnvironment } from '../../src/engine/rehearsal.js';
import { describeNeeding } from '../setup/needs.js';

const tickMs = 20;
const pause = (ms: number) => new Promise((resolve) => { setTimeout(resolve, ms); });

describeNeeding(['test-server'], 'a rehearsal', () => {
  it('whose server keeps a lock for nothing goes on, and tells it', async () => {
    const environment = await openEnvironment();
    const connection = await openNativeConnection({ address: environment.address, addressFrom: 'home', namespace: 'default', connection: {} });
    const worker = await Worker.create({ connection, namespace: 'default', taskQueue: 'moving', workflowBundle: { codePath: bundlePath('rehearsal') } });
    const told: string[] = [];
    const testService = environment.connection.testService!;
    await worker.runUntil(async () => {
      await testService.lockTimeSkipping({});
      const fallen = environment.client.workflow.execute('curtain', { taskQueue: 'moving', workflowId: 'curtain', args: [{ untilMs: 14 * 86_400_000 }] });
      const moving = keepMoving({ now: () => environment.currentTimeMs(), release: async () => { await testService.unlockTimeSkipping({}); } }, () => true, (line) => told.push(line), tickMs);
      expect(await fallen).toBe('until');
      moving.stop();
    });
    await connection.close();
    await environment.teardown();
    expect(told).toEqual(['the test server held its clock back for nothing; letting it go']);
  });
});

/** A clock that runs in real time whatever is released. */
const crawling = (released: number[] = []) => ({ now: async () => Date.now(), release: async () => { released.push(Date.now()); } });

it('a rehearsal whose server has lost a task is given up, not waited for', async () => {
  const released: number[] = [];
  await expect(keepMoving(crawling(released), () => true, () => {}, tickMs).stuck).rejects.toMatchObject({ code: 'REHEARSAL_STUCK', transient: true });
  expect(released).toHaveLength(3);
});

it('a clock that stands still because something is under way is left alone', async () => {
  const released: number[] = [];
  const moving = keepMoving(crawling(released), () => false, () => {}, tickMs);
  await pause(60 * tickMs);
  moving.stop();
  expect(released).toEqual([]);
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
