// The product's activities with a hand on their ports: a worker built with these dies by SIGKILL at named points, logs what really happened to
// targets, and can be given a write that hangs. Put in place of activities/index.ts by build.ts; the product knows nothing of it.
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createActivities as createReal } from '../../activities/index.js';
import type { Ports } from '../../activities/ports.js';
import type { Activities } from '../../activities/types.js';
import type { TargetProvider } from '../../src/targets/port.js';

export interface Strike { /** e.g. `writeTarget 25 before` */ readonly point: string; /** at its nth passing in one process; default 1 */ readonly nth?: number }
export interface Slow { /** the forward write of this value … */ readonly value: number; /** … takes effect only after so long, whatever aborts it meanwhile */ readonly ms: number; /** only so many times; default 1 */ readonly times?: number }
export interface Effect { readonly at: number; readonly target: string; readonly value: number | string; readonly key: string; readonly changed: boolean; readonly pid: number }

const dir = process.env['STRUCK_DIR'] ?? '.';
const strikes = JSON.parse(process.env['STRUCK_AT'] ?? '[]') as Strike[];
const slow = JSON.parse(process.env['STRUCK_SLOW'] ?? 'null') as Slow | null;
mkdirSync(dir, { recursive: true });
const passed = new Map<string, number>();
const log = (file: string, line: unknown): void => appendFileSync(join(dir, file), `${JSON.stringify(line)}\n`);

/** Passing a point; the process ends here when it is struck, once in all its lives. */
function pass(point: string): void {
  const count = (passed.get(point) ?? 0) + 1;
  passed.set(point, count);
  log('points.jsonl', { at: Date.now(), pid: process.pid, point, count });
  for (const [index, strike] of strikes.entries()) {
    const marker = join(dir, `struck-${index}`);
    if (strike.point !== point || (strike.nth ?? 1) !== count || existsSync(marker)) continue;
    writeFileSync(marker, JSON.stringify({ at: Date.now(), pid: process.pid, point, count }));
    process.kill(process.pid, 'SIGKILL');
  }
}

export function createActivities(ports: Ports): Activities {
  const targets = new Map<string, TargetProvider>();
  const handled: Ports = {
    ...ports,
    target: (name) => {
      const known = targets.get(name) ?? handOn(ports.target(name));
      targets.set(name, known);
      return known;
    },
  };
  const real = createReal(handled) as unknown as Record<string, (input: never) => Promise<unknown>>;
  return Object.fromEntries(Object.entries(real).map(([name, verb]) => [name, async (input: never) => {
    const point = `${name}${about(input)}`;
    pass(`${point} before`);
    try { return await verb(input); } finally { pass(`${point} after`); }
  }])) as unknown as Activities;
}

/** Writes and undos are told apart by their value. */
const about = (input: { readonly value?: unknown }): string => (typeof input === 'object' && input !== null && 'value' in input ? ` ${String(input.value)}` : '');

let slowed = 0;
function handOn(provider: TargetProvider): TargetProvider {
  return {
    name: provider.name,
    check: (...args) => provider.check(...args), claimKey: (...args) => provider.claimKey(...args), read: (...args) => provider.read(...args), verify: (...args) => provider.verify(...args),
    async write(target, value, expected, context) {
      const free = { ...context, signal: new AbortController().signal };
      const standing = async (): Promise<unknown> => (await provider.read(target, free).catch(() => null))?.value ?? null;
      const land = async (signal: AbortSignal, wanted: typeof expected): Promise<void> => {
        const before = await standing();
        await provider.write(target, value, wanted, { ...context, signal });
        log('effects.jsonl', { at: Date.now(), target: target.id, value, key: context.key, changed: before !== value, pid: process.pid } satisfies Effect);
      };
      pass(`write ${String(value)} before`);
      if (slow !== null && expected !== null && value === slow.value && slowed++ < (slow.times ?? 1)) {
        log('points.jsonl', { at: Date.now(), pid: process.pid, point: `slow write ${String(value)} begins` });
        const landing = new Promise<void>((resolve, reject) => setTimeout(() => land(free.signal, null).then(resolve, reject), slow.ms));
        const aborted = new Promise<never>((_, reject) => context.signal.addEventListener('abort', () => reject(new Error('given up'))));
        await Promise.race([landing, aborted]);
      } else await land(context.signal, expected);
      pass(`write ${String(value)} after`);
    },
  };
}
