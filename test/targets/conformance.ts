// What every target provider promises (src/targets/port.ts), a test for each sentence. A provider brings a world in which it can be watched from
// outside; what it cannot promise is excepted by the test's own name, with a reason, and an exception that names no test fails.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TargetValue } from '../../src/plan/types.js';
import { TargetConflict, TargetRefused, TargetUnreachable, TargetUnverified, type TargetContext, type TargetProvider, type TargetRef } from '../../src/targets/port.js';

export interface World {
  readonly provider: TargetProvider;
  readonly target: TargetRef;
  /** the same thing under another id, and another thing */
  readonly sameThing: TargetRef;
  readonly otherThing: TargetRef;
  /** what it stands at, seen by other means than the provider */
  seen(): Promise<TargetValue>;
  /** somebody else changes it */
  change(value: TargetValue): Promise<void>;
  /** how often it was really changed since the world began, by whomever */
  changes(): Promise<number>;
  /** all that lies beside it and must stay as it is, in any form that can be compared */
  beside(): Promise<unknown>;
  /** from now on it understands and denies */
  refuse(): Promise<void>;
  /** from now on it cannot be reached */
  cutOff(): Promise<void>;
  /** from now on users do not get what is written */
  deceive(value: TargetValue): Promise<void>;
  /** a write of `value` that is aborted in its middle; settles when the write has */
  abortInTheMiddle(value: TargetValue): Promise<unknown>;
  end(): Promise<void>;
}

export interface Conforming {
  readonly make: () => Promise<World>;
  /** what it stands at in a new world, and two other values */
  readonly values: readonly [start: TargetValue, one: TargetValue, two: TargetValue];
  /** settings that are wrong in themselves, and a value that it cannot hold */
  readonly wrongSettings: TargetRef['settings'];
  readonly wrongValue: TargetValue | null;
  readonly excepted?: Readonly<Record<string, string>>;
}

export const context = (changes: Partial<TargetContext> = {}): TargetContext => ({ signal: new AbortController().signal, key: 'r/p/t/1', keep: () => undefined, ...changes });

