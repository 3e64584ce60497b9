// Provides what the suites need before vitest starts, only what is missing and never a running service: from Debian (as root on Debian), and the
// Unleash server from npm into the cache. Where it cannot, the suites are skipped by name with the reason left here for global.ts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { debianPackages, findProgram, unleashAsOf, unleashFolder, unleashPackages } from './programs.js';

const resultFile = 'node_modules/.cache/tidegate/provision.json';
const missing = (Object.keys(debianPackages) as (keyof typeof debianPackages)[]).filter((program) => findProgram(program) === null);
const why = missing.length === 0 ? null : install([...new Set(missing.map((program) => debianPackages[program]))]);
const unleash = findProgram('unleash') === null ? installUnleash() : null;
mkdirSync(dirname(resultFile), { recursive: true });
writeFileSync(resultFile, JSON.stringify({ why, unleash }));

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

/** Into a folder beside its place and then renamed: what stands there is whole. Its packages' own install scripts are not needed and not run. */
function installUnleash(): string | null {
  process.stderr.write(`provision: installing ${unleashPackages.join(', ')} into ${unleashFolder()}\n`);
  mkdirSync(dirname(unleashFolder()), { recursive: true });
  const folder = mkdtempSync(`${unleashFolder()}.`);
  writeFileSync(`${folder}/package.json`, JSON.stringify({ name: 'tidegate-test-unleash', private: true }));
  const args = ['install', '--prefix', folder, `--before=${unleashAsOf}`, '--ignore-scripts', '--omit=dev', '--omit=optional', '--save-exact', '--no-audit', '--no-fund', '--loglevel=error', ...unleashPackages];
  const ended = spawnSync('npm', args, { cwd: folder, env: { ...process.env, SCARF_ANALYTICS: 'false' }, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 300_000 });
  let problem = ended.status === 0 ? null : `npm could not install the Unleash server: ${(ended.stderr ?? '').split('\n').find((line) => /^npm error (?!code )/.test(line)) || ended.error?.message || `exit code ${ended.status}`}`;
  if (problem === null) {
    // another checkout may have been quicker
    try { renameSync(folder, unleashFolder()); } catch (error) { if (findProgram('unleash') === null) problem = `the Unleash server could not be put into the cache: ${(error as Error).message}`; }
  }
  rmSync(folder, { recursive: true, force: true });
  return problem;
}
