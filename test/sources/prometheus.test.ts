// What the prometheus source makes of answers that a real server does not give on demand. The real one: prometheus-real.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../src/judgement/types.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import { createHttpClient } from '../../src/http/client.js';
import { createPrometheus } from '../../src/sources/prometheus.js';
import type { MetricRef } from '../../src/sources/port.js';
import { metricRef } from './conformance.js';
import { startFaultServer, type FaultServer } from './fault-server.js';
import { servePrometheus, type DoubleSeries } from './prometheus-double.js';

const source = createPrometheus(createHttpClient());
let server: FaultServer;
beforeAll(async () => { server = await startFaultServer(); });
afterAll(() => server.close());

const T = Date.UTC(2026, 2, 1);
let serial = 0;
interface Ask { from?: number; to?: number; settings?: ProviderSettings; metric?: Partial<MetricRef>; more?: object; shiftMs?: number }
function ask(at: (atMs: number, query: string) => readonly DoubleSeries[], { from = T, to = T + 60_000, settings = {}, metric = {}, more = {}, shiftMs = 0 }: Ask = {}): Promise<readonly Point[]> {
  const path = `/p${(serial += 1)}`;
  servePrometheus(server, path, at, more, shiftMs);
  return source.measure(metricRef({ url: `${server.origin}${path}`, query: 'q', ...settings }, { stepMs: 15_000, ...metric }), from, to, new AbortController().signal);
}
const one = (value: string): readonly DoubleSeries[] => [{ labels: {}, value }];
const kinds = (points: readonly Point[]): string[] => points.map(({ measurement }) => (measurement.kind === 'value' ? String(measurement.value) : measurement.kind));

describe('instants', () => {
  test('every step after the last look is answered, up to the instant of the look', async () => {
    const points = await ask((at) => one(String((at - T) / 1000)));
    expect(points.map((point) => point.at - T)).toEqual([15_000, 30_000, 45_000, 60_000]);
    expect(kinds(points)).toEqual(['15', '30', '45', '60']);
  });

  test('a stretch that is no multiple of the step loses nothing at its beginning and nothing at its end', async () => {
    const points = await ask(() => one('1'), { to: T + 50_000 });
    expect(points.map((point) => point.at - T)).toEqual([5_000, 20_000, 35_000, 50_000]);
  });

  test('a stretch of a step or less is one instant query', async () => {
    const points = await ask(() => one('1'), { to: T + 15_000 });
    expect(points).toEqual([{ at: T + 15_000, measurement: { kind: 'value', value: 1 } }]);
    expect(server.asked.at(-1)!.path).toMatch(/\/api\/v1\/query$/);
  });

  test('instants come from the answer of a server that aligns them by itself', async () => {
    const points = await ask(() => one('1'), { shiftMs: -4_000 });
    expect(points.map((point) => point.at - T)).toEqual([11_000, 26_000, 41_000, 56_000]);
  });

  test('a long stretch is asked for in pieces that the server accepts, without a seam', async () => {
    const before = server.asked.length;
    const points = await ask((at) => one(String((at - T) / 15_000)), { to: T + 25_000 * 15_000, metric: { timeoutMs: 20_000 } });
    expect(points.length).toBe(25_000);
    expect(points.every(({ at, measurement }, i) => at === T + (i + 1) * 15_000 && measurement.kind === 'value' && measurement.value === i + 1)).toBe(true);
    expect(server.asked.length - before).toBe(3);
  });

  test('a stretch of months is read in wider steps, not in millions of points', async () => {
    const points = await ask(() => one('1'), { to: T + 90 * 86_400_000, metric: { timeoutMs: 20_000, stepMs: 1_000 } });
    expect(points.length).toBeLessThanOrEqual(50_000);
    expect(points.at(-1)!.at).toBe(T + 90 * 86_400_000);
  });
});

