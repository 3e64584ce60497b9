// Promise 3 against real processes: a worker is killed by SIGKILL at every boundary of every activity; after each kill it is started again, and
// what came of the rollout equals what came of the one that was left alone. Where it dies: struck-activities.ts.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { plain, sound, type Plain } from './outcomes.js';
import { fourWaves } from './plans.js';
import type { Strike } from './struck-activities.js';
import { Ground, until } from './world.js';

/** An attempt that dies with its worker is repeated when its own limit has passed, so each strike costs that long; rollouts run side by side. */
const limitMs = 280_000;

describeNeeding(['temporal-cli'], 'a worker killed with SIGKILL at every activity boundary', () => {
  let ground: Ground;
  const forward: readonly (readonly [string, readonly Strike[]])[] = [
    ['before and after the write of wave 1', [{ point: 'write 10 before' }, { point: 'write 10 after' }]],
    ['before and after the write of wave 2', [{ point: 'write 25 before' }, { point: 'write 25 after' }]],
    ['before and after the write of wave 3', [{ point: 'write 50 before' }, { point: 'write 50 after' }]],
    ['before and after the write of wave 4', [{ point: 'write 100 before' }, { point: 'write 100 after' }]],
    ['before an attempt at a write begins, and after one has ended unreported', [{ point: 'writeTarget 25 before' }, { point: 'writeTarget 50 after' }]],
    ['before the plan is resolved, and after the target is claimed', [{ point: 'resolve before' }, { point: 'claim after' }]],
    ['in the midst of a look, and after one that is not reported', [{ point: 'watch before', nth: 4 }, { point: 'watch after', nth: 6 }]],
    ['before and after the journal is written', [{ point: 'record before', nth: 3 }, { point: 'record after', nth: 4 }]],
    ['before and after people are told', [{ point: 'notify before', nth: 2 }, { point: 'notify after', nth: 3 }]],
    ['before and after the memory of a watch is taken over, and after the claims are freed', [{ point: 'takeOver before', nth: 2 }, { point: 'takeOver after', nth: 3 }, { point: 'release after' }]],
    ['before the baseline is taken, and after a target was read', [{ point: 'baseline before' }, { point: 'readTarget after' }]],
  ];
  const back: readonly (readonly [string, readonly Strike[]])[] = [
    ['before the undo leaves', [{ point: 'write 0 before' }]],
    ['after the undo has landed', [{ point: 'write 0 after' }]],
    ['after the undo was read back, unreported', [{ point: 'undoTarget 0 after' }]],
    ['before the notes are cleared, and after what comes after has begun', [{ point: 'clearUndo before' }, { point: 'startFollowUp after' }]],
  ];
  /** All at once: they wait, most of the time. */
  const runs = new Map<string, Promise<Plain>>();
  const run = (name: string): Promise<Plain> => runs.get(name)!;
  beforeAll(async () => {
    ground = await Ground.open();
    const begin = (name: string, strikes: readonly Strike[], damaged: boolean): void => {
      const running = carry(strikes, damaged);
      running.catch(() => { /* the test that awaits it tells */ });
      runs.set(name, running);
    };
    begin('alone', [], false);
    begin('alone, taken back', [], true);
    for (const [name, strikes] of forward) begin(name, strikes, false);
    for (const [name, strikes] of back) begin(name, strikes, true);
  });
  afterAll(async () => { await ground?.close(); });

  /** The whole plan, or the plan until its third wave stands and somebody reports damaged data. */
  async function carry(strikes: readonly Strike[], damaged: boolean): Promise<Plain> {
    const world = await ground.world();
    const worker = world.worker({ strikes, revive: true });
    const rollout = await world.start(fourWaves(world.place('waves')));
    world.peopleAnswer(rollout);
    if (damaged) {
      await until('the third wave stands', () => world.outside.delivered.some((message) => message.topic === 'phase-moved' && message.phase === 'wave-3'), limitMs, 20);
      await rollout.command('report', { by: 'bob', event: 'data-corruption' }, limitMs);
    }
    const made = await rollout.ended(limitMs);
    sound(made);
    // The faults struck: each once, and each ended one life.
    expect(world.struck().map(({ point }) => point).sort()).toEqual(strikes.map(({ point }) => point).sort());
    expect(worker.lives).toBe(1 + strikes.length);
    await worker.end('SIGTERM');
    return plain(made, world);
  }

  test('left alone, four waves are completed: the measure for the others', async () => {
    const { outcome, share, moves, changes } = await run('alone');
    expect([outcome, share]).toEqual(['completed', 100]);
    expect(moves).toHaveLength(4);
    expect(changes).toEqual([10, 25, 50, 100].map((value, index) => ({ target: 'checkout', value, key: `waves/wave-${index + 1}/checkout/1` })));
  }, limitMs);

  test('left alone, reported damage takes everything back with one undo: the measure for rollbacks', async () => {
    const { outcome, share, undos, changes } = await run('alone, taken back');
    expect([outcome, share]).toEqual(['rolled-back', 0]);
    expect(undos).toHaveLength(1);
    expect((changes as { value: number }[]).map(({ value }) => value)).toEqual([10, 25, 50, 0]);
  }, limitMs);

  for (const [name] of forward) test(`killed ${name}: moves, asks, messages and the record are those of the rollout left alone`, async () => { expect(await run(name)).toEqual(await run('alone')); }, limitMs);
  for (const [name] of back) test(`killed ${name}: everything is taken back once, and the record is that of the rollout left alone`, async () => { expect(await run(name)).toEqual(await run('alone, taken back')); }, limitMs);
});
