// The one place that starts a child process: bounded in time and output, a process group of its own, an environment that holds nothing by
// accident. Used by src/targets/command.ts, src/sources and activities/ (checks, ladder steps). What may run: ./allow.ts.
import { spawn, type ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { FinalError, TransientError } from '../errors.js';
import { isAllowed, type AllowedCommands } from './allow.js';
import { BoundedOutput } from './output.js';

export interface CommandRun {
  /** text: given to `/bin/sh -c` exactly as it stands, nothing is put into it; a list: program and arguments, no shell */
  readonly run: string | readonly string[];
  /** from the start to SIGTERM for the whole process group; SIGKILL follows `graceMs` later */
  readonly timeoutMs: number;
  /** default 2,000 */
  readonly graceMs?: number;
  /** null or absent: the working directory of this process */
  readonly cwd?: string | null;
  /** put on top of INHERITED; the rest of this process's environment is not handed on, since it holds the worker's own secrets */
  readonly env?: Readonly<Record<string, string>>;
  /** kills the process group with SIGKILL at once: what was aborted must not take effect a moment later */
  readonly signal?: AbortSignal;
  readonly allow: AllowedCommands;
  /** bytes kept of each stream, its beginning and its end; default 65,536 */
  readonly keepBytes?: number;
}

export interface CommandResult {
  /** null: it did not end by itself (time limit, abort, signal) */
  readonly exitCode: number | null;
  /** the signal that ended it, e.g. 'SIGKILL'; null: it exited */
  readonly killedBy: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** something in the middle of stdout or stderr was left out */
  readonly truncated: boolean;
  readonly timedOut: boolean;
  readonly aborted: boolean;
  readonly durationMs: number;
}

/** It was not started, and repeating cannot help: COMMAND_NOT_ALLOWED, COMMAND_NOT_FOUND, COMMAND_NO_DIRECTORY, COMMAND_BAD. */
export class CommandRefused extends FinalError {}
/** It could not be started for want of a resource: COMMAND_NOT_STARTED. Nothing ran. */
export class CommandNotStarted extends TransientError {}

/** What a child gets of this process's environment. Everything else is given by the plan, by name. */
export const INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'HOSTNAME'] as const;

/** How long output is still read after the command itself has ended, if something it left behind keeps the pipe open. */
const DRAIN_MS = 250;
/** How long a killed group may take to disappear before we stop waiting for it (a zombie nobody reaps would last for ever). */
const GONE_MS = 1_000;

/**
 * Runs one command to its end. A failing command is a result, not an error. When it timed out or was aborted, the promise settles only after
 * its process group is gone.
 * @throws CommandRefused not on the allow-list, no such program or directory; nothing ran
 * @throws CommandNotStarted the machine could not start it now; nothing ran
 */
