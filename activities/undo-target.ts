// undoTarget: writes the value recorded before our move, whatever stands there now, unless what stands there is already safer; reads back.
import { TargetUnreachable } from '../src/targets/port.js';
import type { ResolvedTarget, TargetValue } from '../src/plan/types.js';
import { abortAfter } from './failure.js';
import type { Ports } from './ports.js';
import { contextOf, read, sameValue, targetRef } from './read-target.js';
import type { UndoInput, UndoResult } from './types.js';
import { observed } from './write-target.js';

export const undoTarget = (ports: Ports) => (input: UndoInput): Promise<UndoResult> => observed(ports, input.rollout, input.target.provider, 'back', () => undo(ports, input));

async function undo(ports: Ports, input: UndoInput): Promise<UndoResult> {
  const { target, value, key } = input;
  const output: string[] = [];
  const provider = ports.target(target.provider);
  const signal = abortAfter(target.writeTimeoutMs);
  const now = await readable(ports, target, key, signal);
  if (now !== null && sameValue(now.value, value)) return { value: now.value, detail: now.detail, leftSafer: false, output };
  if (now !== null && isSafer(target, now.value, value)) return { value: now.value, detail: `${now.detail}; safer than ${value}, left there`, leftSafer: true, output };

  await provider.write(targetRef(ports, target), value, null, contextOf(ports, target, key, signal, output));
  const after = await read(ports, target, key, abortAfter(target.writeTimeoutMs + 10_000));
  if (!sameValue(after.value, value)) throw new TargetUnreachable({ code: 'TARGET_NOT_READ_BACK', what: `was written back as ${value} but reads ${after.value}`, where: target.id, means: 'The rollback of this target is not done.', todo: 'It is tried again until it is.' });
  return { value: after.value, detail: await provider.verify(targetRef(ports, target), value, contextOf(ports, target, key, abortAfter(target.writeTimeoutMs + 10_000), output)), leftSafer: false, output };
}

/** A target that cannot be read may still be written: the undo goes out all the same. */
async function readable(ports: Ports, target: ResolvedTarget, key: string, signal: AbortSignal) {
  try { return await read(ports, target, key, signal); } catch { return null; }
}

/** `found` exposes fewer people than `wanted` would. */
export function isSafer(target: ResolvedTarget, found: TargetValue, wanted: TargetValue): boolean {
  if (typeof found !== 'number' || typeof wanted !== 'number' || target.safer === 'none') return false;
  return target.safer === 'lower' ? found < wanted : found > wanted;
}
