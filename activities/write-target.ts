// writeTarget: one forward move. The value before is on disk before the write leaves; the attempt aborts itself; it ends by reading back.
import { ApplicationFailure } from '@temporalio/activity';
import type { WriteObserved } from '../src/metrics/port.js';
import { sizeOf } from '../src/plan/index.js';
import type { ResolvedTarget, TargetValue } from '../src/plan/types.js';
import { TargetConflict, TargetRefused, TargetUnreachable } from '../src/targets/port.js';
import { abortAfter } from './failure.js';
import type { Ports } from './ports.js';
import { contextOf, read, sameValue, targetRef } from './read-target.js';
import type { WriteInput, WriteResult } from './types.js';

export const writeTarget = (ports: Ports) => (input: WriteInput): Promise<WriteResult> => observed(ports, input.rollout, input.target.provider, 'forward', () => write(ports, input));

async function write(ports: Ports, input: WriteInput): Promise<WriteResult> {
  const { target, value, key } = input;
  const provider = ports.target(target.provider);
  const output: string[] = [];
  const signal = abortAfter(target.writeTimeoutMs);
  const context = contextOf(ports, target, key, signal, output);
  const refusedBy = refusal(input);
  if (refusedBy !== null) throw ApplicationFailure.nonRetryable(refusedBy, 'TargetRefused', refusedBy === overCap(target, input.before) ? 'CAP_BELOW_CURRENT' : 'TARGET_PROTECTED');

  const now = await read(ports, target, key, signal);
  if (!sameValue(now.value, value) || now.unsettled === true) {
    if (!sameValue(now.value, value) && !sameValue(now.value, input.expected)) {
      throw new TargetConflict({ code: 'TARGET_DRIFTED', what: `stands at ${now.value}, not at ${input.expected} as read before`, where: target.id, means: 'Somebody else changed it; nothing was written.', todo: 'Adopt the value, restore ours, or roll back.' });
    }
    // Break-glass: `rollback --offline` finds the value before here, whatever happens to Temporal from now on.
    await ports.journal.putUndo({ rollout: input.rollout, key, target, before: input.before, wanted: value, at: input.now, order: input.order });
    await provider.write(targetRef(ports, target), value, input.expected, context);
  } else {
    await ports.journal.putUndo({ rollout: input.rollout, key, target, before: input.before, wanted: value, at: input.now, order: input.order });
  }

  const after = await read(ports, target, key, abortAfter(target.writeTimeoutMs + 10_000));
  if (!sameValue(after.value, value)) throw new TargetUnreachable({ code: 'TARGET_NOT_READ_BACK', what: `was written as ${value} but reads ${after.value}`, where: target.id, means: 'The write did not take effect, or not yet.', todo: 'It is tried again; if it stays so, look at the target itself.' });
  const evidence = await provider.verify(targetRef(ports, target), value, contextOf(ports, target, key, abortAfter(target.writeTimeoutMs + 10_000), output));
  return { after: after.value, readBack: evidence, output };
}

export const overCap = (target: ResolvedTarget, value: TargetValue): string => `${target.id} stands at ${value}${target.unit}, over its cap of ${target.cap}${target.unit}: nothing is moved before one of the two is set right.`;

/** Tells the meters how an attempt at a write ended. */
export async function observed<Result>(ports: Ports, rollout: string, provider: string, direction: WriteObserved['direction'], attempt: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  let result: WriteObserved['result'] = 'done';
  try {
    return await attempt();
  } catch (error) {
    result = error instanceof TargetConflict ? 'conflict' : error instanceof TargetRefused || error instanceof ApplicationFailure ? 'refused' : (error as { code?: unknown }).code === 'TARGET_NOT_READ_BACK' ? 'unverified' : 'unreachable';
    throw error;
  } finally {
    ports.meters.observeWrite({ rollout, provider, direction, result, tookMs: performance.now() - startedAt });
  }
}

/** What is protected stays protected (promise 7): the last line of defence, after plan validation and the workflow's own check. */
function refusal({ target, value, before }: WriteInput): string | null {
  if (target.readOnly) return `${target.id} is read-only: no plan, command or drift may move it.`;
  if (target.cap !== null && (sizeOf(target, value) ?? Number.NEGATIVE_INFINITY) > target.cap) return `${target.id} is capped at ${target.cap}${target.unit}: ${value}${typeof value === 'number' ? target.unit : ''} is refused.`;
  // An undo would put it back there, over the cap.
  if (target.cap !== null && typeof before === 'number' && before > target.cap) return overCap(target, before);
  return null;
}
