// The reader of the text formats: what it takes, what it refuses, and that it reads what a client library writes as another reader does.
// The other reader is Python's prometheus_client, fetched once by pip into the cache; without it that part is skipped by name.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Counter, Gauge, Histogram, Registry, Summary, type RegistryContentType } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Measurement } from '../../src/judgement/types.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import { createHttpClient } from '../../src/http/client.js';
import { parseExposition, type Sample } from '../../src/sources/exposition.js';
import { createPrometheusText } from '../../src/sources/prometheus-text.js';
import type { MetricRef } from '../../src/sources/port.js';
import { metricRef } from './conformance.js';
import { startFaultServer, type FaultServer } from './fault-server.js';

const values = (text: string): unknown[] => parseExposition(text).map(({ name, labels, value }) => [name, { ...labels }, value]);

describe('the reader takes', () => {
  test.each<[string, string, unknown[]]>([
    ['a bare sample', 'up 1\n', [['up', {}, 1]]],
    ['a last line without its end, when the length was announced', 'up 1', [['up', {}, 1]]],
    ['labels with every escape', 'a{p="C:\\\\x",q="say \\"hi\\"",r="two\\nlines"} 1\n', [['a', { p: 'C:\\x', q: 'say "hi"', r: 'two\nlines' }, 1]]],
    ['a label text with the signs that end labels', 'a{p="}",q=",=",r="# {"} 1\n', [['a', { p: '}', q: ',=', r: '# {' }, 1]]],
    ['space wherever it is allowed', '  a  { p = "1" , } \t 2  3000 \n', [['a', { p: '1' }, 2]]],
    ['infinities and NaN however they are written', 'a +Inf\nb -inf\nc NaN\nd Nan\ne INF\n', [['a', {}, Infinity], ['b', {}, -Infinity], ['c', {}, NaN], ['d', {}, NaN], ['e', {}, Infinity]]],
    ['exponents', 'a 1.5e-3\nb 2E6\nc .5\nd 1.\n', [['a', {}, 0.0015], ['b', {}, 2e6], ['c', {}, 0.5], ['d', {}, 1]]],
    ['a timestamp', 'a 1 1395066363000\n', [['a', {}, 1]]],
    ['an exemplar, which is no timestamp', 'a_bucket{le="1"} 5 # {trace="x"} 0.5 1700000000.1\n', [['a_bucket', { le: '1' }, 5]]],
    ['an exemplar after a timestamp', 'a_total 5 1700000000.5 # {} 0.5\n', [['a_total', {}, 5]]],
    ['comments of every kind', '#\n# anything {\n#no space\n# HELP a b\n# TYPE a counter\na 1\n# EOF\n', [['a', {}, 1]]],
    ['line ends of another system', 'a 1\r\nb{c="d"} 2\r\n', [['a', {}, 1], ['b', { c: 'd' }, 2]]],
    ['names in UTF-8, written in quotes', '{"http.requests",zone="a"} 4\n{"größe"} 1\n', [['http.requests', { zone: 'a' }, 4], ['größe', {}, 1]]],
    ['one name with different labels', 'a{p="1"} 1\na{p="2"} 2\na 3\n', [['a', { p: '1' }, 1], ['a', { p: '2' }, 2], ['a', {}, 3]]],
    ['an empty page', '', []],
  ])('%s', (_what, text, expected) => { expect(values(text)).toEqual(expected); });
});

