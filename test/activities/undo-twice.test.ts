// Two attempts at one undo at the same moment: what is so already is not written again.
import { setTimeout as pause } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it } from 'vitest';
import type { Ports } from '../../activities/ports.js';
import { undoTarget } from '../../activities/undo-target.js';
import type { UndoInput, UndoResult } from '../../activities/types.js';
import { noMeters } from '../../src/metrics/port.js';

function world(writeMs: number): { readonly ports: Ports; readonly writes: number[] } {
  let value = 50;
  const writes: number[] = [];
  const target = {
    name: 'memory', check: () => [], claimKey: () => 'flag', read: async () => { const seen = value; await pause(20); return { value: seen, detail: 'read' }; },
    write: async (_: unknown, to: number) => { writes.push(to); await pause(writeMs); value = to; }, verify: async () => 'verified',
  };
  return { ports: { target: () => target, env: {}, meters: noMeters } as unknown as Ports, writes };
}
const input = (writeTimeoutMs: number): UndoInput => ({ rollout: 'r', key: 'r/wave-1/flag/1/undo', value: 0, target: { id: 'flag', provider: 'memory', settings: {}, safer: 'lower', unit: '%', cap: null, unlimited: null, readOnly: false, protected: null, beforeMove: null, approval: null, on: null, writeTimeoutMs } });

it('the second attempt finds it done and writes nothing', async () => {
  const { ports, writes } = world(50);
  const undo = undoTarget(ports);
  const both = await Promise.all([1, 2].map(() => new MockActivityEnvironment().run<[UndoInput], UndoResult, typeof undo>(undo, input(5_000))));
  expect(both.map((one) => one.value)).toEqual([0, 0]);
  expect(writes).toEqual([0]);
});

it('one that hangs does not hold the next for longer than its time', async () => {
  const { ports, writes } = world(60_000);
  const undo = undoTarget(ports);
  for (let n = 0; n < 2; n++) void new MockActivityEnvironment().run(undo, input(300)).catch(() => null);
  for (let tries = 0; writes.length < 2 && tries < 200; tries++) await pause(25);
  expect(writes).toEqual([0, 0]);
});
