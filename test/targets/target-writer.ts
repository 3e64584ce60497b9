// A worker's hand as a process of its own, to be killed or run as somebody else: `PROVIDER TARGET VALUE` writes once. Bundled and started by
// target-writer-process.ts.
import { createHttpClient } from '../../src/http/client.js';
import { createTargets, lastWrittenInMemory, MemoryTargets } from '../../src/targets/index.js';
import type { TargetProvider, TargetRef } from '../../src/targets/port.js';

const [name, target, value] = process.argv.slice(2) as [string, string, string];
try {
  const provider = createTargets({ http: createHttpClient(), allowCommands: 'any', memory: new MemoryTargets({ now: () => Date.now() }), lastWritten: lastWrittenInMemory() })[name] as TargetProvider;
  await provider.write(JSON.parse(target) as TargetRef, JSON.parse(value) as string | number, null, { signal: new AbortController().signal, key: 'k', keep: () => undefined });
  process.stdout.write('wrote\n');
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code ?? 'UNKNOWN'} ${(error as Error).name} ${(error as Error).message}\n`);
}
