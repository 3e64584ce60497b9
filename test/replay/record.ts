// `npm run record-histories`: carries the kept stories out and writes their histories down. For a release that changes the workflow: histories
// of releases before stay as they are, a new one is added beside them.
//   npm run record-histories [-- NAME …]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { temporal } from '@temporalio/proto';
import { packageRoot } from '../../src/engine/package-root.js';
import { rehearse } from '../../src/engine/rehearsal.js';
import { stories } from './stories.js';

const root = packageRoot();
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const wanted = process.argv.slice(2);
const dir = join(root, 'test/replay/histories', version);
mkdirSync(dir, { recursive: true });

for (const { name, plan, scenario, cadenceMs, maxHistoryEvents } of stories) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const made = await rehearse(readFileSync(join(root, plan), 'utf8'), { file: plan, scenario: scenario === '' ? null : { text: scenario, file: name }, cadenceMs, keepHistory: true, ...(maxHistoryEvents === undefined ? {} : { maxHistoryEvents }) });
  const text = historyToJSON(made.history as temporal.api.history.v1.IHistory);
  const packed = gzipSync(text, { level: 9 });
  writeFileSync(join(dir, `${name}.json.gz`), packed);
  process.stdout.write(`${name}: ${made.outcome}, ${made.historyEvents} events, ${Math.round(text.length / 1024)} KiB, packed ${Math.round(packed.length / 1024)} KiB\n`);
}
process.exit(0);
