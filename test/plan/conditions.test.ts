// What each form of a condition means, how it is printed, and what a reader is told who mistyped one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Aggregate, Condition, Limit, Subject, Window } from '../../src/judgement/types.js';
import { recordMetrics, type ConditionContext } from '../../src/plan/condition-context.js';
import { printCondition } from '../../src/plan/condition-print.js';
import { parseCondition, parseItem } from '../../src/plan/conditions.js';

const number = { better: 'lower', answers: 'number' } as const;
const context: ConditionContext = {
  metrics: {
    error_rate: { unit: '%', ...number }, p95_latency: { unit: 'ms', ...number }, duration: { unit: 's', ...number }, memory: { unit: 'MB', ...number },
    cpu: { unit: 'cores', ...number }, 'cost.month': { unit: '$/month', ...number }, requests_total: { unit: '', ...number }, batch_patches_total: { unit: '', ...number },
    success_rate: { unit: '%', better: 'higher', answers: 'number' }, comfort: { unit: '', better: 'higher', answers: 'yes-no' },
    legacy_health: { unit: '', better: 'higher', answers: 'up-down' }, ...recordMetrics,
  },
  barredMetrics: {}, alerts: ['critical', 'warning'], events: ['data-corruption', 'customer-escalation'],
  periods: ['baseline', 'wave-1', 'wave-2'], barred: { 'wave-3': 'is not over yet' }, trendMs: 86_400_000,
};
const read = (text: string): Condition => {
  const result = parseCondition(text, context);
  if ('problem' in result) throw new Error(`${text}: ${result.problem.message}`);
  return result.condition;
};
const problemOf = (text: string) => {
  const result = parseItem(text, context);
  if (!('problem' in result)) throw new Error(`“${text}” was taken: ${JSON.stringify(result)}`);
  return result.problem;
};
const metric = (name: string, aggregate: Aggregate | null = null, window: Window | null = null): Subject => ({ kind: 'metric', metric: name, aggregate, window });
const is = (value: number): Limit => ({ kind: 'number', value });
const like = (period: string, factor: number, offset = 0): Limit => ({ kind: 'reference', period, factor, offset });
const lasting = (ms: number): Window => ({ kind: 'duration', ms });

