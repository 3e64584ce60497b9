// claim and release: a rollout holds its id and each of its targets, so that two rollouts never move one thing.
import { activityInfo } from '@temporalio/activity';
import type { Ports } from './ports.js';
import { targetRef } from './read-target.js';
import type { ClaimInput, ClaimResult } from './types.js';

export const claim = (ports: Ports) => async (input: ClaimInput): Promise<ClaimResult> => {
  const holder = activityInfo().workflowExecution!.workflowId;
  const keys = [...input.keys, ...input.targets.map((target) => `target/${target.on === null ? '' : `${target.on}/`}${target.provider}/${ports.target(target.provider).claimKey(targetRef(ports, target))}`)];
  const taken: string[] = [];
  try {
    for (const key of keys) { await ports.engine.claim(key, input.rollout, holder); taken.push(key); }
    await closeEarlier(ports, input.rollout);
    // Read once the id is ours: an earlier rollout of the same id has a chain, and this one goes on behind it.
    return { keys, head: await ports.journal.head(input.rollout) };
  } catch (error) {
    // A start that is refused leaves no claim of its own behind.
    for (const key of taken) await ports.engine.release(key, holder);
    throw error;
  }
};

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
