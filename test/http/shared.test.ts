// Identical requests at the same time are one request, and nobody loses by it; a server that says 'later' is asked once more, within the time limit.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createHttpClient, type HttpOutcome, type HttpRequest } from '../../src/http/client.js';
import { patient } from '../../src/http/patient.js';
import { shareInFlight } from '../../src/http/shared.js';
import { startFaultServer, type FaultServer } from '../sources/fault-server.js';

let server: FaultServer;
/** answers of /slow wait here until a test lets them go */
let waiting: (() => void)[] = [];
beforeAll(async () => {
  server = await startFaultServer();
  let serial = 0;
  server.serve('/slow', (_request, response) => { waiting.push(() => { serial += 1; response.writeHead(200, { 'content-type': 'text/plain', 'x-page': '7' }).end(`answer ${serial}`); }); });
});
afterAll(() => server.close());
beforeEach(() => { waiting = []; });

const shown = (outcome: HttpOutcome): string => (outcome.kind === 'answer' ? outcome.text || String(outcome.status) : outcome.code);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
async function arrived(count: number): Promise<void> {
  for (let tries = 0; waiting.length < count; tries += 1) { if (tries > 400) throw new Error(`${waiting.length} of ${count} requests arrived`); await pause(5); }
}

describe('one request in flight for identical reads', () => {
  const open = (): ((more?: Partial<HttpRequest>, signal?: AbortSignal) => Promise<HttpOutcome>) => {
    const http = shareInFlight(createHttpClient());
    return (more = {}, signal) => http.send({ url: `${server.origin}/slow`, timeLimitMs: 5_000, ...more }, signal);
  };

  test('callers of the same read share one request and its answer; who comes after it asks anew', async () => {
    const ask = open();
    const three = [ask({ headers: { 'X-A': '1', 'x-b': '2' } }), ask({ headers: { 'x-b': '2', 'x-a': '1' }, timeLimitMs: 4_000 }), ask({ headers: { 'x-a': '1', 'x-b': '2' } })];
    await arrived(1);
    await pause(30);
    expect(waiting.length).toBe(1);
    waiting[0]!();
    const outcomes = await Promise.all(three);
    expect(new Set(outcomes.map(shown)).size).toBe(1);
    for (const outcome of outcomes) expect(outcome.kind === 'answer' && outcome.header('x-page')).toBe('7');
    const later = ask({ headers: { 'x-a': '1', 'x-b': '2' } });
    await arrived(2);
    waiting[1]!();
    expect(shown(await later)).not.toBe(shown(outcomes[0]!));
  });

  test.each([
    ['another method', { method: 'POST', repeatable: true }, {}], ['another header value', { headers: { a: '1' } }, { headers: { a: '2' } }], ['another query', { url: '?a=1' }, { url: '?a=2' }],
    ['another body', { method: 'POST', repeatable: true, body: 'a' }, { method: 'POST', repeatable: true, body: 'b' }], ['another use of connections', { freshConnection: true }, {}], ['another size limit', { maxBytes: 10 }, {}],
    ['a POST that may change something', { method: 'POST', body: 'x' }, { method: 'POST', body: 'x' }], ['a PUT', { method: 'PUT', body: 'x', repeatable: true }, { method: 'PUT', body: 'x', repeatable: true }], ['a DELETE', { method: 'DELETE' }, { method: 'DELETE' }],
  ] as const)('%s is another request', async (_what, one: Partial<HttpRequest>, other: Partial<HttpRequest>) => {
    const ask = open();
    const both = [one, other].map((more) => ask({ ...more, url: `${server.origin}/slow${more.url ?? ''}` }));
    await arrived(2);
    for (const answer of waiting) answer();
    expect((await Promise.all(both)).map(({ kind }) => kind)).toEqual(['answer', 'answer']);
  });

  test('one POST that changes nothing is shared', async () => {
    const ask = open();
    const query = { method: 'POST', repeatable: true, body: 'query=up' } as const;
    const both = [ask(query), ask(query)];
    await arrived(1);
    await pause(30);
    expect(waiting.length).toBe(1);
    waiting[0]!();
    await Promise.all(both);
  });

  test('a caller who gives up ends at once and takes nobody with him, whoever began it', async () => {
    for (const leaver of [0, 1]) {
      waiting = [];
      const ask = open();
      const giveUp = new AbortController();
      const both = [0, 1].map((who) => ask({}, who === leaver ? giveUp.signal : undefined));
      await arrived(1);
      giveUp.abort();
      expect(shown(await both[leaver]!)).toBe('aborted');
      waiting[0]!();
      expect(shown(await both[1 - leaver]!)).toMatch(/^answer /);
      expect(shown(await ask({}, giveUp.signal))).toBe('aborted'); // nothing to wait for, either
    }
  });

  test('with its last caller the request is given up too, and the next caller does not join it', async () => {
    let seen: AbortSignal | undefined;
    let sent = 0;
    const http = shareInFlight({ send: (_request, signal) => { sent += 1; seen = signal; return new Promise(() => undefined); } });
    const ends = [new AbortController(), new AbortController()];
    const both = ends.map(({ signal }) => http.send({ url: 'http://x/', timeLimitMs: 5_000 }, signal));
    ends[0]!.abort();
    await both[0];
    expect(seen!.aborted).toBe(false);
    ends[1]!.abort();
    await both[1];
    expect(seen!.aborted).toBe(true);
    void http.send({ url: 'http://x/', timeLimitMs: 10 });
    expect(sent).toBe(2);
  });

  test('each caller keeps its own time limit: a shorter one ends earlier, a longer one outlives that of the caller who began', async () => {
    const ask = open();
    const long = ask();
    await arrived(1);
    expect(shown(await ask({ timeLimitMs: 50 }))).toBe('timeout');
    waiting[0]!();
    expect(shown(await long)).toMatch(/^answer /);

    waiting = [];
    const short = ask({ timeLimitMs: 150 });
    await arrived(1);
    const joined = ask({ timeLimitMs: 5_000 });
    expect(shown(await short)).toBe('timeout');
    await arrived(2); // asked by the one who has time left
    waiting[1]!();
    expect(shown(await joined)).toMatch(/^answer /);
  });
});

