// status, list, why, next, inbox, watch: what they show, as JSON and for people, and the exit codes that scripts rely on.
import { describe, expect, test } from 'vitest';
import { statusJsonFields } from '../../src/cli/verbs/status.js';
import type { AskView, Hold, Status } from '../../workflows/messages.js';
import type { Seen } from '../../src/cli/ports.js';
import { TransientError } from '../../src/errors.js';
import { at, fakeRollouts, memoryOf, seenOf, statusOf, type as typed } from './fake-cli.js';
import { planOf } from './fake-plan.js';

const ask: AskView = { ask: 'wave-3/approval/1', kind: 'approval', phase: 'wave-3', question: 'Go on with wave-3?', from: ['commander', 'product-manager'], needs: 2, options: ['approve', 'reject'], healthy: 'approve', askedAt: at - 600_000, dueAt: at + 10_800_000, otherwise: 'hold', answers: [], state: 'open', result: null };
const hold: Hold = { reason: 'drift', message: 'batch-patches stands at 10, not at 25', since: at - 60_000, by: null };
const showing = (seen: Seen | (() => Seen), plan = planOf()) => {
  const rollouts = fakeRollouts({ planInForce: async () => plan }, typeof seen === 'function' ? seen : () => seen);
  return { rollouts, parts: { rollouts: async () => rollouts } };
};

describe('status', () => {
  test('--json has exactly the fields of the contract first, and the live memory of the watch in them', async () => {
    const { exitCode, stdout, stderr } = await typed('status batch-patches-v1 --json', showing(seenOf()));
    const document = JSON.parse(stdout);
    expect(Object.keys(document).slice(0, statusJsonFields.length)).toEqual([...statusJsonFields]);
    expect(document.soak).toMatchObject({ clean: 13 * 3_600_000, needed: 48 * 3_600_000 });
    expect(document.conditions).toEqual([{ text: 'error_rate < 5%', verdict: 'pass', message: 'error_rate is 2.1 %, below 5 %' }]);
    expect(document).toMatchObject({ rollout: 'batch-patches-v1', state: 'soaking', phase: 'wave-2', hold: null, asks: [], updatedAt: at - 240_000, answered: true, exitCode: 0 });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  const exits: [string, Partial<Status>, number][] = [
    ['going well', {}, 0],
    ['waiting for a person', { asks: [ask] }, 2],
    ['held', { state: 'held', hold, holds: [hold] }, 3],
    ['held and asking: held comes first', { state: 'held', hold, holds: [hold], asks: [ask] }, 3],
    ['paused', { state: 'paused', hold: { ...hold, reason: 'paused' }, holds: [{ ...hold, reason: 'paused' }] }, 3],
    ['rolling back', { state: 'rolling-back' }, 4],
    ['rolled back', { state: 'rolled-back', outcome: 'rolled-back' }, 4],
    ['stopped with nothing moved back', { state: 'stopped', outcome: 'stopped' }, 0],
    ['stopped after something moved back', { state: 'stopped', outcome: 'stopped', moves: [{ ...statusOf().moves[0]!, direction: 'back' }] }, 4],
    ['rollback incomplete', { state: 'rollback-incomplete', outcome: 'rollback-incomplete' }, 5],
    ['failed', { state: 'failed', outcome: 'failed' }, 5],
    ['completed', { state: 'completed', outcome: 'completed' }, 0],
  ];
  test.each(exits)('%s: the exit code is the same with and without --json', async (_name, change, wanted) => {
    const plain = await typed('status batch-patches-v1', showing(seenOf(statusOf(change))));
    const json = await typed('status batch-patches-v1 --json', showing(seenOf(statusOf(change))));
    expect([plain.exitCode, json.exitCode, JSON.parse(json.stdout).exitCode]).toEqual([wanted, wanted, wanted]);
    expect(plain.stdout).not.toBe('');
  });

  test('when no worker answers, the last known is shown and marked, and it is a hold', async () => {
    const json = await typed('status batch-patches-v1 --json', showing(seenOf(null)));
    expect(JSON.parse(json.stdout)).toMatchObject({ state: 'soaking', phase: 'wave-2', answered: false, hold: { reason: 'unknown' }, conditions: [{ verdict: 'pass' }] });
    expect(json.exitCode).toBe(3);
    expect((await typed('status batch-patches-v1', showing(seenOf(null)))).stdout).toContain('last known: no worker answers');
  });

  test('the memory of a watch that began before the phase moved is not taken for its soak', async () => {
    const before = memoryOf({ soakSince: at - 20 * 3_600_000, cleanMs: 20 * 3_600_000 });
    const { stdout } = await typed('status batch-patches-v1 --json', showing(seenOf(statusOf(), { watch: { ...seenOf().watch!, memory: before } })));
    expect(JSON.parse(stdout).soak.clean).toBe(12 * 3_600_000);
  });

  test('a plan that is still being resolved is preparing, not a dead worker', async () => {
    const seen = seenOf(null, { silent: 'not-ready', watch: null });
    const { stdout, exitCode } = await typed('status batch-patches-v1 --json', showing({ ...seen, row: { ...seen.row, state: null, phase: null } }));
    expect(JSON.parse(stdout)).toMatchObject({ state: 'preparing', hold: null, answered: true });
    expect(exitCode).toBe(0);
  });

  test('a workflow terminated from outside is failed, whatever it said last', async () => {
    const seen = seenOf(statusOf(), { failure: 'its workflow was terminated from outside: targets stand where they stood' });
    const { stdout, exitCode } = await typed('status batch-patches-v1', showing({ ...seen, row: { ...seen.row, execution: 'terminated', closedAt: at } }));
    expect(exitCode).toBe(5);
    expect(stdout).toContain('■ FAILED');
    expect(stdout).toContain('terminated from outside');
  });

  test('rollout/ID, as the temporal tools name it, is the same rollout', async () => {
    let asked = '';
    const rollouts = fakeRollouts({ see: async (id) => { asked = id; return seenOf(); } });
    await typed('status rollout/batch-patches-v1', { parts: { rollouts: async () => rollouts } });
    expect(asked).toBe('batch-patches-v1');
    expect(rollouts.closed).toBe(1);
  });
});

describe('list', () => {
  test('--json is one document with every rollout', async () => {
    const { stdout, exitCode } = await typed('list --json', showing(seenOf()));
    expect(JSON.parse(stdout).rollouts).toMatchObject([{ rollout: 'batch-patches-v1', state: 'soaking', phase: 'wave-2', execution: 'running' }]);
    expect(exitCode).toBe(0);
  });
  test('nothing running is no failure: stdout stays empty, stderr says so', async () => {
    const { stdout, stderr, exitCode } = await typed('list', { parts: { rollouts: async () => fakeRollouts({ list: async () => [] }) } });
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 });
    expect(stderr).toContain('list --all');
  });
  test('what was terminated from outside is not listed in the state it last wrote', async () => {
    const row = { ...seenOf().row, execution: 'terminated' as const };
    expect((await typed('list', { parts: { rollouts: async () => fakeRollouts({ list: async () => [row] }) } })).stdout).toContain('failed (terminated)');
  });
});

