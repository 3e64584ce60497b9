// Numbers that people supply: on their scale, with their author and where they come from, and no longer than they are valid.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, phaseOf, rehearsals, smallPlan, texts } from './world.js';

const rated = (settings = '', more: Parameters<typeof smallPlan>[0] = {}): string => smallPlan(more)
  .replace('metrics:\n', `metrics:\n  rating: { person: bob, question: 'How satisfied are callers?', scale: 0 to 10${settings} }\n`)
  .replace("leave: ['error_rate < 4%']", "leave: ['error_rate < 4%', 'rating >= 7']");

describeNeeding(['test-server'], 'an answer on a scale', () => {
  const rehearse = rehearsals();

  it('that is off it is refused with the scale named; one on it stands in the verdict with its author, its age and its source', async () => {
    const made = await rehearse(rated(), `
answers: [{ ask: wave-1/rating, by: bob, value: 11, after: 10m, times: 1 }, { ask: wave-1/rating, by: bob, value: 7.5, reason: 40 of 50 callers asked, after: 2h, times: 1 }]`);
    expect(made.outcome).toBe('completed');
    expect(texts(made, 'bad-signal')).toEqual([expect.stringContaining("'11' cannot answer 'wave-1/rating': it takes a number from 0 to 10")]);
    expect(made.asks.find((ask) => ask.kind === 'metric')).toMatchObject({ scale: { from: 0, to: 10 }, result: 7.5 });
    expect(made.messages.find((message) => message.ask === 'wave-1/rating')!.body).toMatch(/judged by: rating >= 7\n.*\nanswer: a number from 0 to 10/s);
    expect(phaseOf(made, 'wave-1').verdicts.map((verdict) => verdict.message).join()).toMatch(/rating is 7.5 \(limit >= 7, says bob [\d.]+ \w+ ago: 40 of 50 callers asked\)/);
  });

  it('is asked for when the soak begins and again before it runs out, where the plan says so: the soak’s end does not wait for it', async () => {
    const made = await rehearse(rated(', valid for: 1d, ask ahead: 6h', { soak: '3d' }));
    expect(made.outcome).toBe('completed');
    const one = phaseOf(made, 'wave-1');
    const asked = made.asks.filter((ask) => ask.kind === 'metric' && ask.phase === 'wave-1').map((ask) => Math.floor((ask.askedAt - one.movedAt!) / hour));
    expect(asked).toEqual([0, 18, 36, 54]);
    expect(one.endedAt! - one.movedAt!).toBeLessThan(3 * day + hour);
  });

  it('that has run out is unknown and opens nothing: nobody answers, and the phase stays', async () => {
    const made = await rehearse(rated(', valid for: 12h, ask ahead: 2h'), `answers: [${[2, 3, 4, 5, 6].map((nth) => `{ ask: wave-1/rating/${nth}, never: true }`).join(', ')}]`, { untilMs: 4 * day });
    expect(phaseOf(made, 'wave-1').endedAt).toBeNull();
    expect(made.status.conditions.find((one) => one.text === 'rating >= 7')).toMatchObject({ verdict: 'inconclusive', message: expect.stringMatching(/^rating is unknown: too old .*says bob/) });
  });

  it('that shuts the gate keeps the question open: a better one opens it, long before the bad one would have run out', async () => {
    const made = await rehearse(rated(', valid for: 30d'), `
answers: [{ ask: wave-1/rating, value: 5, times: 1 }, { ask: wave-1/rating/2, value: 6, after: 10h }, { ask: wave-1/rating/3, value: 8, reason: after the fix, after: 5h }]`);
    expect(made.outcome).toBe('completed');
    const asked = made.asks.filter((ask) => ask.kind === 'metric');
    expect(asked.map((ask) => [ask.ask, ask.result])).toEqual([['wave-1/rating', 5], ['wave-1/rating/2', 6], ['wave-1/rating/3', 8]]);
    const took = phaseOf(made, 'wave-1').endedAt! - phaseOf(made, 'wave-1').movedAt!;
    expect(took).toBeGreaterThan(39 * hour);
    expect(took).toBeLessThan(40.5 * hour);
    expect(texts(made, 'hold').filter((text) => text.includes('not healthy enough to leave'))).toHaveLength(1);
  });
});
