// A worker against a real server and a source that answers when we let it: what happens to a look that is under way when the worker is
// told to stop, and what the worker exports about a rollout that runs.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { PassThrough } from 'node:stream';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createLog } from '../../src/log/log.js';
import { openClient } from '../../src/engine/connection.js';
import { startDevServer, type DevServer } from '../../src/engine/server.js';
import { readSettings } from '../../src/engine/settings.js';
import { startWorker, type RunningWorker } from '../../src/engine/worker.js';
import { unpackMemory } from '../../src/judgement/index.js';
import type { WatchHeartbeat } from '../../activities/types.js';
import { rolloutWorkflowId, status, taskQueue, type Status } from '../../workflows/messages.js';
import { describeNeeding } from '../setup/needs.js';

const planFor = (port: number) => ({
  rollout: 'slow', owner: 'ann', people: { ann: { email: 'ann@example.com' } },
  targets: { flag: { memory: 'flag', safer: 'lower' } },
  metrics: { error_rate: { json: { url: `http://127.0.0.1:${port}/metrics`, at: 'value' }, unit: '%' } },
  phases: [{ phase: 'one', enter: ['error_rate < 5%'], move: { flag: '10%' }, soak: '1h', watch: 'every 1s', leave: ['error_rate < 5% over soak'] }],
});

describeNeeding(['temporal-cli'], 'a worker', () => {
  let dir: string;
  let temporal: DevServer;
  let source: Server;
  let port: number;
  let worker: RunningWorker | null = null;
  /** while true, questions are kept unanswered here */
  let holding = false;
  const held: ServerResponse[] = [];
  let lastAnsweredAt = 0;
  const answer = (response: ServerResponse): void => { lastAnsweredAt = Date.now(); response.setHeader('content-type', 'application/json').end('{"value": 1}'); };
  const worldOf = (home: string) => readSettings({ HOME: dir, TEMPORAL_ADDRESS: temporal.address, TIDEGATE_HOME: join(dir, home), TIDEGATE_HTTP: '127.0.0.1:0' });
  const silent = createLog({ level: 'silent' });

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tidegate-worker-'));
    source = createServer((_, response) => { if (holding) held.push(response); else answer(response); }).listen(0, '127.0.0.1');
    await new Promise((resolve) => source.once('listening', resolve));
    port = (source.address() as { port: number }).port;
    temporal = await startDevServer({ dbFile: null, uiPort: null });
  });
  afterEach(async () => { holding = false; held.splice(0).forEach(answer); await worker?.stop(); });
  afterAll(async () => { source?.closeAllConnections(); source?.close(); await temporal?.stop(); rmSync(dir, { recursive: true, force: true }); });

  const watchOf = async (client: Client) => (await client.workflow.getHandle(rolloutWorkflowId('slow')).describe()).raw.pendingActivities?.find((activity) => activity.activityType?.name === 'watch');

  test('told to stop in the middle of a look lets the look end, and its healthy answer is kept', async () => {
    worker = await startWorker({ settings: worldOf('a'), log: silent, terminal: new PassThrough().resume() });
    const { client } = worker;
    await client.workflow.start('rollout', { workflowId: rolloutWorkflowId('slow'), taskQueue, args: [planFor(port), {}] });
    await vi.waitUntil(async () => (await client.workflow.getHandle(rolloutWorkflowId('slow')).query<Status>(status.name).catch(() => null))?.state === 'soaking', { timeout: 20_000, interval: 100 });
    await vi.waitUntil(async () => (await watchOf(client))?.lastFailure?.applicationFailureInfo?.type === 'StillWatching', { timeout: 20_000, interval: 100 });

    holding = true;
    const answeredAt = lastAnsweredAt;
    await vi.waitUntil(() => held.length > 0, { timeout: 10_000, interval: 20 });
    const before = await watchOf(client);
    // The fault strikes in the middle: the attempt runs, its question is with the source.
    expect(before?.state).toBe(2);
    let stopped = false;
    const stopping = worker.stop().then(() => { stopped = true; });
    await vi.waitUntil(() => fetch(`${worker!.httpAddress}/readyz`).then((r) => r.status === 503, () => true), { timeout: 5_000, interval: 50 });
    expect(stopped).toBe(false);
    held.splice(0).forEach(answer);
    await stopping;
    await expect(worker.ended).resolves.toBeUndefined();

    // Nobody runs now: what the server holds is what that look left.
    const other = await openClient(worldOf('a').temporal);
    const left = await watchOf(other);
    const memory = unpackMemory(defaultPayloadConverter.fromPayload<WatchHeartbeat>(left!.heartbeatDetails!.payloads![0]!).memory);
    expect(left?.lastFailure?.applicationFailureInfo?.type).toBe('StillWatching');
    expect(Number(left?.attempt)).toBe(Number(before!.attempt) + 1);
    expect(memory).toMatchObject({ valid: true, unknownLooks: 0, latest: { error_rate: { kind: 'value', value: 1 } } });
    expect(memory.asOf).toBeGreaterThan(answeredAt);
    await other.connection.close();
  });

  test('exports the rollout it looks after, together with the SDK\'s own metrics, as text that Prometheus reads', async () => {
    worker = await startWorker({ settings: worldOf('a'), log: silent, terminal: new PassThrough().resume() });
    const metrics = async () => await (await fetch(`${worker!.httpAddress}/metrics`)).text();
    await vi.waitUntil(async () => { const text = await metrics(); return text.includes('tidegate_last_evaluation_timestamp_seconds{rollout="slow"}') && text.includes('tidegate_rollout_info{rollout="slow"'); }, { timeout: 20_000, interval: 200 });
    const text = await metrics();
    expect(text).toMatch(/tidegate_looks_total\{rollout="slow"\} [1-9]/);
    expect(text).toMatch(/tidegate_rollouts\{state="\w+",phase="one"\} 1/);
    expect(text).toMatch(/^temporal_activity_execution_failed|^temporal_worker_task_slots_available/m);
    const found = await import('../setup/programs.js').then(({ findProgram }) => findProgram('promtool'));
    if (found !== null) {
      // 3: readable, with remarks on the style of names (the SDK's); 1: not readable
      const code = await new Promise<number | null>((resolve) => { const check = spawn(found, ['check', 'metrics'], { stdio: ['pipe', 'ignore', 'ignore'] }); check.once('exit', resolve); check.stdin.end(text); });
      expect([0, 3]).toContain(code);
    }
  });
});
