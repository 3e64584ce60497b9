// The alertmanager source: its conformance, what it makes of answers that a real server does not give on demand, and a real one with silenced,
// inhibited and old alerts, behind a real Prometheus too.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Measurement } from '../../src/judgement/types.js';
import { createHttpClient } from '../../src/http/client.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import { createAlertmanager, schema } from '../../src/sources/alertmanager.js';
import { sources } from '../../src/sources/index.js';
import type { MetricRef } from '../../src/sources/port.js';
import { read } from '../plan/providers.js';
import { startAlertmanager, type RealAlertmanager } from '../servers/alertmanager.js';
import { describeNeeding, pathOf } from '../setup/needs.js';
import { HTTP_FAULTS, metricRef, sourceConformance } from './conformance.js';
import { startFaultServer, type FaultServer } from './fault-server.js';
import { startPrometheus, type RealPrometheus } from './real-prometheus.js';

const provider = createAlertmanager(createHttpClient());
const measure = async (settings: ProviderSettings, more: Partial<MetricRef> = {}, to = Date.now()): Promise<Measurement> => (await provider.measure(metricRef(settings, { members: true, ...more }), to - 60_000, to, new AbortController().signal))[0]!.measurement;

interface Double { readonly alerts?: readonly object[]; readonly quieted?: readonly object[]; readonly watchdog?: readonly object[]; readonly status?: unknown; readonly uptime?: string }
const alert = (alertname: string, more: object = {}, labels: object = {}): object => ({ fingerprint: `f-${alertname}`, labels: { alertname, ...labels }, annotations: {}, startsAt: '1998-12-31T23:00:00.000Z', endsAt: '2100-01-01T00:00:00Z', updatedAt: '1998-12-31T23:00:00Z', receivers: [{ name: 'x' }], status: { state: 'active', silencedBy: [], inhibitedBy: [] }, ...more });
const WATCHDOG = alert('Watchdog');

/** Answers as its API does, by the question: who fires, who is quieted, the watchdog. */
function serveAlertmanager(server: FaultServer, path: string, { alerts = [], quieted = [], watchdog = [WATCHDOG], status = 'ready', uptime = '1998-01-01T00:00:00Z' }: Double): string {
  server.serve(`${path}/api/v2/status`, { body: JSON.stringify({ cluster: { status, peers: [] }, config: { original: '' }, uptime, versionInfo: {} }) });
  server.serve(`${path}/api/v2/alerts`, (request, response) => {
    const query = new URL(request.url!, 'http://x').searchParams;
    const list = query.getAll('filter').some((filter) => filter.includes('Watchdog')) ? watchdog : query.get('active') === 'true' ? alerts : quieted;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
  });
  return `${server.origin}${path}`;
}

const usual = { matchers: ['severity="critical"'], watchdog: 'Watchdog' };
sourceConformance({ name: 'alertmanager', entry: sources['alertmanager']!, provider,
  healthy: (server) => ({ ...usual, url: serveAlertmanager(server, '/seven', { alerts: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'g'].map((name) => alert(name)) }) }),
  members: (server) => ({ ...usual, url: serveAlertmanager(server, '/three', { alerts: ['c', 'b', 'a', 'b'].map((name) => alert(name)) }) }),
  refused: [{ url: 'http://x' }, { url: 'http://x', matchers: usual.matchers }, { ...usual, url: 'http://x', watchdog: {} }, { ...usual, url: 'http://x/api/v2' }, { ...usual, url: 'http://x', matchers: [] }, { ...usual, url: 'http://x', matchers: 'critical' },
    { ...usual, url: 'http://x', matchers: '{severity="critical"}' }, { ...usual, url: 'http://x', matchers: 'a="b", c="d"' }, { ...usual, url: 'http://x', since: 'day 1' }, { ...usual, url: 'http://x', since: '2027-03-01T09:00' }, { ...usual, url: 'http://x', warmup: 'soon' }, { ...usual, url: 'http://x', id: 'no label' }],
  faults: { ask: (url) => ({ ...usual, url }), expected: HTTP_FAULTS, refusedConnection: 'refused' },
  endless: (server) => ({ ...usual, url: `${server.origin}/hang` }),
});

