// What was written last to targets that nothing can read, kept in a directory so that a worker's restart does not forget it.
// Used by ./command.ts. One small file a target, replaced as a whole.
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TargetValue } from '../plan/types.js';

export interface LastWritten {
  /** null: nothing was written yet */
  of(key: string): TargetValue | null;
  put(key: string, value: TargetValue): void;
}

/** @param directory made when it is first needed; readable by this user only, since keys may hold what was put into commands (as a hash) */
export function lastWrittenIn(directory: string): LastWritten {
  const fileOf = (key: string): string => join(directory, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
  return {
    of(key) {
      try { return (JSON.parse(readFileSync(fileOf(key), 'utf8')) as { value: TargetValue }).value; } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    put(key, value) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const temporary = `${fileOf(key)}.${randomUUID()}`;
      writeFileSync(temporary, JSON.stringify({ value }), { mode: 0o600, flush: true } as { mode: number });
      renameSync(temporary, fileOf(key));
    },
  };
}

/** The same for one process: rehearsals and tests. */
export function lastWrittenInMemory(): LastWritten {
  const values = new Map<string, TargetValue>();
  return { of: (key) => values.get(key) ?? null, put: (key, value) => { values.set(key, value); } };
}
