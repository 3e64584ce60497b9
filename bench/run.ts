// `npm run bench`: Tidegate's figures beside this machine's own floor, measured in the same run. It never passes or fails: read the ratios.
//   npm run bench [-- --only NAME[,NAME]] [--long] [--json]      names: cold, rehearsal, history, one, load, people, worker, providers
import { cpus, loadavg, totalmem } from 'node:os';
import { cold } from './figures-cold.js';
import { breachOfOne, commandToEffect, decisionToReadBack, loadOf, naiveEvents } from './figures-live.js';
import { evaluations, messages, moves } from './figures-providers.js';
import { history, rehearsals } from './figures-rehearsal.js';
import { workerKilled } from './figures-worker.js';
import { LiveWorld } from './live-world.js';
import type { Row } from './measuring.js';

const args = process.argv.slice(2);
const long = args.includes('--long');
const only = args.includes('--only') ? new Set((args[args.indexOf('--only') + 1] ?? '').split(',')) : null;
const say = (line: string): void => { process.stderr.write(`bench: ${line}\n`); };

async function inWorld(measure: (world: LiveWorld) => Promise<Row[]>): Promise<Row[]> {
  const world = await LiveWorld.open();
  try { return await measure(world); } finally { await world.close(); }
}

const reach = { gap: 'no stretching', undo: 'max < 1 s' };
const figures: Readonly<Record<string, () => Promise<Row[]>>> = {
  cold: async () => cold(9),
  rehearsal: rehearsals,
  history: async () => {
    let perLook = NaN;
    await inWorld(async (world) => { perLook = await naiveEvents(world, 10); return []; });
    return history(perLook, long);
  },
  one: () => inWorld((world) => breachOfOne(world, 7)),
  load: async () => [
    ...await inWorld((world) => loadOf(world, 300, 10_000, { failAtOnce: true, forMs: 20_000, startWithinMs: 180_000, reach })),
    ...(long ? [
      ...await inWorld((world) => loadOf(world, 600, 10_000, { failAtOnce: true, forMs: 60_000, startWithinMs: 300_000, reach })),
      ...await inWorld((world) => loadOf(world, 1_000, 60_000, { failAtOnce: true, forMs: 190_000, startWithinMs: 600_000, reach: { gap: 'p99 < 61 s', undo: 'max < 0.5 s' } })),
    ] : []),
  ],
  people: () => inWorld(async (world) => [...await commandToEffect(world, 12), ...await decisionToReadBack(world, 12)]),
  worker: () => workerKilled(20),
  providers: async () => [...await moves(15), ...await evaluations(5_000), ...await messages(1_000)],
};

const rows: Row[] = [];
const began = performance.now();
for (const [name, measure] of Object.entries(figures)) {
  if (only !== null && !only.has(name)) continue;
  const startedAt = performance.now();
  say(`${name} …`);
  try {
    rows.push(...await measure());
  } catch (error) {
    rows.push({ what: name, measured: 'not measured', floor: '', ratio: null, reach: '', note: error instanceof Error ? error.message.split('\n')[0]! : String(error) });
    say(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  say(`${name} took ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
}
const machine = { at: new Date().toISOString(), cpus: cpus().length, model: cpus()[0]?.model ?? '', memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version, load: loadavg().map((one) => Number(one.toFixed(1))), tookSeconds: Math.round((performance.now() - began) / 1000) };

if (args.includes('--json')) process.stdout.write(`${JSON.stringify({ machine, rows }, null, 2)}\n`);
else {
  process.stdout.write(`${machine.cpus} × ${machine.model}, ${machine.memoryGiB} GiB, Node ${machine.node}; load at the end ${machine.load.join(' ')}; ${machine.tookSeconds} s\n\n| what | measured | floor of this run | ratio | to reach | note |\n|---|---|---|---|---|---|\n`);
  for (const row of rows) process.stdout.write(`| ${row.what} | ${row.measured} | ${row.floor || '–'} | ${row.ratio ?? '–'} | ${row.reach || '–'} | ${row.note ?? ''} |\n`);
}
process.exit(0);
