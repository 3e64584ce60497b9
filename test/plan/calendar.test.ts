// When a move may be made, when people meet and when reviews come: on dates around clock changes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextAllowed, nextStandUp, parseDuration, printDuration, quietUntil, reviewDates, whyNotAllowed, type Review } from '../../src/plan/index.js';
import { plan } from './providers.js';
import { sample } from './sample.js';

const at = (iso: string): number => Date.parse(iso);
const iso = (ms: number | undefined): string => new Date(ms ?? Number.NaN).toISOString();

describe('hours and freezes hold forward moves', () => {
  const office = plan(`${sample}hours: { days: weekdays, from: 09:00, to: 17:00 }\nfreezes: [{ from: 2026-12-24, to: 2027-01-03, why: holidays }, { from: '2026-06-05 12:00', to: '2026-06-05 15:00', why: audit }]\n`);
  it('inside business hours a move may be made at once', () => { expect(nextAllowed(office, at('2026-06-03T12:00:00-07:00'))).toEqual({ at: at('2026-06-03T12:00:00-07:00'), why: null }); });
  it('at night it waits for the morning, on a Friday evening for Monday', () => {
    expect(iso(nextAllowed(office, at('2026-06-03T20:00:00-07:00')).at)).toBe('2026-06-04T16:00:00.000Z');
    expect(iso(nextAllowed(office, at('2026-06-05T17:00:00-07:00')).at)).toBe('2026-06-08T16:00:00.000Z');
    expect(whyNotAllowed(office, at('2026-06-05T17:00:00-07:00'))).toMatchObject({ reason: 'hours', why: expect.stringContaining('2026-06-08 09:00') });
  });
  it('the morning after the clock change is at nine on the wall', () => { expect(iso(nextAllowed(office, at('2026-03-06T18:00:00-08:00')).at)).toBe('2026-03-09T16:00:00.000Z'); });
  it('a freeze ends with its last day, and then hours still count', () => {
    const held = nextAllowed(office, at('2026-12-28T10:00:00-08:00'));
    expect(iso(held.at)).toBe('2027-01-04T17:00:00.000Z');
    expect(held.why).toMatch(/^freeze until 2027-01-04 00:00: holidays$/);
  });
  it('a freeze of hours is over within the day', () => { expect(iso(nextAllowed(office, at('2026-06-05T13:00:00-07:00')).at)).toBe('2026-06-05T22:00:00.000Z'); });
  it('the last second of a freeze is frozen, the first after it is not', () => {
    const end = at('2026-06-05T15:00:00-07:00');
    expect([whyNotAllowed(office, end - 1)?.reason, whyNotAllowed(office, end)]).toEqual(['freeze', null]);
  });
  it('without hours and freezes every instant is allowed', () => { expect(nextAllowed(plan(sample), 12345)).toEqual({ at: 12345, why: null }); });
  it('what nextAllowed answers is allowed, and nothing before it was', () => {
    fc.assert(fc.property(fc.integer({ min: at('2026-01-01'), max: at('2027-02-01') }), (now) => {
      const { at: when, why } = nextAllowed(office, now);
      expect(whyNotAllowed(office, when)).toBeNull();
      expect(when === now).toBe(why === null);
      for (let step = now; step < when; step += Math.max(60_000, (when - now) / 50)) expect(whyNotAllowed(office, step)).not.toBeNull();
    }), { numRuns: 200 });
  });
});

describe('stand-ups', () => {
  const meetings = plan(`${sample}stand-ups:\n  - { stand-up: Daily, at: 09:00, in: [wave-1, baking], from: [ana] }\n  - { stand-up: Twice, at: ['17:00', 9:00], in: wave-2, days: weekdays, from: [ana, ben] }\n`);
  it('nine in the morning stays nine when the clocks go forward and back', () => {
    const daily = (from: string): readonly string[] => { const found: string[] = []; for (let after = at(from); found.length < 3;) { const next = nextStandUp(meetings, 'wave-1', after)!; found.push(iso(next.at)); after = next.at; } return found; };
    expect(daily('2026-03-07T00:00:00-08:00')).toEqual(['2026-03-07T17:00:00.000Z', '2026-03-08T16:00:00.000Z', '2026-03-09T16:00:00.000Z']);
    expect(daily('2026-10-31T00:00:00-07:00')).toEqual(['2026-10-31T16:00:00.000Z', '2026-11-01T17:00:00.000Z', '2026-11-02T17:00:00.000Z']);
  });
  it('one that is due now is not the next one', () => { expect(iso(nextStandUp(meetings, 'wave-1', at('2026-06-01T16:00:00Z'))?.at)).toBe('2026-06-02T16:00:00.000Z'); });
  it('twice a day comes twice a day, in order, and not on weekends', () => {
    expect(nextStandUp(meetings, 'wave-2', at('2026-06-05T10:00:00-07:00'))).toEqual({ id: 'stand-ups/twice', at: at('2026-06-05T17:00:00-07:00') });
    expect(nextStandUp(meetings, 'wave-2', at('2026-06-05T18:00:00-07:00'))).toEqual({ id: 'stand-ups/twice', at: at('2026-06-08T09:00:00-07:00') });
  });
  it('a phase without stand-ups has none', () => { expect(nextStandUp(meetings, 'wave-9', 0)).toBeNull(); });
  it('on the night of the change a stand-up at half past two is held once', () => {
    const night = plan(`${sample}stand-ups: [{ stand-up: Night, at: 02:30, from: ana }]\n`);
    const first = nextStandUp(night, 'wave-1', at('2026-03-08T00:00:00-08:00'))!;
    expect(first.at).toBeGreaterThan(at('2026-03-08T00:00:00-08:00'));
    expect(iso(nextStandUp(night, 'wave-1', first.at)?.at)).toBe('2026-03-09T09:30:00.000Z');
  });
});

