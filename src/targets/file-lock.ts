// One writer at a time for a file that several rollouts may edit: an exclusive lock file beside it, which a dead holder does not block.
// Used by ./replace-file.ts. It keeps Tidegate's own writers apart; hand editors are noticed by the check before the rename.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Held for milliseconds as a rule; a lock of another host, whose processes we cannot see, counts as left behind after this. */
const FOREIGN_STALE_MS = 60_000;
/** A lock file without readable content: its writer died between creating and filling it, if it stays so. */
const EMPTY_STALE_MS = 5_000;
const POLL_MS = 10;

/** Tells this process from an earlier one with the same number, as containers have after every restart. */
const THIS_PROCESS = randomUUID();

interface Holder { readonly pid: number; readonly host: string; readonly process: string; readonly startedAt: string | null; readonly token: string }

export interface FileLock {
  /** false: somebody took it for left behind; what was guarded must not be done any more */
  held(): boolean;
  release(): void;
}

/** Where the lock of `path` is. */
export function lockPath(path: string): string { return join(dirname(path), `.${basename(path)}.tidegate.lock`); }

/**
 * Waits for the lock of `path`. null: not had within `waitMs`, or `signal` fired.
 * @throws the file system's own error when the lock cannot be created at all (EACCES, EROFS, ENOENT, ENOSPC …)
 */
export async function lockFile(path: string, waitMs: number, signal: AbortSignal): Promise<FileLock | null> {
  const file = lockPath(path);
  const holder: Holder = { pid: process.pid, host: hostname(), process: THIS_PROCESS, startedAt: processStart(process.pid), token: randomUUID() };
  const until = performance.now() + waitMs;
  while (!signal.aborted) {
    if (tryCreate(file, holder)) {
      const held = (): boolean => readHolder(file)?.token === holder.token;
      return { held, release: () => { if (held()) rmSync(file, { force: true }); } };
    }
    breakIfLeftBehind(file);
    if (performance.now() > until) return null;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return null;
}

function tryCreate(file: string, holder: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') rmSync(file, { force: true }); // created, but not filled
    throw error;
  }
}

function readHolder(file: string): Holder | null {
  try { return JSON.parse(readFileSync(file, 'utf8')) as Holder; } catch { return null; } // gone or half written: nobody's
}

function breakIfLeftBehind(file: string): void {
  const holder = readHolder(file);
  const ageMs = age(file);
  if (ageMs === null || !isLeftBehind(holder, ageMs)) return;
  // Two waiters may find the same corpse: moved aside first, so that neither removes the other's fresh lock unseen
  const aside = `${file}.${randomUUID()}`;
  try { renameSync(file, aside); } catch { return; } // another waiter was faster
  const moved = readHolder(aside);
  if (moved?.token !== holder?.token && moved !== null) { try { writeFileSync(file, JSON.stringify(moved), { flag: 'wx' }); } catch { /* its holder notices by held() and does not go on */ } }
  rmSync(aside, { force: true });
}

function age(file: string): number | null {
  try { return Date.now() - statSync(file).mtimeMs; } catch { return null; } // released meanwhile
}

function isLeftBehind(holder: Holder | null, ageMs: number): boolean {
  if (holder === null) return ageMs > EMPTY_STALE_MS;
  if (holder.host !== hostname()) return ageMs > FOREIGN_STALE_MS;
  if (holder.pid === process.pid) return holder.process !== THIS_PROCESS;
  try { process.kill(holder.pid, 0); } catch (error) { if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true; }
  const startedAt = processStart(holder.pid);
  return startedAt !== null && holder.startedAt !== null && startedAt !== holder.startedAt;
}

/** When a process was started, in the kernel's own counting; null where there is no /proc (macOS), where the number alone has to do. */
function processStart(pid: number): string | null {
  // the name in parentheses may hold spaces, so fields are counted from its end; the 22nd of the line is the start
  try { return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? null; } catch { return null; }
}
