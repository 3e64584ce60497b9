// docker-compose.yml without an engine: it keeps to the specification (by the library docker compose is made of), its one-shot registers
// what a rollout needs, and a worker started by its very command and environment becomes ready.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { openClient } from '../../src/engine/connection.js';
import { registerSearchAttributes, searchAttributeState } from '../../src/engine/search-attributes.js';
import { freePort, startDevServer, type DevServer } from '../../src/engine/server.js';
import { searchAttributes } from '../../workflows/messages.js';
import { startPostgres, type Postgres } from '../servers/postgres.js';
import { describeNeeding, pathOf } from '../setup/needs.js';

const root = join(import.meta.dirname, '../..');
const file = join(root, 'docker-compose.yml');
interface Service { readonly image?: string; readonly command?: readonly string[]; readonly entrypoint?: readonly string[]; readonly environment?: Readonly<Record<string, string>>; readonly healthcheck?: { readonly test: readonly string[] }; readonly volumes?: readonly string[] }
const { services } = parse(readFileSync(file, 'utf8').replace(/\$\{\w+:-([^}]*)\}/g, '$1'), { merge: true }) as { services: Readonly<Record<string, Service>> };
const run = promisify(execFile);
let dir: string;
beforeAll(() => { dir = mkdtempSync(join(tmpdir(), 'tidegate-compose-')); });
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describeNeeding(['go'], 'the compose specification', () => {
  let missing: string | null = null;
  const load = (path: string) => run(join(dir, 'validate'), [path]);
  beforeAll(async () => {
    const env = { ...process.env, GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
    await run(pathOf('go'), ['build', '-o', join(dir, 'validate'), '.'], { cwd: join(import.meta.dirname, 'validate'), env, timeout: 280_000 })
      .catch((error: { stderr?: string; message: string }) => { missing = `the validator's Go modules cannot be had here: ${(error.stderr ?? error.message).trim().split('\n').at(-1)}`; });
  }, 300_000);

  test('the file keeps to it, and both workers, Temporal, its UI and PostgreSQL are in it', async (context) => {
    if (missing !== null) return context.skip(missing);
    const project = JSON.parse((await load(file)).stdout) as { services: Record<string, { volumes?: { type: string; source: string }[]; healthcheck?: object }>; volumes: object };
    expect(Object.keys(project.services).sort()).toEqual(['postgres', 'temporal', 'temporal-schema', 'temporal-setup', 'temporal-ui', 'worker-1', 'worker-2']);
    for (const name of ['postgres', 'worker-1', 'worker-2']) expect(project.services[name]!.volumes?.[0]).toMatchObject({ type: 'volume' });
    for (const name of ['postgres', 'temporal', 'worker-1', 'worker-2']) expect(project.services[name]!.healthcheck).toBeDefined();
  });

  test('a file that does not keep to it is refused, so that the test above means something', async (context) => {
    if (missing !== null) return context.skip(missing);
    const broken = join(dir, 'broken.yml');
    writeFileSync(broken, readFileSync(file, 'utf8').replace('temporal-setup: { condition', 'temporal-setpu: { condition'));
    await expect(load(broken)).rejects.toThrow(/temporal-setpu/);
  });
});

describe('what the file promises', () => {
  test('no worker is on Alpine, runs as root, or is cut off while an attempt may still end', () => {
    const image = readFileSync(join(root, 'Dockerfile'), 'utf8');
    expect(image.match(/^FROM .*/gm)).toEqual(['FROM node:22-bookworm-slim AS build', 'FROM node:22-bookworm-slim']);
    expect(image).toMatch(/^USER node$/m);
    const text = readFileSync(file, 'utf8');
    const grace = Number(/TIDEGATE_SHUTDOWN_GRACE: (\d+)s/.exec(text)?.[1]);
    expect(Number(/stop_grace_period: (\d+)s/.exec(text)?.[1])).toBeGreaterThanOrEqual(grace + 10);
  });

  test('the two workers differ in nothing but their name, their volume and their ports', () => {
    const plain = (name: string): string => JSON.stringify(services[name]).replaceAll(name, 'worker').replaceAll(/\b(72[89]|801)\d:(?=7280|7290|8015)/g, 'port:');
    expect(services['worker-1']!.environment!['TIDEGATE_HOST']).toBe('worker-1');
    expect(plain('worker-1')).toBe(plain('worker-2'));
  });
});

describeNeeding(['temporal-cli', 'postgres'], 'the services, run without containers', () => {
  let server: DevServer;
  let postgres: Postgres;
  let worker: ChildProcess | null = null;
  beforeAll(async () => {
    [server, postgres] = await Promise.all([startDevServer({ dbFile: null, uiPort: null, searchAttributes: [] }), startPostgres()]);
  }, 120_000);
  afterEach(() => { worker?.kill('SIGKILL'); });
  afterAll(async () => { await Promise.all([server?.stop(), postgres?.stop()]); });
  const state = async () => {
    const client = await openClient({ address: server.address, addressFrom: 'configured', namespace: 'default', connection: {} });
    try { return await searchAttributeState(client.connection as Connection, 'default'); } finally { await client.connection.close(); }
  };

  test('the one-shot registers every search attribute that a rollout writes, and may run again', async () => {
    const { entrypoint, command, environment } = services['temporal-setup']!;
    const bin = join(dir, 'bin');
    await run('mkdir', ['-p', bin]);
    symlinkSync(pathOf('temporal-cli'), join(bin, 'temporal'));
    const [shell, ...flags] = entrypoint!;
    // Compose turns $$ into $.
    const once = () => run(shell!, [...flags, command![0]!.replaceAll('$$', '$')], { env: { ...environment, TEMPORAL_ADDRESS: server.address, PATH: `${bin}:/usr/bin:/bin`, HOME: dir } });
    expect((await state()).missing).toEqual([...searchAttributes]);
    await once();
    await vi.waitUntil(async () => (await state()).missing.length === 0, { timeout: 10_000, interval: 100 });
    await once();
    expect(await state()).toEqual({ missing: [], wrongType: [] });
  });

  test('a worker by its command and environment becomes ready, exports metrics, and stops in order on SIGTERM', async () => {
    expect(existsSync(join(root, 'dist/worker.js')), 'dist/worker.js: run npm run build first').toBe(true);
    const client = await openClient({ address: server.address, addressFrom: 'configured', namespace: 'default', connection: {} });
    await registerSearchAttributes(client.connection as Connection, 'default');
    await client.connection.close();
    const { command, environment, healthcheck } = services['worker-1']!;
    const port = await freePort();
    const database = (await postgres.createDatabase()).replace('tidegate:tidegate@', 'tidegate:s3cret-of-the-journal@');
    const here: Record<string, string> = { TEMPORAL_ADDRESS: server.address, TIDEGATE_JOURNAL: database, TIDEGATE_HOME: join(dir, 'home'), TIDEGATE_HTTP: `127.0.0.1:${port}` };
    // Every variable of the file that names something inside its network is named anew; a new one has to be looked at here.
    for (const [name, value] of Object.entries(environment!)) if (/(^|[@/])(postgres|temporal)[:/]|0\.0\.0\.0|\/var\//.test(value)) expect(Object.keys(here)).toContain(name);
    const log: string[] = [];
    const own = worker = spawn(process.execPath, command!.slice(1), { cwd: root, env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: dir, ...environment, ...here }, stdio: ['ignore', 'ignore', 'pipe'] });
    own.stderr!.on('data', (data: Buffer) => log.push(data.toString()));
    const [, program, ...args] = healthcheck!.test;
    const ready = () => run(program!, args.map((arg) => arg.replace('127.0.0.1:7280', `127.0.0.1:${port}`)));
    await vi.waitUntil(() => { if (own.exitCode !== null) throw new Error(log.join('')); return ready().then(() => true, () => false); }, { timeout: 30_000, interval: 200 });

    const answer = await (await fetch(`http://127.0.0.1:${port}/readyz`)).json() as { components: Record<string, { ok: boolean; detail: string }> };
    expect(Object.keys(answer.components)).toEqual(['engine', 'worker', 'search attributes']);
    expect(answer.components['worker']!.detail).toBe('tidegate: RUNNING, tidegate@worker-1: RUNNING');
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain('tidegate_engine_reachable 1');
    expect(metrics).toMatch(/^temporal_worker_task_slots_available\{/m);

    own.kill('SIGTERM');
    expect(await new Promise((resolve) => own.once('exit', (code, signal) => resolve(signal ?? code)))).toBe(0);
    expect(log.join('')).toContain('"msg":"stopped"');
    expect(log.join('')).not.toContain('s3cret-of-the-journal');
  });
});
