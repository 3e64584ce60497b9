// Appending to the chain and reading it: the one place that writes entries. Runs inside store.ts, hashes by chain.ts.
// Two writers of one rollout take turns (schema.ts `lock`), so what is read here is still true when it is written.
import type { Kysely } from 'kysely';
import { FinalError } from '../errors.js';
import { bodyOf, hashOf, readRow, type EntryRow } from './chain.js';
import { genesis, JournalForked, type ChainHead, type Entry, type StoredEntry } from './port.js';
import { lock, type Database, type Tables } from './schema.js';

/** rows of one INSERT: SQLite takes 32,766 values, and short statements are kept prepared */
const rowsPerInsert = 200;

export interface Batch { readonly rollout: string; readonly after: ChainHead; readonly entries: readonly Entry[] }

/** See JournalStore.append. All or nothing; the head it returns is that of the batch, even where the chain already goes on behind it. */
export async function append(database: Database, batch: Batch): Promise<ChainHead> {
  const { rollout, after, entries } = batch;
  refuseGaps(database.where, batch);
  const rows = chained(batch);
  const head = rows.at(-1) ?? after;
  await database.db.transaction().execute(async (trx) => {
    await lock(database.family, trx, rollout);
    const stored = await trx.selectFrom('tidegate_entries').select(['rollout', 'seq', 'body', 'hash'])
      .where('rollout', '=', rollout).where('seq', '>=', after.seq).where('seq', '<=', after.seq + entries.length).orderBy('seq').execute();
    const missing = missingRows(database.where, { after, rows, stored });
    if (missing.length === 0) return;
    const last = await chainHead(trx, rollout);
    if (last.seq >= missing[0]!.seq) throw forked(database.where, rollout, missing[0]!.seq, 'was removed, though later entries are there');
    for (let at = 0; at < missing.length; at += rowsPerInsert) await trx.insertInto('tidegate_entries').values(missing.slice(at, at + rowsPerInsert)).execute();
  });
  return { seq: head.seq, hash: head.hash };
}

/** The last stored entry's number and hash; `genesis` for a rollout without entries. */
export async function chainHead(db: Kysely<Tables>, rollout: string): Promise<ChainHead> {
  const last = await db.selectFrom('tidegate_entries').select(['seq', 'hash']).where('rollout', '=', rollout).orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return last ?? genesis;
}

export async function readEntries(db: Kysely<Tables>, page: { readonly rollout: string; readonly fromSeq: number; readonly limit: number }): Promise<readonly StoredEntry[]> {
  const rows = await db.selectFrom('tidegate_entries').select(['rollout', 'seq', 'body', 'hash'])
    .where('rollout', '=', page.rollout).where('seq', '>=', page.fromSeq).orderBy('seq').limit(page.limit).execute();
  return rows.map(readRow);
}

export async function listRollouts(db: Kysely<Tables>): Promise<readonly { readonly rollout: string; readonly entries: number; readonly lastAt: number }[]> {
  const counted = db.selectFrom('tidegate_entries').select((e) => ['rollout', e.fn.countAll().as('entries'), e.fn.max('seq').as('last')]).groupBy('rollout').as('counted');
  const rows = await db.selectFrom(counted).innerJoin('tidegate_entries as entry', (join) => join.onRef('entry.rollout', '=', 'counted.rollout').onRef('entry.seq', '=', 'counted.last'))
    .select(['counted.rollout', 'counted.entries', 'entry.seq', 'entry.body', 'entry.hash']).orderBy('counted.rollout').execute();
  return rows.map((row) => ({ rollout: row.rollout, entries: Number(row.entries), lastAt: readRow(row).at })); // pg answers a count as text
}

function chained({ rollout, after, entries }: Batch): readonly EntryRow[] {
  let previous = after.hash;
  return entries.map((entry) => {
    const body = bodyOf(rollout, entry);
    previous = hashOf(previous, body);
    return { rollout, seq: entry.seq, body, hash: previous };
  });
}

/** What of the batch is not stored yet: always its tail. @throws JournalForked where what is stored is not ours */
function missingRows(where: string, chain: { readonly after: ChainHead; readonly rows: readonly EntryRow[]; readonly stored: readonly EntryRow[] }): readonly EntryRow[] {
  const { after, rows, stored } = chain;
  const bySeq = new Map(stored.map((row) => [row.seq, row]));
  const rollout = rows[0]?.rollout ?? stored[0]?.rollout ?? '';
  if (after.seq > 0) {
    const anchor = bySeq.get(after.seq);
    if (anchor === undefined) throw forked(where, rollout, after.seq, 'is missing');
    if (anchor.hash !== after.hash) throw forked(where, rollout, after.seq, `has the hash ${anchor.hash}, and the rollout wrote ${after.hash}`);
  }
  const firstMissing = rows.findIndex((row) => !bySeq.has(row.seq));
  for (const row of firstMissing === -1 ? rows : rows.slice(0, firstMissing)) {
    const found = bySeq.get(row.seq)!;
    if (found.hash !== row.hash || found.body !== row.body) throw forked(where, rollout, row.seq, 'is another one than the rollout wrote');
  }
  return firstMissing === -1 ? [] : rows.slice(firstMissing);
}

function refuseGaps(where: string, { rollout, after, entries }: Batch): void {
  const at = entries.findIndex((entry, index) => entry.seq !== after.seq + 1 + index);
  const problem = after.seq === 0 && after.hash !== genesis.hash ? 'the chain begins with another hash than 64 zeros'
    : at === -1 ? null : `entry ${entries[at]!.seq} stands where ${after.seq + 1 + at} must`;
  if (problem === null) return;
  throw new FinalError({
    code: 'JOURNAL_BATCH', where: `${where}, rollout ${rollout}`, what: `A batch was refused: ${problem}.`,
    means: 'Nothing of it was stored.', todo: 'This is a defect of the writer: report it.',
  });
}

function forked(where: string, rollout: string, seq: number, what: string): JournalForked {
  return new JournalForked({
    code: 'JOURNAL_FORKED', where: `${where}, rollout ${rollout}`, what: `Stored entry ${seq} ${what}.`,
    means: 'Somebody changed the journal, or two workflows write one rollout. Nothing was stored.',
    todo: `Run \`tidegate journal ${rollout} --verify\`, keep a copy of the database, and find out who wrote to it.`,
  });
}
