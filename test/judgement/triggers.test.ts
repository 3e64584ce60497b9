// Watching and reacting: when a trigger fires, when it ends, what unknown does to it. Against a plain re-computation: triggers.property.test.ts.
import { describe, expect, it } from 'vitest';
import { forgetTriggers, startSoak } from '../../src/judgement/index.js';
import { compare, hour, idle, metric, minute, noData, rules, second, start, traits, value, watched, Watch } from './world.js';

const at = (minutes: number): number => start + minutes * minute;
const plain = watched('trigger', compare(metric('error_rate'), '>', 5), { id: 'plain' });
const sustained = watched('trigger', compare(metric('error_rate'), '>', 10, { forMs: 5 * minute }), { id: 'sustained', severity: 'emergency' });
const ranged = [traits('error_rate', { ranged: true })];
/** every 30 s, 12 % from `from` until `until`, else 1 % */
const burst = (from: number, until: number, length: number) => Array.from({ length: length * 2 + 1 }, (_, index) => value(start + index * 30 * second, index * 0.5 >= from && index * 0.5 < until ? 12 : 1));

describe('a trigger', () => {
  it('without a length fires on a single sample, once, until it has been clear', () => {
    const watch = new Watch(rules({ conditions: [plain] }));
    watch.sample([at(0), 1], [at(1), 6], [at(2), 6], [at(3), 1], [at(4), 6]);
    expect(watch.results.map(({ fired, cleared }) => [fired.length, cleared.length])).toEqual([[0, 0], [1, 0], [0, 0], [0, 1], [1, 0]]);
    expect(watch.results[1]!.fired[0]).toMatchObject({ id: 'plain', verdict: 'fail', reason: 'held', value: 6, limit: 5, samples: 1, asOf: at(1) });
  });

  it('more than 10 % for 5 min fires with a burst of 6 min sampled each 30 s, and not with one of 4 min', () => {
    for (const [length, fires] of [[6, ['sustained']], [4, []]] as const) {
      const watch = new Watch(rules({ conditions: [sustained] }));
      for (const point of burst(10, 10 + length, 30)) watch.look(point.at, { error_rate: [point] });
      expect(watch.fired).toEqual(fires);
    }
  });

  it('a burst of 6 min wholly between two looks fires when a range source tells of it, one of 4 min does not', () => {
    for (const [length, fires] of [[6, ['sustained']], [4, []]] as const) {
      const watch = new Watch(rules({ conditions: [sustained], metrics: ranged, cadenceMs: 15 * minute, blindAfterMs: 30 * minute }));
      const points = burst(3, 3 + length, 15);
      watch.look(at(0), { error_rate: points.slice(0, 1) });
      const result = watch.look(at(15), { error_rate: points.slice(1) });
      expect(watch.fired).toEqual(fires);
      expect(result.memory.open).toEqual([]);
      expect(result.cleared).toEqual(fires);
    }
  });

  it('the conviction names what convicted: its value, its length and its own age', () => {
    const watch = new Watch(rules({ conditions: [sustained], metrics: ranged, cadenceMs: 15 * minute, blindAfterMs: 30 * minute }));
    watch.look(at(15), { error_rate: burst(3, 10, 15) });
    expect(watch.last.fired[0]).toMatchObject({ value: 12, ageMs: 7 * minute, message: 'error_rate is 12 % (trigger > 10 % for 5 min, true for 5 min, 1 sample, newest 7 min old)' });
  });

  it('breached but not yet for long enough passes as not yet, and says how far it is', () => {
    const watch = new Watch(rules({ conditions: [sustained] }));
    watch.sample([at(0), 12], [at(1), 12], [at(2), 12]);
    expect(watch.last.verdicts[0]).toMatchObject({ verdict: 'pass', reason: 'not-yet', message: 'error_rate is 12 % (trigger > 10 % for 5 min, true for 2 min so far, 1 sample, newest 0 ms old)' });
  });

  it('for is measured between evidence, and fires at the very instant it is reached', () => {
    const watch = new Watch(rules({ conditions: [sustained] }));
    watch.sample([at(0), 12], [at(2), 12], [at(4), 12], [at(5) - 1, 12]);
    expect(watch.fired).toEqual([]);
    watch.sample([at(5), 12]);
    expect(watch.fired).toEqual(['sustained']);
  });

  it('unknown neither ends a breach nor lengthens it', () => {
    const watch = new Watch(rules({ conditions: [sustained] }));
    watch.sample([at(0), 12], [at(1), 12], [at(2), 12]);
    for (const minutes of [3, 4, 5]) watch.look(at(minutes), { error_rate: [noData(at(minutes))] });
    watch.sample([at(6), 12], [at(7), 12], [at(8), 12]);
    expect(watch.fired).toEqual([]);
    watch.sample([at(9), 12]);
    expect(watch.fired).toEqual(['sustained']);
  });

  it('a gap longer than evidence may speak for does not lengthen a breach either', () => {
    const watch = new Watch(rules({ conditions: [sustained], metrics: [traits('error_rate', { maxAgeMs: 3 * minute })] }));
    watch.sample([at(0), 12], [at(2), 12], [at(40), 12], [at(42), 12]);
    expect(watch.fired).toEqual([]);
    watch.sample([at(43), 12]);
    expect(watch.fired).toEqual(['sustained']);
  });

  it('idle neither ends a breach nor lengthens it, and nobody is called for it', () => {
    const watch = new Watch(rules({ conditions: [sustained], unknownForMs: minute }));
    watch.sample([at(0), 12], [at(2), 12]);
    for (let minutes = 3; minutes <= 30; minutes += 1) expect(watch.look(at(minutes), { error_rate: [idle(at(minutes))] }).blindBreaches).toEqual([]);
    watch.sample([at(31), 12], [at(33), 12]);
    expect(watch.fired).toEqual([]);
    watch.sample([at(34), 12]);
    expect(watch.fired).toEqual(['sustained']);
  });

  it('an issue whose evidence went missing stays open', () => {
    const watch = new Watch(rules({ conditions: [plain] }));
    watch.sample([at(0), 1], [at(1), 6]);
    expect(watch.look(at(2), { error_rate: [noData(at(2))] })).toMatchObject({ cleared: [], memory: { open: ['plain'] }, verdicts: [{ verdict: 'inconclusive' }] });
    expect(watch.sample([at(3), 6])).toMatchObject({ fired: [], cleared: [], memory: { open: ['plain'] } });
  });

  it('a breach left unknown for its own for is named once a blindness', () => {
    const watch = new Watch(rules({ conditions: [sustained] }));
    watch.sample([at(0), 12]);
    const named = Array.from({ length: 9 }, (_, index) => watch.look(at(index + 1), { error_rate: [noData(at(index + 1))] }).blindBreaches.map(({ id }) => id));
    expect(named).toEqual([[], [], [], [], [], ['sustained'], [], [], []]);
    watch.sample([at(10), 12]);
    const again = Array.from({ length: 7 }, (_, index) => watch.look(at(index + 11), { error_rate: [noData(at(index + 11))] }).blindBreaches.length);
    expect(again).toEqual([0, 0, 0, 0, 0, 1, 0]);
  });

  it('a breach without a length is blind after unknown for, and stale evidence is blind too', () => {
    const watch = new Watch(rules({ conditions: [plain], unknownForMs: 4 * minute, metrics: [traits('error_rate', { maxAgeMs: 2 * minute })] }));
    watch.sample([at(0), 6]);
    expect([1, 2, 3, 4, 5, 6, 7].map((minutes) => watch.look(at(minutes), { error_rate: [] }).blindBreaches.length)).toEqual([0, 0, 0, 0, 0, 1, 0]);
  });

  it('what was never breached is never blind', () => {
    const watch = new Watch(rules({ conditions: [sustained] }));
    watch.sample([at(0), 1]);
    for (let minutes = 1; minutes < 20; minutes += 1) expect(watch.look(at(minutes), { error_rate: [noData(at(minutes))] }).blindBreaches).toEqual([]);
  });

  it('m of n looks fires with breaches that are not in a row', () => {
    const watch = new Watch(rules({ conditions: [watched('trigger', compare(metric('error_rate'), '>', 5, { ofLooks: { m: 3, n: 5 } }))] }));
    watch.sample([at(0), 6], [at(1), 1], [at(2), 6], [at(3), 1]);
    expect(watch.fired).toEqual([]);
    expect(watch.sample([at(4), 6])).toMatchObject({ fired: [{ message: 'error_rate is 6 % (trigger > 5 % at 3 of 5 looks, true at 3 of 5, 1 sample, newest 0 ms old)' }], memory: { open: ['trigger'] } });
    expect(watch.sample([at(5), 1])).toMatchObject({ cleared: ['trigger'], memory: { open: [] } });
  });

  it('a look without a new value is none of the n', () => {
    const watch = new Watch(rules({ conditions: [watched('trigger', compare(metric('error_rate'), '>', 5, { ofLooks: { m: 2, n: 3 } }))] }));
    watch.sample([at(0), 6]);
    watch.look(at(1), { error_rate: [value(at(0), 6)] });
    watch.look(at(2), { error_rate: [noData(at(2))] });
    expect(watch.fired).toEqual([]);
    expect(watch.sample([at(3), 6]).fired).toHaveLength(1);
  });

  it('evidence up to judge after is not judged', () => {
    const watch = new Watch(rules({ conditions: [plain], metrics: ranged, judgeAfter: at(2) }));
    expect(watch.look(at(3), { error_rate: [value(at(1), 50), value(at(2), 50), value(at(3), 1)] }).fired).toEqual([]);
    const other = new Watch(rules({ conditions: [plain], metrics: ranged, judgeAfter: at(2) }));
    expect(other.look(at(3), { error_rate: [value(at(2), 1), value(at(2) + 1, 50), value(at(3), 1)] }).fired).toHaveLength(1);
  });

  it('a verified rollback clears what triggers remember, and only samples after it count', () => {
    const watch = new Watch(rules({ conditions: [plain, sustained], metrics: ranged }));
    watch.sample([at(0), 12], [at(1), 12], [at(2), 12]);
    watch.memory = forgetTriggers(watch.memory!, at(3));
    watch.rules = { ...watch.rules, judgeAfter: at(3) };
    expect(watch.look(at(4), { error_rate: [value(at(2.5), 12), value(at(3), 12), value(at(4), 1)] })).toMatchObject({ fired: [], memory: { open: [] } });
    watch.sample([at(5), 12]);
    expect(watch.last.fired.map(({ id }) => id)).toEqual(['plain']);
  });

  it('a breach does not end because a phase does', () => {
    const watch = new Watch(rules({ conditions: [sustained] }));
    watch.sample([at(0), 12], [at(2), 12]);
    watch.memory = startSoak(watch.memory, at(3));
    expect(watch.sample([at(4), 12], [at(5), 12]).fired).toHaveLength(1);
  });

  it('a trigger that leaves the rules while it is true is cleared', () => {
    const watch = new Watch(rules({ conditions: [plain] }));
    watch.sample([at(0), 1], [at(1), 6]);
    watch.rules = { ...watch.rules, conditions: [] };
    expect(watch.sample([at(2), 6])).toMatchObject({ cleared: ['plain'], memory: { open: [], conditions: {} } });
  });

  it('evidence twice, out of order or after the look is taken once, ignored, and left for later', () => {
    const watch = new Watch(rules({ conditions: [plain], metrics: ranged }));
    watch.look(at(2), { error_rate: [value(at(1), 1), value(at(0), 50), value(at(1), 50), value(at(2), 2), value(at(3), 50)] });
    expect(watch.last).toMatchObject({ fired: [], verdicts: [{ value: 2 }], memory: { rollout: { error_rate: { samples: 2 } } } });
    watch.look(at(3), { error_rate: [value(at(2), 50), value(at(3), 50)] });
    expect(watch.last.fired).toHaveLength(1);
  });

  it('a ratio that is 7 % but for the last bit is not more than 7 %', () => {
    const watch = new Watch(rules({ conditions: [watched('trigger', compare(metric('error_rate'), '>', 7))] }));
    expect(0.07 * 100).toBeGreaterThan(7);
    expect(watch.sample([at(0), 0.07 * 100]).fired).toEqual([]);
  });
});

