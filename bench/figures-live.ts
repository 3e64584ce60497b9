// Figures on a live server: load, breaches, people, flags. Each measures the bare watch first, in the same world, then Tidegate.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { approve, rollback, rolloutWorkflowId, status } from '../workflows/messages.js';
import type { LiveWorld } from './live-world.js';
import { bareQueue } from './live-world.js';
import { benchPlan } from './plans.js';
import { maximum, ms, percentile, ratioOf, residentMiB, until, type Row } from './measuring.js';

interface Steady { readonly started: number; readonly looksASecond: number; readonly gaps: readonly number[]; readonly serverMs: number; readonly workerMs: number; readonly serverMiB: number; readonly workerMiB: number }

/** Looks, gaps and processor time of what runs now, over a while. */
async function steady(world: LiveWorld, ids: readonly string[], forMs: number): Promise<Steady> {
  await until(() => ids.every((id) => (world.looks.get(id)?.length ?? 0) >= 2), 30_000);
  for (const looks of world.looks.values()) looks.length = 0;
  const before = world.cpu();
  const startedAt = performance.now();
  await pause(forMs);
  const tookMs = performance.now() - startedAt;
  const after = world.cpu();
  const looks = [...world.looks.values()].reduce((sum, one) => sum + one.length, 0);
  const gaps = [...world.looks.values()].flatMap((one) => one.slice(1).map((at, index) => at - one[index]!));
  return { started: ids.length, looksASecond: looks / (tookMs / 1000), gaps, serverMs: (after.server - before.server) / looks, workerMs: (after.worker - before.worker) / looks, serverMiB: residentMiB(world.server.pid()), workerMiB: residentMiB(process.pid) };
}

/** Everything fails at once: from the look that sees it to the undo. */
async function failAll(world: LiveWorld, ids: readonly string[], cadenceMs: number): Promise<number[]> {
  world.failing = true;
  await until(() => ids.every((id) => world.undoneAt.has(id)), cadenceMs + 60_000);
  world.failing = false;
  return ids.flatMap((id) => { const seen = world.badSeenAt.get(id); const undone = world.undoneAt.get(id); return seen === undefined || undone === undefined ? [] : [undone - seen]; });
}

const spread = (gaps: readonly number[]): string => `p50 ${ms(percentile(gaps, 0.5))}, p99 ${ms(percentile(gaps, 0.99))}`;

export async function loadOf(world: LiveWorld, count: number, cadenceMs: number, { failAtOnce, forMs, startWithinMs, reach }: { readonly failAtOnce: boolean; readonly forMs: number; readonly startWithinMs: number; readonly reach: { readonly gap: string; readonly undo: string } }): Promise<Row[]> {
  const name = `${count} at ${cadenceMs / 1000} s`;
  const bareIds = await world.startBare(`bare-${count}`, count, cadenceMs);
  const bare = await steady(world, bareIds, forMs);
  const bareUndo = failAtOnce ? await failAll(world, bareIds, cadenceMs) : [];
  await world.end(bareIds);

  const began = performance.now();
  const ids = await world.startRollouts(`load-${count}`, count, { cadence: `${cadenceMs / 1000}s` }, startWithinMs);
  const startMs = performance.now() - began;
  // past their gates and moves, when they only look
  await pause(2 * cadenceMs);
  const ours = await steady(world, ids, forMs);
  const undo = failAtOnce ? await failAll(world, ids, cadenceMs) : [];
  await world.end(Array.from({ length: count }, (_, index) => `load-${count}-${index}`), rolloutWorkflowId);

  const note = `${ids.length} of ${count} rollouts had moved ${ms(startMs)} after the first start`;
  return [
    { what: `${name}: time between looks`, measured: `${ours.looksASecond.toFixed(1)} looks/s, ${spread(ours.gaps)}`, floor: `${bare.looksASecond.toFixed(1)} looks/s, ${spread(bare.gaps)}`, ratio: ratioOf(percentile(ours.gaps, 0.99), percentile(bare.gaps, 0.99)), reach: reach.gap, note },
    { what: `${name}: CPU of a look, server + worker`, measured: `${ms(ours.serverMs)} + ${ms(ours.workerMs)}`, floor: `${ms(bare.serverMs)} + ${ms(bare.workerMs)}`, ratio: ratioOf(ours.serverMs + ours.workerMs, bare.serverMs + bare.workerMs), reach: '≤ 1.5 × the floor' },
    { what: `${name}: memory of server, of worker`, measured: `${ours.serverMiB}, ${ours.workerMiB} MiB`, floor: `${bare.serverMiB}, ${bare.workerMiB} MiB`, ratio: null, reach: count >= 1000 ? 'worker < 500 MiB' : '', note: 'one process for both workers, so the worker is never smaller than before' },
    ...(failAtOnce ? [{ what: `${name}, all failing at once: breaching look → undo called`, measured: undone(undo, ids.length), floor: undone(bareUndo, count), ratio: ratioOf(maximum(undo), maximum(bareUndo)), reach: reach.undo }] : []),
  ];
}

const undone = (times: readonly number[], of: number): string => `p50 ${ms(percentile(times, 0.5))}, max ${ms(maximum(times))}${times.length < of ? ` (${times.length} of ${of} within the limit)` : ''}`;

