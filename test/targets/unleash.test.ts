// Unleash targets against a real server on a real PostgreSQL, with the official client as the judge of who gets the flag; faults by a proxy in front
// of it. Change requests are Unleash's paid part: that part of the API is answered by a stand-in of what its own web client calls.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../src/http/client.js';
import { murmur3 } from '../../src/targets/murmur3.js';
import { targets } from '../../src/targets/index.js';
import { TargetConflict, TargetNeedsPerson, TargetRefused, TargetUnreachable, TargetUnverified, type TargetProvider, type TargetRef } from '../../src/targets/port.js';
import { bucketOf } from '../../src/targets/unleash-flag.js';
import type { FaultProxy } from '../servers/fault-proxy.js';
import { ADMIN_TOKEN, CLIENT_TOKEN, startUnleash, whoGets, type Unleash } from '../servers/unleash.js';
import { describeNeeding, pathOf } from '../setup/needs.js';
import { context, targetConformance, type World } from './conformance.js';
import { failure, flagServiceFaults, isWrite, providerNamed, proxiesTo, users, word } from './flag-service-world.js';

const provider = (): TargetProvider => providerNamed('unleash');

describe('the hash of Unleash', () => {
  it('is MurmurHash3 as published', () => {
    const vectors: readonly (readonly [string, number, number])[] = [['', 0, 0], ['', 1, 0x514e28b7], ['hello', 0, 0x248bfa47], ['hello, world', 0, 0x149bbb7f], ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723]];
    expect(vectors.map(([text, seed]) => murmur3(text, seed))).toEqual(vectors.map(([, , hash]) => hash));
  });
  it('puts a user into the bucket that Unleash says', () => { expect([bucketOf('123', 'gr1'), bucketOf('999', 'groupX')]).toEqual([73, 25]); });
});

describe('the settings of an Unleash target', () => {
  const target = (changes: object): TargetRef => ({ id: 'flag', settings: { url: 'https://unleash.example', token: '${env:UNLEASH}', environment: 'production', flag: 'new', ...changes }, writeTimeoutMs: 10_000 });
  const problems = (changes: object, values: number[] = []): string => provider().check(target(changes), values).join('; ');
  it('may be references, and say plainly what cannot be', () => {
    expect(problems({ url: '${env:UNLEASH_URL}' }, [0, 1, 100])).toBe('');
    expect(problems({ url: 'https://unleash.example/api' })).toContain("without '/api'");
    expect(problems({ stickiness: 'default' })).toMatch(/'default' is refused: .* changes sides; name a field/);
    expect(problems({ stickiness: 'random' })).toMatch(/'random' is refused: every request draws anew/);
    expect(problems({ group: 'größe' })).toContain('plain letters');
    expect(problems({}, [12.5])).toContain('12.5');
    expect(problems({}, [101])).toContain('101');
  });
});

