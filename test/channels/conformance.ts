// What every channel promises (src/channels/port.ts), a test for each sentence. A channel brings a world in which its receiver can be watched and
// put out of order; what it cannot promise is excepted by the test's own name, with a reason, and an exception that names no test fails.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChannelRefused, ChannelUnreachable, type ChannelProvider, type Message } from '../../src/channels/port.js';
import type { ChannelRef } from '../../src/plan/types.js';

export interface ChannelWorld {
  readonly provider: ChannelProvider;
  readonly channel: ChannelRef;
  /** what arrived, each delivery as one text */
  arrived(): readonly string[];
  /** keys as the receiver sees them, one a delivery; null where a receiver on its side sees none */
  keys(): readonly (string | null)[];
  /** from now on the receiver says no */
  deny(): Promise<void>;
  /** from now on the receiver is out of order */
  breakDown(): Promise<void>;
  /** texts that must appear in no error */
  readonly secrets: readonly string[];
  end(): Promise<void>;
}

export interface ConformingChannel {
  readonly make: () => Promise<ChannelWorld>;
  readonly wrongSettings: ChannelRef['settings'];
  /** how long a body the receiver takes whole, 100,000 characters unless said; what becomes of a longer one its own tests say */
  readonly longest?: number;
  readonly excepted?: Readonly<Record<string, string>>;
}

export const message = (changes: Partial<Message> = {}): Message => ({
  key: 'batch-patches-v1/17', rollout: 'batch-patches-v1', phase: 'wave-2', severity: 'critical', topic: 'issue-opened', title: 'error rate 12 % is above 10 %', body: 'for 5 min, 1,204 samples\nlast look 20 s ago',
  to: ['commander'], ask: null, answers: null, at: Date.UTC(2026, 10, 21, 9, 15), ...changes,
});
const live = (): AbortSignal => new AbortController().signal;

export function channelConformance(name: string, { make, wrongSettings, longest = 100_000, excepted = {} }: ConformingChannel): void {
  describe(`${name} keeps what every channel promises:`, () => {
    let world: ChannelWorld;
    beforeEach(async () => { world = await make(); });
    afterEach(async () => { await world.end(); });
    const titles: string[] = [];
    const promise = (title: string, proof: () => Promise<void>): void => {
      titles.push(title);
      const reason = excepted[title];
      if (reason === undefined) it(title, proof); else it(`(excepted: ${reason}) ${title}`, () => { expect(reason.length).toBeGreaterThan(10); });
    };
    const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);

    promise('a message arrives with all that people need: severity, rollout, phase, title and body', async () => {
      await world.provider.send(world.channel, message(), live());
      expect(world.arrived()).toHaveLength(1);
      for (const part of ['critical', 'batch-patches-v1', 'wave-2', 'error rate 12 % is above 10 %', 'for 5 min, 1,204 samples', 'last look 20 s ago', 'commander']) expect(world.arrived()[0]).toContain(part);
    });

    promise('the same message again carries the same key, or is dropped', async () => {
      for (let i = 0; i < 2; i++) await world.provider.send(world.channel, message(), live());
      await world.provider.send(world.channel, message({ key: 'batch-patches-v1/18' }), live());
      expect(new Set(world.keys())).toEqual(new Set(['batch-patches-v1/17', 'batch-patches-v1/18']));
    });

    promise('a receiver that is out of order is unreachable: repeating may help', async () => {
      await world.breakDown();
      const error = await failure(world.provider.send(world.channel, message(), live()));
      expect(error).toBeInstanceOf(ChannelUnreachable);
      expect(error).toMatchObject({ transient: true, code: expect.stringMatching(/^[A-Z_]+$/), fields: { means: expect.any(String) } });
    });

    promise('a receiver that says no has refused: repeating cannot help', async () => {
      await world.deny();
      const error = await failure(world.provider.send(world.channel, message(), live()));
      expect(error).toBeInstanceOf(ChannelRefused);
      expect(error).toMatchObject({ transient: false, code: expect.stringMatching(/^[A-Z_]+$/), fields: { todo: expect.any(String) } });
    });

    promise('a message that was given up before it was sent does not arrive', async () => {
      expect(await failure(world.provider.send(world.channel, message(), AbortSignal.abort()))).toBeInstanceOf(ChannelUnreachable);
      expect(world.arrived()).toEqual([]);
    });

    promise('no secret of the settings appears in an error', async () => {
      const errors: unknown[] = [];
      await world.deny(); errors.push(await failure(world.provider.send(world.channel, message(), live())));
      await world.breakDown(); errors.push(await failure(world.provider.send(world.channel, message(), live())));
      for (const error of errors) for (const secret of world.secrets) expect(JSON.stringify([String(error), error, (error as Error).stack, String((error as Error).cause)])).not.toContain(secret);
      expect(world.secrets.length).toBeGreaterThan(0);
    });

    promise('an empty body, a long one and characters of every kind arrive', async () => {
      await world.provider.send(world.channel, message({ key: 'k/1', body: '' }), live());
      await world.provider.send(world.channel, message({ key: 'k/2', body: `Größe ✓ ${'x'.repeat(longest - 12)} end` }), live());
      expect(world.arrived()).toHaveLength(2);
      expect(world.arrived()[1]).toMatch(/Größe ✓ x+ end/);
    });

    promise('problems of the settings are known without sending anything', async () => {
      expect(world.provider.check(world.channel)).toEqual([]);
      expect(world.provider.check({ ...world.channel, settings: wrongSettings }).length).toBeGreaterThan(0);
      expect(world.provider.check({ ...world.channel, settings: { ...world.channel.settings, 'no-such-setting': 1 } }).join()).toContain('no-such-setting');
      expect(world.arrived()).toEqual([]);
    });

    it('excepts only what exists', () => { expect(titles).toEqual(expect.arrayContaining(Object.keys(excepted))); });
  });
}
