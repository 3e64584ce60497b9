// Rows A1 to A18 of the acceptance list on the shipped plan, rehearsed with the workflow of production.
import { DateTime } from 'luxon';
import { beforeAll, expect, it } from 'vitest';
import type { Rehearsal } from '../../src/engine/rehearsal.js';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, phaseOf, rehearsals, texts } from '../workflows/world.js';
import { example, resolved, scenario } from './examples.js';

const triage = example('triage-1323');
const cloud = { variant: 'cloud-run' } as const;
const hourly = { cadenceMs: hour, file: 'examples/triage-1323.yaml', vars: cloud } as const;
const plan = resolved('triage-1323', cloud);
const metric = (name: string) => plan.metrics.find((one) => one.name === name)!;

it('A1: two variants with their own costs, limits and steps; a missing or unknown choice is refused with both', () => {
  const onPremise = resolved('triage-1323', { variant: 'on-premise' });
  expect(plan.phases[0]!.before[0]!.run.run).toContain('cloud-run.sh');
  expect(onPremise.phases[0]!.before[0]!.run.run).toContain('on-premise.sh');
  expect([metric('monthly_cost').human!.question, onPremise.metrics.find(({ name }) => name === 'monthly_cost')!.human!.question]).toEqual([expect.stringContaining('13000'), expect.stringContaining('10000')]);
  expect(onPremise.preparation.length).toBe(plan.preparation.length + 1);
  expect(() => resolved('triage-1323', { variant: 'azure' })).toThrow(/cloud-run.*on-premise/s);
});

it('A2: twenty-four items in five groups; those that a machine can check are, the others have a name', () => {
  expect(plan.preparation).toHaveLength(24);
  expect(new Set(plan.preparation.map(({ group }) => group)).size).toBe(5);
  expect(plan.preparation.filter(({ kind }) => kind !== 'item' && kind !== 'sign-off').length).toBeGreaterThanOrEqual(5);
  expect(plan.preparation.filter(({ kind, from }) => (kind === 'item' || kind === 'sign-off') && from.length === 0)).toEqual([]);
});

it('A8: six metrics tighten from alpha over beta to production', () => {
  const leave = (name: string): string[] => plan.phases.find(({ phase }) => phase === name)!.leave.map(({ condition }) => condition.text);
  expect([leave('alpha'), leave('beta'), leave('production')].map((list) => list.length)).toEqual([6, 6, 6]);
  expect(leave('alpha').join()).toContain('95');
  expect(leave('production').join()).toContain('99.5');
});

it('A9, A10: the endpoint is read as JSON by path, as a ratio of two fields and as Prometheus text; a component that is not ok is named', () => {
  expect(metric('p95_latency').settings).toMatchObject({ at: 'latency.p95_ms' });
  expect(metric('error_rate').settings).toMatchObject({ ratio: ['latency.errors', 'latency.requests'] });
  expect(metric('memory').provider).toBe('prometheus-text');
  expect(metric('uptime').settings).toMatchObject({ fields: { status: 'ready', 'components.collective.status': 'ok', 'components.simulation.status': 'ok' } });
});

