// Bundles flag-writer.ts into one file that any user may read, and starts it. Neighbours: flagd-file.test.ts.
import { build } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Everything in one file, so that it runs outside the repository and as another user; some packages in it ask for modules by `require`. */
export async function buildFlagWriter(dir: string): Promise<string> {
  const outfile = join(dir, 'flag-writer.mjs');
  const require = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({ entryPoints: [fileURLToPath(new URL('./flag-writer.ts', import.meta.url))], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', banner: { js: require }, logLevel: 'error' });
  await chmod(outfile, 0o755);
  return outfile;
}

export interface FlagWriter { readonly process: ChildProcess; readonly lines: readonly string[]; readonly ended: Promise<number | NodeJS.Signals> }

export function startFlagWriter(bundle: string, args: readonly string[], options: { readonly uid?: number; readonly fileSizeBlocks?: number } = {}): FlagWriter {
  const command = options.fileSizeBlocks === undefined ? [process.execPath, bundle, ...args] : ['/bin/sh', '-c', `ulimit -f ${options.fileSizeBlocks}; exec "$0" "$@"`, process.execPath, bundle, ...args];
  const child = spawn(command[0] as string, command.slice(1), { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'], ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }) });
  const lines: string[] = [];
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => { const parts = (rest + chunk.toString()).split('\n'); rest = parts.pop() ?? ''; lines.push(...parts); });
  const ended = once(child, 'close').then(([code, signal]) => (code as number | null) ?? (signal as NodeJS.Signals));
  return { process: child, lines, ended };
}
