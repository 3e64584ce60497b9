// A worker as a process of its own: settings from the environment, then what src/engine/worker.ts puts together (connection → ports →
// worker), then waiting. SIGTERM and SIGINT let running attempts end; a second one ends at once.
import { readSettings } from './src/engine/settings.js';
import { startWorker } from './src/engine/worker.js';
import { TidegateError } from './src/errors.js';
import { createLog } from './src/log/log.js';

async function main(): Promise<void> {
  const settings = readSettings();
  const log = createLog({ level: settings.logLevel, name: 'tidegate-worker' });
  const worker = await startWorker({ settings, log });
  let asked = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      log.info({ signal, graceMs: settings.shutdownGraceMs }, 'stopping: no new work, running attempts may end');
      void worker.stop();
    });
  }
  await worker.ended;
  await worker.stop();
  log.info('stopped');
}

main().then(() => process.exit(0), (error: unknown) => {
  process.stderr.write(`tidegate worker: ${error instanceof TidegateError ? `${error.code}: ${error.message}` : error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