describe('answers of an Alertmanager', () => {
  let server: FaultServer;
  let serial = 0;
  beforeAll(async () => { server = await startFaultServer(); });
  afterAll(() => server.close());
  const put = (double: Double): string => serveAlertmanager(server, `/am${(serial += 1)}`, double);
  const of = (double: Double, settings: ProviderSettings = {}, more: Partial<MetricRef> = {}): Promise<Measurement> => measure({ ...usual, url: put(double), ...settings }, more);

  test('every question says which states it wants, since leaving them out means yes', async () => {
    server.asked.length = 0;
    await of({}, { matchers: ['severity="critical"', 'service=~"shop|cart"'] });
    const questions = server.asked.filter(({ path }) => path.includes('/alerts')).map(({ path }) => new URL(path, 'http://x').searchParams);
    expect(questions.map((query) => ['active', 'silenced', 'inhibited', 'unprocessed'].map((state) => query.get(state)).join())).toEqual(['true,false,false,false', 'false,true,true,false', 'true,true,true,false']);
    expect(questions.map((query) => query.getAll('filter'))).toEqual([['severity="critical"', 'service=~"shop|cart"'], ['severity="critical"', 'service=~"shop|cart"'], ['alertname="Watchdog"']]);
  });

  test('nobody firing is 0 while the watchdog lives, and no data with a sentence when it does not', async () => {
    expect(await of({})).toEqual({ kind: 'value', value: 0, members: [] });
    expect(await of({ watchdog: [] })).toEqual({ kind: 'noData', detail: 'no alert fires, but the watchdog alert Watchdog does not fire: what evaluates the rules is dead, or cannot reach this Alertmanager' });
    expect(await of({ watchdog: [] }, { watchdog: 'none' })).toEqual({ kind: 'value', value: 0, members: [] });
  });

  test('who fires is seen without the watchdog too; the words say that there may be more', async () => {
    expect(await of({ alerts: [alert('High')], watchdog: [] })).toMatchObject({ kind: 'value', value: 1, members: ['High-f-High'], detail: expect.stringMatching(/^there may be more: the watchdog alert Watchdog does not fire/) as string });
  });

  test('the watchdog itself is never counted, also when the matchers fit it', async () => {
    expect(await of({ alerts: [WATCHDOG] })).toEqual({ kind: 'value', value: 0, members: [] });
    expect(await of({ alerts: [WATCHDOG, alert('Watchdog', { fingerprint: 'other' }, { cluster: 'us' })], watchdog: [WATCHDOG] }, { watchdog: { alertname: 'Watchdog', cluster: 'us' } })).toMatchObject({ value: 1, members: ['Watchdog-f-Watchdog'] });
  });

  test('one of several watchdogs is singled out by its labels', async () => {
    server.asked.length = 0;
    await of({}, { watchdog: { alertname: 'Watchdog', cluster: 'eu "west"' } });
    expect(server.asked.map(({ path }) => new URL(path, 'http://x').searchParams.getAll('filter')).at(-1)).toEqual(['alertname="Watchdog"', 'cluster="eu \\"west\\""']);
  });

  test.each([['ready', 'value'], ['disabled', 'value'], ['settling', 'noData'], ['whatever', 'noData']])("nobody firing on one whose cluster is '%s' is %s", async (status, kind) => { expect((await of({ status })).kind).toBe(kind); });

  test('one that has just started has forgotten who fires: nobody firing is no data until it has been told again', async () => {
    const uptime = new Date(Date.now() - 60_000).toISOString();
    expect(await of({ uptime })).toMatchObject({ kind: 'noData', detail: expect.stringMatching(/has been up for 6\d s only/) as string });
    expect(await of({ uptime }, { warmup: '30s' })).toMatchObject({ kind: 'value', value: 0 });
    expect(await of({ uptime, alerts: [alert('High')] })).toMatchObject({ kind: 'value', value: 1 });
  });

  test('who fired before the stated instant does not count and is named', async () => {
    const alerts = [alert('Old'), alert('New', { startsAt: '2027-03-01T10:00:00+01:00' })];
    expect(await of({ alerts }, { since: '2027-03-01T09:00:00Z' })).toEqual({ kind: 'value', value: 1, members: ['New-f-New'], detail: 'not counted: 1 firing since before then (Old-f-Old)' });
    expect(await of({ alerts })).toMatchObject({ value: 2 });
  });

  test('silenced and inhibited ones do not count and are told apart, also from a server that sends them unasked', async () => {
    const silenced = alert('S', { status: { state: 'suppressed', silencedBy: ['id'], inhibitedBy: [] } });
    const inhibited = ['I', 'J', 'K', 'L'].map((name) => alert(name, { status: { state: 'suppressed', silencedBy: [], inhibitedBy: ['x'] } }));
    expect(await of({ alerts: [silenced], quieted: [silenced, ...inhibited] })).toEqual({ kind: 'value', value: 0, members: [], detail: 'not counted: 1 silenced (S-f-S), 4 inhibited (I-f-I, J-f-J, K-f-K, …)' });
  });

  test('a label can name them; who lacks it keeps its own name', async () => {
    const alerts = [alert('A', {}, { service: 'shop' }), alert('B', {}, { service: 'shop' }), alert('C')];
    expect(await of({ alerts }, { id: 'service' })).toMatchObject({ value: 2, members: ['C-f-C', 'shop'] });
  });

  test('without members it is a count, scaled like any number', async () => {
    expect(await of({ alerts: [alert('A'), alert('B')] }, {}, { members: false, scale: 100 })).toEqual({ kind: 'value', value: 200 });
  });

  test.each([
    ['a matcher it refuses', 400, '"bad matcher format: nonsense"', 'bad-query'], ['no list', 200, '{}', 'bad-answer'], ['an alert without fingerprint', 200, '[{"labels":{},"status":{},"startsAt":"2027-01-01T00:00:00Z"}]', 'bad-answer'],
    ['an alert without a beginning', 200, '[{"fingerprint":"a","labels":{},"status":{}}]', 'bad-answer'], ['a key twice', 200, '[{"a":1,"a":2}]', 'not-json'],
  ])('%s is an error', async (_what, status, body, code) => {
    const url = put({});
    server.serve(`${new URL(url).pathname}/api/v2/alerts`, { status, body });
    expect(await measure({ ...usual, url })).toMatchObject({ kind: 'providerError', code });
  });
  test("the server's words about a bad matcher reach the reader", async () => {
    const url = put({});
    server.serve(`${new URL(url).pathname}/api/v2/alerts`, { status: 400, body: '"bad matcher format: severity"' });
    expect(await measure({ ...usual, url })).toMatchObject({ detail: expect.stringContaining('bad matcher format: severity') as string });
  });
  test('a status that is none is an error, not readiness', async () => {
    const url = put({});
    server.serve(`${new URL(url).pathname}/api/v2/status`, { body: '{"cluster":{"status":"ready"}}' });
    expect(await measure({ ...usual, url })).toMatchObject({ kind: 'providerError', code: 'bad-answer' });
  });
});