describe('why', () => {
  test('the gravest reason comes first, each with what ends it', async () => {
    const status = statusOf({
      state: 'held', hold, holds: [hold], asks: [ask],
      issues: [{ id: 'w', severity: 'warning', text: 'memory high', openedAt: at - 1000, endedAt: null, unplanned: false }, { id: 'e', severity: 'emergency', text: 'data corruption', openedAt: at - 1000, endedAt: null, unplanned: true }],
      conditions: [{ text: 'p99 < 500ms', verdict: 'fail', message: 'p99 is 900 ms' }],
    });
    const { stdout } = await typed('why batch-patches-v1 --json', showing(seenOf(status)));
    const { reasons } = JSON.parse(stdout);
    expect(reasons.map((r: { kind: string }) => r.kind)).toEqual(['issue', 'hold', 'issue', 'condition', 'ask', 'soak']);
    expect(reasons[0].text).toContain('data corruption');
    expect(reasons[4].ends).toContain('tidegate approve batch-patches-v1 wave-3/approval/1');
    for (const reason of reasons) expect(reason.ends).not.toBe('');
    const people = await typed('why batch-patches-v1', showing(seenOf(status)));
    expect(people.stdout.indexOf('data corruption')).toBeLessThan(people.stdout.indexOf('batch-patches stands at 10'));
  });
  test('with nothing in the way it says so', async () => {
    const { stdout } = await typed('why batch-patches-v1', showing(seenOf(statusOf({ soak: null }))));
    expect(stdout).toContain('Nothing stands in its way');
  });
  test('a look older than its cadence is a reason', async () => {
    expect((await typed('why batch-patches-v1', showing(seenOf(statusOf(), { readAt: at + 7_200_000 })))).stdout).toContain('older than its cadence');
  });
});

