// A writer as a process of its own: goes on from the head it finds, in batches of one to five, and prints `SEQ HASH` after each acknowledged batch.
// Started and killed by the tests (sample.ts). It repeats what is unavailable, as the workflow does, and ends with 3 on a fork.
import { setTimeout as pause } from 'node:timers/promises';
import { JournalForked, JournalUnavailable } from '../../src/journal/port.js';
import { openJournal } from '../../src/journal/store.js';
import { entriesFrom } from './sample.js';

const [url, rollout, last] = process.argv.slice(2) as [string, string, string];
const store = await openJournal(url);

async function persistently<Result>(call: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try { return await call(); } catch (error) {
      if (error instanceof JournalForked) { console.log(`forked ${error.message}`); process.exit(3); }
      if (!(error instanceof JournalUnavailable)) throw error;
      console.log(`unavailable ${error.code}`);
      await pause(20);
    }
  }
}

let head = await persistently(() => store.head(rollout));
for (let round = 0; head.seq < Number(last); round += 1) {
  const batch = entriesFrom(head.seq + 1, Math.min(1 + (round % 5), Number(last) - head.seq));
  head = await persistently(() => store.append(rollout, head, batch));
  console.log(`${head.seq} ${head.hash}`);
}
await store.close();