test('a plan counts critical alerts by it: a bare matcher, the rest said once for all', () => {
  const result = read(`
rollout: r
owner: ann
people: { ann: { name: Ann } }
targets: { checkout: { flagd: { file: flags.json, flag: f }, safer: lower } }
sources: { alertmanager: { url: 'http://alertmanager:9093', watchdog: Watchdog } }
alerts: { critical: { alertmanager: 'severity="critical"' }, warning: { alertmanager: ['severity="warning"', 'service="shop"'] } }
triggers: { emergency: ['alerts(critical) > 0'] }
phases: [{ phase: wave-1, enter: ['alerts(critical) = 0'], move: { checkout: 10% }, soak: 1h, leave: ['new alerts(warning) = 0'] }]
`);
  expect(result.ok ? result.plan.metrics.map(({ name, settings }) => [name, settings['matchers']]) : result.problems).toEqual([['alerts(critical)', 'severity="critical"'], ['alerts(warning)', ['severity="warning"', 'service="shop"']]]);
});

test('leaving the watchdog out is refused in words that say what to write', () => {
  const parsed = schema.settings.safeParse({ url: 'http://x', matchers: 'a="b"' });
  expect(parsed.error?.issues.map(({ message }) => message)).toEqual(["name the alert that always fires, e.g. 'Watchdog' (or its labels); 'none' if you have none"]);
});

