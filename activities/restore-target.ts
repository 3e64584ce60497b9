// restoreTarget: a protected target is put back to what it must keep, by a conditional write, and read back. It leaves no undo note: no rollback,
// offline or not, ever touches it.
import { TargetUnreachable } from '../src/targets/port.js';
import { abortAfter } from './failure.js';
import type { Ports } from './ports.js';
import { contextOf, read, sameValue, targetRef } from './read-target.js';
import type { RestoreInput, RestoreResult } from './types.js';
import { observed } from './write-target.js';

export const restoreTarget = (ports: Ports) => (input: RestoreInput): Promise<RestoreResult> => observed(ports, input.rollout, input.target.provider, 'back', async () => {
  const { target, value, key } = input;
  const provider = ports.target(target.provider);
  const output: string[] = [];
  const signal = abortAfter(target.writeTimeoutMs);
  const now = await read(ports, target, key, signal);
  if (!sameValue(now.value, value) || now.unsettled === true) await provider.write(targetRef(ports, target), value, now.value, contextOf(ports, target, key, signal, output));
  const after = await read(ports, target, key, abortAfter(target.writeTimeoutMs + 10_000));
  if (!sameValue(after.value, value)) throw new TargetUnreachable({ code: 'TARGET_NOT_READ_BACK', what: `was restored to ${value} but reads ${after.value}`, where: target.id, means: 'What is protected does not stand where it must.', todo: 'It is tried again at the next look; look at the target itself.' });
  const readBack = await provider.verify(targetRef(ports, target), value, contextOf(ports, target, key, abortAfter(target.writeTimeoutMs + 10_000), output));
  return { found: now.value, readBack, output };
});
