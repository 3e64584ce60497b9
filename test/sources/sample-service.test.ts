// The sample service and its traffic as their own processes: the share of users on the new side follows the flag file, the service's own
// figures agree with what its users see, and the fault of the new version is real.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Measurement } from '../../src/judgement/types.js';
import { createHttpClient } from '../../src/http/client.js';
import { createSources, MemoryMetrics } from '../../src/sources/index.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import { metricRef } from './conformance.js';

const SERVICE = join(import.meta.dirname, '../../examples/sample-service/service.js');
const TRAFFIC = join(import.meta.dirname, '../../examples/traffic/traffic.js');
const sources = createSources({ http: createHttpClient(), now: () => Date.now(), allowCommands: [], memory: new MemoryMetrics() });

let folder: string;
let flags: string;
const children = new Set<ChildProcess>();
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'tidegate-sample-')); flags = join(folder, 'flags.json'); await setPercent(0); });
afterEach(async () => { for (const child of children) child.kill('SIGKILL'); children.clear(); await rm(folder, { recursive: true, force: true }); });

interface Running { readonly child: ChildProcess; readonly ended: Promise<number | null>; output(): string; errors(): string }
function run(file: string, args: readonly string[]): Running {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve(code))), output: () => output, errors: () => errors };
}
async function startService(...args: string[]): Promise<Running & { readonly url: string }> {
  const running = run(SERVICE, ['--port', '0', '--flags', flags, ...args]);
  const url = await eventually('the service says where it is', () => /http:\/\/127\.0\.0\.1:\d+/.exec(running.output())?.[0] ?? null);
  return { ...running, url };
}
async function setPercent(percent: number): Promise<void> {
  const targeting = { fractional: [{ cat: [{ var: '$flagd.flagKey' }, { var: 'targetingKey' }] }, ['on', percent], ['off', 100 - percent]] };
  await writeFile(`${flags}.new`, JSON.stringify({ flags: { 'new-checkout': { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting } } }));
  await rename(`${flags}.new`, flags);
}
/** Waits for a condition, 15 s at most. */
async function eventually<T>(what: string, check: () => T | null | false | Promise<T | null | false>): Promise<T> {
  const until = performance.now() + 15_000;
  for (;;) {
    const found = await check();
    if (found !== null && found !== false) return found;
    if (performance.now() > until) throw new Error(`within 15 s it was not seen that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const versionOf = async (url: string, user: string): Promise<string> => ((await (await fetch(`${url}/checkout?user=${user}`)).json()) as { version: string }).version;
async function usersOnNew(url: string, count: number): Promise<Set<string>> {
  const users = new Set<string>();
  await Promise.all(Array.from({ length: count }, async (_, i) => { if ((await versionOf(url, `user-${i}`)) === 'new') users.add(`user-${i}`); }));
  return users;
}
const measure = async (provider: string, settings: ProviderSettings): Promise<Measurement> => (await sources[provider]!.measure(metricRef(settings), 0, 1, new AbortController().signal))[0]!.measurement;

test('the share of users who get the new version follows the flag file, the same users each time, and nobody loses it when the share grows', async () => {
  const { url } = await startService();
  expect((await usersOnNew(url, 300)).size).toBe(0);
  let before = new Set<string>();
  for (const percent of [10, 25, 50, 100]) {
    await setPercent(percent);
    // the first user who changes sides shows that the file was read
    await eventually(`more than ${before.size} are served by the new version`, async () => (await usersOnNew(url, 300)).size > before.size);
    const now = await usersOnNew(url, 300);
    expect(now.size / 3).toBeGreaterThan(percent - 8);
    expect(now.size / 3).toBeLessThan(percent + 8);
    for (const user of before) expect(now.has(user)).toBe(true);
    expect(await usersOnNew(url, 300)).toEqual(now);
    before = now;
  }
});

test('it measures itself as its users see it, in JSON and as Prometheus text, by the Accept header', async () => {
  await setPercent(100);
  const { url } = await startService();
  expect(await measure('json', { url: `${url}/metrics`, at: 'requests.error_rate_percent', samples: 'window.requests' })).toEqual({ kind: 'idle', samples: 0 });
  expect(await measure('json', { url: `${url}/metrics`, at: 'flag.exposed_percent' })).toMatchObject({ kind: 'noData' });
  expect((await usersOnNew(url, 40)).size).toBe(40);
  await eventually('all of them are counted', async () => JSON.stringify(await measure('json', { url: `${url}/metrics`, at: 'requests.total' })) === '{"kind":"value","value":40}');
  expect(await measure('json', { url: `${url}/metrics`, at: 'new.requests' })).toEqual({ kind: 'value', value: 40 });
  expect(await measure('json', { url: `${url}/metrics`, at: 'flag.exposed_percent' })).toEqual({ kind: 'value', value: 100 });
  expect(await measure('json', { url: `${url}/metrics`, at: 'requests.error_rate_percent', samples: 'window.requests' })).toEqual({ kind: 'value', value: 0, samples: 40 });
  expect(await measure('json', { url: `${url}/metrics`, ratio: ['requests.errors', 'requests.total'] })).toEqual({ kind: 'value', value: 0, samples: 40 });
  expect(await measure('json', { url: `${url}/metrics`, members: 'alerts' })).toEqual({ kind: 'value', value: 0, members: [] });
  const p95 = await measure('json', { url: `${url}/metrics`, at: 'latency.p95_ms' });
  expect(p95.kind === 'value' && p95.value > 1).toBe(true);
  expect(await measure('prometheus-text', { url: `${url}/metrics`, metric: 'sample_requests_total', labels: { version: 'new' } })).toEqual({ kind: 'value', value: 40 });
  expect(await measure('prometheus-text', { url: `${url}/metrics`, ratio: [{ metric: 'sample_errors_total' }, { metric: 'sample_requests_total' }] })).toEqual({ kind: 'value', value: 0, samples: 40 });
  expect(await measure('probe', { url: `${url}/healthz`, fields: { status: 'ok' } })).toEqual({ kind: 'value', value: 1 });
});

test('with the fault, the new version really fails from its exposure on, and not before', { timeout: 120_000 }, async () => {
  await setPercent(25);
  const service = await startService('--fault-at', '50');
  const traffic = run(TRAFFIC, ['--url', service.url, '--users', '200', '--rate', '80']);
  const metrics = async (): Promise<{ requests: { errors: number; error_rate_percent: number | null }; latency: { p95_ms: number }; new: { requests: number; error_rate_percent: number | null }; alerts: unknown[] }> => (await (await fetch(`${service.url}/metrics`)).json()) as never;
  await eventually('the new version serves a quarter', async () => (await metrics()).new.requests > 20);
  expect((await metrics()).requests.errors).toBe(0);
  await setPercent(50);
  const bad = await eventually('it fails', async () => { const now = await metrics(); return (now.new.error_rate_percent ?? 0) > 20 && now.latency.p95_ms > 100 && now.alerts.length > 0 && now; });
  expect(bad.requests.error_rate_percent!).toBeGreaterThan(5);
  await setPercent(0);
  await eventually('nobody is on the new side any more', async () => (await measure('json', { url: `${service.url}/metrics`, at: 'flag.exposed_percent' }).then((m) => m.kind === 'value' && m.value === 0)));
  const served = (await eventually('requests under way have ended', async () => { const a = (await metrics()).new.requests; await new Promise((resolve) => setTimeout(resolve, 400)); return (await metrics()).new.requests === a && { a }; })).a;
  expect(served).toBeGreaterThan(bad.new.requests - 1);
  await eventually('it is well again', async () => (await metrics()).requests.error_rate_percent === 0);
  traffic.child.kill('SIGTERM');
  expect(await traffic.ended).toBe(0);
  const summary = JSON.parse(traffic.output()) as Record<string, number>;
  expect(summary.failed).toBeGreaterThan(0);
  expect(summary.unreachable).toBe(0);
  expect(summary.sent).toBe(summary.ok! + summary.failed!);
});

test('a flag file that is broken or away leaves the last good one in force and is complained about', async () => {
  await setPercent(100);
  const service = await startService();
  await writeFile(flags, '{"flags":');
  await eventually('it complains', () => service.errors().includes('the last good one stays in force'));
  expect(await versionOf(service.url, 'ann')).toBe('new');
  await rm(flags);
  await eventually('it complains again', () => service.errors().includes('ENOENT'));
  expect(await versionOf(service.url, 'ann')).toBe('new');
  await setPercent(0);
  await eventually('it reads the good one', async () => (await versionOf(service.url, 'ann')) === 'old');
});

test('both stop cleanly when they are told to, and when whoever started them is gone', async () => {
  const service = await startService('--stop-with-stdin');
  const traffic = run(TRAFFIC, ['--url', service.url, '--rate', '50', '--stop-with-stdin']);
  await eventually('requests come', async () => ((await (await fetch(`${service.url}/metrics`)).json()) as { requests: { total: number } }).requests.total > 5);
  traffic.child.stdin!.end();
  expect(await traffic.ended).toBe(0);
  service.child.kill('SIGTERM');
  expect(await service.ended).toBe(0);
  const another = await startService('--stop-with-stdin');
  another.child.stdin!.end();
  expect(await another.ended).toBe(0);
});

test('traffic survives a shop that is away, and ends by itself after its time', async () => {
  const traffic = run(TRAFFIC, ['--url', 'http://127.0.0.1:1', '--rate', '50', '--for', '0.5']);
  expect(await traffic.ended).toBe(0);
  const summary = JSON.parse(traffic.output()) as Record<string, number>;
  expect(summary.unreachable).toBeGreaterThan(5);
  expect(summary.ok).toBe(0);
});

test('wrong arguments are refused with the usage', async () => {
  for (const [file, args] of [[SERVICE, ['--port', 'x', '--flags', flags]], [SERVICE, ['--port', '0']], [SERVICE, ['--port', '0', '--flags', `${folder}/none`]], [SERVICE, ['--port', '0', '--flags', flags, '--flag', 'nope']], [SERVICE, ['--sort', '0']], [TRAFFIC, []], [TRAFFIC, ['--url', 'http://x', '--rate', '0']]] as const) {
    const running = run(file, args);
    expect([await running.ended, /usage: /.test(running.errors())], args.join(' ')).toEqual([2, true]);
  }
});
