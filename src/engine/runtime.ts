// The Temporal SDK's runtime: one a process, set up before the first native connection. Its logs go to our log, its metrics to an endpoint
// on the loopback that /metrics passes on. Used by worker.ts (the engine's), the stack and nothing else.
import { Runtime } from '@temporalio/worker';
import { temporalLogger, type Log } from '../log/log.js';
import { freePort } from './server.js';

export interface InstalledRuntime {
  /** The SDK's own metrics in the Prometheus text format; empty with a comment when the endpoint does not answer. */
  metrics(): Promise<string>;
}

let installed: Promise<InstalledRuntime> | null = null;

/** Safe to call again: the first call's log and settings stay. */
export function installRuntime(log: Log): Promise<InstalledRuntime> {
  installed ??= install(log);
  return installed;
}

async function install(log: Log): Promise<InstalledRuntime> {
  const port = await freePort();
  if (Runtime._instance !== undefined) {
    // A process that rehearsed before has its runtime, and there can be no second one.
    log.warn('the Temporal SDK was set up before: its logs and metrics are not ours');
    return { metrics: async () => "# the SDK's own metrics are missing: it was set up before the worker\n" };
  }
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      metrics: { prometheus: { bindAddress: `127.0.0.1:${port}`, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true } },
    },
    // Who ends the process decides that, in one place: worker.ts or the command that started the stack.
    shutdownSignals: [],
  });
  return {
    metrics: async () => {
      try {
        const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(2_000) });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        return await answer.text();
      } catch (error) {
        return `# the SDK's own metrics are missing: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`;
      }
    },
  };
}
