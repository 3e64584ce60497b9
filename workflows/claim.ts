// A claim: a small workflow that does nothing but be there. Its id is what is claimed, its memo names the holder, the server refuses a second.
import { condition, defineSignal, setHandler } from '@temporalio/workflow';

export const release = defineSignal<[string]>('release');

/** @param holder workflow id of the rollout that holds it; only its release is obeyed */
export async function claim(holder: string): Promise<void> {
  let free = false;
  setHandler(release, (by) => { if (by === holder) free = true; });
  await condition(() => free);
}
