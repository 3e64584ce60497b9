// What a plan that says little becomes: defaults, ids, instants, and lists that stand for other lists.
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { resolvePlan, type ResolvedPlan } from '../../src/plan/index.js';
import { now, plan, providers, read } from './providers.js';
import { sample, spoiled } from './sample.js';

const hour = 3_600_000;
const day = 24 * hour;
const at = (iso: string): number => Date.parse(iso);

describe('time', () => {
  it('days are counted in the plan’s zone from the day given, also across the clock change', () => {
    const [first, second] = plan(sample, { day1: '2026-03-07' }).phases;
    expect(first!.starts).toBe(at('2026-03-07T17:00:00Z')); // 09:00 in winter time
    expect(second!.starts).toBe(at('2026-03-09T16:00:00Z')); // 09:00 in summer time: the clocks went forward on the 8th
  });
  it('without a day 1 it is today where the plan lives, not where the machine stands', () => {
    expect(plan(sample, { now: at('2026-03-03T03:00:00Z') }).day1).toBe(at('2026-03-02T08:00:00Z'));
  });
  it('a lead time asks before day 1 and is due before it: weeks one after the other, days on day 1', () => {
    const { preparation } = plan(`${sample}preparation:\n  - { item: a, when: week -2 }\n  - { item: b, when: week -1 }\n  - { item: c, when: day -3 at 10:00 }\n  - d\n`, { day1: '2026-03-16' });
    const local = (iso: string): number => at(`${iso}-08:00`);
    expect(preparation.map(({ askAt, dueAt }) => [askAt, dueAt])).toEqual([
      [local('2026-03-02T00:00:00'), at('2026-03-09T00:00:00-07:00')], [at('2026-03-09T00:00:00-07:00'), at('2026-03-16T00:00:00-07:00')],
      [at('2026-03-13T10:00:00-07:00'), at('2026-03-16T00:00:00-07:00')], [null, null],
    ]);
  });
  it('the nominal end counts waits for days, soaks, baking and freezes', () => {
    expect(plan(sample, { day1: '2026-06-01' }).nominalEnd).toBe(at('2026-06-19T09:00:00-07:00')); // day 3 + 48 h + 14 d
    const frozen = `${sample}freezes: [{ from: 2026-06-03, to: 2026-06-04, why: quarter end }]\n`;
    expect(plan(frozen, { day1: '2026-06-01' }).nominalEnd).toBe(at('2026-06-21T00:00:00-07:00')); // wave-2 waits for the 5th
  });
});

describe('defaults', () => {
  const resolved = plan(sample);
  it('a phase that says only its cadence is blind after twice of it and unknown after three looks', () => {
    expect(resolved.phases[0]).toMatchObject({ cadenceMs: 15 * 60_000, blindAfterMs: 30 * 60_000, unknownForMs: 45 * 60_000, soak: { ms: day, onIssue: 'restart' } });
  });
  it('a phase that says nothing is watched every five minutes, and an issue only interrupts its soak', () => {
    expect(resolved.phases[1]).toMatchObject({ cadenceMs: 5 * 60_000, blindAfterMs: 10 * 60_000, unknownForMs: 15 * 60_000, soak: { ms: 2 * day, onIssue: 'extend' } });
  });
  it('a quick cadence keeps a minute for being blind and five for being unknown', () => {
    expect(plan(spoiled('watch: every 15m', 'watch: every 10s')).phases[0]).toMatchObject({ blindAfterMs: 70_000, unknownForMs: 300_000 });
  });
  it('an approval is valid for a day, waits a day and then holds', () => {
    expect(resolved.phases[0]!.approval).toEqual({ id: 'phases/wave-1/approval', question: 'Go to wave-1 (flag 10%)?', from: ['ana', 'ben'], needs: 2, withinMs: day, otherwise: 'hold', validMs: day });
  });
  it('a rollback has thirty seconds, and every message goes to the terminal', () => {
    expect(resolved.rollback).toMatchObject({ withinMs: 30_000, verify: [], ladder: [{ id: 'rollback/ladder/stop-it', verify: null, ask: [] }] });
    expect(new Set(Object.values(resolved.channels).map((list) => list.map(({ provider }) => provider).join()))).toEqual(new Set(['terminal']));
  });
  it('a percentage is a share of users and safer lower; other values have no direction', () => {
    expect(resolved.targets[0]).toMatchObject({ unit: '%', safer: 'lower', cap: 80 });
    const image = spoiled('cap: 80% }', 'cap: 80% }\n  image: { manual: deploy it }').replace('move: { flag: 50% }', 'move: { flag: 50%, image: "app:1.2" }');
    expect(plan(image).targets[1]).toMatchObject({ unit: '', safer: 'none', cap: null });
  });
  it('each severity makes its own thing happen', () => {
    const triggers = plan(`${spoiled("emergency: ['error_rate > 10% for 5m', event: data-corruption]", "info: ['p95 > 1s']\n  warning: ['p95 > 2s']\n  critical: ['p95 > 3s']\n  emergency: ['p95 > 4s']")}`).triggers.filter(({ id }) => id.startsWith('triggers/'));
    expect(triggers.map(({ reaction }) => reaction)).toEqual([
      { kind: 'tell' }, { kind: 'watch-more', everyMs: 60_000 }, { kind: 'ask', deadlineMs: 15 * 60_000, otherwise: 'rollback', to: { kind: 'start' } }, { kind: 'rollback', to: { kind: 'start' } },
    ]);
  });
  it('the plan may say otherwise, per trigger', () => {
    const long = spoiled('event: data-corruption]', "{ event: data-corruption, do: ask, within: 5m, otherwise: hold, to: previous, mitigation: stop imports, tell: lead }]");
    expect(plan(long).triggers.at(-1)).toMatchObject({ id: 'triggers/emergency/1', severity: 'emergency', reaction: { kind: 'ask', deadlineMs: 300_000, otherwise: 'hold', to: { kind: 'previous' } }, mitigation: 'stop imports', tell: ['ana'] });
  });
});

