// Looks and meetings that recur: asked at their times in their phases, missed on record and out loud. When they come: test/plan/decisions.test.ts.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { minute, rehearsals, smallPlan, texts } from './world.js';

const hourly = (more = ''): string => smallPlan({ top: `stand-ups: [{ stand-up: Hourly look, at: every 1h from 09:00 to 18:00, in: wave-1, from: [cid]${more} }]\nhours: { days: daily, from: 08:00, to: 12:00 }` });
const local = (at: number): string => new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeStyle: 'short' }).format(at);

describeNeeding(['test-server'], 'a look at every hour', () => {
  const rehearse = rehearsals();

  it('is asked each hour of its phase from the first move on, also outside the hours for moves, and in no other phase', async () => {
    const made = await rehearse(hourly());
    expect(made.outcome).toBe('completed');
    const asked = made.asks.filter((ask) => ask.kind === 'stand-up');
    expect(asked.map((ask) => local(ask.askedAt))).toEqual(['10:00', '11:00', '12:00', '13:00', '14:00', '15:00', '16:00', '17:00', '18:00', '09:00']);
    expect(new Set(asked.map((ask) => `${ask.phase} ${ask.result}`))).toEqual(new Set(['wave-1 continue']));
  });

  it('that nobody answers is reminded of, recorded as missed once, and told to the escalation path; the rollout goes on', async () => {
    const made = await rehearse(hourly(', within: 30m'), `answers: [{ ask: wave-1/stand-up/3, never: true }]`);
    expect(made.outcome).toBe('completed');
    const missed = made.asks.find((ask) => ask.ask === 'wave-1/stand-up/3')!;
    expect([missed.state, missed.result]).toEqual(['expired', 'continue']);
    expect(texts(made, 'stand-up')).toEqual(['missed: nobody of cid answered \'Hourly look: how does wave-1 go on?\' within 30 min']);
    const about = made.messages.filter((message) => message.ask === missed.ask);
    expect(about.filter((message) => message.topic === 'ask-reminder').map((message) => Math.round((message.at - missed.askedAt) / minute))).toEqual([15, 24]);
    const escalated = about.filter((message) => message.topic === 'ask-escalated');
    expect(escalated.map((message) => [message.severity, message.to])).toEqual([['critical', ['ann']], ['critical', ['bob']]]);
    expect(escalated[0]!.title).toContain('nobody answered in time: Hourly look');
    // it is missed, and nothing stands still for it
    expect(made.status.holds).toEqual([]);
    expect(texts(made, 'hold').filter((text) => text.includes('nobody'))).toEqual([]);
    expect(local(made.asks.find((ask) => ask.ask === 'wave-1/stand-up/4')!.askedAt)).toBe('13:00');
  });
});
