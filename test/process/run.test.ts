// Proves what src/process promises: time limits that reach grandchildren, bounded output, an allow-list, an environment without accidents.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAllowed } from '../../src/process/allow.js';
import { shorten } from '../../src/process/output.js';
import { runCommand } from '../../src/process/run.js';

let dir: string;
beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'tidegate-run-')); });
afterEach(async () => { await rm(dir, { recursive: true, force: true }); });

function alive(pid: number): boolean { try { process.kill(pid, 0); return true; } catch { return false; } }
async function until(name: string, condition: () => Promise<boolean> | boolean, limitMs = 10_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) { if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${name}`); await new Promise((r) => setTimeout(r, 5)); }
}
const pidIn = async (file: string): Promise<number> => Number((await readFile(join(dir, file), 'utf8').catch(() => '')).trim());

describe('a command', () => {
  it('gives its exit code and both streams', async () => {
    expect(await runCommand({ run: 'echo out; echo err >&2; exit 3', timeoutMs: 10_000, allow: 'any' }))
      .toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'err\n', timedOut: false, aborted: false, truncated: false, killedBy: null });
  });

  it('given as a list meets no shell', async () => {
    const result = await runCommand({ run: ['printf', '%s|', '$HOME; echo x', "it's"], timeoutMs: 10_000, allow: 'any' });
    expect(result.stdout).toBe("$HOME; echo x|it's|");
  });

  it('that never ends is killed at its limit with every process it started, also those that ignore SIGTERM', async () => {
    const line = `trap '' TERM; sh -c 'trap "" TERM; echo $$ > ${dir}/grandchild; while :; do sleep 1; done' & echo $$ > ${dir}/leader; wait; while :; do sleep 1; done`;
    const running = runCommand({ run: line, timeoutMs: 400, graceMs: 100, allow: 'any' });
    await until('the grandchild runs', async () => (await pidIn('grandchild')) > 0);
    const result = await running;
    expect(result).toMatchObject({ timedOut: true, exitCode: null, killedBy: 'SIGKILL' });
    expect(alive(await pidIn('leader'))).toBe(false);
    await until('the grandchild is gone', async () => !alive(await pidIn('grandchild')));
  });

  it('whose leader obeys SIGTERM while its child does not is still killed as a whole', async () => {
    const line = `sh -c 'trap "" TERM; echo $$ > ${dir}/stubborn; while :; do sleep 1; done' & wait`;
    const running = runCommand({ run: line, timeoutMs: 400, graceMs: 100, allow: 'any' });
    await until('the child runs', async () => (await pidIn('stubborn')) > 0);
    expect((await running).timedOut).toBe(true);
    await until('the child is gone', async () => !alive(await pidIn('stubborn')));
  });

  it('is asked to end before it is made to: its own clean-up on SIGTERM is run', async () => {
    const result = await runCommand({ run: `trap 'echo cleaned; exit 0' TERM; while :; do sleep 0.05; done`, timeoutMs: 300, allow: 'any' });
    expect(result).toMatchObject({ timedOut: true, exitCode: null, stdout: 'cleaned\n' });
  });

  it('that is aborted is killed at once and does nothing afterwards', async () => {
    const abort = new AbortController();
    const running = runCommand({ run: `trap 'echo late > ${dir}/late' TERM; echo $$ > ${dir}/leader; while :; do sleep 0.05; done`, timeoutMs: 60_000, signal: abort.signal, allow: 'any' });
    await until('the command runs', async () => (await pidIn('leader')) > 0);
    abort.abort();
    expect(await running).toMatchObject({ aborted: true, timedOut: false, exitCode: null, killedBy: 'SIGKILL' });
    expect(await readFile(join(dir, 'late'), 'utf8').catch(() => null)).toBe(null);
  });

  it('is not started when it was aborted before', async () => {
    const result = await runCommand({ run: `touch ${dir}/ran`, timeoutMs: 10_000, signal: AbortSignal.abort(), allow: 'any' });
    expect(result.aborted).toBe(true);
    expect(await readFile(join(dir, 'ran'), 'utf8').catch(() => null)).toBe(null);
  });

  it('that floods its output costs bounded memory and keeps beginning and end', async () => {
    const result = await runCommand({ run: `echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last`, timeoutMs: 20_000, allow: 'any', keepBytes: 4_096 });
    expect(result.exitCode).toBe(0);
    expect(result.truncated).toBe(true);
    expect(result.stdout.length).toBeLessThan(4_200);
    expect(result.stdout.startsWith('first\nxxx')).toBe(true);
    expect(result.stdout.endsWith('xxx\nlast\n')).toBe(true);
    expect(result.stdout).toMatch(/… 2,99\d,\d{3} bytes left out …/);
  });

  it('that leaves a process behind does not hold us up, and leaves it running', async () => {
    const result = await runCommand({ run: `sleep 30 & echo $! > ${dir}/left; echo started`, timeoutMs: 20_000, allow: 'any' });
    const left = await pidIn('left');
    expect(result).toMatchObject({ exitCode: 0, stdout: 'started\n' });
    expect(result.durationMs).toBeLessThan(15_000);
    expect(alive(left)).toBe(true);
    process.kill(left, 'SIGKILL');
  });

  it("does not see the worker's own environment, only what it was given", async () => {
    process.env['TIDEGATE_TEST_PASSWORD'] = 'hunter2';
    try {
      const result = await runCommand({ run: 'env', timeoutMs: 10_000, env: { GIVEN: 'yes' }, allow: 'any' });
      expect(result.stdout).toContain('GIVEN=yes');
      expect(result.stdout).toContain('PATH=');
      expect(result.stdout).not.toContain('hunter2');
    } finally { delete process.env['TIDEGATE_TEST_PASSWORD']; }
  });

  it('that does not exist, or whose directory does not, is refused by name', async () => {
    await expect(runCommand({ run: ['no-such-program-here'], timeoutMs: 1_000, allow: 'any' })).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND', transient: false });
    await expect(runCommand({ run: ['true'], cwd: join(dir, 'absent'), timeoutMs: 1_000, allow: 'any' })).rejects.toMatchObject({ code: 'COMMAND_NO_DIRECTORY' });
    await expect(runCommand({ run: ' ', timeoutMs: 1_000, allow: 'any' })).rejects.toMatchObject({ code: 'COMMAND_BAD' });
  });

  it('that is not on the list is not run', async () => {
    await expect(runCommand({ run: `touch ${dir}/ran`, timeoutMs: 10_000, allow: ['ls'] })).rejects.toMatchObject({ code: 'COMMAND_NOT_ALLOWED', transient: false });
    expect(await readFile(join(dir, 'ran'), 'utf8').catch(() => null)).toBe(null);
  });
});

describe('the list of allowed commands', () => {
  const cases: readonly [string | readonly string[], readonly string[], boolean][] = [
    ['systemctl stop web', ['systemctl'], true],
    ['systemctl stop web', ['systemctl stop web'], true],
    ['systemctl stop db', ['systemctl stop web'], false],
    [['systemctl', 'stop', 'web'], ['systemctl stop web'], true],
    ['systemctl stop web; rm -rf x', ['systemctl'], false],
    ['systemctl stop web && rm -rf x', ['systemctl'], false],
    ['systemctl stop $(rm -rf x)', ['systemctl'], false],
    ['systemctl stop `rm -rf x`', ['systemctl'], false],
    ['systemctl stop web\nrm -rf x', ['systemctl'], false],
    ['systemctl stop web > /etc/passwd', ['systemctl'], false],
    ['systemctl stop web; rm -rf x', ['sh'], true],
    ['systemctl stop "$TIDEGATE_VALUE"', ['systemctl'], true],
    ['LD_PRELOAD=/x systemctl stop web', ['systemctl'], false],
    ['"sys"temctl stop web', ['systemctl'], false],
    ['./systemctl stop web', ['systemctl'], false],
    [['sh', '-c', 'true'], ['systemctl'], false],
    ['anything', [], false],
  ];
  it.each(cases)('%j under %j: %s', (run, allow, expected) => { expect(isAllowed(run, allow)).toBe(expected); });
});

it('a shortened text keeps whole characters', () => {
  expect(shorten('ä'.repeat(100), 21)).toBe(`${'ä'.repeat(5)}\n… 179 bytes left out …\n${'ä'.repeat(5)}`);
});
