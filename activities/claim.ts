// claim and release: a rollout holds its id and each of its targets, so that two rollouts never move one thing.
import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import type { ResolvedTarget } from '../src/plan/types.js';
import { abortAfter } from './failure.js';
import type { Ports } from './ports.js';
import { read, targetRef } from './read-target.js';
import type { ClaimInput, ClaimResult } from './types.js';
import { overCap } from './write-target.js';

export const claim = (ports: Ports) => async (input: ClaimInput): Promise<ClaimResult> => {
  const holder = activityInfo().workflowExecution!.workflowId;
  const nameOf = (target: ResolvedTarget): string => `${target.on === null ? '' : `${target.on}/`}${target.provider}/${ports.target(target.provider).claimKey(targetRef(ports, target))}`;
  const moved = input.targets.map(nameOf);
  const kept = (input.protects ?? []).map(nameOf);
  const both = kept.find((name) => moved.includes(name));
  if (both !== undefined) throw ApplicationFailure.nonRetryable(`${both} is moved under one name and read only under another; nothing was moved`, 'TARGET_PROTECTED', 'TARGET_PROTECTED');
  const keys = [...input.keys, ...moved.map((name) => `target/${name}`)];
  const taken: string[] = [];
  try {
    for (const key of keys) { await ports.engine.claim(key, input.rollout, holder); taken.push(key); }
    // Each side claims first and looks for the other then, so of two that start at once at least one sees the other.
    for (const name of kept) taken.push(await ports.engine.protect(name, input.rollout, holder));
    for (const name of moved) await ports.engine.unprotected(name, holder);
    await Promise.all(input.targets.map((target) => withinCap(ports, target)));
    // Not when a rollout under way claims more: what was taken back offline then is its own.
    if (input.keys.length > 0) await closeEarlier(ports, input.rollout);
    // Read once the id is ours: an earlier rollout of the same id has a chain, and this one goes on behind it.
    return { keys: taken, head: await ports.journal.head(input.rollout) };
  } catch (error) {
    // A start that is refused leaves no claim of its own behind.
    for (const key of taken) await ports.engine.release(key, holder);
    throw error;
  }
};

/** What stands over its cap already is refused before anything moves. One that cannot be read from here is read before its first write (write-target.ts). */
async function withinCap(ports: Ports, target: ResolvedTarget): Promise<void> {
  if (target.cap === null || target.on !== null || target.provider === 'manual') return;
  const signal = abortAfter(10_000);
  const given = new Promise<null>((resolve) => { signal.addEventListener('abort', () => resolve(null), { once: true }); });
  const found = await Promise.race([read(ports, target, 'cap', signal).catch(() => null), given]);
  if (found !== null && typeof found.value === 'number' && found.value > target.cap) throw ApplicationFailure.nonRetryable(overCap(target, found.value), 'CAP_BELOW_CURRENT', 'CAP_BELOW_CURRENT');
}

/**
 * An offline rollback of an earlier rollout of this id that never came back to adopt it (it was terminated) is history: this one has moved nothing
 * yet, and must neither end by it nor go back to values from before it.
 */
async function closeEarlier(ports: Ports, rollout: string): Promise<void> {
  const earlier = await ports.journal.offline(rollout);
  if (earlier === null) return;
  const back = earlier.undone.filter((one) => one.verified).map((one) => one.target);
  const notes = await ports.journal.undoNotes(rollout);
  await ports.journal.clearUndo(rollout, notes.filter((note) => back.includes(note.target.id) && note.at <= earlier.at).map((note) => note.key));
  await ports.journal.clearOffline(rollout);
}

export const release = (ports: Ports) => async (input: { rollout: string; keys: readonly string[] }): Promise<void> => {
  const holder = activityInfo().workflowExecution!.workflowId;
  for (const key of input.keys) await ports.engine.release(key, holder);
};
