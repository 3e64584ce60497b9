// The datadog source against a server written from its public contract: which points count, what is no value, and that keys stay secret.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../src/judgement/types.js';
import { createHttpClient, type HttpRequest } from '../../src/http/client.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import { createDatadog, schema } from '../../src/sources/datadog.js';
import { createSources, MemoryMetrics, sources } from '../../src/sources/index.js';
import type { MetricRef } from '../../src/sources/port.js';
import { serveDatadog, type DatadogMore, type DatadogSeries } from '../servers/datadog.js';
import { HTTP_FAULTS, metricRef, sourceConformance } from './conformance.js';
import { startFaultServer, type FaultServer } from './fault-server.js';

const provider = createDatadog(createHttpClient());
const keys = { 'api key': 'api-key-5ecret', 'application key': 'app-key-5ecret' };
const one = (value: number | null | undefined): readonly DatadogSeries[] => [{ value }];

sourceConformance({ name: 'datadog', entry: sources['datadog']!, provider,
  healthy: (server) => ({ ...keys, query: 'avg:x{*}', url: serveDatadog(server, '/seven', () => one(7)) }),
  members: (server) => ({ ...keys, query: 'max:x{*} by {n}', url: serveDatadog(server, '/three', () => ['c', 'b', 'a', 'b'].map((n) => ({ tags: [`n:${n}`], value: 1 })).concat({ tags: ['n:d'], value: 0 })) }),
  refused: [{}, { query: '' }, { query: 'default_zero(sum:x{*})' }, { query: 'sum:x{*}.fill(zero)' }, { query: 'sum:x{*}.fill( last, 60)' }, { query: 'x', samples: 'DEFAULT_ZERO (x)' }, { query: 'x', absent: 0 }, { query: 'x', samples: 'y', absent: 1 }, { query: 'x', site: 'https://datadoghq.eu' }, { query: 'x', site: 'app.datadoghq.eu' }, { query: 'x', url: 'http://x/api/v1' }, { query: 'x', delay: 'a while' }],
  faults: { ask: (url) => ({ ...keys, url, query: 'x' }), expected: HTTP_FAULTS, refusedConnection: 'refused' },
  endless: (server) => ({ ...keys, url: `${server.origin}/hang`, query: 'x' }),
});

