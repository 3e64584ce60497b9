// The reducer against a plain re-computation over the full series (plain.ts), its memory through JSON at every look.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { look, packMemory, referencesFor, unpackMemory, type Point, type WatchMemory } from '../../src/judgement/index.js';
import { aggregate, cleanTime, firingsOf, fitted, isTrue, steps, trueForAt, windowsAt, type Instant, type PlainLook } from './plain.js';
import { compare, evidence, idle, metric, minute, noData, rules, second, start, throughJson, traits, trend, value, watched, Watch } from './world.js';

const runs = { numRuns: 100 };
type Step = { readonly gapMs: number; readonly seen: number | 'noData' | 'idle' };

const seen = (numbers: fc.Arbitrary<number>) => fc.oneof({ weight: 8, arbitrary: numbers }, { weight: 1, arbitrary: fc.constant('noData' as const) }, { weight: 1, arbitrary: fc.constant('idle' as const) });
const series = (numbers: fc.Arbitrary<number> = fc.integer({ min: 0, max: 20 }), gaps: fc.Arbitrary<number> = fc.integer({ min: 1, max: 240 }).map((seconds) => seconds * second)) =>
  fc.array(fc.record({ gapMs: gaps, seen: seen(numbers) }), { minLength: 1, maxLength: 80, size: 'max' }).map((list: readonly Step[]) => {
    let at = start;
    return list.map(({ gapMs, seen: what }): Point => { at += gapMs; return what === 'noData' ? noData(at) : what === 'idle' ? idle(at) : value(at, what); });
  });
/** Cuts a series into looks: at which points a look is made (the last always). */
const cuts = fc.infiniteStream(fc.boolean());
const looksAt = (points: readonly Point[], stream: Iterable<boolean>): Point[][] => {
  const cut = stream[Symbol.iterator]();
  return points.reduce<Point[][]>((groups, point) => (groups.length === 0 || (cut.next().value === true) ? [...groups, [point]] : [...groups.slice(0, -1), [...groups.at(-1)!, point]]), []);
};
const operators = fc.constantFrom('<', '<=', '>', '>=', '=', '!=') as fc.Arbitrary<'<' | '<=' | '>' | '>=' | '=' | '!='>;
const ranged = [traits('error_rate', { ranged: true, maxAgeMs: 3 * minute })];
const longestGapMs = 3 * minute + 50;
const numberOf = (point: Point): number | null => (point.measurement.kind === 'value' ? point.measurement.value : null);

