// The embedded stack of `tidegate up` and `npm start`: a Temporal server on a file in the home directory (unless TEMPORAL_ADDRESS names
// one), a worker, health and metrics, in this process. Stopping keeps everything; the next start goes on. Parts: server.ts, worker.ts.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import type { Ports } from '../../activities/ports.js';
import { FinalError } from '../errors.js';
import { createLog } from '../log/log.js';
import { startDevServer, type DevServer } from './server.js';
import { readSettings, runningStack, stackFileOf, type Settings, type StackFile } from './settings.js';
import { startWorker } from './worker.js';

export { startWorker };

export interface StackOptions {
  /** default: process.env; TIDEGATE_HOME is overruled by `home` */
  readonly env?: NodeJS.ProcessEnv;
  /** default: TIDEGATE_HOME, else ./.tidegate */
  readonly home?: string;
  /** `fixed` (default): 7233, 8233 and TIDEGATE_HTTP, each another free one where it is taken, and said so; `free`: any free ones (tests, `npm start`) */
  readonly ports?: 'fixed' | 'free';
  readonly onProgress?: (line: string) => void;
  /** where the terminal channel writes; default: standard error */
  readonly terminal?: NodeJS.WritableStream;
}
export interface RunningStack {
  readonly client: Client;
  readonly settings: Settings;
  readonly ports: Ports;
  readonly address: string;
  readonly namespace: string;
  /** the web UI of the embedded server; null: none, or another server is used */
  readonly ui: string | null;
  /** http://HOST:PORT of health and metrics; null: switched off */
  readonly http: string | null;
  /** http://HOST:PORT of the inbound listener; null: switched off */
  readonly inbound: string | null;
  /** where the journal lies, without a password */
  readonly journal: string;
  /** the environment another tidegate, or the `temporal` CLI, needs to find this stack */
  readonly env: Readonly<Record<string, string>>;
  /** settles with the reason when a part of it ends by itself; never after `stop` */
  readonly died: Promise<string>;
  /** Lets running attempts end, then stops worker and server. Safe to repeat. */
  stop(): Promise<void>;
}

/**
 * @throws FinalError STACK_RUNNING when another process runs the stack of this home; SETTINGS_INVALID; what server.ts and worker.ts throw
 */
export async function startStack(options: StackOptions = {}): Promise<RunningStack> {
  const report = options.onProgress ?? (() => {});
  const env = { ...(options.env ?? process.env), ...(options.home === undefined ? {} : { TIDEGATE_HOME: options.home }) };
  const read = readSettings(env);
  refuseSecond(read.home);
  mkdirSync(read.home, { recursive: true });

  const server = read.temporal.addressFrom === 'configured' ? null : await embedded(read, options.ports ?? 'fixed', report);
  let worker;
  try {
    if (server === null) report(`using Temporal at ${read.temporal.address}`);
    const settings: Settings = {
      ...read,
      temporal: server === null ? read.temporal : { ...read.temporal, address: server.address, addressFrom: 'home' },
      http: read.http === null ? null : { ...read.http, port: options.ports === 'free' ? 0 : await freeOr(read.http.port, 'health and metrics', report) },
      // Where senders were told to send, nothing else will do: a port that is taken is refused.
      inbound: read.inbound === null || options.ports !== 'free' ? read.inbound : { ...read.inbound, at: { ...read.inbound.at, port: 0 } },
    };
    // The screen belongs to the command that runs the stack; its log goes to a file.
    const log = createLog({ level: settings.logLevel, out: pino.destination({ dest: join(read.home, 'worker.log'), mkdir: true, sync: true }) });
    worker = await startWorker({ settings, log, env, ...(options.terminal === undefined ? {} : { terminal: options.terminal }) });
    report(`worker started${worker.httpAddress === null ? '' : `, health and metrics at ${worker.httpAddress}`}${worker.inboundAddress === null ? '' : `, taking requests at ${worker.inboundAddress}`}`);
    if (worker.flagdSyncAddress !== null) report(`flag files are served to flagd providers at ${worker.flagdSyncAddress}`);
    const stackFile: StackFile = { address: settings.temporal.address, uiAddress: server?.uiAddress ?? null, httpAddress: worker.httpAddress, pid: process.pid };
    writeStackFile(read.home, stackFile);
    return running({ settings, server, worker });
  } catch (error) {
    await worker?.stop();
    await server?.stop();
    throw error;
  }
}

function running({ settings, server, worker }: { readonly settings: Settings; readonly server: DevServer | null; readonly worker: Awaited<ReturnType<typeof startWorker>> }): RunningStack {
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => stopping ??= (async () => {
    rmSync(stackFileOf(settings.home), { force: true });
    await worker.stop();
    await server?.stop();
  })();
  const died = new Promise<string>((resolve) => {
    const tell = (why: string): void => { if (stopping === null) resolve(why); };
    void server?.ended.then((why) => tell(`the embedded Temporal server: ${why}; its log is ${join(settings.home, 'temporal.log')}`));
    worker.ended.then(() => tell('the worker ended'), (error: unknown) => tell(`the worker: ${error instanceof Error ? error.message : String(error)}`));
  });
  return {
    client: worker.client, settings, ports: worker.ports, address: settings.temporal.address, namespace: settings.temporal.namespace, ui: server?.uiAddress ?? null, http: worker.httpAddress, inbound: worker.inboundAddress,
    journal: settings.journal.kind === 'sqlite' ? settings.journal.file : withoutPassword(settings.journal.url),
    env: { TEMPORAL_ADDRESS: settings.temporal.address, TEMPORAL_NAMESPACE: settings.temporal.namespace, TIDEGATE_HOME: settings.home },
    died, stop,
  };
}

async function embedded(settings: Settings, ports: 'fixed' | 'free', report: (line: string) => void): Promise<DevServer> {
  const fixed = ports === 'fixed';
  const server = await startDevServer({
    dbFile: join(settings.home, 'temporal.db'), logFile: join(settings.home, 'temporal.log'), namespace: settings.temporal.namespace,
    port: fixed ? await freeOr(7233, 'Temporal', report) : 0, uiPort: fixed ? await freeOr(8233, "Temporal's web UI", report) : 0, report,
  });
  report(`Temporal started at ${server.address}, its web UI at ${server.uiAddress}`);
  return server;
}

function refuseSecond(home: string): void {
  const other = runningStack(home);
  if (other === null || other.pid === process.pid) return;
  throw new FinalError({ code: 'STACK_RUNNING', where: home, what: `process ${other.pid} runs the stack of this home already (Temporal at ${other.address}).`, means: 'Two servers on one file would spoil it; nothing was started.', todo: 'Use the one that runs, stop it with Ctrl-C, or give another TIDEGATE_HOME.' });
}

/** 0 means any free one: what listens at a wanted port is not ours to end. */
async function freeOr(port: number, what: string, report: (line: string) => void): Promise<number> {
  if (port === 0 || !(await isTaken(port))) return port;
  report(`port ${port} is taken: ${what} takes another`);
  return 0;
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
    const answer = (taken: boolean) => () => { socket.destroy(); resolve(taken); };
    socket.once('connect', answer(true)).once('timeout', answer(true)).once('error', answer(false));
  });
}

function writeStackFile(home: string, stack: StackFile): void {
  const file = stackFileOf(home);
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(stack));
  renameSync(`${file}.${process.pid}`, file);
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return 'postgres';
  const shown = new URL(url);
  shown.password = '';
  for (const name of [...shown.searchParams.keys()]) if (/pass/i.test(name)) shown.searchParams.delete(name);
  return shown.href;
}
