// The command as a process: streams and exit codes as a shell sees them, and what a verb loads. Timing is the bench's; here it is shown that
// nothing heavy can be loaded by what must be quick.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let dir: string;
let meta: Metafile;
const out = join(root, `node_modules/.cache/tidegate/cli-test-${process.pid}`);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tidegate-process-'));
  // as build/build.mjs bundles it, but for the packages, which stay outside so that their names can be seen
  const built = await build({ entryPoints: { cli: join(root, 'src/cli/main.ts') }, outdir: out, bundle: true, splitting: true, packages: 'external', format: 'esm', platform: 'node', target: 'node20', metafile: true, logLevel: 'warning' });
  meta = built.metafile;
});
afterAll(() => { rmSync(dir, { recursive: true, force: true }); rmSync(out, { recursive: true, force: true }); });

function run(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [join(out, 'cli.js'), ...args], { cwd: dir, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...env }, timeout: 30_000 });
}

/** Packages that are loaded when these modules are, dynamic imports left out. */
function packagesOf(...modules: string[]): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const outputs = Object.entries(meta.outputs);
  const visit = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const one of meta.outputs[name]?.imports ?? []) {
      if (one.kind === 'dynamic-import') continue;
      if (one.external === true) { if (!one.path.startsWith('node:')) found.add(one.path); } else visit(one.path);
    }
  };
  for (const module of modules) {
    const at = outputs.find(([, output]) => output.entryPoint?.endsWith(module));
    if (at === undefined) throw new Error(`${module} is no entry of a chunk`);
    visit(at[0]);
  }
  return found;
}

describe('what is loaded', () => {
  test('--help loads the command line and nothing else', () => {
    expect([...packagesOf('src/cli/main.ts')].sort()).toEqual(['commander', 'picocolors']);
  });
  test('validate loads no Temporal and no database', () => {
    const packages = [...packagesOf('src/cli/main.ts', 'src/cli/verbs/validate.ts', 'src/cli/plans-part.ts')];
    expect(packages).toContain('zod');
    expect(packages.filter((name) => /temporal|kysely|sqlite|^pg|pino|prom-client/.test(name))).toEqual([]);
  });
  test('journal and rollback --offline load no Temporal client', () => {
    const packages = [...packagesOf('src/cli/main.ts', 'src/cli/verbs/journal.ts', 'src/cli/journal-part.ts', 'src/cli/verbs/rollback.ts', 'src/cli/targets-part.ts')];
    expect(packages.filter((name) => /@temporalio\/(client|worker|testing)/.test(name))).toEqual([]);
  });
});

describe('as a shell sees it', () => {
  test('the version is that of the package', () => {
    expect(run(['--version'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
  });
  test('a usage error is exit 1 with everything on stderr', () => {
    const { status, stdout, stderr } = run(['stauts', 'x']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('status');
  });
  test('validate - reads standard input', () => {
    const { status, stdout } = spawnSync(process.execPath, [join(out, 'cli.js'), 'validate', '-'], { cwd: dir, encoding: 'utf8', input: 'rollout: x\n', timeout: 30_000 });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^<stdin>:1:1: .*owner/m);
  });
  test('without a server: the four answers on stderr, one JSON document on stdout, exit 1', () => {
    const { status, stdout, stderr } = run(['status', 'x', '--json'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect(status).toBe(1);
    expect(JSON.parse(stdout).error.code).toBe('TEMPORAL_UNREACHABLE');
    expect(stderr).toContain('127.0.0.1:1');
    expect(stderr).toContain('do ');
  });
  test('a wrong setting is named, never shown with a secret', () => {
    const { status, stderr } = run(['journal', 'x'], { TIDEGATE_JOURNAL: 'postgres://user:hunter2@[bad', TIDEGATE_LOG: 'loud' });
    expect(status).toBe(1);
    expect(stderr).toContain('TIDEGATE_LOG');
    expect(stderr).not.toContain('hunter2');
  });
  test('no colours and no escapes where nobody looks at a terminal', () => {
    // eslint-disable-next-line no-control-regex
    expect(run(['doctor']).stdout).not.toMatch(/\u001b/);
  });
  test('a journal that is not there is said to be missing, and not made', () => {
    const { status, stderr } = run(['journal', 'x']);
    expect(status).toBe(1);
    expect(stderr).toContain('There is no journal here');
  });
});