describeNeeding(['unleash', 'postgres'], 'an Unleash target on a real server', () => {
  let unleash: Unleash;
  let made = 0;
  beforeAll(async () => { unleash = await startUnleash(pathOf('unleash')); }, 120_000);
  afterAll(async () => { await unleash?.stop(); });

  interface Strategy { readonly id: string; readonly name: string; readonly disabled: boolean; readonly parameters: Readonly<Record<string, string>> }
  interface Environment { readonly name: string; readonly enabled: boolean; readonly strategies: readonly Strategy[] }
  const features = '/projects/default/features';
  const inEnvironment = (flag: string, path: string): string => `${features}/${flag}/environments/development${path}`;
  const newFlag = async (): Promise<string> => { const name = `flag-${++made}`; await unleash.admin('POST', features, { name, type: 'release' }); return name; };
  const gradual = (flag: string, rollout: string, more: object = {}): object => ({ name: 'flexibleRollout', constraints: [], parameters: { rollout, stickiness: 'userId', groupId: flag }, ...more });
  const flagAt = async (rollout: string, more: object = {}): Promise<string> => {
    const flag = await newFlag();
    await unleash.admin('POST', inEnvironment(flag, '/strategies'), gradual(flag, rollout, more));
    await unleash.admin('POST', inEnvironment(flag, '/on'));
    return flag;
  };
  const stateOf = async (flag: string): Promise<Environment> => ((await unleash.admin('GET', `${features}/${flag}`)) as { environments: Environment[] }).environments.find(({ name }) => name === 'development')!;
  const rolloutOf = async (flag: string): Promise<Strategy> => (await stateOf(flag)).strategies.find(({ name }) => name === 'flexibleRollout')!;
  const set = async (flag: string, path: string, value: unknown): Promise<void> => { await unleash.admin('PATCH', inEnvironment(flag, `/strategies/${(await rolloutOf(flag)).id}`), [{ op: 'replace', path, value }]); };
  const ref = (flag: string, changes: object = {}): TargetRef => ({ id: 'share', settings: { url: unleash.url, token: ADMIN_TOKEN, environment: 'development', flag, ...changes }, writeTimeoutMs: 5_000 });
  const proxied = proxiesTo(() => unleash.url);
  const eventsOf = async (flag: string): Promise<number> => ((await unleash.admin('GET', `/events/${flag}`)) as { totalEvents: number }).totalEvents;

  targetConformance('unleash', { make: world, values: [10, 25, 50], wrongSettings: { url: 'unleash.example', token: 'x', environment: 'e', flag: 'f' }, wrongValue: 12.5 });

  async function world(): Promise<World> {
    const segment = await unleash.admin('POST', '/segments', { name: `segment-${++made}`, constraints: [{ contextName: 'country', operator: 'IN', values: ['NL'] }] }) as { id: number };
    const flag = await newFlag();
    await unleash.admin('POST', inEnvironment(flag, '/strategies'), gradual(flag, '10', {
      title: 'the share', constraints: [{ contextName: 'appName', operator: 'NOT_IN', values: ['old'] }], segments: [segment.id], variants: [{ name: 'blue', weight: 1000, weightType: 'variable', stickiness: 'userId' }],
    }));
    await unleash.admin('POST', inEnvironment(flag, '/strategies'), { name: 'default', constraints: [{ contextName: 'userId', operator: 'IN', values: ['one-of-us'] }], parameters: {} });
    await unleash.admin('POST', inEnvironment(flag, '/on'));
    await unleash.admin('POST', `${features}/${flag}/environments/production/strategies`, gradual(flag, '77'));
    const proxy = await proxied();
    const target = ref(flag, { url: proxy.origin });
    const one = provider();
    const began = await eventsOf(flag);
    return {
      provider: one, target, sameThing: { ...ref(flag, { url: `${proxy.origin}/`, token: 'another', group: flag }), id: 'also' }, otherThing: ref(flag, { url: proxy.origin, environment: 'production' }),
      seen: async () => { const { enabled, strategies } = await stateOf(flag); return enabled ? Number(strategies.find(({ name }) => name === 'flexibleRollout')!.parameters['rollout']) : 0; },
      change: (value) => set(flag, '/parameters/rollout', String(value)),
      changes: async () => await eventsOf(flag) - began,
      beside: async () => {
        // the server adds the flag's stage of life by itself a moment after it was made
        const { lifecycle: _, ...whole } = await unleash.admin('GET', `${features}/${flag}`) as Record<string, unknown>;
        return JSON.parse(JSON.stringify(whole).replace(/"rollout":"(10|25|50)"/, '"rollout":"SHARE"')) as unknown;
      },
      refuse: async () => { proxy.useToken(CLIENT_TOKEN); },
      cutOff: () => proxy.close(),
      deceive: async () => { await unleash.admin('POST', inEnvironment(flag, '/strategies'), { name: 'default', constraints: [], parameters: {} }); },
      abortInTheMiddle: async (value) => {
        proxy.order(isWrite, { kind: 'hang' });
        const abort = new AbortController();
        const writing = one.write(target, value, 10, context({ signal: abort.signal })).then(() => 'it succeeded', (error: unknown) => error);
        await proxy.struck();
        abort.abort();
        return writing;
      },
      end: async () => undefined,
    };
  }

  it('hashes every user and every group as the official client does', () => {
    const official = createRequire(join(pathOf('unleash'), 'node_modules/unleash-client/package.json'))('./lib/strategy/util') as { normalizedStrategyValue(id: string, group: string): number };
    const groups = ['', 'a', 'new-checkout', 'phase 3: "all" \\ {x}', 'x'.repeat(101)];
    for (const group of groups) expect(users.filter((user) => bucketOf(user, group) !== official.normalizedStrategyValue(user, group))).toEqual([]);
  });

  it('counts as many users as the official client gives the flag to, loses nobody as the share grows, and gives it to the same users again', async () => {
    const flag = await flagAt('0');
    const one = provider();
    let before = new Set<string>();
    let standing = 0;
    const first: string[] = [];
    for (const share of [10, 25, 50, 100, 0, 10]) {
      await one.write(ref(flag), share, standing, context());
      const gets = await whoGets(unleash, flag, share, users);
      expect((await one.verify(ref(flag), share, context()))).toContain(`(${gets.length.toLocaleString('en-US')} of 10,000 users evaluate to on`);
      if (share > standing) expect([...before].filter((user) => !gets.includes(user))).toEqual([]);
      if (share === 10 && first.length === 0) first.push(...gets);
      before = new Set(gets);
      standing = share;
    }
    expect([...before]).toEqual(first);
    expect(first.length).toBeGreaterThan(850);
  });

  it('gives two flags of one group to the same users, and two flags without one to others', async () => {
    const flags = [await newFlag(), await newFlag(), await newFlag()] as const;
    const one = provider();
    await one.write(ref(flags[0], { group: 'phase-3' }), 25, 0, context());
    await one.write(ref(flags[1], { group: 'phase-3' }), 25, 0, context());
    await one.write(ref(flags[2]), 25, 0, context());
    const [a, b, c] = [await whoGets(unleash, flags[0], 25, users), await whoGets(unleash, flags[1], 25, users), await whoGets(unleash, flags[2], 25, users)];
    expect(a.length).toBeGreaterThan(2_000);
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
  });

  describe('its strategy', () => {
    it('is made where there is none, with the share before the environment is switched on, so that nobody gets more in between', async () => {
      const flag = await newFlag();
      const proxy = await proxied();
      await provider().write(ref(flag, { url: proxy.origin }), 10, 0, context());
      expect(proxy.seen.filter(isWrite).map(({ path }) => path.split('/development')[1])).toEqual(['/strategies', '/on']);
      const { enabled, strategies } = await stateOf(flag);
      expect([enabled, strategies]).toMatchObject([true, [{ name: 'flexibleRollout', parameters: { rollout: '10', stickiness: 'userId', groupId: flag } }]]);
    });
    it('has to be named where there are several', async () => {
      const flag = await flagAt('10');
      await unleash.admin('POST', inEnvironment(flag, '/strategies'), gradual(flag, '100', { constraints: [{ contextName: 'userId', operator: 'IN', values: ['one-of-us'] }] }));
      const [first, second] = (await stateOf(flag)).strategies as [Strategy, Strategy];
      const error = await failure(provider().read(ref(flag), context()));
      expect(error).toBeInstanceOf(TargetRefused);
      expect(error).toMatchObject({ code: 'STRATEGY_NOT_CLEAR' });
      for (const { id } of [first, second]) expect(error.message).toContain(id);
      await provider().write(ref(flag, { strategy: first.id }), 25, 10, context());
      expect((await stateOf(flag)).strategies.map(({ parameters }) => parameters['rollout'])).toEqual(['25', '100']);
      expect(await failure(provider().read(ref(flag, { strategy: 'gone' }), context()))).toMatchObject({ code: 'STRATEGY_MISSING' });
    });
    it('is refused where it would give the feature to other users than before, or to others with every request', async () => {
      const flag = await flagAt('10');
      expect(await failure(provider().read(ref(flag, { group: 'another' }), context()))).toMatchObject({ code: 'FLAG_OTHER_KEY' });
      expect(await failure(provider().read(ref(flag, { stickiness: 'sessionId' }), context()))).toMatchObject({ code: 'FLAG_OTHER_KEY' });
      await set(flag, '/parameters/stickiness', 'default');
      expect(await failure(provider().write(ref(flag), 25, 10, context()))).toMatchObject({ code: 'FLAG_NOT_STICKY' });
      expect((await rolloutOf(flag)).parameters['rollout']).toBe('10');
    });
    it('that somebody switched off reads as 0, and is switched on by a write above 0', async () => {
      const flag = await flagAt('25');
      await set(flag, '/disabled', true);
      expect((await provider().read(ref(flag), context())).value).toBe(0);
      await provider().write(ref(flag), 10, 0, context());
      expect(await stateOf(flag)).toMatchObject({ enabled: true, strategies: [{ disabled: false, parameters: { rollout: '10' } }] });
      expect((await whoGets(unleash, flag, 10, users)).length).toBeGreaterThan(850);
    });
  });

  describe('an environment that is switched off', () => {
    it('reads as 0 and is switched on by a write above 0', async () => {
      const flag = await flagAt('25');
      await unleash.admin('POST', inEnvironment(flag, '/off'));
      const reading = await provider().read(ref(flag), context());
      expect([reading.value, reading.detail]).toEqual([0, `${flag} in development: 0 % (0 of 10,000 users evaluate to on (the environment is switched off))`]);
      await provider().write(ref(flag), 25, 0, context());
      expect((await stateOf(flag)).enabled).toBe(true);
    });
    it('stays off when 0 is written, and its share is taken down, so that whoever switches it on again exposes nobody', async () => {
      const flag = await flagAt('25');
      await unleash.admin('POST', inEnvironment(flag, '/off'));
      await provider().write(ref(flag), 0, null, context());
      expect(await stateOf(flag)).toMatchObject({ enabled: false, strategies: [{ parameters: { rollout: '0' } }] });
    });
    it('is not switched on when that would give the flag to everybody', async () => {
      const flag = await newFlag();
      await unleash.admin('POST', inEnvironment(flag, '/strategies'), { name: 'default', constraints: [], parameters: {} });
      const error = await failure(provider().write(ref(flag), 10, 0, context()));
      expect(error).toMatchObject({ code: 'FLAG_NOT_UNDERSTOOD' });
      expect(error.message).toContain('10,000 of 10,000');
      expect(await stateOf(flag)).toMatchObject({ enabled: false, strategies: [{ name: 'default' }] });
    });
  });

  it('reads what users get, not what is stored: the server stores anything', async () => {
    const flag = await flagAt('133');
    expect((await provider().read(ref(flag), context())).value).toBe(100);
    expect((await whoGets(unleash, flag, 133, users)).length).toBe(10_000);
    await set(flag, '/parameters/rollout', '12.5');
    const reading = await provider().read(ref(flag), context());
    expect([reading.value, reading.detail]).toEqual([12, expect.stringContaining("stored as '12.5'")]);
    expect((await provider().verify(ref(flag), 12, context()))).toContain(`(${(await whoGets(unleash, flag, 12.5, users)).length.toLocaleString('en-US')} of`);
    await provider().write(ref(flag), 25, 12, context());
    expect((await rolloutOf(flag)).parameters['rollout']).toBe('25');
  });

  it('a flag that is for everybody by another strategy is no share: reading refuses, verifying fails, an undo goes out all the same', async () => {
    const flag = await flagAt('10');
    await unleash.admin('POST', inEnvironment(flag, '/strategies'), { name: 'default', constraints: [], parameters: {} });
    expect(await failure(provider().read(ref(flag), context()))).toMatchObject({ code: 'FLAG_NOT_UNDERSTOOD', message: expect.stringContaining('10,000 of 10,000') as string });
    expect(await failure(provider().verify(ref(flag), 10, context()))).toBeInstanceOf(TargetUnverified);
    await provider().write(ref(flag), 0, null, context());
    expect((await rolloutOf(flag)).parameters['rollout']).toBe('0');
  });

  it('what is not there is refused by its name', async () => {
    const flag = await flagAt('10');
    for (const [changes, code, words] of [[{ flag: 'gone' }, 'FLAG_MISSING', 'gone'], [{ project: 'gone' }, 'FLAG_MISSING', 'gone'], [{ environment: 'gone' }, 'ENVIRONMENT_MISSING', 'gone'], [{ token: 'not-a-token' }, 'TOKEN_REFUSED', 'log in'], [{ token: CLIENT_TOKEN }, 'PERMISSION_MISSING', 'token type']] as const) {
      const error = await failure(provider().read(ref(flag, changes), context()));
      expect(error).toBeInstanceOf(TargetRefused);
      expect([(error as TargetRefused).code, error.message]).toEqual([code, expect.stringContaining(words)]);
    }
  });

  describe('when somebody else writes', () => {
    it('in the instant between our reading and our writing, theirs stays and ours is a conflict', async () => {
      const flag = await flagAt('10');
      const { id } = await rolloutOf(flag);
      // their change arrives while our request is on its way
      const http = createHttpClient(async (input, init) => { if (init?.method === 'PATCH') await unleash.admin('PATCH', inEnvironment(flag, `/strategies/${id}`), [{ op: 'replace', path: '/parameters/rollout', value: '40' }]); return fetch(input, init); });
      const error = await failure(providerNamed('unleash', http).write(ref(flag), 25, 10, context()));
      expect(error).toBeInstanceOf(TargetConflict);
      expect((await rolloutOf(flag)).parameters['rollout']).toBe('40');
    });
    it('and it is an undo, the undo wins', async () => {
      const flag = await flagAt('40');
      await provider().write(ref(flag), 10, null, context());
      expect((await rolloutOf(flag)).parameters['rollout']).toBe('10');
    });
  });

  flagServiceFaults({ provider, proxied, flag: async () => { const flag = await flagAt('10'); const before = await eventsOf(flag); return { at: (url) => ref(flag, { url }), changes: async () => await eventsOf(flag) - before }; } });

  describe('faults:', () => {
    it('between the share and the switch leave the environment off, and the repetition ends it', async () => {
      const flag = await newFlag();
      const proxy = await proxied();
      proxy.order(({ path }) => path.endsWith('/on'), { kind: 'reset' }, 1);
      const target = ref(flag, { url: proxy.origin });
      expect(await failure(provider().write(target, 10, 0, context()))).toBeInstanceOf(TargetUnreachable);
      expect((await provider().read(target, context())).value).toBe(0);
      await provider().write(target, 10, 0, context());
      expect(await stateOf(flag)).toMatchObject({ enabled: true, strategies: [{ parameters: { rollout: '10' } }] });
    });
    it('never show the token, though the server repeats it', async () => {
      const flag = await flagAt('10');
      const proxy = await proxied();
      const secret = '*:*.very-secret-token';
      proxy.order(() => true, { ...word, status: 403, body: JSON.stringify({ message: `the token ${secret} may not` }) });
      for (const call of [provider().read(ref(flag, { url: proxy.origin, token: secret }), context({ secrets: [secret] })), provider().write(ref(flag, { url: proxy.origin, token: secret }), 25, 10, context({ secrets: [secret] }))]) {
        const error = await failure(call);
        expect(error).toBeInstanceOf(TargetRefused);
        expect(JSON.stringify([error.message, (error as TargetRefused).fields])).not.toContain('very-secret');
        expect(error.message).toContain('the token *** may not');
      }
    });
  });

  describe('where changes must be approved', () => {
    interface Change { feature: string; action: string; payload: Record<string, unknown> }
    interface Request { id: number; state: string; environment: string; comments: { text: string }[]; features: { name: string; changes: (Change & { id: number })[] }[] }

    /** What Unleash's own web client calls; the rest of the server is the real one, which says no as a protected environment does. */
    const protectedBy = (proxy: FaultProxy, requests: Request[], { refusal = null, skips = false }: { readonly refusal?: string | null; /** the account may pass them by */ readonly skips?: boolean } = {}): void => {
      proxy.answerBy(({ method, path, body }) => {
        const no = { id: 'x', name: 'PermissionError', message: "You don't have the required permissions to perform this operation. To perform this action, you need the \"SKIP_CHANGE_REQUEST\" permission.", permissions: ['SKIP_CHANGE_REQUEST'] };
        if (path.includes('/change-requests') && refusal !== null) return { status: 403, body: { message: refusal } };
        if (method === 'GET' && path.includes('/change-requests/pending/')) { const flag = path.split('/').at(-1); return { status: 200, body: requests.filter(({ state, features: of }) => !['Applied', 'Cancelled', 'Rejected'].includes(state) && of.some(({ name }) => name === flag)) }; }
        if (method === 'POST' && path.endsWith('/change-requests')) {
          const changes = JSON.parse(body) as Change[];
          requests.push({ id: requests.length + 7, state: 'Draft', comments: [], environment: path.split('/').at(-2)!, features: [{ name: changes[0]!.feature, changes: changes.map((change, index) => ({ ...change, id: index, payload: { ...change.payload, snapshot: {} } })) }] });
          return { status: 200, body: {} };
        }
        const [, id, part] = /change-requests\/(\d+)\/(.+)$/.exec(path) ?? [];
        const request = requests.find((one) => one.id === Number(id));
        if (method === 'POST' && request !== undefined && part === 'comments') { request.comments.push(JSON.parse(body) as { text: string }); return { status: 200, body: {} }; }
        if (method === 'DELETE' && request !== undefined) { for (const feature of request.features) feature.changes = feature.changes.filter((change) => part !== `changes/${change.id}`); return { status: 200, body: null }; }
        if (method === 'PUT' && request !== undefined && part === 'state') {
          const { state, comment } = JSON.parse(body) as { state: string; comment?: string };
          if (request.state === 'Scheduled' && state === 'Cancelled') return { status: 400, body: { message: 'a scheduled change request can only be rejected' } };
          request.state = state;
          if (comment !== undefined) request.comments.push({ text: comment });
          return { status: 200, body: {} };
        }
        return method === 'GET' || skips ? null : { status: 403, body: no };
      });
    };

    it('a person is asked, with a change request that holds the whole move and stands in review', async () => {
      const flag = await flagAt('10');
      await unleash.admin('POST', inEnvironment(flag, '/off'));
      const [proxy, requests] = [await proxied(), [] as Request[]];
      protectedBy(proxy, requests);
      const error = await failure(provider().write(ref(flag, { url: proxy.origin }), 25, 0, context()));
      expect(error).toBeInstanceOf(TargetNeedsPerson);
      expect(error.message).toBe(`share: Change request 7 in Unleash asks to set flag '${flag}' in 'development' to 25 %. Have it approved and applied there: ${proxy.origin}/projects/default/change-requests/7`);
      expect(requests).toMatchObject([{ state: 'In review', environment: 'development', features: [{ changes: [{ action: 'updateStrategy', payload: { parameters: { rollout: '25', stickiness: 'userId', groupId: flag } } }, { action: 'updateEnabled', payload: { enabled: true } }] }] }]);
      expect((await rolloutOf(flag)).parameters['rollout']).toBe('10');
    });
    it('asking again makes no second one, also when the answer to the first was lost', async () => {
      const flag = await flagAt('10');
      const [proxy, requests] = [await proxied(), [] as Request[]];
      protectedBy(proxy, requests);
      proxy.order(({ method, path }) => method === 'POST' && path.endsWith('/change-requests'), { kind: 'reset', after: true }, 1);
      const target = ref(flag, { url: proxy.origin });
      expect(await failure(provider().write(target, 25, 10, context()))).toBeInstanceOf(TargetUnreachable);
      for (let i = 0; i < 2; i++) expect(await failure(provider().write(target, 25, 10, context()))).toBeInstanceOf(TargetNeedsPerson);
      expect(requests).toMatchObject([{ id: 7, state: 'In review' }]);
    });
    it("another's open change request for the flag is named, not added to", async () => {
      const flag = await flagAt('10');
      const [proxy, requests] = [await proxied(), [] as Request[]];
      requests.push({ id: 3, state: 'In review', environment: 'development', comments: [], features: [{ name: flag, changes: [{ id: 1, feature: flag, action: 'updateEnabled', payload: { enabled: false } }] }] });
      protectedBy(proxy, requests);
      const error = await failure(provider().write(ref(flag, { url: proxy.origin }), 25, 10, context()));
      expect(error).toBeInstanceOf(TargetNeedsPerson);
      expect(error.message).toContain('change request 3 is open for this flag and asks for something else');
      expect(requests).toHaveLength(1);
    });
    describe('an undo', () => {
      const undoing = context({ key: 'r/p/t/2/undo' });
      const update = (flag: string, id = 1) => ({ id, feature: flag, action: 'updateStrategy', payload: { parameters: { rollout: '50' } } });
      const asked = (flag: string, more: Partial<Request> = {}): Request => ({ id: 7, state: 'In review', environment: 'development', comments: [{ text: 'looks good' }, { text: `Tidegate r/p/t/1: set flag '${flag}'` }], features: [{ name: flag, changes: [update(flag)] }], ...more });
      it('takes back the change request that is still open, although the share never moved, and says so', async () => {
        const flag = await flagAt('10');
        const [proxy, requests] = [await proxied(), [] as Request[]];
        protectedBy(proxy, requests);
        const [one, target] = [provider(), ref(flag, { url: proxy.origin })];
        await failure(one.write(target, 25, 10, context()));
        expect(await one.read(target, undoing)).toMatchObject({ value: 10, unsettled: true, detail: expect.stringContaining('still open there: change request 7 of this rollout') as string });
        await one.write(target, 10, null, undoing);
        expect(requests).toMatchObject([{ id: 7, state: 'Cancelled' }]);
        expect(await one.verify(target, 10, undoing)).toMatch(/; change request 7 was withdrawn$/);
        expect(await one.read(target, undoing)).not.toHaveProperty('unsettled');
      });
      it('that moves the share takes back what was asked for on top of it, and rejects what is scheduled', async () => {
        const flag = await flagAt('25');
        const [proxy, requests] = [await proxied(), [asked(flag), asked(flag, { id: 8, state: 'Scheduled' }), asked(flag, { id: 9, state: 'Approved' })]];
        protectedBy(proxy, requests, { skips: true });
        const [one, target] = [provider(), ref(flag, { url: proxy.origin })];
        await one.write(target, 10, null, undoing);
        expect((await rolloutOf(flag)).parameters['rollout']).toBe('10');
        expect(requests.map(({ state }) => state)).toEqual(['Cancelled', 'Rejected', 'Cancelled']);
        expect(await one.verify(target, 10, undoing)).toContain('change request 7 was withdrawn; change request 8 was withdrawn; change request 9 was withdrawn');
      });
      it('takes only its own flag out of a change request that holds more', async () => {
        const flag = await flagAt('25');
        const [proxy, requests] = [await proxied(), [asked(flag, { features: [{ name: flag, changes: [update(flag, 1), update(flag, 2)] }, { name: 'other', changes: [update('other', 3)] }] })]];
        protectedBy(proxy, requests, { skips: true });
        await provider().write(ref(flag, { url: proxy.origin }), 10, null, undoing);
        expect(requests).toMatchObject([{ state: 'In review', features: [{ name: flag, changes: [] }, { name: 'other', changes: [{ id: 3 }] }] }]);
      });
      it('leaves what a person or another rollout asked for', async () => {
        const flag = await flagAt('25');
        const [proxy, requests] = [await proxied(), [asked(flag, { comments: [] }), asked(flag, { comments: [{ text: 'Tidegate rr/p/t/1' }] }), asked(flag, { environment: 'production' })]];
        protectedBy(proxy, requests, { skips: true });
        expect(await provider().read(ref(flag, { url: proxy.origin }), undoing)).not.toHaveProperty('unsettled');
        await provider().write(ref(flag, { url: proxy.origin }), 10, null, undoing);
        expect(requests.map(({ state }) => state)).toEqual(['In review', 'In review', 'In review']);
      });
      it('that needs a change request itself makes it anew and takes back the one before; repeated, it keeps its own', async () => {
        const flag = await flagAt('25');
        const [proxy, requests] = [await proxied(), [] as Request[]];
        protectedBy(proxy, requests);
        const target = ref(flag, { url: proxy.origin });
        await failure(provider().write(target, 50, 25, context()));
        const error = await failure(provider().write(target, 10, null, undoing));
        expect([error.constructor, error.message]).toEqual([TargetNeedsPerson, expect.stringMatching(/Change request 8 in Unleash asks to .* to 10 %\..*\(change request 7 was withdrawn\)$/)]);
        expect((await failure(provider().write(target, 10, null, undoing))).message).not.toContain('withdrawn');
        expect(requests.map(({ state }) => state)).toEqual(['Cancelled', 'In review']);
      });
      it('goes out all the same where it may not take a change request back, and names what is still open', async () => {
        const flag = await flagAt('25');
        const [proxy, requests] = [await proxied(), [asked(flag)]];
        protectedBy(proxy, requests, { skips: true });
        proxy.order(({ method, path }) => method === 'PUT' && path.endsWith('/state'), { kind: 'answer', status: 403, body: '{"message":"only its author may"}' });
        const [one, target] = [provider(), ref(flag, { url: proxy.origin })];
        await one.write(target, 10, null, undoing);
        expect((await rolloutOf(flag)).parameters['rollout']).toBe('10');
        expect(await one.verify(target, 10, undoing)).toMatch(/change request 7 is still open and could not be withdrawn: .*only its author may.* Reject it there/);
      });
    });
    it('a server without change requests has none to look for', async () => {
      const flag = await flagAt('10');
      expect(await provider().read(ref(flag), context())).toEqual({ value: 10, detail: expect.not.stringContaining('open') as string });
    });
    it('a person is asked to make the change request where the token may not', async () => {
      const flag = await flagAt('10');
      const proxy = await proxied();
      protectedBy(proxy, [], { refusal: 'no right to change requests' });
      const error = await failure(provider().write(ref(flag, { url: proxy.origin }), 25, 10, context()));
      expect(error).toBeInstanceOf(TargetNeedsPerson);
      expect(error.message).toMatch(/none could be made: .*no right to change requests.* Make it by hand \(updateStrategy\)/);
    });
  });

  it('a flag that a release plan moves is left to it', async () => {
    const flag = await flagAt('10');
    const proxy = await proxied();
    const whole = await unleash.admin('GET', `${features}/${flag}`) as { environments: object[] };
    proxy.answerBy(() => ({ status: 200, body: { ...whole, environments: whole.environments.map((one) => ({ ...one, releasePlans: [{ id: 'p' }] })) } }));
    expect(await failure(provider().write(ref(flag, { url: proxy.origin }), 25, 10, context()))).toMatchObject({ code: 'FLAG_IN_RELEASE_PLAN' });
  });
});
