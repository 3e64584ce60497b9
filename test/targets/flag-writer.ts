// A worker's hand as a process of its own, to be killed, starved of disk or run as somebody else: `FILE FLAG ROUNDS VALUE…` writes the values in
// turn and prints each; before each it looks whether its last one still stands. Bundled and started by flag-writer-process.ts.
import { createFlagd } from '../../src/targets/flagd.js';

// without a listener the kernel ends a process that exceeds its file size; with one the write fails, as on a full disk
process.on('SIGXFSZ', () => undefined);

const [file, flag, rounds, ...values] = process.argv.slice(2) as [string, string, string, ...string[]];
const flagd = createFlagd();
const target = { id: 'writer', settings: { file, flag }, writeTimeoutMs: 20_000 };
const context = { signal: new AbortController().signal, key: 'k', keep: () => undefined };

try {
  let last: number | null = null;
  for (let round = 0; round < Number(rounds); round++) {
    const value = Number(values[round % values.length]);
    const { value: stands } = await flagd.read(target, context);
    if (last !== null && stands !== last) { process.stdout.write(`lost ${last}, found ${stands}\n`); process.exit(1); }
    await flagd.write(target, value, null, context);
    last = value;
    process.stdout.write(`wrote ${value}\n`);
  }
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code ?? 'UNKNOWN'} ${(error as Error).name} ${(error as Error).message}\n`);
  process.exit(2);
}
