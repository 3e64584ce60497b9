// The whole of the shipped batch-patches plan with its run continued as new again and again; with full replay at every task in the second run
// of this suite. Its acceptance rows one by one: test/ledger.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { example } from '../ledger/examples.js';
import { day, hour, rehearsals } from './world.js';

describeNeeding(['test-server'], 'the shipped plan', () => {
  const rehearse = rehearsals();

  it('is carried to its end across many runs, with every wave and its grade', async () => {
    const made = await rehearse(example('batch-patches'), '', { cadenceMs: hour, maxHistoryEvents: 250 });
    expect(made.outcome).toBe('completed');
    expect(made.grade).toBe('production-grade');
    expect(made.moves.map((move) => move.after)).toEqual([10, 25, 50, 100]);
    expect(made.baking!.cleanMs).toBeGreaterThanOrEqual(14 * day);
    expect(made.historyEvents).toBeLessThan(600);
  });
});
