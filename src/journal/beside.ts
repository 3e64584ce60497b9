// What lies beside the chain: raw samples (best effort, pruned), undo notes of moves and offline rollbacks (break-glass). Runs inside store.ts.
// None of it is hashed or protected by triggers: it serves the hour, the chain serves the record.
import type { Kysely } from 'kysely';
import type { EpochMs, Ms, Point } from '../judgement/types.js';
import { canonicalJson } from './canonical-json.js';
import type { OfflineRollback, UndoNote } from './port.js';
import { lock, type Database, type Tables } from './schema.js';

export interface Sample { readonly metric: string; readonly point: Point }
/** How much of the raw samples of one rollout is kept: both limits hold. */
export interface Keep { readonly sampleAgeMs: Ms; readonly sampleRows: number }

const rowsPerInsert = 200;

export async function addSamples(db: Kysely<Tables>, rollout: string, samples: readonly Sample[]): Promise<void> {
  const rows = samples.map(({ metric, point }) => ({ rollout, metric, at: point.at, body: canonicalJson(point.measurement) }));
  for (let at = 0; at < rows.length; at += rowsPerInsert) {
    await db.insertInto('tidegate_samples').values(rows.slice(at, at + rowsPerInsert)).onConflict((c) => c.columns(['rollout', 'metric', 'at']).doNothing()).execute();
  }
}

/** from `from` to `to`, both included, ascending */
export async function readSamples(db: Kysely<Tables>, range: { readonly rollout: string; readonly metric: string; readonly from: EpochMs; readonly to: EpochMs }): Promise<readonly Point[]> {
  const rows = await db.selectFrom('tidegate_samples').select(['at', 'body']).where('rollout', '=', range.rollout).where('metric', '=', range.metric)
    .where('at', '>=', range.from).where('at', '<=', range.to).orderBy('at').execute();
  return rows.map((row) => ({ at: row.at, measurement: JSON.parse(row.body) as Point['measurement'] }));
}

/** Ages are counted back from the newest sample, not from now: a rehearsal's clock is not the machine's. */
export async function pruneSamples(db: Kysely<Tables>, rollout: string, keep: Keep): Promise<void> {
  const newestFirst = db.selectFrom('tidegate_samples').select('at').where('rollout', '=', rollout).orderBy('at', 'desc').limit(1);
  const newest = await newestFirst.executeTakeFirst();
  if (newest === undefined) return;
  const firstTooMany = await newestFirst.offset(keep.sampleRows).executeTakeFirst();
  await db.deleteFrom('tidegate_samples').where('rollout', '=', rollout)
    .where((e) => e.or([e('at', '<', newest.at - keep.sampleAgeMs), ...(firstTooMany === undefined ? [] : [e('at', '<=', firstTooMany.at)])])).execute();
}

/**
 * The first note of a key stays while it stands. Once cleared, the very same note coming late changes nothing, and only a younger one takes its
 * place: a second rollout of one id uses the keys of the first.
 */
export async function putUndo(db: Kysely<Tables>, note: UndoNote): Promise<void> {
  await db.insertInto('tidegate_undo_notes')
    .values({ rollout: note.rollout, key: note.key, at: note.at, rank: note.order, body: canonicalJson(note), cleared: 0 })
    .onConflict((c) => c.columns(['rollout', 'key'])
      .doUpdateSet((e) => ({ at: e.ref('excluded.at'), rank: e.ref('excluded.rank'), body: e.ref('excluded.body'), cleared: 0 }))
      .whereRef('excluded.at', '>', 'tidegate_undo_notes.at').where('tidegate_undo_notes.cleared', '=', 1))
    .execute();
}

export async function readUndoNotes(db: Kysely<Tables>, rollout: string): Promise<readonly UndoNote[]> {
  const rows = await db.selectFrom('tidegate_undo_notes').select('body').where('rollout', '=', rollout).where('cleared', '=', 0).orderBy('rank', 'desc').orderBy('at', 'desc').execute();
  return rows.map((row) => JSON.parse(row.body) as UndoNote);
}

export async function clearUndo(db: Kysely<Tables>, rollout: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await db.updateTable('tidegate_undo_notes').set({ cleared: 1 }).where('rollout', '=', rollout).where('key', 'in', keys).execute();
}

/** A second break-glass before the workflow is back adds to the first: what was undone stays listed, a target undone again shows its last result. */
export async function putOffline(database: Database, rollback: OfflineRollback): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    await lock(database.family, trx, rollback.rollout);
    const earlier = await readOffline(trx, rollback.rollout);
    const again = new Set(rollback.undone.map((item) => item.target));
    const undone = [...(earlier?.undone.filter((item) => !again.has(item.target)) ?? []), ...rollback.undone];
    const body = canonicalJson({ ...rollback, undone });
    await trx.insertInto('tidegate_offline_rollbacks').values({ rollout: rollback.rollout, body })
      .onConflict((c) => c.column('rollout').doUpdateSet({ body })).execute();
  });
}

export async function readOffline(db: Kysely<Tables>, rollout: string): Promise<OfflineRollback | null> {
  const row = await db.selectFrom('tidegate_offline_rollbacks').select('body').where('rollout', '=', rollout).executeTakeFirst();
  return row === undefined ? null : JSON.parse(row.body) as OfflineRollback;
}

export async function clearOffline(db: Kysely<Tables>, rollout: string): Promise<void> {
  await db.deleteFrom('tidegate_offline_rollbacks').where('rollout', '=', rollout).execute();
}
