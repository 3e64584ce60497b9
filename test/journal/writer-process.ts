// Starts writer.ts as child processes and reads what they acknowledged. Neighbours: conformance.ts, crash.test.ts.
// A child is ended by the test that started it; its lines are kept as they come, so that a kill loses nothing it had said.
import { build } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ChainHead } from '../../src/journal/port.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Bundles writer.ts; the file lies inside the project so that its packages are found. */
export async function buildWriter(): Promise<string> {
  const outfile = `${root}.cache/test-journal/writer-${process.pid}.mjs`;
  await build({ entryPoints: [`${root}test/journal/writer.ts`], outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' });
  return outfile;
}

export interface Writer {
  readonly process: ChildProcess;
  /** heads it acknowledged, in order */
  readonly acknowledged: readonly ChainHead[];
  /** every other line it printed, and its stderr */
  readonly said: readonly string[];
  /** resolves when it has acknowledged so many batches, or rejects when it ended before */
  acknowledgedAtLeast(count: number): Promise<void>;
  /** exit code, or the signal that ended it */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** A process that appends batches to `rollout` until it is killed or the chain has `last` entries. */
export function startWriter(file: string, options: { readonly url: string; readonly rollout: string; readonly last: number }): Writer {
  const child = spawn(process.execPath, [file, options.url, options.rollout, String(options.last)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const acknowledged: ChainHead[] = [];
  const said: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const match = /^(\d+) ([0-9a-f]{64})$/.exec(line);
    if (match === null) said.push(line); else acknowledged.push({ seq: Number(match[1]), hash: match[2]! });
    for (const look of waiting) look();
  });
  createInterface({ input: child.stderr }).on('line', (line) => { said.push(line); });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals); // 'close': after the last line was read
  return {
    process: child, acknowledged, said, ended,
    acknowledgedAtLeast: (count) => new Promise<void>((resolve, reject) => {
      const look = (): void => { if (acknowledged.length >= count) { waiting.delete(look); resolve(); } };
      waiting.add(look);
      look();
      void ended.then((end) => { reject(new Error(`the writer ended with ${end} after ${acknowledged.length} batches: ${said.join(' | ')}`)); });
    }),
  };
}
