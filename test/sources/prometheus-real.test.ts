// The prometheus source against a real Prometheus with a past written for the purpose: a burst, a gap, a reset, a series that ended;
// one that scrapes a service while it is killed; one behind TLS and a password.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Measurement, Point } from '../../src/judgement/types.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import { createHttpClient } from '../../src/http/client.js';
import { createPrometheus } from '../../src/sources/prometheus.js';
import type { MetricRef } from '../../src/sources/port.js';
import { metricRef } from './conformance.js';
import { noPrometheus, startPrometheus, type RealPrometheus } from './real-prometheus.js';

const MINUTE = 60_000;
/** two hours of past that ended an hour ago, at a full minute */
const START = Math.floor(Date.now() / MINUTE) * MINUTE - 180 * MINUTE;
const END = START + 120 * MINUTE;

function past(): string[] {
  const each = (name: string, value: (minute: number) => number | string | null): string[] => {
    const lines: string[] = [];
    for (let second = 0; second <= 120 * 60; second += 15) {
      const found = value(second / 60);
      if (found !== null) lines.push(`${name} ${found} ${START / 1000 + second}`);
    }
    return lines;
  };
  return [
    // 10 requests/s; errors at 12 % from minute 30 to 36, else none
    ...each('requests_total{job="api"}', (m) => m * 600),
    ...each('errors_total{job="api"}', (m) => Math.min(Math.max(m - 30, 0), 6) * 72),
    ...each('idle_requests_total', () => 50),
    ...each('idle_errors_total', () => 3),
    ...each('gappy', (m) => (m > 40 && m < 70 ? null : 5)),
    ...each('restarted_total', (m) => (m < 60 ? m * 10 : (m - 60) * 10)),
    ...each('two{pod="a"}', () => 1),
    ...each('two{pod="b"}', (m) => (m >= 60 ? 2 : null)),
    ...each('ALERTS{alertname="High",severity="critical",alertstate="firing"}', (m) => (m >= 30 && m < 36 ? 1 : null)),
    ...each('not_a_number', () => 'NaN'),
    // 100 requests a minute up to minute 60: half of them below 0.1 s, all below 0.2 s; none after it
    ...([['0.1', 50], ['0.2', 100], ['+Inf', 100]] as const).flatMap(([le, perMinute]) => each(`duration_seconds_bucket{le="${le}"}`, (m) => Math.min(m, 60) * perMinute)),
    ...each('duration_seconds_count', (m) => Math.min(m, 60) * 100),
  ];
}

