// Proves what happens to a flag file in trouble: writers that are killed, two at once, hands at work, no right, no room, no file.
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { readdirSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFlagd } from '../../src/targets/flagd.js';
import { lockPath } from '../../src/targets/file-lock.js';
import type { TargetRef } from '../../src/targets/port.js';
import { replaceFile } from '../../src/targets/replace-file.js';
import { context } from './conformance.js';
import { buildFlagWriter, startFlagWriter } from './flag-writer-process.js';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let bundleDir: string;
let bundle: string;
beforeAll(async () => {
  bundleDir = await mkdtemp(join(tmpdir(), 'tidegate-writer-'));
  await chmod(bundleDir, 0o755);
  bundle = await buildFlagWriter(bundleDir);
});
afterAll(async () => { await rm(bundleDir, { recursive: true, force: true }); });

let dir: string;
let file: string;
beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'tidegate-flags-')); file = join(dir, 'flags.json'); await writeFile(file, FLAGS); });
afterEach(async () => { await rm(dir, { recursive: true, force: true }); });

const flagJson = (on: number, state = 'ENABLED'): string => `{ "state": "${state}", "variants": { "on": true, "off": false }, "defaultVariant": "off", "targeting": { "fractional": [{ "cat": [{ "var": "$flagd.flagKey" }, { "var": "userId" }] }, ["on", ${on}], ["off", ${100 - on}]] } }`;
const FLAGS = `{\n  // ours\n  "flags": {\n    "a": ${flagJson(10)},\n    "b": ${flagJson(10)},\n${Array.from({ length: 60 }, (_, i) => `    "other-${i}": ${flagJson(i)}`).join(',\n')}\n  }\n}\n`;

