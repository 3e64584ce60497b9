// Proves that ordered trouble comes as it was ordered, on the clock that was given, so that a rehearsal is the same every time.
import { describe, expect, it } from 'vitest';
import { createMemory, MemoryTargets, type FaultRule } from '../../src/targets/memory.js';
import { context } from './conformance.js';

const target = { id: 'share', settings: {}, writeTimeoutMs: 1_000 };
const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);
function made(faults: readonly FaultRule[], drift: ConstructorParameters<typeof MemoryTargets>[0] = {}) {
  let at = 0;
  const world = new MemoryTargets({ now: () => at, faults, ...drift });
  const provider = createMemory(world);
  return { world, provider, to: (instant: number) => { at = instant; }, read: async () => (await provider.read(target, context())).value };
}

describe('ordered trouble', () => {
  it('strikes only in its time, as often as it was ordered, and only the value it names', async () => {
    const { provider, to, read } = made([{ target: 'share', call: 'write', from: 100, to: 200, times: 2, value: 25, fault: { kind: 'refused', why: 'cap' } }]);
    await provider.write(target, 25, null, context());
    await provider.write(target, 0, null, context());
    to(150);
    expect(await failure(provider.write(target, 25, null, context()))).toMatchObject({ name: 'TargetRefused', message: expect.stringContaining('cap') });
    await provider.write(target, 10, null, context());
    expect(await failure(provider.write(target, 25, null, context()))).toMatchObject({ name: 'TargetRefused' });
    await provider.write(target, 25, null, context());
    expect(await read()).toBe(25);
  });

  it('an unreachable write has landed or not, as was ordered', async () => {
    for (const landed of [true, false]) {
      const { provider, read } = made([{ target: null, call: 'write', times: 1, fault: { kind: 'unreachable', landed } }]);
      expect(await failure(provider.write(target, 25, 0, context()))).toMatchObject({ name: 'TargetUnreachable' });
      expect(await read()).toBe(landed ? 25 : 0);
    }
  });

  it('a late write lands after its own undo, and is seen as an effect of that later instant', async () => {
    const { provider, to, read, world } = made([{ target: null, call: 'write', times: 1, fault: { kind: 'late', byMs: 50 } }]);
    await provider.write(target, 10, 0, context()).catch(() => undefined);
    to(20);
    await provider.write(target, 0, null, context());
    expect(await read()).toBe(0);
    to(60);
    expect(await read()).toBe(10);
    expect(world.effects()).toEqual([{ at: 50, target: 'share', value: 10, by: 'write', key: 'r/p/t/1' }]);
    await provider.write(target, 0, null, context());
    expect(await read()).toBe(0);
  });

  it('a lagging write is accepted and seen later', async () => {
    const { provider, to, read } = made([{ target: null, call: 'write', times: 1, fault: { kind: 'lag', ms: 5_000 } }]);
    await provider.write(target, 10, 0, context());
    expect(await read()).toBe(0);
    expect(await failure(provider.verify(target, 10, context()))).toMatchObject({ name: 'TargetUnverified' });
    to(5_000);
    expect(await read()).toBe(10);
  });

  it('drift comes at its instant, by another hand, and makes a write that did not expect it a conflict', async () => {
    const { provider, to, read, world } = made([], { drift: [{ target: 'share', at: 100, value: 3 }] });
    await provider.write(target, 10, 0, context());
    to(99);
    expect(await read()).toBe(10);
    to(100);
    expect(await read()).toBe(3);
    expect(await failure(provider.write(target, 25, 10, context()))).toMatchObject({ name: 'TargetConflict' });
    expect(world.effects().map(({ value, by }) => `${by} ${value}`)).toEqual(['write 10', 'drift 3']);
  });

  it('a read or a verify can be struck like a write', async () => {
    const { provider } = made([{ target: null, call: 'read', fault: { kind: 'unreachable', landed: false } }, { target: null, call: 'verify', fault: { kind: 'unverified' } }]);
    expect(await failure(provider.read(target, context()))).toMatchObject({ name: 'TargetUnreachable' });
    expect(await failure(provider.verify(target, 0, context()))).toMatchObject({ name: 'TargetUnverified' });
  });
});
