// The journal's conformance suite on both databases, and what is particular to each. Neighbours: conformance.ts, crash.test.ts, report.test.ts.
// The PostgreSQL is real and started here; where it cannot be had its half is skipped by name with the reason.
import { DatabaseSync } from '@photostructure/sqlite';
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { genesis, JournalUnavailable } from '../../src/journal/port.js';
import { openJournal } from '../../src/journal/store.js';
import { verifyChain } from '../../src/journal/verify.js';
import { postgresMissing, query, startPostgres, type Postgres } from '../servers/postgres.js';
import { journalConformance } from './conformance.js';
import { entriesFrom, entry, undoNote } from './sample.js';
import { buildWriter } from './writer-process.js';

let writer: string;
beforeAll(async () => { writer = await buildWriter(); });
afterAll(() => { rmSync(writer, { force: true }); });

describe('a journal in an SQLite file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-journal-'));
  afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
  let files = 0;
  const fresh = async (): Promise<string> => `sqlite:${join(folder, `sub-${files += 1}`, 'journal.db')}`;
  const direct = <Result>(url: string, work: (db: InstanceType<typeof DatabaseSync>) => Result): Result => {
    const db = new DatabaseSync(url.slice('sqlite:'.length), { timeout: 5_000 });
    try { return work(db); } finally { db.close(); }
  };
  const sql = async (url: string, statement: string) => direct(url, (db) => db.prepare(statement).all() as Record<string, unknown>[]);

  journalConformance({
    fresh, sql, writer: () => writer,
    dropGuards: async (url) => { direct(url, (db) => { for (const guard of ['no_update', 'no_delete', 'no_replace']) db.exec(`drop trigger tidegate_entries_${guard}`); }); },
  });

  it('INSERT OR REPLACE over a stored entry is refused', async () => {
    const url = await fresh();
    const store = await openJournal(url);
    await store.append('r', genesis, entriesFrom(1, 2));
    await expect(sql(url, "insert or replace into tidegate_entries values ('r', 2, '{}', 'x')")).rejects.toThrow(/append-only/);
    expect(await verifyChain(store, 'r')).toMatchObject({ ok: true, entries: 2 });
    await store.close();
  });

  it('is written with a log and synced at every commit', async () => {
    const url = await fresh();
    const store = await openJournal(url);
    await store.append('r', genesis, [entry(1)]);
    expect(await sql(url, 'pragma journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    await store.close();
  });

  it('after an orderly end the file alone holds everything, without its log', async () => {
    const url = await fresh();
    const store = await openJournal(url);
    const head = await store.append('r', genesis, entriesFrom(1, 20));
    await store.close();
    const copy = join(folder, 'copy.db');
    copyFileSync(url.slice('sqlite:'.length), copy);
    const again = await openJournal(copy);
    expect(await verifyChain(again, 'r', head)).toMatchObject({ ok: true, entries: 20 });
    await again.close();
  });

  it('a file held by another process is unavailable after five seconds, the event loop runs on meanwhile, and the same batch goes through later', async () => {
    const url = await fresh();
    const store = await openJournal(url);
    const head = await store.append('r', genesis, [entry(1)]);
    const other = new DatabaseSync(url.slice('sqlite:'.length));
    other.exec('begin immediate');
    let turns = 0;
    const clock = setInterval(() => { turns += 1; }, 10);
    await expect(store.append('r', head, [entry(2)])).rejects.toMatchObject({ name: 'JournalUnavailable', code: 'JOURNAL_BUSY', transient: true });
    clearInterval(clock);
    expect(turns).toBeGreaterThan(20);
    expect(await store.head('r')).toEqual(head); // readers are not held up
    const repeated = store.append('r', head, [entry(2)]);
    other.exec('rollback');
    other.close();
    expect((await repeated).seq).toBe(2);
    await store.close();
  });

  it('a file removed or replaced under an open journal is noticed: nothing is acknowledged into a file that is gone', async () => {
    const url = await fresh();
    const path = url.slice('sqlite:'.length);
    const store = await openJournal(url);
    const head = await store.append('r', genesis, entriesFrom(1, 2));
    for (const end of ['', '-wal', '-shm']) renameSync(path + end, `${path}.away${end}`);
    await expect(store.append('r', head, [entry(3)])).rejects.toMatchObject({ name: 'JournalUnavailable', code: 'JOURNAL_REPLACED' });
    for (const end of ['', '-wal', '-shm']) if (existsSync(`${path}.away${end}`)) renameSync(`${path}.away${end}`, path + end);
    expect((await store.append('r', head, [entry(3)])).seq).toBe(3);
    expect(await verifyChain(store, 'r')).toMatchObject({ ok: true, entries: 3 });
    await store.close();
  });

  it('a file that is no database is unavailable as damaged, and the journal goes on when it is put right', async () => {
    const path = join(folder, 'not-a-database');
    writeFileSync(path, 'x'.repeat(8_192));
    const store = await openJournal(path);
    await expect(store.head('r')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED', transient: true, message: expect.stringContaining(path) });
    rmSync(path);
    expect((await store.append('r', genesis, [entry(1)])).seq).toBe(1);
    await store.close();
  });

  it('a folder that cannot be made is unavailable, not a crash', async () => {
    const store = await openJournal('sqlite:/dev/null/journal.db');
    await expect(store.append('r', genesis, [entry(1)])).rejects.toBeInstanceOf(JournalUnavailable);
    await store.close();
  });

  it(':memory: and a bare path open as well', async () => {
    for (const url of [':memory:', 'sqlite::memory:', join(folder, 'bare.db'), `sqlite://${join(folder, 'slashes.db')}`]) {
      const store = await openJournal(url);
      expect((await store.append('r', genesis, entriesFrom(1, 2))).seq).toBe(2);
      expect(await verifyChain(store, 'r')).toMatchObject({ ok: true, entries: 2 });
      await store.close();
    }
  });
});

describe('an address of a journal', () => {
  it.each([
    ['mysql://root:hunter2@db/x', 'unknown'], ['postgres://u:hun#ter2@db/x', 'no URL'], ['postgres://u:12#ter2@db/x', '%23'], ['postgres://u:hunter2@[db/x', 'no URL'], ['sqlite:', 'no file'], ['', 'empty'],
  ])('that cannot be understood is refused without repeating it (%#)', async (url, why) => {
    const error = await openJournal(url).then(() => null, (reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'JOURNAL_URL', transient: false, message: expect.stringContaining(why) });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/hunter2|ter2/);
  });

  it('of a PostgreSQL that is not there gives an error with place and advice, and never the password', async () => {
    const store = await openJournal('postgres://tidegate:hunter2@127.0.0.1:1/record');
    const error = await store.append('r', genesis, [entry(1)]).then(() => null, (reason: unknown) => reason as JournalUnavailable);
    expect(error).toMatchObject({ name: 'JournalUnavailable', code: 'JOURNAL_UNREACHABLE', message: expect.stringContaining('postgres://127.0.0.1:1/record') });
    expect(`${error?.stack} ${JSON.stringify(error)} ${String(error?.cause)}`).not.toContain('hunter2');
    await store.close();
  });
});

