// Every form of a condition, an example each: aggregates, growth, samples, alerts, events, references, trends, and how they read.
import { describe, expect, it } from 'vitest';
import { askFrom, judgeOnce, look, startSoak, restartSoak, summarise, summaryOf, type Condition, type PeriodSummary, type ReportedEvent, type Subject, type Window } from '../../src/judgement/index.js';
import { lengthInWords, numberInWords, quantityInWords } from '../../src/judgement/words.js';
import { compare, firing, hour, metric, minute, noData, rules, second, start, traits, trend, value, watched, Watch } from './world.js';

const at = (minutes: number): number => start + minutes * minute;
const over = (minutes: number): Window => ({ kind: 'duration', ms: minutes * minute });
const summary = (mean: number): PeriodSummary => ({ mean, min: mean, max: mean, last: mean, samples: 10 });
const judge = (condition: Condition, numbers: readonly number[], name = 'error_rate') => {
  const watch = new Watch(rules({ conditions: [watched('enter', condition)], metrics: [traits(name)] }));
  numbers.forEach((number, index) => watch.look(at(index), { [name]: [value(at(index), number)] }));
  return watch.last.verdicts[0]!;
};

describe('aggregates over a window', () => {
  it.each([['mean', 4], ['min', 1], ['max', 8], ['sum', 12], ['count', 3], ['last', 3]] as const)('%s of the values in the window', (aggregate, expected) => {
    expect(judge(compare(metric('error_rate', { aggregate, window: over(3) }), '<', 100), [50, 70, 8, 1, 3])).toMatchObject({ verdict: 'pass', value: expected, samples: 3 });
  });

  it('says what it is the mean of', () => {
    expect(judge(compare(metric('error_rate', { aggregate: 'mean', window: over(10) }), '<', 5), [12, 12.6]).message).toBe('error_rate is 12.3 % (limit < 5 %, mean over 10 min, 2 samples, newest 0 ms old)');
  });

  it('the window ends at the newest evidence and begins after its length', () => {
    expect(judge(compare(metric('error_rate', { aggregate: 'count', window: over(2) }), '>', 0), [1, 1, 1, 1]).value).toBe(2);
  });

  it('unknown newest evidence is unknown, however full the window', () => {
    const watch = new Watch(rules({ conditions: [watched('enter', compare(metric('error_rate', { aggregate: 'mean', window: over(10) }), '<', 5))] }));
    watch.sample([at(0), 1], [at(1), 1]);
    expect(watch.look(at(2), { error_rate: [noData(at(2))] }).gates.enter).toBe('inconclusive');
  });
});

describe('growth of a counter', () => {
  const grows = (window: Window | null): Subject => ({ kind: 'increase', metric: 'orders_total', window });
  const growthOf = (condition: Condition, numbers: readonly number[]) => judge(condition, numbers, 'orders_total');

  it('one value says nothing about growth', () => {
    expect(growthOf(compare(grows(over(5)), '=', 0), [100])).toMatchObject({ verdict: 'inconclusive', reason: 'too-few-samples' });
    expect(growthOf(compare(grows(null), '=', 0), [100])).toMatchObject({ verdict: 'inconclusive', reason: 'too-few-samples' });
  });

  it('is the sum of its steps, a smaller value is a counter that began again at zero', () => {
    expect(growthOf(compare(grows(over(60)), '=', 37), [100, 110, 5, 27])).toMatchObject({ verdict: 'pass', value: 37 });
    expect(growthOf(compare(grows(over(2)), '=', 27), [100, 110, 5, 27])).toMatchObject({ value: 27, verdict: 'pass' });
  });

  it('no growth for 30 s holds when no step moved it for that long, and fails when one did', () => {
    const condition = compare(grows(null), '=', 0, { forMs: 30 * second });
    const watch = new Watch(rules({ conditions: [watched('enter', condition)], metrics: [traits('orders_total')] }));
    const looked = (seconds: number, number: number) => watch.look(start + seconds * second, { orders_total: [value(start + seconds * second, number)] }).gates.enter;
    expect([looked(0, 7), looked(10, 9), looked(20, 9), looked(30, 9), looked(40, 9), looked(50, 9)]).toEqual(['inconclusive', 'fail', 'inconclusive', 'inconclusive', 'inconclusive', 'pass']);
    expect(looked(60, 10)).toBe('fail');
  });

  it('without a window it counts since the phase began', () => {
    const watch = new Watch(rules({ conditions: [watched('enter', compare(grows(null), '<', 5))], metrics: [traits('orders_total')] }));
    const looked = (minutes: number, number: number) => watch.look(at(minutes), { orders_total: [value(at(minutes), number)] }).verdicts[0]!.value;
    expect([looked(0, 100), looked(1, 103), looked(2, 104)]).toEqual([null, 3, 4]);
    watch.memory = startSoak(watch.memory, at(2.5));
    expect([looked(3, 106), looked(4, 107)]).toEqual([2, 3]);
  });

  it('over the soak it counts clean time only', () => {
    const watch = new Watch(rules({ conditions: [watched('leave', compare(grows({ kind: 'soak' }), '<', 100)), watched('trigger', compare(metric('orders_total'), '>', 1000), { id: 'trigger' })], metrics: [traits('orders_total')] }));
    for (const [minutes, number] of [[0, 10], [1, 13], [2, 2000], [3, 3], [4, 5]] as const) watch.look(at(minutes), { orders_total: [value(at(minutes), number)] });
    expect(watch.last.verdicts[0]).toMatchObject({ verdict: 'pass', value: 5 });
  });
});

