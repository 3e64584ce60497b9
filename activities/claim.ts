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
    // Read once the id is ours: an earlier rollout of the same id has a chain, and this one goes on behind it.
    return { keys, head: await ports.journal.head(input.rollout) };
  } catch (error) {
    // A start that is refused leaves no claim of its own behind.
    for (const key of taken) await ports.engine.release(key, holder);
    throw error;
  }
};

export const release = (ports: Ports) => async (input: { rollout: string; keys: readonly string[] }): Promise<void> => {
  const holder = activityInfo().workflowExecution!.workflowId;
  for (const key of input.keys) await ports.engine.release(key, holder);
};
