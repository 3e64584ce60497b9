// The outbox: journal entries and messages leave in order, at their own pace. A dead database or channel delays the record or the telling,
// never a move and never a rollback.
import { ActivityFailure, ApplicationFailure, condition } from '@temporalio/workflow';
import { recorder, teller } from './options.js';
import { tellChange } from './asks.js';
import type { Run } from './run.js';
import type { Unsent } from './state.js';
import { stateOf } from './status.js';
import type { Posted } from '../activities/types.js';

const maxBatch = 100;
/** A quiet day says nothing that could not be written with the next thing that happens, a week of them at the latest: `status` knows it meanwhile. */
const canWait = (kind: string): boolean => kind === 'watch-summary';
const waitingAtMost = 7;
const retryMs = (attempts: number): number => Math.min(15 * 60_000, 1_000 * 2 ** Math.min(attempts, 10));
/** A message that no channel took for a day is given up, and the record says so. */
const giveUpAfterMs = 24 * 3_600_000;

/** Writes the journal until the rollout is over and everything is written. */
export async function keepRecord(run: Run): Promise<void> {
  const { outbox } = run.state;
  for (;;) {
    await condition(() => outbox.entries.some((entry) => !run.since020 || !canWait(entry.kind)) || outbox.entries.length >= waitingAtMost || run.over || run.leaving);
    if (run.leaving || outbox.entries.length === 0) return;
    const batch = outbox.entries.slice(0, maxBatch);
    run.inFlight++;
    try {
      outbox.head = await recorder.record({ rollout: run.state.rollout, after: outbox.head, entries: batch, posted: postedOf(run) });
      outbox.entries = outbox.entries.slice(batch.length);
      run.unhold('journal', 'the journal takes entries again');
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const why = error.cause instanceof ApplicationFailure ? error.cause.message : String(error.cause);
      // The chain was forked: nothing can be appended honestly. Forward moves stop; watching and rollback go on; a person must look.
      if (run.hold('journal', `the journal refuses the record: ${why}`)) run.tell('critical', 'journal-forked', `${run.state.rollout}: the journal refuses the record`, why, { to: [run.plan.owner] });
      await condition(() => run.over || run.leaving, 15 * 60_000);
      if (run.over) return;
    } finally {
      run.inFlight--;
    }
  }
}

function postedOf(run: Run): Posted {
  const { state } = run;
  const open = Object.values(state.asks).filter((ask) => ask.state === 'open');
  return {
    state: stateOf(state), phase: run.phaseName, at: run.now(), openAsks: open.length, oldestAskedAt: open.length === 0 ? null : Math.min(...open.map((ask) => ask.askedAt)),
    unsentEntries: state.outbox.entries.length, unsentMessages: state.outbox.messages.length, rollback: state.rollback === null ? null : { decidedAt: state.rollback.decidedAt, readBackAt: state.rollback.readBackAt }, over: state.outcome !== null,
  };
}

/** Sends messages: fresh ones at once, failed ones again later, each channel by itself. */
export async function keepTelling(run: Run): Promise<void> {
  const { outbox } = run.state;
  const slow = resend(run);
  for (;;) {
    await condition(() => outbox.messages.some(isFresh) || run.over || run.leaving);
    if (run.leaving || !outbox.messages.some(isFresh)) break;
    await send(run, outbox.messages.filter(isFresh).slice(0, 20));
  }
  await slow;
  // What waits for somebody's morning does not outlive the rollout.
  const quiet = outbox.messages.filter((unsent) => unsent.quiet === true);
  if (run.over && quiet.length > 0) await send(run, quiet, true);
}

const isFresh = (unsent: Unsent): boolean => unsent.attempts === 0;

async function resend(run: Run): Promise<void> {
  const { outbox } = run.state;
  for (;;) {
    const waiting = outbox.messages.filter((unsent) => !isFresh(unsent));
    const dueAt = Math.min(...waiting.map((unsent) => unsent.notBefore));
    if (waiting.length === 0) {
      await condition(() => run.over || run.leaving || outbox.messages.some((unsent) => !isFresh(unsent)));
      if (run.leaving || !outbox.messages.some((unsent) => !isFresh(unsent))) return;
    } else if (dueAt > run.now()) {
      await condition(() => run.over || run.leaving, dueAt - run.now());
      // At the end of a rollout what cannot be delivered now is not waited for: the record names it.
      if (run.leaving || run.over) return;
    } else {
      await send(run, waiting.filter((unsent) => unsent.notBefore <= run.now()).slice(0, 20));
    }
  }
}

async function send(run: Run, items: readonly Unsent[], now = false): Promise<void> {
  const { outbox } = run.state;
  run.inFlight++;
  let failed: Awaited<ReturnType<typeof teller.notify>>['failed'];
  const { receipts } = run.state;
  try {
    const told = await teller.notify({ ...(now ? { now } : {}), items: items.map(({ message, channels }) => ({ message, channels, ...(message.ask === null || receipts?.[message.ask] === undefined ? {} : { earlier: receipts[message.ask]! }) })) });
    failed = told.failed;
    for (const { ask, channel, receipt } of told.receipts ?? []) {
      (run.state.receipts ??= {})[ask] = { ...run.state.receipts[ask], [channel]: receipt };
      // Answered while the question was on its way.
      if (run.state.asks[ask]?.state !== 'open' && !items.some((item) => item.message.topic === 'ask-ended' && item.message.ask === ask)) tellChange(run, ask);
    }
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    failed = items.map(({ message, channels }) => ({ key: message.key, channels, why: 'the attempt was cut off', final: false, retryAfterMs: null }));
  } finally {
    run.inFlight--;
  }
  const keys = new Set(items.map((item) => item.message.key));
  outbox.sent += items.length;
  outbox.messages = [...outbox.messages.filter((unsent) => !keys.has(unsent.message.key)), ...items.flatMap((item) => again(run, item, failed.filter((one) => one.key === item.message.key)))];
}

function again(run: Run, item: Unsent, failures: readonly { readonly channels: Unsent['channels']; readonly why: string; readonly final: boolean; readonly retryAfterMs: number | null; readonly quiet?: boolean }[]): Unsent[] {
  for (const failure of failures.filter((one) => one.final)) run.note('message-refused', `a channel refused '${item.message.title}': ${failure.why}`, { key: item.message.key });
  const open = failures.filter((one) => !one.final);
  if (open.length === 0) return [];
  const quiet = open.every((one) => one.quiet === true);
  // Waiting for the morning is no attempt; but it is fresh no more.
  const attempts = quiet ? Math.max(1, item.attempts) : item.attempts + 1;
  const channels = open.flatMap((one) => one.channels);
  // Said once, when it has failed for the third time, on the channels that work.
  if (!quiet && attempts === 3 && item.message.topic !== 'channel-failing') run.tell('warning', 'channel-failing', `a channel of ${run.state.rollout} cannot be reached`, open.map((one) => one.why).join('\n'), { to: [run.plan.owner] });
  if (!quiet && run.now() - item.message.at > giveUpAfterMs) {
    run.note('message-lost', `given up after a day: '${item.message.title}'`, { key: item.message.key, why: open.map((one) => one.why) });
    return [];
  }
  return [{ message: item.message, channels, attempts, notBefore: run.now() + Math.max(retryMs(attempts), ...open.map((one) => one.retryAfterMs ?? 0)), quiet }];
}

