// One flag file, watched: its last good state as JSON, told at once when it changes. A file that is missing, broken or half written changes
// nothing but the log. Served by ./server.ts; written by src/targets/flagd.ts or by hand.
import { createHash } from 'node:crypto';
import { watch, type BigIntStats, type FSWatcher } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Ms } from '../judgement/types.js';
import { parseFlags } from '../targets/flagd-syntax.js';

export interface FlagFile {
  /** the last good state, as JSON; null: there was none yet */
  current(): string | null;
  close(): void;
}
export interface FlagFileOptions {
  readonly path: string;
  /** a new state, or the old one again after one that could not be served */
  readonly onGood: (json: string) => void;
  /** one sentence; once for each state that cannot be served */
  readonly onBroken: (why: string) => void;
  /** a file that is written in place is whole when it has been left alone this long; default 100 ms */
  readonly settleMs?: Ms;
  /** how often it is looked at where no notice comes (network file systems, too many watches); default 1 s */
  readonly pollMs?: Ms;
}

/** Settles once the file has been looked at for the first time, whatever was found. */
export async function watchFlagFile({ path, onGood, onBroken, settleMs = 100, pollMs = 1_000 }: FlagFileOptions): Promise<FlagFile> {
  let seen: BigIntStats | null = null;
  /** of the content last judged, good or not; null: no content */
  let judged: string | null = null;
  /** why it cannot be served now; null: it is served */
  let complaint: string | null = null;
  let good: string | null = null;
  let closed = false;

  /** @returns false: it is being written, look again */
  async function look(): Promise<boolean> {
    let isNew = false;
    try {
      const now = await stat(path, { bigint: true });
      if (seen !== null && isSame(seen, now)) return true;
      const bytes = await readFile(path);
      // another file in its place was whole when it came; one written in place may be in the middle of it
      if (seen === null || seen.ino === now.ino || seen.dev !== now.dev) {
        await new Promise((later) => setTimeout(later, settleMs));
        if (!isSame(now, await stat(path, { bigint: true }))) return false;
      }
      seen = now;
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (hash === judged) return true;
      judged = hash;
      isNew = true;
      const json = await servable(new TextDecoder('utf-8', { fatal: true }).decode(bytes), path);
      if (closed) return true;
      if (json === good && complaint === null) return true;
      complaint = null;
      good = json;
      onGood(json);
    } catch (error) {
      // a file that went away may come back with what it said before
      if ('syscall' in (error as object)) { seen = null; judged = null; }
      const why = sentenceOf(error, path);
      if (isNew || why !== complaint) onBroken(why);
      complaint = why;
    }
    return true;
  }

  let looking: Promise<void> | null = null;
  let again = false;
  function check(): Promise<void> {
    again = true;
    return looking ??= (async () => { while (again && !closed) { again = false; if (!await look()) again = true; } })().finally(() => { looking = null; });
  }

  const watchers = new Map<string, FSWatcher>();
  async function keepWatching(): Promise<void> {
    const real = await realpath(path).catch(() => path);
    for (const directory of new Set([dirname(path), dirname(real)])) {
      if (closed || watchers.has(directory)) continue;
      const stop = (): void => { watchers.get(directory)?.close(); watchers.delete(directory); };
      try {
        // the directory, because a file that is replaced takes its own watch away with it
        const watcher = watch(directory, { persistent: false }, (_event, name) => { if (name === null || name === basename(path) || name === basename(real)) void check(); });
        watchers.set(directory, watcher.on('error', stop));
      } catch { /* the poll below sees it too, later */ }
    }
  }

  await keepWatching();
  await check();
  const poll = setInterval(() => { void keepWatching(); void check(); }, pollMs).unref();
  return { current: () => good, close() { closed = true; clearInterval(poll); for (const watcher of watchers.values()) watcher.close(); } };
}

/** The file as JSON that flagd's own evaluator takes. @throws Error why it cannot be served */
async function servable(text: string, path: string): Promise<string> {
  const { document } = parseFlags(text, path);
  const configuration: unknown = document.toJS();
  const flags = typeof configuration === 'object' && configuration !== null ? (configuration as { flags?: unknown }).flags : undefined;
  if (typeof flags !== 'object' || flags === null || Array.isArray(flags)) throw new Error(`${path}: it has no 'flags'.`);
  const json = JSON.stringify(configuration);
  // loaded only here: the evaluator takes long to load
  const { FlagdCore, MemoryStorage } = await import('@openfeature/flagd-core');
  try { new FlagdCore(new MemoryStorage(SILENT), SILENT).setConfigurations(json); } catch { throw new Error(`${path}: flagd's evaluator does not take it.`); }
  return json;
}

function sentenceOf(error: unknown, path: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `${path}: there is no such file.`;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return `${path}: it is not UTF-8 text.`;
  return message;
}

function isSame(a: BigIntStats, b: BigIntStats): boolean { return a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs; }

const SILENT = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
