// Moves in mid-soak: after so much clean time of the phase, when nothing is wrong and their own conditions hold; once each, and undone with the phase.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, minute, phaseOf, rehearsals, smallPlan, texts } from './world.js';

const staged = (more: { readonly soak?: string; readonly one?: string; readonly top?: string; readonly enter?: string } = {}): string =>
  smallPlan({ ...more, soak: more.soak ?? '24h, restarts on issue', one: `    then:\n      - { after: 6h, move: { flag: 20% }${more.enter ?? ''} }\n      - { after: 10h, move: { flag: 30% } }\n${more.one ?? ''}` });
const moved = (made: { readonly moves: readonly { readonly direction: string; readonly phase: string; readonly before: unknown; readonly after: unknown }[] }) => made.moves.filter((move) => move.direction === 'forward').map(({ phase, before, after }) => [phase, before, after]);
const all = [['wave-1', 0, 10], ['wave-1', 10, 20], ['wave-1', 20, 30], ['wave-2', 30, 100]];

describeNeeding(['test-server'], 'a move in mid-soak', () => {
  const rehearse = rehearsals();

  it('is made after so much clean time, while the soak goes on counting', async () => {
    const made = await rehearse(staged());
    expect(made.outcome).toBe('completed');
    expect(moved(made)).toEqual(all);
    const one = phaseOf(made, 'wave-1');
    const at = made.moves.map((move) => (move.at - one.movedAt!) / hour);
    expect(at[1]).toBeGreaterThanOrEqual(6);
    expect(at[1]).toBeLessThan(6.3);
    expect(at[2]).toBeGreaterThanOrEqual(10);
    expect(at[2]).toBeLessThan(10.3);
    // not a day longer for it
    expect(one.endedAt! - one.movedAt!).toBeLessThan(24 * hour + 20 * minute);
    expect(one.targets).toEqual({ flag: 30 });
  });

  it('waits while an issue is open; one that is made is neither repeated nor taken back by a soak that begins anew, and the next counts anew', async () => {
    const made = await rehearse(staged(), `metrics: { error_rate: [{ at: wave-1 + 8h, for: 1h, value: 7 }] }`);
    expect(made.outcome).toBe('completed');
    expect(moved(made)).toEqual(all);
    const one = phaseOf(made, 'wave-1');
    expect(one.restarts).toBe(1);
    const at = made.moves.map((move) => (move.at - one.movedAt!) / hour);
    expect(at[1]).toBeLessThan(6.3);
    expect(at[2]).toBeGreaterThanOrEqual(9 + 10);
    expect(at[2]).toBeLessThan(9 + 10.5);
  });

  it('waits for its own conditions, and is held on record while they fail', async () => {
    const made = await rehearse(staged({ enter: ', enter: [latency < 500ms]' }), `metrics: { latency: [{ at: wave-1 + 5h, for: 4h, value: 700 }] }`);
    expect(made.outcome).toBe('completed');
    expect(moved(made)).toEqual(all);
    const one = phaseOf(made, 'wave-1');
    expect((made.moves[1]!.at - one.movedAt!) / hour).toBeGreaterThanOrEqual(9);
    expect((made.moves[1]!.at - one.movedAt!) / hour).toBeLessThan(9.5);
    expect(texts(made, 'hold').some((text) => text.includes('wave-1 does not go on to flag → 20: latency is 700 ms'))).toBe(true);
    // the soak is no longer for it: a gate that waits is nothing wrong
    expect(one.endedAt! - one.movedAt!).toBeLessThan(24 * hour + 30 * minute);
  });

  it('is not made outside the hours for moves', async () => {
    const made = await rehearse(staged({ top: 'hours: { days: daily, from: 09:00, to: 14:00 }' }));
    expect(made.outcome).toBe('completed');
    expect(moved(made)).toEqual(all);
    // 15:00 and 19:00 would have been due: both wait for nine in the morning
    for (const move of made.moves.slice(1, 3)) expect(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeStyle: 'short' }).format(move.at)).toBe('09:00');
  });

  it('is undone with its phase: what stood before the phase is restored, in one step', async () => {
    const made = await rehearse(staged(), `metrics: { error_rate: [{ at: wave-1 + 12h, for: 1h, value: 20 }] }`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(0);
    expect(made.moves.filter((move) => move.direction === 'back').map(({ before, after }) => [before, after])).toEqual([[30, 0]]);
    expect(made.moves.filter((move) => move.direction === 'forward').map((move) => move.state)).toEqual(['undone', 'undone', 'undone']);
  });

  it('of a later phase is undone to what that phase found, and made again when it is tried again', async () => {
    const plan = smallPlan({ two: '    then: [{ after: 6h, move: { flag: 100% } }]\n    triggers: { emergency: [{ when: "latency > 800ms", to: previous }] }' }).replace('move: { flag: 100% }\n    soak', 'move: { flag: 50% }\n    soak');
    const made = await rehearse(plan, `
metrics: { latency: [{ at: day 2 at 18:00, for: 1h, value: 850 }] }
commandsGiven: [{ at: day 3 at 09:00, give: resume, by: ann }]`);
    expect(moved(made)).toEqual([['wave-1', 0, 10], ['wave-2', 10, 50], ['wave-2', 50, 100], ['wave-2', 10, 50], ['wave-2', 50, 100]]);
    expect(made.moves.filter((move) => move.direction === 'back').map(({ before, after }) => [before, after])).toEqual([[100, 10]]);
    expect(made.outcome).toBe('completed');
  });

  it('happens once, however often the run is continued as new, and however its write ends', async () => {
    const made = await rehearse(staged(), `
writes: [{ target: flag, at: wave-1 + 1h, fails: 1, how: after effect }]
metrics: { error_rate: [{ at: wave-1 + 7h, for: 2h, is: missing }] }`, { maxHistoryEvents: 60 });
    expect(made.outcome).toBe('completed');
    expect(moved(made)).toEqual(all);
    expect(new Set(made.entries.filter((entry) => entry.kind === 'moved').map((entry) => entry.text.split(':')[0])).size).toBe(4);
    expect(texts(made, 'drift')).toEqual([]);
  });

  it('is left out when the soak is skipped, and says so', async () => {
    const made = await rehearse(staged(), `commandsGiven: [{ at: wave-1 + 7h, give: skip, by: ann, with: { what: soak } }]`);
    expect(moved(made)).toEqual([['wave-1', 0, 10], ['wave-1', 10, 20], ['wave-2', 20, 100]]);
    expect(texts(made, 'decision')).toContain('the soak of wave-1 was skipped: flag → 30 is left out');
  });

  it('is in the status with what comes next', async () => {
    const made = await rehearse(staged(), `commandsGiven: [{ at: wave-1 + 7h, give: pause, by: ann }]`, { untilMs: 2 * day });
    expect(made.status.stages).toEqual({ made: 1, of: 2, next: 'flag → 30 after 10 h clean' });
    expect(made.status.next.some((one) => one.what.includes('flag → 30, in mid-soak'))).toBe(true);
  });

  it('comes before the decision of an open-ended soak', async () => {
    const made = await rehearse(staged({ soak: 'until decided', one: '    decision: { from: cid }' }));
    expect(made.outcome).toBe('completed');
    const ask = made.asks.find((one) => one.kind === 'decision')!;
    expect(ask.askedAt).toBeGreaterThan(made.moves[2]!.at);
    expect(moved(made)).toEqual(all);
  });

  it('goes on from what somebody else has changed meanwhile, once that is adopted', async () => {
    const made = await rehearse(staged(), `
drift: [{ at: wave-1 + 3h, target: flag, to: 15 }]
answers: [{ ask: wave-1/drift/flag, by: ann, value: adopt, after: 1h }]`);
    expect(made.outcome).toBe('completed');
    expect(moved(made)).toEqual([['wave-1', 0, 10], ['wave-1', 10, 15], ['wave-1', 15, 20], ['wave-1', 20, 30], ['wave-2', 30, 100]]);
    // an hour of drift is no clean time
    expect((made.moves[2]!.at - phaseOf(made, 'wave-1').movedAt!) / hour).toBeGreaterThanOrEqual(7);
  });

  it('whose condition is skipped is made, on record', async () => {
    const made = await rehearse(staged({ enter: ', enter: [latency < 100ms]' }), `
metrics: { latency: [{ at: start, value: 300 }] }
commandsGiven: [{ at: wave-1 + 8h, give: skip, by: ann, with: { what: phases/wave-1/then/0/enter/0 } }]`);
    expect(made.outcome).toBe('completed');
    expect(moved(made)).toEqual(all);
    expect((made.moves[1]!.at - phaseOf(made, 'wave-1').movedAt!) / hour).toBeGreaterThanOrEqual(8);
  });

  it('whose write fails for good is asked about, and can be rolled back from there', async () => {
    const made = await rehearse(staged(), `
writes: [{ target: flag, at: wave-1 + 1h, fails: always }]
answers: [{ ask: wave-1/retry/flag, by: ann, value: rollback, after: 1h }]`);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(0);
  });
});
