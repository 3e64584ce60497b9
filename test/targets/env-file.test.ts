// One key of a KEY=VALUE file: what every target promises, that no other byte changes, that real readers of such files read what was written, and
// that a write which is cut short between the file and its command is known as one.
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { AllowedCommands } from '../../src/process/allow.js';
import type { TargetValue } from '../../src/plan/types.js';
import { createEnvFile } from '../../src/targets/env-file.js';
import { rawValue, withRawValue } from '../../src/targets/env-syntax.js';
import { lockPath } from '../../src/targets/file-lock.js';
import type { TargetProvider, TargetRef } from '../../src/targets/port.js';
import { context, targetConformance, type World } from './conformance.js';
import { until } from './real-nginx.js';
import { writeInProcess } from './target-writer-process.js';

const made = (allowCommands: AllowedCommands = 'any'): TargetProvider => createEnvFile({ allowCommands });
const ref = (settings: TargetRef['settings'], writeTimeoutMs = 10_000): TargetRef => ({ id: 'share', settings, writeTimeoutMs });
const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);

const ENV = (share: number | string): string => `# the shop's settings
export OTHER = "a 'quoted' one # no comment"
SHARE=${share}   # of users
NAME='two
SHARE=1
lines'
LAST=x`;

/** a service that reads the file when it is restarted, by a shell */
async function world(): Promise<World & { readonly dir: string; restart(): void; trouble(kind: string): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-env-'));
  const [file, script] = [join(dir, '.env'), join(dir, 'restart.sh')];
  await writeFile(file, ENV(10).replace('export OTHER = ', 'export OTHER='));
  await writeFile(join(dir, 'running'), '10');
  await writeFile(join(dir, 'log'), '');
  await writeFile(script, `#!/bin/sh
case "$(cat ${dir}/trouble 2>/dev/null)" in
  refuse) echo "not for you" >&2; exit 77;;
  cut-off) echo "no route" >&2; exit 1;;
  slow) touch ${dir}/began; while :; do sleep 0.02; done;;
  kill) kill -9 $PPID; exit 1;;
  kill-after) . ${file}; printf %s "$SHARE" > ${dir}/running; kill -9 $PPID; exit 1;;
esac
. ${file}
printf %s "$SHARE" > ${dir}/running; echo "$TIDEGATE_KEY" >> ${dir}/log
`);
  await chmod(script, 0o755);
  const text = (): Promise<string> => readFile(file, 'utf8');
  const settings = { file, key: 'SHARE', then: [script], verify: `test "$(cat ${dir}/running)" = {value}` };
  const target = ref(settings);
  const provider = made();
  const restart = (): void => { spawnSync(script); };
  return {
    dir, restart, trouble: (kind) => writeFile(join(dir, 'trouble'), kind),
    provider, target, sameThing: { ...target, id: 'also', settings: { ...settings, file: join(dir, '.', '.env') } }, otherThing: ref({ ...settings, key: 'OTHER' }),
    seen: async () => Number(await readFile(join(dir, 'running'), 'utf8')),
    change: async (value) => { await writeFile(file, (await text()).replace(/^SHARE=\d+ /m, `SHARE=${value} `)); restart(); },
    changes: async () => (await readFile(join(dir, 'log'), 'utf8')).split('\n').length - 1,
    beside: async () => ({ text: (await text()).replace(/^SHARE=\d+ /m, 'SHARE=… '), files: (await readdir(dir)).sort() }),
    refuse: () => writeFile(join(dir, 'trouble'), 'refuse'), cutOff: () => writeFile(join(dir, 'trouble'), 'cut-off'),
    deceive: async () => { await writeFile(join(dir, 'running'), '3'); },
    abortInTheMiddle: async (value) => {
      await writeFile(join(dir, 'trouble'), 'slow');
      const abort = new AbortController();
      const writing = failure(provider.write(target, value, 10, context({ signal: abort.signal })));
      await until('its command has begun', async () => (await readdir(dir)).includes('began'));
      abort.abort();
      return writing;
    },
    end: () => rm(dir, { recursive: true, force: true }),
  };
}
targetConformance('env-file', { make: world, values: [10, 25, 50], wrongSettings: { file: '', key: 'SHARE' }, wrongValue: "it's" });

