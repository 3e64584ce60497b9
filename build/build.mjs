// Builds everything that runs from dist/: the grammar's parser, the programs (esbuild) and the workflow bundles (webpack, by the SDK).
// An entry that does not exist is skipped with a line. Workflow bundling: workflow-bundle.mjs. TypeScript without a build: run-ts.mjs.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildWorkflowBundles } from './workflow-bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** dist name → source; what npm's bin and scripts, Docker and the tests start. */
const programs = { cli: 'src/cli/main.ts', worker: 'worker.ts' };

/** Pure and small: read from one file instead of hundreds, which is what a quick `--help` is made of. All other dependencies stay outside. */
const bundled = new Set(['commander', 'yaml', 'zod', 'luxon', 'picocolors', 'fastest-levenshtein', 'cli-table3', 'log-update', 'prom-client']);

const startedAt = Date.now();
const say = (line) => process.stderr.write(`build: ${line}\n`);

if (manifest.scripts['build:grammar'] === undefined) say('no grammar yet, skipped');
else {
  const grammar = spawnSync('npm', ['run', '--silent', 'build:grammar'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (grammar.status !== 0) process.exit(grammar.status ?? 1);
}

mkdirSync(dist, { recursive: true });
// esbuild has said what is wrong; the other part is still worth having, and the run ends as failed.
await buildPrograms().catch(() => { process.exitCode = 1; say('the programs could not be built'); });
await buildWorkflowBundles({ root, dist, say });
say(`done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);

async function buildPrograms() {
  const entries = {};
  for (const [name, source] of Object.entries(programs)) {
    if (existsSync(join(root, source))) entries[name] = join(root, source);
    else say(`${source} does not exist, dist/${name}.js skipped`);
  }
  if (Object.keys(entries).length === 0) return;
  // Written beside dist and moved in file by file: a program that runs from dist while we build never meets half a file.
  const fresh = join(root, `dist/.fresh-${process.pid}`);
  try {
    await build({
      entryPoints: entries, outdir: fresh, bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20',
      external: Object.keys(manifest.dependencies).filter((name) => !bundled.has(name)).flatMap((name) => [name, `${name}/*`]),
      // Packages that still call require() (commander, yaml) need one in an ES module.
      banner: { js: "import { createRequire as tidegateRequire } from 'node:module'; const require = tidegateRequire(import.meta.url);" },
      define: { 'process.env.TIDEGATE_VERSION': JSON.stringify(manifest.version) },
      chunkNames: 'chunks/[name]-[hash]', sourcemap: 'linked', sourcesContent: false, minifySyntax: true, keepNames: true, legalComments: 'none', logLevel: 'warning',
    });
    const files = listFiles(fresh);
    // Chunks first, the entries that name them last.
    for (const file of files.sort((a, b) => Number(b.includes('/')) - Number(a.includes('/')))) {
      mkdirSync(dirname(join(dist, file)), { recursive: true });
      renameSync(join(fresh, file), join(dist, file));
    }
    removeOldChunks(new Set(files));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Chunks of builds before this one stay for an hour: a program started from them may still load one lazily. */
function removeOldChunks(current) {
  const chunks = join(dist, 'chunks');
  if (!existsSync(chunks)) return;
  for (const name of readdirSync(chunks)) {
    const path = join(chunks, name);
    if (current.has(`chunks/${name}`)) continue;
    if (Date.now() - statSync(path, { throwIfNoEntry: false })?.mtimeMs > 3_600_000) rmSync(path, { force: true });
  }
}

function listFiles(dir) {
  return readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => relative(dir, join(e.parentPath ?? e.path, e.name)));
}