describe('reviews', () => {
  const review = (text: string): Review => plan(`${sample}reviews: [${text}]\n`).reviews[0]!;
  const dates = (text: string, ended: string, count: number): readonly string[] => reviewDates(plan(sample), review(text), at(ended), count).map(iso);
  it('a week after the end, at nine on the wall, once', () => { expect(dates('{ review: First }', '2026-03-04T22:00:00Z', 5)).toEqual(['2026-03-11T16:00:00.000Z']); });
  it('every week, three times', () => { expect(dates('{ review: Weeks, every: week, after: 14d, times: 3 }', '2026-06-01T12:00:00Z', 10)).toEqual(['2026-06-15T16:00:00.000Z', '2026-06-22T16:00:00.000Z', '2026-06-29T16:00:00.000Z']); });
  it('a 31st falls on the last day of short months and comes back', () => {
    expect(dates('{ review: Cost, every: month, after: 30d }', '2026-01-01T12:00:00Z', 3)).toEqual(['2026-01-31T17:00:00.000Z', '2026-02-28T17:00:00.000Z', '2026-03-31T16:00:00.000Z']);
  });
  it('quarters and half years', () => {
    expect(dates('{ review: Q, every: quarter }', '2026-01-01T12:00:00Z', 2)).toEqual(['2026-04-02T16:00:00.000Z', '2026-07-02T16:00:00.000Z']);
    expect(dates('{ review: H, every: half-year }', '2026-01-01T12:00:00Z', 2)).toEqual(['2026-07-02T16:00:00.000Z', '2027-01-02T17:00:00.000Z']);
  });
});

describe('lengths of time', () => {
  it('are read in all their writings', () => {
    expect(['24h', '2w', '90s', '1d 6h', '500ms', '1h30m', '1.5h', '15min', ' 5 m '].map(parseDuration)).toEqual([86_400_000, 1_209_600_000, 90_000, 108_000_000, 500, 5_400_000, 5_400_000, 900_000, 300_000]);
  });
  it('and nothing else is', () => { expect(['', '5', 'h', '5 fortnights', '-5m', '5mm', '5m!', '1e3s', '200y', '99999999w'].map(parseDuration)).toEqual(Array(10).fill(null)); });
  it('are printed so that they read back', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 400 * 86_400_000 }), (ms) => { expect(parseDuration(printDuration(ms))).toBe(ms); }));
    expect([86_400_000, 172_800_000, 1_209_600_000, 864_000_000, 5_400_000, 0].map(printDuration)).toEqual(['24h', '48h', '2w', '10d', '1h 30m', '0s']);
  });
});

describe('quiet hours', () => {
  const night = { from: '22:00', to: '07:00', timezone: 'Europe/Berlin' };
  const ends = (instant: string, quiet = night): string | null => { const until = quietUntil(quiet, at(instant)); return until === null ? null : iso(until); };
  it('from the evening to the morning are one stretch', () => {
    expect(ends('2026-06-03T21:59:59+02:00')).toBeNull();
    expect(ends('2026-06-03T22:00:00+02:00')).toBe('2026-06-04T05:00:00.000Z');
    expect(ends('2026-06-04T06:59:59+02:00')).toBe('2026-06-04T05:00:00.000Z');
    expect(ends('2026-06-04T07:00:00+02:00')).toBeNull();
  });
  it('end at the same time on the wall in the night of a clock change', () => {
    expect(ends('2026-03-28T23:00:00+01:00')).toBe('2026-03-29T05:00:00.000Z');
    expect(ends('2026-10-24T23:00:00+02:00')).toBe('2026-10-25T06:00:00.000Z');
  });
  it('within one day are over on that day', () => { expect(ends('2026-06-03T12:30:00+02:00', { ...night, from: '12:00', to: '13:00' })).toBe('2026-06-03T11:00:00.000Z'); });
  it('go with a person’s own channels, and the whole day is refused', () => {
    const person = (quiet: string): string => sample.replace(/^people:\n/m, `people:\n  nina: { channels: [log], quiet: ${quiet} }\n`);
    const nina = plan(person("{ from: '22:00', to: '07:00' }")).people.find((one) => one.id === 'nina')!;
    expect(nina.channels).toEqual([{ provider: 'log', settings: {}, quiet: { from: '22:00', to: '07:00', timezone: plan(sample).timezone } }]);
    expect(() => plan(person("{ from: '07:00', to: '07:00' }"))).toThrow(/whole day/);
  });
});
