// What the json source makes of documents, paths and fields.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Measurement } from '../../src/judgement/types.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import { createHttpClient } from '../../src/http/client.js';
import { createJson } from '../../src/sources/json.js';
import { parsePath, printPath, readJson, valueAt } from '../../src/http/json-value.js';
import { metricRef } from './conformance.js';
import { startFaultServer, type FaultServer } from './fault-server.js';

const source = createJson(createHttpClient());
let server: FaultServer;
beforeAll(async () => { server = await startFaultServer(); });
afterAll(() => server.close());

async function measure(body: string, settings: ProviderSettings, more: object = {}): Promise<Measurement> {
  server.serve('/doc', { body, ...more });
  return (await source.measure(metricRef({ url: `${server.origin}/doc`, ...settings }), 0, 1_000, new AbortController().signal))[0]!.measurement;
}
const error = (code: string, detail: RegExp): object => ({ kind: 'providerError', code, detail: expect.stringMatching(detail) as string });

describe('a field', () => {
  test.each([
    ['deep inside', '{"latency":{"p95_ms":412.5}}', 'latency.p95_ms', { kind: 'value', value: 412.5 }],
    ['in a list', '{"checks":[{"ms":1},{"ms":2}]}', 'checks[1].ms', { kind: 'value', value: 2 }],
    ['in a list, by a step', '{"checks":[{"ms":1},{"ms":2}]}', 'checks.1.ms', { kind: 'value', value: 2 }],
    ['of the one entry that is named so', '{"rules":[{"id":"a","ms":1},{"id":"b","ms":2}]}', 'rules[id=b].ms', { kind: 'value', value: 2 }],
    ['of an entry named by a number', '{"rules":[{"id":17,"ms":4}]}', 'rules[id=17].ms', { kind: 'value', value: 4 }],
    ['of an entry whose name two have', '{"rules":[{"id":"a","ms":1},{"id":"a","ms":2}]}', 'rules[id=a].ms', { kind: 'noData', detail: "there is no 'rules[id=a].ms' in the answer" }],
    ['of an entry of what is no list', '{"rules":{"id":"a","ms":1}}', 'rules[id=a].ms', { kind: 'noData', detail: "there is no 'rules[id=a].ms' in the answer" }],
    ['of a document that is a list', '[[1],[2,3]]', '[1][1]', { kind: 'value', value: 3 }],
    ['with a dot in its name', '{"api.host":{"up":1}}', 'api\\.host.up', { kind: 'value', value: 1 }],
    ['with anything in its name', '{"a.b[0]":{"\\"":3}}', ['a.b[0]', '"'], { kind: 'value', value: 3 }],
    ['that is true', '{"ok":true}', 'ok', { kind: 'value', value: 1 }],
    ['that is false', '{"ok":false}', 'ok', { kind: 'value', value: 0 }],
    ['that is minus nought', '{"a":-0.0}', 'a', { kind: 'value', value: 0 }],
    ['that is larger than any number', '{"a":1e999}', 'a', { kind: 'nonFinite', value: '+Inf' }],
    ['that is null', '{"a":null}', 'a', { kind: 'noData', detail: "'a' is null" }],
    ['that is not there', '{"a":{"b":1}}', 'a.c', { kind: 'noData', detail: "there is no 'a.c' in the answer" }],
    ['below something that is no object', '{"a":1}', 'a.b.c', { kind: 'noData', detail: "there is no 'a.b.c' in the answer" }],
    ['that every object inherits', '{}', 'constructor', { kind: 'noData', detail: "there is no 'constructor' in the answer" }],
    ['that is the length of a list', '{"a":[1,2]}', 'a.length', { kind: 'noData', detail: "there is no 'a.length' in the answer" }],
  ])('%s', async (_what, body, at, expected) => { expect(await measure(body, { at })).toEqual(expected); });

  test('a number written as text is refused unless the plan says so', async () => {
    expect(await measure('{"a":"4.5"}', { at: 'a' })).toEqual(error('not-a-number', /'text: yes'/));
    expect(await measure('{"a":" 4.5 "}', { at: 'a', text: 'yes' })).toEqual({ kind: 'value', value: 4.5 });
    expect(await measure('{"a":"NaN"}', { at: 'a', text: true })).toEqual({ kind: 'nonFinite', value: 'NaN' });
    for (const text of ['', '5%', '0x10', '1_000', 'five', '1,5']) expect(await measure(JSON.stringify({ a: text }), { at: 'a', text: 'yes' }), text).toEqual(error('not-a-number', /is the text/));
  });
  test('an object or a list is no number', async () => {
    expect(await measure('{"a":{}}', { at: 'a' })).toEqual(error('not-a-number', /an object/));
    expect(await measure('{"a":[1]}', { at: 'a' })).toEqual(error('not-a-number', /a list/));
  });
});

