// What a gate waits for is a condition, a question for a value, or both: skipping either lets it open, on record.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { hour, phaseOf, rehearsals, smallPlan, texts } from './world.js';

const comfortable = smallPlan().replace('metrics:\n', 'metrics:\n  comfort: { person: bob, question: Can you see it? }\n').replace(`enter: ['error_rate < 5%']\n    approval`, 'enter: [comfort = yes]\n    approval');

describeNeeding(['test-server'], 'a gate', () => {
  const rehearse = rehearsals();

  it.each(['phases/wave-1/enter/0', 'wave-1/comfort'])('opens when its only condition is skipped, named %s, and nobody is asked for it again', async (what) => {
    const made = await rehearse(comfortable, `
answers: [{ ask: wave-1/comfort, never: true }]
commandsGiven: [{ at: day 1 at 10:00, give: skip, by: ann, with: { what: ${what} } }]`, { untilMs: 30 * hour });
    expect(phaseOf(made, 'wave-1').movedAt).not.toBeNull();
    expect(made.asks.filter((ask) => ask.kind === 'metric').map(({ ask, state }) => [ask, state])).toEqual([['wave-1/comfort', 'void']]);
    expect(texts(made, 'decision')).toContain('wave-1 may begin: 0 conditions hold, 1 skipped, approved');
    expect(made.messages.filter((message) => message.topic === 'ask-reminder' && message.title.includes('Can you see it?'))).toEqual([]);
  });

  it('that waits for a value that nobody gives stays shut, and says that nobody has answered, not when', async () => {
    const made = await rehearse(comfortable, `answers: [{ ask: wave-1/comfort, never: true }]`, { untilMs: 60 * hour });
    expect(phaseOf(made, 'wave-1').movedAt).toBeNull();
    expect(texts(made, 'verdict')).toContain('comfort is not answered yet (limit = yes)');
  });
});
