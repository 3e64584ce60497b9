// The way a request takes: directly, through a real proxy (absolute-form and CONNECT), to a server whose certificate an own authority signed.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createHttpClient, type HttpOutcome, type HttpRequest } from '../../src/http/client.js';
import { fetchByEnvironment } from '../../src/http/proxy.js';
import { createProbe } from '../../src/sources/probe.js';
import { metricRef } from '../sources/conformance.js';
import { closedAddress, startFaultServer, type FaultServer } from '../sources/fault-server.js';
import { startProxy, type ProxyServer } from './proxy-server.js';

const root = join(import.meta.dirname, '../..');
/** an authority that exists only here, and a server of it for metrics.internal, localhost and 127.0.0.1 (openssl; valid for a hundred years) */
const tls = join(root, 'test/servers/tls');
let plain: FaultServer;
let secure: Server;
const proxies: ProxyServer[] = [];
const port = (origin: string): number => Number(new URL(origin).port);
const proxy = async (...how: Parameters<typeof startProxy>): Promise<ProxyServer> => { const one = await startProxy(...how); proxies.push(one); return one; };
const ask = (env: NodeJS.ProcessEnv, url: string, more: Partial<HttpRequest> = {}): Promise<HttpOutcome> => createHttpClient(fetchByEnvironment(env)).send({ url, timeLimitMs: 3_000, ...more });
const told = (outcome: HttpOutcome): string => (outcome.kind === 'answer' ? `${outcome.status} ${outcome.text}` : `${outcome.code}: ${outcome.detail}`);
const askedByProcess = async (env: NodeJS.ProcessEnv, url: string): Promise<Record<string, unknown>> => {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_proxy$|^NODE_EXTRA_CA_CERTS$/i.test(name)));
  return JSON.parse((await promisify(execFile)(process.execPath, ['build/run-ts.mjs', 'test/http/ask-process.ts', url], { cwd: root, env: { ...clean, ...env } })).stdout) as Record<string, unknown>;
};

