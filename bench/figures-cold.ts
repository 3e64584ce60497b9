// A command from cold: a process for each, beside a bare node that does nothing.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../src/engine/package-root.js';
import { ms, percentile, ratioOf, type Row } from './measuring.js';

export function cold(times: number): Row[] {
  const root = packageRoot();
  const medianOf = (args: readonly string[]): number => percentile(Array.from({ length: times }, () => {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr.slice(0, 500)}`);
    return performance.now() - startedAt;
  }), 0.5);
  const cli = join(root, 'bin/tidegate.js');
  const bare = medianOf(['-e', '0']);
  const row = (what: string, args: readonly string[], reach: string): Row => { const took = medianOf([cli, ...args]); return { what, measured: ms(took), floor: `${ms(bare)} (node -e 0)`, ratio: ratioOf(took, bare), reach, note: `median of ${times}` }; };
  return [row('tidegate validate examples/batch-patches.yaml, cold', ['validate', join(root, 'examples/batch-patches.yaml')], '< 300 ms'), row('tidegate --help, cold', ['--help'], '< 150 ms')];
}
