// The tables, in numbered steps, for both databases; append-only is enforced by the database itself. Neighbours: store.ts (runs it), append.ts, beside.ts.
// A step that was released is never edited: another one is added below it.
import { sql, type Kysely, type Transaction } from 'kysely';
import { FinalError } from '../errors.js';

export interface Tables {
  tidegate_schema: { version: number };
  /** `body`: the hashed text of the entry (chain.ts) */
  tidegate_entries: { rollout: string; seq: number; body: string; hash: string };
  tidegate_samples: { rollout: string; metric: string; at: number; body: string };
  /** `rank`: the note's order; `cleared`: 1 once the move is settled */
  tidegate_undo_notes: { rollout: string; key: string; at: number; rank: number; body: string; cleared: number };
  tidegate_offline_rollbacks: { rollout: string; body: string };
}

export interface Database {
  readonly family: 'sqlite' | 'postgres';
  /** for messages: names the database, holds no secret */
  readonly where: string;
  readonly db: Kysely<Tables>;
}

// `double precision` for instants: exact for any epoch millisecond, a plain number from both drivers (bigint is text on pg), and fractions do no harm.
const tables = [
  'create table tidegate_entries (rollout text not null, seq integer not null check (seq >= 1), body text not null, hash text not null, primary key (rollout, seq))',
  'create table tidegate_samples (rollout text not null, metric text not null, at double precision not null, body text not null, primary key (rollout, metric, at))',
  'create index tidegate_samples_by_time on tidegate_samples (rollout, at)',
  'create table tidegate_undo_notes (rollout text not null, key text not null, at double precision not null, rank double precision not null, body text not null, cleared integer not null default 0, primary key (rollout, key))',
  'create table tidegate_offline_rollbacks (rollout text not null primary key, body text not null)',
];

const refusal = 'the journal is append-only';
const guards: Readonly<Record<Database['family'], readonly string[]>> = {
  sqlite: [
    `create trigger tidegate_entries_no_update before update on tidegate_entries begin select raise(abort, '${refusal}'); end`,
    `create trigger tidegate_entries_no_delete before delete on tidegate_entries begin select raise(abort, '${refusal}'); end`,
    // INSERT OR REPLACE removes the old row without firing its delete trigger (unless recursive_triggers is on)
    `create trigger tidegate_entries_no_replace before insert on tidegate_entries
     when exists (select 1 from tidegate_entries where rollout = new.rollout and seq = new.seq) begin select raise(abort, '${refusal}'); end`,
  ],
  postgres: [
    `create function tidegate_refuse() returns trigger language plpgsql as $$ begin raise exception '${refusal}'; end $$`,
    'create trigger tidegate_entries_no_change before update or delete on tidegate_entries for each row execute function tidegate_refuse()',
    'create trigger tidegate_entries_no_truncate before truncate on tidegate_entries for each statement execute function tidegate_refuse()',
  ],
};

const steps = (family: Database['family']): readonly (readonly string[])[] => [[...tables, ...guards[family]]];

/**
 * Brings the tables to this version. Safe from several processes at once: the check and the steps run under the database's own lock.
 * @throws FinalError JOURNAL_NEWER when a later Tidegate has been here: an older one must not write into it
 */
export async function migrate(database: Database): Promise<void> {
  const wanted = steps(database.family);
  if (await versionOf(database.db) === wanted.length) return; // the usual case takes no lock and needs no right to create
  await database.db.transaction().execute(async (trx) => {
    await lock(database.family, trx, 'schema');
    await sql`create table if not exists tidegate_schema (version integer not null)`.execute(trx);
    const found = (await trx.selectFrom('tidegate_schema').select('version').executeTakeFirst())?.version ?? null;
    if (found !== null && found > wanted.length) throw tooNew(database.where, found, wanted.length);
    for (const statements of wanted.slice(found ?? 0)) for (const statement of statements) await sql.raw(statement).execute(trx);
    if (found === null) await trx.insertInto('tidegate_schema').values({ version: wanted.length }).execute();
    else await trx.updateTable('tidegate_schema').set({ version: wanted.length }).execute();
  });
}

/**
 * Writers of one rollout take turns until the transaction ends. SQLite has the whole file locked already (`begin immediate`).
 * On PostgreSQL the same statement makes the commit wait for the disk (a role may have switched that off) and bounds the wait for the lock to 5 s.
 */
export async function lock(family: Database['family'], trx: Transaction<Tables>, name: string): Promise<void> {
  if (family === 'sqlite') return;
  await sql`select set_config('lock_timeout', '5s', true), set_config('synchronous_commit', 'on', true)`.execute(trx);
  await sql`select pg_advisory_xact_lock(hashtextextended(${`tidegate-journal/${name}`}, 0))`.execute(trx);
}

async function versionOf(db: Kysely<Tables>): Promise<number | null> {
  try {
    return (await db.selectFrom('tidegate_schema').select('version').executeTakeFirst())?.version ?? null;
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (code === '42P01' || (code === 'ERR_SQLITE_ERROR' && message?.includes('no such table'))) return null;
    throw error;
  }
}

function tooNew(where: string, found: number, known: number): FinalError {
  return new FinalError({
    code: 'JOURNAL_NEWER', where, what: `The journal has tables of version ${found}; this Tidegate knows ${known}.`,
    means: 'It does not write into a journal that it might harm.', todo: 'Upgrade this Tidegate, or point it at another journal.',
  });
}
