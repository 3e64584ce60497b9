// What the tests of targets behind a flag service share: its provider, its 10,000 users, proxies that go with the test, and the faults that mean the same
// for each of them. Used by unleash.test.ts and launchdarkly.test.ts.
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../src/http/client.js';
import { createTargets, lastWrittenInMemory, MemoryTargets } from '../../src/targets/index.js';
import { TargetUnreachable, type TargetProvider, type TargetRef } from '../../src/targets/port.js';
import { HTML_502, startFaultProxy, type FaultProxy, type Seen, type Trouble } from '../servers/fault-proxy.js';
import { context } from './conformance.js';

export const users = Array.from({ length: 10_000 }, (_, index) => `user-${index + 1}`);
export const isWrite = ({ method }: Seen): boolean => method !== 'GET';
export const failure = async (call: Promise<unknown>): Promise<Error> => call.then(() => expect.unreachable('it succeeded'), (error: Error) => error);
export const providerNamed = (name: string, http = createHttpClient()): TargetProvider => createTargets({ http, allowCommands: 'any', memory: new MemoryTargets(), lastWritten: lastWrittenInMemory() })[name]!;
/** the beginning of an answer that a trouble gives */
export const word = { kind: 'answer' as const, status: 200, type: 'application/json' };

/** Proxies in front of a service that end with the test. */
export function proxiesTo(origin: () => string): (to?: string) => Promise<FaultProxy> {
  const open: FaultProxy[] = [];
  afterEach(async () => { await Promise.all(open.splice(0).map((proxy) => proxy.close())); });
  return async (to = origin()) => { const proxy = await startFaultProxy(to); open.push(proxy); return proxy; };
}

/** A flag of its own that stands at 10 %. */
export interface FlagAtTen { readonly at: (url: string) => TargetRef; /** what was really changed since it was made, by whomever */ readonly changes: () => Promise<number> }

const UNKNOWN: readonly (readonly [string, Trouble])[] = [
  ['503', { ...word, status: 503, body: '{"code":"internal","message":"busy"}' }], ['a web page of a proxy', HTML_502], ['a login page', { ...word, type: 'text/html', body: '<!doctype html><title>Sign in</title>' }],
  ['a 404 page of a proxy', { ...word, status: 404, type: 'text/html', body: '<html>nothing here</html>' }], ['truncated JSON', { ...word, body: '{"id":"01M8","name":"flexib' }], ['a broken connection', { kind: 'reset' }], ['408', { ...word, status: 408, body: '' }],
  ['429 without a word when', { ...word, status: 429, body: '{"code":"rate_limited","message":"Rate limit exceeded"}' }], ['429 that asks for an hour', { ...word, status: 429, body: '{}', headers: { 'retry-after': '3600' } }],
];
const AFTER: readonly (readonly [string, Trouble])[] = [['a broken connection', { kind: 'reset', after: true }], ['silence', { kind: 'hang', after: true }], ['503', { ...word, status: 503, body: '{}', after: true }]];

export function flagServiceFaults({ provider, flag, proxied }: { readonly provider: () => TargetProvider; readonly flag: () => Promise<FlagAtTen>; readonly proxied: () => Promise<FaultProxy> }): void {
  describe('faults of any service:', () => {
    for (const [name, trouble] of UNKNOWN) {
      it(`${name} leaves the outcome unknown, and repeating helps`, async () => {
        const [{ at }, proxy] = [await flag(), await proxied()];
        proxy.order(isWrite, trouble, 1);
        const target = at(proxy.origin);
        expect(await failure(provider().write(target, 25, 10, context()))).toBeInstanceOf(TargetUnreachable);
        expect((await provider().read(target, context())).value).toBe(10);
        await provider().write(target, 25, 10, context());
        expect((await provider().read(target, context())).value).toBe(25);
      });
    }
    for (const [name, trouble] of AFTER) {
      it(`a write that took effect before ${name} is found by reading back, and its repetition is no second change`, async () => {
        const [{ at, changes }, proxy] = [await flag(), await proxied()];
        proxy.order(isWrite, trouble, 1);
        const target = { ...at(proxy.origin), writeTimeoutMs: 700 };
        expect(await failure(provider().write(target, 25, 10, context()))).toBeInstanceOf(TargetUnreachable);
        expect((await provider().read(target, context())).value).toBe(25);
        await provider().write(target, 25, 10, context());
        expect(await changes()).toBe(1);
      });
    }
    it('a short pause that is asked for is kept inside the attempt', async () => {
      const [{ at }, proxy] = [await flag(), await proxied()];
      proxy.order(isWrite, { ...word, status: 429, body: '{}', headers: { 'retry-after': '1' } }, 1);
      await provider().write(at(proxy.origin), 25, 10, context());
      expect(proxy.seen.filter(isWrite)).toHaveLength(2);
      expect((await provider().read(at(proxy.origin), context())).value).toBe(25);
    });
    it('a redirect is refused and the token not handed on', async () => {
      const [{ at }, proxy, elsewhere] = [await flag(), await proxied(), await proxied()];
      proxy.order(() => true, { ...word, status: 302, body: '', headers: { location: `${elsewhere.origin}/login` } });
      expect(await failure(provider().read(at(proxy.origin), context()))).toMatchObject({ code: 'SERVICE_MOVED' });
      expect(elsewhere.seen).toEqual([]);
    });
  });
}