beforeAll(async () => {
  plain = await startFaultServer();
  plain.serve('/fine', { body: 'fine', type: 'text/plain' });
  secure = createServer({ key: readFileSync(join(tls, 'server.key')), cert: readFileSync(join(tls, 'server.crt')) }, (request, response) => response.end(`secure ${request.headers.host} ${request.headers.authorization}`));
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => { for (const one of proxies.splice(0)) await one.close(); });
afterAll(async () => { await plain.close(); secure.closeAllConnections(); await new Promise((resolve) => secure.close(resolve)); });
const securePort = (): number => (secure.address() as AddressInfo).port;

describe('a proxy in the environment', () => {
  test('without one nothing changes: it is the fetch of the platform itself', () => {
    expect(fetchByEnvironment({})).toBe(fetch);
    expect(fetchByEnvironment({ NO_PROXY: '*', HTTP_PROXY: ' ' })).toBe(fetch);
  });

  test('plain http goes to it whole, with method, body and headers, and its credentials stay between it and us', async () => {
    const one = await proxy(port(plain.origin), { wants: `Basic ${Buffer.from('ann:pa55-word').toString('base64')}` });
    const env = { HTTP_PROXY: one.url.replace('//', '//ann:pa55-word@') };
    expect(told(await ask(env, 'http://metrics.internal/fine?a=1', { method: 'POST', body: 'x=1', contentType: 'text/plain', headers: { authorization: 'Bearer s' } }))).toBe('200 fine');
    expect(one.asked).toEqual(['POST http://metrics.internal/fine?a=1']);
    expect(plain.asked.at(-1)).toMatchObject({ method: 'POST', path: '/fine?a=1', body: 'x=1', headers: { host: 'metrics.internal', authorization: 'Bearer s' } });
    expect(plain.asked.at(-1)!.headers['proxy-authorization']).toBeUndefined();
  });

  test('https goes through a tunnel of which the proxy sees the name only, to a server that an own authority vouches for', async () => {
    const one = await proxy(securePort());
    const env = { https_proxy: one.url, NODE_EXTRA_CA_CERTS: join(tls, 'ca.crt') };
    expect(await askedByProcess(env, 'https://metrics.internal/fine')).toEqual({ status: 200, text: 'secure metrics.internal Bearer t0ken-of-the-server' });
    expect(one.asked).toEqual(['CONNECT metrics.internal:443']);
  });

  test('a server of an own authority is trusted with NODE_EXTRA_CA_CERTS, refused without, whatever the way', async () => {
    const url = `https://localhost:${securePort()}/`;
    expect(await askedByProcess({ NODE_EXTRA_CA_CERTS: join(tls, 'ca.crt') }, url)).toMatchObject({ status: 200 });
    expect(await askedByProcess({}, url)).toMatchObject({ kind: 'failure', code: 'tls' });
    const one = await proxy(securePort());
    expect(await askedByProcess({ HTTPS_PROXY: one.url }, 'https://metrics.internal/')).toMatchObject({ kind: 'failure', code: 'tls' });
  });

  test('one for plain http serves https too where no other is named; lower case goes before upper case; the scheme may be left out', async () => {
    const [first, second] = [await proxy(port(plain.origin)), await proxy(port(plain.origin))];
    expect(told(await ask({ http_proxy: first.url.slice('http://'.length), HTTP_PROXY: second.url }, 'http://metrics.internal/fine'))).toBe('200 fine');
    await ask({ HTTP_PROXY: second.url }, 'https://metrics.internal/fine');
    expect([first.asked, second.asked]).toEqual([['GET http://metrics.internal/fine'], ['CONNECT metrics.internal:443']]);
  });

  test('https alone proxied leaves plain http as it is', async () => {
    const one = await proxy(port(plain.origin));
    expect(await ask({ HTTPS_PROXY: one.url }, 'http://metrics.invalid/fine')).toMatchObject({ kind: 'failure', code: 'unknown-host' });
    expect(one.asked).toEqual([]);
  });

  test.each([
    ['metrics.internal', false], ['.internal', false], ['*.internal', false], ['internal', false], ['other, internal:80', false], ['*', false],
    ['internal:8080', true], ['nal', true], ['metrics', true], ['', true],
  ])("NO_PROXY '%s' sends http://metrics.internal through the proxy: %s", async (NO_PROXY, isProxied) => {
    const one = await proxy(port(plain.origin));
    await ask({ HTTP_PROXY: one.url, NO_PROXY }, 'http://metrics.internal/fine', { timeLimitMs: 1_000 });
    expect(one.asked.length).toBe(isProxied ? 1 : 0);
  });

  test('this machine itself is never asked through it', async () => {
    const one = await proxy(port(plain.origin));
    for (const host of ['127.0.0.1', 'localhost']) expect(told(await ask({ HTTP_PROXY: one.url }, `http://${host}:${port(plain.origin)}/fine`))).toBe('200 fine');
    expect(one.asked).toEqual([]);
  });

  test('redirects through it keep their rules: credentials do not follow to another origin', async () => {
    const one = await proxy(port(plain.origin));
    plain.serve('/away', { status: 302, body: '', headers: { location: 'http://elsewhere.internal/fine' } });
    expect(told(await ask({ HTTP_PROXY: one.url }, 'http://metrics.internal/away', { headers: { authorization: 'Bearer s3cret' } }))).toBe('200 fine');
    expect(plain.asked.at(-1)!.headers).toMatchObject({ host: 'elsewhere.internal' });
    expect(plain.asked.at(-1)!.headers.authorization).toBeUndefined();
  });
});

describe('a proxy that fails is our own trouble, not that of the server', () => {
  test.each(['http://metrics.internal/', 'https://metrics.internal/'])('one that is not there: %s', async (url) => {
    const env = { HTTP_PROXY: (await closedAddress()).replace('//', '//ann:pa55-word@') };
    const outcome = await ask(env, url);
    expect(outcome).toMatchObject({ kind: 'failure', code: 'proxy', reached: 'no', detail: 'the proxy named in the environment cannot be reached (ECONNREFUSED)' });
    expect(JSON.stringify(outcome)).not.toContain('pa55-word');
  });
  test.each(['http://metrics.internal/', 'https://metrics.internal/'])('one that wants other credentials: %s', async (url) => {
    const one = await proxy(port(plain.origin), { wants: 'Basic something' });
    expect(await ask({ HTTP_PROXY: one.url }, url)).toMatchObject({ kind: 'failure', code: 'proxy', reached: 'no', detail: expect.stringContaining('answered 407') as string });
  });
  test('one that refuses the tunnel', async () => {
    const one = await proxy(port(plain.origin), { refuses: 502 });
    expect(await ask({ HTTP_PROXY: one.url }, 'https://metrics.internal/')).toMatchObject({ kind: 'failure', code: 'proxy', detail: expect.stringContaining('answered 502') as string });
  });
  test('one whose address is none', async () => {
    expect(await ask({ HTTP_PROXY: 'http://:::' }, 'http://metrics.internal/')).toMatchObject({ kind: 'failure', code: 'proxy', detail: 'the proxy named in the environment is not an address' });
  });
  test('a probe through it is not measured as down', async () => {
    const probe = createProbe(createHttpClient(fetchByEnvironment({ HTTP_PROXY: await closedAddress() })));
    const [point] = await probe.measure(metricRef({ url: 'http://shop.internal/' }), 0, 1_000, new AbortController().signal);
    expect(point!.measurement).toMatchObject({ kind: 'providerError', code: 'proxy' });
  });
});