describe('samples', () => {
  it('are the observations behind the measurements, idle ones included in a window', () => {
    const watch = new Watch(rules({ conditions: [watched('leave', compare({ kind: 'samples', metric: 'error_rate', window: { kind: 'soak' } }, '>=', 250)), watched('enter', compare({ kind: 'samples', metric: 'error_rate', window: over(10) }, '>=', 250))], metrics: [traits('error_rate', { minSamples: 100 })] }));
    const looked = (minutes: number, samples: number) => watch.look(at(minutes), { error_rate: [value(at(minutes), 1, samples)] });
    looked(0, 100);
    expect(looked(1, 120).verdicts.map(({ value: number }) => number)).toEqual([120, 220]);
    expect(looked(2, 140).verdicts.map(({ value: number, verdict }) => [number, verdict])).toEqual([[260, 'pass'], [360, 'pass']]);
    expect(looked(3, 7).verdicts.map(({ value: number }) => number)).toEqual([260, 367]);
  });
});

describe('alerts', () => {
  const alerts = (fresh: boolean): Subject => ({ kind: 'alerts', severity: 'critical', fresh, window: null });
  const watching = () => new Watch(rules({ conditions: [watched('enter', compare(alerts(false), '=', 0), { id: 'now' }), watched('enter', compare(alerts(true), '=', 0), { id: 'new' })], metrics: [traits('alerts(critical)', { unit: '' })] }));
  const looked = (watch: Watch, minutes: number, ...names: string[]) => watch.look(at(minutes), { 'alerts(critical)': [firing(at(minutes), ...names)] }).verdicts.map(({ value: number }) => number);

  it('count what fires now; new are the distinct ones that did not fire when the phase began', () => {
    const watch = watching();
    expect(looked(watch, 0, 'disk')).toEqual([1, 0]);
    watch.memory = startSoak(watch.memory, at(0.5));
    expect(looked(watch, 1, 'disk')).toEqual([1, 0]);
    expect(looked(watch, 2, 'disk', 'latency')).toEqual([2, 1]);
    expect(looked(watch, 3)).toEqual([0, 1]);
    expect(looked(watch, 4, 'disk', 'latency')).toEqual([2, 1]);
    expect(looked(watch, 5, 'queue')).toEqual([1, 2]);
    expect(watch.last.verdicts[1]!.message).toBe('new alerts(critical) is 2 (limit = 0, firing now: queue, 1 sample, newest 0 ms old)');
    looked(watch, 6, 'a'.repeat(100), 'b', 'c', 'd', 'e');
    expect(watch.last.verdicts[0]!.message).toContain(`firing now: ${'a'.repeat(79)}…, b, c and 2 more`);
  });

  it('an alert that the move itself causes is new, even at the first look after it', () => {
    const watch = watching();
    looked(watch, 0, 'disk');
    watch.memory = startSoak(watch.memory, at(0.5));
    expect(looked(watch, 1, 'disk', 'caused-by-us')).toEqual([2, 1]);
  });

  it('the next phase begins anew', () => {
    const watch = watching();
    looked(watch, 0);
    looked(watch, 1, 'disk');
    watch.memory = startSoak(watch.memory, at(1));
    expect(looked(watch, 2, 'disk')).toEqual([1, 0]);
  });

  it('a source that counts without naming them: more than at the begin are new', () => {
    const watch = watching();
    const counted = (minutes: number, number: number) => watch.look(at(minutes), { 'alerts(critical)': [value(at(minutes), number)] }).verdicts.map(({ value: count }) => count);
    counted(0, 2);
    watch.memory = startSoak(watch.memory, at(0));
    expect([counted(1, 2), counted(2, 4), counted(3, 0)]).toEqual([[2, 0], [4, 2], [0, 2]]);
  });

  it('their names stay bounded', () => {
    const watch = watching();
    looked(watch, 0);
    for (let index = 0; index < 30; index += 1) looked(watch, index + 1, ...Array.from({ length: 64 }, (_, member) => `alert-${index}-${member}`));
    expect(watch.memory!.alerts['alerts(critical)']!.fresh).toHaveLength(64);
  });
});

