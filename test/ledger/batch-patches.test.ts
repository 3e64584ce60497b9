// Rows E1 to E20 of the acceptance list on the shipped plan, rehearsed with the workflow of production. E2 stands in e02-cohorts.test.ts.
// E16 (a load balancer as the other way of moving) in e16-nginx.test.ts; the real channels of E15 and E20 in test/channels.
import { DateTime } from 'luxon';
import { beforeAll, expect, it } from 'vitest';
import type { Rehearsal } from '../../src/engine/rehearsal.js';
import type { ResolvedPlan } from '../../src/plan/types.js';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, minute, phaseOf, rehearsals, texts } from '../workflows/world.js';
import { example, resolved as resolvedExample } from './examples.js';

const batchPatches = example('batch-patches');
const resolved = (): ResolvedPlan => resolvedExample('batch-patches');
/** The same plan with one passage replaced; the passage must be there. */
function changed(from: string, to: string): string {
  expect(batchPatches).toContain(from);
  return batchPatches.replace(from, to);
}
const hourly = { cadenceMs: hour } as const;
const local = (at: number): DateTime => DateTime.fromMillis(at, { zone: 'America/Los_Angeles' });

describeNeeding(['test-server'], 'batch patches, all healthy', () => {
  const rehearse = rehearsals();
  let made: Rehearsal;
  beforeAll(async () => { made = await rehearse(batchPatches); }, 400_000);

  it('E1: 10, 25, 50, 100 % on days 1, 3, 5 and 7, each after its clean hours, then 14 days watched', () => {
    expect(made.outcome).toBe('completed');
    expect(made.moves.map((move) => [move.phase, move.before, move.after])).toEqual([['wave-1', 0, 10], ['wave-2', 10, 25], ['wave-3', 25, 50], ['wave-4', 50, 100]]);
    const day1 = local(made.status.day1!);
    for (const [index, phase] of made.phases.entries()) {
      const begins = day1.plus({ days: 2 * index }).set({ hour: 9 });
      expect(phase.movedAt!).toBeGreaterThanOrEqual(begins.toMillis());
      expect(phase.movedAt! - begins.toMillis()).toBeLessThan(2 * hour);
      expect(phase.cleanMs).toBeGreaterThanOrEqual((index === 0 ? 24 : 48) * hour);
      expect(phase.endedAt! - phase.movedAt!).toBeLessThan((index === 0 ? 24 : 48) * hour + 20 * minute);
    }
    expect(made.baking!.cleanMs).toBeGreaterThanOrEqual(14 * day);
    expect((made.endedAt - day1.toMillis()) / day).toBeGreaterThan(22);
    expect((made.endedAt - day1.toMillis()) / day).toBeLessThan(23);
  });

  it('E3: looks come every 15, 10, 5 and 5 minutes by wave', () => {
    expect(resolved().phases.map((phase) => phase.cadenceMs / minute)).toEqual([15, 10, 5, 5]);
    // 2 days at 15 min, 2 at 10, 2 at 5, 16 at 5, and the hourly looks of the preparation
    expect(made.evaluations).toBeGreaterThan(192 + 288 + 576 + 4608 - 40);
    expect(made.evaluations).toBeLessThan(192 + 288 + 576 + 4608 + 700);
  });

  it('E4: sixteen items with lead times, four stakeholders and four signing roles are settled before anything moves', () => {
    const items = made.asks.filter((ask) => ask.kind === 'item' && ask.phase === 'wave-1');
    const signed = made.asks.filter((ask) => ask.kind === 'sign-off');
    expect(items).toHaveLength(16);
    expect(signed.length).toBeGreaterThanOrEqual(8);
    expect(new Set(signed.flatMap((ask) => ask.from)).size).toBeGreaterThanOrEqual(5);
    for (const ask of [...items, ...signed]) { expect(ask.state).toBe('settled'); expect(ask.answers[0]!.at).toBeLessThan(phaseOf(made, 'wave-1').movedAt!); }
    const lead = (ask: (typeof items)[number]): number => Math.round((made.status.day1! - ask.askedAt) / day);
    expect(new Set(items.map(lead))).toEqual(new Set([14, 7]));
    expect(items.filter((ask) => ask.options.includes('not-applicable'))).toHaveLength(2);
    expect(signed.filter((ask) => ask.options.includes('not-applicable'))).toHaveLength(1);
  });

  it('E7: the team, customers, costs, operations and support are asked of people, and asked again when an answer is too old', () => {
    const asked = new Set(made.asks.filter((ask) => ask.kind === 'metric').map((ask) => ask.ask.split('/')[1]));
    for (const metric of ['comfort', 'feedback', 'cost_acceptable', 'coverage_verified', 'ops_confident', 'support_trained', 'docs_final']) expect(asked).toContain(metric);
    expect(made.asks.filter((ask) => ask.ask.split('/')[1] === 'comfort').length).toBeGreaterThan(3);
  });

  it('E12: the stand-up is at 9:00 Pacific each day, at 9:00 and 17:00 in wave 3', () => {
    const held = made.asks.filter((ask) => ask.kind === 'stand-up');
    expect(new Set(held.filter((ask) => ask.phase !== 'wave-3').map((ask) => local(ask.askedAt).toFormat('HH:mm')))).toEqual(new Set(['09:00']));
    expect(new Set(held.filter((ask) => ask.phase === 'wave-3').map((ask) => local(ask.askedAt).toFormat('HH:mm')))).toEqual(new Set(['09:00', '17:00']));
    expect(held.length).toBeGreaterThanOrEqual(21);
    expect(held[0]!.options).toEqual(['continue', 'next-wave', 'pause', 'rollback']);
  });

  it('E17: reviews come after a week, weekly, monthly, quarterly and half-yearly', () => {
    const reviews = made.calendar.filter((line) => line.kind === 'review');
    expect(new Set(reviews.map((line) => line.text.split(':')[0]))).toEqual(new Set(['Week 1', 'Weeks 2 to 4', 'Alert thresholds', 'Cost', 'Security audit', 'Disaster recovery drill']));
    expect(reviews.every((line) => line.at > made.endedAt)).toBe(true);
    expect(reviews.filter((line) => line.text.startsWith('Weeks 2 to 4'))).toHaveLength(3);
  });

  it('E18: the grade is reached, each end criterion with its evidence', () => {
    expect(made.grade).toBe('production-grade');
    const [grade] = made.grades;
    expect(grade!.criteria.length).toBeGreaterThanOrEqual(7);
    for (const criterion of grade!.criteria) { expect(criterion.verdict).toBe('pass'); expect(criterion.message).toMatch(/\d|yes/); }
  });

  it('E19: the synthetic tests run again and again in wave 1', () => {
    expect(texts(made, 'command').some((text) => /Synthetic tests: 2[345] runs passed/.test(text))).toBe(true);
  });

  it('E20: every contact of the plan has an address, and the escalation path names people', () => {
    const plan = resolved();
    for (const id of ['oncall', 'manager', 'commander', 'product-owner', 'security-lead']) expect(plan.people.find((person) => person.id === id)!.contacts['email']).toMatch(/@company\.com$/);
    expect(plan.escalation).toEqual(['oncall', 'manager', 'commander']);
  });
});

