// A protected target is put back by a conditional write, read back, and leaves nothing behind that any rollback could undo.
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it } from 'vitest';
import type { Ports } from '../../activities/ports.js';
import { restoreTarget } from '../../activities/restore-target.js';
import type { RestoreInput, RestoreResult, WriteInput } from '../../activities/types.js';
import { writeTarget } from '../../activities/write-target.js';
import { noMeters } from '../../src/metrics/port.js';
import { TargetConflict } from '../../src/targets/port.js';

function world(value: number, hand: () => number | null = () => null) {
  const writes: [number, number | null][] = [];
  let now = value;
  const target = {
    name: 'memory', check: () => [], claimKey: () => 'crisis', read: async () => ({ value: now, detail: 'read' }),
    write: async (_: unknown, to: number, expected: number | null) => {
      now = hand() ?? now;
      if (expected !== null && expected !== now) throw new TargetConflict({ code: 'TARGET_DRIFTED', what: `stands at ${now}` });
      writes.push([to, expected]);
      now = to;
    },
    verify: async () => 'verified',
  };
  // no journal: whoever leaves a note there fails
  return { ports: { target: () => target, env: {}, meters: noMeters } as unknown as Ports, writes };
}
const target: RestoreInput['target'] = { id: 'crisis', provider: 'memory', settings: {}, safer: 'none', unit: '%', cap: null, unlimited: null, readOnly: true, protected: { standsAt: 100, reports: null }, beforeMove: null, approval: null, on: null, writeTimeoutMs: 1_000 };
const restore = (ports: Ports) => new MockActivityEnvironment().run<[RestoreInput], RestoreResult, ReturnType<typeof restoreTarget>>(restoreTarget(ports), { rollout: 'r', target, value: 100, key: 'k' });

it('only over what was read, read back and verified, without a note for an undo', async () => {
  const { ports, writes } = world(40);
  expect(await restore(ports)).toMatchObject({ found: 40, readBack: 'verified' });
  expect(writes).toEqual([[100, 40]]);
});

it('what somebody put back meanwhile is not written again', async () => {
  const { ports, writes } = world(100);
  expect(await restore(ports)).toMatchObject({ found: 100 });
  expect(writes).toEqual([]);
});

it('what somebody changes in that very moment is not overwritten unseen', async () => {
  const { ports, writes } = world(40, () => 60);
  await expect(restore(ports)).rejects.toThrow('stands at 60');
  expect(writes).toEqual([]);
});

const write = (ports: Ports, change: Partial<WriteInput>) => new MockActivityEnvironment().run(writeTarget(ports), { rollout: 'r', target, value: 50, expected: 100, before: 100, key: 'k', order: 1, now: 0, ...change });

it('the last check is in the write itself: nothing read-only, nothing over its cap, and nothing whose undo would be over it', async () => {
  const { ports, writes } = world(100);
  const free = { ...target, readOnly: false, protected: null };
  await expect(write(ports, {})).rejects.toMatchObject({ nonRetryable: true, details: ['TARGET_PROTECTED'] });
  await expect(write(ports, { target: { ...free, cap: 40 }, before: 10 })).rejects.toMatchObject({ nonRetryable: true, details: ['TARGET_PROTECTED'] });
  await expect(write(ports, { target: { ...free, cap: 60 } })).rejects.toMatchObject({ nonRetryable: true, details: ['CAP_BELOW_CURRENT'] });
  expect(writes).toEqual([]);
});