describe('events', () => {
  const reported = (minutes: number, event = 'escalation'): ReportedEvent => ({ event, at: at(minutes), id: `${event}/${minutes}` });
  const events = (window: Window | null): Subject => ({ kind: 'events', event: 'escalation', window });
  const watching = (window: Window | null, limit: number) => new Watch(rules({ conditions: [watched('trigger', compare(events(window), '>', limit))] }));

  it('one reported event fires at the next look, and stays counted until the next phase', () => {
    const watch = watching(null, 0);
    expect(watch.look(at(0), {}).fired).toEqual([]);
    expect(watch.look(at(1), {}, [reported(0.5)]).fired).toMatchObject([{ message: 'events(escalation) is 1 (trigger > 0)' }]);
    expect(watch.look(at(2), {}, [reported(0.5)])).toMatchObject({ fired: [], memory: { open: ['trigger'] } });
    watch.memory = startSoak(watch.memory, at(3));
    expect(watch.look(at(4), {}, [reported(0.5)])).toMatchObject({ cleared: ['trigger'], memory: { open: [] } });
  });

  it('an event between the last look and the begin of the phase falls into the phase', () => {
    const watch = watching(null, 0);
    watch.look(at(0), {});
    watch.memory = startSoak(watch.memory, at(1));
    expect(watch.look(at(2), {}, [reported(0.5)]).fired).toHaveLength(1);
  });

  it('more than five within an hour fires, the same six over two hours do not; other events do not count', () => {
    const six = [0, 1, 2, 3, 4, 5].map((index) => reported(1 + index * 10));
    expect(watching(over(60), 5).look(at(58), {}, [...six, reported(2, 'other')]).fired).toHaveLength(1);
    const slow = [0, 1, 2, 3, 4, 5].map((index) => reported(1 + index * 20));
    expect(watching(over(60), 5).look(at(119), {}, slow).fired).toEqual([]);
  });

  it('a burst between two looks fires, even when its window is over by the second', () => {
    const watch = watching(over(1), 2);
    watch.look(at(0), {});
    expect(watch.look(at(15), {}, [reported(5), reported(5.2), reported(5.4)])).toMatchObject({ fired: [{ ageMs: 9.6 * minute }], cleared: ['trigger'], memory: { open: [] } });
  });

  it('a burst that is reported late still convicts', () => {
    const watch = watching(over(1), 2);
    watch.look(at(0), {});
    watch.look(at(15), {}, [reported(5)]);
    expect(watch.look(at(30), {}, [reported(5), reported(5.2), reported(5.4)]).fired).toHaveLength(1);
    expect(watch.look(at(45), {}, [reported(5), reported(5.2), reported(5.4)]).fired).toEqual([]);
  });

  it('no events for half an hour is a sentence too', () => {
    const watch = new Watch(rules({ conditions: [watched('enter', compare(events(over(1)), '=', 0, { forMs: 30 * minute }))] }));
    const outcomes = [0, 10, 20, 31, 40, 50, 61].map((minutes) => watch.look(at(minutes), {}, minutes >= 20 ? [reported(15)] : []).gates.enter);
    expect(outcomes).toEqual(['inconclusive', 'inconclusive', 'inconclusive', 'inconclusive', 'inconclusive', 'pass', 'pass']);
  });

  it('can be judged the moment it is reported, without a watch', () => {
    const once = { conditions: [{ id: 'corruption', condition: compare({ kind: 'events', event: 'data-corruption', window: null }, '>', 0) }], role: 'trigger' as const, metrics: [], references: {}, movedAt: at(0), memory: null, blindAfterMs: 0 };
    expect(judgeOnce(once, { asOf: at(1), series: [], events: [reported(1, 'data-corruption')] }).verdicts[0]!.verdict).toBe('fail');
    expect(judgeOnce(once, { asOf: at(1), series: [], events: [reported(-1, 'data-corruption')] }).verdicts[0]!.verdict).toBe('pass');
  });
});

