// Provides what the suites need and Debian can give, before vitest starts: only as root on Debian, only what is missing, never a running
// service. Elsewhere, and when it fails, the suites are skipped by name with the reason left here for global.ts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { debianPackages, findProgram } from './programs.js';

const resultFile = 'node_modules/.cache/tidegate/provision.json';
const missing = (Object.keys(debianPackages) as (keyof typeof debianPackages)[]).filter((program) => findProgram(program) === null);
const why = missing.length === 0 ? null : install([...new Set(missing.map((program) => debianPackages[program]))]);
mkdirSync(dirname(resultFile), { recursive: true });
writeFileSync(resultFile, JSON.stringify({ why }));

function install(packages: readonly string[]): string | null {
  if (!existsSync('/etc/debian_version')) return `not a Debian system; install ${packages.join(', ')} yourself`;
  if (process.getuid?.() !== 0) return `not root; as root: apt-get install --no-install-recommends ${packages.join(' ')}`;
  process.stderr.write(`provision: installing ${packages.join(', ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update', '-q'], ['install', '-q', '-y', '--no-install-recommends', ...packages]]) {
    const ended = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 300_000 });
    if (ended.status !== 0) return `apt-get ${args[0]} failed: ${(ended.stderr ?? '').trim().split('\n').at(-1) || ended.error?.message || `exit code ${ended.status}`}`;
  }
  return null;
}
