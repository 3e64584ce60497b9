// What a journal promises on every database; run by store.test.ts on SQLite and on PostgreSQL. Each sentence of src/journal/port.ts is a case.
// `World` is what a test may do behind the journal's back on that database.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportLines, verifyExport } from '../../src/journal/export.js';
import { genesis, JournalForked, type ChainHead, type JournalStore, type OfflineRollback } from '../../src/journal/port.js';
import { openJournal } from '../../src/journal/store.js';
import { verifyChain } from '../../src/journal/verify.js';
import { at0, entriesFrom, entry, undoNote } from './sample.js';
import { startWriter } from './writer-process.js';

export interface World {
  /** URL of a database of this test's own, empty */
  fresh(): Promise<string>;
  /** direct SQL, with the guards of the entries table in place */
  sql(url: string, statement: string): Promise<readonly Record<string, unknown>[]>;
  /** takes the guards away, as an attacker with the rights of the owner can */
  dropGuards(url: string): Promise<void>;
  /** file of the bundled writer process */
  writer(): string;
}

export function journalConformance(world: World): void {
  let url: string;
  let store: JournalStore;
  const reopen = async (): Promise<void> => { await store.close(); store = await openJournal(url); };
  beforeEach(async () => { url = await world.fresh(); store = await openJournal(url); });
  afterEach(async () => { await store.close(); });

  describe('appending', () => {
    it('a rollout without entries has the head of 64 zeros, and no page', async () => {
      expect(await store.head('r')).toEqual(genesis);
      expect(await store.entries('r', 1, 10)).toEqual([]);
      expect(await store.rollouts()).toEqual([]);
    });

    it('what is appended comes back equal, character by character, also after the store was opened anew', async () => {
      const written = entriesFrom(1, 7);
      const head = await store.append('r', genesis, written);
      await reopen();
      const stored = await store.entries('r', 1, 100);
      expect(stored.map(({ hash: _hash, rollout: _rollout, ...rest }) => rest)).toEqual(written);
      expect(stored.every((one) => one.rollout === 'r')).toBe(true);
      expect(await store.head('r')).toEqual(head);
      expect(head).toEqual({ seq: 7, hash: stored[6]!.hash });
    });

    it('pages are ascending, start where asked and are never longer than asked', async () => {
      await store.append('r', genesis, entriesFrom(1, 12));
      expect((await store.entries('r', 4, 5)).map((one) => one.seq)).toEqual([4, 5, 6, 7, 8]);
      expect((await store.entries('r', 11, 5)).map((one) => one.seq)).toEqual([11, 12]);
      expect(await store.entries('r', 13, 5)).toEqual([]);
    });

    it('a batch that was acknowledged and comes again is stored once and gives the same head', async () => {
      const batch = entriesFrom(1, 5);
      const head = await store.append('r', genesis, batch);
      expect(await store.append('r', genesis, batch)).toEqual(head);
      const further = await store.append('r', head, entriesFrom(6, 2));
      expect(await store.append('r', genesis, batch)).toEqual(head); // a late repetition: the head of the batch, not of the chain
      expect(await store.head('r')).toEqual(further);
      expect((await verifyChain(store, 'r', further)).entries).toBe(7);
    });

    it('a batch of which a part is stored is completed', async () => {
      await store.append('r', genesis, entriesFrom(1, 3));
      const head = await store.append('r', genesis, entriesFrom(1, 450));
      expect(head.seq).toBe(450);
      expect(await verifyChain(store, 'r', head)).toMatchObject({ ok: true, entries: 450 });
    });

    it('an empty batch stores nothing and checks the chain it stands on', async () => {
      const head = await store.append('r', genesis, entriesFrom(1, 2));
      expect(await store.append('r', head, [])).toEqual(head);
      await expect(store.append('r', { seq: 2, hash: 'f'.repeat(64) }, [])).rejects.toBeInstanceOf(JournalForked);
    });

    it('another entry under a stored number is a fork, and nothing of that batch is stored', async () => {
      const head = await store.append('r', genesis, entriesFrom(1, 3));
      const other = [entry(1), entry(2, { text: 'Somebody else wrote this.' }), entry(3), entry(4)];
      await expect(store.append('r', genesis, other)).rejects.toMatchObject({ name: 'JournalForked', code: 'JOURNAL_FORKED', transient: false, message: expect.stringContaining('entry 2') });
      expect(await store.head('r')).toEqual(head);
    });

    it('a chain that does not hold the entry the batch stands on is a fork: wrong hash, or not there at all', async () => {
      const head = await store.append('r', genesis, entriesFrom(1, 3));
      await expect(store.append('r', { seq: 3, hash: 'a'.repeat(64) }, [entry(4)])).rejects.toBeInstanceOf(JournalForked);
      await expect(store.append('r', { seq: 9, hash: head.hash }, [entry(10)])).rejects.toBeInstanceOf(JournalForked);
      await expect(store.append('s', head, [entry(4)])).rejects.toBeInstanceOf(JournalForked); // another rollout's chain is no help
      expect(await store.head('r')).toEqual(head);
    });

    it('a batch with a gap in its numbers is refused as a defect of the writer', async () => {
      await expect(store.append('r', genesis, [entry(1), entry(3)])).rejects.toMatchObject({ code: 'JOURNAL_BATCH', transient: false });
      await expect(store.append('r', genesis, [entry(2)])).rejects.toMatchObject({ code: 'JOURNAL_BATCH' });
      expect(await store.head('r')).toEqual(genesis);
    });

    it('the chain goes over the rollout too: the same entries under another name have other hashes', async () => {
      const one = await store.append('r', genesis, entriesFrom(1, 2));
      const two = await store.append('s', genesis, entriesFrom(1, 2));
      expect(one.hash).not.toBe(two.hash);
      expect(await store.rollouts()).toEqual([{ rollout: 'r', entries: 2, lastAt: at0 + 2_000 }, { rollout: 's', entries: 2, lastAt: at0 + 2_000 }]);
    });
  });

  describe('several writers', () => {
    it('two stores that append the same batches at once both succeed, with the same heads and one chain', async () => {
      const other = await openJournal(url);
      let [a, b]: ChainHead[] = [genesis, genesis];
      for (let first = 1; first <= 40; first += 4) {
        [a, b] = await Promise.all([store.append('r', a!, entriesFrom(first, 4)), other.append('r', b!, entriesFrom(first, 4))]);
        expect(a).toEqual(b);
      }
      await other.close();
      expect(await verifyChain(store, 'r', a)).toMatchObject({ ok: true, entries: 40 });
    });

    it('of two different entries under one number, sent at once, one is stored and the other writer hears of the fork', async () => {
      const other = await openJournal(url);
      const results = await Promise.allSettled([store.append('r', genesis, [entry(1, { text: 'one' })]), other.append('r', genesis, [entry(1, { text: 'two' })])]);
      await other.close();
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
      expect((results.find((result) => result.status === 'rejected') as PromiseRejectedResult).reason).toBeInstanceOf(JournalForked);
      expect((await store.entries('r', 1, 10)).length).toBe(1);
    });

    it('many stores that open one new database at once all find its tables', async () => {
      const stores = await Promise.all(Array.from({ length: 6 }, () => openJournal(url)));
      await Promise.all(stores.map((one) => one.migrate()));
      await Promise.all(stores.map((one, at) => one.append(`r-${at}`, genesis, entriesFrom(1, 2))));
      expect((await store.rollouts()).length).toBe(6);
      await Promise.all(stores.map((one) => one.close()));
    });

    it('two processes that write one chain at once end with every acknowledged entry in one chain', async () => {
      const writers = [1, 2].map(() => startWriter(world.writer(), { url, rollout: 'r', last: 400 }));
      expect(await Promise.all(writers.map((writer) => writer.ended))).toEqual([0, 0]);
      const stored = new Map((await store.entries('r', 1, 1_000)).map((one) => [one.seq, one.hash]));
      for (const writer of writers) for (const head of writer.acknowledged) expect(stored.get(head.seq)).toBe(head.hash);
      expect(await verifyChain(store, 'r', writers[0]!.acknowledged.at(-1))).toMatchObject({ ok: true, entries: 400, problems: [] });
    });
  });

  describe('append-only in the database itself', () => {
    const refused = /append-only/;
    beforeEach(async () => { await store.append('r', genesis, entriesFrom(1, 3)); });
    it.each([
      ['an update', "update tidegate_entries set body = replace(body, 'wave-1', 'wave-2') where seq = 2"],
      ['a delete', 'delete from tidegate_entries where seq = 3'],
    ])('%s is refused', async (_name, statement) => {
      await expect(world.sql(url, statement)).rejects.toThrow(refused);
      expect(await verifyChain(store, 'r')).toMatchObject({ ok: true, entries: 3 });
    });
  });

  describe('tampering', () => {
    let head: ChainHead;
    beforeEach(async () => {
      head = await store.append('r', genesis, entriesFrom(1, 9));
      await world.dropGuards(url);
    });
    const problemsAfter = async (...statements: string[]) => {
      for (const statement of statements) await world.sql(url, statement);
      const check = await verifyChain(store, 'r', head);
      const lines: string[] = [];
      for await (const line of exportLines(store, 'r')) lines.push(line);
      expect((await verifyExport(lines, head)).problems[0]?.seq).toBe(check.problems[0]?.seq); // the exported file tells the same
      expect(check.ok).toBe(check.problems.length === 0);
      return check.problems;
    };
    it('an untouched chain passes, and so does its export', async () => { expect(await problemsAfter()).toEqual([]); });
    it('one changed byte is found at its entry', async () => {
      expect(await problemsAfter("update tidegate_entries set body = replace(body, 'Entry 4 was', 'Entry 4 wax') where seq = 4")).toEqual([{ seq: 4, what: expect.stringContaining('changed') }]);
    });
    it('a change that leaves the meaning (a blank in the JSON) is found too', async () => {
      expect((await problemsAfter("update tidegate_entries set body = replace(body, ',\"at\"', ', \"at\"') where seq = 5"))[0]).toMatchObject({ seq: 5 });
    });
    it('a changed entry with a hash made to fit is found at the one behind it', async () => {
      await world.sql(url, "update tidegate_entries set body = replace(body, 'Entry 4 was', 'Entry 4 wax') where seq = 4");
      const [changed] = await store.entries('r', 4, 1);
      const [before] = await store.entries('r', 3, 1);
      const { bodyOf, hashOf } = await import('../../src/journal/chain.js');
      expect((await problemsAfter(`update tidegate_entries set hash = '${hashOf(before!.hash, bodyOf('r', changed!))}' where seq = 4`))[0]).toMatchObject({ seq: 5 });
    });
    it('a removed row is found at its number', async () => {
      expect((await problemsAfter('delete from tidegate_entries where seq = 6'))[0]).toEqual({ seq: 6, what: 'entry 6 is missing' });
    });
    it('two rows that changed places are found at the first of them', async () => {
      const problems = await problemsAfter('update tidegate_entries set seq = 100 where seq = 3', 'update tidegate_entries set seq = 3 where seq = 4', 'update tidegate_entries set seq = 4 where seq = 100');
      expect(problems[0]).toMatchObject({ seq: 3 });
    });
    it('a tail that was cut off is found by the head that the rollout keeps', async () => {
      expect(await problemsAfter('delete from tidegate_entries where seq > 7')).toEqual([{ seq: 8, what: expect.stringContaining('the rollout wrote 9 entries') }]);
      expect((await verifyChain(store, 'r')).ok).toBe(true); // without it nobody can know: the docstring says so
    });
    it('a chain that was removed altogether is found by the head that the rollout keeps', async () => {
      expect((await problemsAfter('delete from tidegate_entries'))[0]).toMatchObject({ seq: 1 });
    });
    it('a chain made anew from one end to the other is found by the head that the rollout keeps', async () => {
      await world.sql(url, 'delete from tidegate_entries');
      await store.append('r', genesis, [...entriesFrom(1, 3), entry(4, { text: 'A kinder history.' }), ...entriesFrom(5, 5)]);
      expect((await verifyChain(store, 'r')).ok).toBe(true);
      expect(await problemsAfter()).toEqual([{ seq: 9, what: expect.stringContaining('is not the one the rollout wrote') }]);
    });
    it('a row that is no JSON any more is named, and the rest can still be read', async () => {
      expect((await problemsAfter("update tidegate_entries set body = 'garbage' where seq = 2"))[0]).toMatchObject({ seq: 2 });
      const stored = await store.entries('r', 1, 20);
      expect(stored.map((one) => one.kind)).toEqual(['decision', 'unreadable', ...Array.from({ length: 7 }, () => 'decision')]);
    });
    it('the next append onto a changed head, or over a removed entry, is a fork', async () => {
      await world.sql(url, 'delete from tidegate_entries where seq = 8');
      await expect(store.append('r', { seq: 7, hash: (await store.entries('r', 7, 1))[0]!.hash }, entriesFrom(8, 1))).rejects.toBeInstanceOf(JournalForked);
      await world.sql(url, `update tidegate_entries set hash = '${'0'.repeat(64)}' where seq = 9`);
      await expect(store.append('r', head, [entry(10)])).rejects.toBeInstanceOf(JournalForked);
    });
  });

  describe('beside the chain', () => {
    it('a look repeated does not double its samples, and the first measurement of an instant stays', async () => {
      const look = [{ metric: 'error_rate', point: { at: at0, measurement: { kind: 'value', value: 1.25, samples: 40 } } }, { metric: 'p95', point: { at: at0, measurement: { kind: 'noData', detail: 'none' } } }] as const;
      await store.addSamples('r', look);
      await store.addSamples('r', [look[0], { metric: 'error_rate', point: { at: at0 + 1, measurement: { kind: 'nonFinite', value: '+Inf' } } }]);
      expect(await store.samples('r', 'error_rate', at0, at0 + 10)).toEqual([look[0].point, { at: at0 + 1, measurement: { kind: 'nonFinite', value: '+Inf' } }]);
      expect(await store.samples('r', 'error_rate', at0 + 1, at0 + 1)).toHaveLength(1);
      expect(await store.samples('s', 'error_rate', at0, at0 + 10)).toEqual([]);
      await store.addSamples('r', []);
    });

    it('samples older than kept, and more than kept, are removed; those of another rollout stay', async () => {
      const sparing = await openJournal(url, { keepSamplesMs: 1_000_000, keepSampleRows: 50 });
      const point = (at: number) => ({ metric: 'm', point: { at, measurement: { kind: 'value', value: at } as const } });
      await sparing.addSamples('old', [point(at0)]);
      await sparing.addSamples('r', [point(at0)]);
      for (let look = 1; look <= 205; look += 1) await sparing.addSamples('r', [point(at0 + 2_000_000 + look)]);
      const kept = await sparing.samples('r', 'm', 0, at0 * 2);
      expect(kept.length).toBeGreaterThanOrEqual(50);
      expect(kept.length).toBeLessThan(70); // pruned at the 201st call, and five more since
      expect(kept[0]!.at).toBeGreaterThan(at0 + 2_000_000);
      expect(await sparing.samples('old', 'm', 0, at0 * 2)).toHaveLength(1);
      await sparing.close();
    });

    it('the first undo note of a key stays, and notes come newest first until they are cleared', async () => {
      await store.putUndo(undoNote('r/wave-1/flag/1', { before: 0, wanted: 10, order: 1 }));
      await store.putUndo(undoNote('r/wave-1/flag/1', { before: 10, wanted: 10, order: 1, at: at0 + 5 }));
      await store.putUndo(undoNote('r/wave-2/flag/1', { before: 10, wanted: 25, order: 2 }));
      await store.putUndo(undoNote('other', { rollout: 's' }));
      await reopen();
      expect(await store.undoNotes('r')).toEqual([undoNote('r/wave-2/flag/1', { before: 10, wanted: 25, order: 2 }), undoNote('r/wave-1/flag/1', { before: 0, wanted: 10, order: 1 })]);
      await store.clearUndo('r', ['r/wave-2/flag/1', 'never-there']);
      await store.clearUndo('r', []);
      expect((await store.undoNotes('r')).map((note) => note.key)).toEqual(['r/wave-1/flag/1']);
      expect(await store.undoNotes('s')).toHaveLength(1);
    });

    it('a cleared note that comes late stays cleared, and a later rollout of the same id may use its key', async () => {
      const first = undoNote('r/wave-1/flag/1');
      await store.putUndo(first);
      await store.clearUndo('r', [first.key]);
      await store.putUndo(first);
      expect(await store.undoNotes('r')).toEqual([]);
      const again = undoNote('r/wave-1/flag/1', { at: at0 + 86_400_000, before: 5 });
      await store.putUndo(again);
      expect(await store.undoNotes('r')).toEqual([again]);
    });

    it('an offline rollback is kept until it is cleared, and a second one adds to it', async () => {
      const undone = (target: string, verified: boolean) => ({ target, value: 0, verified, detail: 'read back 0' });
      const first: OfflineRollback = { rollout: 'r', at: at0, actor: 'sam (asserted)', reason: 'no server', undone: [undone('flag', true), undone('cap', false)] };
      expect(await store.offline('r')).toBeNull();
      await store.putOffline(first);
      await reopen();
      expect(await store.offline('r')).toEqual(first);
      await store.putOffline({ ...first, at: at0 + 1, reason: 'again', undone: [undone('cap', true)] });
      expect(await store.offline('r')).toEqual({ ...first, at: at0 + 1, reason: 'again', undone: [undone('flag', true), undone('cap', true)] });
      await store.clearOffline('r');
      await store.clearOffline('r');
      expect(await store.offline('r')).toBeNull();
    });
  });

  it('tables of a later version are refused, and nothing is written into them', async () => {
    await store.migrate();
    await world.sql(url, 'update tidegate_schema set version = 99');
    await reopen();
    await expect(store.append('r', genesis, [entry(1)])).rejects.toMatchObject({ code: 'JOURNAL_NEWER', transient: false });
    expect(await world.sql(url, 'select * from tidegate_entries')).toEqual([]);
  });
}
