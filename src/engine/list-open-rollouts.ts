// The open rollouts as the engine's visibility lists them, from the search attributes their workflows write. Eventually consistent: good
// for counting and for dropping what is over, never for deciding.
import type { Client } from '@temporalio/client';
import type { OpenRollout } from '../metrics/open-rollouts.js';

const within = 3_000;

/** @throws whatever the engine answers; takes at most three seconds */
export async function listOpenRollouts(client: Client): Promise<readonly OpenRollout[]> {
  return await client.withDeadline(Date.now() + within, async () => {
    const open: OpenRollout[] = [];
    for await (const info of client.workflow.list({ query: `WorkflowType = 'rollout' AND ExecutionStatus = 'Running'`, pageSize: 1_000 })) {
      const attribute = (name: string): string => { const value = info.searchAttributes[name]?.[0]; return value === undefined || value === null ? '' : String(value); };
      open.push({ rollout: attribute('RolloutId') || info.workflowId.replace(/^rollout\//, ''), state: attribute('RolloutState') || 'starting', phase: attribute('RolloutPhase'), owner: attribute('RolloutOwner'), hold: attribute('RolloutHold') });
    }
    return open;
  });
}
