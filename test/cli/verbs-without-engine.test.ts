// journal, rollback --offline, rehearse, up, doctor: what they do with the parts behind them, and how they end. The journal is a real one.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exportLines } from '../../src/journal/export.js';
import { genesis, type UndoNote } from '../../src/journal/port.js';
import { openJournal } from '../../src/journal/store.js';
import { verifyChain } from '../../src/journal/verify.js';
import type { Journal, Parts, Plans, RehearsalReport, RunningStack, Targets } from '../../src/cli/ports.js';
import { FinalError } from '../../src/errors.js';
import type { TargetValue } from '../../src/plan/types.js';
import { at, fakeRollouts, seenOf, statusOf, type as typed, type FakeCli } from './fake-cli.js';
import { planOf } from './fake-plan.js';

let dir: string;
let journal: Journal;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tidegate-cli-'));
  const store = await openJournal(join(dir, 'journal.db'));
  await store.append('b', genesis, [{ seq: 1, at, kind: 'started', phase: null, actor: 'ann', text: 'started', detail: {} }, { seq: 2, at, kind: 'moved', phase: 'wave-1', actor: 'tidegate', text: 'moved', detail: {} }]);
  journal = { store, place: join(dir, 'journal.db'), verify: (rollout, head) => verifyChain(store, rollout, head), lines: (rollout) => exportLines(store, rollout), report: async () => 'the report', close: () => store.close() };
});
afterEach(async () => { await journal.close(); rmSync(dir, { recursive: true, force: true }); });
const withJournal = (more: Partial<Parts> = {}) => ({ cwd: dir, parts: { journal: async () => ({ ...journal, close: async () => {} }), ...more } });

describe('journal', () => {
  test('--report writes the incident report of what the record holds, to stdout, to a file, or as JSON', async () => {
    await journal.store.append('b', await journal.store.head('b'), [{ seq: 3, at: at + 60_000, kind: 'decision', phase: 'wave-1', actor: 'ben', text: 'rolling back to the start: enough', detail: { automatic: false, targets: ['checkout'], reason: 'enough', to: 'the start', verdicts: [] } }]);
    const shown = await typed('journal b --report', withJournal());
    expect(shown).toMatchObject({ exitCode: 0, stderr: '' });
    expect(shown.stdout).toContain('# Incident report: b');
    expect(shown.stdout).toContain('| what | enough |');
    expect(JSON.parse((await typed('journal b --report --json', withJournal())).stdout)).toMatchObject({ rollout: 'b', startedBy: 'ann', incidents: [{ reason: 'enough', decided: { by: 'ben', automatic: false } }] });
    expect((await typed('journal b --report incident.md', withJournal())).stdout).toContain('1 incident written to');
    expect(readFileSync(join(dir, 'incident.md'), 'utf8')).toBe(shown.stdout);
    expect(await typed('journal b --report --verify', withJournal())).toMatchObject({ exitCode: 1 });
  });
  test('shows the report', async () => {
    expect(await typed('journal b', withJournal())).toMatchObject({ exitCode: 0, stdout: 'the report\n', stderr: '' });
  });
  test('--json is every entry with the head', async () => {
    const document = JSON.parse((await typed('journal b --json', withJournal())).stdout);
    expect(document.entries.map((e: { seq: number }) => e.seq)).toEqual([1, 2]);
    expect(document.head.hash).toBe(document.entries[1].hash);
  });
  test('--verify of a sound chain says how long it is, exit 0', async () => {
    const { stdout, exitCode } = await typed('journal b --verify', withJournal());
    expect(stdout).toContain('the chain of 2 entries is unbroken');
    expect(exitCode).toBe(0);
  });
  test('--verify compares with the head that the rollout keeps in Temporal: a removed tail is found', async () => {
    const rollouts = (seq: number, hash: string) => ({ rollouts: async () => fakeRollouts({}, () => seenOf(statusOf({ journalHead: { seq, hash } }))) });
    const { head } = await journal.verify('b');
    const same = await typed('journal b --verify', withJournal(rollouts(head.seq, head.hash)));
    expect(same.stdout).toContain('and is the one the rollout keeps in Temporal');
    expect(same.exitCode).toBe(0);
    const longer = await typed('journal b --verify', withJournal(rollouts(3, 'a'.repeat(64))));
    expect(longer.stdout).toContain('the tail is missing');
    expect(longer.exitCode).toBe(1);
  });
  test('--verify without Temporal says that the head was not compared', async () => {
    expect((await typed('journal b --verify', withJournal())).stderr).toContain('not compared');
  });
  test('--verify of a broken chain names the entry, exit 1, with and without --json', async () => {
    const broken = { ...journal, close: async () => {}, verify: async () => ({ ok: false, entries: 2, head: { seq: 2, hash: 'x' }, problems: [{ seq: 2, what: 'entry 2 was changed' }] }) };
    const plain = await typed('journal b --verify', { parts: { journal: async () => broken } });
    const json = await typed('journal b --verify --json', { parts: { journal: async () => broken } });
    expect(plain.stdout).toContain('entry 2 was changed');
    expect(JSON.parse(json.stdout).verified.ok).toBe(false);
    expect([plain.exitCode, json.exitCode]).toEqual([1, 1]);
  });
  test('--export writes JSON lines that verify, and leaves nothing else behind', async () => {
    const { stdout, exitCode } = await typed('journal b --export record.jsonl', withJournal());
    expect(exitCode).toBe(0);
    expect(stdout).toContain('2 entries written to');
    const lines = readFileSync(join(dir, 'record.jsonl'), 'utf8').trim().split('\n').map((l) => JSON.parse(l) as { seq: number });
    expect(lines.map((l) => l.seq)).toEqual([1, 2]);
    expect(readdirSync(dir).filter((f) => f.includes('part'))).toEqual([]);
  });
  test('--export - writes the lines to stdout and the talk to stderr', async () => {
    const { stdout, stderr } = await typed('journal b --export - --verify', withJournal());
    expect(stdout.trim().split('\n').map((l) => (JSON.parse(l) as { seq: number }).seq)).toEqual([1, 2]);
    expect(stderr).toContain('unbroken');
  });
  test('an export into a directory that is not there says what to do', async () => {
    const { stderr, exitCode } = await typed('journal b --export no/such/dir/x.jsonl', withJournal());
    expect(stderr).toContain('FILE_UNWRITABLE');
    expect(exitCode).toBe(1);
  });
  test('a rollout that has no record is refused with those that have', async () => {
    const { stderr, exitCode } = await typed('journal other', withJournal());
    expect(stderr).toContain('It holds b');
    expect(exitCode).toBe(1);
  });
});

