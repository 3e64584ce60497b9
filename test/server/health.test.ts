// Health, readiness and metrics over HTTP: every failing component is named, and nothing a component does makes a request hang.
import { createServer } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { FinalError } from '../../src/errors.js';
import { serveHealth, type HealthOptions, type HealthServer } from '../../src/server/health.js';

let server: HealthServer | null = null;
afterEach(async () => { await server?.close(); server = null; });
const fine = { ok: true, detail: 'fine' };
async function serve(options: Partial<HealthOptions> = {}): Promise<string> {
  server = await serveHealth({ host: '127.0.0.1', port: 0, alive: () => fine, components: { engine: () => fine, worker: () => fine }, metrics: async () => 'm 1\n', ...options });
  return server.address;
}

test('ready means every component is, and one that is not is named with what was found', async () => {
  const good = await fetch(`${await serve()}/readyz`);
  expect([good.status, await good.json()]).toEqual([200, { status: 'ready', components: { engine: fine, worker: fine } }]);
  await server!.close();
  const bad = await fetch(`${await serve({ components: { engine: () => { throw new Error('connection refused'); }, worker: () => fine } })}/readyz`);
  expect(bad.status).toBe(503);
  expect(await bad.json()).toEqual({ status: 'not ready', failing: ['engine'], components: { engine: { ok: false, detail: 'connection refused' }, worker: fine } });
});

test('a component that never answers is not ready, and the answer still comes', async () => {
  const response = await fetch(`${await serve({ components: { engine: () => new Promise(() => {}) } })}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ failing: ['engine'], components: { engine: { detail: 'no answer within 2.5 s' } } });
});

test('alive is something else than ready', async () => {
  const address = await serve({ components: { engine: () => ({ ok: false, detail: 'away' }) } });
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
  await server!.close();
  const dead = await fetch(`${await serve({ alive: () => ({ ok: false, detail: 'tidegate: FAILED' }) })}/healthz`);
  expect([dead.status, await dead.json()]).toEqual([503, { status: 'failed', detail: 'tidegate: FAILED' }]);
});

test('only the three pages exist, and only for reading', async () => {
  const address = await serve();
  const metrics = await fetch(`${address}/metrics`);
  expect([await metrics.text(), metrics.headers.get('content-type')]).toEqual(['m 1\n', 'text/plain; version=0.0.4; charset=utf-8']);
  expect((await fetch(`${address}/constructor`)).status).toBe(404);
  expect((await fetch(`${address}/metrics`, { method: 'POST' })).status).toBe(405);
});

test('a port that is taken refuses the start and says which setting changes it', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const error = await serve({ port }).then(() => null, (e: unknown) => e);
  other.close();
  expect(error).toBeInstanceOf(FinalError);
  expect((error as FinalError).code).toBe('PORT_TAKEN');
  expect((error as FinalError).message).toContain('TIDEGATE_HTTP');
});
