// Figures of what Tidegate speaks to: a move by each target provider, evaluations over a real Prometheus, messages by each channel. The floor of each
// is the same thing at the same place by hand. What is paid or missing here is a stand-in, and said.
import { createServer, type RequestListener } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChannels } from '../src/channels/index.js';
import type { Message } from '../src/channels/port.js';
import { createHttpClient } from '../src/http/client.js';
import type { ProviderSettings, TargetValue } from '../src/plan/types.js';
import { createSources, MemoryMetrics } from '../src/sources/index.js';
import { createTargets, lastWrittenInMemory, MemoryTargets } from '../src/targets/index.js';
import { startLaunchDarkly, WRITER } from '../test/servers/launchdarkly.js';
import { startNginx } from '../test/servers/nginx.js';
import { slackToken, startSlack } from '../test/servers/slack.js';
import { ADMIN_TOKEN, startUnleash } from '../test/servers/unleash.js';
import { findProgram } from '../test/setup/programs.js';
import { startPrometheus } from '../test/sources/real-prometheus.js';
import { each, ms, percentile, ratioOf, type Row } from './measuring.js';

const http = createHttpClient();
const flagText = (percent: number): string => JSON.stringify({ flags: { flag: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting: { fractional: [{ var: 'userId' }, ['on', percent], ['off', 100 - percent]] } } } }, null, 2);

async function serving(listener: RequestListener): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }) };
}

interface Place { readonly name: string; readonly settings: ProviderSettings; /** the same change by hand, and reading it */ byHand(value: number): Promise<void>; readonly floor: string; readonly note?: string; close(): Promise<unknown> }

async function flagd(): Promise<Place> {
  const dir = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const file = join(dir, 'flags.json');
  writeFileSync(file, flagText(1));
  return { name: 'flagd', settings: { file, flag: 'flag', by: 'userId' }, byHand: async (value) => { await writeFile(file, flagText(value)); await readFile(file, 'utf8'); }, floor: 'writing and reading the file', close: async () => rmSync(dir, { recursive: true }) };
}
async function anyHttp(): Promise<Place> {
  let document = { share: 1 };
  const server = await serving((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); }).on('end', () => { if (request.method === 'PUT') document = JSON.parse(body) as typeof document; response.setHeader('content-type', 'application/json').end(JSON.stringify(document)); });
  });
  const url = `${server.origin}/flag`;
  return {
    name: 'http', settings: { read: { url, at: 'share' }, write: [{ method: 'PUT', url, body: { share: '{{value}}' } }] }, floor: 'a PUT and a GET', close: () => server.close(),
    byHand: async (value) => { await (await fetch(url, { method: 'PUT', body: JSON.stringify({ share: value }) })).text(); await (await fetch(url)).text(); },
  };
}
async function launchdarkly(): Promise<Place> {
  const service = await startLaunchDarkly();
  service.create('flag', { production: { on: true, fallthrough: { rollout: { variations: [{ variation: 0, weight: 1_000 }, { variation: 1, weight: 99_000 }], contextKind: 'user' } } } });
  const url = `${service.origin}/api/v2/flags/shop/flag`;
  const headers = { authorization: WRITER, 'content-type': 'application/json' };
  return {
    name: 'launchdarkly', settings: { url: service.origin, token: WRITER, project: 'shop', environment: 'production', flag: 'flag' }, floor: 'a change and a GET', note: 'a stand-in of the service', close: () => service.close(),
    byHand: async (value) => { service.edit('flag', (config) => { config.fallthrough.rollout!.variations[0]!.weight = value * 1_000; config.fallthrough.rollout!.variations[1]!.weight = 100_000 - value * 1_000; }); await (await fetch(`${url}?env=production`, { headers })).text(); },
  };
}
async function unleash(folder: string): Promise<Place> {
  const server = await startUnleash(folder);
  await server.admin('POST', '/projects/default/features', { name: 'flag', type: 'release' });
  const environment = '/projects/default/features/flag/environments/development';
  const { id } = await server.admin('POST', `${environment}/strategies`, { name: 'flexibleRollout', constraints: [], parameters: { rollout: '1', stickiness: 'userId', groupId: 'flag' } }) as { id: string };
  await server.admin('POST', `${environment}/on`);
  return {
    name: 'unleash', settings: { url: server.url, token: ADMIN_TOKEN, environment: 'development', flag: 'flag' }, floor: 'a PATCH and a GET', close: () => server.stop(),
    byHand: async (value) => { await server.admin('PATCH', `${environment}/strategies/${id}`, [{ op: 'replace', path: '/parameters/rollout', value: String(value) }]); await server.admin('GET', `${environment}/strategies`); },
  };
}
async function nginx(program: string): Promise<Place> {
  const server = await startNginx(program, 1);
  return { name: 'nginx', settings: server.settings(), byHand: (value) => server.byHand(value), floor: 'a new file and a reload', note: 'until the old workers are gone', close: () => server.end() };
}

