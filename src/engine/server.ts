// The embedded Temporal server: `temporal server start-dev` on a file, so that everything is there again after a crash or a reboot. It
// dies with the process that started it, however that ends. Which program: binaries.ts; who starts it: stack.ts and the tests.
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { FinalError } from '../errors.js';
import { searchAttributes } from '../../workflows/messages.js';
import { locate } from './binaries.js';
import { clientInterceptors } from './connection.js';
import { registerSearchAttributes } from './search-attributes.js';

export interface DevServerOptions {
  /** the server's whole memory; null: in memory, gone at its end */
  readonly dbFile: string | null;
  /** 0 or left out: any free port */
  readonly port?: number;
  /** 0 or left out: any free port; null: no web UI */
  readonly uiPort?: number | null;
  readonly namespace?: string;
  /** names of Keyword attributes; default: all of a rollout's */
  readonly searchAttributes?: readonly string[];
  /** the server's own log; null: thrown away */
  readonly logFile?: string | null;
  /** the program; default: found by binaries.ts */
  readonly program?: string;
  readonly dynamicConfig?: Readonly<Record<string, string | number | boolean>>;
  readonly report?: (line: string) => void;
}
export interface DevServer {
  /** HOST:PORT for clients and workers */
  readonly address: string;
  readonly uiAddress: string | null;
  pid(): number;
  /** settles when the process has ended, with why in words */
  readonly ended: Promise<string>;
  /** SIGTERM, then SIGKILL after 10 s; safe to repeat */
  stop(): Promise<void>;
}

const healthyWithinMs = 30_000;
/**
 * Run by sh: the server takes the shell's place (one process, its pid is the child's), and a watcher ends it when descriptor 3 closes,
 * which the system does for us even when we are killed.
 */
const dieWithParent = 'me=$$; (while read -r _ <&3; do :; done; kill -TERM $me) >/dev/null 2>&1 & exec 3<&-; exec "$@"';

/** @throws FinalError SERVER_NOT_STARTED with the end of the server's log; BINARY_NOT_FOUND */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const program = options.program ?? (await locate('cli', options.report === undefined ? {} : { report: options.report })).path;
  const port = options.port || await freePort();
  const uiPort = options.uiPort === null ? null : options.uiPort || await freePort();
  const address = `127.0.0.1:${port}`;
  for (const file of [options.dbFile, options.logFile]) if (file) mkdirSync(dirname(file), { recursive: true });

  const args = [
    'server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), ...(uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']),
    '--namespace', options.namespace ?? 'default', ...(options.dbFile === null ? [] : ['--db-filename', options.dbFile]),
    // Timers are up to a second late without it: what a person does would act late, and rollouts of seconds would take minutes.
    ...Object.entries({ 'history.timerProcessorMaxTimeShift': '10ms', ...options.dynamicConfig }).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${JSON.stringify(value)}`]),
    ...(options.searchAttributes ?? searchAttributes).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    '--log-level', 'warn', '--log-format', 'json',
  ];
  const log = options.logFile ? openSync(options.logFile, 'a') : null;
  // Settings of clients are not meant for the server.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
  const child = spawn('/bin/sh', ['-c', dieWithParent, 'sh', program, ...args], { stdio: ['ignore', log ?? 'ignore', log ?? 'ignore', 'pipe'], detached: true, env });
  if (log !== null) closeSync(log);
  const ended = endOf(child);

  const server: DevServer = { address, uiAddress: uiPort === null ? null : `http://127.0.0.1:${uiPort}`, pid: () => child.pid ?? 0, ended, stop: () => stop(child, ended) };
  try {
    await untilHealthy(address, options.namespace ?? 'default', ended, options.searchAttributes === undefined);
  } catch (error) {
    await server.stop();
    throw new FinalError({
      code: 'SERVER_NOT_STARTED', where: `${program} on port ${port}`, what: `the embedded Temporal server did not start: ${error instanceof Error ? error.message : String(error)}.${tailOf(options.logFile)}`,
      means: 'Nothing runs; what was in its file is untouched.', todo: options.logFile ? `Its log is ${options.logFile}; a port in use can be changed, or TEMPORAL_ADDRESS set to another server.` : 'Start it with a log file to see more.', cause: error,
    });
  }
  return server;
}

/** A port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => { if (address !== null && typeof address === 'object') resolve(address.port); });
    });
  });
}

async function untilHealthy(address: string, namespace: string, ended: Promise<string>, register: boolean): Promise<void> {
  let died: string | null = null;
  void ended.then((why) => { died = why; });
  const deadline = Date.now() + healthyWithinMs;
  let last: unknown = null;
  while (Date.now() < deadline) {
    if (died !== null) throw new Error(died);
    const connection = Connection.lazy({ address, connectTimeout: 1_000, interceptors: clientInterceptors() });
    try {
      await connection.withDeadline(Date.now() + 1_000, () => connection.workflowService.describeNamespace({ namespace }));
      // A file of an older Tidegate may lack an attribute that this one writes.
      if (register) await connection.withDeadline(Date.now() + 5_000, () => registerSearchAttributes(connection, namespace));
      return;
    } catch (error) {
      last = error;
      await pause(50);
    } finally {
      await connection.close();
    }
  }
  throw new Error(`it is not healthy after ${healthyWithinMs / 1000} s (${last instanceof Error ? last.message : String(last)})`);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      signalGroup(child, 'SIGKILL'); // the watcher, before the descriptor it reads is closed
      (child.stdio[3] as { destroy?: () => void } | null)?.destroy?.();
      resolve(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`);
    });
  });
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  const limit = setTimeout(() => signalGroup(child, 'SIGKILL'), 10_000);
  await ended;
  clearTimeout(limit);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch { /* nobody of the group is left, which is what was wanted */ }
}

function tailOf(logFile: string | null | undefined): string {
  if (!logFile) return '';
  try {
    const lines = readFileSync(logFile, 'utf8').trim().split('\n').slice(-3).join('\n').slice(-1_500);
    return lines === '' ? '' : ` Its last words:\n${lines}\n`;
  } catch { return ''; /* no log, nothing to quote */ }
}
