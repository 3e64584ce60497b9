// What a probe calls down, and what it cannot say.
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Measurement } from '../../src/judgement/types.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import { createHttpClient } from '../../src/http/client.js';
import { createProbe } from '../../src/sources/probe.js';
import { providerSchemas } from '../../src/engine/provider-schemas.js';
import { parsePlan } from '../../src/plan/index.js';
import { metricRef } from './conformance.js';
import { closedAddress, startFaultServer, type FaultServer } from './fault-server.js';

const source = createProbe(createHttpClient());
let server: FaultServer;
beforeAll(async () => {
  server = await startFaultServer();
  server.serve('/ok', { body: '{"status":"ok","components":{"db":"ok","queue":"down"}}' });
  server.serve('/created', { status: 201, body: '' });
});
afterAll(() => server.close());
const probe = async (settings: ProviderSettings, timeoutMs = 2_000): Promise<Measurement> => (await source.measure(metricRef(settings, { timeoutMs }), 0, 1_000, new AbortController().signal))[0]!.measurement;
const down = (detail: RegExp): object => ({ kind: 'value', value: 0, detail: expect.stringMatching(detail) as string });

test('the expected status is up', async () => {
  expect(await probe({ url: `${server.origin}/ok` })).toEqual({ kind: 'value', value: 1 });
  expect(await probe({ url: `${server.origin}/created`, status: [200, 201] })).toEqual({ kind: 'value', value: 1 });
  expect(await probe({ url: `${server.origin}/503`, status: 503 })).toEqual({ kind: 'value', value: 1 });
});
test('another status is down, and says which', async () => {
  expect(await probe({ url: `${server.origin}/created` })).toEqual(down(/answered 201 instead of 200/));
  expect(await probe({ url: `${server.origin}/404` })).toEqual(down(/answered 404/));
});
test('a component that is not ok is down and is named, and only it', async () => {
  const found = await probe({ url: `${server.origin}/ok`, fields: { status: 'ok', 'components.db': 'ok', 'components.queue': 'ok', 'components.mail': 'ok' } });
  expect(found).toEqual(down(/components\.queue is 'down' instead of 'ok', components\.mail is missing instead of 'ok'$/));
  expect(found).not.toEqual(down(/components\.db/));
});
test('one field may be given by itself, and is compared with its type', async () => {
  server.serve('/live', { body: '{"live":true,"count":"1"}' });
  expect(await probe({ url: `${server.origin}/live`, field: 'live' })).toEqual({ kind: 'value', value: 1 });
  expect(await probe({ url: `${server.origin}/live`, field: 'count', equals: 1 })).toEqual(down(/count is '1' instead of 1/));
});
test('a redirect is followed, unless it is what is expected', async () => {
  server.serve('/moved', { status: 302, body: '', headers: { location: '/ok' } });
  expect(await probe({ url: `${server.origin}/moved` })).toEqual({ kind: 'value', value: 1 });
  expect(await probe({ url: `${server.origin}/moved`, status: 302 })).toEqual({ kind: 'value', value: 1 });
});
test('a service that refuses, resets or hangs is down while the control answers', async () => {
  const control = `${server.origin}/503`;
  expect(await probe({ url: await closedAddress(), control })).toEqual(down(/refused the connection/));
  expect(await probe({ url: `${server.origin}/reset`, control })).toEqual(down(/broke/));
  expect(await probe({ url: `${server.origin}/hang`, control }, 400)).toEqual(down(/did not answer within 400 ms/));
});
test('when the control cannot be reached either, nothing is known of the service', async () => {
  const control = await closedAddress();
  for (const url of [await closedAddress(), `${server.origin}/reset`, `${server.origin}/hang`]) {
    expect(await probe({ url, control }, 400), url).toMatchObject({ kind: 'providerError', code: 'control-unreachable' });
  }
  expect(await probe({ url: await closedAddress(), control: `${server.origin}/hang` }, 400)).toMatchObject({ code: 'control-unreachable' });
});
test('an answer that is wrong needs no control: the network is well', async () => {
  expect(await probe({ url: `${server.origin}/500`, control: await closedAddress() })).toEqual(down(/answered 500/));
});
test('the control is left alone while the service is up', async () => {
  const before = server.asked.length;
  await probe({ url: `${server.origin}/ok`, control: `${server.origin}/ok` });
  expect(server.asked.length).toBe(before + 1);
});
test('an unknown host or a wrong address is our error, not a dead service', async () => {
  expect(await probe({ url: 'http://no-such-host.invalid/' }, 5_000)).toMatchObject({ kind: 'providerError', code: 'unknown-host' });
  expect(await probe({ url: 'http://127.0.0.1:1/' })).toMatchObject({ kind: 'providerError', code: 'bad-address' });
});
test('up in percent is 100', async () => {
  const points = await source.measure(metricRef({ url: `${server.origin}/ok` }, { scale: 100 }), 0, 1, new AbortController().signal);
  expect(points[0]!.measurement).toEqual({ kind: 'value', value: 100 });
});
test('each look opens a connection of its own, so that a new user is what is tried', async () => {
  let connections = 0;
  const counting = createServer((_request, response) => response.end()).on('connection', () => { connections += 1; });
  await new Promise<void>((resolve) => counting.listen(0, '127.0.0.1', resolve));
  const { port } = counting.address() as { port: number };
  for (let i = 0; i < 3; i += 1) await probe({ url: `http://127.0.0.1:${port}/` });
  expect(connections).toBe(3);
  await new Promise((resolve) => counting.close(resolve));
});

test('in % up is 100, whether or not the plan says what a probe reads', () => {
  const scale = (more: string): number => {
    const text = `rollout: r\nowner: ann\npeople: { ann: { name: Ann } }\ntargets: { flag: { memory: flag, safer: lower } }\nmetrics: { alive: { probe: 'http://127.0.0.1:9/'${more} } }\nphases: [{ phase: one, starts: day 1 at 09:00, move: { flag: 10% }, soak: 1h, watch: every 1m, enter: [alive = up] }]\n`;
    const parsed = parsePlan(text, { file: 'r.yaml', now: Date.parse('2027-02-01T12:00:00Z'), env: null, providers: providerSchemas, vars: {}, day1: '2027-03-01' });
    if (!parsed.ok) throw new Error(parsed.problems.map((problem) => problem.message).join('\n'));
    return parsed.plan.metrics[0]!.scale;
  };
  expect([scale(''), scale(", unit: '%'"), scale(", unit: '%', reads: ratio"), scale(", unit: '%', reads: '%'")]).toEqual([1, 100, 100, 1]);
});
