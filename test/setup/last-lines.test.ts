// The last lines of a test run, in a run of its own: what failed and each skipped suite by name with its reason, then the count; in CI a skip fails.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tidegate-last-lines-'));
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(join(root, 'node_modules/vitest'), join(dir, 'node_modules/vitest'));
  writeFileSync(join(dir, 'vitest.config.mjs'), `export default { test: { pool: 'forks', reporters: ['default', ${JSON.stringify(join(root, 'test/setup/last-lines.ts'))}] } };`);
  writeFileSync(join(dir, 'a.test.ts'), `import { describe, expect, test } from 'vitest';
test('fine', () => expect(1).toBe(1));
test('a suite that needs a server', (context) => context.skip('server: not on this machine'));
describe('two', () => { test('x', (context) => context.skip('no network')); test('y', (context) => context.skip('no network')); test.skip('z', () => {}); });`);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function run(env: NodeJS.ProcessEnv): { readonly code: number | null; readonly last: readonly string[] } {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'CI' && !name.startsWith('VITEST')));
  const ended = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', dir], { env: { ...clean, ...env }, encoding: 'utf8' });
  return { code: ended.status, last: ended.stdout.trim().split('\n') };
}
const skips = ['skipped: a.test.ts > a suite that needs a server: server: not on this machine', 'skipped: a.test.ts > two (2 tests): no network', 'skipped: a.test.ts > two: no reason given'];

test('a skipped suite is named with its reason before the plain count, and does not fail a person\'s run', () => {
  const { code, last } = run({});
  expect(last.slice(-4)).toEqual([...skips, '1 passed, 0 failed, 4 skipped']);
  expect(code).toBe(0);
});

test('in CI a skip fails the run, and says so', () => {
  const { code, last } = run({ CI: 'true' });
  expect(last.slice(-5)).toEqual([...skips, 'CI=true: a skipped suite is a failure.', '1 passed, 0 failed, 4 skipped']);
  expect(code).toBe(1);
});

test('what failed is named with the first line of its reason, even where the rest of the log is lost', () => {
  writeFileSync(join(dir, 'b.test.ts'), `import { describe, expect, test } from 'vitest'; describe('outer', () => { test('wrong', () => expect('one', 'a log\\nof many lines').toBe('two')); });`);
  try {
    const { code, last } = run({});
    expect(last.slice(-5)).toEqual(['failed: b.test.ts > outer > wrong: a log', ...skips, '1 passed, 1 failed, 4 skipped']);
    expect(code).toBe(1);
  } finally { rmSync(join(dir, 'b.test.ts')); }
});

test('a suite whose preparation failed is a failure with its reason, not a skip without one', () => {
  writeFileSync(join(dir, 'b.test.ts'), `import { beforeAll, describe, test } from 'vitest'; describe('outer', () => { beforeAll(() => { throw new Error('no server came up'); }); test('never tried', () => {}); });`);
  try {
    const { code, last } = run({});
    expect(last).toContain('failed: b.test.ts > outer: no server came up');
    expect(last.at(-1)).toBe('1 passed, 1 failed, 5 skipped');
    expect(code).toBe(1);
  } finally { rmSync(join(dir, 'b.test.ts')); }
});