describe('what is no value is never a number', () => {
  test('steps without a point between others are no data, so that a blind stretch is seen', async () => {
    const points = await ask((at) => (at === T + 30_000 ? [] : one('1')));
    expect(kinds(points)).toEqual(['1', 'noData', '1', '1']);
    expect(points[1]!.at).toBe(T + 30_000);
  });
  test('a series that ended before the look leaves the rest up to the look as no data', async () => {
    expect(kinds(await ask((at) => (at > T + 20_000 ? [] : one('1'))))).toEqual(['1', 'noData', 'noData', 'noData']);
  });
  test('nothing at all is one point of no data at the look', async () => {
    expect(await ask(() => [])).toEqual([{ at: T + 60_000, measurement: { kind: 'noData', detail: 'the query answers no series' } }]);
  });
  test.each([['NaN', 'NaN'], ['+Inf', '+Inf'], ['-Inf', '-Inf']])('%s is not finite', async (text, value) => {
    expect((await ask(() => one(text), { to: T + 1_000 }))[0]!.measurement).toEqual({ kind: 'nonFinite', value });
  });
  test('several series are ambiguous at the instants where there are several, and only there', async () => {
    const points = await ask((at) => [{ labels: { pod: 'a' }, value: '1' }, ...(at === T + 30_000 ? [{ labels: { pod: 'b' }, value: '2' }] : [])]);
    expect(kinds(points)).toEqual(['1', 'ambiguous', '1', '1']);
    expect(points[1]!.measurement).toEqual({ kind: 'ambiguous', series: 2 });
  });
  test.each([
    ['a warning', { warnings: ['a store did not answer'] }, 'warnings', /a store did not answer/],
    ['a note', { infos: ['metric might not be a counter'] }, 'warnings', /infos: accept/],
  ])('%s with the answer makes it unknown', async (_what, more, code, text) => {
    const points = await ask(() => one('1'), { more });
    expect(points).toHaveLength(1);
    expect(points[0]!.measurement).toMatchObject({ kind: 'providerError', code, detail: expect.stringMatching(text) as string });
  });
  test('a note can be accepted, a warning cannot', async () => {
    expect(kinds(await ask(() => one('1'), { more: { infos: ['x'] }, settings: { infos: 'accept' }, to: T + 1_000 }))).toEqual(['1']);
    expect(kinds(await ask(() => one('1'), { more: { warnings: ['x'], infos: [] }, settings: { infos: 'accept' }, to: T + 1_000 }))).toEqual(['providerError']);
  });
  test('empty lists of warnings and notes are none', async () => { expect(kinds(await ask(() => one('1'), { more: { warnings: [], infos: [] }, to: T + 1_000 }))).toEqual(['1']); });

  test.each([
    ['a status that is not success', '{"status":"error","errorType":"execution","error":"found duplicate series"}', 'bad-query'],
    ['no data', '{"status":"success"}', 'bad-answer'],
    ['a text', '{"status":"success","data":{"resultType":"string","result":[1,"a"]}}', 'bad-answer'],
    ['a value that is a bare number', '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,0.5]}]}}', 'bad-answer'],
    ['a value that is no number', '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"five"]}]}}', 'bad-answer'],
    ['a native histogram', '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}', 'bad-answer'],
    ['a series without labels', '{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"5"]}]}}', 'bad-answer'],
    ['a key twice', '{"status":"success","status":"success","data":{"resultType":"vector","result":[]}}', 'not-json'],
    ['another program', '{"hello":"world"}', 'bad-answer'],
    ['a list', '[]', 'bad-answer'],
  ])('an answer with %s is an error', async (_what, body, code) => {
    server.serve('/odd/api/v1/query', { body });
    const points = await source.measure(metricRef({ url: `${server.origin}/odd`, query: 'q' }), T, T + 1_000, new AbortController().signal);
    expect(points.map(({ measurement }) => (measurement.kind === 'providerError' ? measurement.code : measurement.kind))).toEqual([code]);
  });

  test('a scalar is one value', async () => {
    server.serve('/scalar/api/v1/query', { body: `{"status":"success","data":{"resultType":"scalar","result":[${T / 1000 + 1},"4.5"]}}` });
    expect(await source.measure(metricRef({ url: `${server.origin}/scalar/`, query: '4.5' }), T, T + 1_000, new AbortController().signal)).toEqual([{ at: T + 1_000, measurement: { kind: 'value', value: 4.5 } }]);
  });

  test('when a later piece of a long stretch fails, what was read is kept and the look itself is an error', async () => {
    let calls = 0;
    servePrometheus(server, '/late', () => one('1'));
    const inner = createHttpClient();
    const failing = createPrometheus({ send: (request, signal) => ((calls += 1) === 2 ? inner.send({ ...request, url: `${server.origin}/500` }, signal) : inner.send(request, signal)) });
    const points = await failing.measure(metricRef({ url: `${server.origin}/late`, query: 'q' }, { timeoutMs: 20_000 }), T, T + 15_000 * 15_000, new AbortController().signal);
    expect(points.length).toBe(10_001);
    expect(points.at(-1)).toMatchObject({ at: T + 15_000 * 15_000, measurement: { kind: 'providerError', code: 'server-error' } });
  });
});

describe('samples', () => {
  const withSamples = (value: string | null, samples: string | null): Promise<readonly Point[]> => ask((_at, query) => {
    const text = query === 'count' ? samples : value;
    return text === null ? [] : one(text);
  }, { to: T + 1_000, settings: { samples: 'count' } });
  test.each([
    ['a value over many observations', '0.5', '1200.4', { kind: 'value', value: 0.5, samples: 1200 }],
    ['0 / 0 where no request came', 'NaN', '0', { kind: 'idle', samples: 0 }],
    ['no series where no request came', null, '0', { kind: 'idle', samples: 0 }],
    ['NaN although requests came', 'NaN', '5', { kind: 'nonFinite', value: 'NaN' }],
    ['no series although requests came', null, '5', { kind: 'noData', detail: 'the query answers no series' }],
    ['a value with an unknown count', '0.5', null, { kind: 'noData', detail: "its 'samples' query answers nothing" }],
    ['a value with a count that is not finite', '0.5', 'NaN', { kind: 'nonFinite', value: 'NaN' }],
    ['a value although nothing was counted', '0', '0', { kind: 'value', value: 0, samples: 0 }],
  ])('%s', async (_what, value, samples, expected) => { expect((await withSamples(value, samples))[0]!.measurement).toEqual(expected); });

  test('each step of a range has its own count', async () => {
    const points = await ask((at, query) => one(query === 'count' ? String((at - T) / 1000) : '1'), { settings: { samples: 'count' } });
    expect(points.map(({ measurement }) => (measurement.kind === 'value' ? measurement.samples : null))).toEqual([15, 30, 45, 60]);
  });
});