describe('rollback --offline', () => {
  const note = (target: string, order: number, before: TargetValue, wanted: TargetValue, change: Partial<UndoNote['target']> = {}): UndoNote => ({ rollout: 'b', key: `b/p${order}/${target}/1`, target: { id: target, provider: 'memory', settings: {}, safer: 'lower', unit: '%', cap: null, unlimited: null, readOnly: false, protected: null, beforeMove: null, approval: null, on: null, writeTimeoutMs: 5_000, ...change }, before, wanted, at, order });
  const world = (values: Record<string, TargetValue>, change: Partial<Targets> = {}) => {
    const writes: string[] = [];
    const targets: Targets = {
      check: () => [],
      read: async ({ id }) => ({ value: values[id]!, detail: `${id} reads ${values[id]}` }),
      write: async ({ id }, value) => { writes.push(`${id}=${value}`); values[id] = value; },
      verify: async ({ id }, value) => `${id} verified at ${value}`,
      ...change,
    };
    return { writes, options: withJournal({ targets: async () => targets }) };
  };

  test('puts back the value before the earliest move, newest target first, once each, and exits 4', async () => {
    for (const n of [note('flag', 1, 0, 10), note('cap', 2, 5, 50), note('flag', 3, 10, 25)]) await journal.store.putUndo(n);
    const { writes, options } = world({ flag: 25, cap: 50 });
    const { exitCode, stdout } = await typed("rollback b --offline --as lead -m 'no Temporal'", options);
    expect(writes).toEqual(['flag=0', 'cap=5']);
    expect(exitCode).toBe(4);
    expect(stdout).toContain('flag verified at 0');
    expect(await journal.store.offline('b')).toMatchObject({ actor: 'lead', reason: 'no Temporal', undone: [{ target: 'flag', value: 0, verified: true }, { target: 'cap', value: 5, verified: true }] });
  });
  test('never moves a target away from its safer side', async () => {
    await journal.store.putUndo(note('flag', 1, 10, 25));
    const { writes, options } = world({ flag: 0 });
    const { exitCode, stdout } = await typed('rollback b --offline', options);
    expect({ writes, exitCode }).toEqual({ writes: [], exitCode: 4 });
    expect(stdout).toContain('safer');
  });
  test('what cannot be put back is named and exits 5; the others are put back all the same', async () => {
    for (const n of [note('flag', 1, 0, 10), note('cap', 2, 5, 50)]) await journal.store.putUndo(n);
    const { writes, options } = world({ flag: 10, cap: 50 }, { verify: async ({ id }) => { if (id === 'cap') throw new Error('users still get 50'); return 'ok'; } });
    const { exitCode, stdout } = await typed('rollback b --offline --json', options);
    expect(writes).toEqual(['cap=5', 'flag=0']);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'rollback-incomplete', remainder: ['cap'] });
    expect(exitCode).toBe(5);
  });
  test('what cannot be read is written all the same', async () => {
    await journal.store.putUndo(note('flag', 1, 0, 10));
    let reads = 0;
    const { writes, options } = world({ flag: 10 }, { read: async () => { reads += 1; if (reads === 1) throw new Error('hangs'); return { value: 0, detail: 'off' }; } });
    expect((await typed('rollback b --offline', options)).exitCode).toBe(4);
    expect(writes).toEqual(['flag=0']);
  });
  test('a write that is not read back is not called done', async () => {
    await journal.store.putUndo(note('flag', 1, 0, 10));
    const { options } = world({ flag: 10 }, { write: async () => {} });
    expect((await typed('rollback b --offline', options)).exitCode).toBe(5);
  });
  test('a read-only target is never written', async () => {
    await journal.store.putUndo(note('flag', 1, 0, 10, { readOnly: true }));
    const { writes, options } = world({ flag: 10 });
    expect((await typed('rollback b --offline', options)).exitCode).toBe(5);
    expect(writes).toEqual([]);
  });
  test('without anything to undo it says so and does nothing', async () => {
    const { exitCode, stderr } = await typed('rollback b --offline', withJournal());
    expect(stderr).toContain('NOTHING_TO_UNDO');
    expect(exitCode).toBe(1);
  });
});

