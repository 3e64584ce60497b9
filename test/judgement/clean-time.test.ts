// Evidence and clean time, each settled line a test. Examples; the same against a plain re-computation: clean-time.property.test.ts.
import { describe, expect, it } from 'vitest';
import { startSoak, summarise } from '../../src/judgement/index.js';
import { compare, firing, hour, idle, metric, minute, noData, other, rules, second, start, traits, value, watched, Watch } from './world.js';

const leave = watched('leave', compare(metric('error_rate'), '<', 5));
const warning = watched('trigger', compare(metric('error_rate'), '>', 10), { id: 'high' });
const at = (minutes: number): number => start + minutes * minute;

describe('clean time', () => {
  it('an interval between two sound looks counts in full, the first look counts nothing', () => {
    const watch = new Watch(rules({ conditions: [leave] }));
    expect(watch.sample([at(0), 1])).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'first-look' });
    expect(watch.sample([at(1), 1])).toMatchObject({ cleanAddedMs: minute, uncleanBecause: null });
    expect(watch.sample([at(2), 1]).memory.cleanMs).toBe(2 * minute);
  });

  it('an interval as long as blind after counts, one that is longer counts zero', () => {
    const watch = new Watch(rules({ conditions: [leave] }));
    expect(watch.sample([at(0), 1], [at(2), 1]).cleanAddedMs).toBe(2 * minute);
    expect(watch.sample([at(4) + 50, 1]).cleanAddedMs).toBe(2 * minute + 50);
    expect(watch.sample([at(6) + 101, 1])).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'blind' });
  });

  it('late data may convict, never acquit: a blind interval that a range source fills afterwards still counts zero', () => {
    const watch = new Watch(rules({ conditions: [leave], metrics: [traits('error_rate', { ranged: true })] }));
    watch.sample([at(0), 1]);
    const filled = watch.look(at(40), { error_rate: Array.from({ length: 40 }, (_, index) => value(at(index + 1), 1)) });
    expect(filled).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'blind' });
    expect(filled.memory.soak).toEqual({});
  });

  it('late data may convict: a breach in a blind interval fires when a range source tells of it', () => {
    const watch = new Watch(rules({ conditions: [warning], metrics: [traits('error_rate', { ranged: true })] }));
    watch.sample([at(0), 1]);
    const result = watch.look(at(40), { error_rate: Array.from({ length: 40 }, (_, index) => value(at(index + 1), index === 20 ? 12 : 1)) });
    expect(result.fired.map(({ id, value: number, ageMs }) => [id, number, ageMs])).toEqual([['high', 12, 19 * minute]]);
  });

  it('one unknown look is not clean on either side, and is repeated sooner', () => {
    const watch = new Watch(rules({ conditions: [leave] }));
    watch.sample([at(0), 1], [at(1), 1]);
    expect(watch.look(at(2), { error_rate: [noData(at(2))] })).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'invalid', comeBackInMs: 15 * second, unknownTooLong: false });
    expect(watch.sample([at(3), 1])).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'invalid', comeBackInMs: minute });
    expect(watch.sample([at(4), 1])).toMatchObject({ cleanAddedMs: minute });
  });

  it('unknown becomes too long after three looks and unknown for, whichever comes later', () => {
    const quick = new Watch(rules({ conditions: [leave], unknownForMs: 5 * minute }));
    const answers = [0, 1, 2, 3, 4, 5].map((minutes) => quick.look(at(minutes), { error_rate: [noData(at(minutes))] }).unknownTooLong);
    expect(answers).toEqual([false, false, false, false, false, true]);
    const slow = new Watch(rules({ conditions: [leave], cadenceMs: hour, blindAfterMs: 2 * hour, unknownForMs: 5 * minute }));
    expect([0, 60, 120].map((minutes) => slow.look(at(minutes), { error_rate: [noData(at(minutes))] }).unknownTooLong)).toEqual([false, false, true]);
  });

  it('unknown ends with one sound look', () => {
    const watch = new Watch(rules({ conditions: [leave], unknownForMs: 2 * minute }));
    for (const minutes of [0, 1, 2]) watch.look(at(minutes), { error_rate: [noData(at(minutes))] });
    expect(watch.last.unknownTooLong).toBe(true);
    expect(watch.last.comeBackInMs).toBe(minute);
    expect(watch.sample([at(3), 1])).toMatchObject({ unknownTooLong: false, memory: { unknownSince: null, unknownLooks: 0 } });
  });

  it('time with an open issue does not count, and under extends nothing that was counted is lost', () => {
    const watch = new Watch(rules({ conditions: [leave, warning] }));
    watch.sample([at(0), 1], [at(1), 1], [at(2), 12]);
    expect(watch.last).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'issue', memory: { open: ['high'] } });
    expect(watch.sample([at(3), 12])).toMatchObject({ cleanAddedMs: 0, fired: [] });
    expect(watch.sample([at(4), 1])).toMatchObject({ cleanAddedMs: 0, cleared: ['high'], memory: { cleanMs: minute, restarts: 0, open: [] } });
    expect(watch.sample([at(5), 1]).memory.cleanMs).toBe(2 * minute);
  });

  it('under restarts the end of an issue sets the clean time to zero and empties what the soak was like', () => {
    const watch = new Watch(rules({ conditions: [leave, warning], soak: { neededMs: hour, onIssue: 'restart' } }));
    watch.sample([at(0), 1], [at(1), 3], [at(2), 12]);
    expect(watch.last.memory).toMatchObject({ cleanMs: minute, restarts: 0 });
    expect(watch.sample([at(3), 1]).memory).toMatchObject({ cleanMs: 0, restarts: 1, soak: {} });
    expect(watch.sample([at(4), 2]).memory).toMatchObject({ cleanMs: minute, restarts: 1, soak: { error_rate: { mean: 2, samples: 1 } } });
  });

  it('an issue that was only there between two looks spoils the interval and restarts the soak', () => {
    const watch = new Watch(rules({ conditions: [leave, warning], metrics: [traits('error_rate', { ranged: true })], soak: { neededMs: hour, onIssue: 'restart' } }));
    watch.sample([at(0), 1], [at(1), 1]);
    const result = watch.look(at(2), { error_rate: [value(at(1.25), 1), value(at(1.5), 12), value(at(2), 1)] });
    expect(result).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'issue', cleared: ['high'], memory: { open: [], cleanMs: 0, restarts: 1 } });
    expect(result.fired.map(({ id }) => id)).toEqual(['high']);
  });

  it('a trigger of severity info is no issue', () => {
    const watch = new Watch(rules({ conditions: [leave, watched('trigger', compare(metric('error_rate'), '>', 10), { severity: 'info' })] }));
    expect(watch.sample([at(0), 1], [at(1), 12])).toMatchObject({ cleanAddedMs: minute, memory: { open: [] } });
    expect(watch.fired).toEqual(['trigger']);
  });

  it('a pause does not count, the interval in which it ends included', () => {
    const watch = new Watch(rules({ conditions: [leave] }));
    watch.sample([at(0), 1], [at(1), 1]);
    watch.rules = { ...watch.rules, suspended: true };
    expect(watch.sample([at(2), 1])).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'suspended' });
    watch.rules = { ...watch.rules, suspended: false };
    expect(watch.sample([at(3), 1])).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'suspended' });
    expect(watch.sample([at(4), 1]).memory.cleanMs).toBe(2 * minute);
  });

  it('idle is not counted, makes no hold and is not asked for sooner', () => {
    const watch = new Watch(rules({ conditions: [leave], unknownForMs: 0 }));
    watch.sample([at(0), 1]);
    for (const minutes of [1, 2, 3, 4]) expect(watch.look(at(minutes), { error_rate: [idle(at(minutes))] })).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'idle', unknownTooLong: false, comeBackInMs: minute });
    expect(watch.last.verdicts[0]).toMatchObject({ verdict: 'inconclusive', reason: 'idle' });
    expect(watch.sample([at(5), 1]).uncleanBecause).toBe('idle');
    expect(watch.sample([at(6), 1]).cleanAddedMs).toBe(minute);
  });

  it('idle counts where the metric says that idle is clean', () => {
    const watch = new Watch(rules({ conditions: [leave], metrics: [traits('error_rate', { whenIdle: 'clean' })] }));
    watch.sample([at(0), 1], [at(1), 1]);
    expect(watch.look(at(2), { error_rate: [idle(at(2))] })).toMatchObject({ cleanAddedMs: minute, gates: { leave: 'pass' } });
  });

  it('fewer observations than min samples are idle, whatever the value', () => {
    const watch = new Watch(rules({ conditions: [leave, warning], metrics: [traits('error_rate', { minSamples: 100 })] }));
    expect(watch.look(at(0), { error_rate: [value(at(0), 50, 99)] })).toMatchObject({ fired: [], verdicts: [{ reason: 'idle' }, { reason: 'idle' }] });
    expect(watch.look(at(1), { error_rate: [value(at(1), 50, 100)] }).fired).toHaveLength(1);
  });

  it('evidence older than its allowed age is stale, and the look is not sound', () => {
    const watch = new Watch(rules({ conditions: [leave], metrics: [traits('error_rate', { maxAgeMs: 90 * second })] }));
    watch.sample([at(0), 1]);
    expect(watch.look(at(1.5), { error_rate: [value(at(0), 1)] })).toMatchObject({ cleanAddedMs: 90 * second, verdicts: [{ ageMs: 90 * second }] });
    expect(watch.look(at(2), { error_rate: [value(at(0), 1)] })).toMatchObject({ uncleanBecause: 'invalid', verdicts: [{ verdict: 'inconclusive', reason: 'stale' }] });
  });

  it.each([
    ['NaN', { kind: 'nonFinite', value: 'NaN' }, 'non-finite'],
    ['several series', { kind: 'ambiguous', series: 3 }, 'ambiguous'],
    ['a provider error', { kind: 'providerError', code: 'HTTP_401', detail: 'the token is refused' }, 'provider-error'],
    ['no data', { kind: 'noData', detail: 'empty' }, 'no-data'],
    ['a value that is no number', { kind: 'value', value: Number.NaN }, 'non-finite'],
  ] as const)('%s is inconclusive for gates and triggers alike', (_, measurement, reason) => {
    const watch = new Watch(rules({ conditions: [leave, warning, watched('invariant', compare(metric('error_rate'), '<', 50))] }));
    const result = watch.look(at(0), { error_rate: [other(at(0), measurement)] });
    expect(result.verdicts.map((one) => [one.verdict, one.reason])).toEqual(Array.from({ length: 3 }, () => ['inconclusive', reason]));
    expect(result).toMatchObject({ fired: [], gates: { leave: 'inconclusive', invariant: 'inconclusive', enter: 'pass' } });
  });

  it('a metric that the look says nothing about at all is unknown, not healthy', () => {
    expect(new Watch(rules({ conditions: [leave] })).look(at(0), {})).toMatchObject({ memory: { valid: false }, verdicts: [{ verdict: 'inconclusive', reason: 'no-data' }] });
  });

  it('a person who has not answered, or whose answer has run out, shuts the gate and does not stop the clock', () => {
    const comfort = watched('leave', compare(metric('comfort'), '=', { kind: 'answer', value: 'yes' }), { id: 'comfort' });
    const watch = new Watch(rules({ conditions: [leave, comfort], metrics: [traits('error_rate'), traits('comfort', { human: true, maxAgeMs: 2 * minute, unit: '' })] }));
    const sampled = (minutes: number, comforts: readonly ReturnType<typeof value>[]) => watch.look(at(minutes), { error_rate: [value(at(minutes), 1)], comfort: comforts });
    sampled(0, [noData(at(0))]);
    expect(sampled(1, [noData(at(1))])).toMatchObject({ cleanAddedMs: minute, verdicts: [{}, { verdict: 'inconclusive', reason: 'unanswered' }], gates: { leave: 'inconclusive' } });
    const answered = value(at(1.5), 1);
    expect(sampled(2, [answered])).toMatchObject({ verdicts: [{}, { verdict: 'pass' }], gates: { leave: 'pass' } });
    expect(sampled(4, [answered])).toMatchObject({ cleanAddedMs: 2 * minute, verdicts: [{}, { verdict: 'inconclusive', reason: 'stale' }] });
    expect(sampled(5, [value(at(5), 0)]).verdicts[1]).toMatchObject({ verdict: 'fail', reason: 'broken' });
  });

  it('asOf never goes backwards: a lower instant is the last one again', () => {
    const watch = new Watch(rules({ conditions: [leave] }));
    watch.sample([at(0), 1], [at(1), 1]);
    expect(watch.look(at(0.5), { error_rate: [value(at(0.5), 40)] })).toMatchObject({ cleanAddedMs: 0, memory: { asOf: at(1), cleanMs: minute, latest: { error_rate: { value: 1 } } } });
    expect(watch.sample([at(2), 1]).memory.cleanMs).toBe(2 * minute);
  });

  it('a soak that begins counts from its own first look, and a look before the move is not half of an interval', () => {
    const watch = new Watch(rules({ conditions: [leave] }));
    watch.sample([at(0), 1], [at(1), 1]);
    watch.memory = startSoak(watch.memory, at(1) + 10 * second);
    expect(watch.sample([at(2), 1])).toMatchObject({ uncleanBecause: 'first-look', memory: { cleanMs: 0 } });
    expect(watch.sample([at(3), 1]).memory.cleanMs).toBe(minute);
  });

  it('an interval at whose begin a condition was not judged yet does not count', () => {
    const watch = new Watch(rules({ conditions: [warning] }));
    watch.sample([at(0), 1], [at(1), 1]);
    watch.rules = { ...watch.rules, conditions: [warning, leave] };
    expect(watch.sample([at(2), 1])).toMatchObject({ cleanAddedMs: 0, uncleanBecause: 'first-look' });
    expect(watch.sample([at(3), 1]).cleanAddedMs).toBe(minute);
  });

  it('a condition that is only remembered for a later gate makes no time unclean and gives no verdict', () => {
    const ahead = watched('enter', compare(metric('other'), '<', 5), { judged: false });
    const watch = new Watch(rules({ conditions: [leave, ahead], metrics: [traits('error_rate'), traits('other')] }));
    const result = [0, 1].map((minutes) => watch.look(at(minutes), { error_rate: [value(at(minutes), 1)], other: [noData(at(minutes))] }))[1]!;
    expect(result).toMatchObject({ cleanAddedMs: minute });
    expect(result.verdicts.map(({ id }) => id)).toEqual(['leave']);
  });

  it('a soak is done when the clean time is reached, on sound evidence and without an open issue', () => {
    const watch = new Watch(rules({ conditions: [leave, warning], soak: { neededMs: 2 * minute, onIssue: 'extend' } }));
    watch.sample([at(0), 1], [at(1), 1]);
    expect(watch.last.soaked).toBe(false);
    expect(watch.sample([at(2), 1]).soaked).toBe(true);
    expect(watch.look(at(3), { error_rate: [noData(at(3))] }).soaked).toBe(false);
    expect(watch.sample([at(4), 12]).soaked).toBe(false);
    expect(watch.sample([at(5), 1]).soaked).toBe(true);
  });

  it('a grade that cannot be judged holds nothing up', () => {
    const grade = watched('grade', compare(metric('cost'), '<', 300));
    const watch = new Watch(rules({ conditions: [leave, grade], metrics: [traits('error_rate'), traits('cost')] }));
    expect(watch.sample([at(0), 1], [at(1), 1])).toMatchObject({ cleanAddedMs: minute, verdicts: [{ verdict: 'pass' }, { verdict: 'inconclusive' }] });
  });
});

