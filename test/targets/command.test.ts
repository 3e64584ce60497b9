// Proves what is particular to a target moved by commands: a value is never code, a command never outlives its limit, and what the plan leaves
// unsaid is refused before anything runs. What every target promises: conformance.test.ts.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AllowedCommands } from '../../src/process/allow.js';
import { createCommand } from '../../src/targets/command.js';
import { lastWrittenIn, lastWrittenInMemory, type LastWritten } from '../../src/targets/last-written.js';
import type { TargetProvider, TargetRef } from '../../src/targets/port.js';
import { context } from './conformance.js';

let dir: string;
beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'tidegate-cmd-')); });
afterEach(async () => { await rm(dir, { recursive: true, force: true }); });

const command = (lastWritten: LastWritten = lastWrittenInMemory(), allowCommands: AllowedCommands = 'any'): TargetProvider => createCommand({ allowCommands, lastWritten });
const target = (settings: TargetRef['settings'], writeTimeoutMs = 20_000): TargetRef => ({ id: 'model', settings, writeTimeoutMs });
const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);
const content = (name: string): Promise<string> => readFile(join(dir, name), 'utf8');

describe('what a plan leaves unsaid is refused before anything runs:', () => {
  const CASES: readonly [string, TargetRef['settings'], RegExp | null][] = [
    ['neither read nor repeatable', { write: 'w {value}', undo: 'u' }, /`read`.*`repeatable: yes`/],
    ['repeatable, but no way back', { write: 'w {value}', repeatable: 'yes', before: 0 }, /how to `undo` it, or `cannot be undone:`/],
    ['repeatable: no is not repeatable', { write: 'w {value}', repeatable: 'no', undo: 'u', before: 0 }, /`read`/],
    ['undo and cannot be undone', { write: 'w', read: 'r', undo: 'u', 'cannot be undone': 'mail is gone' }, /contradict/],
    ['not readable and nothing said of before', { write: 'w', repeatable: 'yes', undo: 'u' }, /`before` the first move/],
    ['no write', { read: 'r' }, /write/],
    ['a limit that is none', { write: 'w', read: 'r', timeout: 'soon' }, /length of time/],
    ['a value inside double quotes', { write: 'deploy "{value}"', read: 'r' }, /inside quotes/],
    ['a value inside single quotes', { write: "sh -c 'deploy {value}'", read: 'r' }, /inside quotes/],
    ['a value in a text that a shell reads', { write: ['bash', '-c', 'deploy {value}'], read: 'r' }, /may not stand in a text/],
    ['a value as the program', { write: ['{value}'], read: 'r' }, /cannot be the program/],
    ['a key that does not exist', { write: 'w', read: 'r', shell: 'bash' }, /shell/],
    ['read alone is enough', { write: 'deploy --to={value}', read: 'r' }, null],
    ['repeatable with undo and before', { write: ['deploy', '{value}'], repeatable: true, undo: 'back {value}', before: 'v1' }, null],
    ['cannot be undone, with a reason', { write: 'send {value}', repeatable: 'yes', 'cannot be undone': 'mail cannot be taken back', before: 0 }, null],
  ];
  it.each(CASES)('%s', async (_, settings, problem) => {
    const problems = command().check(target(settings), []).join('; ');
    if (problem === null) expect(problems).toBe(''); else expect(problems).toMatch(problem);
    if (problem !== null) expect(await failure(command().write(target(settings), 'v2', 'v1', context()))).toMatchObject({ code: 'SETTINGS_REFUSED', name: 'TargetRefused' });
  });
});