describe('the reader refuses, with the line,', () => {
  test.each([
    ['a web page', '<html>\n', 1], ['JSON', '{"a":1}\n', 1], ['a word', 'up\n', 1], ['a value that is none', 'a 1\nb abc\n', 2], ['a hexadecimal value', 'a 0x10\n', 1], ['a value with a comma', 'a 1,5\n', 1],
    ['a name that is none', '1a 1\n', 1], ['a name run into its value', 'a"b" 1\n', 1], ['labels without an end', 'a{b="c" 1\n', 1], ['a label text without an end', 'a{b="c} 1\n', 1], ['a label without quotes', 'a{b=c} 1\n', 1],
    ['a label twice', 'a{b="1",b="2"} 1\n', 1], ['labels without a comma', 'a{b="1" c="2"} 1\n', 1], ['a label that is none', 'a{1b="1"} 1\n', 1], ['a timestamp that is none', 'a 1 soon\n', 1], ['a timestamp that is infinite', 'a 1 Inf\n', 1],
    ['more after the timestamp', 'a 1 2 3\n', 1], ['an exemplar that is broken', 'a 1 # 5\n', 1], ['a series twice', 'a{x="1",y="2"} 1\nb 1\na{y="2",x="1"} 2\n', 3], ['something after the end', 'a 1\n# EOF\nb 1\n', 3],
    ['a type that does not exist', '# TYPE a nonsense\n', 1], ['two names', 'a{"b"} 1\n', 1], ['no value', 'a{b="c"}\n', 1], ['no name', '{b="c"} 1\n', 1],
  ])('%s', (_what, text, line) => { expect(() => parseExposition(text)).toThrow(new RegExp(`^line ${line}: `)); });

  test('an OpenMetrics page without its end mark', () => {
    expect(() => parseExposition('a 1\n', { openMetrics: true })).toThrow(/# EOF/);
    expect(parseExposition('a 1\n# EOF\n', { openMetrics: true })).toHaveLength(1);
    expect(parseExposition('a 1\n# EOF', { openMetrics: true })).toHaveLength(1);
  });
  test('a last line without its end, when nothing announced the length', () => { expect(() => parseExposition('a 1\nb 12', { complete: false })).toThrow(/line 2: .*cut off/); });
});

/** Where the other reader lies, or why it cannot be had. */
function otherReader(): { folder: string } | { why: string } {
  const folder = join(import.meta.dirname, '../../node_modules/.cache/tidegate/python-prometheus-client');
  if (existsSync(join(folder, 'prometheus_client'))) return { folder };
  try {
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', folder, 'prometheus_client==0.22.1'], { stdio: 'ignore', timeout: 60_000 });
    return { folder };
  } catch { return { why: 'python3 with prometheus_client cannot be had here' }; }
}
const other = otherReader();
const READ = `
import json, math, sys
if sys.argv[1] == 'openmetrics':
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
else:
    from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([[s.name, dict(s.labels), repr(float(s.value))] for f in text_string_to_metric_families(sys.stdin.read()) for s in f.samples]))
`;
function readByOther(text: string, format: 'classic' | 'openmetrics'): string[] {
  if ('why' in other) throw new Error(other.why);
  const out = execFileSync('python3', ['-c', READ, format], { input: text, encoding: 'utf8', env: { ...process.env, PYTHONPATH: other.folder } });
  return (JSON.parse(out) as [string, Record<string, string>, string][]).map(([name, labels, value]) => canonical({ name, labels, value: value === 'inf' ? Infinity : value === '-inf' ? -Infinity : Number(value === 'nan' ? NaN : value) })).sort();
}
const canonical = ({ name, labels, value }: Sample): string => JSON.stringify([name, Object.entries(labels).sort(), String(value)]);

function fill(contentType: RegistryContentType): Registry {
  const registry = new Registry();
  registry.setContentType(contentType as typeof Registry.PROMETHEUS_CONTENT_TYPE);
  const registers = [registry];
  const exemplars = contentType === Registry.OPENMETRICS_CONTENT_TYPE;
  const counter = new Counter({ name: 'requests_total', help: 'with "quotes", a \\ and\na line', labelNames: ['path', 'code'], registers });
  for (const path of ['/', '/a b', 'C:\\dir', 'say "hi"', 'two\nlines', 'ümlaut ✓', '{},=#']) counter.inc({ path, code: '200' }, 3);
  const gauge = new Gauge({ name: 'odd_values', help: 'odd', labelNames: ['kind'], registers });
  for (const [kind, value] of [['nan', NaN], ['inf', Infinity], ['neg', -Infinity], ['tiny', 1e-12], ['big', 1.5e300], ['minus', -3]] as const) gauge.set({ kind }, value);
  const histogram = new Histogram({ name: 'latency_seconds', help: 'h', labelNames: ['route'], buckets: [0.1, 0.5, 1], registers, enableExemplars: exemplars });
  for (const value of [0.05, 0.3, 0.7, 2]) {
    if (exemplars) histogram.observe({ labels: { route: 'r' }, value, exemplarLabels: { trace_id: `t${value}` } } as never);
    else histogram.observe({ route: 'r' }, value);
  }
  new Summary({ name: 'size_bytes', help: 's', percentiles: [0.5, 0.95], registers }).observe(3);
  return registry;
}

describe.skipIf('why' in other)(`what a client library writes is read as Python's reader reads it${'why' in other ? ` (skipped: ${other.why})` : ''}`, () => {
  test('in the classic format, line by line', async () => {
    const text = await fill(Registry.PROMETHEUS_CONTENT_TYPE).metrics();
    const read = parseExposition(text);
    expect(read.length).toBe(7 + 6 + 6 + 4);
    expect(read.map(canonical).sort()).toEqual(readByOther(text, 'classic'));
  });
  test('in OpenMetrics, with exemplars', async () => {
    const text = await fill(Registry.OPENMETRICS_CONTENT_TYPE).metrics();
    expect(text).toContain('# {trace_id=');
    expect(parseExposition(text, { openMetrics: true }).map(canonical).sort()).toEqual(readByOther(text, 'openmetrics'));
  });
  test('and so are lines that no library writes', () => {
    const text = 'a{p="C:\\\\x",q="say \\"hi\\"",r="two\\nlines",} 1\nb{p="}",q=",="} +Inf\nc 1.5e-3 1395066363000\nd .5\n';
    expect(parseExposition(text).map(canonical).sort()).toEqual(readByOther(text, 'classic'));
  });
});

describe('the source', () => {
  const source = createPrometheusText(createHttpClient());
  let server: FaultServer;
  beforeAll(async () => { server = await startFaultServer(); });
  afterAll(() => server.close());
  const PAGE = 'requests_total{code="200",zone="a"} 90\nrequests_total{code="500",zone="a"} 6\nrequests_total{code="500",zone="b"} 4\nidle_total 0\nnan NaN\nzero 0\n';
  const measure = async (settings: ProviderSettings, body = PAGE, type = 'text/plain; version=0.0.4', metric: Partial<MetricRef> = {}): Promise<Measurement> => {
    server.serve('/metrics', { body, type });
    return (await source.measure(metricRef({ url: `${server.origin}/metrics`, ...settings }, metric), 0, 1_000, new AbortController().signal))[0]!.measurement;
  };

  test('asks for text by the Accept header', async () => {
    await measure({ metric: 'zero' });
    expect(server.asked.at(-1)!.headers.accept).toMatch(/^text\/plain;version=0\.0\.4/);
  });
  test('picks the series with the labels that are named, whatever others it has', async () => { expect(await measure({ metric: 'requests_total', labels: { code: '200' } })).toEqual({ kind: 'value', value: 90 }); });
  test('several series are ambiguous, unless their sum is wanted', async () => {
    expect(await measure({ metric: 'requests_total', labels: { code: '500' } })).toEqual({ kind: 'ambiguous', series: 2 });
    expect(await measure({ metric: 'requests_total', labels: { code: '500' }, sum: 'yes' })).toEqual({ kind: 'value', value: 10 });
  });
  test('a metric that is not on the page is no data', async () => { expect(await measure({ metric: 'requests_total', labels: { code: '404' } })).toEqual({ kind: 'noData', detail: 'the page has no requests_total{code="404"}' }); });
  test('a ratio sums both sides, and carries its samples', async () => { expect(await measure({ ratio: [{ metric: 'requests_total', labels: { code: '500' } }, { metric: 'requests_total' }] })).toEqual({ kind: 'value', value: 0.1, samples: 100 }); });
  test('an error counter that the service has not written yet counts as 0 only where the plan says so', async () => {
    expect(await measure({ ratio: [{ metric: 'errors_total' }, { metric: 'requests_total' }] })).toMatchObject({ kind: 'noData' });
    expect(await measure({ ratio: [{ metric: 'errors_total', absent: 0 }, { metric: 'requests_total' }] })).toEqual({ kind: 'value', value: 0, samples: 100 });
  });
  test('a ratio over a measured 0 is idle', async () => { expect(await measure({ ratio: [{ metric: 'idle_total' }, { metric: 'idle_total' }] })).toEqual({ kind: 'idle', samples: 0 }); });
  test('NaN is not finite, and idle where nothing was counted', async () => {
    expect(await measure({ metric: 'nan' })).toEqual({ kind: 'nonFinite', value: 'NaN' });
    expect(await measure({ metric: 'nan', samples: { metric: 'zero' } })).toEqual({ kind: 'idle', samples: 0 });
    expect(await measure({ metric: 'zero', samples: { metric: 'requests_total' } })).toEqual({ kind: 'value', value: 0, samples: 100 });
  });
  test('a page with one line that is not understood is no page at all', async () => { expect(await measure({ metric: 'zero' }, `${PAGE}broken{ 1\n`)).toMatchObject({ kind: 'providerError', code: 'bad-answer', detail: expect.stringMatching(/line 7/) as string }); });
  test('OpenMetrics that breaks off is an error', async () => { expect(await measure({ metric: 'zero' }, PAGE, 'application/openmetrics-text; version=1.0.0')).toMatchObject({ kind: 'providerError', code: 'bad-answer' }); });
  test('another type of answer is an error', async () => { expect(await measure({ metric: 'zero' }, '{}', 'application/json')).toMatchObject({ kind: 'providerError', code: 'wrong-type' }); });
});
