// The shipped plans say what their documents say. What running them does is proved elsewhere; here it is that they mean it.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allConditions, nominalTimes, planJsonSchema, type ResolvedPlan } from '../../src/plan/index.js';
import { plan, providers, read } from './providers.js';

const load = (name: string): string => readFileSync(new URL(`../../examples/${name}.yaml`, import.meta.url), 'utf8');
const day = 86_400_000;

describe('the batch-patches plan', () => {
  const patches: ResolvedPlan = plan(load('batch-patches'), { day1: '2026-03-02' });
  const phase = (name: string) => patches.phases.find((one) => one.phase === name)!;
  const local = (ms: number | null): string => new Date(ms!).toLocaleString('sv', { timeZone: 'America/Los_Angeles' });

  it('waves at 10, 25, 50 and 100 % not before days 1, 3, 5 and 7 at nine, a day and three times two', () => {
    expect(patches.phases.map(({ phase, moves, starts, soak }) => [phase, moves[0]!.to, local(starts), soak.ms / 3_600_000, soak.onIssue])).toEqual([
      ['wave-1', 10, '2026-03-02 09:00:00', 24, 'restart'], ['wave-2', 25, '2026-03-04 09:00:00', 48, 'restart'], ['wave-3', 50, '2026-03-06 09:00:00', 48, 'restart'], ['wave-4', 100, '2026-03-08 09:00:00', 48, 'restart'],
    ]);
  });
  it('the whole takes 22 days from the first wave to the end of two weeks of baking, also across the clock change', () => {
    expect(patches.baking!.ms).toBe(14 * day);
    expect(nominalTimes(patches)).toMatchObject({ end: patches.nominalEnd });
    // wave 4 waits for the 48 hours of wave 3, of which the clocks skip one on 8 March
    expect((patches.nominalEnd - patches.phases[0]!.starts!) / day).toBe(22);
  });
  it('is watched every 15, 10, 5, 5 minutes, and every 5 while baking', () => { expect([...patches.phases, patches.baking!].map(({ cadenceMs }) => cadenceMs / 60_000)).toEqual([15, 10, 5, 5, 5]); });
  it('sixteen items two weeks and one week ahead, two of them with an if', () => {
    const items = patches.preparation.filter(({ kind }) => kind === 'item');
    expect(items).toHaveLength(16);
    expect(new Set(items.map(({ askAt, dueAt }) => `${local(askAt)}–${local(dueAt)}`))).toEqual(new Set(['2026-02-16 00:00:00–2026-02-23 00:00:00', '2026-02-23 00:00:00–2026-03-02 00:00:00']));
    expect(items.filter(({ onlyIf }) => onlyIf !== null).map(({ question }) => question)).toEqual(['Database backups automated', 'Customer communication plan written']);
  });
  it('four stakeholders approve, one of them if applicable, and four roles sign off eleven things', () => {
    const signOffs = (group: string) => patches.preparation.filter((item) => item.kind === 'sign-off' && item.group === group);
    expect(signOffs('Stakeholders').map(({ from, onlyIf }) => [...from, onlyIf !== null])).toEqual([['product-owner', false], ['security-lead', false], ['manager', false], ['legal', true]]);
    expect([signOffs('Final sign-off').length, new Set(signOffs('Final sign-off').flatMap(({ from }) => from)).size]).toEqual([11, 4]);
  });
  it('wave 4 asks again for everything waves 1 to 3 asked', () => {
    expect(phase('wave-4').enter.map(({ condition, from }) => `${from ?? 'own'}: ${condition.text}`)).toEqual([
      'wave-1: alerts(critical) = 0', 'wave-1: error_rate < 5%', 'wave-1: p95_latency < 500ms', 'wave-1: failing_alarm_tests = 0', 'wave-1: comfort = yes',
      'wave-2: new alerts(critical) = 0', 'wave-2: error_rate trending down over 24h', 'wave-2: p99_latency < 800ms', 'wave-2: feedback = yes',
      'wave-3: alerts(critical) = 0 over wave-2', 'wave-3: error_rate stable or improving over 24h', 'wave-3: p95_latency stable or improving over 24h', 'wave-3: cost_acceptable = yes', 'wave-3: coverage_verified = yes',
      'own: ops_confident = yes', 'own: support_trained = yes', 'own: docs_final = yes',
    ]);
  });
  it('each wave rolls back on what its section says', () => {
    const emergencies = (list: ResolvedPlan['triggers']) => list.filter(({ severity }) => severity === 'emergency').map(({ condition, reaction }) => `${condition.text} → ${reaction.kind}`);
    expect(emergencies(patches.triggers)).toEqual(['alerts(critical) > 0 → rollback', 'event: data-corruption → rollback']);
    expect(patches.phases.map(({ triggers }) => emergencies(triggers).map((text) => text.replace(' → rollback', '')))).toEqual([
      ['error_rate > 10% for 5m', 'event: memory-leak'], ['error_rate > wave-1 + 5 points', 'p95_latency > baseline + 50%'],
      ['error_rate > 10%', 'memory > 2x baseline', 'cpu > baseline + 80%', 'events(customer-escalation) > 5'],
      ['events(customer-issue) > 1 over 1h', 'invariant_violations > 10', 'p99_latency > 1500ms for 5m', 'uptime < 99% over 1h'],
    ]);
  });
  it('seven metrics have target, warning and critical levels, two of them against the baseline', () => {
    const levels = patches.metrics.filter(({ levels: { warning, critical } }) => warning !== null && critical !== null);
    expect(levels.map(({ name, levels: { target, warning, critical } }) => [name, target, warning, critical])).toEqual([
      ['error_rate', '< 2%', '> 5%', '> 10% for 5m'], ['success_rate', '> 98%', '< 95%', '< 90% for 5m'], ['p95_latency', '< 400ms', '> 600ms', '> 1000ms'], ['p99_latency', '< 500ms', '> 800ms', '> 1500ms'],
      ['memory', null, '> baseline + 50%', '> baseline + 100%'], ['cpu', null, '> baseline + 40%', '> baseline + 80%'], ['invariant_violations', '= 0', '> 5', '> 10'],
    ]);
    expect(patches.baseline!.metrics).toEqual(['memory', 'cpu', 'p95_latency']);
    expect(patches.triggers.filter(({ id }) => id.startsWith('levels/'))).toHaveLength(14);
  });
  it('stand-ups daily at nine, in wave 3 also at five', () => {
    expect(patches.standUps.map(({ at, phases, from }) => [at, phases, from])).toEqual([
      [['09:00'], ['wave-1', 'wave-2', 'wave-4', 'baking'], ['commander', 'oncall', 'manager', 'product-owner']], [['09:00', '17:00'], ['wave-3'], ['commander', 'oncall', 'manager', 'product-owner']],
    ]);
  });
  it('a rollback has 30 seconds, a counter that must stand still, and four steps behind it, each verified', () => {
    expect(patches.rollback).toMatchObject({ withinMs: 30_000, verify: [{ condition: { text: 'increase(batch_patches_total) = 0 for 30s' } }] });
    expect(patches.rollback.ladder.map(({ verify }) => verify !== null)).toEqual([true, true, true, true]);
  });
  it('production-grade has ten criteria, and reviews go on for good', () => {
    expect(patches.grades.map(({ grade, criteria }) => [grade, criteria.length])).toEqual([['production-grade', 10]]);
    expect(patches.reviews.map(({ every, firstAfterDays, times }) => [every, firstAfterDays, times])).toEqual([['once', 7, 1], ['week', 14, 3], ['week', 35, null], ['month', 30, null], ['quarter', 91, null], ['half-year', 182, null]]);
  });
  it('synthetic tests run hourly in wave 1 only, and a failing one is an event', () => {
    expect(patches.phases.map(({ during }) => during.map(({ everyMs, reports }) => [everyMs, reports]))).toEqual([[[3_600_000, 'synthetic-test-failed']], [], [], []]);
  });
  it('everybody of the contact list can be reached', () => {
    expect(patches.people.filter(({ contacts }) => contacts['email'] === undefined)).toEqual([]);
    expect(patches.escalation).toEqual(['oncall', 'manager', 'commander']);
  });
});

