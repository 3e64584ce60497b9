// The live board as text: what a control room must see, at any width, with and without colour, and that it never looks healthier than it is.
import { describe, expect, test } from 'vitest';
import { renderBoard, type BoardModel } from '../../src/cli/board.js';
import { shownStatus } from '../../src/cli/shown-status.js';
import { cellsOf } from '../../src/cli/text-layout.js';
import type { Seen } from '../../src/cli/ports.js';
import type { AskView, Status } from '../../workflows/messages.js';
import { at, memoryOf, seenOf, statusOf } from './fake-cli.js';
import { planOf } from './fake-plan.js';

const ask: AskView = { ask: 'wave-3/approval/1', kind: 'approval', phase: 'wave-3', question: 'Go on with wave-3?', from: ['commander', 'product-manager'], needs: 2, options: ['approve', 'reject'], healthy: 'approve', askedAt: at - 600_000, dueAt: at + 3 * 3_600_000, otherwise: 'hold', answers: [], state: 'open', result: null };

function board(status: Status | null, seen: Partial<Seen> = {}, look: { width?: number; color?: boolean; now?: number; model?: Partial<BoardModel> } = {}): string {
  const plan = planOf();
  return renderBoard({ status: shownStatus(seenOf(status, seen), plan), plan, controls: 'keys', prompt: null, note: null, ...look.model }, { width: look.width ?? 80, color: look.color ?? false, now: look.now ?? at });
}

describe('the healthy picture', () => {
  test('at 80 columns', () => { expect(board(statusOf())).toMatchSnapshot(); });
  test('at 40 columns', () => { expect(board(statusOf(), {}, { width: 40 })).toMatchSnapshot(); });

  test('has phase and number, percentage, elapsed of total, health, five metrics with their change, incidents, alerts, last issue and the three keys', () => {
    const text = board(statusOf());
    for (const wanted of ['wave-2, 2/4 (25 %)', '3 d 2 h of 22 d', 'soaked 13 h of 48 h clean', 'HEALTHY', 'error_rate', '2.3 %  [▼ -0.5]', '97.7 %  [▲ +0.5]', '385 ms  [▼ -15]', '125 MB  [▲ +5]', '45.2  [▲ +2.1]', 'Incidents  0 critical', '1 warning firing', 'Last issue none', 'CONTINUE', 'ROLLBACK', 'PAUSE']) expect(text).toContain(wanted);
  });

  test('a phase that moves on in mid-soak says how far it is, and what comes next', () => {
    expect(board(statusOf({ stages: { made: 1, of: 2, next: 'calls-per-day → 100 after 10 d clean' } }))).toContain('Mid-soak   1 of 2 moves made; next: calls-per-day → 100 after 10 d clean');
    expect(board(statusOf())).not.toContain('Mid-soak');
  });

  test('metrics stand in the order of the plan, and a person\'s answer is no metric line', () => {
    const text = board(statusOf(), { watch: { ...seenOf().watch!, memory: memoryOf({ latest: { ...memoryOf().latest, comfort: { at, value: 1, kind: 'value' } } }) } });
    expect([...text.matchAll(/│ (error_rate|success_rate|p99_latency|memory|batches|comfort) /g)].map((m) => m[1])).toEqual(['error_rate', 'success_rate', 'p99_latency', 'memory', 'batches']);
  });
});

describe('no line is wider than the terminal', () => {
  test.each([24, 40, 60, 80, 100, 200])('at %i columns, with everything open', (width) => {
    const text = board(statusOf({ description: 'Ein sehr langer Text 日本語の説明 '.repeat(4), state: 'held', asks: [ask], holds: [{ reason: 'drift', message: `flag-${'x'.repeat(90)} was changed by somebody`, since: at, by: null }] }), {}, { width });
    const lines = text.split('\n');
    for (const one of lines) expect(cellsOf(one)).toBe(cellsOf(lines[0]!));
    expect(cellsOf(lines[0]!)).toBeLessThanOrEqual(width);
  });
  test('control characters in a name cannot move the cursor of who looks', () => {
    expect(board(statusOf({ description: 'evil \u001b[2J name' }))).not.toContain('\u001b');
  });
});