describe('members', () => {
  const alert = (alertname: string, more: Record<string, string> = {}): DoubleSeries => ({ labels: { __name__: 'ALERTS', alertname, ...more }, value: '1' });
  const members = (at: (atMs: number) => readonly DoubleSeries[], settings: ProviderSettings = {}, to = T + 1_000): Promise<readonly Point[]> => ask(at, { to, settings, metric: { members: true } });

  test('nothing firing is a measured 0', async () => { expect((await members(() => []))[0]!.measurement).toEqual({ kind: 'value', value: 0, members: [] }); });
  test('nothing firing is 0 only together with a good answer', async () => {
    expect((await ask(() => [], { to: T + 1_000, metric: { members: true }, more: { warnings: ['partial'] } }))[0]!.measurement.kind).toBe('providerError');
  });
  test('nothing firing is no data while what must be present is not', async () => {
    const points = await ask((at, query) => (query === 'up' && at <= T + 30_000 ? one('1') : []), { settings: { presence: 'up' }, metric: { members: true } });
    expect(kinds(points)).toEqual(['0', '0', 'noData', 'noData']);
  });
  test('a member keeps its name whatever the order of its labels, and from pending to firing', async () => {
    const names = async (series: DoubleSeries): Promise<unknown> => (await members(() => [series]))[0]!.measurement;
    const a = await names({ labels: { alertname: 'High', job: 'api', severity: 'critical', alertstate: 'pending' }, value: '1' });
    const b = await names({ labels: { severity: 'critical', alertstate: 'firing', job: 'api', alertname: 'High' }, value: '1' });
    expect(a).toEqual(b);
    expect(a).toMatchObject({ value: 1, members: [expect.stringMatching(/^High-[0-9a-f]{10}$/)] });
    expect(await names(alert('High', { job: 'db' }))).not.toEqual(await names(alert('High', { job: 'api' })));
  });
  test('each step of a range names its own', async () => {
    const points = await members((at) => (at === T + 30_000 ? [alert('A'), alert('B')] : [alert('A')]), {}, T + 60_000);
    expect(kinds(points)).toEqual(['1', '2', '1', '1']);
  });
  test('more than 64 are all counted, and 64 of them named', async () => {
    const { measurement } = (await members(() => Array.from({ length: 100 }, (_, i) => alert(`A${i}`))))[0]!;
    expect(measurement).toMatchObject({ kind: 'value', value: 100 });
    if (measurement.kind === 'value') expect(measurement.members).toHaveLength(64);
  });
});

test("the server's words about a bad query reach the reader, without what we sent as secret", async () => {
  server.serve('/teapot/api/v1/query', { status: 422, body: '{"status":"error","error":"cannot execute; you sent Bearer tok3n-echoed"}' });
  const points = await source.measure(metricRef({ url: `${server.origin}/teapot`, query: 'q', headers: { authorization: 'Bearer tok3n-echoed' } }), T, T + 1_000, new AbortController().signal);
  expect(points[0]!.measurement).toMatchObject({ kind: 'providerError', code: 'bad-query', detail: expect.stringContaining('cannot execute; you sent ***') as string });
});

test('headers of the plan, such as a tenant, go with every question', async () => {
  const before = server.asked.length;
  await ask((_at, query) => one(query === 'n' ? '10' : '1'), { settings: { samples: 'n', presence: 'up', headers: { 'X-Scope-OrgID': 'team-a' } } });
  const asked = server.asked.slice(before);
  expect(asked.map(({ headers }) => headers['x-scope-orgid'])).toEqual(['team-a', 'team-a', 'team-a']);
});

test('a server that cannot execute it (422) and one that is overloaded (503) are told apart, whatever the body', async () => {
  const at = async (status: number, body: string): Promise<unknown> => { server.serve('/says/api/v1/query', { status, body }); return (await source.measure(metricRef({ url: `${server.origin}/says`, query: 'q' }), T, T + 1_000, new AbortController().signal))[0]!.measurement; };
  expect(await at(422, '{"status":"error","errorType":"execution","error":"unavailable with Prometheus Agent"}')).toMatchObject({ kind: 'providerError', code: 'bad-query', detail: expect.stringContaining('Prometheus Agent') as string });
  expect(await at(503, '{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}')).toMatchObject({ kind: 'providerError', code: 'server-error', detail: expect.stringContaining('timed out') as string });
  expect(await at(422, 'upstream says no')).toMatchObject({ kind: 'providerError', code: 'bad-query' });
});
