// Runs one TypeScript file of this repository under Node 20, which cannot: `node build/run-ts.mjs FILE [ARGS…]`. For scripts of the
// repository itself (provisioning, bench); what users start is built by build.mjs.
import { mkdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) { process.stderr.write('usage: node build/run-ts.mjs FILE [ARGS…]\n'); process.exit(1); }
const root = fileURLToPath(new URL('..', import.meta.url));
// Inside node_modules: packages resolve from there, and `packageRoot()` finds its way up.
const dir = join(root, 'node_modules/.cache/tidegate');
mkdirSync(dir, { recursive: true });
const out = join(dir, `${basename(file, '.ts')}-${process.pid}.mjs`);
await build({ entryPoints: [resolve(file)], outfile: out, bundle: true, packages: 'external', format: 'esm', platform: 'node', target: 'node20', sourcemap: 'inline', logLevel: 'warning' });
process.on('exit', () => rmSync(out, { force: true }));
process.argv = [process.argv[0], resolve(file), ...args];
await import(pathToFileURL(out).href);
