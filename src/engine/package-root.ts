// Where this package lies on disk, whether the code runs from src/ (tests), from dist/ or from a bundled script. For the files that lie
// beside the code: the workflow bundles (stack.ts), package.json's version (doctor-checks.ts).
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let found: { root: string; version: string } | null = null;

/** The directory that holds Tidegate's package.json. @throws Error when the package was taken apart */
export function packageRoot(): string { return look().root; }
export function packageVersion(): string { return look().version; }

function look(): { root: string; version: string } {
  if (found !== null) return found;
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const file = join(dir, 'package.json');
    if (existsSync(file)) {
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
      if (manifest.name === 'tidegate') return found = { root: dir, version: manifest.version ?? '0.0.0' };
    }
    if (dir === dirname(dir)) throw new Error(`No package.json of tidegate above ${fileURLToPath(import.meta.url)}: the installation is incomplete; install it again.`);
  }
}