let dir: string;
let file: string;
beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'tidegate-env-')); file = join(dir, '.env'); });
afterEach(async () => { await rm(dir, { recursive: true, force: true }); });
const target = (more: TargetRef['settings'] = {}): TargetRef => ref({ file, key: 'SHARE', ...more });
const text = (): Promise<string> => readFile(file, 'utf8');

describe('every other byte stays', () => {
  it.each([
    ['comments, quotes and order', ENV(10), ENV(25)], ['a byte order mark and CRLF', '\uFEFFSHARE=10\r\nB=2\r\n', '\uFEFFSHARE=25\r\nB=2\r\n'], ['the end without a line break', 'A=1\nSHARE=10', 'A=1\nSHARE=25'],
    ['double quotes', 'SHARE="10" # x\n', 'SHARE="25" # x\n'], ['single quotes', "\tSHARE = '10'\n", "\tSHARE = '25'\n"], ['export', 'export SHARE=10\n', 'export SHARE=25\n'],
    ['the same word elsewhere', '#SHARE=1\nMY_SHARE=1\nSHARED=1\nX="\nSHARE=1\n"\nSHARE=10\n', '#SHARE=1\nMY_SHARE=1\nSHARED=1\nX="\nSHARE=1\n"\nSHARE=25\n'],
    ['a line that goes on', 'A=1 \\\nSHARE=1 \\\nSHARE=2\nSHARE=10\n', 'A=1 \\\nSHARE=1 \\\nSHARE=2\nSHARE=25\n'], ['a lone quote of another value', "A=it's\nSHARE=10\n", "A=it's\nSHARE=25\n"],
  ])('%s', async (_, before, after) => {
    await writeFile(file, before);
    await chmod(file, 0o640);
    expect((await made().read(target(), context())).value).toBe(10);
    await made().write(target(), 25, 10, context());
    expect(await text()).toBe(after);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(await readdir(dir)).toEqual(['.env']);
  });
});

describe('a value', () => {
  const VALUES = ['v1.2', '1.10', '', 'a b', 'x#y', '#', 'say "hi"', '$HOME', '`date`', 'back\\slash', 'a=b&c', '~', '*', '!x', 'ünï', 'https://shop.example/a?b=c,d'];
  it.each([['bare', 'x'], ['double-quoted', '"x"'], ['single-quoted', "'x'"]])('put where a %s one stood is read alike by a shell and by Node, whatever is in it', async (_, old) => {
    for (const value of VALUES) {
      const written = withRawValue(`A=1\nSHARE=${old} # c\nB='2'\n`, 'SHARE', 'f', value);
      expect(parseEnv(written)).toEqual({ A: '1', SHARE: value, B: '2' });
      await writeFile(file, written);
      const shell = spawnSync('/bin/sh', ['-c', '. "$0"; printf "%s|%s|%s" "$A" "$SHARE" "$B"', file], { encoding: 'utf8', env: {} });
      expect(shell.stdout).toBe(`1|${value}|2`);
      expect(rawValue(written, 'SHARE', 'f')).toBe(value);
    }
  });

  it('is a number where it is written as one, and what the plan says where it says so', async () => {
    const read = async (raw: string, as?: string): Promise<unknown> => { await writeFile(file, `SHARE=${raw}\n`); return (await made().read(target(as === undefined ? {} : { as }), context())).value; };
    expect([await read('10'), await read('"-2.5"'), await read('1.10'), await read('010'), await read('v2'), await read('10', 'text'), await read('1.10', 'number')]).toEqual([10, -2.5, '1.10', '010', 'v2', '10', 1.1]);
    expect(await failure(read('v2', 'number'))).toMatchObject({ code: 'ENV_VALUE_NO_NUMBER', name: 'TargetRefused' });
  });

  it.each([
    ["'10' as text", '10', {}, /say `as: text`/], ['a number as text', 10, { as: 'text' }, /write it in quotes/], ['text as a number', 'x', { as: 'number' }, /says number/], ['a single quote', "it's", {}, /single quote/],
    ['a line break', 'a\nb', {}, /control character/], ['no plain number', 1e21, {}, /plain number/], ['not a number', Number.NaN, {}, /plain number/],
  ])('that would not be read back as it was written is refused with the plan, and by the write: %s', async (_, value, more, problem) => {
    await writeFile(file, 'SHARE=1\n');
    expect(made().check(target(more), [value]).join()).toMatch(problem);
    expect(await failure(made().write(target(more), value as TargetValue, null, context()))).toMatchObject({ code: 'VALUE_REFUSED', name: 'TargetRefused' });
    expect(await text()).toBe('SHARE=1\n');
  });
});

