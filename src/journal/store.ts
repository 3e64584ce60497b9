// The journal on SQLite and PostgreSQL: opens the database named by a URL and answers the port (port.ts).
// The chain is append.ts, what lies beside it beside.ts, the tables schema.ts; checking is verify.ts, reading for people report.ts.
import { Kysely } from 'kysely';
import type { EpochMs } from '../judgement/types.js';
import { FinalError } from '../errors.js';
import { append, chainHead, listRollouts, readEntries } from './append.js';
import { addSamples, clearOffline, clearUndo, pruneSamples, putOffline, putUndo, readOffline, readSamples, readUndoNotes, type Keep, type Sample } from './beside.js';
import type { ChainHead, Entry, JournalStore, OfflineRollback, UndoNote } from './port.js';
import { migrate, type Database, type Tables } from './schema.js';
import { asJournalError } from './trouble.js';

export interface JournalOptions {
  /** raw samples older than this, counted back from the rollout's newest, are removed; default 30 days */
  readonly keepSamplesMs?: number;
  /** raw samples kept of one rollout; default 200,000 */
  readonly keepSampleRows?: number;
}

const dayMs = 24 * 60 * 60 * 1_000;
/** pruning scans; once in so many calls of addSamples for a rollout is often enough */
const pruneEvery = 200;

/**
 * Opens the journal at `url`: `sqlite:PATH`, a bare path, `:memory:`, or `postgres://…`. Nothing is connected or created before the first call,
 * and the tables are brought up by it, so that a worker starts while its database is down. Only the driver that is needed is loaded.
 * @throws FinalError JOURNAL_URL when the URL cannot be understood; its text is never repeated, for it may hold a password
 */
export async function openJournal(url: string, options: JournalOptions = {}): Promise<JournalStore> {
  const keep = { sampleAgeMs: options.keepSamplesMs ?? 30 * dayMs, sampleRows: options.keepSampleRows ?? 200_000 };
  return new SqlJournal(await openDatabase(url), keep);
}

class SqlJournal implements JournalStore {
  readonly #database: Database;
  readonly #keep: Keep;
  readonly #sampleCalls = new Map<string, number>();
  #migrated: Promise<void> | null = null;

  constructor(database: Database, keep: Keep) { this.#database = database; this.#keep = keep; }

  append(rollout: string, after: ChainHead, entries: readonly Entry[]) { return this.#run(() => append(this.#database, { rollout, after, entries })); }
  head(rollout: string) { return this.#run((db) => chainHead(db, rollout)); }
  entries(rollout: string, fromSeq: number, limit: number) { return this.#run((db) => readEntries(db, { rollout, fromSeq, limit })); }
  rollouts() { return this.#run(listRollouts); }

  addSamples(rollout: string, samples: readonly Sample[]) {
    return this.#run(async (db) => {
      if (samples.length === 0) return;
      await addSamples(db, rollout, samples);
      const calls = (this.#sampleCalls.get(rollout) ?? 0) + 1;
      this.#sampleCalls.set(rollout, calls);
      if (calls % pruneEvery === 1) await pruneSamples(db, rollout, this.#keep); // also at a worker's first: one that restarts often prunes too
    });
  }
  samples(rollout: string, metric: string, from: EpochMs, to: EpochMs) { return this.#run((db) => readSamples(db, { rollout, metric, from, to })); }

  putUndo(note: UndoNote) { return this.#run((db) => putUndo(db, note)); }
  undoNotes(rollout: string) { return this.#run((db) => readUndoNotes(db, rollout)); }
  clearUndo(rollout: string, keys: readonly string[]) { return this.#run((db) => clearUndo(db, rollout, keys)); }

  putOffline(rollback: OfflineRollback) { return this.#run(() => putOffline(this.#database, rollback)); }
  offline(rollout: string) { return this.#run((db) => readOffline(db, rollout)); }
  clearOffline(rollout: string) { return this.#run((db) => clearOffline(db, rollout)); }

  migrate() { return this.#run(async () => undefined); }
  close() { return this.#database.db.destroy(); }

  /** Every call goes through here: tables first, and only errors of Tidegate leave. After a failure the tables are looked at again, for the database may be another one. */
  async #run<Result>(work: (db: Kysely<Tables>) => Promise<Result>): Promise<Result> {
    try {
      this.#migrated ??= migrate(this.#database);
      await this.#migrated;
      return await work(this.#database.db);
    } catch (error) {
      this.#migrated = null;
      throw asJournalError(error, this.#database.where);
    }
  }
}

async function openDatabase(url: string): Promise<Database> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase() ?? null;
  if (scheme === 'postgres' || scheme === 'postgresql') {
    const where = postgresPlace(url);
    const { postgresDialect } = await import('./postgres-dialect.js');
    return { family: 'postgres', where, db: new Kysely<Tables>({ dialect: postgresDialect(url) }) };
  }
  if (url === '' || (scheme !== null && scheme !== 'sqlite' && url.includes('://'))) throw badUrl(scheme === null ? 'it is empty' : 'its scheme is unknown');
  const path = scheme === 'sqlite' ? url.slice('sqlite:'.length).replace(/^\/\//, '') : url;
  if (path === '') throw badUrl('it names no file');
  const { sqliteDialect } = await import('./sqlite-dialect.js');
  return { family: 'sqlite', where: `journal ${path}`, db: new Kysely<Tables>({ dialect: sqliteDialect(path) }) };
}

/** Names the database without user, password or options. */
function postgresPlace(url: string): string {
  let parts: URL;
  try { parts = new URL(url); } catch { throw badUrl('it is no URL'); } // not chained: the parser's error carries the whole text
  // an unescaped # in a password makes a fragment of the rest, and the first half of the password a port
  if (parts.hash !== '') throw badUrl('it holds a #; in a password that is written %23');
  const host = parts.hostname === '' ? parts.searchParams.get('host') ?? 'local socket' : parts.host;
  return `journal postgres://${host}${parts.pathname}`;
}

function badUrl(why: string): FinalError {
  return new FinalError({
    code: 'JOURNAL_URL', what: `The journal's address cannot be understood: ${why}.`, means: 'No journal was opened.',
    todo: 'Give sqlite:PATH, a path, or postgres://USER:PASSWORD@HOST:PORT/DATABASE.',
  });
}
