// Every source in the registry through the conformance suite. One that is in the registry and not here fails the last test.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createHttpClient } from '../../src/http/client.js';
import { createSources, MemoryMetrics, sources } from '../../src/sources/index.js';
import { HTTP_FAULTS, sourceConformance, type Expected, type SourceUnderTest } from './conformance.js';
import { FAULTS, type Fault } from './fault-server.js';
import { servePrometheus } from './prometheus-double.js';

const memory = new MemoryMetrics();
const providers = createSources({ http: createHttpClient(), now: () => Date.now(), allowCommands: 'any', memory });

const ALL_DOWN = Object.fromEntries(FAULTS.map((fault) => [fault, 'down'])) as Record<Fault, Expected>;

const underTest: Readonly<Record<string, Omit<SourceUnderTest, 'name' | 'entry' | 'provider'>>> = {
  prometheus: {
    healthy: (server) => { servePrometheus(server, '/prom', () => [{ labels: {}, value: '7' }]); return { url: `${server.origin}/prom`, query: 'x' }; },
    members: (server) => {
      servePrometheus(server, '/alerts', () => [{ labels: { alertname: 'A' }, value: '1' }, { labels: { alertname: 'B', alertstate: 'firing' }, value: '1' }, { labels: { alertname: 'B', alertstate: 'pending' }, value: '1' }, { labels: { alertname: 'C' }, value: '1' }, { labels: { alertname: 'D' }, value: '0' }]);
      return { url: `${server.origin}/alerts`, query: 'ALERTS' };
    },
    refused: [{ url: 'ftp://x', query: 'x' }, { url: 'http://x' }, { url: 'http://x', query: '' }, { url: 'http://x/api/v1/query', query: 'x' }, { url: 'http://x', query: 'x', headers: { 'no name': '1' } }],
    faults: { ask: (url) => ({ url, query: 'x' }), expected: HTTP_FAULTS, refusedConnection: 'refused' },
    endless: (server) => ({ url: `${server.origin}/hang`, query: 'x' }),
  },
  'prometheus-text': {
    healthy: (server) => { server.serve('/page', { type: 'text/plain; version=0.0.4', body: '# TYPE x gauge\nx{a="b"} 7\ny 3\n' }); return { url: `${server.origin}/page`, metric: 'x' }; },
    members: (server) => { server.serve('/alerts', { type: 'text/plain', body: 'alert{n="a"} 1\nalert{n="b",alertstate="firing"} 1\nalert{n="b",alertstate="pending"} 1\nalert{n="c"} 2\nalert{n="d"} 0\n' }); return { url: `${server.origin}/alerts`, metric: 'alert' }; },
    refused: [{ url: 'http://x' }, { url: 'http://x', metric: 'a', ratio: [{ metric: 'b' }, { metric: 'c' }] }, { url: 'http://x', ratio: [{ metric: 'b' }] }, { url: 'http://x', ratio: [{ metric: 'b' }, { metric: 'c', absent: 0 }] }, { url: 'nowhere', metric: 'a' }],
    faults: { ask: (url) => ({ url, metric: 'x' }), expected: { ...HTTP_FAULTS, truncated: 'wrong-type', empty: 'wrong-type', 'wrong-type': 'wrong-type' }, refusedConnection: 'refused' },
    endless: (server) => ({ url: `${server.origin}/hang`, metric: 'x' }),
  },
  json: {
    healthy: (server) => { server.serve('/doc', { body: '{"rate":{"now":7}}' }); return { url: `${server.origin}/doc`, at: 'rate.now' }; },
    members: (server) => { server.serve('/list', { body: '{"alerts":[{"id":"c"},{"id":"b"},{"id":"a"},{"id":"b"}]}' }); return { url: `${server.origin}/list`, members: 'alerts' }; },
    refused: [{ url: 'http://x' }, { url: 'http://x', at: 'a', ratio: ['a', 'b'] }, { url: 'http://x', at: 'a..b' }, { url: 'http://x', at: 'a[x]' }, { url: 'http://x', ratio: ['a', 'b'], samples: 'c' }, { url: 'http://x', at: 'a', where: { a: 1 } }, { url: 7, at: 'a' }],
    faults: { ask: (url) => ({ url, at: 'value' }), expected: HTTP_FAULTS, refusedConnection: 'refused' },
    endless: (server) => ({ url: `${server.origin}/drip`, at: 'a' }),
  },
  probe: {
    healthy: (server) => { server.serve('/healthz', { body: '{"status":"ok"}' }); return { url: `${server.origin}/healthz`, fields: { status: 'ok' } }; },
    members: null,
    refused: [{ url: 'x' }, { url: 'http://x', equals: 'ok' }, { url: 'http://x', status: 42 }, { url: 'http://x', method: 'HEAD', field: 'a' }, { url: 'http://x', fields: { 'a..b': 1 } }],
    faults: { ask: (url) => ({ url, fields: { status: 'ok' } }), expected: ALL_DOWN, refusedConnection: 'down' },
    endless: (server) => ({ url: `${server.origin}/hang` }),
  },
  command: {
    healthy: () => ({ run: 'echo noise; echo 7' }),
    members: null,
    refused: [{}, { run: '' }, { run: [] }, { run: 'true', timeout: 'soon' }, { run: 'true', env: { 'A B': '1' } }],
    faults: null,
    endless: () => ({ run: 'sleep 100' }),
  },
  person: { healthy: () => ({ from: 'engineering-lead' }), members: null, refused: [{ from: '' }, { from: [] }], faults: null, endless: null },
  memory: {
    healthy: () => { memory.clear('seven'); memory.put('seven', 0, 7); return { key: 'seven' }; },
    members: () => { memory.clear('list'); memory.put('list', 0, { kind: 'value', value: 3, members: ['a', 'b', 'c'] }); return { key: 'list' }; },
    refused: [{ key: '' }, { ranged: 'yes' }], faults: null, endless: null,
  },
};

for (const [name, entry] of Object.entries(sources)) {
  const one = underTest[name];
  if (one !== undefined) sourceConformance({ name, entry, provider: providers[name]!, ...one });
}

test('every source of the registry goes through the conformance suite, here or in its own file', () => {
  const own = (name: string): boolean => { const file = new URL(`${name}.test.ts`, import.meta.url); return existsSync(file) && readFileSync(file, 'utf8').includes(`sourceConformance({ name: '${name}', entry: sources`); };
  expect(Object.keys(sources).filter((name) => !Object.hasOwn(underTest, name) && !own(name))).toEqual([]);
  expect(Object.keys(underTest).filter((name) => !Object.hasOwn(sources, name))).toEqual([]);
});
