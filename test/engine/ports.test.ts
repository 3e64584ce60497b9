// How the worker's own ports reach providers: one question for many rollouts, by the way that the environment names.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ports } from '../../activities/ports.js';
import { createPorts } from '../../src/engine/ports.js';
import { readSettings } from '../../src/engine/settings.js';
import { createLog } from '../../src/log/log.js';
import { noMeters } from '../../src/metrics/port.js';
import { startProxy, type ProxyServer } from '../http/proxy-server.js';
import { metricRef } from '../sources/conformance.js';
import { startFaultServer, type FaultServer } from '../sources/fault-server.js';

let server: FaultServer;
let proxy: ProxyServer;
let ports: Ports;
let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tidegate-ports-'));
  server = await startFaultServer();
  proxy = await startProxy(Number(new URL(server.origin).port));
  const env = { TIDEGATE_HOME: home, TIDEGATE_LOG: 'silent', HTTP_PROXY: proxy.url };
  ports = await createPorts({ settings: readSettings(env, home), logger: createLog({ level: 'silent' }), meters: noMeters, client: {} as Client, env });
});
afterAll(async () => { await ports?.journal.close(); await proxy?.close(); await server?.close(); rmSync(home, { recursive: true, force: true }); });

test('the same question of several rollouts in the same moment is asked once, and goes through the proxy of the environment', async () => {
  server.serve('/doc', (_request, response) => { setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":7}'), 300); });
  const ask = (): Promise<unknown> => ports.source('json').measure(metricRef({ url: 'http://metrics.internal/doc', at: 'a' }), 0, 1_000, new AbortController().signal);
  for (const points of await Promise.all([ask(), ask(), ask()])) expect(points).toEqual([{ at: 1_000, measurement: { kind: 'value', value: 7 } }]);
  expect(proxy.asked).toEqual(['GET http://metrics.internal/doc']);
});

test("the dead man's ping goes the same way, and a missed one is nobody's failure", async () => {
  server.serve('/ping', { body: '' });
  ports.ping('http://watch.internal/ping');
  ports.ping('not an address');
  for (let tries = 0; tries < 100 && proxy.asked.length < 2; tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(proxy.asked.at(-1)).toBe('POST http://watch.internal/ping');
});
