// A note beside a file whose new content still has to be put in force by something else (a reload, a restart): it is made before the file is
// replaced and removed when that something is proved done, so that a write which was cut short in between is known as one.
// Used by ./nginx.ts and ./file-and-command.ts.
import { readFileSync, renameSync, rmSync, writeFileSync, type BigIntStats } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { TargetValue } from '../plan/types.js';

export interface Note {
  /** what was in force when the write began */
  readonly before: TargetValue;
  readonly after: TargetValue;
  /** the file as it was then, for those who own all of it */
  readonly text?: string;
  /** The very file that was put back and is in force, although it is younger than what loaded it: nothing is cut short then. */
  readonly inForce?: string;
}

/** @param what which of the things in the file; the name of the note does not show it, since it may be anything */
export function noteOf(file: string, what: string): { read(): Note | null; put(note: Note): void; clear(): void } {
  const path = join(dirname(file), `.${basename(file)}.tidegate-${createHash('sha256').update(what).digest('hex').slice(0, 8)}.note`);
  return {
    read: () => { try { return JSON.parse(readFileSync(path, 'utf8')) as Note; } catch { return null; } }, // none, or one that was never finished: then the file was not replaced either
    put(note) {
      // a half-written note must not take the place of a whole one; readable by this user only, as the file may be
      const temporary = `${path}.${process.pid}.tmp`;
      writeFileSync(temporary, JSON.stringify(note), { mode: 0o600, flush: true } as { mode: number });
      renameSync(temporary, path);
    },
    clear: () => { rmSync(path, { force: true }); },
  };
}

/** Tells one version of a file from every other, also from one with the same content. */
export const identityOf = ({ dev, ino, mtimeNs, ctimeNs }: BigIntStats): string => [dev, ino, mtimeNs, ctimeNs].join('-');
