// Steps under SIGKILL, with real processes: a worker that dies under a command, under a move of several, and on the way back. The command
// itself outlives its worker, as any program does; what it did is read, not guessed, and what must always follow does follow.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import type { World } from './world.js';
import { Ground, pause, until } from './world.js';

/** `step.sh WORD SECONDS` writes that it begins and ends; `step.sh has WORD` says whether it has ended. */
const script = `#!/bin/sh
cd "$(dirname "$0")"
case "$1" in
  has) grep -q "^$2 ends" steps.log ;;
  fail) echo "$2 begins" >> steps.log; echo "no such dashboard" >&2; exit 7 ;;
  *) echo "$1 begins" >> steps.log; sleep "\${2:-0}"; echo "$1 ends" >> steps.log ;;
esac
`;

const plan = (world: World, id: string, after: string): string => {
  const step = join(world.home, 'step.sh');
  return `
rollout: ${id}
owner: ann
people: { ann: { name: Ann } }
channels: { info: [{ webhook: '${world.outside.url}/hook' }] }
targets:
  api: { env-file: { file: ${join(world.home, 'api.env')}, key: SHARE } }
  web: { env-file: { file: ${join(world.home, 'web.env')}, key: SHARE } }
phases:
  - phase: wave-1
    before:
      - { step: Maintenance, run: ${step} on 3, read: ${step} has on, undo: ${step} undo 3, always: ${step} off 1 }
    move: { api: 50, web: 50 }
    after:
      - ${after.replaceAll('STEP', step)}
    soak: 2s
    watch: every 1s
    blind after: 4m
    unknown for: 10m
`;
};

describeNeeding(['temporal-cli'], 'a worker killed under a step', () => {
  let ground: Ground;
  beforeAll(async () => { ground = await Ground.open(); });
  afterAll(async () => { await ground?.close(); });

  async function home(): Promise<{ world: World; log: () => string[]; values: () => string[] }> {
    const world = await ground.world();
    writeFileSync(join(world.home, 'step.sh'), script);
    chmodSync(join(world.home, 'step.sh'), 0o755);
    for (const name of ['api', 'web']) writeFileSync(join(world.home, `${name}.env`), 'SHARE=10\n');
    const file = join(world.home, 'steps.log');
    return {
      world, log: () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []),
      values: () => ['api', 'web'].map((name) => readFileSync(join(world.home, `${name}.env`), 'utf8').trim()),
    };
  }

  test.concurrent('is read, not repeated; both targets move, and what must always follow follows once', async () => {
    const { world, log, values } = await home();
    const worker = world.worker({ env: { TIDEGATE_COMMANDS: '*' } });
    const rollout = await world.start(plan(world, 'read-it', `{ step: Look, run: STEP look, repeatable: yes, cannot be undone: it only looks }`));
    await until('the step runs', () => log().includes('on begins'));
    await worker.kill();
    worker.start();
    const made = await rollout.ended(90_000);
    expect(made.status.outcome).toBe('completed');
    expect(values()).toEqual(['SHARE=50', 'SHARE=50']);
    expect(log()).toEqual(['on begins', 'on ends', 'look begins', 'look ends', 'off begins', 'off ends']);
    expect(made.entries.some((entry) => entry.text === 'Maintenance: reads as done')).toBe(true);
    expect(made.chain.problems).toEqual([]);
  }, 120_000);

  test.concurrent('on the way back leaves nothing half-changed: the undo is finished, what is owed is done, then somebody is asked', async () => {
    const { world, log, values } = await home();
    const worker = world.worker({ env: { TIDEGATE_COMMANDS: '*' } });
    const rollout = await world.start(plan(world, 'take-it-back', `{ step: Start the monitoring, run: STEP fail monitor, cannot be undone: it only looks }`));
    await until('the phase is being taken back', () => log().includes('undo begins'), 60_000);
    await worker.kill();
    worker.start();
    const status = await rollout.untilStatus('held, with the question whether to try again', (one) => one.asks.some((ask) => ask.kind === 'retry' && ask.state === 'open'), 90_000);
    expect(status.hold?.message).toContain('no such dashboard');
    expect(values()).toEqual(['SHARE=10', 'SHARE=10']);
    expect(log().at(-1)).toBe('off ends');
    expect(log().filter((line) => line === 'off begins')).toHaveLength(1);
    expect(log().filter((line) => line === 'undo ends').length).toBeGreaterThan(0);
    const ask = status.asks.find((one) => one.kind === 'retry')!;
    await rollout.command('answer', { by: 'ann', ask: ask.ask, value: 'rollback' });
    const made = await rollout.ended(60_000);
    expect([made.status.outcome, made.status.rollback!.remainder]).toEqual(['rolled-back', []]);
    expect(values()).toEqual(['SHARE=10', 'SHARE=10']);
  }, 180_000);

  test.concurrent('and a rollback that comes while a command runs: the command is killed, then taken back', async () => {
    const { world, log, values } = await home();
    world.worker({ env: { TIDEGATE_COMMANDS: '*' } });
    const rollout = await world.start(plan(world, 'stop-it', `{ step: Warm the caches, run: STEP warm 600, undo: STEP cool, timeout: 20m }`));
    await until('the long step runs', () => log().includes('warm begins'), 60_000);
    await rollout.command('rollback', { by: 'ann' });
    // nobody stays exposed while a command is ended
    await until('the targets are back', () => values().every((value) => value === 'SHARE=10'), 10_000);
    const made = await rollout.ended(60_000);
    expect(made.status.outcome).toBe('rolled-back');
    expect(made.status.rollback!.readBackAt! - made.status.rollback!.decidedAt).toBeLessThan(10_000);
    expect(log().slice(-6)).toEqual(['cool begins', 'cool ends', 'undo begins', 'undo ends', 'off begins', 'off ends']);
    await pause(100);
    expect(log()).not.toContain('warm ends');
  }, 120_000);
});