describe('a condition means what the plan says', () => {
  const forms: readonly (readonly [text: string, meaning: Partial<Condition>])[] = [
    ['error_rate > 10% for 5m', { subject: metric('error_rate'), op: '>', limit: is(10), forMs: 300_000 }],
    ['alerts(critical) = 0', { subject: { kind: 'alerts', severity: 'critical', fresh: false, window: null }, op: '=', limit: is(0) }],
    ['new alerts(critical) = 0', { subject: { kind: 'alerts', severity: 'critical', fresh: true, window: null } }],
    ['alerts(critical) = 0 over wave-2', { subject: { kind: 'alerts', severity: 'critical', fresh: false, window: { kind: 'period', period: 'wave-2' } } }],
    ['error_rate trending down', { kind: 'trend', metric: 'error_rate', direction: 'down', better: 'lower', window: lasting(86_400_000) }],
    ['success_rate stable or improving over 12h', { kind: 'trend', metric: 'success_rate', direction: 'steady', better: 'higher', window: lasting(43_200_000) }],
    ['memory > baseline + 50%', { limit: like('baseline', 1.5) }],
    ['cpu > 2x baseline', { limit: like('baseline', 2) }],
    ['error_rate > wave-1 + 5 points', { limit: like('wave-1', 1, 5) }],
    ['error_rate > wave-1 + 5% of wave-1', { limit: like('wave-1', 1.05) }],
    ['p95_latency > wave-1 + 0.1s', { limit: like('wave-1', 1, 100) }],
    ['success_rate < wave-1 - 2 points', { limit: like('wave-1', 1, -2) }],
    ['increase(batch_patches_total) = 0 for 30s', { subject: { kind: 'increase', metric: 'batch_patches_total', window: null }, forMs: 30_000 }],
    ['increase(requests_total over 1h) < 3', { subject: { kind: 'increase', metric: 'requests_total', window: lasting(3_600_000) }, limit: is(3) }],
    ['mean(error_rate over 10m) < 5%', { subject: metric('error_rate', 'mean', lasting(600_000)) }],
    ['count(error_rate over 10m) > 3', { subject: metric('error_rate', 'count', lasting(600_000)), limit: is(3) }],
    ['error_rate < 5% over soak', { subject: metric('error_rate', 'mean', { kind: 'soak' }) }],
    ['error_rate < 2% throughout', { subject: metric('error_rate', 'max', { kind: 'rollout' }) }],
    ['success_rate >= 98% throughout', { subject: metric('success_rate', 'min', { kind: 'rollout' }) }],
    ['mean(error_rate) < 2% throughout', { subject: metric('error_rate', 'mean', { kind: 'rollout' }) }],
    ['samples(error_rate) >= 1000 over soak', { subject: { kind: 'samples', metric: 'error_rate', window: { kind: 'soak' } }, limit: is(1000) }],
    ['error_rate > 5% in 3 of 5 looks', { ofLooks: { m: 3, n: 5 } }],
    ['comfort = yes', { subject: metric('comfort'), limit: { kind: 'answer', value: 'yes' } }],
    ['legacy_health = up', { subject: metric('legacy_health'), limit: is(1) }],
    ['event: data-corruption', { subject: { kind: 'events', event: 'data-corruption', window: null }, op: '>', limit: is(0) }],
    ['events(customer-escalation) > 5 over 24h', { subject: { kind: 'events', event: 'customer-escalation', window: lasting(86_400_000) }, limit: is(5) }],
    ['cost.month < 300 $/month', { limit: is(300) }],
    ['duration < 500ms', { limit: is(0.5) }],
    ['p95_latency < 2s', { limit: is(2000) }],
    ['memory < 1GiB', { limit: is(1073.741824) }],
    ['rollout.mttr < 15min', { subject: metric('rollout.mttr'), limit: is(15) }],
    ['rollout.clean_baking >= 14d', { limit: is(14) }],
  ];
  for (const [text, meaning] of forms) it(text, () => { expect(read(text)).toMatchObject(meaning); });
  it('“all of wave-1” stands for a list and is left to the resolver', () => {
    expect(parseItem('all of wave-1', context)).toEqual({ allOf: { text: 'wave-1', at: 7 } });
  });
  for (const [text] of forms) {
    it(`the printed form of “${text}” reads back to the same condition`, () => {
      const once = read(text);
      expect(read(once.text)).toEqual(once);
    });
  }
});

