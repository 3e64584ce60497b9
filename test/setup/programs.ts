// Where the programs of other projects lie that some suites start: PATH, the places Debian puts servers, and the cache. Used by provision.ts
// (to see what to install) and global.ts (to tell the suites).
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheDir } from '../../src/engine/binaries.js';

/** Debian package that brings each of them. */
export const debianPackages = { prometheus: 'prometheus', promtool: 'prometheus', alertmanager: 'prometheus-alertmanager', nginx: 'nginx', postgres: 'postgresql' } as const;
/** The Unleash server and its official client: hundreds of packages that nobody but one suite needs, so they are no dependencies. */
export const unleashPackages = ['unleash-server@8.2.0', 'unleash-client@6.12.1'] as const;
/** What the packages below them were on this day, so that the server of tomorrow is the server of today. */
export const unleashAsOf = '2026-11-20';
export const unleashFolder = (): string => join(cacheDir(), unleashPackages.join('+').replaceAll('@', '-'));
export type Program = keyof typeof debianPackages | 'unleash' | 'go';

/** path of the program; for PostgreSQL the directory that holds `postgres` and `initdb`, for Unleash the one that holds `node_modules`; null: not here */
export function findProgram(program: Program): string | null {
  if (program === 'postgres') return postgresBin();
  if (program === 'unleash') return existsSync(join(unleashFolder(), 'node_modules/unleash-server/dist/server.js')) ? unleashFolder() : null;
  const names = program === 'alertmanager' ? ['prometheus-alertmanager', 'alertmanager'] : [program]; // Debian gives it a first name
  const dirs = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/go/bin', '/usr/sbin', '/usr/local/sbin'].filter((dir) => dir !== '');
  return dirs.flatMap((dir) => names.map((name) => join(dir, name))).find((path) => existsSync(path)) ?? null;
}

function postgresBin(): string | null {
  const versions = '/usr/lib/postgresql';
  const dirs = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)).map((v) => join(versions, v, 'bin')) : [];
  dirs.push(...(process.env['PATH'] ?? '').split(delimiter));
  return dirs.find((dir) => dir !== '' && existsSync(join(dir, 'initdb')) && existsSync(join(dir, 'postgres'))) ?? null;
}
