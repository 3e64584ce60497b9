// `npm start` as a new user runs it without a terminal: real server, real service, real traffic, real children. What stands on the screen is
// test/cli/board.test.ts; what is shown here is the outcome, who is on the new side by the service's own measurements, and that nothing stays.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeNeeding } from '../setup/needs.js';

const root = join(import.meta.dirname, '../..');
const tidegate = join(root, 'bin/tidegate.js');
const withinMs = 240_000;

const dirs: string[] = [];
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

interface Quickstart { readonly dir: string; readonly child: ChildProcess; readonly code: Promise<number | null>; out(): string; err(): string }

/** In an empty directory, stdin closed; ended hard when it takes longer than promised. */
function quickstart(...args: string[]): Quickstart {
  const dir = mkdtempSync(join(tmpdir(), 'tidegate-quickstart-'));
  dirs.push(dir);
  const child = spawn(process.execPath, [tidegate, 'quickstart', ...args], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let out = '';
  let err = '';
  child.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  child.stderr!.on('data', (chunk: Buffer) => { err += chunk.toString(); });
  const late = setTimeout(() => child.kill('SIGKILL'), withinMs);
  const code = new Promise<number | null>((done) => child.once('close', (status) => { clearTimeout(late); done(status); }));
  return { dir, child, code, out: () => out, err: () => err };
}

/** Processes that were started for this run: the server names its file, the service its flags, the traffic the service's address. */
function left({ dir, err }: Quickstart): string[] {
  const url = /real checkouts at (http:\/\/127\.0\.0\.1:\d+)/.exec(err())?.[1] ?? dir;
  return spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).stdout.split('\n').filter((line) => line.includes(dir) || line.endsWith(url) || line.includes(`${url} `));
}

async function eventually(what: string, check: () => boolean, limitMs = 60_000): Promise<void> {
  const until = performance.now() + limitMs;
  while (!check()) {
    if (performance.now() > until) throw new Error(`within ${limitMs / 1000} s it was not seen that ${what}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

const percentIn = (flagFile: string): number => Number(/\["on",\s*(\d+)\]/.exec(readFileSync(flagFile, 'utf8'))?.[1]);
const flagsOf = (dir: string): string => join(dir, '.tidegate/quickstart/flags.json');
const journal = (dir: string, ...args: string[]) => spawnSync(process.execPath, [tidegate, 'journal', 'quickstart', ...args], { cwd: dir, encoding: 'utf8', env: { ...process.env, TIDEGATE_HOME: join(dir, '.tidegate/quickstart') }, timeout: 60_000 });

describeNeeding(['temporal-cli'], 'npm start', () => {
  test.concurrent('four waves reach everybody in under four minutes, every ask answered by itself, and the service itself says so', async () => {
    const run = quickstart('--json');
    expect(await run.code, run.err()).toBe(0);
    const status = JSON.parse(run.out()) as { state: string; exposedPercent: number; targets: Record<string, { value: number }>; phases: { phase: string; targets: Record<string, number>; cleanMs: number }[]; grades: { grade: string; reached: boolean }[] };
    expect(status.state).toBe('completed');
    expect(status.exposedPercent).toBe(100);
    expect(status.phases.map(({ phase, targets }) => [phase, targets['checkout']])).toEqual([['wave-1', 10], ['wave-2', 25], ['wave-3', 50], ['wave-4', 100]]);
    expect(status.phases.every((phase) => phase.cleanMs >= 12_000)).toBe(true);
    expect(status.grades).toMatchObject([{ grade: 'ready-for-real-users', reached: true }]);
    for (const asked of ['The flag file can be restored by hand', 'Can you see the error rate on the board?', 'Go to wave-1 (checkout 10%)?', 'Go to wave-3 (checkout 50%)?']) expect(run.err()).toContain(`"${asked}"`);
    expect(percentIn(flagsOf(run.dir))).toBe(100);
    expect(left(run)).toEqual([]);
    const verified = journal(run.dir, '--verify', '--json');
    expect(verified.status, verified.stderr).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ rollout: 'quickstart', verified: { ok: true } });
  }, withinMs + 30_000);

  test.concurrent('a new version that fails in wave 3 is taken back by itself, nobody is on it any more, and the exit code is 4', async () => {
    const run = quickstart('--fault');
    // a tenth and a quarter of the users were really there before: the service's own figure, not the flag's
    await eventually('wave 3 is moved', () => run.err().includes('25% → 50%'), 180_000);
    expect(await run.code, run.err()).toBe(4);
    expect(run.err()).toMatch(/rolling back now/);
    expect(run.out()).toMatch(/Outcome: rolled-back/);
    expect(run.out()).toMatch(/Rolled back because: .*(alerts\(critical\)|error_rate).*; verified/s);
    expect(run.out()).toContain('The service itself says: 0 % of its users of the last minute get the new version, that is nobody.');
    expect(run.out()).not.toMatch(/moving checkout from 50% to 100%/);
    expect(run.out()).toMatch(/new_requests: mean [1-9]/);
    expect(percentIn(flagsOf(run.dir))).toBe(0);
    expect(left(run)).toEqual([]);
  }, withinMs + 30_000);

  test('Ctrl-C ends the server, the worker, the service and its traffic, and exits 130', async () => {
    const run = quickstart();
    await eventually('the rollout runs', () => run.err().includes('soaking wave-1'), 90_000);
    // beside the small shell that ends the server with us
    expect(left(run).filter((line) => !line.includes('/bin/sh -c')), left(run).join('\n')).toHaveLength(3);
    run.child.kill('SIGINT');
    expect(await run.code, run.err()).toBe(130);
    await eventually('no process is left', () => left(run).length === 0, 15_000);
  }, 120_000);
});