/** A move as a worker makes it: read, write, read back, verify. */
export async function moves(times: number): Promise<Row[]> {
  const targets = createTargets({ http, allowCommands: 'any', memory: new MemoryTargets(), lastWritten: lastWrittenInMemory() });
  const [unleashFolder, nginxProgram] = [findProgram('unleash'), findProgram('nginx')];
  const open = [flagd, anyHttp, launchdarkly, ...(unleashFolder === null ? [] : [() => unleash(unleashFolder)]), ...(nginxProgram === null ? [] : [() => nginx(nginxProgram)])];
  const rows: Row[] = [];
  for (const one of open) {
    const place = await one();
    try {
      const provider = targets[place.name]!;
      const target = { id: 'flag', settings: place.settings, writeTimeoutMs: 20_000 };
      const context = { signal: new AbortController().signal, keep: () => {} };
      const timed = async (work: () => Promise<unknown>): Promise<number> => { const startedAt = performance.now(); await work(); return performance.now() - startedAt; };
      const byHand: number[] = [];
      for (let n = 1; n <= times; n++) byHand.push(await timed(() => place.byHand(n % 2 === 0 ? 3 : 7)));
      const ours: number[] = [];
      for (let n = 1; n <= times; n++) {
        const value: TargetValue = 10 + n;
        ours.push(await timed(async () => {
          const before = await provider.read(target, { ...context, key: `read-${n}` });
          await provider.write(target, value, before.value, { ...context, key: `write-${n}` });
          await provider.read(target, { ...context, key: `back-${n}` });
          await provider.verify(target, value, { ...context, key: `verify-${n}` });
        }));
      }
      rows.push({ what: `a move by ${place.name}: read, write, read back, verify`, measured: `p50 ${ms(percentile(ours, 0.5))}, max ${ms(percentile(ours, 1))}`, floor: `p50 ${ms(percentile(byHand, 0.5))} (${place.floor})`, ratio: ratioOf(percentile(ours, 0.5), percentile(byHand, 0.5)), reach: '', ...(place.note === undefined ? {} : { note: place.note }) });
    } finally { await place.close(); }
  }
  return rows;
}

/** Questions a second to a real Prometheus with half an hour of samples, sixteen at a time: a minute of a rate, as a look asks it. */
export async function evaluations(forMs: number): Promise<Row[]> {
  if (findProgram('prometheus') === null || findProgram('promtool') === null) return [{ what: 'evaluations over Prometheus', measured: 'not measured', floor: '', ratio: null, reach: '', note: 'prometheus is not installed' }];
  const now = Math.floor(Date.now() / 1_000);
  const prometheus = await startPrometheus(['errors_total', 'requests_total'].flatMap((name, index) => Array.from({ length: 120 }, (_, n) => `${name}{} ${n * (index === 0 ? 1 : 100)} ${now - 1_800 + n * 15}`)));
  try {
    const source = createSources({ http, now: Date.now, allowCommands: [], memory: new MemoryMetrics() })['prometheus']!;
    const query = 'sum(rate(errors_total[5m])) / sum(rate(requests_total[5m]))';
    const to = (now - 60) * 1_000;
    const perSecond = async (ask: () => Promise<void>): Promise<number> => {
      let done = 0;
      const endsAt = performance.now() + forMs;
      await each(Array.from({ length: 16 }, (_, n) => n), 16, async () => { while (performance.now() < endsAt) { await ask(); done++; } });
      return done / (forMs / 1_000);
    };
    const bare = await perSecond(async () => { await (await fetch(`${prometheus.origin}/api/v1/query_range`, { method: 'POST', body: new URLSearchParams({ query, start: String(to / 1_000 - 60), end: String(to / 1_000), step: '15' }) })).json(); });
    const ours = await perSecond(async () => {
      const points = await source.measure({ name: 'error_rate', settings: { url: prometheus.origin, query }, scale: 100, timeoutMs: 5_000, stepMs: 15_000, members: false }, to - 60_000, to, new AbortController().signal);
      if (points.at(-1)?.measurement.kind !== 'value') throw new Error(`no value: ${JSON.stringify(points.at(-1))}`);
    });
    return [{ what: 'evaluations over Prometheus, a minute of a rate each', measured: `${Math.round(ours)} a second`, floor: `${Math.round(bare)} a second (fetch)`, ratio: ratioOf(bare, ours), reach: '' }];
  } finally { await prometheus.close(); }
}

/** Messages a second by channel, eight at a time. */
export async function messages(count: number): Promise<Row[]> {
  const server = await serving((request, response) => { request.resume().on('end', () => response.writeHead(204).end()); });
  const slack = await startSlack();
  try {
    const channels = createChannels({ http, now: Date.now, terminal: process.stderr, log: () => {} });
    const message = (n: number): Message => ({ key: `bench/${n}`, rollout: 'bench', phase: 'wave-1', severity: 'warning', topic: 'hold', title: 'bench is held', body: 'no sound evidence', to: [], ask: null, answers: null, at: Date.now() });
    const perSecond = async (send: (n: number) => Promise<unknown>): Promise<number> => {
      const startedAt = performance.now();
      await each(Array.from({ length: count }, (_, n) => n), 8, async (n) => { await send(n); });
      return count / ((performance.now() - startedAt) / 1_000);
    };
    const bare = await perSecond(async (n) => { await (await fetch(server.origin, { method: 'POST', body: JSON.stringify(message(n)) })).text(); });
    const signal = new AbortController().signal;
    const rows: Row[] = [];
    for (const [name, settings, note] of [['webhook', { url: server.origin }, undefined], ['slack', { token: slackToken, channel: 'C0PAYMENTS', url: `${slack.origin}/api` }, 'a stand-in; one at a time in each channel, to keep the order']] as const) {
      const ours = await perSecond((n) => channels[name]!.send({ provider: name, settings }, message(n), signal));
      rows.push({ what: `messages by ${name}`, measured: `${Math.round(ours)} a second`, floor: `${Math.round(bare)} a second (fetch)`, ratio: ratioOf(bare, ours), reach: '', ...(note === undefined ? {} : { note }) });
    }
    return rows;
  } finally { await server.close(); await slack.close(); }
}
