// record: a batch of journal entries, appended after the head the workflow knows. Repeating it changes nothing. clearUndo: break-glass
// notes of moves that are undone or final.
import type { ChainHead } from '../src/journal/port.js';
import type { PeriodObserved } from '../src/metrics/port.js';
import type { Ports } from './ports.js';
import type { RecordInput } from './types.js';

/** Entries that end something say in their detail how long it took. */
const periods: Readonly<Record<string, PeriodObserved['what']>> = { phase: 'phase', ended: 'rollout', ask: 'ask', answer: 'ask', 'hold-ended': 'hold' };

export const record = (ports: Ports) => async (input: RecordInput): Promise<ChainHead> => {
  const { rollout, posted } = input;
  ports.meters.observeState({ rollout, state: posted.state, phase: posted.phase, at: posted.at });
  ports.meters.observeAsks({ rollout, open: posted.openAsks, oldestAskedAt: posted.oldestAskedAt, at: posted.at });
  ports.meters.observeUnsent({ rollout, journal: posted.unsentEntries, messages: posted.unsentMessages, at: posted.at });
  const head = await ports.journal.append(rollout, input.after, input.entries);
  if (posted.rollback !== null && input.entries.some((entry) => entry.kind === 'undone')) ports.meters.observeRollback({ rollout, ...posted.rollback, outcome: posted.state === 'rolled-back' ? 'rolled-back' : posted.state === 'rollback-incomplete' ? 'rollback-incomplete' : 'held' });
  for (const entry of input.entries) {
    const tookMs = (entry.detail as { readonly tookMs?: unknown } | null)?.tookMs;
    if (typeof tookMs === 'number' && entry.kind in periods) ports.meters.observePeriod({ rollout, what: periods[entry.kind]!, tookMs });
  }
  if (posted.over && input.entries.some((entry) => entry.kind === 'ended')) ports.meters.forget(rollout);
  return head;
};

export const clearUndo = (ports: Ports) => async (input: { rollout: string; keys: readonly string[]; offline: boolean }): Promise<void> => {
  await ports.journal.clearUndo(input.rollout, input.keys);
  if (input.offline) await ports.journal.clearOffline(input.rollout);
};
