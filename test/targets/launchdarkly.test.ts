// LaunchDarkly targets against a stand-in written from the public contract, which decides by itself who gets the flag; faults by a proxy in front of it.
// The hash is held to the vectors that LaunchDarkly's own SDKs are held to.
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { undoTarget } from '../../activities/undo-target.js';
import type { UndoResult } from '../../activities/types.js';
import { bucketOf } from '../../src/targets/launchdarkly-flag.js';
import { TargetConflict, TargetNeedsPerson, TargetRefused, TargetUnreachable, TargetUnverified, type TargetProvider, type TargetRef } from '../../src/targets/port.js';
import type { FaultProxy, Seen, Trouble } from '../servers/fault-proxy.js';
import { READER, startLaunchDarkly, WRITER, type EnvironmentConfig, type LaunchDarkly, type Rule, type Serves } from '../servers/launchdarkly.js';
import { context, targetConformance, type World } from './conformance.js';
import { failure, flagServiceFaults, isWrite, providerNamed, proxiesTo, users, word } from './flag-service-world.js';

const provider = (): TargetProvider => providerNamed('launchdarkly');
const share = (on: number, more: object = {}): Serves => ({ rollout: { variations: [{ variation: 0, weight: on * 1_000 }, { variation: 1, weight: 100_000 - on * 1_000 }], contextKind: 'user', ...more } });
const weightOf = (serves: Serves): number => serves.rollout?.variations.find(({ variation }) => variation === 0)?.weight ?? (serves.variation === 0 ? 100_000 : 0);

it('the hash of LaunchDarkly puts a user where its SDKs do', () => {
  expect(['userKeyA', 'userKeyB', 'userKeyC'].map((key) => bucketOf(key, 'hashKey', 'saltyA'))).toEqual([0.42157587, 0.6708485, 0.10343106].map((bucket) => expect.closeTo(bucket, 7) as number));
});