describeNeeding(['test-server'], 'triage-1323, all healthy', () => {
  const rehearse = rehearsals();
  let made: Rehearsal;
  beforeAll(async () => { made = await rehearse(triage, '', hourly); }, 300_000);

  it('A3: staging is deployed and smoke-tested, and five testers report back before it is left', () => {
    expect(made.outcome).toBe('completed');
    expect(made.status.steps.filter(({ phase }) => phase === 'staging').map(({ step, state }) => [step, state])).toEqual([['Deploy to staging', 'done'], ['Smoke tests', 'done']]);
    const asked = made.asks.find((ask) => ask.ask.startsWith('staging/decision'))!;
    expect(asked.answers).toHaveLength(5);
  });

  it('A4, A5: ten calls a day, then fifty, a hundred within the same phase, then no limit', () => {
    expect(made.moves.filter((move) => move.target === 'calls-per-day').map((move) => [move.phase, move.after])).toEqual([['alpha', 10], ['beta', 50], ['beta', 100], ['production', 'unlimited']]);
    expect(made.moves.filter((move) => move.target === 'triage').map((move) => [move.phase, move.after])).toEqual([['alpha', 100]]);
  });

  it('A6: in alpha somebody looks each hour of the working day', () => {
    const looks = made.asks.filter((ask) => ask.kind === 'stand-up' && ask.question.includes('Hourly look'));
    expect(looks.length).toBeGreaterThan(100);
    expect(looks.every((ask) => ask.phase === 'alpha')).toBe(true);
  });

  it('A7: a debrief a day in alpha, a review a week in beta and a month in production, in Bangkok', () => {
    const meetings = (title: string) => made.asks.filter((ask) => ask.kind === 'stand-up' && ask.question.includes(title));
    for (const ask of meetings('Weekly review')) expect(DateTime.fromMillis(ask.askedAt, { zone: 'Asia/Bangkok' }).toFormat('EEE HH:mm')).toBe('Mon 10:00');
    expect([meetings('Daily debrief').length > 7, meetings('Weekly review').length, meetings('Monthly review').length >= 1]).toEqual([true, expect.any(Number), true]);
    expect(meetings('Weekly review').length).toBeGreaterThan(1);
  });

  it('A11: accuracy and satisfaction come from people, with who and when, and are asked again when they are too old', () => {
    const asked = made.asks.filter((ask) => ask.kind === 'metric' && ask.ask.includes('accuracy'));
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.every((ask) => ask.answers.every((answer) => answer.by === 'clinical-lead'))).toBe(true);
  });

  it('A13: named roles decide at the end of alpha and of beta', () => {
    for (const phase of ['alpha', 'beta']) expect(made.asks.find((ask) => ask.ask.startsWith(`${phase}/decision`))!.answers.map(({ by }) => by).sort()).toEqual(['clinical-lead', 'director', 'technical-lead']);
  });

  it('A17: daily, weekly and monthly reviews with their own tasks are scheduled when it is over', () => {
    expect(plan.reviews.map(({ every, times, tasks }) => [every, times, tasks.length])).toEqual([['day', 7, 4], ['week', 4, 4], ['month', null, 4]]);
    expect(texts(made, 'reviews')).toHaveLength(1);
  });

  it('A18: production is watched until the director says that it is over', () => {
    const asked = made.asks.find((ask) => ask.ask.startsWith('production/decision'))!;
    expect([asked.dueAt, asked.answers[0]!.by]).toEqual([null, 'director']);
    expect(phaseOf(made, 'production').cleanMs).toBeGreaterThanOrEqual(35 * day);
  });
});

describeNeeding(['test-server'], 'triage-1323, in trouble', () => {
  const rehearse = rehearsals();

  it('A12, A19: what to do first is part of the alert, on too many errors and on timeouts that rise', async () => {
    const made = await rehearse(triage, 'metrics: { error_rate: [{ at: alpha + 2d, for: 3h, value: 4 }], timeouts: [{ at: alpha + 4d, for: 3h, value: 1000 }] }', { ...hourly, untilMs: 21 * day });
    for (const words of ['fix the failing endpoints', 'check the connection pools']) expect(made.messages.some((message) => `${message.title} ${message.body}`.includes(words)), words).toBe(true);
  }, 300_000);

  it('A14: a missed case calls the commander, switches the manual fallback on, tells the stakeholders and goes back', async () => {
    const made = await rehearse(triage, scenario('triage-1323--a-missed-case'), hourly);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets).toEqual({ triage: 0, 'calls-per-day': 0 });
    expect(made.entries.some((entry) => entry.text.includes('Manual fallback'))).toBe(true);
    expect(made.messages.some((message) => message.to.includes('clinical-lead') && message.severity !== 'info')).toBe(true);
    expect(made.messages.some((message) => message.to.includes('director'))).toBe(true);
  }, 300_000);

  it('A15: root cause in a day and post-mortem in a week outlive the rollout; a lesser issue is to be fixed in a day', async () => {
    const made = await rehearse(triage, scenario('triage-1323--a-missed-case'), hourly);
    const said = texts(made, 'follow-up').join('\n');
    expect(said).toContain('Root cause');
    expect(said).toContain('Post-mortem');
    const lesser = await rehearse(triage, 'events: [{ at: alpha + 1d, event: ui-issue }]', { ...hourly, untilMs: 30 * day });
    expect(texts(lesser, 'follow-up').join('\n')).toContain('Fix the issue');
  }, 400_000);

  it('A16: the path of five is walked step by step while nobody answers', async () => {
    expect(plan.escalation).toHaveLength(5);
    const made = await rehearse(triage, 'answers: [{ ask: alpha/decision, never: true }]', { ...hourly, untilMs: 40 * day });
    const called = made.messages.filter((message) => message.topic === 'ask-escalated' && message.ask?.startsWith('alpha/decision')).map((message) => message.to[0]);
    expect(called).toEqual(['engineer', 'technical-lead', 'clinical-lead', 'director', 'dmh']);
  }, 300_000);

  it('A11: a value that is too old is unknown, not a pass', async () => {
    const made = await rehearse(triage, 'answers: [{ ask: alpha/accuracy, never: true }]', { ...hourly, untilMs: 40 * day });
    expect(['held', 'waiting']).toContain(made.outcome);
    expect(made.moves.some((move) => move.phase === 'beta')).toBe(false);
  }, 300_000);
});
