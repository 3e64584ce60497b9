// A kysely driver over @photostructure/sqlite (the node:sqlite API). One connection a store; WAL, synchronous=FULL, BEGIN IMMEDIATE.
// Neighbours: store.ts (opens it), postgres-dialect.ts (the other database), trouble.ts (what its errors mean).
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { CompiledQuery, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type DatabaseConnection, type Dialect, type Driver, type Kysely, type QueryResult } from 'kysely';
import { unavailable } from './trouble.js';

/** how long a writer waits for another process before SQLITE_BUSY */
const busyTimeoutMs = 5_000;
const keptStatements = 64;

/** The dialect for the file at `path`, or ':memory:'. The file and its folder are created at the first use, not here. */
export function sqliteDialect(path: string): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(path),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteDriver implements Driver {
  readonly #path: string;
  #connection: SqliteConnection | null = null;
  #tail: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(path: string) { this.#path = path; }
  async init(): Promise<void> { /* opened at first use, so that a file that cannot be opened now may be opened later */ }

  /** Callers take turns, first come first served: SQLite has one transaction a connection. */
  async acquireConnection(): Promise<SqliteConnection> {
    const before = this.#tail;
    let release: () => void = () => undefined;
    this.#tail = new Promise((resolve) => { release = resolve; });
    await before;
    try {
      if (this.#connection?.isReplaced() === true) {
        this.#connection.close();
        this.#connection = null;
        throw unavailable('JOURNAL_REPLACED', this.#path);
      }
      this.#connection ??= await open(this.#path);
      this.#release = release;
      return this.#connection;
    } catch (error) {
      release();
      throw error;
    }
  }
  async releaseConnection(): Promise<void> { this.#release(); }

  /**
   * `begin immediate`, because a plain `begin` that reads and then writes is refused at once (BUSY_SNAPSHOT) when another process wrote in between.
   * The wait is ours and not SQLite's: its busy handler sleeps inside the call, and with it every heartbeat of the worker.
   */
  async beginTransaction(connection: SqliteConnection): Promise<void> {
    connection.exec('pragma busy_timeout = 0');
    try {
      await whileBusy(() => connection.exec('begin immediate'));
    } finally {
      connection.exec(`pragma busy_timeout = ${busyTimeoutMs}`);
    }
  }
  async commitTransaction(connection: SqliteConnection): Promise<void> { connection.exec('commit'); }
  /** A full disk or an I/O error has already ended the transaction; a second rollback would hide the error that tells so. */
  async rollbackTransaction(connection: SqliteConnection): Promise<void> { if (connection.inTransaction) connection.exec('rollback'); }

  async destroy(): Promise<void> {
    await this.#tail;
    this.#connection?.close();
    this.#connection = null;
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #path: string;
  readonly #db: DatabaseSyncInstance;
  readonly #identity: string | null;
  readonly #statements = new Map<string, { readonly statement: StatementSyncInstance; readonly returnsRows: boolean }>();

  constructor(path: string, db: DatabaseSyncInstance) {
    this.#path = path;
    this.#db = db;
    this.#identity = identityOf(path);
  }
  get inTransaction(): boolean { return this.#db.isTransaction; }
  exec(sql: string): void { this.#db.exec(sql); }

  /**
   * The driver finalizes statements only when they are collected, so the file's handles and its -wal outlive `close` for a while. The log is
   * therefore emptied into the file first: whoever copies the file after an orderly end has everything.
   */
  close(): void {
    try { this.exec('pragma busy_timeout = 0; pragma wal_checkpoint(truncate)'); } catch { /* a reader, a full disk or a removed file: the next opener takes the log in */ }
    this.#statements.clear();
    this.#db.close();
  }

  /** True when the path names another file than the one we opened: what we write would vanish with the old one. */
  isReplaced(): boolean { return identityOf(this.#path) !== this.#identity; }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { statement, returnsRows } = this.#prepare(query.sql);
    if (returnsRows) return { rows: statement.all(...query.parameters) as Row[] };
    const { changes } = statement.run(...query.parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('the journal reads in pages, not in streams');
  }

  #prepare(sql: string): { readonly statement: StatementSyncInstance; readonly returnsRows: boolean } {
    const kept = this.#statements.get(sql);
    if (kept !== undefined) return kept;
    if (this.#statements.size >= keptStatements) this.#statements.clear();
    const statement = this.#db.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

async function open(path: string): Promise<SqliteConnection> {
  const { DatabaseSync } = await import('@photostructure/sqlite');
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    // turning WAL on does not wait for the other processes that open the same new file
    await whileBusy(() => db.exec('pragma journal_mode = WAL'));
    db.exec('pragma synchronous = FULL');
    return new SqliteConnection(path, db);
  } catch (error) {
    db.close();
    throw error;
  }
}

async function whileBusy(attempt: () => void): Promise<void> {
  const giveUpAt = performance.now() + busyTimeoutMs;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 25)) {
    try { return attempt(); } catch (error) {
      const primaryCode = ((error as { errcode?: number }).errcode ?? 0) & 0xff;
      if (primaryCode !== 5 || performance.now() > giveUpAt) throw error;
    }
    await pause(waitMs * (0.5 + Math.random()));
  }
}

function identityOf(path: string): string | null {
  if (path === ':memory:') return null;
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'absent' : `${stat.dev}:${stat.ino}`;
}