describeNeeding(['alertmanager'], 'a real Alertmanager', () => {
  let real: RealAlertmanager;
  beforeEach(async () => { real = await startAlertmanager(pathOf('alertmanager')); });
  afterEach(() => real.close());
  const critical = (alertname: string, instance: string): { labels: Record<string, string> } => ({ labels: { alertname, instance, severity: 'critical' } });
  const watchdog = { labels: { alertname: 'Watchdog', severity: 'none' } };
  const ask = (settings: ProviderSettings = {}): Promise<Measurement> => measure({ ...usual, url: real.origin, warmup: '0s', ...settings });

  test('who fires is counted and keeps its name until it ends; other severities do not count', async () => {
    await real.post([watchdog, critical('High', 'a'), critical('High', 'b'), { labels: { alertname: 'Low', severity: 'warning' } }]);
    const both = await ask();
    expect(both).toMatchObject({ kind: 'value', value: 2, members: [expect.stringMatching(/^High-[0-9a-f]{16}$/), expect.stringMatching(/^High-[0-9a-f]{16}$/)] });
    expect(await ask()).toEqual(both);
    await real.post([{ ...critical('High', 'b'), startsAt: new Date(Date.now() - 60_000).toISOString(), endsAt: new Date(Date.now() - 1_000).toISOString() }]);
    const one = await ask();
    expect(one).toMatchObject({ value: 1 });
    if (one.kind === 'value' && both.kind === 'value') expect(both.members).toContain(one.members![0]);
  });

  test('silenced, inhibited and older ones are left out and told apart', async () => {
    const now = Date.now();
    await real.post([watchdog, critical('Known', 'a'), critical('NodeDown', 'b'), critical('Broken', 'b'), { ...critical('Old', 'c'), startsAt: new Date(now - 3_600_000).toISOString() }]);
    await real.silence('alertname', 'Known');
    // the silence and the inhibition are applied within the second
    let found = await ask({ since: new Date(now - 60_000).toISOString() });
    for (let tries = 0; tries < 100 && !(found.kind === 'value' && found.value === 1 && /silenced.*inhibited/.test(found.detail ?? '')); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      found = await ask({ since: new Date(now - 60_000).toISOString() });
    }
    expect(found).toMatchObject({ kind: 'value', value: 1, members: [expect.stringMatching(/^NodeDown-/)] });
    expect(found).toMatchObject({ detail: expect.stringMatching(/^not counted: 1 firing since before then \(Old-\w+\), 1 silenced \(Known-\w+\), 1 inhibited \(Broken-\w+\)$/) as string });
  });

  test('nobody firing is 0 with a live watchdog, also a silenced one, and no data without', async () => {
    expect(await ask()).toMatchObject({ kind: 'noData' });
    await real.post([watchdog]);
    expect(await ask()).toEqual({ kind: 'value', value: 0, members: [] });
    await real.silence('alertname', 'Watchdog');
    expect(await ask()).toEqual({ kind: 'value', value: 0, members: [] });
  });

  test('after its restart nothing is known for a while, by its own word on since when it is up', async () => {
    await real.post([watchdog, critical('High', 'a')]);
    expect(await ask()).toMatchObject({ kind: 'value', value: 1 });
    await real.kill();
    expect(await ask()).toMatchObject({ kind: 'providerError' });
    await real.start();
    await real.post([watchdog]); // who watches comes back first; the alert still fires and has not been sent again
    expect(await ask({ warmup: '2m' })).toMatchObject({ kind: 'noData', detail: expect.stringContaining('has been up for') as string });
  });

  test('a matcher of the wrong form is refused with its words', async () => {
    expect(await ask({ matchers: 'severity=~"("' })).toMatchObject({ kind: 'providerError', code: 'bad-query' });
  });
});

describeNeeding(['alertmanager', 'prometheus', 'promtool'], 'a real Prometheus with rules before a real Alertmanager', () => {
  let real: RealAlertmanager;
  let prometheus: RealPrometheus;
  let exporter: Server;
  let queue = 1;
  beforeAll(async () => {
    real = await startAlertmanager(pathOf('alertmanager'));
    exporter = createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(`# TYPE queue gauge\nqueue ${queue}\n`));
    await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
    prometheus = await startPrometheus([], `127.0.0.1:${(exporter.address() as AddressInfo).port}`, { alertmanager: new URL(real.origin).host, rules: `groups:
- name: shop
  rules:
  - { alert: Watchdog, expr: vector(1), labels: { severity: none } }
  - { alert: QueueLong, expr: queue > 100, labels: { severity: critical } }
` });
  });
  afterAll(async () => { await prometheus?.close(); exporter?.closeAllConnections(); exporter?.close(); await real?.close(); });
  const ask = (): Promise<Measurement> => measure({ ...usual, url: real.origin, warmup: '0s' });
  async function becomes(what: object): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const found = await ask();
      try { expect(found).toMatchObject(what); return; } catch (error) { if (tries > 300) throw error; }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  test('the whole chain: nobody fires, a rule fires, it ends, Prometheus dies and with it the watchdog', async () => {
    await becomes({ kind: 'value', value: 0 });
    queue = 500;
    await becomes({ kind: 'value', value: 1, members: [expect.stringMatching(/^QueueLong-/)] });
    queue = 1;
    await becomes({ kind: 'value', value: 0, members: [] });
    await prometheus.kill();
    await becomes({ kind: 'noData', detail: expect.stringContaining('the watchdog alert Watchdog does not fire') as string });
  });
});
