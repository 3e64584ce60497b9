// undoTarget: writes the value recorded before our move, whatever stands there now, unless what stands there is already safer; reads back.
import { setTimeout as sleep } from 'node:timers/promises';
import { TargetUnreachable } from '../src/targets/port.js';
import { exposesLess } from '../src/plan/index.js';
import type { ResolvedTarget } from '../src/plan/types.js';
import { abortAfter } from './failure.js';
import type { Ports } from './ports.js';
import { contextOf, read, sameValue, targetRef } from './read-target.js';
import type { UndoInput, UndoResult } from './types.js';
import { observed } from './write-target.js';

/** Two attempts at one undo may come at once, e.g. when a worker is back after a while: the second looks when the first is done, or has had its time. */
export const undoTarget = (ports: Ports) => {
  const underWay = new Map<string, Promise<UndoResult>>();
  return (input: UndoInput): Promise<UndoResult> => observed(ports, input.rollout, input.target.provider, 'back', async () => {
    const before = underWay.get(input.key);
    const mine = (async () => {
      if (before !== undefined) await Promise.race([before.catch(() => null), sleep(input.target.writeTimeoutMs, null, { ref: false })]);
      return undo(ports, input);
    })();
    underWay.set(input.key, mine);
    try { return await mine; } finally { if (underWay.get(input.key) === mine) underWay.delete(input.key); }
  });
};

async function undo(ports: Ports, input: UndoInput): Promise<UndoResult> {
  const { target, value, key } = input;
  const output: string[] = [];
  const provider = ports.target(target.provider);
  const signal = abortAfter(target.writeTimeoutMs);
  const now = await readable(ports, target, key, signal);
  const safer = now !== null && exposesLess(target, now.value, value);
  const left = safer ? `; safer than ${value}, left there` : '';
  if (now !== null && now.unsettled !== true && (safer || sameValue(now.value, value))) return { value: now.value, detail: `${now.detail}${left}`, leftSafer: safer, output };

  // what is stored may come into force some day, so an unsettled value is written also where it is the one wanted, or the safer one
  const wanted = safer ? now.value : value;
  await provider.write(targetRef(ports, target), wanted, null, contextOf(ports, target, key, signal, output));
  const after = await read(ports, target, key, abortAfter(target.writeTimeoutMs + 10_000));
  if (!sameValue(after.value, wanted)) throw new TargetUnreachable({ code: 'TARGET_NOT_READ_BACK', what: `was written back as ${wanted} but reads ${after.value}`, where: target.id, means: 'The rollback of this target is not done.', todo: 'It is tried again until it is.' });
  const evidence = await provider.verify(targetRef(ports, target), wanted, contextOf(ports, target, key, abortAfter(target.writeTimeoutMs + 10_000), output));
  return { value: after.value, detail: `${evidence}${left}`, leftSafer: safer, output };
}

/** A target that cannot be read may still be written: the undo goes out all the same. */
async function readable(ports: Ports, target: ResolvedTarget, key: string, signal: AbortSignal) {
  try { return await read(ports, target, key, signal); } catch { return null; }
}