const flagd = createFlagd();
const target = (changes: Partial<TargetRef['settings']> = {}, writeTimeoutMs = 20_000): TargetRef => ({ id: 'a', settings: { file, flag: 'a', ...changes } as TargetRef['settings'], writeTimeoutMs });
const text = (): Promise<string> => readFile(file, 'utf8');
const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);
async function until(name: string, condition: () => boolean, limitMs = 20_000, everyMs = 2): Promise<void> {
  const end = Date.now() + limitMs;
  while (!condition()) { if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${name}`); await new Promise((r) => (everyMs === 0 ? setImmediate(r) : setTimeout(r, everyMs))); }
}

describe('a flag file whose writer is killed', () => {
  it('is the old one or the new one at every moment, and the next writer is not held up by what was left', async () => {
    let struckInTheMiddle = 0;
    for (let kill = 0; kill < 15; kill++) {
      const writer = startFlagWriter(bundle, [file, 'a', '100000', '10', '25']);
      await until('it writes', () => writer.lines.length >= 2);
      // with the lock in hand, with the new version half made, or right after it has said that it wrote
      const moment = (['.lock', '.tmp', null] as const)[kill % 3] ?? null;
      const said = writer.lines.length;
      await until('its moment has come', () => (moment === null ? writer.lines.length > said : readdirSync(dir).some((name) => name.endsWith(moment))), 20_000, 0);
      writer.process.kill('SIGKILL');
      expect(await writer.ended).toBe('SIGKILL');
      const left = (await readdir(dir)).filter((name) => name.startsWith('.'));
      if (left.length > 0) struckInTheMiddle++;
      const now = await text();
      expect([FLAGS, FLAGS.replace('["on", 10], ["off", 90]', '["on", 25], ["off", 75]')]).toContain(now);
      await flagd.write(target(), 10, null, context());
      expect(await text()).toBe(FLAGS);
    }
    expect(struckInTheMiddle).toBeGreaterThan(0); // else the kills proved nothing
    expect(await flagd.write(target(), 25, 10, context()).then(() => readdir(dir))).toEqual(['flags.json']);
  });

  it('two writers of two flags in one file lose no update', async () => {
    const writers = ['a', 'b'].map((flag, i) => startFlagWriter(bundle, [file, flag, '32', String(20 + i), '40', '60', String(80 + i)]));
    expect(await Promise.all(writers.map((writer) => writer.ended))).toEqual([0, 0]);
    for (const writer of writers) expect(writer.lines.filter((line) => line.startsWith('wrote'))).toHaveLength(32);
    expect(await text()).toBe(FLAGS.replace('"a": ' + flagJson(10), '"a": ' + flagJson(80)).replace('"b": ' + flagJson(10), '"b": ' + flagJson(81)));
    expect(await readdir(dir)).toEqual(['flags.json']);
  });
});

describe('a lock', () => {
  const held = (changes: object): Promise<void> => writeFile(lockPath(file), JSON.stringify({ pid: process.pid, host: hostname(), process: 'another', startedAt: null, token: 't', ...changes }));

  it('of a process that is dead, or that had our number before us, holds nobody up', async () => {
    for (const left of [{ pid: 2 ** 22 + 1 }, {}, { pid: process.ppid, startedAt: '1' }]) {
      await held(left);
      await flagd.write(target(), 25, null, context());
      await flagd.write(target(), 10, null, context());
    }
    await writeFile(lockPath(file), '');
    await utimes(lockPath(file), new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    await flagd.write(target(), 25, null, context());
    expect(await readdir(dir)).toEqual(['flags.json']);
  });

  it('of a living process, or fresh from another host, is waited for and then told', async () => {
    for (const holder of [{ pid: process.ppid }, { host: 'another-host', pid: 1 }]) {
      await held(holder);
      expect(await failure(flagd.write(target({}, 200), 25, 10, context()))).toMatchObject({ code: 'FILE_LOCKED', transient: true });
      expect(await text()).toBe(FLAGS);
    }
  });

  it('that was taken from its holder stops the holder: nothing is written on the strength of it', async () => {
    const error = await failure(replaceFile(file, (now) => { writeFileSync(lockPath(file), '{"token":"another"}'); return `${now} `; }, { signal: new AbortController().signal, waitMs: 1_000 }));
    expect(error).toMatchObject({ code: 'FILE_LOCKED' });
    expect(await text()).toBe(FLAGS);
  });
});

describe('a flag file edited by hand', () => {
  it('in mid-soak is drift: it reads as what the hand wrote, and a write that expected ours is a conflict', async () => {
    await flagd.write(target(), 25, 10, context());
    await writeFile(file, (await text()).replace('["on", 25], ["off", 75]', '["on", 5], ["off", 95]'));
    expect((await flagd.read(target(), context())).value).toBe(5);
    expect(await failure(flagd.write(target(), 50, 25, context()))).toMatchObject({ code: 'FLAG_CHANGED', name: 'TargetConflict', message: expect.stringContaining('stands at 5 %, not at 25 %') });
    expect((await flagd.read(target(), context())).value).toBe(5);
  });

  it('between our reading and our writing keeps both changes', async () => {
    let calls = 0;
    await replaceFile(file, (now) => {
      if (calls++ === 0) writeFileSync(file, now.replace('// ours', '// theirs'));
      return now.replace('["on", 10]', '["on", 11]');
    }, { signal: new AbortController().signal, waitMs: 1_000 });
    expect(calls).toBe(2);
    expect(await text()).toBe(FLAGS.replace('// ours', '// theirs').replace('["on", 10]', '["on", 11]'));
  });

  it('elsewhere than at its share is left as the hand wrote it, also when another flag is broken in meaning', async () => {
    await writeFile(file, FLAGS.replace(`"b": ${flagJson(10)},`, '"b": { "state": "??" }, // later'));
    await flagd.write(target(), 25, 10, context());
    expect(await text()).toContain('"b": { "state": "??" }, // later');
    expect((await flagd.read(target(), context())).value).toBe(25);
  });

  it('by an editor that saves in two steps is waited for; one that stays broken is refused', async () => {
    await writeFile(file, FLAGS.slice(0, 500));
    const reading = flagd.read(target(), context());
    setTimeout(() => { writeFileSync(file, FLAGS); }, 30);
    expect((await reading).value).toBe(10);
    await writeFile(file, FLAGS.slice(0, 500));
    for (const call of [() => flagd.read(target(), context()), () => flagd.write(target(), 25, null, context()), () => flagd.verify(target(), 10, context())]) {
      expect(await failure(call())).toMatchObject({ code: 'FLAG_FILE_CORRUPT', name: 'TargetRefused', message: expect.stringContaining('Repair the file') });
    }
    expect(await text()).toBe(FLAGS.slice(0, 500));
  });

  it('to DISABLED reads as 0: somebody switched it off', async () => {
    await writeFile(file, FLAGS.replace(flagJson(10), flagJson(10, 'DISABLED')));
    const reading = await flagd.read(target(), context());
    expect(reading).toMatchObject({ value: 0, detail: expect.stringContaining('switched off: state DISABLED') });
    expect(await flagd.verify(target(), 0, context())).toContain('0 of 10,000');
    expect(await failure(flagd.write(target(), 25, 10, context()))).toMatchObject({ code: 'FLAG_CHANGED', message: expect.stringContaining('switched off') });
    await flagd.write(target(), 0, null, context());
    expect(await text()).toBe(FLAGS.replace(flagJson(10), flagJson(0, 'DISABLED')));
    await flagd.write(target(), 10, null, context());
    expect(await text()).toBe(FLAGS);
  });

  it('to a rule that catches everybody is not read as the share that its weights state', async () => {
    await writeFile(file, FLAGS.replace('"targeting": { "fractional": [{ "cat": [{ "var": "$flagd.flagKey" }, { "var": "userId" }] }, ["on", 10], ["off", 90]] }', '"targeting": { "if": [true, "off", { "fractional": [{ "cat": [{ "var": "$flagd.flagKey" }, { "var": "userId" }] }, ["on", 10], ["off", 90]] }] }'));
    expect(await failure(flagd.read(target(), context()))).toMatchObject({ code: 'FLAG_NOT_UNDERSTOOD', message: expect.stringContaining('0 of 10,000') });
  });
});

describe('a flag file in trouble is refused or unreachable with what to do, and stays as it was:', () => {
  const refused = async (code: string, message: RegExp): Promise<void> => {
    for (const call of [() => flagd.read(target(), context()), () => flagd.write(target(), 25, null, context())]) expect(await failure(call())).toMatchObject({ code, name: 'TargetRefused', transient: false, message: expect.stringMatching(message) });
  };
  it('missing', async () => { await rm(file); await refused('FILE_MISSING', /no such file.*put the file back/); });
  it('a directory', async () => { await rm(file); await mkdir(file); await refused('FILE_MISSING', /not a file/); });
  it('not text', async () => { await writeFile(file, Buffer.from([0x7b, 0xff, 0xfe])); await refused('FILE_NOT_TEXT', /not UTF-8/); });
  it('without the flag', async () => { await writeFile(file, FLAGS.replace('"a":', '"aa":')); await refused('FLAG_MISSING', /no flag 'a'/); });

  const asAnother = isRoot ? { uid: NOBODY } : {};
  const trouble: readonly [string, () => Promise<void>, string, string][] = [
    ['read-only', async () => { await chmod(dir, 0o777); await chmod(file, 0o444); }, 'FILE_READ_ONLY TargetRefused', 'may not read or write it'],
    ['in a directory that may not be written', async () => { if (isRoot) await chown(file, NOBODY, NOBODY); await chmod(dir, 0o555); }, 'FILE_READ_ONLY TargetRefused', 'in which the new version is made'],
    ['not even readable', async () => { await chmod(dir, 0o777); await chmod(file, 0o000); }, 'FILE_READ_ONLY TargetRefused', 'may not read or write it'],
  ];
  it.each(trouble)('%s', async (_, prepare, code, message) => {
    await chmod(dir, 0o755);
    await prepare();
    const writer = startFlagWriter(bundle, [file, 'a', '1', '25'], asAnother);
    expect(await writer.ended).toBe(2);
    expect(writer.lines.join('\n')).toContain(code);
    expect(writer.lines.join('\n')).toContain(message);
    await chmod(dir, 0o755); await chmod(file, 0o644);
    expect(await text()).toBe(FLAGS);
    expect(await readdir(dir)).toEqual(['flags.json']);
  });

  it('on a full disk: the old version stays whole and no half one is left', async () => {
    expect(Buffer.byteLength(FLAGS)).toBeGreaterThan(8 * 1024);
    const writer = startFlagWriter(bundle, [file, 'a', '1', '25'], { fileSizeBlocks: 8 });
    expect(await writer.ended).toBe(2);
    expect(writer.lines[0]).toMatch(/^DISK_FULL TargetUnreachable .*Make room/);
    expect(await text()).toBe(FLAGS);
    expect(await readdir(dir)).toEqual(['flags.json']);
  });

  it.skipIf(!isRoot)('of an owner whom we could not give it back to', async () => {
    await chmod(dir, 0o777); await chmod(file, 0o666);
    const writer = startFlagWriter(bundle, [file, 'a', '1', '25'], { uid: NOBODY });
    expect(await writer.ended).toBe(2);
    expect(writer.lines[0]).toMatch(/^FILE_OWNER TargetRefused .*belongs to user 0/);
    expect(await text()).toBe(FLAGS);
    expect(await readdir(dir)).toEqual(['flags.json']);
  });
});

describe('a write of a flag file', () => {
  it('keeps mode and owner, and the symbolic link by which it was named', async () => {
    await chmod(file, 0o640);
    if (isRoot) await chown(file, NOBODY, NOBODY);
    const link = join(dir, 'link.json');
    await symlink('flags.json', link);
    await flagd.write(target({ file: link }), 25, 10, context());
    const after = await stat(file);
    expect([after.mode & 0o7777, after.uid]).toEqual([0o640, isRoot ? NOBODY : process.getuid?.()]);
    expect((await readdir(dir, { withFileTypes: true })).filter((one) => one.isSymbolicLink()).map((one) => one.name)).toEqual(['link.json']);
    expect((await flagd.read(target(), context())).value).toBe(25);
    expect(flagd.claimKey(target({ file: link }))).toBe(flagd.claimKey(target()));
  });

  it('that is aborted while the new version is made does not take effect, and leaves nothing behind', async () => {
    const abort = new AbortController();
    const error = await failure(replaceFile(file, (now) => { abort.abort(); return `${now} `; }, { signal: abort.signal, waitMs: 1_000 }));
    expect(error).toMatchObject({ code: 'ABORTED', name: 'TargetUnreachable' });
    expect(await text()).toBe(FLAGS);
    expect(await readdir(dir)).toEqual(['flags.json']);
  });

  it('of what a flag cannot hold is refused before the file is touched', async () => {
    for (const value of [-1, 100.5, 10.123, Number.NaN, 'half']) expect(await failure(flagd.write(target(), value, null, context()))).toMatchObject({ code: 'VALUE_REFUSED', name: 'TargetRefused' });
    expect(flagd.check(target(), [0, 100, 12.34, 0.01])).toEqual([]);
    expect(await text()).toBe(FLAGS);
  });
});