describe('rehearse', () => {
  const plans: Plans = { parse: () => ({ ok: true, plan: planOf(), document: () => ({}), filled: () => ({}), warnings: [] }), schema: () => ({}) };
  const report = (change: Partial<RehearsalReport> = {}): RehearsalReport => ({
    rollout: 'batch-patches-v1', variant: null, outcome: 'completed', grade: 'production-grade', startedAt: at, endedAt: at + 22 * 86_400_000, timezone: 'America/Los_Angeles', phases: [], baking: null, grades: [], asks: [], moves: [], messages: [], evaluations: 5_686, attempts: 1,
    calendar: [{ at, kind: 'ask', phase: 'wave-1', actor: 'tidegate', text: 'commander is asked: Go on?' }, { at: at + 900_000, kind: 'answer', phase: 'wave-1', actor: 'commander', text: 'approve' }, { at: at + 86_400_000, kind: 'moved', phase: 'wave-1', actor: 'tidegate', text: 'batch-patches 0 % → 10 %' }], targets: { 'batch-patches': 100 }, status: { day1: at + 86_400_000, launch: null }, ...change,
  });
  const rehearsing = (result: RehearsalReport, told: unknown[] = []) => ({ files: { 'p.yaml': 'x', 's.yaml': 'scenario' }, parts: { plans: async () => plans, rehearse: async (plan: unknown, options: unknown) => { told.push({ plan, options }); return result; } } });

  test('a calendar by day in the plan\'s zone: asked, answered, moved, how it ended', async () => {
    const { stdout, exitCode } = await typed('rehearse p.yaml', rehearsing(report()));
    expect(stdout).toMatchInlineSnapshot(`
      "batch-patches-v1: rehearsed from Thu 3 Dec 2026 to Fri 25 Dec 2026 (America/Los_Angeles)

      Thu 3 Dec 2026 · 1 day before day 1
        09:00 ? commander is asked: Go on?
        09:15 ✎ commander: approve

      Fri 4 Dec 2026 · day 1
        09:00 → batch-patches 0 % → 10 %

      ■ completed, grade 'production-grade'
        batch-patches at 100 %
        after 22 d, on Fri 25 Dec 2026, 09:00 PST
        5686 looks, 0 moves, 0 asks and 0 answers, 0 messages
      "
    `);
    expect(exitCode).toBe(0);
  });
  test('one that had to be begun again says so', async () => {
    expect((await typed('rehearse p.yaml', rehearsing(report({ attempts: 3 })))).stdout).toContain('begun 3 times: the test server had lost track of the first 2');
  });
  test('--json: the contract\'s fields, in their order, and no journal or history', async () => {
    const document = JSON.parse((await typed('rehearse p.yaml --json', rehearsing({ ...report(), entries: [1], history: {} } as RehearsalReport))).stdout);
    expect(Object.keys(document).slice(0, 10)).toEqual(['rollout', 'outcome', 'grade', 'startedAt', 'endedAt', 'phases', 'asks', 'moves', 'messages', 'evaluations']);
    expect(document).not.toHaveProperty('entries');
  });
  test('options reach the rehearsal', async () => {
    const told: { plan: { vars: unknown; day1: unknown }; options: { scenario: unknown; cadenceMs: unknown; untilMs: unknown } }[] = [];
    await typed('rehearse p.yaml --scenario s.yaml --cadence 1h --until 90d --var a=1 --day-1 2026-12-01', rehearsing(report(), told));
    expect(told).toMatchObject([{ plan: { vars: { a: '1' }, day1: '2026-12-01' }, options: { scenario: { text: 'scenario', file: 's.yaml' }, cadenceMs: 3_600_000, untilMs: 90 * 86_400_000 } }]);
  });
  const back = [{ target: 't', phase: 'p', direction: 'back', before: 10, wanted: 0, after: 0, readBack: '', at, state: 'done' }] as const;
  const ends: [string, Partial<RehearsalReport>, number][] = [['completed', {}, 0], ['waiting', { outcome: 'waiting' }, 2], ['held', { outcome: 'held' }, 3], ['rolled-back', { outcome: 'rolled-back' }, 4], ['stopped', { outcome: 'stopped' }, 0], ['stopped after moving back', { outcome: 'stopped', moves: back }, 4], ['rollback-incomplete', { outcome: 'rollback-incomplete' }, 5], ['failed', { outcome: 'failed' }, 5]];
  test.each(ends)('%s: its exit code, with and without --json', async (_name, change, wanted) => {
    expect([(await typed('rehearse p.yaml', rehearsing(report(change)))).exitCode, (await typed('rehearse p.yaml --json', rehearsing(report(change)))).exitCode]).toEqual([wanted, wanted]);
  });
});