describe('against a plain re-computation', () => {
  it('a comparison with a length fires at the same instants, however the series is cut into looks', () => {
    fc.assert(fc.property(series(), cuts, operators, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 600 }), (points, stream, op, limit, forSeconds) => {
      const instants = points.map((point): Instant => ({ at: point.at, truth: numberOf(point) === null ? 'unknown' : isTrue(op, numberOf(point)!, limit) ? 'true' : 'false' }));
      const expected = firingsOf(instants, forSeconds * second, longestGapMs);
      const lengths = trueForAt(instants, longestGapMs);
      const watch = new Watch(rules({ conditions: [watched('trigger', compare(metric('error_rate'), op, limit, { forMs: forSeconds * second }))], metrics: ranged }));
      for (const group of looksAt(points, stream)) {
        const asOf = group.at(-1)!.at;
        const result = watch.look(asOf, { error_rate: group });
        const due = expected.filter((at) => group.some((point) => point.at === at));
        // of several within one look the first convicts
        expect(result.fired.map(({ asOf: at, ageMs }) => at - ageMs!)).toEqual(due.slice(0, 1));
        const length = lengths[points.findIndex((point) => point.at === asOf)]!;
        expect(result.memory.open).toEqual(length !== null && length >= forSeconds * second ? ['trigger'] : []);
        const truth = instants.find((one) => one.at === asOf)!.truth;
        expect(result.verdicts[0]!.verdict).toBe(truth === 'unknown' ? 'inconclusive' : length !== null && length >= forSeconds * second ? 'fail' : 'pass');
      }
    }), runs);
  });

  it('m of n looks is true when at least m of the last n looks that brought a value were', () => {
    fc.assert(fc.property(series(), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 5 }), fc.integer({ min: 5, max: 15 }), (points, m, more, limit) => {
      const watch = new Watch(rules({ conditions: [watched('trigger', compare(metric('error_rate'), '>', limit, { ofLooks: { m, n: m + more } }))] }));
      points.forEach((point, index) => {
        const result = watch.look(point.at, { error_rate: [point] });
        const last = points.slice(0, index + 1).map(numberOf).filter((number) => number !== null).slice(-(m + more));
        expect(result.memory.open).toEqual(last.filter((number) => number > limit).length >= m ? ['trigger'] : []);
      });
      const opened = watch.results.filter((result, index) => result.memory.open.length > 0 && (watch.results[index - 1]?.memory.open.length ?? 0) === 0);
      expect(watch.fired).toHaveLength(opened.length);
    }), runs);
  });

  it('an aggregate is that of the window, whose edge is exact to a 64th of it', () => {
    const dense = fc.integer({ min: 50, max: 1_500 });
    fc.assert(fc.property(series(fc.integer({ min: -20, max: 20 }), dense), cuts, fc.constantFrom('mean', 'min', 'max', 'sum', 'count', 'last' as const), fc.integer({ min: 10, max: 40 }), (points, stream, kind, windowSeconds) => {
      const windowMs = windowSeconds * second;
      const watch = new Watch(rules({ conditions: [watched('enter', compare(metric('error_rate', { aggregate: kind, window: { kind: 'duration', ms: windowMs } }), '<', 100))], metrics: ranged }));
      for (const group of looksAt(points, stream)) {
        const [verdict] = watch.look(group.at(-1)!.at, { error_rate: group }).verdicts;
        const newest = group.at(-1)!;
        if (numberOf(newest) === null) { expect(verdict!.verdict).toBe('inconclusive'); continue; }
        const allowed = windowsAt(points, newest.at, windowMs).map((inside) => inside.map(numberOf).filter((number) => number !== null)).filter((numbers) => numbers.length > 0).map((numbers) => aggregate(kind, numbers));
        expect(allowed.some((number) => Math.abs(number - verdict!.value!) < 1e-9), `${verdict!.value} is none of ${allowed.join(', ')}`).toBe(true);
        expect(watch.memory!.conditions['enter']!.buckets.length).toBeLessThanOrEqual(128);
      }
    }), runs);
  });

  it('with evidence no denser than a 64th of the window the window is exact', () => {
    fc.assert(fc.property(series(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 20, max: 60 }).map((seconds) => seconds * second)), (points) => {
      const windowMs = 20 * 64 * second;
      const watch = new Watch(rules({ conditions: [watched('enter', compare(metric('error_rate', { aggregate: 'sum', window: { kind: 'duration', ms: windowMs } }), '<', 1e6))] }));
      for (const point of points) {
        const [verdict] = watch.look(point.at, { error_rate: [point] }).verdicts;
        if (numberOf(point) === null) continue;
        expect(verdict!.value).toBe(points.filter((one) => one.at <= point.at && one.at > point.at - windowMs).reduce((sum, one) => sum + (numberOf(one) ?? 0), 0));
      }
    }), runs);
  });

  it('the growth of a counter is the sum of its steps in the window, resets handled', () => {
    fc.assert(fc.property(series(fc.integer({ min: 0, max: 30 })), cuts, fc.integer({ min: 120, max: 3000 }), (points, stream, windowSeconds) => {
      const windowMs = windowSeconds * second;
      const watch = new Watch(rules({ conditions: [
        watched('enter', compare({ kind: 'increase', metric: 'error_rate', window: { kind: 'duration', ms: windowMs } }, '>=', 0), { id: 'window' }),
        watched('enter', compare({ kind: 'increase', metric: 'error_rate', window: null }, '>=', 0), { id: 'phase' }),
        watched('grade', compare({ kind: 'increase', metric: 'error_rate', window: { kind: 'rollout' } }, '>=', 0), { id: 'rollout' }),
      ], metrics: ranged }));
      for (const group of looksAt(points, stream)) {
        const now = group.at(-1)!.at;
        const byId = Object.fromEntries(watch.look(now, { error_rate: group }).verdicts.map((verdict) => [verdict.id, verdict.value]));
        const grown = steps(points.filter((point) => point.at <= now));
        const all = grown.reduce((sum, step) => sum + step.grown, 0);
        if (numberOf(group.at(-1)!) === null) continue;
        if (grown.length === 0) { expect(byId['phase']).toBeNull(); continue; }
        expect(byId).toMatchObject({ phase: all, rollout: all });
        const edges = [now - windowMs, ...points.map((point) => point.at)].filter((edge) => edge >= now - windowMs && edge <= now - windowMs + windowMs / 64);
        const allowed = edges.map((edge) => grown.filter((step) => step.at > edge).reduce((sum, step) => sum + step.grown, 0));
        if (byId['window'] !== null) expect(allowed).toContain(byId['window']);
      }
    }), runs);
  });

  it('a trend is the least-squares line through the window', () => {
    const gaps = fc.oneof(fc.integer({ min: 200, max: 8_000 }), fc.integer({ min: 8_000, max: 40_000 }));
    fc.assert(fc.property(series(fc.integer({ min: 1, max: 1000 }), gaps), cuts, fc.constantFrom('down', 'up', 'steady' as const), fc.constantFrom('lower', 'higher' as const), (points, stream, direction, better) => {
      const windowMs = 5 * 64 * second;
      const watch = new Watch(rules({ conditions: [watched('enter', trend('error_rate', direction, { kind: 'duration', ms: windowMs }, better))], metrics: ranged }));
      for (const group of looksAt(points, stream)) {
        const now = group.at(-1)!.at;
        const [verdict] = watch.look(now, { error_rate: group }).verdicts;
        if (numberOf(group.at(-1)!) === null) continue;
        const windows = windowsAt(points, now, windowMs).map((inside) => inside.filter((point) => numberOf(point) !== null).map((point) => ({ at: point.at, number: numberOf(point)! })));
        if (windows.every((inside) => inside.length < 3)) expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'too-few-samples' });
        if (windows.some((inside) => inside.length < 3)) continue;
        const lines = windows.map((inside) => ({ change: fitted(inside), mean: aggregate('mean', inside.map((one) => one.number)) }));
        const line = lines.find(({ change }) => Math.abs(change - verdict!.value!) < 1e-6 * (1 + Math.abs(change)));
        expect(line, `${verdict!.value} is none of ${lines.map(({ change }) => change).join(', ')}`).toBeDefined();
        const { change, mean } = line!;
        const margin = { down: -0.01 * mean - change, up: change - 0.01 * mean, steady: 0.05 * mean - (better === 'lower' ? change : -change) }[direction];
        if (Math.abs(margin) > 1e-6) expect(verdict!.verdict).toBe(margin > 0 ? 'pass' : 'fail');
      }
    }), runs);
  });

  it('clean time is the sum of the clean intervals, through gaps, unknowns, issues and pauses', () => {
    const turn = fc.record({ gapMs: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 30_000, max: 120_000 }) }, { weight: 1, arbitrary: fc.integer({ min: 119_990, max: 600_000 }) }), seen: seen(fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 4 }) }, { weight: 1, arbitrary: fc.integer({ min: 11, max: 20 }) })), paused: fc.boolean().chain((first) => fc.boolean().map((secondly) => first && secondly)) });
    fc.assert(fc.property(fc.array(turn, { minLength: 2, maxLength: 60 }), fc.constantFrom('restart', 'extend' as const), (turns, onIssue) => {
      const base = rules({ conditions: [watched('leave', compare(metric('error_rate'), '<', 5)), watched('trigger', compare(metric('error_rate'), '>', 10), { id: 'high' })], soak: { neededMs: 1e12, onIssue } });
      const watch = new Watch(base);
      const looks: PlainLook[] = [];
      let at = start;
      let open = false;
      for (const { gapMs, seen: what, paused } of turns) {
        at += gapMs;
        const wasOpen = open;
        open = what === 'noData' || what === 'idle' ? open : what > 10;
        looks.push({ at, sound: typeof what === 'number', paused, issue: wasOpen || open, ended: wasOpen && !open });
        watch.rules = { ...base, suspended: paused };
        const result = watch.look(at, { error_rate: [what === 'noData' ? noData(at) : what === 'idle' ? idle(at) : value(at, what)] });
        expect(result.memory.cleanMs).toBe(cleanTime(looks, { blindAfterMs: base.blindAfterMs, restarts: onIssue === 'restart' }));
        expect(result.memory.restarts).toBe(onIssue === 'restart' ? looks.filter((one) => one.ended).length : 0);
      }
    }), runs);
  });

  it('the soak is like its clean intervals, the rollout like everything since the first write', () => {
    fc.assert(fc.property(series(), (points) => {
      const watch = new Watch(rules({ conditions: [watched('trigger', compare(metric('error_rate'), '>', 15), { id: 'high' })], movedAt: points[Math.floor(points.length / 2)]!.at }));
      const clean: number[] = [];
      for (const point of points) if (watch.look(point.at, { error_rate: [point] }).uncleanBecause === null && numberOf(point) !== null) clean.push(numberOf(point)!);
      const moved = points.filter((point) => point.at > points[Math.floor(points.length / 2)]!.at).map(numberOf).filter((number) => number !== null);
      for (const [summary, numbers] of [[watch.memory!.soak['error_rate'], clean], [watch.memory!.rollout['error_rate'], moved]] as const) {
        if (numbers.length === 0) { expect(summary).toBeUndefined(); continue; }
        expect(summary).toMatchObject({ min: Math.min(...numbers), max: Math.max(...numbers), last: numbers.at(-1), samples: numbers.length });
        expect(summary!.mean).toBeCloseTo(aggregate('mean', numbers), 9);
      }
    }), runs);
  });
});