describe('a document', () => {
  test.each([
    ['broken off', '{"a":1', 'not-json', /broken off/],
    ['empty', '', 'not-json', /empty/],
    ['that is plain text', 'up', 'not-json', /begins with 'up'/],
    ['with a field twice', '{"a":1,"b":{"c":1,"c":2}}', 'not-json', /names 'c' twice/],
    ['with a field twice, once in escapes', '{"a":1,"\\u0061":2}', 'not-json', /names 'a' twice/],
    ['with something behind it', '{"a":1}{"a":2}', 'not-json', /broken off or not correct/],
    ['that is a web page without saying so', ' <!DOCTYPE html><p>', 'html', /web page/],
  ])('%s is an error, never a number', async (_what, body, code, detail) => { expect(await measure(body, { at: 'a' })).toEqual(error(code, detail)); });

  test('the same name in different objects, and names that look like texts, are no duplicates', async () => {
    expect(await measure('{"a":1,"list":[{"a":1},{"a":2}],"b":"a","c":{"a":"{\\"a\\":1,\\"a\\":2}"}}', { at: 'a' })).toEqual({ kind: 'value', value: 1 });
  });
  test('a document of nearly 4 MiB, be it one text or very deep, is read', () => {
    expect(valueAt(readJson(`{"pad":"${'x'.repeat(3_900_000)}","a":1}`), ['a'])).toBe(1);
    expect(valueAt(readJson(`{"a":1,"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), ['a'])).toBe(1);
    expect(valueAt(readJson(`{"pad":"${'\\n'.repeat(1_500_000)}","a":1}`), ['a'])).toBe(1);
  });
  test('it is asked for as JSON', async () => {
    await measure('{"a":1}', { at: 'a' });
    expect(server.asked.at(-1)!.headers.accept).toBe('application/json');
  });
});

describe('a ratio', () => {
  const ratio = (body: string, more: ProviderSettings = {}): Promise<Measurement> => measure(body, { ratio: ['errors', 'requests'], ...more });
  test('is the first by the second, over as many samples as the second', async () => { expect(await ratio('{"errors":3,"requests":200}')).toEqual({ kind: 'value', value: 0.015, samples: 200 }); });
  test('of a measured 0 is idle, not 0 and not an error', async () => { expect(await ratio('{"errors":0,"requests":0}')).toEqual({ kind: 'idle', samples: 0 }); });
  test('of something by 0 is not finite', async () => { expect(await ratio('{"errors":3,"requests":0}')).toEqual({ kind: 'nonFinite', value: '+Inf' }); });
  test('by infinity is not a healthy 0', async () => { expect(await ratio('{"errors":3,"requests":1e999}')).toEqual({ kind: 'nonFinite', value: '+Inf' }); });
  test('of a field that is missing is no data', async () => { expect(await ratio('{"requests":200}')).toMatchObject({ kind: 'noData' }); });
});

describe('samples', () => {
  const sampled = (body: string): Promise<Measurement> => measure(body, { at: 'rate', samples: 'n' });
  test.each([
    ['stand beside the value', '{"rate":2,"n":40}', { kind: 'value', value: 2, samples: 40 }],
    ['of 0 with a rate of null are idle', '{"rate":null,"n":0}', { kind: 'idle', samples: 0 }],
    ['of 0 with no rate are idle', '{"n":0}', { kind: 'idle', samples: 0 }],
    ['that are missing make the value unknown', '{"rate":2}', { kind: 'noData', detail: "there is no 'n' in the answer" }],
    ['with a rate of null are no data', '{"rate":null,"n":40}', { kind: 'noData', detail: "'rate' is null" }],
  ])('%s', async (_what, body, expected) => { expect(await sampled(body)).toEqual(expected); });
  test('below 0 are an error', async () => { expect(await sampled('{"rate":2,"n":-1}')).toEqual(error('not-a-number', /no count/)); });
});

describe('members', () => {
  const members = (body: string, more: ProviderSettings = {}): Promise<Measurement> => measure(body, { members: 'alerts', ...more });
  test('are counted by name, filtered by fields', async () => {
    const body = '{"alerts":[{"id":"b","severity":"critical"},{"id":"a","severity":"critical"},{"id":"c","severity":"warning"}]}';
    expect(await members(body, { where: { severity: 'critical' } })).toEqual({ kind: 'value', value: 2, members: ['a', 'b'] });
  });
  test('may be plain texts', async () => { expect(await members('{"alerts":["x","y"]}')).toEqual({ kind: 'value', value: 2, members: ['x', 'y'] }); });
  test('none are a measured 0', async () => { expect(await members('{"alerts":[]}')).toEqual({ kind: 'value', value: 0, members: [] }); });
  test('no list is no data, something else is an error', async () => {
    expect(await members('{}')).toMatchObject({ kind: 'noData' });
    expect(await members('{"alerts":3}')).toEqual(error('bad-answer', /not a list/));
    expect(await members('{"alerts":[{"name":"a"}]}')).toEqual(error('bad-answer', /no 'id'/));
  });
});

test('a path reads back from its printed form', () => {
  for (const path of [['a'], ['a', 'b.c', 0, 'd[1]', 'e\\f'], [0, 'a'], ['a', '1']]) {
    expect(parsePath(printPath(path))).toEqual(path);
  }
  for (const bad of ['', '.a', 'a.', 'a..b', 'a[', 'a[]', 'a[-1]', 'a[01]', 'a[1]b', 'a\\', 'a[=1]', 'a[b=]', 'a[b=c]d']) expect(parsePath(bad), bad).toHaveProperty('problem');
});