describe.skipIf(noPrometheus !== null)(`prometheus against a real server${noPrometheus === null ? '' : ` (skipped: ${noPrometheus})`}`, () => {
  let real: RealPrometheus;
  beforeAll(async () => { real = await startPrometheus(past()); });
  afterAll(() => real.close());
  const source = createPrometheus(createHttpClient());
  const ask = (query: string, from: number, to: number, settings: ProviderSettings = {}, metric: Partial<MetricRef> = {}): Promise<readonly Point[]> =>
    source.measure(metricRef({ url: real.origin, query, ...settings }, { timeoutMs: 10_000, stepMs: 15_000, ...metric }), from, to, new AbortController().signal);
  const at = async (query: string, minute: number, settings: ProviderSettings = {}, metric: Partial<MetricRef> = {}): Promise<Measurement> => (await ask(query, START + minute * MINUTE - 1_000, START + minute * MINUTE, settings, metric))[0]!.measurement;
  const ERROR_RATE = 'sum(rate(errors_total[1m])) / sum(rate(requests_total[1m]))';

  test('a burst of six minutes wholly between two looks is seen in full', async () => {
    const points = await ask(ERROR_RATE, START + 20 * MINUTE, START + 50 * MINUTE, {}, { scale: 100 });
    expect(points).toHaveLength(120);
    const high = points.filter(({ measurement }) => measurement.kind === 'value' && measurement.value > 10);
    expect(high[0]!.at).toBeGreaterThanOrEqual(START + 30 * MINUTE);
    expect(high[0]!.at).toBeLessThanOrEqual(START + 32 * MINUTE);
    expect(high.at(-1)!.at - high[0]!.at).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(Math.max(...high.map(({ measurement }) => (measurement.kind === 'value' ? measurement.value : 0)))).toBeCloseTo(12, 5);
    expect(points.every(({ measurement }) => measurement.kind === 'value')).toBe(true);
  });

  test('a ratio over no traffic is not finite, and idle when the plan counts the samples', async () => {
    const ratio = 'sum(rate(idle_errors_total[1m])) / sum(rate(idle_requests_total[1m]))';
    expect(await at(ratio, 30)).toEqual({ kind: 'nonFinite', value: 'NaN' });
    expect(await at(ratio, 30, { samples: 'sum(increase(idle_requests_total[1m]))' })).toEqual({ kind: 'idle', samples: 0 });
    expect(await at(ERROR_RATE, 20, { samples: 'sum(increase(requests_total[1m]))' })).toEqual({ kind: 'value', value: 0, samples: 600 });
    expect(await at('1 / 0', 30)).toEqual({ kind: 'nonFinite', value: '+Inf' });
    expect(await at('not_a_number', 30)).toEqual({ kind: 'nonFinite', value: 'NaN' });
  });

  test('a gap in the past is no data, once the server itself has stopped carrying the last sample on', async () => {
    const [from, to] = [START + 35.5 * MINUTE, START + 75.5 * MINUTE]; // half minutes: whether a look-back includes its edge changed with Prometheus 3
    const points = await ask('gappy', from, to, {}, { stepMs: MINUTE });
    const unknown = points.filter(({ measurement }) => measurement.kind === 'noData').map((point) => (point.at - START) / MINUTE);
    expect(unknown[0]).toBe(45.5); // five minutes of look-back after the last sample
    expect(unknown.at(-1)).toBe(69.5);
    expect(unknown).toHaveLength(25);
    const strict = await ask('count_over_time(gappy[1m])', from, to, {}, { stepMs: MINUTE });
    expect(strict.filter(({ measurement }) => measurement.kind === 'noData')).toHaveLength(29);
  });

  test('a series that ended is no data after it, not its last value for ever', async () => {
    expect(await at('requests_total', 120)).toMatchObject({ kind: 'value' });
    expect(await at('requests_total', 130)).toMatchObject({ kind: 'noData' });
    expect(END).toBe(START + 120 * MINUTE);
  });

  test('a counter that began again is no fall of its rate', async () => {
    const points = await ask('rate(restarted_total[5m]) * 60', START + 55 * MINUTE, START + 70 * MINUTE);
    for (const { measurement } of points) expect(measurement.kind === 'value' && measurement.value > 5 && measurement.value < 12).toBe(true);
  });

  test('a quantile of a histogram is a value, and over no observations not finite, or idle when they are counted', async () => {
    const p90 = 'histogram_quantile(0.9, sum by (le) (rate(duration_seconds_bucket[5m])))';
    const observed = await at(p90, 50, { samples: 'sum(increase(duration_seconds_count[5m]))' }, { scale: 1000 });
    expect(observed).toMatchObject({ kind: 'value', samples: 500 });
    expect(observed.kind === 'value' ? observed.value : NaN).toBeCloseTo(180, 6); // 0.1 s and four fifths of the bucket above it
    expect(await at(p90, 80)).toEqual({ kind: 'nonFinite', value: 'NaN' });
    expect(await at(p90, 80, { samples: 'sum(increase(duration_seconds_count[5m]))' })).toEqual({ kind: 'idle', samples: 0 });
    expect(await at('duration_seconds_bucket', 50)).toEqual({ kind: 'ambiguous', series: 3 });
  });

  test('several series are ambiguous from the instant on at which there are several', async () => {
    const points = await ask('two', START + 58 * MINUTE, START + 62 * MINUTE, {}, { stepMs: MINUTE });
    expect(points.map(({ measurement }) => measurement.kind)).toEqual(['value', 'ambiguous', 'ambiguous', 'ambiguous']);
    expect(await at('sum(two)', 61)).toEqual({ kind: 'value', value: 3 });
  });

  test('firing alerts are counted and named, and none firing is 0', async () => {
    const query = 'ALERTS{alertstate="firing",severity="critical"}';
    expect(await at(query, 10, {}, { members: true })).toEqual({ kind: 'value', value: 0, members: [] });
    expect(await at(query, 32, {}, { members: true })).toMatchObject({ kind: 'value', value: 1, members: [expect.stringMatching(/^High-/)] });
  });

  test('a scalar, an instant and a range of it are values', async () => {
    expect(await at('scalar(vector(4))', 10)).toEqual({ kind: 'value', value: 4 });
    expect((await ask('scalar(vector(4))', START, START + MINUTE)).map(({ measurement }) => measurement)).toEqual(Array(4).fill({ kind: 'value', value: 4 }));
  });

  test('a query that is wrong is an error with the words of the server', async () => {
    expect(await at('rate(requests_total', 10)).toMatchObject({ kind: 'providerError', code: 'bad-query', detail: expect.stringMatching(/unclosed left parenthesis/) as string });
    expect(await at('"a text"', 10)).toMatchObject({ kind: 'providerError', code: 'bad-answer' });
    expect(await at('requests_total * on(job) group_left two', 70)).toMatchObject({ kind: 'providerError', code: 'bad-query' }); // 422: found only while executing
  });

  test('a path in front of the API is kept', async () => {
    expect(await at('scalar(vector(4))', 10, { url: `${real.origin}/prefix` })).toMatchObject({ kind: 'providerError', code: 'not-found' });
  });

  test('while the server is away we cannot ask, and after its restart the past is as before', async () => {
    const before = await ask(ERROR_RATE, START + 20 * MINUTE, START + 50 * MINUTE);
    await real.kill();
    expect(await at(ERROR_RATE, 30)).toMatchObject({ kind: 'providerError', code: expect.stringMatching(/^(refused|reset)$/) as string });
    await real.start();
    expect(await ask(ERROR_RATE, START + 20 * MINUTE, START + 50 * MINUTE)).toEqual(before);
  });
});

