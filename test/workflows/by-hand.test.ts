// A target that a person has to move (a service that wants changes approved there): the person's word is not enough where it can be read.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { hour, phaseOf, rehearsals, smallPlan, texts } from './world.js';

describeNeeding(['test-server'], 'a move by hand', () => {
  const rehearse = rehearsals();

  it('is believed when it reads so', async () => {
    const made = await rehearse(smallPlan(), `
writes: [{ target: flag, fails: 1, how: by hand }]
answers: [{ ask: wave-1/move/flag, by: ann, value: done, after: 1h }]
drift: [{ at: day 1 at 10:00, target: flag, to: 10 }]`);
    expect(made.outcome).toBe('completed');
    expect(made.moves[0]).toMatchObject({ after: 10, state: 'done' });
    expect(made.moves[0]!.readBack).toMatch(/moved by hand by ann/);
  });

  it('is not believed when it reads otherwise: the phase does not soak, and somebody is asked', async () => {
    const made = await rehearse(smallPlan(), `
writes: [{ target: flag, fails: always, how: by hand }]
answers: [{ ask: wave-1/move/flag, by: ann, value: done, after: 1h }, { ask: wave-1/retry/flag, never: true }]`, { untilMs: 30 * hour });
    expect(made.outcome).toBe('held');
    expect(phaseOf(made, 'wave-1').movedAt).toBeNull();
    expect(texts(made, 'move-failed').join()).toContain('ann says that flag was moved to 10%, but it reads 0%');
    expect(made.targets['flag']).toBe(0);
  });

  it('takes its own time: how long moves take is judged by what we move, phase by phase', async () => {
    const plan = smallPlan({ top: 'baking: { for: 1h }\ngrades: { quick: [rollout.slowest_move < 1s], quick-enough: [rollout.slowest_move < 30s] }' });
    const reached = async (writes: string) => (await rehearse(plan, writes)).grades.map((one) => one.reached);
    expect(await reached(`
writes: [{ target: flag, fails: 1, how: by hand }]
answers: [{ ask: wave-1/move/flag, by: ann, value: done, after: 1h }]
drift: [{ at: day 1 at 10:00, target: flag, to: 10 }]`)).toMatchObject({ 1: true });
    // each of two repetitions waits
    expect(await reached('writes: [{ target: flag, fails: 2, how: unreachable }]')).toEqual([false, true]);
  });
});

describeNeeding(['test-server'], 'a reported event', () => {
  const rehearse = rehearsals();
  it('is judged by the triggers on it alone: an earlier one is not told again in its words', async () => {
    const made = await rehearse(smallPlan().replace(`warning: ['error_rate > 5%']`, `warning: ['error_rate > 5%', event: escalation]`), `
events: [{ at: wave-1 + 2h, event: escalation }, { at: wave-1 + 4h, event: data-corruption }]`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.status.issues.map((issue) => issue.text.split(' ')[0])).toEqual(['escalation', 'data-corruption']);
  });
});