describe('a file that readers would not all read alike is refused:', () => {
  it.each([
    ['no such key', 'OTHER=1\n# SHARE=1\n', 'ENV_KEY_MISSING'], ['twice', 'SHARE=1\nSHARE=2\n', 'ENV_KEY_TWICE'], ['a variable', 'SHARE=$OTHER\n', 'ENV_VALUE_NOT_PLAIN'], ['a variable in quotes', 'SHARE="${OTHER}"\n', 'ENV_VALUE_NOT_PLAIN'],
    ['an escape', 'SHARE=a\\nb\n', 'ENV_VALUE_NOT_PLAIN'], ['two pieces', 'SHARE="a"b\n', 'ENV_VALUE_NOT_PLAIN'], ['two words', 'SHARE=a b\n', 'ENV_VALUE_NOT_PLAIN'], ['a sign of comment at once', 'SHARE=#1\n', 'ENV_VALUE_NOT_PLAIN'],
    ['a command', 'SHARE=`date`\n', 'ENV_VALUE_NOT_PLAIN'], ['two lines', 'SHARE="1\n2"\n', 'ENV_VALUE_NOT_PLAIN'], ['one that goes on', 'SHARE=1\\\n2\n', 'ENV_VALUE_NOT_PLAIN'],
  ])('%s', async (_, content, code) => {
    await writeFile(file, content);
    for (const call of [() => made().read(target(), context()), () => made().write(target(), 25, null, context()), () => made().verify(target(), 25, context())]) expect(await failure(call())).toMatchObject({ code, name: 'TargetRefused', transient: false });
    expect(await text()).toBe(content);
  });
  it('missing', async () => { expect(await failure(made().read(target(), context()))).toMatchObject({ code: 'FILE_MISSING' }); });
});

describe('without a command', () => {
  it('the file is all there is, and verifying says that nothing shows who has read it', async () => {
    await writeFile(file, ENV(10));
    await made().write(target(), 25, 10, context());
    expect(await made().verify(target(), 25, context())).toContain('nothing shows who has read it');
    expect(await failure(made().verify(target(), 50, context()))).toMatchObject({ code: 'TARGET_UNVERIFIED', name: 'TargetUnverified' });
  });

  it('a second writer is told, and two writers of two keys lose nothing', async () => {
    await writeFile(file, 'SHARE=10\nB=1\n');
    await writeFile(file, 'SHARE=50\nB=1\n');
    expect(await failure(made().write(target(), 25, 10, context()))).toMatchObject({ code: 'TARGET_CHANGED', name: 'TargetConflict', message: expect.stringContaining('is 50, not 10') });
    await Promise.all([made().write(target(), 25, 50, context()), made().write(target({ key: 'B' }), 2, 1, context())]);
    expect(await text()).toBe('SHARE=25\nB=2\n');
    await writeFile(lockPath(file), JSON.stringify({ pid: 1, host: 'another-host', process: 'x', startedAt: null, token: 'x' }));
    expect(await failure(made().write({ ...target(), writeTimeoutMs: 200 }, 50, 25, context()))).toMatchObject({ code: 'FILE_LOCKED', name: 'TargetUnreachable' });
  });
});