describe.skipIf(noPrometheus !== null)(`prometheus that scrapes a service${noPrometheus === null ? '' : ` (skipped: ${noPrometheus})`}`, () => {
  const exporter = createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end('# TYPE queue gauge\nqueue 7\n'));
  let real: RealPrometheus;
  beforeAll(async () => {
    await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
    real = await startPrometheus([], `127.0.0.1:${(exporter.address() as AddressInfo).port}`);
  });
  afterAll(async () => { await real?.close(); exporter.closeAllConnections(); exporter.close(); });
  const source = createPrometheus(createHttpClient());
  const look = (query: string, from: number, to: number): Promise<readonly Point[]> => source.measure(metricRef({ url: real.origin, query }, { stepMs: 500 }), from, to, new AbortController().signal);
  const now = async (query: string): Promise<Measurement> => { const at = Date.now(); return (await look(query, at - 1, at))[0]!.measurement; };
  async function becomes(query: string, what: object): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const found = await now(query);
      try { expect(found).toMatchObject(what); return; } catch (error) { if (tries > 300) throw error; }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  test('a restart between two looks of a soak is a stretch without evidence, and what lies around it is kept', async () => {
    const fresh = 'count_over_time(queue[2s]) * 0 + 7'; // of samples no older than two seconds
    await becomes(fresh, { kind: 'value', value: 7 });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const killedAt = Date.now();
    await real.kill();
    expect(await now(fresh)).toMatchObject({ kind: 'providerError' });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await real.start();
    await becomes(fresh, { kind: 'value', value: 7 });
    const points = await look(fresh, killedAt - 1_000, Date.now());
    const blind = points.filter(({ measurement }) => measurement.kind === 'noData');
    expect(points[0]!.measurement).toMatchObject({ kind: 'value', value: 7 });
    expect(points.at(-1)!.measurement).toMatchObject({ kind: 'value', value: 7 });
    expect(blind.length).toBeGreaterThan(0);
    expect(points.every(({ measurement }) => measurement.kind === 'noData' || (measurement.kind === 'value' && measurement.value === 7))).toBe(true);
    const middle = points.filter(({ at }) => at >= blind[0]!.at && at <= blind.at(-1)!.at);
    expect(middle.map(({ measurement }) => measurement.kind)).toEqual(blind.map(() => 'noData')); // one stretch, without a hole
  });

  test('a service that is gone is no data within its next scrapes, long before the last value runs out', async () => {
    await becomes('queue', { kind: 'value', value: 7 });
    exporter.closeAllConnections();
    await new Promise((resolve) => exporter.close(resolve));
    await becomes('queue', { kind: 'noData' }); // a marker says that the series has ended; without one it would go on for five minutes
    expect(await now('up')).toEqual({ kind: 'value', value: 0 });
  });
});

describe.skipIf(noPrometheus !== null)(`prometheus behind TLS and a password${noPrometheus === null ? '' : ` (skipped: ${noPrometheus})`}`, () => {
  const tls = join(import.meta.dirname, '../servers/tls');
  /** as NODE_EXTRA_CA_CERTS would do for a whole process */
  const dispatcher = new Agent({ connect: { ca: readFileSync(join(tls, 'ca.crt')) } });
  const trusting = ((to: string, init?: RequestInit) => undiciFetch(to, { ...init as object, dispatcher })) as unknown as typeof fetch;
  const authorization = `Basic ${Buffer.from('ann:pa55-of-ann').toString('base64')}`;
  let real: RealPrometheus;
  beforeAll(async () => {
    real = await startPrometheus([], null, { web: {
      config: `tls_server_config: { cert_file: ${join(tls, 'server.crt')}, key_file: ${join(tls, 'server.key')} }\nbasic_auth_users: { ann: '$2b$04$YPDCkTVKIsiuRm.DbuzWJumO2i6sMQPaIQRQWVhVtMlJJj614e4cK' }\n`,
      scheme: 'https', fetch: trusting, headers: { authorization },
    } });
  });
  afterAll(async () => { await real?.close(); await dispatcher.close(); });
  const ask = async (settings: ProviderSettings, fetchLike = trusting): Promise<Measurement> => (await createPrometheus(createHttpClient(fetchLike)).measure(metricRef({ url: real.origin, query: 'vector(4)', ...settings }), 0, 1_000, new AbortController().signal))[0]!.measurement;

  test('credentials are sent as a header or as user info of the address, and a wrong one is told without it', async () => {
    expect(await ask({ headers: { authorization } })).toEqual({ kind: 'value', value: 4 });
    expect(await ask({ url: real.origin.replace('//', '//ann:pa55-of-ann@') })).toEqual({ kind: 'value', value: 4 });
    const refused = await ask({ url: real.origin.replace('//', '//ann:wr0ng-password@') });
    expect(refused).toMatchObject({ kind: 'providerError', code: 'unauthorized' });
    expect(JSON.stringify(refused)).not.toContain('wr0ng-password');
  });

  test('an authority that nobody vouches for is an error of ours, not a value', async () => { expect(await ask({ headers: { authorization } }, fetch)).toMatchObject({ kind: 'providerError', code: 'tls' }); });
});