describe('up', () => {
  /** Interrupts when the verb has said where everything is; the test's own limit ends it when it never does. */
  const onceUp = (cli: FakeCli, signal: 'SIGINT' | 'SIGTERM') => { const look = setInterval(() => { if (cli.stdout().includes('Ctrl-C')) { clearInterval(look); cli.interrupt(signal); } }, 2); };
  const stack = (change: Partial<RunningStack> = {}) => { const stopped: string[] = []; return { stopped, parts: { stack: async () => ({ address: '127.0.0.1:7233', namespace: 'default', ui: 'http://127.0.0.1:8233', http: null, inbound: null, journal: 'j.db', env: { TIDEGATE_HOME: '/x' }, stop: async () => { stopped.push('stack'); }, died: new Promise<string>(() => {}), ...change }) } }; };
  test('says where everything is and what to type next, and stops cleanly on Ctrl-C with 130', async () => {
    const { stopped, parts } = stack();
    const { exitCode, stdout } = await typed('up', { parts, onCli: (cli) => onceUp(cli, 'SIGINT') });
    for (const wanted of ['127.0.0.1:7233', 'http://127.0.0.1:8233', 'tidegate start PLAN', 'export TIDEGATE_HOME=/x']) expect(stdout).toContain(wanted);
    expect({ stopped, exitCode }).toEqual({ stopped: ['stack'], exitCode: 130 });
  });
  test('SIGTERM stops it as cleanly, with 143', async () => {
    const { stopped, parts } = stack();
    expect((await typed('up', { parts, onCli: (cli) => onceUp(cli, 'SIGTERM') })).exitCode).toBe(143);
    expect(stopped).toEqual(['stack']);
  });
  test('a part that dies ends it with its reason, and the rest is stopped', async () => {
    const { stopped, parts } = stack({ died: Promise.resolve('the worker: out of memory') });
    const { exitCode, stderr } = await typed('up', { parts });
    expect(stderr).toContain('out of memory');
    expect({ stopped, exitCode }).toEqual({ stopped: ['stack'], exitCode: 1 });
  });
});

describe('doctor', () => {
  const check = (ok: boolean, needed: boolean) => ({ name: 'Temporal', ok, needed, found: ok ? 'there' : 'not there', todo: ok ? null : 'start it' });
  test.each([['all there', [check(true, true)], 0], ['an optional part is absent', [check(false, false)], 0], ['a needed part is missing', [check(true, true), check(false, true)], 1]] as const)('%s', async (_name, checks, wanted) => {
    const parts = { doctor: async () => checks };
    const plain = await typed('doctor', { parts });
    const json = await typed('doctor --json', { parts });
    expect([plain.exitCode, json.exitCode, JSON.parse(json.stdout).ok]).toEqual([wanted, wanted, wanted === 0]);
    if (checks.some((c) => !c.ok)) expect(plain.stdout).toContain('do: start it');
  });
});

test('an error of a part has its four answers', async () => {
  const { stderr, exitCode } = await typed('list', { parts: { rollouts: async () => { throw new FinalError({ code: 'TEMPORAL_UNREACHABLE', what: 'no connection', where: 'Temporal at x', means: 'nothing was done', todo: 'start it' }); } } });
  for (const wanted of ['no connection', 'where  Temporal at x', 'means  nothing was done', 'do     start it', 'TEMPORAL_UNREACHABLE']) expect(stderr).toContain(wanted);
  expect(exitCode).toBe(1);
});
