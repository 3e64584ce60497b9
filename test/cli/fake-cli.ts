// A terminal, a clock and parts for tests of verbs. A part that a test did not give fails when it is used: a verb opens only what it needs.
import type { Terminal } from '../../src/cli/terminal.js';
import type { Cli, Parts, Rollouts, Seen } from '../../src/cli/ports.js';
import type { Status } from '../../workflows/messages.js';
import type { WatchMemory } from '../../src/judgement/index.js';
import { runCli } from '../../src/cli/run.js';

export const at = Date.parse('2026-12-03T17:00:00Z');
const hour = 3_600_000;

export interface FakeOptions { readonly tty?: boolean; readonly columns?: number; readonly env?: Record<string, string>; readonly files?: Readonly<Record<string, string>>; readonly cwd?: string; readonly parts?: Partial<Parts>; readonly now?: () => number; readonly sleep?: Cli['sleep']; /** hands the terminal out before the run, for keys and interruptions */ readonly onCli?: (cli: FakeCli) => void }
export interface FakeCli extends Terminal { readonly stdout: () => string; readonly stderr: () => string; readonly drawn: string[]; press(key: string): void; interrupt(signal?: 'SIGINT' | 'SIGTERM'): void }

export function fakeCli(options: FakeOptions = {}): FakeCli {
  const tty = options.tty === true;
  let stdout = '';
  let stderr = '';
  const interruption = new AbortController();
  const ends: (() => Promise<void> | void)[] = [];
  const listeners = new Set<(key: string) => void>();
  const drawn: string[] = [];
  const forbidden = (name: string) => () => { throw new Error(`this verb must not open ${name}`); };
  const parts = { plans: forbidden('plans'), rollouts: forbidden('rollouts'), journal: forbidden('the journal'), targets: forbidden('targets'), rehearse: forbidden('a rehearsal'), stack: forbidden('a stack'), doctor: forbidden('the doctor'), planChecks: forbidden('what a plan calls'), ...options.parts } as Parts;
  return {
    out: { write: (text) => { stdout += text; }, isTTY: tty, columns: options.columns ?? 80, color: false },
    err: { write: (text) => { stderr += text; }, isTTY: tty, columns: options.columns ?? 80, color: false },
    stdinIsTTY: tty, env: options.env ?? {}, cwd: options.cwd ?? '/nowhere', user: { osUser: 'ann', host: 'laptop', pid: 4711 }, version: '0.1.0',
    now: options.now ?? (() => at),
    sleep: options.sleep ?? (async () => { await new Promise((next) => setImmediate(next)); }),
    interrupted: interruption.signal,
    atEnd: (end) => { ends.push(end); },
    readText: async (file) => {
      const text = options.files?.[file];
      if (text === undefined) throw Object.assign(new Error(`no such file ${file}`), { code: 'ENOENT' });
      return text;
    },
    live: () => ({ draw: (text) => { drawn.push(text); }, done: () => {} }),
    keys: (heard) => { if (!tty) return () => {}; listeners.add(heard); return () => listeners.delete(heard); },
    parts,
    cleanUp: async () => { for (const end of ends.splice(0).reverse()) await end(); return []; },
    flush: async () => {},
    stdout: () => stdout, stderr: () => stderr, drawn,
    press: (key) => { for (const heard of listeners) heard(key); },
    interrupt: (signal = 'SIGINT') => interruption.abort(signal),
  };
}

export async function type(line: string, options: FakeOptions = {}): Promise<{ exitCode: number; stdout: string; stderr: string; cli: FakeCli }> {
  const cli = fakeCli(options);
  options.onCli?.(cli);
  // words in single quotes stay together, as in a shell
  const argv = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
  const exitCode = await runCli(argv, cli);
  return { exitCode, stdout: cli.stdout(), stderr: cli.stderr(), cli };
}

