// The record as JSON lines, and the check of such a file without any database. Neighbours: verify.ts (the walk), chain.ts (the hashed text).
// One line is one StoredEntry in canonical JSON, ascending by seq; there is no header, so that any line tool can read it.
import { canonicalJson } from './canonical-json.js';
import { parseEntry } from './chain.js';
import type { ChainHead, JournalStore } from './port.js';
import { ChainWalk, type ChainCheck } from './verify.js';

const pageSize = 500;
const fields = ['actor', 'at', 'detail', 'hash', 'kind', 'phase', 'rollout', 'seq', 'text'];

/** Every entry of `rollout` as one line each, without the line end; holds one page in memory. @throws JournalUnavailable */
export async function* exportLines(store: Pick<JournalStore, 'entries'>, rollout: string): AsyncGenerator<string, void, undefined> {
  for (let fromSeq = 1; ;) {
    const page = await store.entries(rollout, fromSeq, pageSize);
    for (const entry of page) yield canonicalJson(entry);
    if (page.length < pageSize) return;
    fromSeq = page.at(-1)!.seq + 1;
  }
}

/** The same check as `verifyChain` (read there what it proves) over exported lines; empty lines are skipped, any other change of a line, even of its white space, is found. */
export async function verifyExport(lines: Iterable<string> | AsyncIterable<string>, expectedHead?: ChainHead): Promise<ChainCheck> {
  const walk = new ChainWalk(expectedHead);
  let first: string | null = null;
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const stamp = parseStamp(line);
    const entry = parseEntry(line);
    if (stamp === null || entry === null) { walk.report(walk.nextSeq, `the line where entry ${walk.nextSeq} must be is not an exported entry`); continue; }
    first ??= stamp.rollout;
    if (stamp.rollout !== first) { walk.report(entry.seq, `entry ${entry.seq} belongs to rollout ${stamp.rollout}, the first one to ${first}`); continue; }
    walk.take({ ...entry, ...stamp });
  }
  return walk.end();
}

/** rollout and hash of a line that is canonical and has exactly an entry's fields: one more, or one twice, would be text that no hash covers */
function parseStamp(line: string): { readonly rollout: string; readonly hash: string } | null {
  let value: unknown;
  try { value = JSON.parse(line); } catch { return null; } // the caller reports the line
  if (typeof value !== 'object' || value === null || Object.keys(value).sort().join() !== fields.join() || canonicalJson(value) !== line.trim()) return null;
  const { rollout, hash } = value as { rollout: unknown; hash: unknown };
  return typeof rollout === 'string' && typeof hash === 'string' ? { rollout, hash } : null;
}