describe('a restart changes nothing', () => {
  const conditions = [
    watched('trigger', compare(metric('error_rate'), '>', 10, { forMs: 3 * minute }), { id: 'sustained' }),
    watched('trigger', compare(metric('error_rate'), '>', 15, { ofLooks: { m: 2, n: 4 } }), { id: 'of-looks', severity: 'critical' }),
    watched('trigger', compare(metric('error_rate', { aggregate: 'mean', window: { kind: 'duration', ms: 10 * minute } }), '>', 9, { forMs: minute }), { id: 'windowed', severity: 'info' }),
    watched('leave', compare(metric('error_rate'), '<', 10), { id: 'leave' }),
    watched('leave', trend('error_rate', 'steady', { kind: 'soak' }), { id: 'trend' }),
    watched('invariant', compare({ kind: 'increase', metric: 'error_rate', window: { kind: 'duration', ms: 5 * minute } }, '<', 40), { id: 'increase' }),
    watched('enter', compare({ kind: 'events', event: 'escalation', window: { kind: 'duration', ms: 10 * minute } }, '<', 3), { id: 'events' }),
  ];

  it('passing the memory on as JSON at any look gives the very results of the run that kept it', () => {
    fc.assert(fc.property(series(), cuts, fc.infiniteStream(fc.boolean()), (points, stream, handOver) => {
      const over = handOver[Symbol.iterator]();
      const groups = looksAt(points, stream);
      const events = points.filter((_, index) => index % 3 === 0).map((point) => ({ event: 'escalation', at: point.at, id: String(point.at) }));
      const set = rules({ conditions, metrics: ranged, soak: { neededMs: 10 * minute, onIssue: 'restart' } });
      let kept: WatchMemory | null = null;
      let passed: WatchMemory | null = null;
      for (const group of groups) {
        const now = evidence(group.at(-1)!.at, { error_rate: group }, events.filter((event) => event.at <= group.at(-1)!.at));
        const one = look(kept, set, now);
        const two = look(passed, set, now);
        expect(throughJson(two)).toEqual(throughJson(one));
        kept = one.memory;
        passed = over.next().value === true ? throughJson(two.memory) : two.memory;
      }
    }), runs);
  });

  it('a look changes neither the memory nor the evidence it was given', () => {
    fc.assert(fc.property(series(), cuts, (points, stream) => {
      const set = freeze(rules({ conditions, metrics: ranged }));
      let memory: WatchMemory | null = null;
      for (const group of looksAt(points, stream)) memory = look(freeze(memory), set, freeze(evidence(group.at(-1)!.at, { error_rate: group }))).memory;
    }), { numRuns: 50 });
  });

  it('a range source fires the same triggers at any cadence, and the same point asked for twice changes nothing', () => {
    fc.assert(fc.property(series(), cuts, cuts, fc.nat({ max: 5 }), (points, often, seldom, again) => {
      const firedBy = (groups: readonly Point[][]): { everFired: string[]; truths: string[] } => {
        const watch = new Watch(rules({ conditions: conditions.filter(({ id }) => id === 'sustained' || id === 'windowed' || id === 'increase'), metrics: ranged }));
        for (const group of groups) {
          const index = points.indexOf(group[0]!);
          watch.look(group.at(-1)!.at, { error_rate: [...points.slice(Math.max(0, index - again), index), ...group] });
        }
        return { everFired: [...new Set(watch.fired)].sort(), truths: watch.last.verdicts.map((verdict) => `${verdict.id} ${verdict.verdict} ${verdict.value}`) };
      };
      expect(firedBy(looksAt(points, seldom))).toEqual(firedBy(looksAt(points, often)));
    }), runs);
  });

  it('the memory stays small: every form at once, a month of looks', () => {
    const watch = new Watch(rules({ conditions, metrics: ranged }));
    for (let index = 0; index < 3000; index += 1) watch.look(start + index * 10 * minute, { error_rate: [value(start + index * 10 * minute, index % 17)] });
    expect(JSON.stringify(watch.memory).length).toBeLessThan(40_000);
    const [withSentences, without] = [true, false].map((sentences) => throughJson(packMemory(watch.memory!, sentences)));
    expect(JSON.stringify(withSentences).length).toBeLessThan(12_000);
    expect(JSON.stringify(without).length).toBeLessThan(JSON.stringify(withSentences).length);
    // a look judges the same from a memory without sentences
    const next = evidence(start + 3000 * 10 * minute, { error_rate: [value(start + 3000 * 10 * minute, 9)] });
    expect(look(unpackMemory(without!), watch.rules, next)).toEqual(look(watch.memory, watch.rules, next));
  });

  it('a watch is sent the figures of earlier periods that it compares with, and judges by them as by all', () => {
    const summary = { mean: 2, min: 1, max: 3, last: 2, samples: 10 };
    const all = { baseline: { error_rate: summary, memory: summary }, 'wave-1': { error_rate: summary }, 'wave-2': { error_rate: summary } };
    const compared = [
      watched('trigger', compare(metric('error_rate'), '>', { kind: 'reference', period: 'wave-1', factor: 1, offset: 5 }), { id: 'a' }),
      watched('enter', compare(metric('memory', { aggregate: 'max', window: { kind: 'period', period: 'baseline' } }), '<', 5), { id: 'b' }),
    ];
    expect(referencesFor(compared, all)).toEqual({ 'wave-1': { error_rate: summary }, baseline: { memory: summary } });
    const next = evidence(start, { error_rate: [value(start, 8)], memory: [value(start, 8)] });
    const judgedBy = (references: typeof all | ReturnType<typeof referencesFor>) => look(null, rules({ conditions: compared, references }), next);
    expect(judgedBy(referencesFor(compared, all))).toEqual(judgedBy(all));
    expect(judgedBy(all).verdicts.map((one) => one.verdict)).toEqual(['fail', 'pass']);
  });
});

function freeze<Plainly>(plainly: Plainly): Plainly {
  if (typeof plainly === 'object' && plainly !== null) { Object.values(plainly).forEach(freeze); Object.freeze(plainly); }
  return plainly;
}

