// What a plan says of the end of a soak, of moves in mid-soak, of limits that are taken off, of scales and of meetings: what it becomes, and what is refused.
import { describe, expect, it } from 'vitest';
import { exposesLess, nextStandUp, type ResolvedPlan } from '../../src/plan/index.js';
import { plan, read } from './providers.js';
import { placeOf, problemsIn, sample, spoiled } from './sample.js';

const hour = 3_600_000;
const day = 24 * hour;
const warnings = (text: string): readonly string[] => { const result = read(text); return result.ok ? result.warnings.map(({ code, path }) => `${code} ${path}`) : ['not sound']; };
/** Exactly one problem, at that text. */
function refused(text: string, at: string, code: string): string {
  const problems = problemsIn(text);
  expect(problems).toEqual([expect.stringContaining(`${placeOf(text, at)} ${code}: `)]);
  return problems[0]!;
}

describe('a soak that people end', () => {
  const phase = (soak: string, decision: string): ResolvedPlan['phases'][number] => plan(spoiled('soak: 48h', `soak: ${soak}\n    decision: ${decision}`)).phases[1]!;
  it('is decided within a day, else held, and asked again after another soak', () => {
    expect(phase('48h', '{ from: [ana, ben] }').decision).toEqual({ id: 'phases/wave-2/decision', question: 'wave-2 has soaked: go on?', from: ['ana', 'ben'], needs: 1, withinMs: day, otherwise: 'hold', againMs: 2 * day });
    expect(phase('48h', '{ from: ben, question: Go?, within: 3d, otherwise: roll back, again: 6h }').decision).toMatchObject({ question: 'Go?', withinMs: 3 * day, otherwise: 'rollback', againMs: 6 * hour });
    expect(plan(sample).phases[1]!.decision).toBeNull();
  });
  it('until decided has no deadline; without a length it waits for nothing but its gate', () => {
    expect(phase('48h, until decided', '{ from: ben, again: 4w }')).toMatchObject({ soak: { ms: 2 * day, onIssue: 'extend' }, decision: { withinMs: null, againMs: 28 * day } });
    expect(phase('until decided', '{ from: ben }')).toMatchObject({ soak: { ms: 0 }, decision: { withinMs: null, againMs: 7 * day } });
    expect(phase('48h, until decided, restarts on issue', '{ from: ben }').soak).toEqual({ ms: 2 * day, onIssue: 'restart' });
    expect(plan(spoiled('for: 14d', 'for: "14d, until decided", decision: { from: ana }')).baking!.decision).toMatchObject({ id: 'baking/decision', withinMs: null });
  });
  it('that nobody decides is refused', () => {
    expect(refused(spoiled('soak: 48h', 'soak: 48h, until decided'), '48h, until decided', 'MISSING_KEY')).toContain('add “decision: { from: WHO }” to wave-2');
    refused(spoiled('for: 14d', 'for: "14d, until decided"'), '"14d, until decided"', 'MISSING_KEY');
  });
  it('takes no deadline where it has none, no more people than there are, and no soak that is none', () => {
    refused(spoiled('soak: 48h', 'soak: 48h, until decided\n    decision: { from: ana, within: 1d }'), 'within: 1d', 'KEY_WITHOUT_EFFECT');
    refused(spoiled('soak: 48h', 'soak: 48h\n    decision: { from: ana, needs: 3 }'), '3 }', 'WRONG_QUORUM');
    refused(spoiled('soak: 48h', 'soak: 48h\n    decision: { from: eva }'), 'eva', 'UNKNOWN_PERSON');
    refused(spoiled('soak: 48h', 'soak: until decided, until decided\n    decision: { from: ana }'), 'until decided, until decided', 'WRONG_DURATION');
    expect(refused(spoiled('soak: 48h', 'soak: until noon'), 'noon', 'WRONG_DURATION')).toContain('“24h, until decided”');
    refused(spoiled('soak: 48h', 'soak: 48h\n    decision: { from: ana, otherwise: go }'), 'go }', 'WRONG_VALUE');
  });
  it('is told where its starter could block it', () => { expect(warnings(`starter may approve: no\n${spoiled('soak: 48h', 'soak: 48h\n    decision: { from: ana }')}`)).toContain('STARTER_BARRED phases[1].decision'); });
});

