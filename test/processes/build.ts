// Builds the programs that the process tests start, from the sources as they are: the worker, the worker with its activities in our hand
// (struck-activities.ts), and the command line.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');

export interface Programs { readonly worker: string; readonly struckWorker: string; readonly cli: string }

export async function buildPrograms(): Promise<Programs> {
  // Inside node_modules: packages resolve from there, and the package's root is found by going up.
  const dir = join(root, 'node_modules/.cache/tidegate', `processes-${process.pid}`);
  mkdirSync(dir, { recursive: true });
  const one = async (entry: string, name: string, struck: boolean): Promise<string> => {
    const outfile = join(dir, `${name}.mjs`);
    await build({
      entryPoints: [join(root, entry)], outfile, bundle: true, packages: 'external', format: 'esm', platform: 'node', target: 'node20', logLevel: 'warning', define: { 'process.env.TIDEGATE_VERSION': '"test"' },
      plugins: struck ? [{ name: 'struck', setup(b) { b.onResolve({ filter: /activities\/index\.js$/ }, ({ importer }) => (importer.endsWith('src/engine/worker.ts') ? { path: join(import.meta.dirname, 'struck-activities.ts') } : undefined)); } }] : [],
    });
    return outfile;
  };
  const [worker, struckWorker, cli] = await Promise.all([one('worker.ts', 'worker', false), one('worker.ts', 'struck-worker', true), one('src/cli/main.ts', 'cli', false)]);
  return { worker, struckWorker, cli };
}
