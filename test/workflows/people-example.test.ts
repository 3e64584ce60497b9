// The plan of docs/decisions-by-people.md, from start to end: what the page says of it is so.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, phaseOf, rehearsals } from './world.js';

const page = readFileSync(new URL('../../docs/decisions-by-people.md', import.meta.url), 'utf8');
const plan = /```yaml\n(.*?)```/s.exec(page)![1]!;

describeNeeding(['test-server'], 'the plan that people decide on', () => {
  const rehearse = rehearsals();
  it('runs to its end: two go/no-go, a second step in mid-soak, the limit taken off, and the pilot over when the director says so', async () => {
    const made = await rehearse(plan, `answers: [{ ask: production/decision, value: stay, times: 1 }]`, { cadenceMs: 6 * hour });
    expect(made.outcome).toBe('completed');
    expect(made.asks.filter((ask) => ask.kind === 'decision').map((ask) => [ask.ask, ask.result])).toEqual([['alpha/decision', 'go'], ['beta/decision', 'go'], ['production/decision', 'stay'], ['production/decision/2', 'go']]);
    expect(made.moves.filter((move) => move.target === 'calls-per-day').map((move) => [move.phase, move.before, move.after])).toEqual([['alpha', 0, 10], ['beta', 10, 50], ['beta', 50, 100], ['production', 100, 'unlimited']]);
    expect(phaseOf(made, 'production').endedAt! - phaseOf(made, 'production').movedAt!).toBeGreaterThan(56 * day);
    // an answer about accuracy is good for a week and asked for a day ahead: no phase waits for it
    expect(made.asks.filter((ask) => ask.kind === 'metric' && ask.ask.startsWith('beta/accuracy')).length).toBe(3);
    expect(phaseOf(made, 'beta').endedAt! - phaseOf(made, 'beta').movedAt!).toBeLessThan(22 * day);
    expect(made.asks.filter((ask) => ask.phase === 'alpha' && ask.question.startsWith('Hourly')).length).toBeGreaterThan(80);
    expect(made.asks.filter((ask) => ask.question.startsWith('Monthly')).length).toBe(2);
  });

  it('is taken back to what it found, wherever it stands, unlimited too', async () => {
    const made = await rehearse(plan, `
answers: [{ ask: production/decision, value: rollback, reason: the audit }]
targets: { calls-per-day: 5 }`, { cadenceMs: 6 * hour });
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets).toEqual({ hotline: 0, 'calls-per-day': 5 });
  });
});