describe('references', () => {
  const relative = (period: string, factor: number, offset: number): Condition => compare(metric('error_rate'), '>', { kind: 'reference', period, factor, offset });
  const judged = (condition: Condition, number: number, references = { 'wave-1': { error_rate: summary(4) } } as Readonly<Record<string, Readonly<Record<string, PeriodSummary>>>>) => {
    const watch = new Watch(rules({ conditions: [watched('trigger', condition)], references }));
    return watch.sample([at(0), number]).verdicts[0]!;
  };

  it('baseline + 50 %, wave-1 + 5 points and 2x baseline', () => {
    expect([judged(relative('wave-1', 1.5, 0), 6).verdict, judged(relative('wave-1', 1.5, 0), 6.1).verdict]).toEqual(['pass', 'fail']);
    expect([judged(relative('wave-1', 1, 5), 9).verdict, judged(relative('wave-1', 1, 5), 9.1).verdict]).toEqual(['pass', 'fail']);
    expect(judged(relative('wave-1', 2, 0), 8.4)).toMatchObject({ limit: 8, message: 'error_rate is 8.4 % (trigger > 8 % from 2 × wave-1, 1 sample, newest 0 ms old)' });
  });

  it('a period that has no such summary is unknown, and the look is not sound', () => {
    expect(judged(relative('wave-1', 1, 5), 50, {})).toMatchObject({ verdict: 'inconclusive', reason: 'no-reference' });
    const watch = new Watch(rules({ conditions: [watched('trigger', relative('baseline', 1, 5))] }));
    expect(watch.sample([at(0), 1]).memory.valid).toBe(false);
  });

  it('an earlier period itself can be judged, without asking its source again', () => {
    const condition = compare(metric('error_rate', { aggregate: 'max', window: { kind: 'period', period: 'wave-1' } }), '<', 5);
    const result = look(null, rules({ conditions: [watched('enter', condition)], references: { 'wave-1': { error_rate: { mean: 2, min: 0, max: 4, last: 1, samples: 7 } } } }), { asOf: at(0), series: [], events: [] });
    expect(result.verdicts[0]).toMatchObject({ verdict: 'pass', value: 4, samples: 7, message: 'error_rate is 4 % (limit < 5 %, max over wave-1)' });
  });

  it('a baseline that a source can answer at once is the same summary as one that was watched', () => {
    const numbers = [4, 6, 5, 9];
    const watch = new Watch(rules({ conditions: [] }));
    watch.sample([at(-1), 1]);
    numbers.forEach((number, index) => watch.sample([at(index), number]));
    expect({ ...summaryOf(numbers.map((number, index) => value(at(index), number)), traits('error_rate')), grown: 0 }).toEqual({ ...summarise(watch.memory!)['error_rate'], grown: 0 });
    expect(summaryOf([noData(at(0))], traits('error_rate'))).toBeNull();
  });
});