describe('a value', () => {
  const NASTY = `a b"; touch ${'pwned'}; echo '$(touch pwned)\`touch pwned\` | & > pwned * \\`;
  it.each(['printf %s {value} > value', 'printf %s "$TIDEGATE_VALUE" > value', 'printf %s pre{value} | cut -c4- | head -c -1 > value'])('of the line `%s` is one word and never code, whatever is in it', async (write) => {
    await writeFile(join(dir, 'value'), 'old');
    await command().write(target({ write, read: 'cat value', cwd: dir }), NASTY, 'old', context());
    expect(await content('value')).toBe(NASTY);
    expect(await readdir(dir)).toEqual(['value']);
  });

  it('of a list of arguments is part of one argument, and no shell sees it', async () => {
    await command().write(target({ write: ['touch', 'x{value}'], read: 'echo old', cwd: dir }), 'a;b $(touch pwned) $&', 'old', context());
    expect(await readdir(dir)).toEqual(['xa;b $(touch pwned) $&']);
  });

  it('comes with the name of the target, the key of the write and what was read before', async () => {
    await command().write(target({ write: 'env | grep ^TIDEGATE_ | sort > env', read: 'echo 10', cwd: dir, env: { MODE: 'fast' } }), 25, 10, context({ key: 'r/wave-1/model/1' }));
    expect(await content('env')).toBe('TIDEGATE_EXPECTED=10\nTIDEGATE_KEY=r/wave-1/model/1\nTIDEGATE_TARGET=model\nTIDEGATE_VALUE=25\n');
  });

  it('that is read is the last line, a number where it is one', async () => {
    const read = async (line: string): Promise<unknown> => (await command().read(target({ write: 'w', read: `printf -- '${line}'` }), context())).value;
    expect(await read('noise\\n25\\n\\n')).toBe(25);
    expect(await read('12.5 %%')).toBe(12.5);
    expect(await read('-1')).toBe(-1);
    expect(await read('v1.2')).toBe('v1.2');
    expect(await read('1.2.3')).toBe('1.2.3');
    expect(await failure(command().read(target({ write: 'w', read: 'true' }), context()))).toMatchObject({ code: 'COMMAND_NO_VALUE', name: 'TargetUnreachable' });
  });
});

describe('a command that does not succeed', () => {
  const run = (write: string, more: TargetRef['settings'] = {}, writeTimeoutMs = 20_000): Promise<unknown> => failure(command().write(target({ write, read: 'echo old', cwd: dir, ...more }, writeTimeoutMs), 'new', 'old', context()));

  it('is unreachable with its exit code and its last words: what it did is not known', async () => {
    expect(await run('echo first >&2; echo "no route to host" >&2; exit 3')).toMatchObject({ code: 'COMMAND_FAILED', name: 'TargetUnreachable', message: expect.stringMatching(/model, its write command: it ended with exit code 3: no route to host\..*read back/) });
  });

  it('has refused by the exit codes that say so', async () => {
    for (const [line, words] of [['exit 77', 'permission denied'], ['exit 78', 'configuration'], ['no-such-program-here', 'no such program']] as const) expect(await run(line)).toMatchObject({ code: 'COMMAND_REFUSED', name: 'TargetRefused', message: expect.stringContaining(words) });
  });

  it('by its end is killed with everything it started, at its own limit or the target\'s', async () => {
    const line = `sh -c 'echo $$ > grandchild; trap "" TERM; while :; do sleep 1; done' & wait`;
    for (const [settings, limitMs] of [[{ timeout: '300ms' }, 20_000], [{}, 300]] as const) {
      expect(await run(line, settings, limitMs)).toMatchObject({ code: 'COMMAND_TIMED_OUT', name: 'TargetUnreachable', message: expect.stringContaining('within 300 ms') });
      const pid = Number(await content('grandchild'));
      expect(pid).toBeGreaterThan(1);
      const end = Date.now() + 5_000;
      for (;;) { try { process.kill(pid, 0); } catch { break; } if (Date.now() > end) throw new Error('the grandchild still runs after 5 s'); await new Promise((r) => setTimeout(r, 5)); }
    }
  });

  it("is not run when this worker's list does not have it", async () => {
    const error = await failure(command(undefined, ['cat']).write(target({ write: `touch ${dir}/ran {value}`, read: `cat ${dir}/x`, repeatable: true }), 'new', null, context()));
    expect(error).toMatchObject({ code: 'COMMAND_NOT_ALLOWED', name: 'TargetRefused', message: expect.stringContaining('allow-list') });
    expect(await readdir(dir)).toEqual([]);
  });
});

