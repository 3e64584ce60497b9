// The record: append-only, one hash chain a rollout, written by its workflow in batches, idempotent under retries. Raw samples and the
// undo notes of moves lie beside the chain in the same database; both are marked as what they are (best effort; break-glass).
import type { EpochMs, Point } from '../judgement/types.js';
import type { JsonValue, ResolvedTarget, TargetValue } from '../plan/types.js';
import { FinalError, TransientError } from '../errors.js';

/** One entry as the workflow writes it. `seq` starts at 1 and has no gap. */
export interface Entry {
  readonly seq: number;
  readonly at: EpochMs;
  /** fixed word: 'started', 'decision', 'verdict', 'watch-summary', 'move', 'undo', 'message', 'ask', 'answer', 'command', 'hold', 'hold-ended', 'issue', 'event', 'state', 'ended', … */
  readonly kind: string;
  readonly phase: string | null;
  /** who caused it: a person's asserted identity, or 'tidegate' */
  readonly actor: string;
  /** one sentence for people */
  readonly text: string;
  /** the evidence: plain JSON */
  readonly detail: JsonValue;
}
export interface StoredEntry extends Entry { readonly rollout: string; /** hex SHA-256 over the hash before and the entry in canonical JSON; the first one's predecessor is 64 zeros */ readonly hash: string }
export interface ChainHead { readonly seq: number; readonly hash: string }

/** The value before a move, on disk before its write leaves, so that `rollback --offline` needs nothing else. */
export interface UndoNote { readonly rollout: string; readonly key: string; readonly target: ResolvedTarget; readonly before: TargetValue; readonly wanted: TargetValue; readonly at: EpochMs; readonly order: number }
export interface OfflineRollback { readonly rollout: string; readonly at: EpochMs; readonly actor: string; readonly reason: string; readonly undone: readonly { readonly target: string; readonly value: TargetValue; readonly verified: boolean; readonly detail: string }[] }

export interface JournalStore {
  /**
   * Appends `entries` after `after`. Entries that are stored already, equal, are skipped; the head after the batch is returned.
   * @throws JournalForked when the stored chain does not hold `after`, or holds another entry under one of the numbers: somebody tampered, or two workflows write one rollout
   * @throws JournalUnavailable disk full, no connection, locked: repeat
   */
  append(rollout: string, after: ChainHead, entries: readonly Entry[]): Promise<ChainHead>;
  head(rollout: string): Promise<ChainHead>;
  /** ascending by seq, in pages of at most `limit` */
  entries(rollout: string, fromSeq: number, limit: number): Promise<readonly StoredEntry[]>;
  rollouts(): Promise<readonly { readonly rollout: string; readonly entries: number; readonly lastAt: EpochMs }[]>;
  /** Best effort: raw samples of a look; repeating a look does not double them. */
  addSamples(rollout: string, samples: readonly { readonly metric: string; readonly point: Point }[]): Promise<void>;
  samples(rollout: string, metric: string, from: EpochMs, to: EpochMs): Promise<readonly Point[]>;
  /** Idempotent by key; the first note of a key stays. */
  putUndo(note: UndoNote): Promise<void>;
  /** undo notes not yet cleared, newest first */
  undoNotes(rollout: string): Promise<readonly UndoNote[]>;
  clearUndo(rollout: string, keys: readonly string[]): Promise<void>;
  putOffline(rollback: OfflineRollback): Promise<void>;
  offline(rollout: string): Promise<OfflineRollback | null>;
  clearOffline(rollout: string): Promise<void>;
  /** Creates or upgrades the tables; safe to run from several processes. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}

export class JournalForked extends FinalError {}
export class JournalUnavailable extends TransientError {}
export const genesis: ChainHead = { seq: 0, hash: '0'.repeat(64) };
