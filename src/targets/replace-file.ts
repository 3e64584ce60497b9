// Replaces a file as a whole: a reader sees the old or the new content, never a part, also when this process is killed or the disk is full.
// Used by ./flagd.ts, ./nginx.ts and ./file-and-command.ts. The lock is ./file-lock.ts.
import { constants, renameSync, rmSync, statSync, type BigIntStats } from 'node:fs';
import { access, open, readdir, realpath, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { lockFile, type FileLock } from './file-lock.js';
import { TargetRefused, TargetUnreachable } from './port.js';

/** How often a file that a hand changes while we write is read again before we give up for this time. */
const TRIES = 10;

/**
 * @param path a symbolic link is followed and stays
 * @param change the new text for the text found, null: leave it. Called again when somebody changes the file meanwhile; what it throws ends all
 * @throws TargetRefused FILE_MISSING, FILE_READ_ONLY, FILE_OWNER, FILE_NOT_TEXT, FILE_MOUNTED: nothing was changed
 * @throws TargetUnreachable DISK_FULL, FILE_LOCKED, FILE_BUSY, ABORTED: nothing was changed; FILE_TROUBLE: read back before deciding
 */
export async function replaceFile(path: string, change: (text: string) => string | null, options: { readonly signal: AbortSignal; readonly waitMs: number }): Promise<'changed' | 'unchanged'> {
  try {
    const real = await realpath(path);
    // a rename would replace a file that is marked read-only, so the mark is asked for
    await access(real, constants.W_OK);
    const lock = await lockFile(real, options.waitMs, options.signal);
    if (lock === null) throw options.signal.aborted ? aborted(path) : locked(path, options.waitMs);
    try {
      await removeLeftovers(real);
      return await replaceLocked({ path, real, change, lock, signal: options.signal });
    } finally { lock.release(); }
  } catch (error) { throw fileError(path, error); }
}

/** The text of a file. @throws as replaceFile, for reading */
export async function readText(path: string): Promise<string> { return (await readTextAndStats(path)).text; }

/** The text and what the file system says of the very same file. @throws as readText */
export async function readTextAndStats(path: string): Promise<{ readonly text: string; readonly stats: BigIntStats }> {
  try { return await readWithStats(path); } catch (error) { throw fileError(path, error); }
}

interface Job { readonly path: string; readonly real: string; readonly change: (text: string) => string | null; readonly lock: FileLock; readonly signal: AbortSignal }

async function replaceLocked({ path, real, change, lock, signal }: Job): Promise<'changed' | 'unchanged'> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = await readWithStats(real);
    const text = change(before.text);
    if (text === null || text === before.text) return 'unchanged';
    const temporary = join(dirname(real), `.${basename(real)}.tidegate-${process.pid}-${randomUUID()}.tmp`);
    let renamed = false;
    try {
      await writeTemporary(path, temporary, text, before.stats);
      // From here to the rename nothing is awaited: an abort, a lost lock or a changed file cannot come between the question and the act
      if (signal.aborted) throw aborted(path);
      if (!lock.held()) throw locked(path, 0);
      if (!isSame(statSync(real, { bigint: true }), before.stats)) continue;
      renameSync(temporary, real);
      renamed = true;
    } finally { if (!renamed) rmSync(temporary, { force: true }); }
    await syncDirectory(dirname(real));
    return 'changed';
  }
  throw new TargetUnreachable({ code: 'FILE_BUSY', where: path, what: `somebody changed it each of the ${TRIES} times we were about to.`, means: 'Nothing was changed by us; it will be tried again.', todo: 'If it goes on, find out which program keeps writing this file.' });
}

async function readWithStats(path: string): Promise<{ text: string; stats: BigIntStats }> {
  const file = await open(path, 'r');
  try {
    const stats = await file.stat({ bigint: true });
    const bytes = await file.readFile();
    // what is not UTF-8 would come back as other bytes
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), stats };
  } finally { await file.close(); }
}