describe('metrics', () => {
  it('what is read is multiplied into the unit that is shown', () => {
    const scaleOf = (unit: string, reads: string): number => plan(spoiled("at: p95, unit: ms }", `at: p95, unit: '${unit}', reads: ${reads} }`)).metrics[1]!.scale;
    expect([scaleOf('%', 'ratio'), scaleOf('ms', 's'), scaleOf('MB', 'B'), scaleOf('s', 'ms')]).toEqual([100, 1000, 1e-6, 0.001]);
  });
  it('what is better follows from the levels, unless it is said', () => {
    const betterOf = (text: string): string => plan(spoiled('at: p95, unit: ms', `at: p95, unit: ms, ${text}`)).metrics[1]!.better;
    expect(betterOf("levels: { target: '> 5ms' }")).toBe('higher');
    expect(betterOf("levels: { warning: '> 5ms' }")).toBe('lower');
    expect(betterOf("levels: { critical: '< 5ms' }, better: lower")).toBe('lower');
  });
  it('the levels of a metric are triggers from the start, with the words of their severity', () => {
    expect(plan(sample).triggers[0]).toMatchObject({ id: 'levels/error_rate/warning', severity: 'warning', condition: { text: 'error_rate > 5%' } });
  });
  it('a role stands for everybody who has it, and a person’s answer is as old as it may be', () => {
    expect(plan(sample).metrics[2]).toMatchObject({ provider: 'person', human: { from: ['ana'], answers: 'yes-no', validMs: day }, maxAgeMs: day });
  });
  it('a source’s common settings are written once', () => {
    const text = `${spoiled("json: 'http://api/metrics', at: p95", "json: { at: p95 }")}sources: { json: { url: 'http://api/other', timeout: 3s } }\n`;
    expect(plan(text).metrics.slice(0, 2).map(({ settings, timeoutMs }) => [settings['url'], timeoutMs])).toEqual([['http://api/metrics', 3000], ['http://api/other', 3000]]);
  });
  it('an alert count is a metric of its own name', () => {
    expect(plan(`${sample}alerts: { critical: { prometheus: ALERTS, url: 'http://prometheus' } }\n`).metrics.at(-1)).toMatchObject({ name: 'alerts(critical)', alerts: 'critical' });
  });
  it('the baseline is taken of exactly the metrics that are compared with it', () => {
    expect(plan(sample).baseline).toEqual({ overMs: day, minSamples: 10, metrics: [] });
    expect(plan(spoiled("'error_rate > wave-1 + 5 points'", "'p95 > baseline + 50%', 'error_rate > 2x baseline', 'p95 > 2x baseline'")).baseline!.metrics).toEqual(['p95', 'error_rate']);
  });
});

