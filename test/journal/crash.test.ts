// The journal when processes die and disks fill: what was acknowledged is there, and what was refused goes through when there is room again.
// Real processes and kill -9; a full disk is a small tmpfs, for which one must be root on Linux (otherwise skipped by name).
import { DatabaseSync } from '@photostructure/sqlite';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { genesis, JournalUnavailable, type ChainHead } from '../../src/journal/port.js';
import { openJournal } from '../../src/journal/store.js';
import { verifyChain } from '../../src/journal/verify.js';
import { postgresMissing, startPostgres, type Postgres } from '../servers/postgres.js';
import { entriesFrom, entry } from './sample.js';
import { buildWriter, startWriter } from './writer-process.js';

const folder = mkdtempSync(join(tmpdir(), 'tidegate-crash-'));
let writer: string;
beforeAll(async () => { writer = await buildWriter(); });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); rmSync(writer, { force: true }); });

const kills = 10;

/** One writer is killed again and again, another one writes on beside it; afterwards every head either was told is in one unbroken chain. */
async function killsLoseNothing(url: string): Promise<void> {
  const steady = startWriter(writer, { url, rollout: 'r', last: 1_000_000 });
  const told: ChainHead[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const victim = startWriter(writer, { url, rollout: 'r', last: 1_000_000 });
    await victim.acknowledgedAtLeast(2 + ((kill * 7) % 11)); // in the middle of its work, elsewhere each time
    victim.process.kill('SIGKILL');
    expect(await victim.ended).toBe('SIGKILL');
    expect(victim.said).toEqual([]);
    told.push(...victim.acknowledged);
  }
  steady.process.kill('SIGKILL');
  expect(await steady.ended).toBe('SIGKILL');
  told.push(...steady.acknowledged);

  const store = await openJournal(url);
  const hashes = new Map<number, string>();
  for (let from = 1; ;) {
    const page = await store.entries('r', from, 1_000);
    for (const one of page) hashes.set(one.seq, one.hash);
    if (page.length < 1_000) break;
    from = page.at(-1)!.seq + 1;
  }
  expect(told.length).toBeGreaterThan(kills * 2);
  expect(told.filter((head) => hashes.get(head.seq) !== head.hash)).toEqual([]);
  const highest = told.reduce((a, b) => (b.seq > a.seq ? b : a));
  expect(await verifyChain(store, 'r', highest)).toMatchObject({ ok: true, problems: [] });
  expect((await store.append('r', await store.head('r'), [entry((await store.head('r')).seq + 1)])).seq).toBeGreaterThan(highest.seq);
  await store.close();
}

describe('a writer that is killed', () => {
  it('loses no acknowledged entry in an SQLite file, and the file stays sound', async () => {
    const path = join(folder, 'killed.db');
    await killsLoseNothing(`sqlite:${path}`);
    const db = new DatabaseSync(path);
    expect(db.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    db.close();
  });

  const missing = postgresMissing();
  describe.skipIf(missing !== null)(`with PostgreSQL${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
    let server: Postgres;
    beforeAll(async () => { server = await startPostgres(); });
    afterAll(async () => { await server?.stop(); });

    it('loses no acknowledged entry', async () => { await killsLoseNothing(await server.createDatabase()); });

    it('a server that is killed and restarted under a writer loses no acknowledged entry, and the writer goes on by itself', async () => {
      const url = await server.createDatabase();
      const busy = startWriter(writer, { url, rollout: 'r', last: 1_000_000 });
      for (let kill = 0; kill < 2; kill += 1) {
        await busy.acknowledgedAtLeast(busy.acknowledged.length + 20);
        await server.kill();
        await server.start();
      }
      await busy.acknowledgedAtLeast(busy.acknowledged.length + 20);
      busy.process.kill('SIGKILL');
      await busy.ended;
      expect(busy.said.some((line) => line.startsWith('unavailable JOURNAL_'))).toBe(true); // it did feel the kill
      const store = await openJournal(url);
      expect(await verifyChain(store, 'r', busy.acknowledged.at(-1))).toMatchObject({ ok: true, problems: [] });
      await store.close();
    });
  });
});

const tmpfs = mountTmpfs(join(folder, 'small'));
// lazily: the SQLite driver keeps a closed file's handles until its statements are collected
afterAll(() => { if (tmpfs === null) execFileSync('umount', ['--lazy', join(folder, 'small')]); });

describe.skipIf(tmpfs !== null)(`a full disk under the journal${tmpfs === null ? '' : ` (skipped: ${tmpfs})`}`, () => {
  const disk = join(folder, 'small');
  const ballast = join(disk, 'ballast');
  /** Fills what is left, then says that nothing is. */
  const fill = (): void => {
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
    expect(statfsSync(disk).bavail).toBe(0);
  };

  it('refuses the batch as unavailable, stores nothing of it, and takes the same batch when there is room again', async () => {
    const store = await openJournal(`sqlite:${join(disk, 'journal.db')}`);
    const head = await store.append('r', genesis, entriesFrom(1, 5));
    fill();
    const batch = entriesFrom(6, 100).map((one) => ({ ...one, detail: { output: 'x'.repeat(10_000) } }));
    for (const _repeated of [1, 2]) await expect(store.append('r', head, batch)).rejects.toMatchObject({ name: 'JournalUnavailable', code: 'JOURNAL_DISK_FULL', transient: true });
    expect(await verifyChain(store, 'r', head)).toMatchObject({ ok: true, entries: 5 }); // what is there can still be read
    rmSync(ballast);
    const after = await store.append('r', head, batch);
    expect(await verifyChain(store, 'r', after)).toMatchObject({ ok: true, entries: 105 });
    await store.close();
  });

  it('that is full before the journal exists is unavailable as well, and a journal is made when there is room', async () => {
    fill();
    const store = await openJournal(`sqlite:${join(disk, 'late', 'journal.db')}`);
    await expect(store.append('r', genesis, [entry(1)])).rejects.toBeInstanceOf(JournalUnavailable);
    rmSync(ballast);
    expect((await store.append('r', genesis, [entry(1)])).seq).toBe(1);
    await store.close();
  });
});

/** null when a tmpfs of 4 MiB is mounted at `at`, else why not */
function mountTmpfs(at: string): string | null {
  mkdirSync(at);
  try { execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', at], { stdio: 'pipe' }); return null; } catch (error) {
    return `a small file system cannot be mounted here: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`;
  }
}
