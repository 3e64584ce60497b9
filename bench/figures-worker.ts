// The worker is killed while it watches; another is started. From its first poll to the first look, and how late the looks are.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient } from '../src/engine/connection.js';
import { packageRoot } from '../src/engine/package-root.js';
import { startDevServer } from '../src/engine/server.js';
import { readSettings } from '../src/engine/settings.js';
import { rolloutWorkflowId, taskQueue } from '../workflows/messages.js';
import { benchPlan } from './plans.js';
import { maximum, ms, percentile, until, type Row } from './measuring.js';

const cadenceMs = 5_000;

export async function workerKilled(count: number): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const looks: { readonly id: string; readonly at: number }[] = [];
  const source = createServer((request, response) => { looks.push({ id: request.url ?? '', at: performance.now() }); response.setHeader('content-type', 'application/json').end('{"value": 1}'); }).listen(0, '127.0.0.1');
  const server = await startDevServer({ dbFile: join(dir, 'temporal.db'), uiPort: null });
  const children: ChildProcess[] = [];
  const env = { PATH: process.env['PATH'], HOME: dir, TEMPORAL_ADDRESS: server.address, TIDEGATE_HOME: dir, TIDEGATE_HTTP: 'off' };
  const client = await openClient(readSettings(env).temporal);
  const startedWorker = async (): Promise<{ readonly child: ChildProcess; readonly pollsAt: number }> => {
    const child = spawn(process.execPath, ['build/run-ts.mjs', 'bench/looking-worker.ts'], { cwd: packageRoot(), env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    children.push(child);
    let pollsAt: number | null = null;
    child.stdout!.on('data', () => { pollsAt ??= performance.now(); });
    if (!(await until(() => pollsAt !== null, 60_000))) throw new Error('the worker did not start within 60 s');
    return { child, pollsAt: pollsAt! };
  };
  try {
    await new Promise<void>((resolve) => { if (source.listening) resolve(); else source.once('listening', resolve); });
    const url = `http://127.0.0.1:${(source.address() as AddressInfo).port}`;
    const first = await startedWorker();
    for (let n = 0; n < count; n++) {
      const id = `killed-${n}`;
      const plan = benchPlan(id, { cadence: `${cadenceMs / 1000}s` });
      plan['metrics'] = { [id.replace(/-/g, '_')]: { json: { url: `${url}/${id}`, at: 'value' }, unit: '%' } };
      await client.workflow.start('rollout', { taskQueue, workflowId: rolloutWorkflowId(id), args: [plan, { startedBy: { by: 'ann' } }] });
    }
    const ids = Array.from({ length: count }, (_, n) => `/killed-${n}`);
    const looked = (times: number) => ids.every((id) => looks.filter((one) => one.id === id).length >= times);
    await until(() => looked(4), 60_000);
    // Between looks: one that is cut off waits for its attempt's own timeout, 30 s, by design.
    await until(() => performance.now() - (looks.at(-1)?.at ?? 0) > 800, 30_000, 20);
    first.child.kill('SIGKILL');
    const killedAt = performance.now();
    const before = looks.length;
    const dueAt = new Map(ids.map((id) => [id, looks.findLast((one) => one.id === id)!.at + cadenceMs]));
    const second = await startedWorker();
    const firstOf = (id: string) => looks.slice(before).find((one) => one.id === id)?.at;
    await until(() => ids.every((id) => firstOf(id) !== undefined), 60_000, 5);
    // what was due before the new one was there is due when it polls
    const late = ids.map((id) => (firstOf(id) ?? Infinity) - Math.max(dueAt.get(id)!, second.pollsAt));
    return [{ what: `worker killed, ${count} rollouts at ${cadenceMs / 1000} s: how late the first look of each is, from the new worker's first poll on`, measured: `p50 ${ms(Math.max(0, percentile(late, 0.5)))}, max ${ms(maximum(late))}`, floor: '', ratio: null, reach: 'p50 < 1 s', note: `the new process polled ${ms(second.pollsAt - killedAt)} after the kill; ${late.filter((one) => one > cadenceMs).length} came more than a cadence late` }];
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await client.connection.close();
    await server.stop();
    source.closeAllConnections(); source.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
