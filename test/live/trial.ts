// A shipped plan as it stands, started by the command line at a pace against stand-ins on this machine: programs that do something visible, people
// who answer by real updates, and what came of it all. What stands around each plan: four-plans.test.ts.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { packageRoot } from '../../src/engine/package-root.js';
import type { StoredEntry } from '../../src/journal/port.js';
import { openJournal } from '../../src/journal/store.js';
import { verifyChain } from '../../src/journal/verify.js';
import type { Status } from '../../workflows/messages.js';
import { pause, Rollout, type World } from '../processes/world.js';
import { startStandIn, type Asked, type StandIn } from '../servers/stand-in.js';
import { shellIn } from './plain-cli.js';

/** Executables under `home`, by path; each says in done.log that it ran, and with what. */
export function install(home: string, programs: Readonly<Record<string, string>>): void {
  for (const [path, script] of Object.entries(programs)) {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\nset -e\necho "$(basename "$0") $*" >> '${join(home, 'done.log')}'\n${script}\n`);
    chmodSync(file, 0o755);
  }
}
export const ran = (home: string): readonly string[] => (existsSync(join(home, 'done.log')) ? readFileSync(join(home, 'done.log'), 'utf8').trim().split('\n').map((line) => line.trim()) : []);

/** An HTTP service: texts as an exporter gives them, all else as JSON; undefined is 404. */
export const serve = (answer: (path: string, asked: Asked) => { readonly body: unknown } | undefined): Promise<StandIn> => startStandIn((asked) => {
  const given = answer(asked.path, asked);
  if (given === undefined) return { status: 404, body: { error: 'not here' } };
  return { status: 200, body: given.body, ...(typeof given.body === 'string' ? { headers: { 'content-type': 'text/plain; version=0.0.4' } } : {}) };
});

export interface Start { readonly plan: string; /** a date; today where it is left out */ readonly day1?: string; readonly launch?: string; readonly id: string; readonly pace: number; readonly as: string; readonly vars: Readonly<Record<string, string>>; /** hears its state, again and again */ readonly meanwhile?: ((status: Status) => void) | undefined; /** what is answered otherwise than a healthy rollout wants it, by the ask's beginning */ readonly says?: Readonly<Record<string, string>> | undefined }
export interface Ended { readonly status: Status; readonly entries: readonly StoredEntry[]; readonly said: string; readonly answers: readonly string[] }

/** From `tidegate start` to the end; whoever is asked answers as a healthy rollout wants it. */
export async function carriedThrough(world: World, { plan, day1, launch, id, pace, as, vars, meanwhile, says = {} }: Start, limitMs = 100_000): Promise<Ended> {
  const shell = shellIn(world);
  const given = Object.entries(vars).map(([name, value]) => `--var '${name}=${value}'`).join(' ');
  const started = await shell(`npx tidegate start '${join(packageRoot(), 'examples', plan)}' --id ${id} --pace ${pace} --as ${as} ${day1 === undefined ? '' : `--day-1 ${day1}`} ${launch === undefined ? '' : `--launch '${launch}'`} ${given}`);
  expect(started, started.err).toMatchObject({ code: 0 });
  const rollout = new Rollout(world, id);
  const answers: string[] = [];
  let over = false;
  const attending = (async () => {
    while (!over) {
      const status = await rollout.status().catch(() => null);
      if (status !== null) meanwhile?.(status);
      const asks = (status?.asks ?? []).filter((ask) => ask.state === 'open' && !/\/(rollback|retry|drift)(\/|$)/.test(ask.ask));
      await Promise.all(asks.map(async (ask) => {
        const value = Object.entries(says).find(([beginning]) => ask.ask.startsWith(beginning))?.[1] ?? ask.healthy;
        const left = ask.from.filter((by) => !ask.answers.some((one) => one.by === by)).slice(0, ask.needs - ask.answers.length);
        for (const by of left) await rollout.command('answer', { by, ask: ask.ask, value, reason: 'as it was found in the trial' }).then(() => { answers.push(`${by}: ${ask.ask} ${String(value)}`); }, () => { /* it was settled, or opened anew: the next look says */ });
      }));
      await pause(250);
    }
  })();
  try {
    const { status, entries } = await ended(world, rollout, limitMs);
    return { status, entries, said: started.out, answers };
  } finally { over = true; await attending; }
}

async function ended(world: World, rollout: Rollout, limitMs: number): Promise<Pick<Ended, 'status' | 'entries'>> {
  const late = Date.now() + limitMs;
  let result: Status | null = null;
  rollout.handle.result().then((status) => { result = status as Status; }, () => { /* read below */ });
  while (result === null && Date.now() < late) await pause(200);
  const journal = await openJournal(`sqlite:${join(world.home, 'journal.db')}`);
  try {
    const entries = await journal.entries(rollout.id, 1, 3_000);
    if (result === null) throw new Error(`${rollout.id} is not over after ${limitMs} ms:\n${entries.filter(({ kind }) => kind !== 'message').slice(-90).map(({ at, kind, text }) => `${new Date(at).toISOString().slice(14, 23)} ${kind}: ${text}`).join('\n')}\n${JSON.stringify((await rollout.status().catch(() => null))?.next.slice(0, 6))}`);
    const status = result as Status;
    expect((await verifyChain(journal, rollout.id, status.journalHead)).ok).toBe(true);
    return { status, entries };
  } finally { await journal.close(); }
}
