// What a rollout's watch is usually written as: a timer and an activity for every look. Here only to be counted against; what Tidegate does
// instead is activities/watch.ts, and the least that could be is bare-watch.ts.
import { proxyActivities, sleep } from '@temporalio/workflow';
import type { BareActivities } from './bare-activities.js';

const { lookOnce } = proxyActivities<BareActivities>({ startToCloseTimeout: 30_000 });

/** @returns how many looks were made */
export async function naiveLoop(input: { readonly id: string; readonly cadenceMs: number; readonly looks: number }): Promise<number> {
  for (let look = 1; look <= input.looks; look++) {
    if ((await lookOnce(input.id)) === 'bad') return look;
    await sleep(input.cadenceMs);
  }
  return input.looks;
}
