// Before and after: what is said of two periods is what they hold, whichever way is better, and nothing where there is nothing to say.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePeriods, periodOf } from '../../src/judgement/index.js';

const hour = 3_600_000;
const period = (mean: number, samples = 10, overMs: number | null = hour) => ({ mean, samples, overMs });
const base = { metric: 'response_time', unit: 'ms', better: 'lower' as const, answers: 'number' as const };

describe('a comparison', () => {
  it('says by how much, in the unit and in percent, whether that is better, and on what it rests', () => {
    expect(comparePeriods({ ...base, before: period(250, 288, 24 * hour), after: period(210, 4032, 14 * 24 * hour) })).toEqual({
      metric: 'response_time', unit: 'ms', better: 'lower', before: period(250, 288, 24 * hour), after: period(210, 4032, 14 * 24 * hour), difference: -40, percent: -16, change: 'better',
      message: 'response_time is 210 ms, 16 % better than the 250 ms before the first write (mean over 1 d, 288 samples; now over 14 d, 4,032 samples)',
    });
  });
  it('goes by what is better of the metric', () => {
    expect(comparePeriods({ ...base, better: 'higher', before: period(250), after: period(210) })).toMatchObject({ change: 'worse', percent: -16 });
  });
  it('judges nothing without a value of before, or of after, and says which', () => {
    expect(comparePeriods({ ...base, before: null, after: period(210) })).toMatchObject({ difference: null, percent: null, change: null, message: 'response_time cannot be compared: it has no value of before the first write (now 210 ms, 1 h, 10 samples)' });
    expect(comparePeriods({ ...base, before: period(250), after: null })).toMatchObject({ change: null, message: expect.stringContaining('no value of the time after') });
    expect(comparePeriods({ ...base, before: null, after: null }).message).toBe('response_time cannot be compared: it has no value of before the first write');
  });
  it('has no percentage of nothing', () => {
    expect(comparePeriods({ ...base, unit: '%', before: period(0), after: period(0.4) })).toMatchObject({ percent: null, difference: 0.4, change: 'worse', message: expect.stringContaining('is 0.4 %, worse than the 0 % before') });
  });
  it('shows what people said as they said it', () => {
    expect(comparePeriods({ ...base, metric: 'content', unit: '', better: 'higher', answers: 'yes-no', before: period(1, 1, null), after: period(0, 1, null) })).toMatchObject({ change: 'worse', percent: null, message: 'content is no, worse than the yes before the first write (one answer before, one now)' });
  });
  it('of a probe is the share of the time that it was up', () => {
    expect(comparePeriods({ ...base, metric: 'health', unit: '', better: 'higher', answers: 'up-down', before: period(1), after: period(0.995) }).message).toContain('health is 99.5 % up, 0.5 % worse than the 100 % up');
  });
  it('takes numbers that are a billionth apart for the same', () => {
    expect(comparePeriods({ ...base, before: period(7), after: period(7.000000000000001) })).toMatchObject({ change: 'the same', difference: 0, percent: 0, message: expect.stringContaining('the same as before') });
  });
  it('has no period without a sample', () => {
    expect([periodOf(undefined, hour), periodOf({ mean: 0, min: 0, max: 0, last: 0, samples: 0 }, hour)]).toEqual([null, null]);
  });

  const mean = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  it('is never better and worse at once: turned round it is the opposite, and the percentage has the sign of the difference', () => {
    fc.assert(fc.property(mean, mean, fc.constantFrom('lower' as const, 'higher' as const), (before, after, better) => {
      const there = comparePeriods({ ...base, better, before: period(before), after: period(after) });
      const back = comparePeriods({ ...base, better, before: period(after), after: period(before) });
      const other = comparePeriods({ ...base, better: better === 'lower' ? 'higher' : 'lower', before: period(before), after: period(after) });
      const opposite = { better: 'worse', worse: 'better', 'the same': 'the same' } as const;
      expect(back.change).toBe(opposite[there.change!]);
      expect(other.change).toBe(opposite[there.change!]);
      expect(there.difference).toBe(there.change === 'the same' ? 0 : after - before);
      if (there.percent !== null) expect(Math.sign(there.percent)).toBe(Math.sign(there.difference!));
      expect(there.change === 'better').toBe(there.change !== 'the same' && (after < before) === (better === 'lower'));
    }));
  });
  it('never shows two different numbers as the same', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 1_000_000 }), (before, after) => {
      fc.pre(before !== after);
      const [, now, then] = /is (\S+) ms, .* than the (\S+) ms/.exec(comparePeriods({ ...base, before: period(before), after: period(after) }).message)!;
      expect(now).not.toBe(then);
    }));
  });
});
