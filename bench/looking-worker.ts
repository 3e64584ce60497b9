// Tidegate's worker as a process of its own that says when it polls and when it looks: to be killed by figures-worker.ts.
import { PassThrough } from 'node:stream';
import { readSettings } from '../src/engine/settings.js';
import { startWorker } from '../src/engine/worker.js';
import { createLog } from '../src/log/log.js';

const worker = await startWorker({ settings: readSettings(), log: createLog({ level: 'silent' }), terminal: new PassThrough().resume() });
process.stdout.write(`polls\n`);
process.on('disconnect', () => process.exit(0));
await worker.ended;
