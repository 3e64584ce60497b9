// Where the programs of other projects lie that some suites start: PATH, and the places Debian puts servers. Used by provision.ts (to see
// what to install) and global.ts (to tell the suites).
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian package that brings each of them. */
export const debianPackages = { prometheus: 'prometheus', promtool: 'prometheus', alertmanager: 'prometheus-alertmanager', postgres: 'postgresql' } as const;
export type Program = keyof typeof debianPackages | 'go';

/** path of the program; for PostgreSQL the directory that holds `postgres` and `initdb`; null: not here */
export function findProgram(program: Program): string | null {
  if (program === 'postgres') return postgresBin();
  const names = program === 'alertmanager' ? ['prometheus-alertmanager', 'alertmanager'] : [program]; // Debian gives it a first name
  const dirs = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/go/bin'].filter((dir) => dir !== '');
  return dirs.flatMap((dir) => names.map((name) => join(dir, name))).find((path) => existsSync(path)) ?? null;
}

function postgresBin(): string | null {
  const versions = '/usr/lib/postgresql';
  const dirs = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)).map((v) => join(versions, v, 'bin')) : [];
  dirs.push(...(process.env['PATH'] ?? '').split(delimiter));
  return dirs.find((dir) => dir !== '' && existsSync(join(dir, 'initdb')) && existsSync(join(dir, 'postgres'))) ?? null;
}