describe('an invariant and a gate with a length', () => {
  it('are neither passed nor broken before the length is reached', () => {
    for (const role of ['invariant', 'enter', 'leave'] as const) {
      const watch = new Watch(rules({ conditions: [watched(role, compare(metric('error_rate'), '<', 5, { forMs: 2 * minute }))] }));
      watch.sample([at(0), 1], [at(1), 1]);
      expect(watch.last.gates[role]).toBe('inconclusive');
      expect(watch.sample([at(2), 1]).gates[role]).toBe('pass');
      expect(watch.sample([at(3), 6]).gates[role]).toBe('fail');
    }
  });

  it('a gate fails when one condition fails even if another is unknown, and a role without conditions passes', () => {
    const watch = new Watch(rules({ conditions: [watched('enter', compare(metric('error_rate'), '<', 5), { id: 'a' }), watched('enter', compare(metric('latency'), '<', 500), { id: 'b' })], metrics: [traits('error_rate'), traits('latency')] }));
    const looked = (rate: number) => watch.look(watch.memory === null ? at(0) : watch.memory.asOf! + minute, { error_rate: [value((watch.memory?.asOf ?? at(-1)) + minute, rate)], latency: [noData((watch.memory?.asOf ?? at(-1)) + minute)] }).gates;
    expect(looked(6)).toEqual({ enter: 'fail', leave: 'pass', invariant: 'pass' });
    expect(looked(1)).toEqual({ enter: 'inconclusive', leave: 'pass', invariant: 'pass' });
  });
});