describe('a server that says later', () => {
  const http = patient(createHttpClient());
  let asked = 0;
  const says = (status: number, headers: Record<string, string>, then = 200): void => {
    asked = 0;
    server.serve('/later', (_request, response) => { asked += 1; response.writeHead(asked === 1 ? status : then, asked === 1 ? headers : {}).end(`${asked}`); });
  };
  const ask = (more: Partial<HttpRequest> = {}, signal?: AbortSignal): Promise<HttpOutcome> => http.send({ url: `${server.origin}/later`, timeLimitMs: 4_000, ...more }, signal);
  const inSeconds = (seconds: number): string => new Date(Date.UTC(2020, 0, 1) + seconds * 1000).toUTCString();

  test.each([[429, { 'retry-after': '1' }], [503, { 'retry-after': '0' }], [503, { 'retry-after': inSeconds(1), date: inSeconds(0) }]] as const)('%i with %o is asked once more', async (status, headers) => {
    says(status, headers);
    expect(await ask()).toMatchObject({ kind: 'answer', status: 200, text: '2' });
  });
  test('a query by POST too; not one that may have changed something', async () => {
    says(429, { 'retry-after': '0' });
    expect(await ask({ method: 'POST', repeatable: true, body: 'q' })).toMatchObject({ status: 200 });
    says(429, { 'retry-after': '0' });
    expect(await ask({ method: 'POST', body: 'q' })).toMatchObject({ status: 429 });
    expect(asked).toBe(1);
  });
  test('once, not for as long as it says so', async () => {
    says(429, { 'retry-after': '0' }, 429);
    expect(await ask()).toMatchObject({ status: 429 });
    expect(asked).toBe(2);
  });
  test.each([
    ['longer than there is time for', 429, { 'retry-after': '4' }], ['so long that nothing would be left for the answer', 503, { 'retry-after': '3' }], ['not when', 429, {}], ['when in words nobody reads', 429, { 'retry-after': 'soon' }],
    ['a date of a clock it does not show', 503, { 'retry-after': inSeconds(1), date: '' }], ['something else', 500, { 'retry-after': '0' }],
  ])('%s: the answer is taken as it is', async (_what, status, headers) => {
    says(status, headers as Record<string, string>);
    expect(await ask()).toMatchObject({ status });
    expect(asked).toBe(1);
  });
  test('waiting ends at once when the caller gives up', async () => {
    says(429, { 'retry-after': '60' });
    const giveUp = new AbortController();
    const pending = ask({ timeLimitMs: 600_000 }, giveUp.signal);
    setTimeout(() => giveUp.abort(), 100);
    expect(shown(await pending)).toBe('aborted');
    expect(asked).toBe(1);
  });
  test('what is left of the time limit is the limit of the second request', async () => {
    says(503, { 'retry-after': '1' });
    const limits: number[] = [];
    const counted = patient({ send: (request, signal) => { limits.push(request.timeLimitMs); return createHttpClient().send(request, signal); } });
    await counted.send({ url: `${server.origin}/later`, timeLimitMs: 4_000 });
    expect(limits[0]).toBe(4_000);
    expect(limits[1]).toBeLessThanOrEqual(3_000);
  });
});
