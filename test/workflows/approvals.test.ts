// Promise 5: an approval opens exactly what it names, once, by the right people, before its deadline, on evidence that still stands.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { hour, minute, phaseOf, rehearsals, smallPlan, texts } from './world.js';

describeNeeding(['test-server'], 'an approval', () => {
  const rehearse = rehearsals();

  it('needs as many distinct people as the plan says', async () => {
    const made = await rehearse(smallPlan(), `answers: [{ ask: wave-1/approval, by: ann, after: 10m }]`, { untilMs: 3 * 24 * hour });
    expect(made.outcome).toBe('held');
    expect(phaseOf(made, 'wave-1').movedAt).toBeNull();
    expect(made.targets['flag']).toBe(0);
  });

  it('that nobody gives holds, is reminded of at half and four fifths, escalates, and opens nothing', async () => {
    const made = await rehearse(smallPlan(), `answers: [{ ask: wave-1/approval, never: true }]`, { untilMs: 3 * 24 * hour });
    expect(made.outcome).toBe('held');
    expect(made.status.hold?.reason).toBe('unanswered');
    expect(made.targets['flag']).toBe(0);
    const ask = made.asks.find((one) => one.ask === 'wave-1/approval')!;
    const reminders = made.messages.filter((message) => message.topic === 'ask-reminder').map((message) => message.at - ask.askedAt);
    expect(reminders.map((ms) => Math.round(ms / minute))).toEqual([120, 192]);
    expect(made.messages.filter((message) => message.topic === 'ask-escalated').map((message) => message.to)).toEqual([['ann'], ['bob']]);
  });

  it('by somebody who was not asked opens nothing and is recorded', async () => {
    const made = await rehearse(smallPlan(), `answers: [{ ask: wave-1/approval, by: [stranger, cid] }]`, { untilMs: 3 * 24 * hour });
    expect(made.targets['flag']).toBe(0);
    expect(texts(made, 'bad-signal')).toHaveLength(2);
    expect(texts(made, 'bad-signal').some((text) => text.includes('stranger is not among those asked'))).toBe(true);
  });

  it('given twice by one person is one vote', async () => {
    const made = await rehearse(smallPlan(), `answers: [{ ask: wave-1/approval, by: [ann, ann] }]`, { untilMs: 3 * 24 * hour });
    expect(phaseOf(made, 'wave-1').movedAt).toBeNull();
  });

  it('that comes after its deadline opens nothing', async () => {
    const made = await rehearse(smallPlan(), `answers: [{ ask: wave-1/approval, by: [ann, bob], after: 5h }]`, { untilMs: 3 * 24 * hour });
    expect(made.outcome).toBe('held');
    expect(texts(made, 'bad-signal')[0]).toContain('no longer open');
    expect(made.targets['flag']).toBe(0);
  });

  it('is asked again after resume, and the old one opens nothing', async () => {
    const made = await rehearse(smallPlan(), `
answers: [{ ask: wave-1/approval, value: reject, by: ann, reason: not today, times: 1 }]
commandsGiven: [{ at: day 1 at 12:00, give: resume, by: ann }]`);
    expect(made.outcome).toBe('completed');
    const asked = made.asks.filter((ask) => ask.kind === 'approval');
    expect(asked.map((ask) => [ask.ask, ask.result])).toEqual([['wave-1/approval', 'asked again'], ['wave-1/approval/2', 'approve']]);
  });

  it('is void when an issue opens before the first write, and asked again with the reason', async () => {
    // the second vote comes late: in between the error rate goes up for an hour
    const made = await rehearse(smallPlan(), `
answers: [{ ask: wave-1/approval, by: ann, after: 10m, times: 1 }]
metrics: { error_rate: [{ at: day 1 at 10:00, for: 1h, value: 7 }] }`);
    expect(made.outcome).toBe('completed');
    const [first, second] = made.asks.filter((ask) => ask.kind === 'approval');
    expect(first!.state).toBe('void');
    expect(second!.result).toBe('approve');
    expect(phaseOf(made, 'wave-1').movedAt!).toBeGreaterThan(second!.askedAt);
  });

  it('waits for the enter gate and both stand at the moment of the first write', async () => {
    const made = await rehearse(smallPlan(), `metrics: { error_rate: [{ at: start, for: 20h, value: 4.9 }, { at: day 1 at 08:00, for: 4h, value: 5.5 }] }`);
    expect(made.outcome).toBe('completed');
    expect(texts(made, 'hold')[0]).toContain('wave-1 does not begin');
    expect(phaseOf(made, 'wave-1').movedAt! - made.asks.find((ask) => ask.kind === 'approval' && ask.state === 'settled')!.askedAt).toBeLessThan(30 * minute);
  });
});