describe('trends', () => {
  const down = trend('error_rate', 'down', over(60));
  const up = trend('error_rate', 'up', over(60), 'higher');
  const steady = trend('error_rate', 'steady', over(60));

  it('down asks for a fitted fall of more than 1 % of the mean', () => {
    expect(judge(down, [10, 9.95, 9.8]).verdict).toBe('pass');
    expect(judge(down, [10, 9.98, 9.92]).verdict).toBe('fail');
    expect(judge(down, [3, 2, 4]).verdict).toBe('fail');
    expect(judge(down, [5, 3, 4, 2]).message).toBe('error_rate fell by 2.4 points (limit trending down, over 1 h, 4 samples, newest 0 ms old)');
  });

  it('nothing but zeros is trending down where lower is better, and nowhere else', () => {
    expect(judge(down, [0, 0, 0]).verdict).toBe('pass');
    expect(judge(trend('error_rate', 'down', over(60), 'higher'), [0, 0, 0]).verdict).toBe('fail');
    expect(judge(up, [0, 0, 0]).verdict).toBe('fail');
  });

  it('up asks for a fitted rise of more than 1 % of the mean', () => {
    expect([judge(up, [10, 10, 10.2]).verdict, judge(up, [10, 10, 10.05]).verdict, judge(up, [10, 9, 8]).verdict]).toEqual(['pass', 'fail', 'fail']);
  });

  it('stable or improving allows a fitted change to the worse of 5 % of the mean', () => {
    expect([judge(steady, [100, 102, 104.9]).verdict, judge(steady, [100, 103, 106]).verdict, judge(steady, [100, 60, 20]).verdict, judge(steady, [0, 0, 0]).verdict]).toEqual(['pass', 'fail', 'pass', 'pass']);
    const higher = trend('error_rate', 'steady', over(60), 'higher');
    expect([judge(higher, [100, 98, 95.2]).verdict, judge(higher, [100, 97, 94]).verdict, judge(higher, [100, 200, 300]).verdict]).toEqual(['pass', 'fail', 'pass']);
  });

  it('fewer than three samples are unknown, and that spoils no clean time', () => {
    expect(judge(down, [3, 1])).toMatchObject({ verdict: 'inconclusive', reason: 'too-few-samples' });
    const watch = new Watch(rules({ conditions: [watched('leave', trend('error_rate', 'steady', { kind: 'soak' }))] }));
    watch.sample([at(0), 3], [at(1), 3], [at(2), 3]);
    expect(watch.last).toMatchObject({ cleanAddedMs: minute, gates: { leave: 'inconclusive' } });
    expect(watch.sample([at(3), 3]).gates.leave).toBe('pass');
  });

  it('over the soak only clean time has a trend', () => {
    const watch = new Watch(rules({ conditions: [watched('leave', trend('error_rate', 'down', { kind: 'soak' })), watched('trigger', compare(metric('error_rate'), '>', 10), { id: 'high' })] }));
    watch.sample([at(0), 1], [at(1), 6], [at(2), 5], [at(3), 50], [at(4), 1], [at(5), 3], [at(6), 2]);
    expect(watch.last.verdicts[0]).toMatchObject({ verdict: 'pass', samples: 4 });
  });
});

describe('a soak that is set back by something the triggers do not know', () => {
  it('loses its clean time and what it was like, counts the restart, and keeps the phase', () => {
    const watch = new Watch(rules({ conditions: [] }));
    watch.sample([at(0), 1], [at(1), 1]);
    watch.memory = restartSoak(watch.memory!, at(1));
    expect(watch.memory).toMatchObject({ cleanMs: 0, restarts: 1, soak: {}, rollout: { error_rate: { samples: 1 } } });
    expect(watch.sample([at(2), 1], [at(3), 1]).memory.cleanMs).toBe(minute);
  });
});

describe('from where a source is asked', () => {
  it('after the newest evidence, and at first as far back as the windows and lengths reach', () => {
    const conditions = [watched('enter', compare(metric('error_rate', { aggregate: 'mean', window: over(30) }), '<', 5, { forMs: 5 * minute })), watched('trigger', compare(metric('error_rate'), '>', 5, { forMs: 2 * hour }), { id: 'trigger' })];
    const first = rules({ conditions, metrics: [traits('error_rate', { ranged: true })], judgeAfter: at(-20) });
    expect(askFrom(null, first, 'error_rate', at(0))).toBe(at(-35));
    const { memory } = look(null, first, { asOf: at(0), series: [{ metric: 'error_rate', points: [value(at(-1), 1)] }], events: [] });
    expect(askFrom(memory, first, 'error_rate', at(10))).toBe(at(-1));
    expect(askFrom(memory, { ...first, conditions: [...conditions, watched('enter', trend('error_rate', 'down', over(60)), { id: 'trend' })] }, 'error_rate', at(10))).toBe(at(-50));
  });
});

describe('words', () => {
  it('numbers have three digits, more where two would read the same', () => {
    expect([12.345, 0.012345, 1234567.8, 5, 0, -2.5, 99.96, 1e-9, 1000.4].map((number) => numberInWords(number))).toEqual(['12.3', '0.0123', '1,234,568', '5', '0', '-2.5', '100', '1e-9', '1,000']);
    expect(numberInWords(5.0004, 5)).toBe('5.0004');
    expect(quantityInWords(12.3, '%')).toBe('12.3 %');
  });

  it('lengths have their two largest units', () => {
    expect([0, 350, 15_000, 1500, 600_000, 5_400_000, 51 * hour, 3 * hour, 59.7 * minute].map((ms) => lengthInWords(ms))).toEqual(['0 ms', '350 ms', '15 s', '1.5 s', '10 min', '1 h 30 min', '2 d 3 h', '3 h', '59 min 42 s']);
    expect(lengthInWords(9 * minute + 59_700)).toBe('10 min');
  });
});
