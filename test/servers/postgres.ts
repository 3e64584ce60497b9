// A PostgreSQL of this test's own: initdb in a temporary folder, one free port on 127.0.0.1, durable (fsync on), gone at the end.
// `postgresMissing()` says by name why it cannot be had; with CI set nothing is skipped and the start fails with that reason instead.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

export interface Postgres {
  readonly port: number;
  /** `postgres://…` of a database made for the caller, empty */
  createDatabase(): Promise<string>;
  /** SIGINT and start again on the same folder and port; open connections are cut */
  restart(): Promise<void>;
  /** SIGKILL of the postmaster and of every session, as a crash: the next `start` recovers from the log */
  kill(): Promise<void>;
  /** no effect on one that runs */
  start(): Promise<void>;
  /** stops the server and removes its folder */
  stop(): Promise<void>;
}

/** null when a server can be started here; otherwise the reason for a skip's title */
export function postgresMissing(): string | null {
  if (binaries() !== null || process.env.CI !== undefined) return null;
  return 'no PostgreSQL binaries (initdb, postgres) in /usr/lib/postgresql/*/bin, pg_config --bindir or PATH';
}

/** @throws Error naming what is missing, or with the server's last words */
export async function startPostgres(): Promise<Postgres> {
  const bin = binaries();
  if (bin === null) throw new Error('PostgreSQL cannot be started: install its server package (initdb, postgres)');
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-pg-'));
  const data = join(folder, 'data');
  const as = unprivileged();
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid!);
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'tidegate', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'], as);
  const port = await freePort();
  const url = (database: string): string => `postgres://tidegate:tidegate@127.0.0.1:${port}/${database}`;
  let server: ChildProcess | null = null;
  let words = '';

  const start = async (): Promise<void> => {
    if (server !== null && server.exitCode === null && server.signalCode === null) return;
    words = '';
    const started = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'shared_buffers=32MB', '-c', 'max_connections=100'], { ...as, stdio: ['ignore', 'ignore', 'pipe'] });
    started.stderr.on('data', (chunk: Buffer) => { words = (words + chunk.toString()).slice(-4_000); });
    server = started;
    await until(async () => {
      if (started.exitCode !== null) throw new Error(`postgres ended with ${started.exitCode}:\n${words}`);
      return answers(url('postgres'));
    }, 20_000, () => `postgres to answer on ${port}:\n${words}`);
  };
  const end = async (signal: 'SIGINT' | 'SIGKILL'): Promise<void> => {
    const ended = server;
    server = null;
    if (ended === null || ended.exitCode !== null || ended.signalCode !== null) return;
    const gone = new Promise((resolve) => { ended.once('exit', resolve); });
    // a session outlives the postmaster for a moment and may even answer once more; a crash leaves nobody
    const sessions = signal === 'SIGKILL' ? await childrenOf(ended.pid!) : [];
    ended.kill(signal);
    await gone;
    for (const session of sessions) try { process.kill(session, 'SIGKILL'); } catch { /* gone with its postmaster */ }
  };

  await start();
  return {
    port,
    start,
    createDatabase: async () => {
      const name = `t_${randomBytes(6).toString('hex')}`;
      await query(url('postgres'), `create database ${name}`);
      return url(name);
    },
    restart: async () => { await end('SIGINT'); await start(); },
    kill: () => end('SIGKILL'),
    stop: async () => { await end('SIGINT'); rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }); },
  };
}

async function childrenOf(parent: number): Promise<readonly number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
  return stdout.trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number)).filter(([, of]) => of === parent).map(([pid]) => pid!);
}

/** Direct SQL on its own connection, for what a test does behind the product's back. */
export async function query<Row extends pg.QueryResultRow>(url: string, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined); // a server that goes down while we are connected; the query's own promise tells
  await client.connect();
  try { return (await client.query<Row>(sql, parameters)).rows; } finally { await client.end(); }
}

async function answers(url: string): Promise<boolean> {
  try { await query(url, 'select 1'); return true; } catch { return false; } // 'not yet' is the answer; the caller has the limit
}

function binaries(): string | null {
  const root = '/usr/lib/postgresql';
  const debian = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)).map((version) => join(root, version, 'bin')) : [];
  return [...debian, ...configured(), ...(process.env.PATH ?? '').split(':')].find((bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres'))) ?? null;
}

function configured(): readonly string[] {
  try { return [execFileSync('pg_config', ['--bindir'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim()]; } catch { return []; } // not installed: one place less to look
}

/** PostgreSQL refuses to run as root */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  try {
    const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString());
    return { uid: id('-u'), gid: id('-g') };
  } catch { return { uid: 65534, gid: 65534 }; } // no such user: nobody will do
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => { probe.listen(0, '127.0.0.1', resolve); });
  const address = probe.address();
  await new Promise((resolve) => { probe.close(resolve); });
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function until(condition: () => Promise<boolean>, limitMs: number, what: () => string): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms for ${what()}`);
    await pause(25);
  }
}