describe('never healthier than it is', () => {
  test('an open issue is FAILING, named with its severity and age', () => {
    const text = board(statusOf({ issues: [{ id: 'i', severity: 'critical', text: 'error_rate > 10% for 5m', openedAt: at - 300_000, endedAt: null, unplanned: true }] }));
    expect(text).toContain('✖ FAILING');
    expect(text).toContain('Incidents  1 critical');
    expect(text).toContain('error_rate > 10% for 5m (critical, open for 5 min)');
  });
  test('evidence older than its cadence is UNKNOWN and says so', () => {
    const text = board(statusOf(), { readAt: at + 3_600_000 }, { now: at + 3_600_000 });
    expect(text).toContain('? UNKNOWN');
    expect(text).toContain('OLDER THAN ITS CADENCE');
  });
  test('evidence within its cadence is not called old', () => {
    expect(board(statusOf())).not.toContain('OLDER');
  });
  test('an inconclusive condition is UNKNOWN', () => {
    const memory = memoryOf({ verdicts: { x: { ...Object.values(memoryOf().verdicts)[0]!, verdict: 'inconclusive' } } });
    expect(board(statusOf(), { watch: { ...seenOf().watch!, memory } })).toContain('? UNKNOWN');
  });
  test('without any look yet it is UNKNOWN', () => {
    expect(board(statusOf(), { watch: null })).toContain('? UNKNOWN');
  });
  test('without a worker the last known is shown as last known', () => {
    const text = board(null);
    expect(text).toContain('last known: no worker answers');
    expect(text).toContain('UNKNOWN');
  });
  test('a metric without a number says what it has instead, never a number', () => {
    const text = board(statusOf(), { watch: { ...seenOf().watch!, memory: memoryOf({ latest: { error_rate: { at, value: null, kind: 'noData' } } }) } });
    expect(text).toMatch(/error_rate +no data/);
  });
  test('alerts that cannot be counted are a question mark, not zero', () => {
    const text = board(statusOf(), { watch: { ...seenOf().watch!, memory: memoryOf({ latest: { 'alerts(critical)': { at, value: null, kind: 'providerError' } } }) } });
    expect(text).toContain('? critical');
  });
  test('a watch that was paused from outside is told', () => {
    expect(board(statusOf(), { watch: { ...seenOf().watch!, paused: true } })).toContain('paused from outside');
  });
});

describe('what is open', () => {
  test('an ask shows question, people, votes, deadline and default', () => {
    const text = board(statusOf({ asks: [ask] })).replace(/ *│\n│ +/g, ' ');
    for (const wanted of ['Go on with wave-3?', 'wave-3/approval/1', 'commander, product-manager', '0 of 2', 'due in 3 h', 'otherwise hold']) expect(text).toContain(wanted);
  });
  test('without keys the three commands are there to type', () => {
    const text = board(statusOf({ asks: [ask] }), {}, { model: { controls: 'commands' } });
    expect(text).toContain('CONTINUE  tidegate answer batch-patches-v1 wave-3/approval/1 approve');
    expect(text).toContain('ROLLBACK  tidegate rollback batch-patches-v1');
  });
  test('a rollback in progress and its remainder are named', () => {
    const text = board(statusOf({ state: 'rolling-back', rollback: { reason: 'error_rate is 12 %', to: 'start', decidedAt: at, readBackAt: null, verified: null, remainder: ['flag new-checkout'] } }));
    expect(text).toContain('rolling back to start: error_rate is 12 %');
    expect(text).toContain('flag new-checkout');
  });
  test('an ended rollout shows its end and no keys', () => {
    const text = board(statusOf({ state: 'rolled-back', outcome: 'rolled-back', rollback: { reason: 'x', to: 'start', decidedAt: at, readBackAt: at, verified: false, remainder: [] } }));
    expect(text).toContain('■ ROLLED-BACK, NOT verified');
    expect(text).not.toContain('CONTINUE');
  });
});

test('colour adds nothing but escapes: the words are the same', () => {
  const coloured = board(statusOf(), {}, { color: true });
  expect(coloured).toContain('\u001b[');
  expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(board(statusOf()));
});
