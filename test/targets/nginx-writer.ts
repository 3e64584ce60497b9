// A worker's hand as a process of its own, to be killed or run as somebody else: `TARGET VALUE` writes once. Bundled and started by nginx.test.ts.
import { createHttpClient } from '../../src/http/client.js';
import { createNginx } from '../../src/targets/nginx.js';
import type { TargetRef } from '../../src/targets/port.js';

const [target, value] = process.argv.slice(2) as [string, string];
try {
  await createNginx({ http: createHttpClient(), allowCommands: 'any' }).write(JSON.parse(target) as TargetRef, Number(value), null, { signal: new AbortController().signal, key: 'k', keep: () => undefined });
  process.stdout.write('wrote\n');
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code ?? 'UNKNOWN'} ${(error as Error).name} ${(error as Error).message}\n`);
}