describeNeeding(['test-server'], 'batch patches, when something goes wrong', () => {
  const rehearse = rehearsals();

  it('E4: an item with an if clause is declared not applicable with a reason, and refused without one', async () => {
    const id = resolved().preparation.find((item) => item.onlyIf === 'persistent storage is used')!.id;
    const made = await rehearse(batchPatches, `answers: [{ ask: ${id}, value: not-applicable, after: 1h }, { ask: ${id}, value: not-applicable, reason: no database, after: 2h }]`, hourly);
    expect(made.outcome).toBe('completed');
    expect(texts(made, 'bad-signal').some((text) => text.includes('only with a reason'))).toBe(true);
    expect(made.asks.find((ask) => ask.ask === id)!.result).toBe('not-applicable');
  });

  for (const at of ['wave-1 + 2h', 'wave-1 + 7h 46m', 'wave-1 + 23h 30m']) {
    it(`E9: an error rate of 12 % for 6 minutes at ${at} rolls back to what was before wave 1`, async () => {
      const made = await rehearse(batchPatches, `metrics: { error_rate: [{ at: ${at}, for: 6m, value: 12 }] }`);
      expect(made.outcome).toBe('rolled-back');
      expect(made.targets['batch-patches']).toBe(0);
    });
  }

  it('E8 E18: 12 % for 4 minutes only warns: the soak of wave 1 starts anew and the grade is not reached', async () => {
    const made = await rehearse(batchPatches, `metrics: { error_rate: [{ at: wave-1 + 7h 46m, for: 4m, value: 12 }] }`, hourly);
    expect(made.outcome).toBe('completed');
    expect(phaseOf(made, 'wave-1').restarts).toBe(1);
    expect(made.grade).toBeNull();
    expect(made.grades[0]!.criteria.filter((criterion) => criterion.verdict === 'fail').map((criterion) => criterion.text)).toEqual([expect.stringContaining('error_rate < 2')]);
  });

  it('E9 E13: a data corruption in wave 2 rolls back, and is read back as off within seconds', async () => {
    const made = await rehearse(batchPatches, `events: [{ at: wave-2 + 6h, event: data-corruption }]`, hourly);
    expect(made.outcome).toBe('rolled-back');
    const reported = made.entries.find((entry) => entry.kind === 'event')!.at;
    expect(made.status.rollback!.readBackAt! - reported).toBeLessThan(10_000);
    expect(made.status.rollback!.verified).toBe(true);
    // the proof itself takes half a minute without an increase, after the flag reads as off
    expect(texts(made, 'verified')[0]).toContain('batch_patches_total');
    expect(made.entries.find((entry) => entry.kind === 'verified')!.at - made.status.rollback!.readBackAt!).toBeGreaterThanOrEqual(30_000);
    expect(made.targets['batch-patches']).toBe(0);
  });

  it('E9: five escalations are borne, the sixth rolls back', async () => {
    const five = await rehearse(batchPatches, `events: [{ at: wave-3 + 2h, event: customer-escalation, times: 5 }]`, hourly);
    expect(five.outcome).toBe('completed');
    const six = await rehearse(batchPatches, `events: [{ at: wave-3 + 2h, event: customer-escalation, times: 6 }]`, hourly);
    expect(six.outcome).toBe('rolled-back');
  });

  it('E9: a memory leak that somebody reports in wave 1 rolls back', async () => {
    const made = await rehearse(batchPatches, `events: [{ at: wave-1 + 2h, event: memory-leak }]`, hourly);
    expect(made.outcome).toBe('rolled-back');
  });

  it('E5: gates are judged before the move: too many errors, a worsening trend, no for an answer', async () => {
    const errors = await rehearse(batchPatches, `metrics: { error_rate: [{ at: start, value: 4.9 }, { at: day 1 at 08:00, for: 4h, value: 6 }] }`, { ...hourly, untilMs: 14.45 * day });
    expect(errors.targets['batch-patches']).toBe(0);
    const rising = await rehearse(batchPatches, `metrics: { error_rate: [{ at: wave-1, for: 12h, value: 0.5 }, { at: wave-1 + 12h, for: 10d, value: 1.5 }] }`, { ...hourly, untilMs: 17 * day });
    expect(phaseOf(rising, 'wave-1').endedAt).not.toBeNull();
    expect(phaseOf(rising, 'wave-2').movedAt).toBeNull();
    expect(texts(rising, 'hold').some((text) => text.includes('error_rate'))).toBe(true);
    const uneasy = await rehearse(batchPatches, `answers: [{ ask: wave-1/comfort, value: 'no' }]`, { ...hourly, untilMs: 15 * day });
    expect(phaseOf(uneasy, 'wave-1').movedAt).toBeNull();
    expect(uneasy.outcome).toBe('held');
  });

  it('E5: triggers compare with the wave before and with the baseline', async () => {
    const worse = await rehearse(batchPatches, `metrics: { error_rate: [{ at: wave-2 + 5h, for: 2h, value: 6.5 }] }`, hourly);
    expect(worse.outcome).toBe('rolled-back');
    expect(worse.status.rollback!.reason).toContain('wave-1');
    const slow = await rehearse(batchPatches, `metrics: { p95_latency: [{ at: wave-2 + 5h, for: 2h, value: 390 }] }`, hourly);
    expect(slow.outcome).toBe('rolled-back');
    expect(slow.status.rollback!.reason).toContain('baseline');
  });

  it('E6: a critical alert stops wave 1 from beginning and takes wave 2 back', async () => {
    const before = await rehearse(batchPatches, `alerts: { critical: [{ at: day 1 at 08:00, for: 5d, firing: [DiskFull] }] }`, { ...hourly, untilMs: 15 * day });
    expect(phaseOf(before, 'wave-1').movedAt).toBeNull();
    const during = await rehearse(batchPatches, `alerts: { critical: [{ at: wave-2 + 5h, for: 10m, firing: [HighErrorRate] }] }`, hourly);
    expect(during.outcome).toBe('rolled-back');
  });

  it('E6: an alert that fired new in wave 1 and is over shuts the gate of wave 2; one that fired before does not count as new', async () => {
    const plan = changed("['alerts(critical) > 0', event: data-corruption]", '[event: data-corruption]').replace("enter: ['alerts(critical) = 0', ", 'enter: [');
    const fresh = await rehearse(plan, `alerts: { critical: [{ at: wave-1 + 5h, for: 1h, firing: [HighErrorRate] }] }`, { ...hourly, untilMs: 17 * day });
    expect(phaseOf(fresh, 'wave-2').movedAt).toBeNull();
    expect(texts(fresh, 'hold').some((text) => text.includes('new alerts') || text.includes('alerts(critical)'))).toBe(true);
    const old = await rehearse(plan, `alerts: { critical: [{ at: start, for: 17d, firing: [OldOne] }] }`, { ...hourly, untilMs: 17 * day });
    expect(phaseOf(old, 'wave-2').movedAt).not.toBeNull();
  });

  it('E10: seven metrics have their levels; memory 60 % over its baseline warns, 110 % asks whether to roll back', async () => {
    const triggers = resolved().triggers.map((trigger) => trigger.id);
    for (const metric of ['error_rate', 'success_rate', 'p95_latency', 'p99_latency', 'memory', 'cpu', 'invariant_violations']) for (const level of ['warning', 'critical']) expect(triggers).toContain(`levels/${metric}/${level}`);
    const warned = await rehearse(batchPatches, `metrics: { memory: [{ at: wave-1 + 2h, for: 1h, value: 160 }] }`, { ...hourly, untilMs: 16 * day });
    expect(warned.status.issues.map((issue) => issue.severity)).toEqual(['warning']);
    const asked = await rehearse(batchPatches, `metrics: { memory: [{ at: wave-1 + 2h, for: 1h, value: 210 }] }`, { ...hourly, untilMs: 16 * day });
    expect(asked.asks.some((ask) => ask.kind === 'rollback')).toBe(true);
  });

  it('E12: the stand-up can pause, end the soak, or roll back; it stays at 9:00 across the clock change', async () => {
    const paused = await rehearse(batchPatches, `answers: [{ ask: wave-2/stand-up, value: pause, times: 1 }]`, { ...hourly, untilMs: 19 * day });
    expect(paused.status.state).toBe('paused');
    const back = await rehearse(batchPatches, `answers: [{ ask: wave-2/stand-up, value: rollback }]`, hourly);
    expect(back.outcome).toBe('rolled-back');
    const next = await rehearse(batchPatches, `answers: [{ ask: wave-4/stand-up, value: next-wave, times: 1 }]`, { ...hourly, day1: '2027-03-10' });
    expect(phaseOf(next, 'wave-4').cleanMs).toBeLessThan(30 * hour);
    const held = next.asks.filter((ask) => ask.kind === 'stand-up');
    expect(new Set(held.map((ask) => local(ask.askedAt).offset)).size).toBe(2);
    expect(held.every((ask) => ['09:00', '17:00'].includes(local(ask.askedAt).toFormat('HH:mm')))).toBe(true);
  });

  it('E14 E15: when the flag cannot be turned off, four steps are taken in order, each verified; the failure is shouted and followed up', async () => {
    const made = await rehearse(batchPatches, `
events: [{ at: wave-1 + 6h, event: data-corruption }]
writes: [{ target: batch-patches, fails: always, direction: back }]`, hourly);
    expect(made.outcome).toBe('rollback-incomplete');
    expect(texts(made, 'ladder')).toEqual(['Stop the new service', 'Flush caches', 'Restore the last known good state', 'Show that the legacy system works'].map((step) => `if that fails: ${step}`));
    expect(texts(made, 'command').filter((text) => text.startsWith('verify: '))).toHaveLength(4);
    expect(made.messages.some((message) => message.severity === 'emergency' && message.topic === 'rollback-incomplete')).toBe(true);
    expect(texts(made, 'follow-up').map((text) => text.split(':')[0])).toEqual(['Root cause', 'Post-mortem']);
  });

  it('E15: a rollback is told on the critical channels and its post-mortem is set', async () => {
    const made = await rehearse(batchPatches, `events: [{ at: wave-1 + 6h, event: data-corruption }]`, hourly);
    expect(made.messages.filter((message) => message.severity === 'critical').map((message) => message.topic)).toEqual(expect.arrayContaining(['rolling-back', 'rolled-back']));
    expect(texts(made, 'follow-up')).toHaveLength(2);
  });

  it('E19: a synthetic test that fails is an issue: people are told and the soak starts anew', async () => {
    const made = await rehearse(batchPatches, `commands: [{ command: synthetic-tests, fails: 1 }]`, hourly);
    expect(made.outcome).toBe('completed');
    expect(made.status.issues.map((issue) => issue.severity)).toEqual(['warning']);
    expect(made.messages.some((message) => message.topic === 'issue-opened' && message.title.includes('synthetic-test-failed'))).toBe(true);
  });

  it('nobody answers the approval of wave 3: held, never on', async () => {
    const made = await rehearse(batchPatches, `answers: [{ ask: wave-3/approval, never: true }]`, { ...hourly, untilMs: 30 * day });
    expect(made.outcome).toBe('held');
    expect(made.targets['batch-patches']).toBe(25);
    expect(phaseOf(made, 'wave-3').movedAt).toBeNull();
  });

  it('metrics missing for a day in wave 2: no advance, one hold told once, a soak longer by what was missed', async () => {
    const made = await rehearse(batchPatches, `metrics: { '*': [{ at: wave-2 + 5h, for: 24h, is: missing }] }`, hourly);
    expect(made.outcome).toBe('completed');
    const two = phaseOf(made, 'wave-2');
    expect(two.endedAt! - two.movedAt!).toBeGreaterThanOrEqual(72 * hour - hour);
    expect(two.endedAt! - two.movedAt!).toBeLessThan(72 * hour + 4 * hour);
    expect(made.messages.filter((message) => message.topic === 'hold' && message.title.includes('no sound evidence'))).toHaveLength(1);
  });
});