describe('what a period was like', () => {
  it('a leave condition without a window must hold for the mean over the clean soak and for the latest look, and says both', () => {
    const watch = new Watch(rules({ conditions: [leave] }));
    watch.sample([at(0), 1], [at(1), 1], [at(2), 2], [at(3), 6]);
    expect(watch.last.verdicts[0]).toMatchObject({ verdict: 'fail', message: 'error_rate is 6 % now and 3 % over the clean soak (mean of 3 samples) (limit < 5 %, 1 sample, newest 0 ms old)' });
    const other = new Watch(rules({ conditions: [leave] }));
    other.sample([at(0), 1], [at(1), 20], [at(2), 1]);
    expect(other.last.verdicts[0]).toMatchObject({ verdict: 'fail', value: 1 });
    expect(other.last.verdicts[0]!.message).toContain('1 % now and 10.5 % over the clean soak');
  });

  it('a leave condition is not passed before there is a clean sample', () => {
    const watch = new Watch(rules({ conditions: [leave] }));
    expect(watch.sample([at(0), 1])).toMatchObject({ gates: { leave: 'inconclusive' }, verdicts: [{ reason: 'too-few-samples' }], memory: { valid: true } });
    expect(watch.sample([at(1), 1]).gates.leave).toBe('pass');
  });

  it('a phase is summarised over its clean time only', () => {
    const watch = new Watch(rules({ conditions: [leave, warning] }));
    watch.sample([at(0), 9], [at(1), 2], [at(2), 4], [at(3), 30], [at(4), 9], [at(5), 6]);
    expect(summarise(watch.memory!)).toEqual({ error_rate: { mean: 4, min: 2, max: 6, last: 6, samples: 3, observations: 3, grown: 10, change: expect.closeTo(48 / 13, 9) } });
  });

  it('throughout means everything since the first write, clean or not', () => {
    const throughout = watched('grade', compare(metric('error_rate', { aggregate: 'max', window: { kind: 'rollout' } }), '<', 10));
    const watch = new Watch(rules({ conditions: [throughout, warning], movedAt: at(1) }));
    watch.sample([at(0), 99], [at(1), 98], [at(2), 12], [at(3), 1]);
    expect(watch.last.verdicts[0]).toMatchObject({ verdict: 'fail', value: 12, samples: 2 });
  });

  it('alerts are summarised under their own name', () => {
    const watch = new Watch(rules({ conditions: [watched('leave', compare({ kind: 'alerts', severity: 'critical', fresh: false, window: null }, '=', 0))], metrics: [traits('alerts(critical)', { unit: '' })] }));
    for (const minutes of [0, 1, 2]) watch.look(at(minutes), { 'alerts(critical)': [firing(at(minutes))] });
    expect(watch.last.gates.leave).toBe('pass');
    expect(summarise(watch.memory!)['alerts(critical)']).toMatchObject({ max: 0, samples: 2 });
  });
});
