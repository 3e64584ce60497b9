// Promise 3 and 8, as far as one server shows them: nothing that happens to a watch or a run changes the end. Real kills: test/processes.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { cached, day, hour, minute, phaseOf, rehearsals, smallPlan, texts } from './world.js';

const storm = `
metrics:
  error_rate: [{ at: wave-1 + 5h, for: 30m, value: 7 }, { at: wave-1 + 9h, for: 3h, is: missing }, { at: wave-2 + 2h, for: 2h, value: 6 }]
  latency: [{ at: wave-2 + 8h, for: 20m, value: 950 }]
drift: [{ at: wave-1 + 20h 3m, target: flag, to: 4 }]
events: [{ at: wave-1 + 3h, event: escalation }]`;

/** What is counted in events must not be continued as new meanwhile. */
const inOneRun = { maxHistoryEvents: 100_000 };

describeNeeding(['test-server'], 'the story', () => {
  const rehearse = rehearsals();

  it('is the same however often the run is continued as new', async () => {
    const whole = await rehearse(smallPlan(), storm, inOneRun);
    const cut = await rehearse(smallPlan(), storm, { maxHistoryEvents: 60, cadenceMs: null });
    expect(cut.outcome).toBe(whole.outcome);
    expect(cut.moves.map(({ target, before, after, direction }) => ({ target, before, after, direction }))).toEqual(whole.moves.map(({ target, before, after, direction }) => ({ target, before, after, direction })));
    expect(cut.asks.map((ask) => [ask.ask, ask.result])).toEqual(whole.asks.map((ask) => [ask.ask, ask.result]));
    for (const phase of ['wave-1', 'wave-2']) {
      expect(Math.abs(phaseOf(cut, phase).cleanMs - phaseOf(whole, phase).cleanMs)).toBeLessThanOrEqual(11 * minute);
      expect(phaseOf(cut, phase).restarts).toBe(phaseOf(whole, phase).restarts);
    }
  });

  // A watch reports daily, and a run that has grown is continued as new with that report: here every run has.
  it('goes back watched, written and verified, when the report that fires is also the one with which the run would be continued', async () => {
    const plan = smallPlan({ soak: '3d', top: "rollback: { verify: ['error_rate < 5%'], verify within: 3h }" });
    const made = await rehearse(plan, 'metrics: { error_rate: [{ at: wave-1 + 23h 30m, for: 1h, value: 20 }] }', { cadenceMs: hour, maxHistoryEvents: 1 });
    expect([made.outcome, made.status.rollback!.verified]).toEqual(['rolled-back', true]);
    expect(texts(made, 'ended')).toEqual(['small is over: rolled-back']);
    expect(made.status.unsent).toEqual({ journal: 0, messages: 0 });
  });

  it('goes back as far as its trigger says, also when the run was continued while somebody was asked', async () => {
    const plan = smallPlan({ two: "    triggers: { critical: [{ when: 'error_rate > 6%', to: previous, within: 30h }] }" }).replace('soak: 24h\n    watch: every 10m\n    triggers', 'soak: 4d\n    watch: every 1h\n    triggers');
    const made = await rehearse(plan, `
metrics: { error_rate: [{ at: wave-2 + 3h, for: 2h, value: 8 }] }
answers: [{ ask: wave-2/rollback, value: rollback, by: ann, after: 27h }]`, { maxHistoryEvents: 1, untilMs: 5 * day });
    expect(made.targets['flag']).toBe(10);
    expect(made.status.rollback).toMatchObject({ to: 'the end of wave-1', verified: true });
    expect(made.status.rollback!.reason).toMatch(/^error_rate is 8 %/);
  });

  it('is the same when the watch is cancelled and set up anew at every look', async () => {
    const whole = await rehearse(smallPlan(), '', { cadenceMs: 30 * minute });
    // between any two of the looks; without the cache only in the first third of the soak
    const times = Array.from({ length: cached === 0 ? 15 : 47 }, (_, index) => `{ at: wave-1 + ${30 * index + 15}m, give: extend, by: ann, with: { byMs: 1, id: 'x${index}' } }`).join(', ');
    const cut = await rehearse(smallPlan(), `commandsGiven: [${times}]`, { cadenceMs: 30 * minute });
    expect(cut.outcome).toBe('completed');
    expect(cut.moves.map((move) => move.after)).toEqual(whole.moves.map((move) => move.after));
    const soak = (made: typeof whole): number => phaseOf(made, 'wave-1').endedAt! - phaseOf(made, 'wave-1').movedAt!;
    expect(Math.abs(soak(cut) - soak(whole))).toBeLessThanOrEqual(30 * minute);
    expect(phaseOf(cut, 'wave-1').restarts).toBe(0);
  });

  it('does not depend on the cadence where the source answers for a range', async () => {
    for (const cadenceMs of [2 * minute, 10 * minute, hour]) {
      const made = await rehearse(smallPlan(), `metrics: { error_rate: [{ at: wave-1 + 3h 1m, for: 6m, value: 12 }] }`, { cadenceMs });
      expect(made.outcome).toBe('rolled-back');
    }
  });

  it('writes little history: a day of soak costs a handful of events at any cadence', async () => {
    const quick = await rehearse(smallPlan(), '', { ...inOneRun, cadenceMs: 1 * minute });
    const slow = await rehearse(smallPlan(), '', { ...inOneRun, cadenceMs: hour });
    expect(quick.evaluations).toBeGreaterThan(slow.evaluations * 20);
    expect(Math.abs(quick.historyEvents - slow.historyEvents)).toBeLessThan(60);
  });

  it('adds fewer than eight events a day to a long soak, with a stand-up that this phase does not hold; each day is in the record all the same', async () => {
    const plan = (soak: string): string => smallPlan({ soak, top: 'stand-ups: [{ stand-up: Twice a day, at: [09:00, 17:00], in: wave-2, from: [ann] }]' });
    const [short, long] = [await rehearse(plan('2d'), '', { ...inOneRun, cadenceMs: hour }), await rehearse(plan('16d'), '', { ...inOneRun, cadenceMs: hour })];
    expect((long.historyEvents - short.historyEvents) / 14).toBeLessThan(8);
    expect(texts(long, 'watch-summary').length).toBeGreaterThanOrEqual(16);
    expect(long.asks.filter((ask) => ask.kind === 'stand-up').map((ask) => ask.ask)).toEqual(short.asks.filter((ask) => ask.kind === 'stand-up').map((ask) => ask.ask));
    expect(long.asks.some((ask) => ask.ask.startsWith('wave-2/stand-up'))).toBe(true);
  });
});