describe('next', () => {
  test('what is waited for comes first, then instants in the plan\'s zone, freezes among them', async () => {
    const plan = planOf({ freezes: [{ from: at + 86_400_000, to: at + 2 * 86_400_000, why: 'release day' }], standUps: [{ id: 's', title: 'Daily stand-up', at: ['09:00'], weekdays: [1, 2, 3, 4, 5], monthly: false, phases: ['wave-2'], from: ['commander'], withinMs: 1, otherwise: 'continue' }] });
    const { stdout } = await typed('next batch-patches-v1 --json', showing(seenOf(), plan));
    expect(JSON.parse(stdout).calendar.map((e: { what: string }) => e.what.slice(0, 12))).toEqual(['commander: G', 'freeze for 2', 'wave-2 has s', 'Daily stand-']);
    const people = (await typed('next batch-patches-v1', showing(seenOf(), plan))).stdout;
    expect(people).toContain('Fri 4 Dec 2026, 20:00 PST');
    expect(people).toContain('Mon, Tue, Wed, Thu, Fri at 09:00');
  });
});

describe('inbox', () => {
  test('only what this person may answer, with the line to type next', async () => {
    const status = statusOf({ asks: [ask, { ...ask, ask: 'comfort/1', question: 'Comfortable?', kind: 'metric', from: ['engineering-lead'], options: ['yes', 'no'], healthy: 'yes', dueAt: null, needs: 1 }] });
    const all = JSON.parse((await typed('inbox --json', showing(seenOf(status)))).stdout);
    expect(all.asks.map((a: { ask: string }) => a.ask)).toEqual(['wave-3/approval/1', 'comfort/1']);
    const mine = await typed('inbox --as engineering-lead', showing(seenOf(status)));
    expect(mine.stdout).toContain('$ tidegate answer batch-patches-v1 comfort/1 yes --as engineering-lead');
    expect(mine.stdout).not.toContain('wave-3');
  });
  test('TIDEGATE_AS stands for --as', async () => {
    const { stderr, stdout } = await typed('inbox', { ...showing(seenOf(statusOf({ asks: [ask] }))), env: { TIDEGATE_AS: 'somebody-else' } });
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'Nothing is asked of somebody-else.\n' });
  });
  test('who has answered is not asked again', async () => {
    const answered = { ...ask, answers: [{ by: 'commander', value: 'approve', at, reason: '', identity: '' }] };
    expect(JSON.parse((await typed('inbox --as commander --json', showing(seenOf(statusOf({ asks: [answered] }))))).stdout).asks).toEqual([]);
  });
  test('a rollout no worker answers for is named, not left out in silence', async () => {
    const { stdout, stderr } = await typed('inbox --json', showing(seenOf(null)));
    expect(JSON.parse(stdout)).toEqual({ asks: [], unanswered: ['batch-patches-v1'] });
    expect(stderr).toContain('batch-patches-v1');
  });
});