export function targetConformance(name: string, { make, values: [start, one, two], wrongSettings, wrongValue, excepted = {} }: Conforming): void {
  describe(`${name} keeps what every target promises:`, () => {
    let world: World;
    beforeEach(async () => { world = await make(); });
    afterEach(async () => { await world.end(); });
    const titles: string[] = [];
    const promise = (title: string, proof: () => Promise<void>): void => {
      titles.push(title);
      const reason = excepted[title];
      if (reason === undefined) it(title, proof); else it(`(excepted: ${reason}) ${title}`, () => { expect(reason.length).toBeGreaterThan(10); });
    };
    const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);
    const read = async (): Promise<TargetValue> => (await world.provider.read(world.target, context())).value;

    promise('reading tells the value in force, and in words how it was read', async () => {
      const reading = await world.provider.read(world.target, context());
      expect(reading.value).toBe(start);
      expect(reading.detail).toContain(String(start));
    });

    promise('reading changes nothing and may be repeated', async () => {
      const beside = await world.beside();
      for (let i = 0; i < 3; i++) expect(await read()).toBe(start);
      expect(await world.changes()).toBe(0);
      expect(await world.beside()).toEqual(beside);
    });

    promise("reading tells somebody else's change, which may not be what we wrote last", async () => {
      await world.provider.write(world.target, one, start, context());
      await world.change(two);
      expect(await read()).toBe(two);
    });

    promise('a write puts the value in force, reads back and is verified in words', async () => {
      await world.provider.write(world.target, one, start, context());
      expect(await world.seen()).toBe(one);
      expect(await read()).toBe(one);
      expect((await world.provider.verify(world.target, one, context())).length).toBeGreaterThan(3);
    });

    promise('a write of what is so already is success and changes nothing', async () => {
      await world.provider.write(world.target, start, start, context());
      expect(await world.changes()).toBe(0);
      await world.provider.write(world.target, start, one, context());
      expect(await world.changes()).toBe(0);
    });

    promise('the same write twice is one change', async () => {
      await world.provider.write(world.target, one, start, context());
      await world.provider.write(world.target, one, start, context());
      expect(await world.seen()).toBe(one);
      expect(await world.changes()).toBe(1);
    });

    promise('a write touches nothing else', async () => {
      const beside = await world.beside();
      await world.provider.write(world.target, one, start, context());
      await world.provider.write(world.target, start, null, context());
      expect(await world.beside()).toEqual(beside);
    });

    promise('a write is refused as a conflict, with nothing changed, when somebody changed it since it was read', async () => {
      await world.change(two);
      const changes = await world.changes();
      const error = await failure(world.provider.write(world.target, one, start, context()));
      expect(error).toBeInstanceOf(TargetConflict);
      expect(await world.seen()).toBe(two);
      expect(await world.changes()).toBe(changes);
    });

    promise('an undo writes whatever is there', async () => {
      await world.provider.write(world.target, one, start, context());
      await world.change(two);
      await world.provider.write(world.target, start, null, context());
      expect(await world.seen()).toBe(start);
    });

    promise('what is understood and denied is refused, changes nothing and says what to do', async () => {
      const before = await world.seen();
      await world.refuse();
      const error = await failure(world.provider.write(world.target, one, start, context()));
      expect(error).toBeInstanceOf(TargetRefused);
      expect(error).toMatchObject({ transient: false, code: expect.stringMatching(/^[A-Z_]+$/), fields: { todo: expect.any(String), means: expect.any(String) } });
      expect(await world.seen()).toBe(before);
    });

    promise('what cannot be reached is unreachable: its outcome is unknown, and repeating may help', async () => {
      await world.cutOff();
      for (const call of [world.provider.write(world.target, one, start, context())]) {
        const error = await failure(call);
        expect(error).toBeInstanceOf(TargetUnreachable);
        expect(error).toMatchObject({ transient: true, code: expect.stringMatching(/^[A-Z_]+$/) });
      }
    });

    promise('a write that was aborted before it began does nothing', async () => {
      const error = await failure(world.provider.write(world.target, one, start, context({ signal: AbortSignal.abort() })));
      expect(error).toBeInstanceOf(TargetUnreachable);
      expect(await world.seen()).toBe(start);
      expect(await world.changes()).toBe(0);
    });

    promise('a write that is aborted in its middle ends soon, and nothing takes effect after it', async () => {
      expect(await world.abortInTheMiddle(one)).toBeInstanceOf(TargetUnreachable);
      expect(await world.seen()).toBe(start);
      expect(await world.changes()).toBe(0);
    });

    promise('verifying fails when users do not get the value, whatever was written', async () => {
      await world.provider.write(world.target, one, start, context());
      await world.deceive(one);
      const error = await failure(world.provider.verify(world.target, one, context()));
      expect(error).toBeInstanceOf(TargetUnverified);
      expect(error).toMatchObject({ transient: true });
    });

    promise('problems of the settings and of the values are known without touching anything', async () => {
      await world.refuse();
      expect(world.provider.check(world.target, [start, one, two])).toEqual([]);
      expect(world.provider.check({ ...world.target, settings: wrongSettings }, []).length).toBeGreaterThan(0);
      expect(world.provider.check({ ...world.target, settings: { ...world.target.settings, 'no-such-setting': 1 } }, []).join()).toContain('no-such-setting');
      if (wrongValue !== null) expect(world.provider.check(world.target, [start, wrongValue]).join()).toContain(String(wrongValue));
    });

    promise('one thing in the world has one key, whatever the plan calls it, and another thing another', async () => {
      expect(world.provider.claimKey(world.sameThing)).toBe(world.provider.claimKey(world.target));
      expect(world.provider.claimKey(world.otherThing)).not.toBe(world.provider.claimKey(world.target));
    });

    it('excepts only what exists', () => { expect(titles).toEqual(expect.arrayContaining(Object.keys(excepted))); });
  });
}