describe('with a command that follows', () => {
  it('a plan without a way to find out what is in force is refused', () => {
    expect(made().check(target({ then: 'restart' }), []).join()).toMatch(/`then` needs a `verify`/);
    expect(made().check(target({ then: 'restart "{value}"', verify: 'true' }), []).join()).toMatch(/then: .*inside quotes/);
    expect(made().check(target({ key: 'NOT A KEY' }), []).join()).toMatch(/key/);
  });

  it('a write that was killed before the command did anything is read as what is in force, and finished by the next', async () => {
    const one = await world();
    try {
      await one.trouble('kill');
      expect(await writeInProcess(one.dir, 'env-file', one.target, 25)).toMatchObject({ signal: 'SIGKILL' });
      await one.trouble('');
      expect(await one.provider.read(one.target, context())).toMatchObject({ value: 10, unsettled: true, detail: expect.stringContaining('a write of 25 is under way or was cut short') });
      expect(await failure(one.provider.verify(one.target, 25, context()))).toMatchObject({ name: 'TargetUnverified', message: expect.stringContaining('cut short') });
      await one.provider.write(one.target, 25, 10, context());
      expect([await one.seen(), await one.changes()]).toEqual([25, 1]);
      expect(await one.provider.read(one.target, context())).toEqual({ value: 25, detail: expect.any(String) });
      // what was cut short does not count as somebody else's change, also for another value
      await one.trouble('kill');
      expect(await writeInProcess(one.dir, 'env-file', one.target, 50)).toMatchObject({ signal: 'SIGKILL' });
      await one.trouble('');
      await one.provider.write(one.target, 75, 25, context());
      expect(await one.seen()).toBe(75);
      expect((await readdir(one.dir)).filter((name) => name.includes('.tidegate'))).toEqual([]);
    } finally { await one.end(); }
  });

  it('a write that was killed after the command took effect is read as that, and taken back by an undo', async () => {
    const one = await world();
    try {
      await one.trouble('kill-after');
      expect(await writeInProcess(one.dir, 'env-file', one.target, 25)).toMatchObject({ signal: 'SIGKILL' });
      await one.trouble('');
      expect(await one.provider.read(one.target, context())).toMatchObject({ value: 25, unsettled: true });
      await one.provider.write(one.target, 10, null, context());
      expect([await one.seen(), (await one.provider.read(one.target, context())).value]).toEqual([10, 10]);
    } finally { await one.end(); }
  });

  it('a cut-short write of which neither value is shown to be in force cannot be told, and an undo still goes out', async () => {
    const one = await world();
    try {
      await one.trouble('cut-off');
      expect(await failure(one.provider.write(one.target, 25, 10, context()))).toMatchObject({ code: 'COMMAND_FAILED', name: 'TargetUnreachable' });
      await one.deceive(25);
      expect(await failure(one.provider.read(one.target, context()))).toMatchObject({ code: 'CUT_SHORT', name: 'TargetUnreachable', message: expect.stringContaining('neither 25 nor 10') });
      await one.trouble('');
      await one.provider.write(one.target, 10, null, context());
      expect(await one.seen()).toBe(10);
    } finally { await one.end(); }
  });

  it('one that may not run, or that refuses, leaves the file as it was', async () => {
    const one = await world();
    try {
      const before = await readFile(join(one.dir, '.env'), 'utf8');
      await one.refuse();
      for (const [provider, code] of [[one.provider, 'COMMAND_REFUSED'], [made(['systemctl']), 'COMMAND_NOT_ALLOWED']] as const) {
        expect(await failure(provider.write(one.target, 25, 10, context()))).toMatchObject({ code, name: 'TargetRefused' });
        expect(await readFile(join(one.dir, '.env'), 'utf8')).toBe(before);
        expect((await readdir(one.dir)).filter((name) => name.includes('tidegate'))).toEqual([]);
      }
    } finally { await one.end(); }
  });

  it('its words are kept for the record without the secrets put in', async () => {
    await writeFile(file, 'SHARE=10\n');
    const kept: string[] = [];
    const given = target({ then: 'echo "token $TOKEN and put-in-1234"', verify: 'echo "$TOKEN"; test "$TIDEGATE_VALUE" = 25', env: { TOKEN: 'token-1234' } });
    const told = { ...context({ keep: (line) => { kept.push(line); } }), secrets: ['put-in-1234'] };
    await made().write(given, 25, 10, told);
    expect(await made().verify(given, 25, told)).toContain('passed: ***');
    const error = await failure(made().verify({ ...given, settings: { ...given.settings, verify: 'echo put-in-1234 $TOKEN >&2; exit 1' } }, 25, told));
    expect(JSON.stringify([kept, String(error), error])).toContain('token *** and ***');
    expect(JSON.stringify([kept, String(error), error, (error as Error).stack])).not.toMatch(/token-1234|put-in-1234/);
  });
});

it('the manual of env-file shows settings that are sound', async () => {
  const page = await readFile(new URL('../../docs/providers/env-file.md', import.meta.url), 'utf8');
  for (const [, yaml] of page.matchAll(/```yaml\n(.*?)```/gs)) for (const one of Object.values((parse(yaml!) as { targets: Record<string, { 'env-file': TargetRef['settings'] }> }).targets)) expect(made().check(ref(one['env-file']), [])).toEqual([]);
});
