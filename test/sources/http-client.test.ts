// The promises of src/http/client.ts against a server that misbehaves. Every wait has a limit of its own: the client's.
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttpClient, type HttpFailure, type HttpOutcome } from '../../src/http/client.js';
import { closedAddress, startFaultServer, type FaultServer } from './fault-server.js';

const http = createHttpClient();
let server: FaultServer;
let other: FaultServer;
beforeAll(async () => { server = await startFaultServer(); other = await startFaultServer(); });
afterAll(async () => { await server.close(); await other.close(); });

const ask = (path: string, more: object = {}): Promise<HttpOutcome> => http.send({ url: `${server.origin}${path}`, timeLimitMs: 2_000, ...more });
const code = (outcome: HttpOutcome): string => (outcome.kind === 'failure' ? outcome.code : `answer ${outcome.status}`);

test('an answer comes with status, type, text and headers', async () => {
  server.serve('/fine', { body: '{"a":1}', type: 'application/json; charset=utf-8', headers: { 'x-page': '7' } });
  const outcome = await ask('/fine');
  expect(outcome).toMatchObject({ kind: 'answer', status: 200, contentType: 'application/json', text: '{"a":1}', framed: true, address: `${server.origin}/fine` });
  if (outcome.kind === 'answer') expect(outcome.header('X-Page')).toBe('7');
});

test('an error status is an answer, not a failure', async () => { expect(code(await ask('/503'))).toBe('answer 503'); });

test.each([
  ['a server that never answers', '/hang', 'timeout'],
  ['a body that drips for ever', '/drip', 'timeout'],
  ['redirects without end', '/loop', 'too-many-redirects'],
  ['50 MB', '/huge', 'too-large'],
  ['50 MB packed into a few kilobytes', '/bomb', 'too-large'],
  ['a body that breaks off', '/cut', 'cut-off'],
  ['a connection that is reset', '/reset', 'reset'],
  ['a redirect to another protocol', '/redirect-away', 'bad-redirect'],
])('%s is an outcome, within its limits', async (_what, path, expected) => {
  expect(code(await ask(path, { timeLimitMs: 400 + (path === '/huge' || path === '/bomb' ? 5_000 : 0) }))).toBe(expected);
});

test('reading stops at the size limit instead of taking everything and then complaining', async () => {
  const before = server.sentBytes();
  expect(code(await ask('/huge', { maxBytes: 64 * 1024 }))).toBe('too-large');
  // what was taken beyond it lies in the socket buffers of both sides
  expect(server.sentBytes() - before).toBeLessThan(20 * 1024 * 1024);
});

test('the size limit itself is still within it', async () => {
  server.serve('/exact', { body: 'x'.repeat(1_000), type: 'text/plain' });
  expect(code(await ask('/exact', { maxBytes: 1_000 }))).toBe('answer 200');
  expect(code(await ask('/exact', { maxBytes: 999 }))).toBe('too-large');
});

test('five redirects are followed, a sixth is not', async () => {
  for (let i = 1; i <= 7; i += 1) server.serve(`/hop${i}`, i === 7 ? { body: 'there' } : { status: 302, body: '', headers: { location: `/hop${i + 1}` } });
  expect(code(await ask('/hop2'))).toBe('answer 200');
  expect(code(await ask('/hop1'))).toBe('too-many-redirects');
});

test('without redirects wanted, a redirect is the answer', async () => { expect(code(await ask('/loop', { redirects: 0 }))).toBe('answer 302'); });

test('credentials do not follow a redirect to another origin, but do follow one to the same', async () => {
  server.serve('/inside', { status: 307, body: '', headers: { location: '/target' } });
  server.serve('/outside', { status: 307, body: '', headers: { location: `${other.origin}/target` } });
  server.serve('/target', { body: '{}' });
  other.serve('/target', { body: '{}' });
  const headers = { authorization: 'Bearer s3cret-token', 'x-api-key': 'k3y-value', cookie: 'session=abc123', accept: 'application/json' };
  await ask('/inside', { headers });
  expect(server.asked.at(-1)!.headers).toMatchObject({ authorization: 'Bearer s3cret-token', 'x-api-key': 'k3y-value', cookie: 'session=abc123' });
  await ask('/outside', { headers });
  expect(other.asked.at(-1)!.path).toBe('/target');
  const seen = other.asked.at(-1)!.headers;
  expect([seen.authorization, seen['x-api-key'], seen.cookie]).toEqual([undefined, undefined, undefined]);
  expect(seen.accept).toBe('application/json');
});

test('user info of the address becomes a header for that origin and is not passed on', async () => {
  server.serve('/plain', { body: '{}' });
  const withUser = server.origin.replace('http://', 'http://ann:p%40ss-word@');
  await http.send({ url: `${withUser}/plain`, timeLimitMs: 2_000 });
  expect(server.asked.at(-1)!.headers.authorization).toBe(`Basic ${Buffer.from('ann:p@ss-word').toString('base64')}`);
  server.serve('/leave', { status: 302, body: '', headers: { location: `${other.origin.replace('http://', 'http://eve:evil@')}/target` } });
  await http.send({ url: `${withUser}/leave`, timeLimitMs: 2_000 });
  expect(other.asked.at(-1)!.headers.authorization).toBeUndefined();
});