describe('a LaunchDarkly target', () => {
  let service: LaunchDarkly;
  let made = 0;
  beforeAll(async () => { service = await startLaunchDarkly(); });
  afterAll(async () => { await service.close(); });

  const flagAt = (on: number, production: Partial<EnvironmentConfig> = {}): string => { const key = `flag-${++made}`; service.create(key, { production: { on: true, fallthrough: share(on), ...production } }); return key; };
  const production = (key: string): EnvironmentConfig => service.flag(key).environments['production']!;
  const ref = (flag: string, changes: object = {}): TargetRef => ({ id: 'share', settings: { url: service.origin, token: WRITER, project: 'shop', environment: 'production', flag, ...changes }, writeTimeoutMs: 5_000 });
  const proxied = proxiesTo(() => service.origin);

  targetConformance('launchdarkly', { make: world, values: [10, 25, 50.25], wrongSettings: { token: 'x', project: 'p', environment: 'e' }, wrongValue: 12.345 });

  async function world(): Promise<World> {
    const key = flagAt(10, {
      rules: [{ _id: 'rule-1', clauses: [{ contextKind: 'user', attribute: 'country', op: 'in', values: ['NL'], negate: false }], trackEvents: true, description: 'our own', ...share(77) } as Rule], targets: [{ values: ['one-of-us'], variation: 0 }],
      fallthrough: share(10, { bucketBy: 'account', contextKind: 'organization' }),
    });
    const proxy = await proxied();
    const target = ref(key, { url: proxy.origin });
    const one = provider();
    return {
      provider: one, target, sameThing: { ...ref(key, { url: `${proxy.origin}/`, token: 'another', context: 'organization' }), id: 'also' }, otherThing: ref(key, { url: proxy.origin, environment: 'staging' }),
      seen: async () => (production(key).on ? weightOf(production(key).fallthrough) / 1_000 : 0),
      change: async (value) => { service.edit(key, (config) => { config.fallthrough.rollout!.variations = share(value as number).rollout!.variations; }); },
      changes: async () => service.changes(key),
      beside: async () => {
        const copy = structuredClone(service.flag(key));
        copy._version = copy.environments['production']!.version = 0;
        delete copy.environments['production']!.fallthrough.rollout!['variations' as never];
        return copy;
      },
      refuse: async () => { proxy.useToken(READER); },
      cutOff: () => proxy.close(),
      deceive: async () => { service.edit(key, (config) => { config.on = false; }); },
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

  it('knows the wrong in its settings without touching anything', () => {
    const problems = (changes: object, values: number[] = []): string => provider().check(ref('new', { url: 'https://app.launchdarkly.com', token: '${env:LD}', ...changes }), values).join('; ');
    expect(problems({ url: '${env:LD_URL}' }, [0, 0.01, 12.5, 100])).toBe('');
    expect(problems({ url: 'https://app.launchdarkly.com/api/v2' })).toContain("without '/api'");
    expect(problems({ variations: { on: 'a', off: 'a' } })).toContain('the same one');
    expect(problems({}, [12.345])).toContain('12.345');
    expect(problems({}, [101])).toContain('101');
  });

  it('gives as many users as it says what it says, loses nobody as the share grows, and gives it to the same users again', async () => {
    const key = flagAt(0);
    const one = provider();
    let before = new Set<string>();
    const first: string[] = [];
    let standing = 0;
    for (const to of [0.5, 10, 25, 50, 100, 0, 10]) {
      await one.write(ref(key), to, standing, context());
      const gets = users.filter((user) => service.evaluate(key, user) === true);
      expect(await one.verify(ref(key), to, context())).toContain(`(${gets.length.toLocaleString('en-US')} of 10,000 users evaluate to on`);
      if (to > standing) expect([...before].filter((user) => !gets.includes(user))).toEqual([]);
      if (to === 10 && first.length === 0) first.push(...gets);
      before = new Set(gets);
      standing = to;
    }
    expect([...before]).toEqual(first);
    expect(first.length).toBeGreaterThan(850);
  });

  it('writes one semantic patch, as the contract wants it', async () => {
    const key = flagAt(10);
    const proxy = await proxied();
    await provider().write(ref(key, { url: proxy.origin }), 12.34, 10, context({ key: 'r/p/t/7' }));
    const [reading, writing] = proxy.seen as [Seen, Seen];
    expect([reading.method, reading.path, writing.method, writing.path]).toEqual(['GET', `/api/v2/flags/shop/${key}?env=production`, 'PATCH', `/api/v2/flags/shop/${key}`]);
    expect(writing.headers).toMatchObject({ authorization: WRITER, 'content-type': 'application/json; domain-model=launchdarkly.semanticpatch', 'ld-api-version': '20240415' });
    expect(JSON.parse(writing.body)).toEqual({
      environmentKey: 'production', comment: 'Tidegate r/p/t/7',
      instructions: [{ kind: 'updateFallthroughVariationOrRollout', rolloutContextKind: 'user', rolloutWeights: { [`${key}-variation-0`]: 12_340, [`${key}-variation-1`]: 87_660 } }],
    });
  });

  describe('its rule', () => {
    const rule = (changes: Partial<Rule>): Rule => ({ _id: 'rule-1', clauses: [], trackEvents: false, ...changes });
    it('may be one by its id or description, and the default rule then stays', async () => {
      const key = flagAt(0, { rules: [rule({ description: 'Dutch', ...share(10) }), rule({ _id: 'rule-2', ...share(70) })] });
      expect((await provider().read(ref(key, { rule: 'Dutch' }), context())).value).toBe(10);
      await provider().write(ref(key, { rule: 'rule-1' }), 25, 10, context());
      expect([...production(key).rules, production(key).fallthrough].map((one) => weightOf(one))).toEqual([25_000, 70_000, 0]);
    });
    it('is refused by name when there is none, are two, or it is switched off', async () => {
      const key = flagAt(0, { rules: [rule({ description: 'Dutch', variation: 1 }), rule({ _id: 'rule-2', description: 'Dutch', variation: 1 }), rule({ _id: 'rule-3', disabled: true, variation: 1 })] });
      expect(await failure(provider().read(ref(key, { rule: 'gone' }), context()))).toMatchObject({ code: 'RULE_NOT_CLEAR', message: expect.stringContaining('rule-1 “Dutch”, rule-2 “Dutch”, rule-3') as string });
      expect(await failure(provider().read(ref(key, { rule: 'Dutch' }), context()))).toMatchObject({ code: 'RULE_NOT_CLEAR' });
      expect(await failure(provider().read(ref(key, { rule: 'rule-3' }), context()))).toMatchObject({ code: 'RULE_DISABLED' });
    });
    it('that serves one variation to all reads as 0 or 100, and gets a percentage rollout by the first write', async () => {
      const [none, all] = [flagAt(0, { fallthrough: { variation: 1 } }), flagAt(0, { fallthrough: { variation: 0 } })];
      expect([(await provider().read(ref(none), context())).value, (await provider().read(ref(all), context())).value]).toEqual([0, 100]);
      await provider().write(ref(none, { context: 'organization', attribute: 'account' }), 10, 0, context());
      expect(production(none).fallthrough.rollout).toMatchObject({ contextKind: 'organization', bucketBy: 'account' });
    });
    it('keeps what users are told apart by through 0 and 100, and another one is refused', async () => {
      const key = flagAt(10, { fallthrough: share(10, { contextKind: 'organization', bucketBy: 'account' }) });
      for (const [to, from] of [[0, 10], [100, 0], [10, 100]] as const) await provider().write(ref(key), to, from, context());
      expect(production(key).fallthrough.rollout).toMatchObject({ contextKind: 'organization', bucketBy: 'account' });
      expect(await failure(provider().read(ref(key, { context: 'user' }), context()))).toMatchObject({ code: 'FLAG_OTHER_KEY' });
      expect(await failure(provider().read(ref(key, { attribute: 'key' }), context()))).toMatchObject({ code: 'FLAG_OTHER_KEY' });
    });
    for (const [name, more] of [['an experiment', { experimentAllocation: { defaultVariation: 1, canReshuffle: false } }], ['a guarded rollout', { experimentAllocation: { type: 'measuredRollout' } }], ['a seed of its own', { seed: 61 }], ['a field that no plain rollout has', { stages: [] }]] as const) {
      it(`is left alone while it has ${name}`, async () => {
        const key = flagAt(10, { fallthrough: share(10, more) });
        const error = await failure(provider().write(ref(key), 25, 10, context()));
        expect(error).toMatchObject({ code: 'FLAG_IN_EXPERIMENT' });
        expect(service.changes(key)).toBe(0);
      });
    }
    it('is left alone while it serves a third variation', async () => {
      const key = `flag-${++made}`;
      service.create(key, { variations: ['blue', 'green', 'red'], production: { on: true, fallthrough: { rollout: { variations: [{ variation: 0, weight: 10_000 }, { variation: 1, weight: 80_000 }, { variation: 2, weight: 10_000 }] } } } });
      expect(await failure(provider().read(ref(key), context()))).toMatchObject({ code: 'VARIATIONS_NOT_CLEAR', message: expect.stringContaining('"blue" “Side 0”, "green" “Side 1”, "red" “Side 2”') as string });
      expect(await failure(provider().read(ref(key, { variations: { on: 'green', off: 'blue' } }), context()))).toMatchObject({ code: 'FLAG_NOT_UNDERSTOOD' });
      service.edit(key, (config) => { config.fallthrough = { variation: 0 }; });
      await provider().write(ref(key, { variations: { on: 'Side 1', off: `${key}-variation-0` } }), 25, 0, context());
      expect(production(key).fallthrough.rollout!.variations).toEqual([{ variation: 0, weight: 75_000 }, { variation: 1, weight: 25_000 }, { variation: 2, weight: 0 }]);
    });
  });

  describe('a flag that is off', () => {
    it('reads as 0, and a write above 0 sets the share and switches it on in one patch', async () => {
      const key = flagAt(25, { on: false });
      const reading = await provider().read(ref(key), context());
      expect([reading.value, reading.detail]).toEqual([0, `${key} in production: 0 % (0 of 10,000 users evaluate to on (the flag is off); version 1)`]);
      await provider().write(ref(key), 10, 0, context());
      expect([production(key).on, weightOf(production(key).fallthrough), service.changes(key)]).toEqual([true, 10_000, 1]);
    });
    it('stays off when 0 is written, and its share is taken down', async () => {
      const key = flagAt(25, { on: false });
      await provider().write(ref(key), 0, null, context());
      expect([production(key).on, weightOf(production(key).fallthrough)]).toEqual([false, 0]);
      await provider().write(ref(key), 0, null, context());
      expect(service.changes(key)).toBe(1);
    });
    it('is not switched on for a rule while its default rule would give it to everybody', async () => {
      const key = flagAt(100, { on: false, rules: [{ _id: 'rule-1', clauses: [], trackEvents: false, variation: 1 }] });
      expect(await failure(provider().write(ref(key, { rule: 'rule-1' }), 10, 0, context()))).toMatchObject({ code: 'FLAG_NOT_UNDERSTOOD', message: expect.stringContaining('100 % of all whom no rule is for') as string });
      expect(service.changes(key)).toBe(0);
    });
    it('and whose off variation is the feature is not understood', async () => {
      const key = flagAt(25, { on: false, offVariation: 0 });
      expect(await failure(provider().read(ref(key), context()))).toMatchObject({ code: 'FLAG_NOT_UNDERSTOOD' });
    });
  });

  it('weights that do not add up are no share', async () => {
    const key = flagAt(10);
    service.edit(key, (config) => { config.fallthrough.rollout!.variations = [{ variation: 1, weight: 10_000 }, { variation: 0, weight: 10_000 }]; });
    expect(await failure(provider().read(ref(key), context()))).toMatchObject({ code: 'FLAG_NOT_UNDERSTOOD', message: expect.stringContaining('says 10 %, but') as string });
  });

  it('what is not there is refused by its name', async () => {
    const key = flagAt(10);
    for (const [changes, code, words] of [[{ flag: 'gone' }, 'FLAG_MISSING', 'Unknown feature key'], [{ project: 'gone' }, 'FLAG_MISSING', 'Unknown project key'], [{ environment: 'gone' }, 'ENVIRONMENT_MISSING', 'gone'], [{ token: 'api-no-token' }, 'TOKEN_REFUSED', 'Invalid access token ***']] as const) {
      const error = await failure(provider().read(ref(key, changes), context()));
      expect(error).toBeInstanceOf(TargetRefused);
      expect([(error as TargetRefused).code, error.message]).toEqual([code, expect.stringContaining(words)]);
    }
    service.flag(key).archived = true;
    expect(await failure(provider().read(ref(key), context()))).toMatchObject({ code: 'FLAG_ARCHIVED' });
  });

  describe('when somebody else writes', () => {
    const status409: Trouble = { kind: 'answer', status: 409, body: '{"code":"optimistic_locking_error","message":"Conflict"}' };
    it('in the same instant, ours is a conflict', async () => {
      const key = flagAt(10);
      const proxy = await proxied();
      proxy.order(isWrite, status409, 1);
      expect(await failure(provider().write(ref(key, { url: proxy.origin }), 25, 10, context()))).toBeInstanceOf(TargetConflict);
    });
    it('and ours is an undo, it is tried again', async () => {
      const key = flagAt(25);
      const proxy = await proxied();
      proxy.order(isWrite, status409, 1);
      const target = ref(key, { url: proxy.origin });
      expect(await failure(provider().write(target, 10, null, context()))).toBeInstanceOf(TargetUnreachable);
      await provider().write(target, 10, null, context());
      expect(weightOf(production(key).fallthrough)).toBe(10_000);
    });
    it('by a scheduled change, ours is refused; an undo goes before it', async () => {
      const key = flagAt(10);
      service.schedule(key);
      expect(await failure(provider().write(ref(key), 25, 10, context()))).toMatchObject({ code: 'SCHEDULED_CHANGE', message: expect.stringContaining('pending scheduled change') as string });
      await provider().write(ref(key), 0, null, context());
      expect(weightOf(production(key).fallthrough)).toBe(0);
    });
  });

  flagServiceFaults({ provider, proxied, flag: async () => { const key = flagAt(10); return { at: (url) => ref(key, { url }), changes: async () => service.changes(key) }; } });

  describe('faults:', () => {
    it('a short pause that is asked for by X-RateLimit-Reset is kept inside the attempt', async () => {
      const key = flagAt(10);
      const proxy = await proxied();
      proxy.order(isWrite, { ...word, status: 429, body: '{}', headers: { 'x-ratelimit-reset': String(Date.now() + 900) } }, 1);
      await provider().write(ref(key, { url: proxy.origin }), 25, 10, context());
      expect([proxy.seen.filter(isWrite).length, weightOf(production(key).fallthrough)]).toEqual([2, 25_000]);
    });
    it('a pause that is asked for ends when the caller gives up, and nothing is sent after it', async () => {
      const key = flagAt(10);
      const proxy = await proxied();
      proxy.order(isWrite, { ...word, status: 429, body: '{}', headers: { 'retry-after': '5' } });
      const abort = new AbortController();
      const writing = failure(provider().write(ref(key, { url: proxy.origin }), 25, 10, context({ signal: abort.signal })));
      await proxy.struck();
      abort.abort();
      expect(await writing).toBeInstanceOf(TargetUnreachable);
      expect(proxy.seen.filter(isWrite)).toHaveLength(1);
    });
    it('a reading that lags behind the write is not taken for proof', async () => {
      const key = flagAt(10);
      service.lag(key, 2);
      await provider().write(ref(key), 25, 10, context());
      expect((await provider().read(ref(key), context())).value).toBe(10);
      expect(await failure(provider().verify(ref(key), 25, context()))).toBeInstanceOf(TargetUnverified);
      expect(await provider().verify(ref(key), 25, context())).toContain('25 %');
    });
    it('never show the token, though the service repeats it', async () => {
      const key = flagAt(10);
      const secret = 'api-33333333-very-secret';
      for (const call of [provider().read(ref(key, { token: secret }), context({ secrets: [secret] })), provider().write(ref(key, { token: secret }), 25, 10, context()), provider().verify(ref(key, { token: secret }), 25, context())]) {
        const error = await failure(call);
        expect(error.message).toContain('Invalid access token ***');
        expect(JSON.stringify([error.message, (error as TargetRefused).fields])).not.toContain('very-secret');
      }
    });
    it('never show a part of the token, though the service repeats it where its words are cut', async () => {
      const key = flagAt(10);
      const proxy = await proxied();
      const secret = 'api-33333333-very-secret';
      proxy.order(() => true, { ...word, status: 403, body: JSON.stringify({ code: 'forbidden', message: `${'x'.repeat(281)} ${secret} ${'y'.repeat(99)}` }) });
      const error = await failure(provider().read(ref(key, { url: proxy.origin, token: secret }), context()));
      expect(error.message).toContain('xxx ***');
      expect(error.message).not.toContain('api-3');
    });
  });

  describe('where changes must be approved', () => {
    let strict: LaunchDarkly;
    const target = (changes: object = {}): TargetRef => ref('new', { url: strict.origin, ...changes });
    const setUp = async (): Promise<FaultProxy> => {
      strict = await startLaunchDarkly();
      strict.create('new', { production: { on: false, fallthrough: share(0) } });
      strict.requireApprovals();
      return proxied(strict.origin);
    };
    afterEach(async () => { await strict.close(); });

    it('a person is asked, with one approval request that holds the whole move, however often it is tried', async () => {
      await setUp();
      for (let i = 0; i < 3; i++) {
        const error = await failure(provider().write(target(), 25, 0, context()));
        expect(error).toBeInstanceOf(TargetNeedsPerson);
        expect(error.message).toBe("share: Approval request approval-1 in LaunchDarkly asks to set flag 'new' in 'production' to 25 %. Have it approved and applied there (project 'shop').");
      }
      expect(strict.approvals).toMatchObject([{ environment: 'production', description: "Tidegate r/p/t/1: set flag 'new' in 'production' to 25 %", instructions: [{ kind: 'updateFallthroughVariationOrRollout', rolloutWeights: { 'new-variation-0': 25_000, 'new-variation-1': 75_000 } }, { kind: 'turnFlagOn' }] }]);
      expect(strict.changes('new')).toBe(0);
    });
    it('asking again makes no second one when the answer to the first was lost', async () => {
      const proxy = await setUp();
      proxy.order(({ method }) => method === 'POST', { kind: 'reset', after: true }, 1);
      const through = target({ url: proxy.origin });
      expect(await failure(provider().write(through, 25, 0, context()))).toBeInstanceOf(TargetUnreachable);
      expect(await failure(provider().write(through, 25, 0, context()))).toBeInstanceOf(TargetNeedsPerson);
      expect(strict.approvals).toHaveLength(1);
    });
    it('another share is another request, one that was applied is not asked for again, and one that was declined is said to be', async () => {
      await setUp();
      await failure(provider().write(target(), 25, 0, context()));
      expect((await failure(provider().write(target(), 10, 0, context()))).message).toContain('approval-2');
      strict.approvals[0]!.status = 'completed';
      expect((await failure(provider().write(target(), 25, 0, context()))).message).toContain('approval-3');
      strict.approvals[2]!.reviewStatus = 'declined';
      const error = await failure(provider().write(target(), 25, 0, context()));
      expect([error.constructor, error.message]).toEqual([TargetNeedsPerson, expect.stringContaining('approval-3 in LaunchDarkly, to set flag \'new\' in \'production\' to 25 %, was declined')]);
      expect(strict.approvals).toHaveLength(3);
    });
    describe('an undo', () => {
      const undoing = context({ key: 'r/p/t/2/undo' });
      const asked = (flag: string, on: number, more: object = {}): LaunchDarkly['approvals'][number] => ({ _id: `asked-${service.approvals.length + 1}`, flag, environment: 'production', status: 'pending', reviewStatus: 'pending', description: `Tidegate r/p/t/1: set flag '${flag}' in 'production' to ${on} %`, instructions: [], ...more });
      beforeEach(async () => { await setUp(); service.approvals.splice(0); });

      it('takes back the request that is still open, although the share never moved, and says so', async () => {
        await failure(provider().write(target(), 25, 0, context()));
        const one = provider();
        expect(await one.read(target(), undoing)).toMatchObject({ value: 0, unsettled: true, detail: expect.stringContaining('still open there: approval request approval-1 of this rollout') as string });
        await one.write(target(), 0, null, undoing);
        expect(strict.approvals).toEqual([]);
        expect(await one.verify(target(), 0, undoing)).toMatch(/; approval request approval-1 was withdrawn$/);
        expect(await one.read(target(), undoing)).not.toHaveProperty('unsettled');
        expect(await one.verify(target(), 0, undoing)).not.toContain('withdrawn');
      });
      it('that moves the share takes back what was asked for on top of it, approved or scheduled or not', async () => {
        const key = flagAt(25);
        service.approvals.push(asked(key, 50), asked(key, 60, { _id: 'asked-2', status: 'scheduled', reviewStatus: 'approved' }));
        const one = provider();
        await one.write(ref(key), 10, null, undoing);
        expect([weightOf(production(key).fallthrough), service.approvals]).toEqual([10_000, []]);
        expect(await one.verify(ref(key), 10, undoing)).toContain('approval request asked-1 was withdrawn; approval request asked-2 was withdrawn');
      });
      it('leaves what a person or another rollout asked for, what was applied, and what is asked for another environment', async () => {
        const key = flagAt(25);
        const others = [asked(key, 50, { description: 'by hand' }), asked(key, 50, { description: 'Tidegate rr/p/t/1: set' }), asked(key, 50, { status: 'completed' }), asked(key, 50, { environment: 'staging' }), asked('other', 50)];
        service.approvals.push(...others);
        expect(await provider().read(ref(key), undoing)).not.toHaveProperty('unsettled');
        await provider().write(ref(key), 10, null, undoing);
        expect(service.approvals).toEqual(others);
      });
      it('that needs an approval itself asks for it anew and takes back the one before; repeated, it keeps its own', async () => {
        strict.edit('new', (config) => { config.on = true; config.fallthrough = share(25); });
        await failure(provider().write(target(), 50, 25, context()));
        const error = await failure(provider().write(target(), 10, null, undoing));
        expect([error.constructor, error.message]).toEqual([TargetNeedsPerson, "share: Approval request approval-2 in LaunchDarkly asks to set flag 'new' in 'production' to 10 %. Have it approved and applied there (project 'shop'). (approval request approval-1 was withdrawn)"]);
        expect((await failure(provider().write(target(), 10, null, undoing))).message).not.toContain('withdrawn');
        expect(strict.approvals.map(({ _id }) => _id)).toEqual(['approval-2']);
      });
      it('goes out all the same where it may not take a request back, and names what is still open', async () => {
        const key = flagAt(25);
        service.approvals.push(asked(key, 50));
        const proxy = await proxied();
        proxy.order(({ method }) => method === 'DELETE', { kind: 'answer', status: 403, body: '{"code":"forbidden","message":"no deleting for you"}' });
        const [one, through] = [provider(), ref(key, { url: proxy.origin })];
        await one.write(through, 10, null, undoing);
        expect(weightOf(production(key).fallthrough)).toBe(10_000);
        expect(await one.verify(through, 10, undoing)).toMatch(/approval request asked-1 is still open and could not be withdrawn: .*no deleting for you.* Reject it there: whoever applies it moves the share again/);
      });
      it('goes out all the same where it cannot be told what is open', async () => {
        const key = flagAt(25);
        const proxy = await proxied();
        proxy.order(({ path }) => path.endsWith('/approval-requests'), { kind: 'reset' });
        const [one, through] = [provider(), ref(key, { url: proxy.origin })];
        expect(await one.read(through, undoing)).toMatchObject({ value: 25, unsettled: true, detail: expect.stringContaining('could not be told') as string });
        await one.write(through, 10, null, undoing);
        expect(await one.verify(through, 10, undoing)).toContain('could not be told');
        expect(weightOf(production(key).fallthrough)).toBe(10_000);
      });
    });
    it("a rollback's own undo takes it back and says so in its evidence, though the move was never applied; a second undo finds nothing to do", async () => {
      await setUp();
      const key = 'r/p/t/2/undo';
      await failure(provider().write(target(), 25, 0, context()));
      const one = provider();
      const resolved = { ...target(), provider: 'launchdarkly', safer: 'lower', unit: '%', cap: null, readOnly: false, on: null };
      const undo = undoTarget({ target: () => one, meters: { observeWrite: () => undefined }, env: {} } as never);
      const run = (): Promise<UndoResult> => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => undefined) }).run(undo, { rollout: 'r', target: resolved, value: 0, key } as never);
      expect(await run()).toMatchObject({ value: 0, detail: expect.stringMatching(/0 % .*; approval request approval-1 was withdrawn/) as string });
      expect(strict.approvals).toEqual([]);
      expect(await run()).toMatchObject({ value: 0, detail: expect.not.stringContaining('withdrawn') as string });
    });
    it('a look for drift asks for the flag alone, and so does a token that may not see requests', async () => {
      await setUp();
      const key = flagAt(10);
      const proxy = await proxied();
      await provider().read(ref(key, { url: proxy.origin }), context({ key: 'drift' }));
      expect(proxy.seen).toHaveLength(1);
      proxy.order(({ path }) => path.endsWith('/approval-requests'), { kind: 'answer', status: 403, body: '{"message":"no"}' });
      expect(await provider().read(ref(key, { url: proxy.origin }), context())).toEqual({ value: 10, detail: expect.not.stringContaining('open') as string });
    });
    it('a person is asked to ask where the token may not', async () => {
      const proxy = await setUp();
      proxy.order(({ path }) => path.endsWith('/approval-requests'), { kind: 'answer', status: 403, body: '{"code":"forbidden","message":"no approvals for you"}' });
      const error = await failure(provider().write(target({ url: proxy.origin }), 25, 0, context()));
      expect(error).toBeInstanceOf(TargetNeedsPerson);
      expect(error.message).toContain('no approvals for you');
    });
  });
});
