// A directory with a flag file that two aligned flags share, and a sync source that serves it; what its log and meters were told is kept.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveFlagdSync, type FlagdSyncServer, type SyncedFiles } from '../../src/flagd-sync/server.js';
import { createFlagd } from '../../src/targets/flagd.js';
import type { TargetRef } from '../../src/targets/port.js';
import { context } from '../targets/conformance.js';

const flag = (share: number): string => `{
      "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "off",
      "targeting": { "fractional": [{ "cat": ["phase-3", { "var": "userId" }] }, ["on", ${share}], ["off", ${100 - share}]] } // one key for both
    }`;
/** Two flags that put users into buckets by the same constant, and one that only a text has. */
export const flagsAt = (share: number): string => `{
  "flags": {
    "checkout": ${flag(share)},
    "receipts": ${flag(share)},
    "greeting": { "state": "ENABLED", "variants": { "a": "hello" }, "defaultVariant": "a" }
  }
}
`;

export interface SyncWorld {
  readonly dir: string;
  readonly file: string;
  readonly said: string[];
  readonly counted: string[];
  serve(options?: { readonly port?: number; readonly files?: SyncedFiles }): Promise<FlagdSyncServer & { readonly port: number }>;
  /** moves a flag as a rollout does */
  move(name: string, from: number, to: number): Promise<void>;
  target(name: string, more?: TargetRef['settings'], writeTimeoutMs?: number): TargetRef;
  end(): Promise<void>;
}

export async function syncWorld(): Promise<SyncWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-sync-'));
  const file = join(dir, 'flags.json');
  await writeFile(file, flagsAt(10));
  const servers: FlagdSyncServer[] = [];
  const world: SyncWorld = {
    dir, file, said: [], counted: [],
    async serve({ port = 0, files = { '': file } } = {}) {
      const tell = (fields: object, line: string): void => { world.said.push(`${line} ${JSON.stringify(fields)}`); };
      const server = await serveFlagdSync({
        host: '127.0.0.1', port, files, log: { info: tell, warn: tell },
        meters: { subscribers: (selector, count) => { world.counted.push(`subscribers ${selector} ${count}`); }, good: (selector) => { world.counted.push(`good ${selector}`); }, broken: (selector) => { world.counted.push(`broken ${selector}`); } },
      });
      servers.push(server);
      return { ...server, port: Number(server.address.split(':').at(-1)) };
    },
    move: (name, from, to) => createFlagd().write(world.target(name), to, from, context()),
    target: (name, more = {}, writeTimeoutMs = 20_000) => ({ id: name, settings: { file, flag: name, ...more }, writeTimeoutMs }),
    async end() {
      for (const server of servers) await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return world;
}