describe('pace', () => {
  it('a sampled breach that is not sustained is looked at again in a quarter of the cadence, or in what is left of its for', () => {
    const watch = new Watch(rules({ conditions: [sustained], cadenceMs: 15 * minute, blindAfterMs: 30 * minute }));
    expect(watch.sample([at(0), 1]).comeBackInMs).toBe(15 * minute);
    expect(watch.sample([at(15), 12]).comeBackInMs).toBe(225 * second);
    expect(watch.sample([at(15) + 225 * second, 12]).comeBackInMs).toBe(75 * second);
    expect(watch.sample([at(20), 12])).toMatchObject({ comeBackInMs: 15 * minute, fired: [{ id: 'sustained' }] });
  });

  it('a range source loses nothing between two looks and is not asked more often', () => {
    const watch = new Watch(rules({ conditions: [sustained], metrics: ranged, cadenceMs: 15 * minute, blindAfterMs: 30 * minute }));
    expect(watch.sample([at(0), 12]).comeBackInMs).toBe(15 * minute);
  });

  it('never more often than once a second, or the cadence where that is shorter', () => {
    const quick = new Watch(rules({ conditions: [sustained], cadenceMs: 2 * second }));
    expect(quick.sample([at(0), 12]).comeBackInMs).toBe(second);
    const quicker = new Watch(rules({ conditions: [sustained], cadenceMs: 400 }));
    expect(quicker.sample([at(0), 12]).comeBackInMs).toBe(400);
  });

  it('a soak that is nearly over is not kept waiting for the next turn', () => {
    const watch = new Watch(rules({ conditions: [plain], soak: { neededMs: 100 * second, onIssue: 'extend' } }));
    watch.sample([at(0), 1]);
    expect(watch.sample([at(1), 1]).comeBackInMs).toBe(40 * second);
    expect(watch.sample([at(1) + 40 * second, 1])).toMatchObject({ soaked: true, comeBackInMs: minute });
    const paused = new Watch(rules({ conditions: [plain], suspended: true, soak: { neededMs: 10 * second, onIssue: 'extend' } }));
    expect(paused.sample([at(0), 1]).comeBackInMs).toBe(minute);
  });

  it('unknown evidence is asked for sooner until people have been told', () => {
    const watch = new Watch(rules({ conditions: [plain], cadenceMs: hour, blindAfterMs: 2 * hour, unknownForMs: 20 * minute }));
    expect([0, 15, 30, 45].map((minutes) => watch.look(at(minutes), { error_rate: [noData(at(minutes))] }).comeBackInMs)).toEqual([15 * minute, 15 * minute, hour, hour]);
  });
});

describe('changes of verdicts', () => {
  it('are kept oldest first until they are handed over: every other word, and a first word that is no pass', () => {
    const watch = new Watch(rules({ conditions: [plain] }));
    watch.sample([at(0), 1], [at(1), 6], [at(2), 6]);
    watch.look(at(3), { error_rate: [noData(at(3))] });
    watch.sample([at(4), 1]);
    expect(watch.memory!.changes.map(({ verdict, asOf }) => [verdict, asOf])).toEqual([['fail', at(1)], ['inconclusive', at(3)], ['pass', at(4)]]);
    const bad = new Watch(rules({ conditions: [plain] }));
    expect(bad.sample([at(0), 6]).memory.changes).toHaveLength(1);
  });

  it('stay bounded when nobody takes them', () => {
    const watch = new Watch(rules({ conditions: [plain] }));
    for (let index = 0; index < 200; index += 1) watch.sample([at(index), index % 2 === 0 ? 6 : 1]);
    expect(watch.memory!.changes.length).toBe(65);
    expect(watch.memory!.changes.at(-1)!.asOf).toBe(at(199));
  });
});
