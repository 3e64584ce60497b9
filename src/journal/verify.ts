// Checks a chain from its first entry to its head and names what does not fit. Neighbours: chain.ts (what is hashed), export.ts (the same over a file).
// What a pass proves, and what it cannot, is said at `verifyChain`.
import { bodyOf, hashOf } from './chain.js';
import { genesis, type ChainHead, type JournalStore, type StoredEntry } from './port.js';

export interface ChainProblem { readonly seq: number; readonly what: string }
export interface ChainCheck {
  readonly ok: boolean;
  /** entries found */
  readonly entries: number;
  /** the last entry found */
  readonly head: ChainHead;
  /** ascending by discovery, so the first names the first bad place; at most 100 are kept */
  readonly problems: readonly ChainProblem[];
}

const pageSize = 500;
const maxProblems = 100;

/**
 * Reads the whole record of `rollout` and checks every hash, number and form, and the head against `expectedHead`.
 *
 * A pass proves: no entry was changed, inserted, reordered or removed between the first and the head, by anybody who did not also compute
 * every later hash anew; with `expectedHead` (which the workflow keeps in Temporal) also that the tail is there and that nobody did.
 * It does not prove: that what was written is true, who wrote it (actors are asserted), or anything against somebody who can rewrite both this
 * database and the head that Temporal keeps. Without `expectedHead` a removed tail, or a chain made anew from one end to the other, is not seen.
 * @throws JournalUnavailable
 */
export async function verifyChain(store: Pick<JournalStore, 'entries'>, rollout: string, expectedHead?: ChainHead): Promise<ChainCheck> {
  const walk = new ChainWalk(expectedHead);
  for (;;) {
    const page = await store.entries(rollout, walk.nextSeq, pageSize);
    for (const entry of page) walk.take(entry);
    if (page.length < pageSize) return walk.end();
  }
}

/** One pass along a chain; entries are taken in the order in which they lie. */
export class ChainWalk {
  readonly #expected: ChainHead | undefined;
  #head: ChainHead = genesis;
  #entries = 0;
  readonly #problems: ChainProblem[] = [];

  constructor(expected: ChainHead | undefined) { this.#expected = expected; }

  get nextSeq(): number { return this.#head.seq + 1; }

  report(seq: number, what: string): void { if (this.#problems.length < maxProblems) this.#problems.push({ seq, what }); }

  take(entry: StoredEntry): void {
    this.#entries += 1;
    const due = this.nextSeq;
    const unbroken = entry.seq === due;
    if (entry.seq > due) this.report(due, entry.seq === due + 1 ? `entry ${due} is missing` : `entries ${due} to ${entry.seq - 1} are missing`);
    if (entry.seq < due) this.report(entry.seq, `entry ${entry.seq} comes again or out of its order, after entry ${this.#head.seq}`);
    if (entry.kind === 'unreadable') this.report(entry.seq, `entry ${entry.seq} was changed: its text is not that of an entry`);
    // behind a gap the predecessor is unknown: the gap is the finding, not the entry behind it
    else if (unbroken && hashOf(this.#head.hash, bodyOf(entry.rollout, entry)) !== entry.hash) {
      this.report(entry.seq, `entry ${entry.seq} was changed: its hash does not fit its text and the entry before it`);
    }
    if (this.#expected !== undefined && entry.seq === this.#expected.seq && entry.hash !== this.#expected.hash) {
      this.report(entry.seq, `entry ${entry.seq} is not the one the rollout wrote: its hash is ${entry.hash}, the rollout keeps ${this.#expected.hash}`);
    }
    if (entry.seq >= due) this.#head = { seq: entry.seq, hash: entry.hash };
  }

  end(): ChainCheck {
    const expected = this.#expected?.seq ?? 0;
    if (this.#head.seq < expected) this.report(this.nextSeq, `the tail is missing: the rollout wrote ${expected} entries, the last one here is ${this.#head.seq}`);
    return { ok: this.#problems.length === 0, entries: this.#entries, head: this.#head, problems: this.#problems };
  }
}