describe('moves in mid-soak', () => {
  const staged = (then: string, from = 'soak: 48h'): string => spoiled(from, `${from}\n    then: ${then}`);
  it('have their clean time, their conditions and their values', () => {
    const { stages } = plan(staged("[{ after: 10h, move: { flag: 60% }, enter: ['p95 < 3s', error_rate < 5% over soak] }, { after: 1d, move: { flag: 70% } }]")).phases[1]!;
    expect(stages.map(({ id, afterMs, moves }) => [id, afterMs, moves])).toEqual([
      ['phases/wave-2/then/0', 10 * hour, [{ target: 'flag', to: 60, shrinks: false }]], ['phases/wave-2/then/1', day, [{ target: 'flag', to: 70, shrinks: false }]],
    ]);
    expect(stages[0]!.enter.map(({ id, condition }) => [id, condition.text])).toEqual([['phases/wave-2/then/0/enter/0', 'p95 < 3000ms'], ['phases/wave-2/then/0/enter/1', 'error_rate < 5% over soak']]);
  });
  it('come one after the other, before the soak is over', () => {
    refused(staged('[{ after: 48h, move: { flag: 60% } }]'), '48h, move', 'IMPOSSIBLE_TIME');
    refused(staged('[{ after: 20h, move: { flag: 60% } }, { after: 10h, move: { flag: 70% } }]'), '10h, move', 'IMPOSSIBLE_TIME');
    expect(plan(staged('[{ after: 30d, move: { flag: 60% } }]', 'soak: 48h').replace('soak: 48h', 'soak: until decided\n    decision: { from: ana }')).phases[1]!.stages[0]!.afterMs).toBe(30 * day);
  });
  it('do not shrink unsaid, in the phase or after it, and stay within caps and units', () => {
    refused(staged('[{ after: 10h, move: { flag: 20% } }]'), '20% } }]', 'SHRINKS');
    expect(plan(staged('[{ after: 10h, move: { flag: 20% }, shrinks: yes }]')).phases[1]!.stages[0]!.moves[0]!.shrinks).toBe(true);
    refused(staged('[{ after: 10h, move: { flag: 60% } }]', 'soak: 24h, restarts on issue'), '50% }', 'SHRINKS');
    refused(staged('[{ after: 10h, move: { flag: 90% } }]'), '90% } }]', 'OVER_CAP');
    refused(staged('[{ after: 10h, move: { flag: 60 } }]'), '60 } }]', 'WRONG_UNIT');
    refused(staged('[{ after: 10h, move: { flagg: 60% } }]'), 'flagg', 'UNKNOWN_TARGET');
    refused(staged('[{ after: 10h, move: {} }]'), '{} }]', 'TOO_SMALL');
    refused(staged('[{ move: { flag: 60% } }]'), '{ move: { flag: 60%', 'MISSING_KEY');
    refused(staged('[{ after: 10h, move: { flag: 60% }, enter: [eror_rate < 5%] }]'), 'eror_rate <', 'UNKNOWN_METRIC');
  });
});

describe('a limit that is taken off', () => {
  const capped = (target: string, move: string): string => spoiled('cap: 80% }', `cap: 80% }\n  calls: { ${target} }`).replace('move: { flag: 10% }', 'move: { flag: 10%, calls: 50 }').replace('move: { flag: 50% }', `move: { flag: 50%, calls: ${move} }`);
  const file = "env-file: { file: caps.env, key: CALLS }, safer: lower, unlimited is: ''";
  it('is more than every number, whatever its service calls it', () => {
    const target = plan(capped(file, 'unlimited')).targets[1]!;
    expect(target.unlimited).toEqual({ is: '' });
    expect(plan(capped(file, 'unlimited')).phases[1]!.moves[1]).toEqual({ target: 'calls', to: 'unlimited', shrinks: false });
    expect([exposesLess(target, 1e9, 'unlimited'), exposesLess(target, 'unlimited', 1e9), exposesLess({ ...target, safer: 'higher' }, 'unlimited', 5), exposesLess({ ...target, unlimited: null }, 1e9, 'unlimited')]).toEqual([true, false, true, false]);
    for (const is of ['0', 'none', "''", 'null', '1000000']) expect(plan(capped(`http: { read: { url: 'http://c/cap', at: limit }, write: { method: PUT, url: 'http://c/cap', body: { limit: '{{value}}' } } }, unlimited is: ${is}`, 'unlimited')).phases[1]!.moves[1]!.to).toBe('unlimited');
  });
  it('does not come back to a number unsaid, and is over every cap', () => {
    const back = `${capped(file, 'unlimited').split('baking:')[0]!}  - phase: wave-3\n    move: { calls: 1000 }\n    soak: 1h\nbaking:${capped(file, 'unlimited').split('baking:')[1]!}`;
    expect(refused(back, '1000 }', 'SHRINKS')).toContain('unlimited → 1000');
    refused(capped(`${file}, cap: 100`, 'unlimited'), 'unlimited }', 'OVER_CAP');
  });
  it('must be said in the service’s words, by a service that has them', () => {
    refused(capped("env-file: { file: caps.env, key: CALLS }, safer: lower", 'unlimited'), 'unlimited }', 'WRONG_VALUE');
    refused(capped(file.replace("''", '50'), 'unlimited').replace('calls: 50 }', 'calls: 40 }').replace('calls: unlimited }', 'calls: 50 }'), '50 }\n    soak: 48h', 'WRONG_VALUE');
    refused(capped("env-file: { file: caps.env, key: CALLS, as: number }, unlimited is: none", 'unlimited'), 'none }', 'WRONG_VALUE');
    refused(capped("env-file: { file: caps.env, key: CALLS }, unlimited is: null", 'unlimited'), 'null }', 'WRONG_VALUE');
    refused(spoiled('cap: 80%', 'cap: 80%, unlimited is: 0'), '0 }', 'WRONG_VALUE');
    refused(capped("flagd: { file: g.json, flag: g }, unit: calls, unlimited is: 0", 'unlimited'), '0 }\n', 'WRONG_VALUE');
  });
});

