#!/usr/bin/env node
// The command. All of it is in dist/cli.js, made by `npm run build` (which `npm ci` runs); see src/cli/main.ts.
import { existsSync } from 'node:fs';
import module from 'node:module';

// Node 22.8 and later keep compiled code between runs; Node 20 starts without.
module.enableCompileCache?.();
const cli = new URL('../dist/cli.js', import.meta.url);
if (!existsSync(cli)) {
  process.stderr.write('tidegate is not built: run `npm run build` in its directory.\n');
  process.exit(1);
}
await import(cli.href);