describe('what a command says', () => {
  it('is kept for the record, its beginning and its end, at most 4 KiB', async () => {
    const kept: string[] = [];
    await command().write(target({ write: 'echo begin; head -c 50000 /dev/zero | tr "\\0" x; echo; echo end; echo oops >&2', read: 'echo old' }), 'new', 'old', context({ keep: (line) => { kept.push(line); } }));
    expect(kept).toHaveLength(1);
    expect(Buffer.byteLength(kept[0] as string)).toBeLessThanOrEqual(4_096);
    expect(kept[0]).toMatch(/^begin\nx+\n… [\d,]+ bytes left out …\nx+\nend\noops$/);
  });

  it('is kept, shown and thrown without the secrets that were put in', async () => {
    const kept: string[] = [];
    const given = target({ write: 'echo "token $TOKEN and in-the-line-1" | tee /dev/stderr; exit 1', read: 'echo old', env: { TOKEN: 'token-1234' } });
    const error = await failure(command().write(given, 'new', 'old', context({ secrets: ['in-the-line-1'], keep: (line) => { kept.push(line); } })));
    const all = JSON.stringify([kept, String(error), error, (error as Error).stack, String((error as Error).cause)]);
    expect(all).toContain('token *** and ***');
    expect(all).not.toMatch(/token-1234|in-the-line-1/);
    const missing = await failure(command().write(target({ write: 'no-such-program-here secret-5678', read: 'echo old', cwd: '/no/such/place' }), 'new', 'old', context({ secrets: ['secret-5678'] })));
    expect(JSON.stringify([String(missing), missing])).not.toContain('secret-5678');
    expect(command().claimKey(target({ write: 'deploy secret-5678 {value}', read: 'r' }))).not.toContain('secret-5678');
  });
});

describe('taking it back', () => {
  it('runs undo with the value before, and write where no undo is given', async () => {
    const lines = { write: 'echo write {value} >> log', read: 'echo v9', cwd: dir };
    await command().write(target({ ...lines, undo: 'echo undo {value} >> log' }), 'v1', null, context());
    await command().write(target(lines), 'v1', null, context());
    await command().write(target({ ...lines, undo: 'echo undo {value} >> log' }), 'v2', 'v9', context());
    expect(await content('log')).toBe('undo v1\nwrite v1\nwrite v2\n');
  });

  it('goes out even when nothing can be read', async () => {
    await command().write(target({ write: 'echo write {value} >> log', read: 'exit 1', cwd: dir }), 'v1', null, context());
    expect(await content('log')).toBe('write v1\n');
    expect(await failure(command().write(target({ write: 'echo write {value} >> log', read: 'exit 1', cwd: dir }), 'v2', 'v1', context()))).toMatchObject({ code: 'COMMAND_FAILED' });
    expect(await content('log')).toBe('write v1\n');
  });

  it('is refused in the words of the plan where the plan says that it cannot be', async () => {
    const settings = { write: 'echo {value} >> log', repeatable: true, 'cannot be undone': 'mail cannot be taken back', before: 0, cwd: dir };
    expect(await failure(command().write(target(settings), 0, null, context()))).toMatchObject({ code: 'CANNOT_BE_UNDONE', name: 'TargetRefused', message: expect.stringContaining('mail cannot be taken back') });
    expect(await readdir(dir)).toEqual([]);
  });
});

describe('a target that nothing can read', () => {
  const settings = (): TargetRef['settings'] => ({ write: 'echo {value} >> log', repeatable: 'yes', undo: 'echo back {value} >> log', before: 5, cwd: dir });

  it('stands at what the plan says, then at what was written last, also for the next worker', async () => {
    const state = join(dir, 'state');
    const first = command(lastWrittenIn(state));
    expect(await first.read(target(settings()), context())).toEqual({ value: 5, detail: expect.stringContaining('not readable') });
    await first.write(target(settings()), 25, 5, context());
    const next = command(lastWrittenIn(state));
    expect(await next.read(target(settings()), context())).toEqual({ value: 25, detail: expect.stringContaining('not readable: 25 is what was written last') });
    expect(await next.verify(target(settings()), 25, context())).toContain('only the exit code');
    await next.write(target(settings()), 5, null, context());
    expect((await command(lastWrittenIn(state)).read(target(settings()), context())).value).toBe(5);
    expect(await content('log')).toBe('25\nback 5\n');
  });

  it('is not taken for written when the command failed', async () => {
    const one = command();
    expect(await failure(one.write(target({ ...settings(), write: 'exit 1' }), 25, 5, context()))).toMatchObject({ code: 'COMMAND_FAILED' });
    expect((await one.read(target({ ...settings(), write: 'exit 1' }), context())).value).toBe(5);
  });
});