export async function runCommand(command: CommandRun): Promise<CommandResult> {
  const shown = commandName(command.run);
  if (shown === '') throw new CommandRefused({ code: 'COMMAND_BAD', what: 'the command is empty.', todo: 'Give a program to run.' });
  if (!isAllowed(command.run, command.allow)) {
    throw new CommandRefused({
      code: 'COMMAND_NOT_ALLOWED', where: `command '${shown}'`, what: "it is not on this worker's list of allowed commands.",
      means: 'It was not run.', todo: 'Add its program or the whole line to the allow-list of the worker that should run it.',
    });
  }
  if (command.signal?.aborted === true) return { exitCode: null, killedBy: null, stdout: '', stderr: '', truncated: false, timedOut: false, aborted: true, durationMs: 0 };
  await requireDirectory(command.cwd ?? null, shown);

  const startedAt = performance.now();
  const child = start(command);
  const stdout = new BoundedOutput(command.keepBytes ?? 65_536);
  const stderr = new BoundedOutput(command.keepBytes ?? 65_536);
  child.stdout?.on('data', (chunk: Buffer) => stdout.add(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.add(chunk));
  const ended = await awaitEnd(child, command, shown);
  return {
    exitCode: ended.timedOut || ended.aborted ? null : ended.exitCode, killedBy: ended.killedBy, stdout: stdout.text(), stderr: stderr.text(),
    truncated: stdout.truncated || stderr.truncated, timedOut: ended.timedOut, aborted: ended.aborted, durationMs: Math.round(performance.now() - startedAt),
  };
}

/** Only the program: arguments may hold secrets that were put in for this call. */
function commandName(run: string | readonly string[]): string {
  const text = typeof run === 'string' ? run.trim() : run[0] ?? '';
  const first = typeof run === 'string' ? text.split(/\s+/, 1)[0] ?? '' : text;
  const name = first.includes('=') ? first.slice(0, first.indexOf('=') + 1) : first;
  return name.slice(0, 60) + (typeof run === 'string' ? (text === name ? '' : ' …') : run.length > 1 ? ' …' : '');
}

/** A command as one line. Not for messages when secrets were put into it. */
export function commandText(run: string | readonly string[]): string {
  return typeof run === 'string' ? run : run.map((part) => (/^[\w@%+=:,./{}-]+$/.test(part) ? part : `'${part.replaceAll("'", `'\\''`)}'`)).join(' ');
}

function start(command: CommandRun): ChildProcess {
  const env: Record<string, string> = {};
  for (const name of INHERITED) { const value = process.env[name]; if (value !== undefined) env[name] = value; }
  Object.assign(env, command.env ?? {});
  const [program, args]: [string, readonly string[]] = typeof command.run === 'string' ? ['/bin/sh', ['-c', command.run]] : [command.run[0] ?? '', command.run.slice(1)];
  try {
    // detached: the child leads a group of its own, so that its children can be killed with it
    return spawn(program, args, { cwd: command.cwd ?? undefined, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (cause) {
    throw startError(cause as NodeJS.ErrnoException, commandName(command.run));
  }
}

interface End { readonly exitCode: number | null; readonly killedBy: string | null; readonly timedOut: boolean; readonly aborted: boolean }

async function awaitEnd(child: ChildProcess, command: CommandRun, shown: string): Promise<End> {
  let timedOut = false;
  let aborted = false;
  const timers: NodeJS.Timeout[] = [];
  const abort = (): void => { aborted = true; killGroup(child, 'SIGKILL'); };
  try {
    const ended = new Promise<{ exitCode: number | null; killedBy: string | null }>((resolve, reject) => {
      child.once('error', (cause) => { if (child.pid === undefined) reject(startError(cause as NodeJS.ErrnoException, shown)); });
      child.once('exit', (exitCode, killedBy) => {
        const done = (): void => resolve({ exitCode, killedBy });
        child.once('close', done);
        timers.push(setTimeout(done, DRAIN_MS));
      });
    });
    if (child.pid !== undefined) remember(child.pid);
    timers.push(setTimeout(() => {
      timedOut = true;
      killGroup(child, 'SIGTERM');
      timers.push(setTimeout(() => killGroup(child, 'SIGKILL'), command.graceMs ?? 2_000));
    }, command.timeoutMs));
    command.signal?.addEventListener('abort', abort, { once: true });
    if (command.signal?.aborted === true) abort();
    const end = await ended;
    // its leader may have obeyed SIGTERM while a grandchild did not: the group, not the leader, has to be gone
    if (timedOut && !aborted) await untilGone(child, command.graceMs ?? 2_000);
    if (timedOut || aborted) { killGroup(child, 'SIGKILL'); await untilGone(child, GONE_MS); }
    return { ...end, timedOut, aborted };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    command.signal?.removeEventListener('abort', abort);
    child.stdout?.destroy();
    child.stderr?.destroy();
    if (child.pid !== undefined) living.delete(child.pid);
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try { process.kill(-child.pid, signal); } catch { /* the group is gone already: what we wanted */ }
}

async function untilGone(child: ChildProcess, limitMs: number): Promise<void> {
  const until = performance.now() + limitMs;
  while (child.pid !== undefined && performance.now() < until) {
    try { process.kill(-child.pid, 0); } catch { return; }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// A group of its own does not get the terminal's Ctrl-C, so an ending process takes its commands along.
const living = new Set<number>();
let exitHooked = false;
function remember(pid: number): void {
  living.add(pid);
  if (exitHooked) return;
  exitHooked = true;
  process.once('exit', () => { for (const group of living) { try { process.kill(-group, 'SIGKILL'); } catch { /* gone already */ } } });
}

async function requireDirectory(cwd: string | null, shown: string): Promise<void> {
  if (cwd === null) return;
  const found = await stat(cwd).catch(() => null); // any error means: not usable as a directory, which is what is said below
  if (found?.isDirectory() === true) return;
  throw new CommandRefused({ code: 'COMMAND_NO_DIRECTORY', where: `command '${shown}'`, what: `its directory '${cwd}' does not exist on this host.`, means: 'It was not run.', todo: "Correct 'cwd', or run it on the host that has it ('on')." });
}

function startError(cause: NodeJS.ErrnoException, shown: string): Error {
  const where = `command '${shown}'`;
  if (cause.code === 'ENOENT' || cause.code === 'EACCES' || cause.code === 'ENOTDIR') {
    return new CommandRefused({ code: 'COMMAND_NOT_FOUND', where, what: cause.code === 'EACCES' ? 'the program may not be executed.' : 'there is no such program on this host.', means: 'It was not run.', todo: 'Install it, give its full path, or run the command on the host that has it.', cause });
  }
  return new CommandNotStarted({ code: 'COMMAND_NOT_STARTED', where, what: `it could not be started (${cause.code ?? cause.message}).`, means: 'Nothing ran; it will be tried again.', todo: 'If it goes on, look at memory and process limits of this host.', cause });
}