/** One at a time, alone on the server. */
export async function breachOfOne(world: LiveWorld, times: number): Promise<Row[]> {
  const bare: number[] = [];
  const ours: number[] = [];
  for (let n = 0; n < times; n++) {
    const ids = await world.startBare(`one-bare-${n}`, 1, 1_000);
    await until(() => (world.looks.get(ids[0]!)?.length ?? 0) >= 2, 10_000);
    bare.push(...await failAll(world, ids, 1_000));
    await world.end(ids);
    const rollouts = await world.startRollouts(`one-${n}`, 1, { cadence: '1s' }, 20_000);
    // past the gate and the move, when it only looks
    await pause(5_000);
    ours.push(...await failAll(world, rollouts, 1_000));
    await world.end(rollouts, rolloutWorkflowId);
  }
  return [{ what: 'one rollout: breaching look → undo called', measured: `p50 ${ms(percentile(ours, 0.5))}, max ${ms(maximum(ours))}`, floor: `p50 ${ms(percentile(bare, 0.5))}, max ${ms(maximum(bare))}`, ratio: ratioOf(percentile(ours, 0.5), percentile(bare, 0.5)), reach: '≤ 1.5 × the floor', note: `${ours.length} times` }];
}

/** An approval arrives; the target is written. */
export async function commandToEffect(world: LiveWorld, times: number): Promise<Row[]> {
  const took: number[] = [];
  const floor: number[] = [];
  for (let n = 0; n < times; n++) {
    const id = `asked-${n}`;
    await world.client.workflow.start('rollout', { taskQueue: 'tidegate', workflowId: rolloutWorkflowId(id), args: [benchPlan(id, { cadence: '1m', approval: true }), { startedBy: { by: 'ann' } }] });
    const handle = world.client.workflow.getHandle(rolloutWorkflowId(id));
    // the first moment it cannot answer yet
    const asked = async () => (await handle.query(status).catch(() => null))?.asks.find((ask) => ask.kind === 'approval' && ask.state === 'open');
    if (!(await until(async () => (await asked()) !== undefined, 20_000, 100))) continue;
    const ask = (await asked())!.ask;
    const before = performance.now();
    await handle.executeUpdate(approve, { args: [{ by: 'ann', ask }] });
    if (await until(() => world.movedAt.has(id), 20_000, 5)) took.push(world.movedAt.get(id)! - before);
    await world.end([id], rolloutWorkflowId);
    // The floor: a workflow of one activity, start to effect.
    const bareId = `asked-bare-${n}`;
    world.failing = true;
    const started = performance.now();
    await world.client.workflow.execute('bareWatch', { taskQueue: bareQueue, workflowId: bareId, args: [{ id: bareId, cadenceMs: 1_000, forMs: 1 }] });
    floor.push((world.undoneAt.get(bareId) ?? NaN) - started);
    await world.end([]);
  }
  return [{ what: 'a person approves → the target is written', measured: `p50 ${ms(percentile(took, 0.5))}, p95 ${ms(percentile(took, 0.95))}`, floor: `p50 ${ms(percentile(floor, 0.5))}, p95 ${ms(percentile(floor, 0.95))} (workflow start → its second activity)`, ratio: ratioOf(percentile(took, 0.95), percentile(floor, 0.95)), reach: 'p95 < 1 s', note: `${took.length} times; the gate is judged again by a fresh look in between` }];
}

const flagFile = JSON.stringify({ flags: { measured: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting: { fractional: [{ var: 'userId' }, ['on', 0], ['off', 100]] } } } }, null, 2);

/** A person orders the rollback of a flag in a flagd file; by the rollout's own clock from the decision to the last read-back. */
export async function decisionToReadBack(world: LiveWorld, times: number): Promise<Row[]> {
  const took: number[] = [];
  for (let n = 0; n < times; n++) {
    const id = `flag-${n}`;
    const flags = join(world.dir, `${id}.json`);
    writeFileSync(flags, flagFile);
    await world.client.workflow.start('rollout', { taskQueue: 'tidegate', workflowId: rolloutWorkflowId(id), args: [benchPlan(id, { cadence: '1s', flags }), { startedBy: { by: 'ann' } }] });
    const handle = world.client.workflow.getHandle(rolloutWorkflowId(id));
    if (await until(async () => (await handle.query(status).catch(() => null))?.state === 'soaking', 20_000, 100)) {
      const before = world.rollbacks.length;
      await handle.executeUpdate(rollback, { args: [{ by: 'ann' }] });
      await until(() => world.rollbacks.slice(before).some((one) => one.rollout === id && one.readBackAt !== null), 20_000, 20);
      const done = world.rollbacks.slice(before).find((one) => one.rollout === id && one.readBackAt !== null);
      if (done !== undefined) took.push(done.readBackAt! - done.decidedAt);
    }
    await world.end([id], rolloutWorkflowId);
  }
  return [{ what: 'decision → flag read back as off (flagd file)', measured: `p50 ${ms(percentile(took, 0.5))}, p95 ${ms(percentile(took, 0.95))}`, floor: '', ratio: null, reach: 'p95 < 1 s', note: `${took.length} times` }];
}

/** Events of the naive loop for each look, by its own history. */
export async function naiveEvents(world: LiveWorld, looks: number): Promise<number> {
  const handle = await world.client.workflow.start('naiveLoop', { taskQueue: bareQueue, workflowId: `naive-${looks}`, args: [{ id: 'naive', cadenceMs: 1_000, looks }] });
  await handle.result();
  return (Number((await handle.describe()).historyLength) - 4) / looks;
}