describe('conditions of a phase', () => {
  const texts = (list: ResolvedPlan['phases'][number]['enter']): readonly string[] => list.map(({ id, condition, from }) => `${id} ${from ?? '-'} ${condition.text}`);
  it('“all of” brings the gate of the phase before, with its origin, and ids count through', () => {
    expect(texts(plan(sample).phases[1]!.enter)).toEqual([
      'phases/wave-2/enter/0 wave-1 error_rate < 5%', 'phases/wave-2/enter/1 wave-1 comfort = yes', 'phases/wave-2/enter/2 - error_rate trending down over 24h',
    ]);
  });
  it('“all of” the second brings the first along once, however often it is named', () => {
    const three = `${sample.split('baking:')[0]}  - phase: wave-3\n    enter: [all of wave-2, all of wave-1, 'p95 < 1s']\n    move: { flag: 60% }\n    soak: 1h\n`;
    expect(texts(plan(three).phases[2]!.enter)).toEqual([
      'phases/wave-3/enter/0 wave-1 error_rate < 5%', 'phases/wave-3/enter/1 wave-1 comfort = yes', 'phases/wave-3/enter/2 wave-2 error_rate trending down over 24h', 'phases/wave-3/enter/3 - p95 < 1000ms',
    ]);
  });
  it('a circle of three is named whole', () => {
    const three = `${spoiled('all of wave-1', 'all of wave-3').split('baking:')[0]}  - phase: wave-3\n    enter: [all of wave-2]\n    move: { flag: 60% }\n    soak: 1h\n`;
    const result = read(three);
    expect(result.ok ? [] : result.problems.map(({ code, message }) => `${code} ${message}`)).toEqual(['CYCLIC_REFERENCE “all of wave-3” turns in a circle: wave-2 → wave-3 → wave-2']);
  });
  it('a later phase without a circle is called later', () => {
    const three = `${spoiled('all of wave-1', 'all of wave-3').split('baking:')[0]}  - phase: wave-3\n    move: { flag: 60% }\n    soak: 1h\n`;
    const result = read(three);
    expect(result.ok ? [] : result.problems.map(({ code }) => code)).toEqual(['LATER_PHASE']);
  });
  it('a hundred phases that each ask for all before them are unfolded in no time', () => {
    const phases = Array.from({ length: 100 }, (_, n) => `  - phase: w${n}\n    enter: ['p95 < ${n + 1}ms'${Array.from({ length: n }, (_x, m) => `, all of w${m}`).join('')}]\n    soak: 1h\n`).join('');
    expect(plan(`${sample.split('phases:')[0]}phases:\n${phases}`.replace('baseline', 'baseline')).phases[99]!.enter).toHaveLength(100);
  });
  it('a trend in a gate looks back over the soak before, at most a day', () => {
    const windowOf = (soak: string): unknown => { const last = plan(spoiled('soak: 24h, restarts on issue', `soak: ${soak}`)).phases[1]!.enter.at(-1)!.condition; return last.kind === 'trend' ? last.window : null; };
    expect(windowOf('6h')).toEqual({ kind: 'duration', ms: 6 * hour });
    expect(windowOf('72h')).toEqual({ kind: 'duration', ms: day });
  });
});

describe('one way to read, however a plan arrives', () => {
  const options = { file: 'plan', now, env: null, providers, vars: {}, day1: '2026-06-01' };
  it('the same plan as YAML, as JSON text and as a value is the same resolved plan, and plain JSON', () => {
    const yaml = read(sample, { day1: '2026-06-01' });
    if (!yaml.ok) throw new Error('unsound');
    const document = { ...JSON.parse(JSON.stringify(parseYaml(sample))) };
    expect(resolvePlan(document, options)).toMatchObject({ ok: true, plan: yaml.plan });
    expect(read(JSON.stringify(document), { day1: '2026-06-01' })).toMatchObject({ ok: true, plan: yaml.plan });
    expect(JSON.parse(JSON.stringify(yaml.plan))).toEqual(yaml.plan);
  });
  it('a value without text is told about by paths', () => {
    const result = resolvePlan({ ...(parseYaml(sample) as object), owner: 'nobody-known', phases: [] }, options);
    expect(result.ok ? [] : result.problems.map(({ line, path, code }) => [line, path, code])).toEqual([[null, 'owner', 'UNKNOWN_PERSON'], [null, 'phases', 'TOO_SMALL']]);
  });
  it('nothing, a list, a circle and 2 MiB are refused', () => {
    const circle: Record<string, unknown> = {}; circle['self'] = circle;
    for (const [document, code] of [[null, 'EMPTY_PLAN'], [undefined, 'EMPTY_PLAN'], [[1], 'WRONG_TYPE'], [circle, 'YAML_SYNTAX'], [{ description: 'x'.repeat(2 ** 21) }, 'PLAN_TOO_LARGE']] as const) {
      const result = resolvePlan(document, options);
      expect(result.ok ? [] : result.problems.map((problem) => problem.code)).toEqual([code]);
    }
  });
});


describe('a contact of a person', () => {
  const withSlack = (people: string, channel = "{ slack: { token: '${env:SLACK_TOKEN}', channel: C0123456789 } }"): string => sample.replace(/^ {2}ana: .*\n/m, people).replace(/^targets:/m, `channels: { asks: [${channel}] }\ntargets:`);
  const ana = (slack: string): string => `  ana: { email: ana@company.com, roles: [lead], slack: ${slack} }\n`;
  it('tells the channels of that name who is who, unless a channel says so itself', () => {
    expect(plan(withSlack(ana('U0123456789'))).channels.asks[0]!.settings).toMatchObject({ people: { ana: 'U0123456789' } });
    expect(plan(withSlack(ana('U0123456789'), "{ slack: { token: '${env:SLACK_TOKEN}', channel: C0123456789, people: { ana: U9999999999 } } }")).channels.asks[0]!.settings).toMatchObject({ people: { ana: 'U9999999999' } });
  });
  it('that the channel cannot use is told', () => { expect(() => plan(withSlack(ana("'@ana'")))).toThrow(/Slack user id/); });
});
