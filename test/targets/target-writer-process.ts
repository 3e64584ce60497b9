// Bundles target-writer.ts into one file that any user may read, and runs it to its end. Beside it: flag-writer-process.ts, which writes many times.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TargetValue } from '../../src/plan/types.js';
import type { TargetRef } from '../../src/targets/port.js';

export interface Written { readonly signal: NodeJS.Signals | null; readonly said: string }

/** One write by a process of its own. @param dir where the bundle is put */
export async function writeInProcess(dir: string, provider: string, target: TargetRef, value: TargetValue, uid?: number): Promise<Written> {
  const outfile = join(dir, '.target-writer.mjs');
  const require = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({ entryPoints: [fileURLToPath(new URL('./target-writer.ts', import.meta.url))], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', banner: { js: require }, logLevel: 'error' });
  await chmod(outfile, 0o755);
  const child = spawn(process.execPath, [outfile, provider, JSON.stringify(target), JSON.stringify(value)], { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'], ...(uid === undefined ? {} : { uid, gid: uid }) });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  const [, signal] = await once(child, 'close') as [number | null, NodeJS.Signals | null];
  return { signal, said };
}
