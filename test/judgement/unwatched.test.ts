// How long nobody looked is measured, not estimated: the longest stretch between two looks that saw every invariant.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterLook, emptyMemory, unbrokenFrom, type Unwatched } from '../../src/judgement/index.js';
import { compare, hour, idle, metric, minute, noData, rules, second, start, traits, value, watched, Watch } from './world.js';

const invariant = watched('invariant', compare(metric('error_rate'), '<', 5));

describe('the longest stretch without a look at the invariants', () => {
  const measuring = (): Watch => {
    const watch = new Watch(rules({ conditions: [invariant], unwatchedAfterMs: 2 * minute }));
    watch.memory = { ...emptyMemory(), unbroken: unbrokenFrom(start) };
    return watch;
  };
  const longestMs = (watch: Watch): number => watch.memory!.unbroken!.longest!.to - watch.memory!.unbroken!.longest!.from;

  it('is that between two looks, and begins with the rollout', () => {
    const watch = measuring();
    watch.sample([start + 30 * second, 1], [start + 90 * second, 1], [start + 100 * second, 1]);
    expect(watch.memory!.unbroken).toEqual({ seenAt: start + 100 * second, why: '', longest: { from: start + 30 * second, to: start + 90 * second, why: 'nobody looked' }, told: false });
  });

  it('goes on over a look that could not see an invariant, and says why', () => {
    const watch = measuring();
    watch.sample([start, 1]);
    watch.look(start + minute, { error_rate: [noData(start + minute)] });
    watch.look(start + 90 * second, { error_rate: [idle(start + 90 * second)] });
    watch.sample([start + 100 * second, 1]);
    expect(longestMs(watch)).toBe(100 * second);
    expect(watch.memory!.unbroken!.longest!.why).toContain('error_rate');
  });

  it('is told once when it is too long, and again only of the next', () => {
    const watch = measuring();
    watch.sample([start, 1]);
    for (let n = 1; n <= 5; n++) watch.look(start + n * minute, { error_rate: [noData(start + n * minute)] });
    watch.sample([start + 6 * minute, 1], [start + 7 * minute, 1]);
    watch.sample([start + 12 * minute, 1]);
    expect(watch.results.flatMap((result, index) => (result.unwatched === null ? [] : [index]))).toEqual([3, 8]);
  });

  it('takes an idle source for seen only where idle is clean, and a broken invariant for seen', () => {
    const watch = new Watch(rules({ conditions: [invariant], metrics: [traits('error_rate', { whenIdle: 'clean' })], unwatchedAfterMs: 2 * minute }));
    watch.memory = { ...emptyMemory(), unbroken: unbrokenFrom(start) };
    watch.look(start + minute, { error_rate: [idle(start + minute)] });
    expect(watch.memory.unbroken!.seenAt).toBe(start + minute);
    watch.sample([start + 2 * minute, 50]);
    expect(watch.last.gates.invariant).toBe('fail');
    expect(watch.memory.unbroken!.seenAt).toBe(start + 2 * minute);
  });

  it('is no matter of conditions that are not invariants', () => {
    const watch = new Watch(rules({ conditions: [invariant, watched('trigger', compare(metric('latency'), '>', 5))], metrics: [traits('error_rate'), traits('latency')], unwatchedAfterMs: 2 * minute }));
    watch.memory = { ...emptyMemory(), unbroken: unbrokenFrom(start) };
    watch.look(start + minute, { error_rate: [value(start + minute, 1)], latency: [noData(start + minute)] });
    expect(watch.memory.unbroken!.seenAt).toBe(start + minute);
  });

  it('is not measured where nothing must be in sight', () => {
    const watch = new Watch(rules({ conditions: [invariant] }));
    watch.sample([start, 1], [start + 10 * hour, 1]);
    expect(watch.memory!.unbroken).toBeNull();
    expect(watch.last.unwatched).toBeNull();
  });
});

it('against a plain re-computation: the longest is the largest gap between looks that saw all, and each gap that is too long is told once, as soon as a look knows it', () => {
  const look = fc.record({ gapMs: fc.integer({ min: 0, max: 400_000 }), sees: fc.boolean() });
  fc.assert(fc.property(fc.array(look, { minLength: 1, maxLength: 60 }), fc.integer({ min: 1_000, max: 600_000 }), (looks, limitMs) => {
    let at = start;
    const instants = looks.map(({ gapMs, sees }) => ({ at: (at += gapMs), sees }));
    let unbroken = unbrokenFrom(start);
    const told: Unwatched[] = [];
    for (const one of instants) {
      const next = afterLook(unbroken, one.at, one.sees ? [] : ['dark'], limitMs);
      unbroken = JSON.parse(JSON.stringify(next.unbroken)) as typeof unbroken;
      if (next.tell !== null) told.push(next.tell);
    }
    // Every gap with all the instants that lie in it, its end included: one that is not over ends at the last look.
    const gaps: { from: number; to: number; looks: number[] }[] = [];
    let open = { from: start, to: start, looks: [] as number[] };
    for (const one of instants) {
      open.to = one.at;
      open.looks.push(one.at);
      if (one.sees) { gaps.push(open); open = { from: one.at, to: one.at, looks: [] }; }
    }
    if (open.looks.length > 0) gaps.push(open);
    expect(unbroken.longest!.to - unbroken.longest!.from).toBe(Math.max(...gaps.map((gap) => gap.to - gap.from)));
    const tooLong = gaps.flatMap((gap) => { const first = gap.looks.find((instant) => instant - gap.from > limitMs); return first === undefined ? [] : [{ from: gap.from, to: first }]; });
    expect(told.map(({ from, to }) => ({ from, to }))).toEqual(tooLong);
  }), { numRuns: 300 });
});
