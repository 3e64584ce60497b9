// The floor under every figure of a watch: a retry-paced activity that asks one number, remembers nothing to speak of, and an undo. Whatever
// Tidegate needs beyond this is what its judgement, its memory and its record cost.
import { proxyActivities } from '@temporalio/workflow';
import type { BareActivities } from './bare-activities.js';

export { naiveLoop } from './naive-loop.js';

export interface BareInput { readonly id: string; readonly cadenceMs: number; /** the watch returns after this long */ readonly forMs: number }

const { undo } = proxyActivities<BareActivities>({ startToCloseTimeout: 30_000 });

export async function bareWatch(input: BareInput): Promise<number> {
  const { watch } = proxyActivities<BareActivities>({ startToCloseTimeout: 30_000, cancellationType: 'TRY_CANCEL', retry: { initialInterval: input.cadenceMs, backoffCoefficient: 1 } });
  const seen = await watch(input);
  if (seen.bad) await undo(input.id);
  return seen.looks;
}