/** A rollout in wave 2 of 4 at 25 %, healthy, 13 of 48 hours clean. */
export function statusOf(change: Partial<Status> = {}): Status {
  return {
    rollout: 'batch-patches-v1', description: 'Batch patches for everybody', owner: 'engineering-lead', timezone: 'America/Los_Angeles', state: 'soaking', outcome: null,
    phase: 'wave-2', phaseNumber: 2, phaseCount: 4,
    targets: { 'batch-patches': { value: 25, unit: '%', cap: null } },
    soak: { clean: 12 * hour, needed: 48 * hour, restarts: 0 },
    conditions: [{ text: 'error_rate < 5%', verdict: 'pass', message: 'error_rate is 2.3 %, below 5 %' }],
    asks: [], hold: null, holds: [], issues: [],
    phases: [
      { phase: 'wave-1', startedAt: at - 60 * hour, movedAt: at - 59 * hour, endedAt: at - 30 * hour, targets: { 'batch-patches': 10 }, verdicts: [], cleanMs: 24 * hour, restarts: 0 },
      { phase: 'wave-2', startedAt: at - 15 * hour, movedAt: at - 14 * hour, endedAt: null, targets: { 'batch-patches': 25 }, verdicts: [], cleanMs: 12 * hour, restarts: 0 },
    ],
    moves: [{ target: 'batch-patches', phase: 'wave-2', direction: 'forward', before: 10, wanted: 25, after: 25, readBack: 'flags.json: 25 %', at: at - 14 * hour, state: 'done' }],
    steps: [], grades: [], rollback: null, evaluations: 300, startedAt: at - 74 * hour, day1: at - 60 * hour, launch: null, variant: null, updatedAt: at - 2 * hour, startedBy: 'ann', messages: 7, unsent: { journal: 0, messages: 0 }, badSignals: [], journalHead: { seq: 2, hash: 'f'.repeat(64) },
    next: [{ at: at + 35 * hour, what: 'wave-2 has soaked 48 h, if it stays clean' }, { at: null, what: 'commander: Go on?' }],
    ...change,
  };
}

const verdict = (id: string, text: string, word: 'pass' | 'fail' | 'inconclusive', message: string) => ({ id, text, verdict: word, reason: 'held' as const, message, value: null, limit: null, samples: 10, ageMs: 0, asOf: at - 240_000 });

export function memoryOf(change: Partial<WatchMemory> = {}): WatchMemory {
  const latest = (value: number | null, kind = 'value') => ({ at: at - 240_000, value, kind });
  const summary = (mean: number) => ({ mean, min: mean, max: mean, last: mean, samples: 50, sum: 50 * mean, observations: 50, grown: 0, firstAt: at - hour, lastAt: at, sumT: 0, sumTT: 0, sumTV: 0 });
  return {
    version: 1, asOf: at - 240_000, valid: true, unknownSince: null, unknownLooks: 0, cleanMs: 13 * hour, restarts: 0, looks: 320, open: [], conditions: {},
    soak: { error_rate: summary(2.8), success_rate: summary(97.2), p99_latency: summary(400), memory: summary(120), batches: summary(43.1) },
    rollout: {},
    verdicts: { 'phases/wave-2/leave/1': verdict('phases/wave-2/leave/1', 'error_rate < 5%', 'pass', 'error_rate is 2.1 %, below 5 %') },
    latest: { error_rate: latest(2.3), success_rate: latest(97.7), p99_latency: latest(385), memory: latest(125), batches: latest(45.2), 'alerts(critical)': latest(0), 'alerts(warning)': latest(1) },
    changes: [], suspended: false, soakLooks: 78, phaseSince: at - 14 * hour, soakSince: at - 14 * hour, alerts: {}, unbroken: null, ...change,
  };
}

export function seenOf(status: Status | null = statusOf(), change: Partial<Seen> = {}): Seen {
  return {
    row: { rollout: 'batch-patches-v1', workflowId: 'rollout/batch-patches-v1', execution: 'running', state: 'soaking', phase: 'wave-2', owner: 'engineering-lead', hold: null, outcome: null, startedAt: at - 74 * hour, closedAt: (status?.outcome ?? null) === null ? null : at },
    status, silent: status === null ? 'no-worker' : null, watch: { memory: memoryOf(), attempt: 320, nextAt: at + 360_000, lastLine: 'wave-2: all 6 conditions hold', paused: false }, failure: null, readAt: at, ...change,
  };
}

/** Rollouts that show `seen` and write down what they are told. */
export function fakeRollouts(change: Partial<Rollouts> = {}, seen: () => Seen = () => seenOf()): Rollouts & { readonly told: unknown[]; closed: number } {
  const told: unknown[] = [];
  const rollouts = {
    identity: 'tidegate:ann@laptop', told, closed: 0,
    start: async (request: unknown) => { told.push(request); return { workflowId: 'rollout/batch-patches-v1', runId: 'run-1' }; },
    list: async () => [seen().row],
    see: async () => seen(),
    planInForce: async () => null,
    command: async (rollout: string, name: string, payload: unknown, updateId: string) => { told.push({ rollout, name, payload, updateId }); return { did: `${name} is done`, undo: `resume ${rollout}` }; },
    work: async () => [], reviewDates: async () => [],
    finish: async (item: { readonly workflowId: string }, by: unknown, updateId: string) => { told.push({ finish: item.workflowId, by, updateId }); return 'it is done'; },
    close: async () => { rollouts.closed += 1; },
    ...change,
  };
  return rollouts as Rollouts & { readonly told: unknown[]; closed: number };
}
