// The prometheus source against a real Prometheus with a past written for the purpose: a burst, a gap, a reset, a series that ended.
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
