// The workflow bundles that workers load: one file each, bundled once here so that no worker start waits for webpack. A bundle is made
// again only when a file it is made of has changed. Called by build.mjs and, through test/setup, before every test run.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

/** dist name → sources. The rehearsal's bundle adds rehearsed people and events to the same rollout workflow, and spares its server what that cannot bear. */
export const workflowBundles = {
  'workflow-bundle.js': { source: 'workflows/index.ts', interceptors: [] },
  'rehearsal-bundle.js': { source: 'workflows/rehearsal/index.ts', interceptors: ['workflows/rehearsal/timers.ts'] },
};
/** Named in both bundles; workers load it for their own side too, by require(), so it is built as CommonJS. */
export const payloadConverter = 'src/engine/payload-converter.ts';

export async function buildWorkflowBundles({ root, dist, say }) {
  mkdirSync(dist, { recursive: true });
  if (existsSync(join(root, payloadConverter))) {
    const out = join(dist, 'payload-converter.cjs');
    await build({ entryPoints: [join(root, payloadConverter)], outfile: `${out}.${process.pid}`, bundle: true, packages: 'external', format: 'cjs', platform: 'node', target: 'node20', logLevel: 'warning' });
    renameSync(`${out}.${process.pid}`, out);
  }
  for (const [name, { source, interceptors }] of Object.entries(workflowBundles)) {
    if (!existsSync(join(root, source))) { say(`${source} does not exist, dist/${name} skipped`); continue; }
    const made = await buildWorkflowBundle({ root, source, interceptors, out: join(dist, name) });
    if (made !== null) say(`dist/${name}: ${Math.round(made / 1024)} KiB`);
  }
}

/** @returns the size in bytes, or null when the file on disk is made of exactly these sources */
export async function buildWorkflowBundle({ root, source, interceptors = [], out }) {
  const fingerprint = await fingerprintOf(root, [source, ...interceptors]);
  if (existsSync(out) && readFileSync(out, 'utf8').includes(mark(fingerprint))) return null;
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const converter = join(root, payloadConverter);
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, source), workflowInterceptorModules: interceptors.map((module) => join(root, module)),
    ...(existsSync(converter) ? { payloadConverterPath: converter } : {}),
    logger: new DefaultLogger('WARN'),
    // The SDK takes no bundle without an inlined source map; the sources themselves need not be in it.
    // Production without minifying: the SDK takes a child workflow's type from its function's name, errors carry their class's name, and
    // a stack trace in a stuck rollout should be readable. Module concatenation may rename functions too, so it is off.
    webpackConfigHook: (config) => ({ ...config, mode: 'production', devtool: 'inline-nosources-source-map', optimization: { ...config.optimization, minimize: false, concatenateModules: false } }),
  });
  const fresh = `${out}.${process.pid}`;
  // After the code and before its source map, so that the map's line numbers stay right.
  const end = code.lastIndexOf('//# sourceMappingURL=');
  writeFileSync(fresh, `${code.slice(0, end)}${mark(fingerprint)}\n${code.slice(end)}`);
  renameSync(fresh, out);
  return code.length;
}

const mark = (fingerprint) => `// made of ${fingerprint}`;

/** A hash over every file of ours that the bundle is made of, the SDK's version and this file. esbuild finds the files in milliseconds. */
async function fingerprintOf(root, sources) {
  const entries = [...sources, payloadConverter].map((source) => join(root, source)).filter((path) => existsSync(path));
  const { metafile } = await build({ entryPoints: entries, bundle: true, write: false, metafile: true, packages: 'external', platform: 'node', format: 'esm', outdir: root, absWorkingDir: root, logLevel: 'error' });
  const hash = createHash('sha256');
  for (const input of Object.keys(metafile.inputs).sort()) hash.update(input).update('\0').update(readFileSync(join(root, input))).update('\0');
  hash.update(readFileSync(new URL(import.meta.url)));
  hash.update(createRequire(import.meta.url)('@temporalio/worker/package.json').version);
  return hash.digest('hex').slice(0, 32);
}