describe('an answer on a scale', () => {
  const rated = (settings: string, condition = "'rating >= 7'"): string => spoiled('events:\n', `  rating: { person: ben, question: 'How satisfied?', ${settings} }\nevents:\n`).replace('soak: 48h', `soak: 48h\n    leave: [${condition}]`);
  const human = (settings: string) => plan(rated(settings)).metrics.find(({ name }) => name === 'rating')!.human;
  it('is a number between its ends, and may be asked for ahead', () => {
    expect(human('scale: 0 to 10, ask ahead: 12h')).toMatchObject({ answers: 'number', scale: { from: 0, to: 10 }, askAheadMs: 12 * hour });
    expect(human('answers: number, scale: -2.5 to 7')).toMatchObject({ scale: { from: -2.5, to: 7 } });
    expect(human('answers: number')).toMatchObject({ scale: null, askAheadMs: null });
  });
  it('that is no scale, or has no numbers, is refused', () => {
    for (const scale of ['10 to 0', 'low to high', '5 to 5']) refused(rated(`scale: ${scale}`), `${scale} }`, 'WRONG_VALUE');
    refused(rated('answers: yes or no, scale: 0 to 10', 'rating = yes'), 'scale: 0', 'KEY_WITHOUT_EFFECT');
    refused(spoiled("unit: '%', levels", "scale: 0 to 10, unit: '%', levels"), 'scale: 0', 'KEY_WITHOUT_EFFECT');
    refused(rated('scale: 0 to 10, ask ahead: 24h'), '24h }', 'WRONG_DURATION');
  });
  it('cannot be asked to be off it', () => {
    expect(refused(rated('scale: 0 to 10', "'rating >= 11'"), "['rating >= 11'", 'OFF_SCALE')).toContain('0 to 10');
    expect(problemsIn(rated('scale: 0 to 10', "'rating >= 10'"))).toEqual([]);
  });
});

describe('meetings', () => {
  const meeting = (text: string): string => `${sample}stand-ups: [{ stand-up: Look, in: wave-1, from: ana, ${text} }]\n`;
  const next = (text: string, after: string, count: number): readonly string[] => {
    const found: string[] = [];
    for (let at = Date.parse(after); found.length < count;) { at = nextStandUp(plan(meeting(text)), 'wave-1', at)!.at; found.push(new Date(at).toISOString().slice(5, 16)); }
    return found;
  };
  it('every hour is so many times on the wall, each within its hour', () => {
    const { at, withinMs } = plan(meeting('at: every 1h from 09:00 to 18:00')).standUps[0]!;
    expect([at.length, at[0], at.at(-1), withinMs]).toEqual([10, '09:00', '18:00', hour]);
    expect(plan(meeting('at: every 90m from 9:00 to 12:30')).standUps[0]!.at).toEqual(['09:00', '10:30', '12:00']);
  });
  it('an hour that a clock change skips or repeats is held once', () => {
    expect(next('at: every 1h from 00:00 to 04:00', '2026-03-08T00:00:00-08:00', 5)).toEqual(['03-08T09:00', '03-08T10:00', '03-08T11:00', '03-09T07:00', '03-09T08:00']);
    expect(next('at: every 1h from 00:00 to 03:00', '2026-10-31T23:00:00-07:00', 5)).toEqual(['11-01T07:00', '11-01T08:00', '11-01T10:00', '11-01T11:00', '11-02T08:00']);
  });
  it('monthly is the first working day, at the same time on the wall in summer and in winter', () => {
    // 1 August 2026 is a Saturday, 1 November a Sunday
    expect(next('at: 10:00, days: monthly', '2026-07-15T00:00:00Z', 5)).toEqual(['08-03T17:00', '09-01T17:00', '10-01T17:00', '11-02T18:00', '12-01T18:00']);
  });
  it('that are no times, are too many, or run into each other are refused', () => {
    for (const at of ['every hour', 'every 1h from 18:00 to 09:00', 'every 3h from 09:00 to 11:00', 'every 1m from 09:00 to 18:00', 'every 90s from 09:00 to 18:00']) expect(problemsIn(meeting(`at: ${at}`)).length).toBe(1);
    refused(meeting('at: every 1h from 09:00 to 25:00'), 'every 1h', 'IMPOSSIBLE_TIME');
    refused(meeting('at: every 1h from 09:00 to 18:00, within: 2h'), '2h }', 'WRONG_DURATION');
    refused(meeting('at: 10:00, days: yearly'), 'yearly', 'WRONG_VALUE');
  });
});
