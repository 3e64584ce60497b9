// The plain `temporal` program against a world of real processes (test/processes/world.ts): shell text as a person would type it, in the
// directory where the worker runs, with nothing but the address and the namespace in its environment.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ground, type World } from '../processes/world.js';
import { pathOf } from '../setup/needs.js';

export interface Said { readonly code: number | null; readonly out: string; readonly err: string }

export type Shell = (script: string, limitMs?: number) => Promise<Said>;

/** A world with a worker, and a shell beside it. Close its ground in afterAll. */
export async function worldWithShell(): Promise<{ readonly ground: Ground; readonly world: World; readonly shell: Shell }> {
  const ground = await Ground.open();
  const world = await ground.world();
  world.worker();
  return { ground, world, shell: shellIn(world) };
}

/** A shell in which `temporal` is the one the tests have and `npx tidegate` the command line as it was built for them. */
export function shellIn(world: World): Shell {
  const bin = join(world.home, 'bin');
  mkdirSync(bin);
  symlinkSync(pathOf('temporal-cli'), join(bin, 'temporal'));
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\n[ "$1" = tidegate ] || exit 127\nshift\nexec '${process.execPath}' '${world.ground.programs.cli}' "$@"\n`);
  chmodSync(join(bin, 'npx'), 0o755);
  const env = { PATH: `${bin}:${process.env['PATH']}`, HOME: world.home, TIDEGATE_HOME: world.home, TEMPORAL_ADDRESS: world.server.address, TEMPORAL_NAMESPACE: world.namespace };
  return (script, limitMs = 60_000) => new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-e', '-c', script], { cwd: world.home, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { err += chunk.toString(); });
    const late = setTimeout(() => { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL'); }, limitMs);
    child.once('error', reject);
    child.once('close', (code) => { clearTimeout(late); resolve({ code, out, err }); });
  });
}