describe('answers of Datadog', () => {
  let server: FaultServer;
  let serial = 0;
  beforeAll(async () => { server = await startFaultServer(); });
  afterAll(() => server.close());
  const T = Date.UTC(2026, 2, 1); // a full interval
  const put = (at: (beginMs: number, query: string) => readonly DatadogSeries[], more: DatadogMore = {}): string => serveDatadog(server, `/dd${(serial += 1)}`, at, more);
  const measure = (url: string, from: number, to: number, settings: ProviderSettings = {}, metric: Partial<MetricRef> = {}): Promise<readonly Point[]> => provider.measure(metricRef({ ...keys, query: 'q', url, delay: '0s', ...settings }, { stepMs: 10_000, ...metric }), from, to, new AbortController().signal);
  const kinds = (points: readonly Point[]): string[] => points.map(({ measurement }) => (measurement.kind === 'value' ? String(measurement.value) : measurement.kind));
  const minute = (begin: number): number => (begin - T) / 20_000;

  describe('points', () => {
    test('at each step the last point counts whose interval is over; the one still growing never does', async () => {
      const url = put((begin) => one(100 + minute(begin)));
      const points = await measure(url, T + 60_000, T + 110_000);
      expect(points.map(({ at }) => (at - T) / 1000)).toEqual([70, 80, 90, 100, 110]);
      expect(kinds(points)).toEqual(['102', '103', '103', '104', '104']); // at 70 s the interval from 40 s to 60 s; that from 100 s on is growing
    });

    test('what had no time to arrive is not judged either: the delay moves what is read, not the instants', async () => {
      const url = put((begin) => one(100 + minute(begin)), { now: T + 110_000 });
      const points = await measure(url, T + 80_000, T + 110_000, { delay: '30s' });
      expect(points.map(({ at }) => (at - T) / 1000)).toEqual([90, 100, 110]);
      expect(kinds(points)).toEqual(['102', '102', '103']);
    });

    test('a point is told at the same instant whichever look asks for it, and none is lost between two looks', async () => {
      const url = put((begin) => one(minute(begin)));
      const whole = await measure(url, T, T + 300_000);
      const pieces = [...(await measure(url, T, T + 70_000)), ...(await measure(url, T + 70_000, T + 80_000)), ...(await measure(url, T + 80_000, T + 300_000))];
      expect(pieces).toEqual(whole);
      expect(new Set(kinds(whole)).size).toBe(16);
    });

    test('a missing point and one that is null are no data at their steps, and the point before does not stand in for them', async () => {
      for (const nothing of [null, undefined]) {
        const points = await measure(put((begin) => one(begin === T + 40_000 ? nothing : 5)), T + 40_000, T + 100_000);
        expect(kinds(points)).toEqual(['5', 'noData', 'noData', '5', '5', '5']);
      }
    });

    test('nothing at all is one point of no data', async () => {
      expect(await measure(put(() => []), T, T + 60_000)).toEqual([{ at: T + 60_000, measurement: { kind: 'noData', detail: 'the query answers no series' } }]);
    });

    test('data that stopped long ago is no data, not its last value', async () => { expect(kinds(await measure(put((begin) => (begin < T ? one(5) : [])), T + 60_000, T + 90_000))).toEqual(['noData']); });

    test('several series are ambiguous where there are several', async () => {
      const url = put((begin) => [{ tags: ['pod:a'], value: 1 }, { tags: ['pod:b'], value: begin === T + 20_000 ? 2 : undefined }]);
      expect(kinds(await measure(url, T + 30_000, T + 70_000))).toEqual(['ambiguous', 'ambiguous', '1', '1']);
    });

    test('half a day is asked for in pieces, without a seam', async () => {
      server.asked.length = 0;
      const points = await measure(put((begin) => one(minute(begin))), T, T + 12 * 3_600_000, {}, { stepMs: 60_000, timeoutMs: 20_000 });
      expect(server.asked.length).toBe(3);
      expect(points.map(({ at }) => (at - T) / 60_000)).toEqual(Array.from({ length: 720 }, (_, index) => index + 1));
      expect(kinds(points)).toEqual(points.map((_, index) => String((index + 1) * 3 - 1)));
    });

    test('points that stand for more than five minutes are refused with what to write', async () => {
      expect((await measure(put(() => one(1), { intervalS: 600 }), T, T + 60_000))[0]!.measurement).toMatchObject({ kind: 'providerError', code: 'bad-query', detail: expect.stringContaining('.rollup(avg, 60)') as string });
      expect(kinds(await measure(put(() => one(1), { intervalS: 300 }), T, T + 10_000))).toEqual(['1']);
    });
  });

  test('the question is in whole seconds and never about the future', async () => {
    server.asked.length = 0;
    await measure(put(() => one(1)), T + 500, T + 10_500, { query: 'avg:x{a:b} by {c}' });
    const asked = new URL(server.asked[0]!.path, 'http://x').searchParams;
    expect(asked.get('query')).toBe('avg:x{a:b} by {c}');
    expect([Number(asked.get('from')) - T / 1000, Number(asked.get('to')) - T / 1000]).toEqual([-590, 11]);
  });

  describe('samples', () => {
    const withSamples = (value: number | undefined, samples: number | undefined, settings: ProviderSettings = {}): Promise<readonly Point[]> => measure(put((_begin, query) => (query === 'count' ? one(samples) : one(value))), T, T + 10_000, { samples: 'count', ...settings });
    test.each([
      ['a value over many', 0.5, 1200, {}, { kind: 'value', value: 0.5, samples: 1200 }], ['nothing over nothing', undefined, 0, {}, { kind: 'idle', samples: 0 }], ['nothing over some', undefined, 5, {}, { kind: 'noData' }],
      ['nothing over some, where that means none', undefined, 5, { absent: 0 }, { kind: 'value', value: 0, samples: 5 }], ['nothing over nothing, where that means none', undefined, 0, { absent: 0 }, { kind: 'idle' }],
      ['nothing over an unknown count', undefined, undefined, { absent: 0 }, { kind: 'noData' }], ['a value over an unknown count', 0.5, undefined, {}, { kind: 'noData' }],
    ] as const)('%s', async (_what, value, samples, settings, expected) => { expect((await withSamples(value, samples, settings))[0]!.measurement).toMatchObject(expected); });
  });

  test('members are the series above 0, named by their tags; no series at all is no data', async () => {
    const members = (at: () => readonly DatadogSeries[]): Promise<readonly Point[]> => measure(put(at), T, T + 10_000, {}, { members: true });
    expect((await members(() => [{ tags: ['service:shop'], value: 2 }, { tags: ['service:cart'], value: 0 }]))[0]!.measurement).toMatchObject({ kind: 'value', value: 1, members: [expect.stringMatching(/^shop-[0-9a-f]{10}$/)] });
    expect((await members(() => []))[0]!.measurement).toMatchObject({ kind: 'noData' });
  });

  describe('errors', () => {
    const says = async (status: number, body: string, headers: Record<string, string> = {}): Promise<unknown> => {
      const path = `/dd${(serial += 1)}`;
      server.serve(`${path}/api/v1/query`, { status, body, headers });
      return (await measure(`${server.origin}${path}`, T, T + 10_000))[0]!.measurement;
    };
    test.each([
      ['an error with status 200', 200, '{"status":"error","error":"Error parsing query: q","series":[]}', 'bad-query', /Error parsing query/], ['a query it refuses', 400, '{"errors":["Invalid query"]}', 'bad-query', /Invalid query/], ['a key without permission', 403, '{"errors":["Forbidden"]}', 'forbidden', /Forbidden/],
      ['no status', 200, '{"series":[]}', 'bad-answer', /status/], ['no series', 200, '{"status":"ok"}', 'bad-answer', /series/], ['points without their length', 200, '{"status":"ok","series":[{"pointlist":[]}]}', 'bad-answer', /how long/],
      ['a point that is text', 200, '{"status":"ok","series":[{"interval":20,"pointlist":[[1,"5"]]}]}', 'bad-answer', /no pair/], ['a key twice', 200, '{"status":"ok","status":"ok"}', 'not-json', /twice/],
    ])('%s', async (_what, status, body, code, words) => { expect(await says(status, body)).toMatchObject({ kind: 'providerError', code, detail: expect.stringMatching(words) as string }); });

    test('a limit says when it opens again', async () => { expect(await says(429, '{"errors":["Rate limit exceeded"]}', { 'x-ratelimit-reset': '42' })).toMatchObject({ kind: 'providerError', code: 'rate-limited', detail: expect.stringContaining('opens again in 42 s; Rate limit exceeded') as string }); });

    test('a limit that opens again soon is waited for, as the worker makes the source', async () => {
      const worker = createSources({ http: createHttpClient(), now: () => 0, allowCommands: [], memory: new MemoryMetrics() })['datadog']!;
      let asked = 0;
      const good = serveDatadog(server, '/dd-good', () => one(4));
      server.serve('/dd-limited/api/v1/query', (request, response) => {
        asked += 1;
        if (asked === 1) response.writeHead(429, { 'x-ratelimit-reset': '1' }).end('{}');
        else response.writeHead(307, { location: `${good}/api/v1/query${new URL(request.url!, 'http://x').search}` }).end();
      });
      const points = await worker.measure(metricRef({ ...keys, query: 'q', url: `${server.origin}/dd-limited` }, { timeoutMs: 5_000 }), T, T + 10_000, new AbortController().signal);
      expect(kinds(points)).toEqual(['4']);
      expect(asked).toBe(2);
    });

    test('when a later piece fails, what was read is kept and the look itself is an error', async () => {
      const url = put(() => one(1));
      let calls = 0;
      const inner = createHttpClient();
      const failing = createDatadog({ send: (request, signal) => ((calls += 1) === 2 ? inner.send({ ...request, url: `${server.origin}/500` }, signal) : inner.send(request, signal)) });
      const points = await failing.measure(metricRef({ ...keys, query: 'q', url }, { stepMs: 60_000, timeoutMs: 20_000 }), T, T + 6 * 3_600_000, new AbortController().signal);
      expect(points.length).toBe(241);
      expect(points.at(-1)).toMatchObject({ at: T + 6 * 3_600_000, measurement: { kind: 'providerError', code: 'server-error' } });
    });
  });

  describe('keys', () => {
    test('the right ones are let in, others are not, and none is ever told', async () => {
      const url = put(() => one(3), { keys: [keys['api key'], keys['application key']] });
      expect(kinds(await measure(url, T, T + 10_000))).toEqual(['3']);
      const refused = await measure(url, T, T + 10_000, { 'application key': 'wr0ng-key' });
      expect(refused[0]!.measurement).toMatchObject({ kind: 'providerError', code: 'forbidden' });
      server.serve('/dd-echo/api/v1/query', { status: 400, body: JSON.stringify({ errors: [`no access for ${keys['api key']} and ${keys['application key']}`] }) });
      const echoed = await measure(`${server.origin}/dd-echo`, T, T + 10_000);
      expect(echoed[0]!.measurement).toMatchObject({ code: 'bad-query', detail: expect.stringContaining('no access for *** and ***') as string });
      for (const secret of Object.values(keys)) expect(JSON.stringify([refused, echoed])).not.toContain(secret);
    });

    test('by default they are references to the environment, and the site is a host of Datadog', async () => {
      const settings = schema.settings.parse({ query: 'q', site: 'us3.datadoghq.com' }) as ProviderSettings;
      expect([settings['api key'], settings['application key']]).toEqual(['${env:DD_API_KEY}', '${env:DD_APP_KEY}']);
      const requests: HttpRequest[] = [];
      await createDatadog({ send: async (request) => { requests.push(request); return { kind: 'failure', code: 'refused', detail: '', address: '', reached: 'no' }; } }).measure(metricRef({ ...settings, ...keys }), T, T + 10_000, new AbortController().signal);
      expect(requests[0]!.url).toMatch(/^https:\/\/api\.us3\.datadoghq\.com\/api\/v1\/query\?from=/);
    });
  });
});
