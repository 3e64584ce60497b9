// Promise 6 and 7: a rollback finishes or shouts; what is protected stays protected.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { hour, minute, phaseOf, rehearsals, smallPlan, texts } from './world.js';

describeNeeding(['test-server'], 'a rollback', () => {
  const rehearse = rehearsals();

  it('follows a breach that lay wholly between two looks and lasted long enough', async () => {
    const made = await rehearse(smallPlan(), `metrics: { error_rate: [{ at: wave-1 + 3h 1m, for: 6m, value: 12 }] }`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(0);
    expect(made.moves.filter((move) => move.direction === 'back').map((move) => [move.before, move.after])).toEqual([[10, 0]]);
    expect(made.status.rollback!.readBackAt! - made.status.rollback!.decidedAt).toBeLessThan(30_000);
  });

  it('does not follow a breach that was too short: the warning fires, the soak starts anew', async () => {
    const made = await rehearse(smallPlan(), `metrics: { error_rate: [{ at: wave-1 + 3h 1m, for: 4m, value: 12 }] }`);
    expect(made.outcome).toBe('completed');
    expect(phaseOf(made, 'wave-1').restarts).toBe(1);
    expect(made.status.issues.map((issue) => issue.severity)).toEqual(['warning']);
  });

  it('restores what was there before, not zero', async () => {
    const made = await rehearse(smallPlan(), `
targets: { flag: 5 }
events: [{ at: wave-2 + 6h, event: data-corruption }]`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(5);
  });

  it('follows an event at once, whatever the cadence', async () => {
    const made = await rehearse(smallPlan(), `events: [{ at: wave-2 + 6h 3m, event: data-corruption }]`);
    expect(made.outcome).toBe('rolled-back');
    const reported = made.entries.find((entry) => entry.kind === 'event')!;
    expect(made.status.rollback!.readBackAt! - reported.at).toBeLessThan(5_000);
  });

  it('is asked for by a critical trigger and done when nobody answers in time', async () => {
    const asked = await rehearse(smallPlan(), `metrics: { latency: [{ at: wave-1 + 3h, for: 2h, value: 950 }] }`);
    expect(asked.outcome).toBe('completed');
    expect(asked.asks.some((ask) => ask.kind === 'rollback' && ask.result === 'continue')).toBe(true);
    const silent = await rehearse(smallPlan(), `
metrics: { latency: [{ at: wave-1 + 3h, for: 2h, value: 950 }] }
answers: [{ ask: wave-1/rollback, never: true }]`);
    expect(silent.outcome).toBe('rolled-back');
    expect(Math.round((silent.status.rollback!.decidedAt - silent.asks.find((ask) => ask.kind === 'rollback')!.askedAt) / 1000)).toBe(15 * 60);
  });

  it('repeats an undo that fails until it holds', async () => {
    const made = await rehearse(smallPlan(), `
events: [{ at: wave-1 + 6h, event: data-corruption }]
writes: [{ target: flag, fails: 5, direction: back }]`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(0);
    expect(texts(made, 'undo-failed').length).toBeGreaterThan(0);
  });

  it('climbs the ladder when the target cannot be taken back, and names the remainder', async () => {
    const made = await rehearse(smallPlan({ top: `rollback: { within: 30s, 'if that fails': [{ step: stop the service, run: systemctl stop it, verify: systemctl is-active it }, { step: restore, run: restore }] }` }), `
events: [{ at: wave-1 + 6h, event: data-corruption }]
writes: [{ target: flag, fails: always, direction: back }]`);
    expect(made.outcome).toBe('rollback-incomplete');
    expect(made.status.rollback!.remainder).toEqual(['flag']);
    expect(texts(made, 'ladder')).toEqual(['if that fails: stop the service', 'if that fails: restore']);
    expect(made.messages.some((message) => message.severity === 'emergency' && message.topic === 'rollback-incomplete')).toBe(true);
  });

  it('is verified by what holds at its end, not only in the minutes that the proof is given', async () => {
    const plan = smallPlan({ top: `rollback: { verify: ['error_rate < 5%'], verify within: 2m, after: [{ step: Restore the cache, run: restore, ask: [ann], within: 1h }] }` });
    const during = (length: string): string => `
events: [{ at: wave-1 + 6h, event: data-corruption }]
metrics: { error_rate: [{ at: wave-1 + 6h, for: ${length}, value: 8 }] }`;
    const late = await rehearse(plan, during('10m'));
    expect([late.outcome, late.status.rollback!.verified]).toEqual(['rolled-back', true]);
    expect(texts(late, 'verified')).toEqual([expect.stringContaining('is not verified: error_rate is 8'), expect.stringContaining('is verified after all: error_rate is')]);
    expect(late.messages.filter((message) => message.topic.startsWith('rollback-')).map((message) => message.topic)).toEqual(['rollback-unverified', 'rollback-verified']);
    const never = await rehearse(plan, during('3h'));
    expect([never.outcome, never.status.rollback!.verified]).toEqual(['rollback-incomplete', false]);
  });

  it('says what it still does, and that no phase follows it', async () => {
    const plan = (first: string) => smallPlan({ top: `rollback: { verify: ['error_rate < 5%'], after: [${first}, { step: Restore the cache, run: restore, ask: [ann], within: 8h }, { step: Tell the shops, run: tell }] }` });
    const waiting = (fault: string) => rehearse(plan('{ step: Stop the imports, run: stop }'), `events: [{ at: wave-1 + 2h, event: data-corruption }]\nanswers: [{ ask: rollback/restore-the-cache, never: true }]${fault}`, { untilMs: 12 * hour });
    const made = await waiting('');
    expect(made.status.state).toBe('rolling-back');
    expect(made.status.next.map(({ at, what }) => [at === null, what])).toEqual([
      [false, expect.stringContaining('Restore the cache. Shall it be done?')], [true, 'Restore the cache, if one of ann says yes'], [true, 'Tell the shops'], [true, 'the end: rolled back'],
    ]);
    const unproved = await waiting('\nmetrics: { error_rate: [{ at: wave-1 + 2h, for: 5h, value: 8 }] }');
    expect(unproved.status.next.at(-1)!.what).toBe('the proof once more, and the end: rolled back or incomplete');
  });

  it('undoes a write whose outcome is unknown', async () => {
    const made = await rehearse(smallPlan(), `
writes: [{ target: flag, fails: always, how: after effect }]
answers: [{ ask: wave-1/retry/flag, value: rollback }]`);
    // an answer that is lost after the effect is found by reading: the move has happened
    expect(made.outcome).toBe('completed');
    expect(made.moves.map((move) => move.after)).toEqual([10, 100]);
  });

  it('does not move a target away from what is safer than the value before', async () => {
    const made = await rehearse(smallPlan(), `
targets: { flag: 5 }
drift: [{ at: wave-1 + 6h, target: flag, to: 0 }]
answers: [{ ask: wave-1/drift/flag, value: rollback }]`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(0);
    expect(texts(made, 'undo')[0]).toContain('safer');
  });

  it('of one phase restores the phase before and holds there until somebody resumes', async () => {
    const held = await rehearse(smallPlan(), `commandsGiven: [{ at: wave-2 + 6h, give: rollback, by: ann, with: { phase: wave-2, reason: try later } }]`, { untilMs: 6 * 24 * hour });
    expect(held.outcome).toBe('held');
    expect(held.targets['flag']).toBe(10);
    expect(held.status.hold!.reason).toBe('rolled-back-to');
    const again = await rehearse(smallPlan(), `
commandsGiven: [{ at: wave-2 + 6h, give: rollback, by: ann, with: { phase: wave-2, id: once } }, { at: day 4 at 12:00, give: resume, by: ann }]`);
    expect(again.outcome).toBe('completed');
    expect(again.moves.map((move) => [move.direction, move.before, move.after])).toEqual([['forward', 0, 10], ['forward', 10, 100], ['back', 100, 10], ['forward', 10, 100]]);
  });

  it('is not blocked by a freeze, a pause or an open approval', async () => {
    const made = await rehearse(smallPlan({ top: `hours: { days: weekdays, from: '09:00', to: '10:00' }`, two: `    approval: { from: [ann], within: 100h }` }), `
answers: [{ ask: wave-2/approval, never: true }]
commandsGiven: [{ at: wave-1 + 30h, give: pause, by: bob }, { at: wave-1 + 40h, give: rollback, by: bob }]`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(0);
  });

  it('refuses a pause while it is under way and a skip of an invariant at any time', async () => {
    const made = await rehearse(smallPlan({ top: `invariants: ['latency < 5000ms']` }), `commandsGiven: [{ at: wave-1 + 2h, give: skip, by: ann, with: { what: invariants/0 } }]`);
    expect(texts(made, 'bad-signal')[0]).toContain('nobody skips it');
  });

  it('follows a broken invariant', async () => {
    const made = await rehearse(smallPlan({ top: `invariants: ['latency < 5000ms']` }), `metrics: { latency: [{ at: wave-1 + 2h, for: 1h, value: 6000 }] }`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.status.rollback!.reason).toContain('invariant');
  });
});

describeNeeding(['test-server'], 'drift', () => {
  const rehearse = rehearsals();

  it('holds and asks; restoring writes ours again, adopting keeps theirs', async () => {
    const restored = await rehearse(smallPlan(), `drift: [{ at: wave-1 + 6h 3m, target: flag, to: 3 }]`);
    expect(restored.outcome).toBe('completed');
    expect(texts(restored, 'drift')[0]).toContain('stands at 3, not at 10');
    expect(restored.targets['flag']).toBe(100);
    const adopted = await rehearse(smallPlan(), `
drift: [{ at: wave-1 + 6h 3m, target: flag, to: 3 }]
answers: [{ ask: wave-1/drift/flag, value: adopt }]`);
    expect(adopted.moves.some((move) => move.state === 'adopted' && move.after === 3)).toBe(true);
    expect(adopted.outcome).toBe('completed');
  });

  it('of a flag switched off by hand at night is never overwritten without a word', async () => {
    const made = await rehearse(smallPlan(), `
drift: [{ at: wave-1 + 6h, target: flag, to: 0 }]
answers: [{ ask: wave-1/drift/flag, never: true }]`, { untilMs: 3 * 24 * hour });
    expect(made.outcome).toBe('held');
    expect(made.targets['flag']).toBe(0);
    expect(made.messages.some((message) => message.topic === 'hold' && message.severity === 'critical')).toBe(true);
  });
});