/** the lock of rollout r, as a writer that hangs in its transaction */
async function holdLock(url: string): Promise<pg.Client> {
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  await other.query("begin; select pg_advisory_xact_lock(hashtextextended('tidegate-journal/r', 0))");
  return other;
}

const missing = postgresMissing();
describe.skipIf(missing !== null)(`a journal in PostgreSQL${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let server: Postgres;
  beforeAll(async () => { server = await startPostgres(); });
  afterAll(async () => { await server?.stop(); });

  journalConformance({
    fresh: () => server.createDatabase(), sql: (url, statement) => query(url, statement), writer: () => writer,
    dropGuards: async (url) => { await query(url, 'drop function tidegate_refuse() cascade'); },
  });

  it('TRUNCATE and an upsert over a stored entry are refused', async () => {
    const url = await server.createDatabase();
    const store = await openJournal(url);
    await store.append('r', genesis, entriesFrom(1, 2));
    await expect(query(url, 'truncate tidegate_entries')).rejects.toThrow(/append-only/);
    await expect(query(url, "insert into tidegate_entries values ('r', 2, '{}', 'x') on conflict (rollout, seq) do update set body = 'x'")).rejects.toThrow(/append-only/);
    expect(await verifyChain(store, 'r')).toMatchObject({ ok: true, entries: 2 });
    await store.close();
  });

  it('a server that is restarted between and during batches loses nothing, and the same store goes on', async () => {
    const url = await server.createDatabase();
    const store = await openJournal(url);
    let head = await store.append('r', genesis, entriesFrom(1, 5));
    await server.restart();
    const persistently = async (batch: ReturnType<typeof entriesFrom>) => {
      for (let attempt = 1; ; attempt += 1) {
        try { return await store.append('r', head, batch); } catch (error) { if (!(error instanceof JournalUnavailable) || attempt === 200) throw error; }
        await new Promise((resolve) => { setTimeout(resolve, 25); });
      }
    };
    head = await persistently(entriesFrom(6, 5));
    await server.kill();
    await expect(store.append('r', head, entriesFrom(11, 5))).rejects.toMatchObject({ code: 'JOURNAL_UNREACHABLE' });
    await server.start();
    head = await persistently(entriesFrom(11, 5));
    expect(await verifyChain(store, 'r', head)).toMatchObject({ ok: true, entries: 15 });
    await store.close();
  });

  it('a transaction whose connection is cut in its middle is unavailable and leaves a usable pool', async () => {
    const url = await server.createDatabase();
    const store = await openJournal(url);
    const head = await store.append('r', genesis, [entry(1)]);
    const other = await holdLock(url);
    const cut = store.append('r', head, entriesFrom(2, 2)).then(() => 'acknowledged', (error: unknown) => error);
    let struck = 0;
    for (const limit = Date.now() + 4_000; struck === 0 && Date.now() < limit;) {
      struck = (await other.query("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted")).rowCount ?? 0;
    }
    expect(struck).toBe(1);
    expect(await cut).toMatchObject({ name: 'JournalUnavailable', code: 'JOURNAL_UNREACHABLE' });
    await other.end();
    expect((await store.append('r', head, entriesFrom(2, 2))).seq).toBe(3);
    await store.close();
  });

  it('a writer that waits five seconds for a lock is told that the journal is busy', async () => {
    const url = await server.createDatabase();
    const store = await openJournal(url);
    const head = await store.append('r', genesis, [entry(1)]);
    const other = await holdLock(url);
    await expect(store.append('r', head, [entry(2)])).rejects.toMatchObject({ name: 'JournalUnavailable', code: 'JOURNAL_BUSY' });
    await other.query('commit');
    await other.end();
    expect((await store.append('r', head, [entry(2)])).seq).toBe(2);
    await store.close();
  });

  it('a role that may only read and add needs no right to create, and cannot change an entry', async () => {
    const url = await server.createDatabase();
    const owner = await openJournal(url);
    await owner.migrate();
    await owner.close();
    await query(url, `do $$ begin create role limited login; exception when duplicate_object then null; end $$;
      grant select, insert on tidegate_entries to limited; grant select on tidegate_schema to limited`);
    const limitedUrl = url.replace('tidegate:tidegate@', 'limited:x@');
    const store = await openJournal(limitedUrl);
    expect((await store.append('r', genesis, entriesFrom(1, 2))).seq).toBe(2);
    await expect(query(limitedUrl, 'alter table tidegate_entries disable trigger all')).rejects.toThrow(/owner/);
    await expect(store.putUndo(undoNote('k'))).rejects.toMatchObject({ code: 'JOURNAL_REFUSED' });
    await store.close();
  });
});