describe('every condition there can be is printed so that it reads back', () => {
  const amountOf = fc.oneof(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 1, max: 99_999 }).map((n) => n / 1000));
  const duration = fc.oneof(fc.integer({ min: 1, max: 100_000 }).map((s) => s * 1000), fc.integer({ min: 1, max: 5_000_000 }));
  const period = fc.constantFrom('baseline', 'wave-1', 'wave-2');
  const anyWindow: fc.Arbitrary<Window> = fc.oneof(duration.map(lasting), fc.constant<Window>({ kind: 'soak' }), fc.constant<Window>({ kind: 'rollout' }), period.map((p): Window => ({ kind: 'period', period: p })));
  const numeric = fc.constantFrom('error_rate', 'p95_latency', 'memory', 'cpu', 'cost.month', 'requests_total', 'rollout.mttr');
  const subject: fc.Arbitrary<Subject> = fc.oneof(
    numeric.map((name) => metric(name)),
    fc.tuple(numeric, fc.constantFrom<Aggregate>('mean', 'min', 'max', 'sum', 'count', 'last'), anyWindow).map(([name, aggregate, window]): Subject => ({ kind: 'metric', metric: name, aggregate, window })),
    fc.tuple(numeric, fc.option(anyWindow)).map(([name, window]): Subject => ({ kind: 'increase', metric: name, window })),
    fc.tuple(numeric, fc.option(anyWindow)).map(([name, window]): Subject => ({ kind: 'samples', metric: name, window })),
    fc.tuple(fc.constantFrom('critical', 'warning'), fc.boolean(), fc.option(anyWindow)).map(([severity, fresh, window]): Subject => ({ kind: 'alerts', severity, fresh, window })),
    fc.tuple(fc.constantFrom('data-corruption', 'customer-escalation'), fc.option(anyWindow)).map(([event, window]): Subject => ({ kind: 'events', event, window })),
  );
  const reference = fc.tuple(period, fc.oneof(fc.integer({ min: -99, max: 900 }).map((p) => Number((1 + p / 100).toPrecision(12))), fc.integer({ min: 1, max: 5000 }).map((n) => n / 999)), fc.oneof(fc.constant(0), amountOf, amountOf.map((n) => -n)))
    .map(([p, factor, offset]): Limit => like(p, factor, offset === 0 ? 0 : offset));
  const comparison = fc.record({
    subject, op: fc.constantFrom('<', '<=', '>', '>=', '=', '!='), limit: fc.oneof(amountOf.map(is), reference), forMs: fc.oneof(fc.constant(0), duration),
    ofLooks: fc.option(fc.integer({ min: 1, max: 100 }).chain((n) => fc.integer({ min: 1, max: n }).map((m) => ({ m, n })))),
  }).filter((c) => !(c.forMs > 0 && c.ofLooks !== null) && !(c.limit.kind === 'reference' && (c.subject.kind === 'events' || c.subject.kind === 'samples'))) as unknown as fc.Arbitrary<Condition>;
  const trend = fc.record({ kind: fc.constant('trend'), metric: fc.constantFrom('error_rate', 'memory'), direction: fc.constantFrom('down', 'up', 'steady'), better: fc.constant('lower'), window: fc.oneof(duration.map(lasting), fc.constant<Window>({ kind: 'soak' })) }) as fc.Arbitrary<Condition>;

  it('print, read, print: the same line and the same data', () => {
    fc.assert(fc.property(fc.oneof(comparison.map((c) => ({ ...c, kind: 'compare' }) as Condition), trend), (condition) => {
      const text = printCondition(condition, context.metrics);
      expect(read(text)).toEqual({ ...condition, text });
    }), { numRuns: 2000 });
  });
});