describe('every example', () => {
  for (const name of ['batch-patches', 'batch-patches-nginx', 'quickstart']) {
    it(`${name} is sound and the lint has no warning for it`, () => {
      const result = read(load(name));
      expect(result.ok ? result.warnings.filter(({ level }) => level === 'warning') : result.problems).toEqual([]);
    });
    it(`${name}: every id of a condition is its own`, () => {
      const ids = allConditions(plan(load(name))).map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    });
  }
  it('the quickstart takes its port and its flag file from variables', () => {
    const quick = plan(load('quickstart'), { vars: { PORT: '4711', FLAGS: '/tmp/flags.json' } });
    expect(quick.metrics[0]!.settings['url']).toBe('http://127.0.0.1:4711/metrics');
    expect(quick.targets[0]!.settings['file']).toBe('/tmp/flags.json');
  });
  it('the quickstart’s soaks are over within two minutes', () => { const quick = plan(load('quickstart')); expect(quick.nominalEnd - quick.day1).toBeLessThan(120_000); });
});

describe('the published JSON Schema', () => {
  const schema = planJsonSchema(providers) as { required: string[]; properties: Record<string, { additionalProperties?: { properties?: Record<string, unknown> } }>; additionalProperties: boolean };
  it('knows the keys of a plan and of its providers, and refuses others', () => {
    expect(schema.required).toEqual(expect.arrayContaining(['rollout', 'owner', 'people', 'targets', 'phases']));
    expect(schema.additionalProperties).toBe(false);
    expect(Object.keys(schema.properties['metrics']!.additionalProperties!.properties!)).toEqual(expect.arrayContaining(['prometheus', 'json', 'probe', 'unit', 'levels']));
    expect(Object.keys(schema.properties['targets']!.additionalProperties!.properties!)).toEqual(expect.arrayContaining(['flagd', 'cap']));
  });
  it('is plain JSON', () => { expect(JSON.parse(JSON.stringify(schema))).toEqual(schema); });
});