test('a POST that may be repeated stays a POST over a redirect; another becomes a GET without its body', async () => {
  server.serve('/moved', { status: 301, body: '', headers: { location: '/target' } });
  await ask('/moved', { method: 'POST', body: 'a=1', contentType: 'application/x-www-form-urlencoded', repeatable: true });
  expect(server.asked.at(-1)).toMatchObject({ method: 'POST', body: 'a=1' });
  await ask('/moved', { method: 'POST', body: 'a=1', contentType: 'application/x-www-form-urlencoded' });
  expect(server.asked.at(-1)).toMatchObject({ method: 'GET', body: '' });
});

test('no secret of the request is repeated in an outcome', async () => {
  const secrets = ['hunter2-password', 'tok-query-456', 'tok-header-789', 'percent%encoded'];
  const headers = { authorization: `Bearer ${secrets[2]}`, 'x-key': `bad\nvalue-${secrets[2]}` };
  const closed = await closedAddress();
  const outcomes: HttpOutcome[] = [
    await http.send({ url: `${closed.replace('http://', `http://ann:${secrets[0]}@`)}/x?token=${secrets[1]}`, timeLimitMs: 500 }),
    await http.send({ url: `not a url ${secrets[1]}`, timeLimitMs: 500 }),
    await http.send({ url: `ftp://ann:${secrets[0]}@127.0.0.1/`, timeLimitMs: 500 }),
    await http.send({ url: `http://ann:${secrets[0]}%zz@127.0.0.1:1/`, timeLimitMs: 500 }),
    await ask(`/loop?token=${secrets[1]}`, { headers: { authorization: headers.authorization } }),
    await ask('/fine', { headers }),
    await ask(`/hang?token=${secrets[1]}`, { timeLimitMs: 50 }),
  ];
  expect(outcomes.map(code)).toEqual(['refused', 'bad-address', 'bad-address', 'bad-header', 'too-many-redirects', 'bad-header', 'timeout']);
  for (const secret of secrets) expect(JSON.stringify(outcomes)).not.toContain(secret);
  expect(await http.send({ url: `${closed}/services/T0/B0/XXXX`, timeLimitMs: 500, secretPath: true })).toMatchObject({ address: `${closed}/…` });
});

test('a caller who gives up is obeyed at once, whether before or during', async () => {
  const giveUp = new AbortController();
  const pending = ask('/hang', { timeLimitMs: 60_000 });
  const given = http.send({ url: `${server.origin}/hang`, timeLimitMs: 60_000 }, giveUp.signal);
  setTimeout(() => giveUp.abort(), 20);
  expect(code(await given)).toBe('aborted');
  expect(code(await http.send({ url: `${server.origin}/fine`, timeLimitMs: 60_000 }, giveUp.signal))).toBe('aborted');
  void pending; // ends when the server is closed
});

test('it says whether the server may have acted on a request that failed', async () => {
  const reached = async (outcome: Promise<HttpOutcome>): Promise<string> => ((await outcome) as HttpFailure).reached;
  expect(await reached(http.send({ url: await closedAddress(), timeLimitMs: 500 }))).toBe('no');
  expect(await reached(ask('/hang', { timeLimitMs: 50 }))).toBe('perhaps');
  expect(await reached(ask('/cut'))).toBe('perhaps');
});

test('an unknown host, a server that speaks no HTTP and one that speaks no TLS are told apart', async () => {
  const raw = createServer((socket) => { socket.on('error', () => undefined); socket.end('SSH-2.0-OpenSSH_9.2\r\n', () => socket.destroySoon()); });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  const { port } = raw.address() as AddressInfo;
  expect(code(await http.send({ url: 'http://no-such-host.invalid/', timeLimitMs: 5_000 }))).toBe('unknown-host');
  expect(code(await http.send({ url: `http://127.0.0.1:${port}/`, timeLimitMs: 2_000 }))).toBe('bad-answer');
  expect(code(await http.send({ url: `https://127.0.0.1:${port}/`, timeLimitMs: 2_000 }))).toBe('tls');
  raw.close();
});

test('a port that HTTP clients refuse is a wrong address, not a dead server', async () => {
  expect(code(await http.send({ url: 'http://127.0.0.1:1/', timeLimitMs: 500 }))).toBe('bad-address');
});

test('a kept connection that the server closed meanwhile is no failure for a request that may be repeated', async () => {
  let connections = 0;
  // answers the first request of a connection and resets it at the second
  const raw = createServer((socket) => {
    connections += 1;
    let requests = 0;
    socket.on('error', () => undefined).on('data', () => {
      requests += 1;
      if (requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok');
      else socket.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(raw.address() as AddressInfo).port}/`;
  expect(code(await http.send({ url, timeLimitMs: 2_000 }))).toBe('answer 200');
  expect(code(await http.send({ url, timeLimitMs: 2_000 }))).toBe('answer 200');
  expect(connections).toBe(2);
  expect(code(await http.send({ url, method: 'POST', body: 'x', timeLimitMs: 2_000 }))).toBe('reset'); // this one may have done something
  const before = connections;
  for (let i = 0; i < 3; i += 1) expect(code(await http.send({ url, timeLimitMs: 2_000, freshConnection: true }))).toBe('answer 200');
  expect(connections - before).toBe(3);
  raw.close();
});