describe('a mistake in a condition is named with its place and with advice', () => {
  const mistakes: readonly (readonly [text: string, code: string, offset: number, says: RegExp])[] = [
    ['eror_rate > 10%', 'UNKNOWN_METRIC', 0, /did you mean “error_rate”/],
    ['error-rate > 10%', 'UNKNOWN_METRIC', 0, /did you mean “error_rate”/],
    ['error_rate > 10% fro 5m', 'CONDITION_SYNTAX', 17, /did you mean “for”/],
    ['error_rate > 10 fro 5m', 'CONDITION_SYNTAX', 16, /did you mean “for”/],
    ['error_rate trendng down', 'CONDITION_SYNTAX', 11, /did you mean “trending”/],
    ['error_rate 10%', 'CONDITION_SYNTAX', 11, /expected.*a comparison/],
    ['error_rate >', 'CONDITION_SYNTAX', 12, /the line ends too early/],
    ['error_rate > 5% + 3', 'CONDITION_SYNTAX', 16, /makes no sense/],
    ['error_rate > 10ms', 'WRONG_UNIT', 13, /wrong unit for a metric in %; allowed: %/],
    ['p95_latency > 10%', 'WRONG_UNIT', 14, /allowed: us, ms, s, m, h, d/],
    ['p95_latency > 500 mss', 'WRONG_UNIT', 14, /did you mean “ms”/],
    ['error_rate > 5', 'WRONG_UNIT', 13, /write 5%/],
    ['error_rate < 0.05', 'WRONG_UNIT', 13, /0\.05 of what/],
    ['requests_total > 5%', 'WRONG_UNIT', 17, /plain number, write 5/],
    ['error_rate > wave-1 + 5%', 'AMBIGUOUS_PERCENT', 22, /write “\+ 5 points” or “\+ 5% of wave-1”/],
    ['memory > baseline + 5 points', 'WRONG_UNIT', 20, /“points” is a wrong unit/],
    ['memory > 2x baseline + 50%', 'WRONG_LIMIT', 20, /multiply twice/],
    ['memory > 0x baseline', 'WRONG_LIMIT', 9, /factor above 0/],
    ['memory > basline + 50%', 'UNKNOWN_PERIOD', 9, /did you mean “baseline”/],
    ['error_rate > wave-3 + 5 points', 'WRONG_PERIOD', 13, /“wave-3” is not over yet/],
    ['average(error_rate over 10m) < 5%', 'UNKNOWN_FUNCTION', 0, /known: mean, min/],
    ['meen(error_rate over 10m) < 5%', 'UNKNOWN_FUNCTION', 0, /did you mean “mean”/],
    ['mean(error_rate) < 5%', 'WRONG_WINDOW', 0, /of what stretch of time/],
    ['error_rate = 0 throughout', 'WRONG_WINDOW', 15, /use <, <=, > or >=/],
    ['error_rate trending down over wave-1', 'WRONG_WINDOW', 30, /looks back from now/],
    ['alerts(critcal) = 0', 'UNKNOWN_ALERTS', 7, /did you mean “critical”/],
    ['event: data-coruption', 'UNKNOWN_EVENT', 7, /did you mean “data-corruption”/],
    ['comfort > 1', 'WRONG_LIMIT', 10, /write “= yes”/],
    ['comfort > yes', 'WRONG_LIMIT', 10, /with = or !=/],
    ['error_rate = yes', 'WRONG_LIMIT', 13, /write a number in %/],
    ['comfort trending up', 'WRONG_SUBJECT', 0, /has no trend/],
    ['error_rate > 5% for 5m for 6m', 'TWO_SUFFIXES', 23, /stands twice/],
    ['error_rate > 5% for 5m in 3 of 5 looks', 'TWO_SUFFIXES', 23, /write one of them/],
    ['error_rate > 5% in 6 of 5 looks', 'WRONG_LOOKS', 16, /cannot be/],
    ['error_rate > 5% for 0s', 'WRONG_DURATION', 16, /no length of time/],
    ['', 'CONDITION_SYNTAX', 0, /ends too early/],
    ['all of', 'CONDITION_SYNTAX', 6, /ends too early/],
    ['constructor > 5', 'UNKNOWN_METRIC', 0, /unknown metric/],
  ];
  for (const [text, code, offset, says] of mistakes) {
    it(text === '' ? 'an empty line' : text, () => {
      const problem = problemOf(text);
      expect({ code: problem.code, offset: problem.offset }).toEqual({ code, offset });
      expect(problem.message).toMatch(says);
    });
  }
  it('whatever is typed is answered with a condition or a problem inside the line, never thrown', () => {
    const words = fc.constantFrom('error_rate', ' > ', '10', '%', ' for ', '5m', ' over ', 'soak', '(', ')', 'alerts', 'critical', ' + ', ' of ', 'x ', 'baseline', ' all of ', '\u0000', '“', ' in 3 of 5 looks');
    fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 60 }), fc.array(words, { maxLength: 12 }).map((w) => w.join(''))), (text) => {
      const result = parseItem(text, context);
      if ('problem' in result) expect(result.problem.offset).toBeLessThanOrEqual(text.length);
    }), { numRuns: 2000 });
  });
});
