// The embedded stack as `tidegate up` runs it: found by others in its home, refused twice, stopped and gone on, and told when a part dies.
// The worker's bundle and providers are the real ones.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient } from '../../src/engine/connection.js';
import { doctorChecks } from '../../src/engine/doctor-checks.js';
import { readSettings, runningStack } from '../../src/engine/settings.js';
import { startStack, type RunningStack } from '../../src/engine/stack.js';
import { rolloutWorkflowId, taskQueue } from '../../workflows/messages.js';
import { describeNeeding } from '../setup/needs.js';

let dir: string;
beforeAll(() => { dir = mkdtempSync(join(tmpdir(), 'tidegate-stack-')); });
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describeNeeding(['temporal-cli'], 'the embedded stack', () => {
  let home: string;
  let env: NodeJS.ProcessEnv;
  let stack: RunningStack | null = null;
  beforeAll(() => { home = join(dir, 'home'); env = { PATH: process.env['PATH'], HOME: dir, TIDEGATE_HOME: home, TIDEGATE_TEMPORAL_CLI: process.env['TIDEGATE_TEMPORAL_CLI'] }; });
  afterAll(async () => { await stack?.stop(); });

  test('a stack is found by every other command in its home, is ready, and shows what it is', async () => {
    const progress: string[] = [];
    stack = await startStack({ env, ports: 'free', onProgress: (line) => progress.push(line) });
    expect(runningStack(home)).toMatchObject({ address: stack.address, pid: process.pid });
    expect(readSettings(env).temporal).toMatchObject({ address: stack.address, addressFrom: 'home' });
    expect(stack.env).toEqual({ TEMPORAL_ADDRESS: stack.address, TEMPORAL_NAMESPACE: 'default', TIDEGATE_HOME: home });
    expect(progress.join('\n')).toContain(stack.address);
    const ready = await fetch(`${stack.http}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([200, { status: 'ready' }]);
    expect((await fetch(stack.ui!)).status).toBe(200);
    const checks = await doctorChecks({ env });
    expect(checks.filter((check) => !check.ok && check.needed)).toEqual([]);
    expect(checks.find((check) => check.name === 'ports')?.found).toContain(`process ${process.pid}`);
  });

  test('the workers serve both queues: an invalid plan is refused by the very workflow', async () => {
    const started = await stack!.client.workflow.start('rollout', { workflowId: rolloutWorkflowId('no-plan'), taskQueue, args: [{ nonsense: true }, {}] });
    const error = await started.result().then(() => null, (e: { cause?: { message?: string } }) => e);
    expect(error?.cause?.message).toContain('nonsense');
    const pollers = await stack!.client.workflowService.describeTaskQueue({ namespace: 'default', taskQueue: { name: `tidegate@${stack!.settings.host}` }, taskQueueType: 2 });
    expect(pollers.pollers?.map((p) => p.identity)).toEqual([expect.stringMatching(new RegExp(`#${process.pid}$`))]);
  });

  test('the log of a worker is JSON with the rollout named, and holds no payload', async () => {
    const lines = readFileSync(join(home, 'worker.log'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.find((line) => line['msg'] === 'worker started')).toMatchObject({ address: stack!.address, level: 'info' });
    expect(lines.filter((line) => 'taskToken' in line)).toEqual([]);
  });

  test('what ran before a stop is there after the next start, on the same files', async () => {
    await stack!.stop();
    expect(runningStack(home)).toBeNull();
    stack = await startStack({ env, ports: 'free' });
    const client = await openClient(readSettings(env).temporal);
    expect((await client.workflow.getHandle(rolloutWorkflowId('no-plan')).describe()).status.name).toBe('FAILED');
    await client.connection.close();
  });

  test('a part that dies is told with its reason', async () => {
    const { pid } = await import('node:fs').then(async (fs) => ({ pid: Number(fs.readdirSync('/proc').find((p) => /^\d+$/.test(p) && (() => { try { return fs.readFileSync(`/proc/${p}/cmdline`, 'utf8').includes(join(home, 'temporal.db')); } catch { return false; } })())) }));
    process.kill(pid, 'SIGKILL');
    expect(await stack!.died).toContain('it was ended by SIGKILL');
    expect((await fetch(`${stack!.http}/readyz`)).status).toBe(503);
    await stack!.stop();
  });

  test('a port of health and metrics that is taken is passed by, and said', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const progress: string[] = [];
    try {
      stack = await startStack({ env: { ...env, TIDEGATE_HTTP: `127.0.0.1:${port}` }, ports: 'fixed', onProgress: (line) => progress.push(line) });
      expect(stack.http).not.toContain(`:${port}`);
      expect(progress).toContain(`port ${port} is taken: health and metrics takes another`);
    } finally {
      other.close();
      await stack?.stop();
    }
  });

  test('an inbound port that is taken refuses the start, since senders know no other; a free one is taken as it is', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const inbound = { ...env, TIDEGATE_HTTP: 'off', TIDEGATE_INBOUND_ADDRESS: `127.0.0.1:${port}`, TIDEGATE_INBOUND_TOKEN: 'a-token-of-good-length' };
    const refused = await startStack({ env: inbound, ports: 'fixed' }).then(async (one) => { await one.stop(); return null; }, (error: unknown) => error);
    expect(refused).toMatchObject({ code: 'PORT_TAKEN', message: expect.stringContaining('TIDEGATE_INBOUND_ADDRESS') });
    await new Promise((resolve) => other.close(resolve));
    stack = await startStack({ env: inbound, ports: 'fixed' });
    expect(stack.inbound).toBe(`http://127.0.0.1:${port}`);
    expect((await fetch(`${stack.inbound}/v1/alertmanager`)).status).toBe(405);
    await stack.stop();
    await expect(fetch(`${stack.inbound}/v1/alertmanager`)).rejects.toThrow();
  });
});
