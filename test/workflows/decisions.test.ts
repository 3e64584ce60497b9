// A soak that ends by people's word: asked when clean time and gate are there, opened by a `go` on evidence that still stands, and watched until then.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, minute, phaseOf, rehearsals, smallPlan, texts } from './world.js';

const decision = (more = ''): string => `    decision: { from: [ann, cid], needs: 2, question: Go to everybody?${more} }`;
const decided = (more = '', soak?: string): string => smallPlan({ one: decision(more), ...(soak === undefined ? {} : { soak }) });
const untilDecided = smallPlan({ soak: '24h, restarts on issue, until decided', one: '    decision: { from: cid, question: Is the pilot over?, again: 2d }' });
const asked = (made: { readonly asks: readonly { readonly kind: string; readonly ask: string; readonly state: string; readonly result: unknown }[] }) => made.asks.filter((ask) => ask.kind === 'decision').map(({ ask, state, result }) => [ask, state, result]);

describeNeeding(['test-server'], 'a decision at the end of a soak', () => {
  const rehearse = rehearsals();

  it('is asked of those whom the plan names, once the clean time is there, with the verdicts; a go of as many as are needed ends the phase', async () => {
    const made = await rehearse(decided());
    expect(made.outcome).toBe('completed');
    expect(asked(made)).toEqual([['wave-1/decision', 'settled', 'go']]);
    const one = phaseOf(made, 'wave-1');
    const ask = made.asks.find((each) => each.kind === 'decision')!;
    expect(ask.answers.map((answer) => answer.by)).toEqual(['ann', 'cid']);
    expect(ask.askedAt - one.movedAt!).toBeGreaterThanOrEqual(24 * hour);
    expect(one.endedAt! - ask.askedAt).toBeGreaterThanOrEqual(15 * minute);
    expect(made.messages.find((message) => message.ask === 'wave-1/decision')!.body).toMatch(/pass: error_rate is .*over the clean soak/);
    expect(texts(made, 'decision')).toContain('wave-1 is over, by decision of ann and cid');
  });

  it('holds while one of two is missing, and what nobody decides in time is held and asked again after resume', async () => {
    const made = await rehearse(decided(', within: 4h'), `
answers: [{ ask: wave-1/decision, by: ann, value: go, times: 1 }]
commandsGiven: [{ at: day 3 at 12:00, give: resume, by: ann }]`);
    expect(asked(made)).toEqual([['wave-1/decision', 'expired', 'hold'], ['wave-1/decision/2', 'settled', 'go']]);
    expect(texts(made, 'hold')).toContain('held: nobody answered in time: Go to everybody?. resume asks again.');
    expect(made.messages.filter((message) => message.topic === 'ask-escalated').map((message) => message.to[0])).toEqual(['ann', 'bob']);
    expect(made.outcome).toBe('completed');
  });

  it('stay soaks on by one word, and is asked again after so much more clean time', async () => {
    const made = await rehearse(decided(', again: 12h'), `answers: [{ ask: wave-1/decision, by: cid, value: stay, reason: the weekend first, times: 1 }]`);
    expect(asked(made)).toEqual([['wave-1/decision', 'settled', 'stay'], ['wave-1/decision/2', 'settled', 'go']]);
    const [first, second] = made.asks.filter((ask) => ask.kind === 'decision');
    expect(second!.askedAt - first!.askedAt).toBeGreaterThanOrEqual(12 * hour + 14 * minute);
    expect(second!.askedAt - first!.askedAt).toBeLessThan(12 * hour + 30 * minute);
    expect(texts(made, 'decision').some((text) => text.includes('wave-1 soaks on, says cid (the weekend first)'))).toBe(true);
    expect(phaseOf(made, 'wave-1').restarts).toBe(0);
  });

  it('reject holds until somebody resumes, and asks again', async () => {
    const made = await rehearse(decided(), `
answers: [{ ask: wave-1/decision, by: ann, value: reject, reason: not today, times: 1 }]
commandsGiven: [{ at: day 3 at 12:00, give: resume, by: ann }]`);
    expect(texts(made, 'hold').some((text) => text.includes('ann rejected: Go to everybody? (not today)'))).toBe(true);
    expect(asked(made)).toEqual([['wave-1/decision', 'settled', 'reject'], ['wave-1/decision/2', 'settled', 'go']]);
    expect(phaseOf(made, 'wave-1').endedAt!).toBeGreaterThan(made.startedAt + 2 * day);
  });

  it('rollback takes everything back', async () => {
    const made = await rehearse(decided(), `answers: [{ ask: wave-1/decision, by: cid, value: rollback, reason: accuracy }]`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(0);
    expect(made.status.rollback!.reason).toBe('decided at the end of wave-1 by cid (accuracy)');
  });

  it('by somebody who was not asked decides nothing and is recorded', async () => {
    const made = await rehearse(decided(), `answers: [{ ask: wave-1/decision, by: [bob, ann], value: go }]`, { untilMs: 3 * day });
    expect(phaseOf(made, 'wave-1').endedAt).toBeNull();
    expect(texts(made, 'bad-signal').some((text) => text.includes('bob is not among those asked'))).toBe(true);
  });

  it('is void when an issue opens before the last word, and asked again when the soak is clean anew', async () => {
    // the second vote comes 10 h late: in between the error rate goes up for an hour, and the soak begins anew
    const made = await rehearse(decided(), `
answers: [{ ask: wave-1/decision, by: ann, value: go, times: 1 }, { ask: wave-1/decision, by: cid, value: go, after: 10h, times: 1 }]
metrics: { error_rate: [{ at: wave-1 + 26h, for: 1h, value: 7 }] }`);
    expect(made.outcome).toBe('completed');
    const [first, second] = made.asks.filter((ask) => ask.kind === 'decision');
    expect([first!.state, second!.result]).toEqual(['void', 'go']);
    expect(first!.result).toContain('an issue is open');
    expect(second!.askedAt - phaseOf(made, 'wave-1').movedAt!).toBeGreaterThanOrEqual(26 * hour + 24 * hour);
    expect(texts(made, 'bad-signal').some((text) => text.includes('no longer open'))).toBe(true);
  });

  it('go opens nothing when the gate has shut meanwhile', async () => {
    const made = await rehearse(decided(), `
answers: [{ ask: wave-1/decision, by: [ann, cid], value: go, after: 3h, times: 1 }]
metrics: { error_rate: [{ at: wave-1 + 25h, for: 20h, value: 4.5 }] }`);
    expect(made.outcome).toBe('completed');
    expect(asked(made)[0]).toEqual(['wave-1/decision', 'void', expect.stringContaining('error_rate is 4.5')]);
    expect(phaseOf(made, 'wave-1').endedAt! - phaseOf(made, 'wave-1').movedAt!).toBeGreaterThan(44 * hour);
  });

  it('go is looked at once more: what has gone wrong since the last look opens nothing', async () => {
    // looks are at every tenth minute; between two of them the error rate goes up, and then both say go
    const made = await rehearse(decided(), `
answers: [{ ask: wave-1/decision, by: [ann, cid], value: go, after: 2h 55m, times: 1 }]
metrics: { error_rate: [{ at: wave-1 + 26h 52m, for: 20h, value: 4.5 }] }`);
    expect(made.outcome).toBe('completed');
    expect(asked(made)[0]).toEqual(['wave-1/decision', 'void', expect.stringContaining('the evidence no longer stands: error_rate is 4.5')]);
    expect(phaseOf(made, 'wave-1').endedAt! - phaseOf(made, 'wave-1').movedAt!).toBeGreaterThan(46 * hour);
  });

  it('is decided by nobody else: neither the owner nor a stand-up ends that soak, those who decide may skip it', async () => {
    const plan = smallPlan({ one: '    decision: { from: cid }', top: 'stand-ups: [{ stand-up: Daily, at: 12:00, in: wave-1, from: [ann] }]' });
    const made = await rehearse(plan, `commandsGiven: [{ at: wave-1 + 1h, give: skip, by: ann, with: { what: soak } }, { at: wave-1 + 5h, give: skip, by: cid, with: { what: soak, reason: known good } }]`);
    expect(texts(made, 'bad-signal').some((text) => text.includes('skipping needs an approver of the phase (cid)'))).toBe(true);
    expect(made.asks.find((ask) => ask.kind === 'stand-up')!.options).toEqual(['continue', 'pause', 'rollback']);
    expect(phaseOf(made, 'wave-1').endedAt! - phaseOf(made, 'wave-1').movedAt!).toBeLessThan(6 * hour);
    expect(asked(made)).toEqual([]);
  });

  it('is given by approve too; a go may be withdrawn while the question is open, and then counts no more', async () => {
    const made = await rehearse(decided(), `
answers: [{ ask: wave-1/decision, by: ann, value: go, after: 1h }]
commandsGiven:
  - { at: wave-1 + 26h, give: withdraw, by: ann, with: { ask: wave-1/decision } }
  - { at: wave-1 + 27h, give: approve, by: cid, with: { ask: wave-1/decision } }
  - { at: wave-1 + 30h, give: approve, by: ann, with: { ask: wave-1/decision } }`);
    expect(made.outcome).toBe('completed');
    expect(asked(made)).toEqual([['wave-1/decision', 'settled', 'go']]);
    expect((phaseOf(made, 'wave-1').endedAt! - phaseOf(made, 'wave-1').movedAt!) / hour).toBeGreaterThanOrEqual(30);
    expect(texts(made, 'bad-signal')).toEqual([]);
  });

  it('is not given by who started the rollout, where the plan bars that; stay and rollback are', async () => {
    const made = await rehearse(smallPlan({ top: 'starter may approve: no', one: '    decision: { from: [ann, cid], again: 6h }' }).replace('needs: 2', 'needs: 1'), `
answers:
  - { ask: wave-1/approval, by: bob, value: approve }
  - { ask: wave-1/decision, by: ann, value: go, after: 5m, times: 1 }
  - { ask: wave-1/decision, by: ann, value: stay, after: 1h, times: 1 }
  - { ask: wave-1/decision/2, by: cid, value: go }`);
    expect(made.outcome).toBe('completed');
    expect(texts(made, 'bad-signal')).toEqual([expect.stringContaining('the plan bars the starter from approving')]);
    expect(asked(made)).toEqual([['wave-1/decision', 'settled', 'stay'], ['wave-1/decision/2', 'settled', 'go']]);
  });

  for (const [otherwise, outcome, flag] of [['roll back', 'rolled-back', 0], ['stop', 'stopped', 10]] as const) {
    it(`that nobody takes in time does what the plan says: ${otherwise}`, async () => {
      const made = await rehearse(decided(`, within: 4h, otherwise: ${otherwise}`), `answers: [{ ask: wave-1/decision, never: true }]`);
      expect(made.outcome).toBe(outcome);
      expect(made.targets['flag']).toBe(flag);
      expect(texts(made, 'decision').some((text) => text.includes('nobody decided on wave-1 in time'))).toBe(true);
    });
  }
});

describeNeeding(['test-server'], 'a soak until it is decided', () => {
  const rehearse = rehearsals();

  it('does not end by itself: it is watched, and its deciders are reminded', async () => {
    const made = await rehearse(untilDecided, `answers: [{ ask: wave-1/decision, never: true }]`, { untilMs: 10 * day, cadenceMs: hour });
    expect(made.outcome).toBe('waiting');
    const ask = made.asks.find((each) => each.kind === 'decision')!;
    expect([ask.state, ask.dueAt]).toEqual(['open', null]);
    const reminders = made.messages.filter((message) => message.topic === 'ask-reminder').map((message) => Math.round((message.at - ask.askedAt) / day));
    expect(reminders).toEqual([2, 4, 6, 8]);
    expect(made.evaluations).toBeGreaterThan(200);
    expect(made.status.holds).toEqual([]);
  });

  it('still rolls back by itself while it waits, in the very task in which a reminder falls due', async () => {
    // hourly looks fall on the reminders; a task that replays a long history takes longer than what lies between them (workflows/rehearsal/timers.ts)
    const made = await rehearse(untilDecided, `
answers: [{ ask: wave-1/decision, never: true }]
metrics: { error_rate: [{ at: wave-1 + 5d, for: 1h, value: 20 }] }`, { untilMs: 10 * day, cadenceMs: hour, maxHistoryEvents: 100_000 });
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(0);
  });

  it('ends by a go however often the run is continued as new meanwhile', async () => {
    const scenario = `answers: [{ ask: wave-1/decision, value: stay, times: 1 }, { ask: wave-1/decision/2, by: cid, value: go, after: 3d }]`;
    const made = await rehearse(untilDecided, scenario, { maxHistoryEvents: 60, cadenceMs: hour });
    expect(made.outcome).toBe('completed');
    expect(asked(made)).toEqual([['wave-1/decision', 'settled', 'stay'], ['wave-1/decision/2', 'settled', 'go']]);
    expect(made.messages.filter((message) => message.topic === 'ask-reminder')).toHaveLength(1);
  });

  it('without a length is asked as soon as its gate passes; baking can be so too', async () => {
    const plan = smallPlan({ soak: 'until decided', one: '    decision: { from: cid }', two: 'baking: { for: "2d, until decided", watch: every 10m, decision: { from: [ann, bob] } }' });
    const made = await rehearse(plan);
    expect(made.outcome).toBe('completed');
    const [one, baking] = made.asks.filter((ask) => ask.kind === 'decision');
    expect([one!.ask, baking!.ask]).toEqual(['wave-1/decision', 'baking/decision']);
    expect(one!.askedAt - phaseOf(made, 'wave-1').movedAt!).toBeLessThan(hour);
    expect(baking!.askedAt - phaseOf(made, 'wave-2').endedAt!).toBeGreaterThanOrEqual(2 * day);
  });
});