async function writeTemporary(path: string, temporary: string, text: string, like: BigIntStats): Promise<void> {
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text, 'utf8');
    const own = await file.stat({ bigint: true });
    if (own.uid !== like.uid || own.gid !== like.gid) {
      try { await file.chown(Number(like.uid), Number(like.gid)); } catch (cause) {
        throw new TargetRefused({ code: 'FILE_OWNER', where: path, what: `it belongs to user ${like.uid}, group ${like.gid}; this worker runs as ${own.uid}:${own.gid} and could not give a new version back to them.`, means: 'Nothing was changed.', todo: 'Run the worker as the owner of the file, or give the file to the worker.', cause });
      }
    }
    await file.chmod(Number(like.mode & 0o7777n)); // after chown, which clears bits
    await file.sync();
  } finally { await file.close(); }
}

/** Without this the new name may be lost when the machine loses power. Some file systems cannot; then the rename alone has to do. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try { await directory.sync(); } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EPERM', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally { await directory.close(); }
}

/** What writers that were killed left; under the lock nobody else is writing one. */
async function removeLeftovers(real: string): Promise<void> {
  const prefix = `.${basename(real)}.tidegate-`;
  for (const name of await readdir(dirname(real))) if (name.startsWith(prefix) && name.endsWith('.tmp')) await rm(join(dirname(real), name), { force: true });
}

function isSame(a: BigIntStats, b: BigIntStats): boolean { return a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs; }

const UNCHANGED = 'Nothing was changed.';

function aborted(path: string): TargetUnreachable {
  return new TargetUnreachable({ code: 'ABORTED', where: path, what: 'the write was given up before it took effect.', means: UNCHANGED });
}
function locked(path: string, waitMs: number): TargetUnreachable {
  return new TargetUnreachable({ code: 'FILE_LOCKED', where: path, what: waitMs === 0 ? 'its lock was taken over while we were writing.' : `another writer held its lock for ${waitMs} ms.`, means: UNCHANGED, todo: `It will be tried again. If no worker is running, remove the file ending in '.tidegate.lock' beside it.` });
}

function fileError(path: string, error: unknown): unknown {
  if (error instanceof TypeError && (error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return new TargetRefused({ code: 'FILE_NOT_TEXT', where: path, what: 'it is not UTF-8 text.', means: UNCHANGED, todo: 'Put back the proper file.', cause: error });
  }
  const code = error instanceof Error && 'syscall' in error ? (error as NodeJS.ErrnoException).code ?? '' : null;
  if (code === null) return error;
  switch (code) {
    case 'ENOENT': case 'ENOTDIR':
      return new TargetRefused({ code: 'FILE_MISSING', where: path, what: 'there is no such file on this host.', means: UNCHANGED, todo: "Correct 'file' (a relative path starts where the worker runs), put the file back, or say with 'on' which host has it.", cause: error });
    case 'EACCES': case 'EPERM': case 'EROFS':
      return new TargetRefused({ code: 'FILE_READ_ONLY', where: path, what: `this worker may not ${(error as NodeJS.ErrnoException).syscall === 'open' || (error as NodeJS.ErrnoException).syscall === 'access' ? 'read or write it' : 'replace it'} (${code}).`, means: UNCHANGED, todo: 'Give the worker the right to write the file and its directory, in which the new version is made before it takes the place of the old one.', cause: error });
    case 'EISDIR': case 'ELOOP': case 'ENAMETOOLONG':
      return new TargetRefused({ code: 'FILE_MISSING', where: path, what: `it is not a file (${code}).`, means: UNCHANGED, todo: "Correct 'file'.", cause: error });
    case 'EBUSY': case 'EXDEV':
      return new TargetRefused({ code: 'FILE_MOUNTED', where: path, what: 'the file itself is a mount point and cannot be replaced.', means: UNCHANGED, todo: 'Mount the directory that holds it instead of the single file.', cause: error });
    case 'ENOSPC': case 'EDQUOT': case 'EFBIG':
      return new TargetUnreachable({ code: 'DISK_FULL', where: path, what: `there is no room for the new version (${code}).`, means: 'The old version is in force, whole; it will be tried again.', todo: 'Make room on the disk of this host.', cause: error });
    default:
      return new TargetUnreachable({ code: 'FILE_TROUBLE', where: path, what: `the file system answered ${code}.`, means: 'It will be read back and tried again.', todo: 'If it goes on, look at the disk of this host.', cause: error });
  }
}
