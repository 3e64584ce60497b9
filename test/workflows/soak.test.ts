// Promise 1 and 2: a soak needs evidence, not only time; unknown is not healthy.
import { expect } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { it } from 'vitest';
import { day, hour, minute, phaseOf, rehearsals, smallPlan, texts } from './world.js';

describeNeeding(['test-server'], 'a soak', () => {
  const rehearse = rehearsals();

  it('counts clean time from the move to the gate and then goes on by itself', async () => {
    const made = await rehearse(smallPlan());
    expect(made.outcome).toBe('completed');
    const one = phaseOf(made, 'wave-1');
    expect(one.cleanMs).toBeGreaterThanOrEqual(24 * hour);
    expect(one.endedAt! - one.movedAt!).toBeLessThan(24 * hour + 11 * minute);
    expect(made.moves.map((move) => [move.target, move.before, move.after])).toEqual([['flag', 0, 10], ['flag', 10, 100]]);
    expect(made.targets['flag']).toBe(100);
  });

  it('does not count a day without data, holds, tells people once and is longer by what was missed', async () => {
    const healthy = await rehearse(smallPlan());
    const made = await rehearse(smallPlan(), `metrics: { error_rate: [{ at: wave-1 + 3h, for: 24h, is: missing }] }`);
    expect(made.outcome).toBe('completed');
    const soak = (one: typeof made): number => phaseOf(one, 'wave-1').endedAt! - phaseOf(one, 'wave-1').movedAt!;
    const longer = soak(made) - soak(healthy);
    expect(longer).toBeGreaterThanOrEqual(24 * hour - 10 * minute);
    expect(longer).toBeLessThanOrEqual(24 * hour + 40 * minute);
    const [held, ...others] = made.messages.filter((message) => message.topic === 'hold' && message.title.includes('no sound evidence'));
    expect(others).toEqual([]);
    // Who heard that it stands still hears that it goes on.
    expect(made.messages.filter((message) => message.topic === 'hold-ended').map((message) => message.ends)).toEqual([[held!.matter]]);
    expect(made.messages.filter((message) => message.topic === 'still-unknown')).toHaveLength(1);
  });

  for (const is of ['NaN', 'several', 'error'] as const) {
    it(`holds on ${is} and never takes it for health or harm`, async () => {
      const made = await rehearse(smallPlan(), `metrics: { error_rate: [{ at: wave-1 + 3h, for: 6h, is: ${is} }] }`);
      expect(made.outcome).toBe('completed');
      expect(texts(made, 'hold').some((text) => text.includes('no sound evidence'))).toBe(true);
      expect(phaseOf(made, 'wave-1').endedAt! - phaseOf(made, 'wave-1').movedAt!).toBeGreaterThan(29 * hour);
    });
  }

  it('starts anew after an issue where the plan says restarts', async () => {
    const made = await rehearse(smallPlan(), `metrics: { error_rate: [{ at: wave-1 + 20h, for: 1h, value: 7 }] }`);
    const one = phaseOf(made, 'wave-1');
    expect(one.restarts).toBe(1);
    expect(one.endedAt! - one.movedAt!).toBeGreaterThanOrEqual(45 * hour);
    expect(made.outcome).toBe('completed');
  });

  it('only leaves the time of an issue out where the plan says extends', async () => {
    const made = await rehearse(smallPlan({ soak: '24h, extends on issue' }), `metrics: { error_rate: [{ at: wave-1 + 20h, for: 1h, value: 7 }] }`);
    const one = phaseOf(made, 'wave-1');
    expect(one.restarts).toBe(0);
    expect(one.endedAt! - one.movedAt!).toBeGreaterThanOrEqual(25 * hour);
    expect(one.endedAt! - one.movedAt!).toBeLessThan(26 * hour);
  });

  it('does not count paused time, and watching goes on while paused', async () => {
    const made = await rehearse(smallPlan(), `commandsGiven: [{ at: wave-1 + 2h, give: pause, by: ann }, { at: wave-1 + 12h, give: resume, by: ann }]`);
    const one = phaseOf(made, 'wave-1');
    expect(one.endedAt! - one.movedAt!).toBeGreaterThanOrEqual(34 * hour - 10 * minute);
    expect(one.endedAt! - one.movedAt!).toBeLessThan(34 * hour + 30 * minute);
  });

  it('rolls back while paused when a trigger fires', async () => {
    const made = await rehearse(smallPlan(), `
commandsGiven: [{ at: wave-1 + 2h, give: pause, by: ann }]
metrics: { error_rate: [{ at: wave-1 + 5h, for: 30m, value: 40 }] }`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(0);
  });

  it('is longer after extend and ends at once after skip', async () => {
    const longer = await rehearse(smallPlan(), `commandsGiven: [{ at: wave-1 + 2h, give: extend, by: ann, with: { byMs: ${6 * hour} } }]`);
    expect(phaseOf(longer, 'wave-1').endedAt! - phaseOf(longer, 'wave-1').movedAt!).toBeGreaterThanOrEqual(30 * hour);
    const shorter = await rehearse(smallPlan(), `commandsGiven: [{ at: wave-1 + 2h, give: skip, by: ann, with: { what: soak, reason: known good } }]`);
    expect(phaseOf(shorter, 'wave-1').endedAt! - phaseOf(shorter, 'wave-1').movedAt!).toBeLessThan(3 * hour);
    expect(texts(shorter, 'command-given').some((text) => text.includes('gave skip'))).toBe(true);
  });

  it('is not left while its own gate fails, though its time is over', async () => {
    const made = await rehearse(smallPlan(), `metrics: { error_rate: [{ at: wave-1, for: 30h, value: 4.5 }] }`, { untilMs: 4 * day });
    const one = phaseOf(made, 'wave-1');
    expect(one.endedAt! - one.movedAt!).toBeGreaterThan(30 * hour);
    expect(texts(made, 'hold').some((text) => text.includes('not healthy enough to leave'))).toBe(true);
  });
});