describe('watch', () => {
  const sequence = (...steps: Seen[]) => { let i = 0; return () => steps[Math.min(i++, steps.length - 1)]!; };
  const ended = seenOf(statusOf({ state: 'completed', outcome: 'completed', phase: 'wave-4', phaseNumber: 4, targets: { 'batch-patches': { value: 100, unit: '%', cap: null } } }), { watch: null });
  let clock = at;
  const running = { now: () => (clock += 500) };

  test('piped: one line a change, until it ends, with its exit code', async () => {
    const { stdout, exitCode, cli } = await typed('watch batch-patches-v1 --every 1s', { ...running, ...showing(sequence(seenOf(), seenOf(), seenOf(statusOf({ asks: [ask] })), ended)) });
    const lines = stdout.trim().split('\n').map((l) => l.slice(10));
    expect(lines[0]).toContain('soaking wave-2 2/4 (batch-patches 25 %)');
    expect(lines.filter((l) => l.startsWith('soaking'))).toHaveLength(1);
    expect(lines.some((l) => l.startsWith('asked of commander, product-manager'))).toBe(true);
    expect(lines.at(-1)).toBe('no longer asked: wave-3/approval/1');
    expect(lines.some((l) => l.startsWith('completed'))).toBe(true);
    expect(exitCode).toBe(0);
    expect(cli.drawn).toEqual([]);
  });
  test('--json: changes on stderr, the last status alone on stdout', async () => {
    const { stdout, stderr, exitCode } = await typed('watch batch-patches-v1 --every 1s --json', { ...running, ...showing(sequence(seenOf(), seenOf(statusOf({ state: 'rolled-back', outcome: 'rolled-back' })))) });
    expect(JSON.parse(stdout)).toMatchObject({ state: 'rolled-back' });
    expect(stderr).toContain('rolled-back');
    expect(exitCode).toBe(4);
  });
  test('an end is told once its last entries are on record; a journal that does not take them keeps nobody', async () => {
    const over = statusOf({ state: 'rolled-back', outcome: 'rolled-back', unsent: { journal: 2, messages: 0 } });
    const unrecorded = seenOf(over);
    const open = { ...unrecorded, row: { ...unrecorded.row, closedAt: null } };
    let looks = 0;
    const steps = sequence(seenOf(), open, open, seenOf(statusOf({ ...over, unsent: { journal: 0, messages: 0 } })));
    const { stdout } = await typed('watch batch-patches-v1 --every 1s --json', { ...running, ...showing(() => { looks += 1; return steps(); }) });
    expect(looks).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ unsent: { journal: 0 } });
    const never = await typed('watch batch-patches-v1 --every 1s --json', { ...running, ...showing(sequence(seenOf(), open)) });
    expect(JSON.parse(never.stdout)).toMatchObject({ state: 'rolled-back', unsent: { journal: 2 } });
    expect(never.exitCode).toBe(4);
  });
  test('on a terminal: the board is drawn, and drawn again at its end', async () => {
    const { cli, exitCode, stdout } = await typed('watch batch-patches-v1 --every 1s', { tty: true, ...running, ...showing(sequence(seenOf(), ended)) });
    expect(cli.drawn[0]).toContain('[c] CONTINUE');
    expect(cli.drawn.at(-1)).toContain('■ COMPLETED');
    expect(stdout).toBe('');
    expect(exitCode).toBe(0);
  });
  test('a server that goes away in between ends nothing: the last sight stays and the watch goes on', async () => {
    let i = 0;
    const rollouts = fakeRollouts({ see: async () => { i += 1; if (i === 2) throw new TransientError({ code: 'TEMPORAL_UNREACHABLE', what: 'Temporal does not answer.' }); return i < 4 ? seenOf() : ended; } });
    const { exitCode, cli } = await typed('watch batch-patches-v1 --every 1s', { tty: true, ...running, parts: { rollouts: async () => rollouts } });
    expect(exitCode).toBe(0);
    expect(cli.drawn.some((frame) => frame.includes('wave-2') && frame.includes('Temporal does not answer'))).toBe(true);
    expect(cli.drawn.at(-1)).not.toContain('does not answer');
  });
  test('between two watches the last evidence stays on the board', async () => {
    const { cli } = await typed('watch batch-patches-v1 --every 1s', { tty: true, ...running, ...showing(sequence(seenOf(), seenOf(statusOf(), { watch: null }), seenOf(statusOf(), { watch: { ...seenOf().watch!, memory: null } }), ended)) });
    const frames = cli.drawn.filter((frame) => frame.includes('soaking'));
    expect(frames.length).toBeGreaterThan(2);
    for (const frame of frames) expect(frame).toContain('2.3 %');
  });
  test('r and y roll back, r and anything else do not', async () => {
    const press = async (keys: string[]) => {
      let i = 0;
      const state = showing(() => (i < 30 ? seenOf() : ended));
      let pending = [...keys];
      await typed('watch batch-patches-v1 --every 1s', { tty: true, ...running, ...state, sleep: async () => { i += 1; const key = pending.shift(); if (key !== undefined) current?.press(key); await new Promise((next) => setImmediate(next)); }, onCli: (cli) => { current = cli; } });
      return state.rollouts.told;
    };
    let current: { press(key: string): void } | undefined;
    expect(await press(['r', 'y'])).toMatchObject([{ name: 'rollback', rollout: 'batch-patches-v1', payload: { by: 'ann' } }]);
    expect(await press(['r', 'n'])).toEqual([]);
    expect(await press(['r', 'x', 'y'])).toEqual([]);
  });
  test('Ctrl-C ends it with 130 and closes what was opened', async () => {
    const { rollouts, parts } = showing(seenOf());
    let current: { interrupt(): void } | undefined;
    let slept = 0;
    const { exitCode } = await typed('watch batch-patches-v1 --every 1s', { parts, ...running, sleep: async () => { slept += 1; if (slept === 3) current!.interrupt(); await new Promise((next) => setImmediate(next)); }, onCli: (cli) => { current = cli; } });
    expect(exitCode).toBe(130);
    expect(rollouts.closed).toBe(1);
  });
});
