// Rows C1 to C18 of the acceptance list on the shipped plan, rehearsed with the workflow of production. What only real parts show stands with
// them: the split by real requests in test/targets/nginx.test.ts, the probes in test/sources.
import { beforeAll, expect, it } from 'vitest';
import type { Rehearsal } from '../../src/engine/rehearsal.js';
import { describeNeeding } from '../setup/needs.js';
import { hour, minute, phaseOf, rehearsals, texts } from '../workflows/world.js';
import { example, resolved, resolvedText, scenario } from './examples.js';

const mbct = example('mbct-assessments');
const file = 'examples/mbct-assessments.yaml';
const hourly = { cadenceMs: hour, file } as const;

describeNeeding(['test-server'], 'mbct-assessments, all healthy', () => {
  const rehearse = rehearsals();
  let made: Rehearsal;
  beforeAll(async () => { made = await rehearse(mbct, '', hourly); }, 300_000);

  it('C1: steps two hours and one hour before the launch, and the canary not before it', () => {
    expect(made.outcome).toBe('completed');
    const { launch } = resolved('mbct-assessments') as unknown as { launch: number };
    expect(launch - resolved('mbct-assessments').phases[0]!.starts!).toBe(2 * hour);
    const canary = phaseOf(made, 'canary').movedAt!;
    const step = (name: string): number => made.status.steps.find((one) => one.step === name)!.at;
    expect(canary - step('Maintenance mode with crisis bypass')).toBeGreaterThanOrEqual(2 * hour - 15 * minute);
    expect(canary - step('Migrate the database')).toBeGreaterThanOrEqual(hour - 15 * minute);
  });

  it('C2: blue and green by share of traffic, counted by real requests, and back to blue in one reload', () => {
    expect(resolved('mbct-assessments').targets.find(({ id }) => id === 'green')).toMatchObject({ provider: 'nginx', settings: { new: 'green', old: 'blue', probe: { side: 'X-Side' } } });
    expect(made.moves.filter((move) => move.target === 'green').map((move) => move.after)).toEqual([5, 25, 50, 100]);
  });

  it('C3: four authorities, performance and backup must pass before the launch', () => {
    const items = resolved('mbct-assessments').preparation.map(({ question, command }) => `${question} ${String(command?.run ?? '')}`).join('\n');
    for (const word of ['crisis-authority', 'compliance-authority', 'clinical-authority', 'security-complete', 'new-arch-performance', 'verify-backup-systems']) expect(items).toContain(word);
  });

  it('C5: a flag that needs a validation gets it right before it is moved', () => {
    const ran = made.entries.filter((entry) => entry.phase === 'everybody').map((entry) => entry.text);
    const validated = ran.findIndex((text) => text.includes('enhanced-assessments') && text.includes('passed'));
    const moved = ran.findIndex((text) => text.startsWith('moving enhanced-assessments'));
    expect(validated).toBeGreaterThan(-1);
    expect(moved).toBeGreaterThan(validated);
  });

  it('C6: the clinical team says yes to the scoring flag, and no command exceeds its cap', () => {
    expect(made.asks.some((ask) => ask.phase === 'everybody' && ask.kind === 'approval' && ask.ask.includes('ai-assisted-scoring') && ask.state === 'settled')).toBe(true);
    expect(() => resolvedWith('ai-assisted-scoring: 5% }', 'ai-assisted-scoring: 10% }')).toThrow(/cap/);
  });

  it('C13: critical is heard on three channels, a warning on two, the rest on one', () => {
    const { channels } = resolved('mbct-assessments');
    expect([channels.critical.length, channels.warning.length, channels.info.length]).toEqual([3, 2, 1]);
  });

  it('C14: health by status and by a field of the answer', () => {
    const settings = (name: string) => resolved('mbct-assessments').metrics.find((one) => one.name === name)!.settings;
    expect([settings('api_health'), settings('hotline'), settings('database')]).toMatchObject([{ url: 'https://api.being.app/health' }, { field: 'available' }, { field: 'connected' }]);
  });

  it('C15: a day each at 5, 25 and 50 %, then a day at 100 %; the stores are moved and confirmed by a person', () => {
    for (const name of ['canary', 'quarter', 'half', 'everybody']) expect(phaseOf(made, name).cleanMs).toBeGreaterThanOrEqual(24 * hour);
    expect(made.asks.filter((ask) => ask.kind === 'manual-move' && ask.state === 'settled')).toHaveLength(4);
  });

  it('C16: maintenance mode with crisis bypass is switched on, proved, and off again before the canary', () => {
    const off = made.entries.find((entry) => entry.text.startsWith("always after 'Maintenance mode"))!;
    expect(off.at).toBeLessThan(phaseOf(made, 'canary').movedAt!);
  });

  it('C17: every decision is on the record with who, on what evidence and when, in a chain that shows tampering', () => {
    for (const entry of made.entries.filter((one) => one.kind === 'decision' || one.kind === 'answer')) expect([entry.actor.length > 0, entry.at > 0, entry.text.length > 0]).toEqual([true, true, true]);
  });

  it('C18: the migration has its own check and its own way back', () => {
    expect(resolved('mbct-assessments').phases[0]!.before.find(({ name }) => name === 'Migrate the database')).toMatchObject({ verify: { run: expect.stringContaining('check') as string }, undo: { run: expect.stringContaining('down') as string } });
  });

  it('C21, C22: help without a network is signed for, and both stores have their build, before the canary', () => {
    const signed = made.asks.find((ask) => ask.kind === 'sign-off' && ask.question.includes('Offline crisis mode'))!;
    expect([signed.answers[0]!.by, signed.answers[0]!.at < phaseOf(made, 'canary').movedAt!]).toEqual(['crisis-lead', true]);
    for (const store of ['App Store', 'Play Store']) expect(made.entries.find((entry) => entry.kind === 'command' && entry.text.startsWith(`${store} build submitted`))!.at).toBeLessThan(phaseOf(made, 'canary').movedAt!);
  });

  it('C25: every criterion of success is judged and passes; hourly looks miss only the one on how long nobody looked', () => {
    const [grade] = made.status.grades;
    expect(grade!.criteria.filter(({ verdict }) => verdict !== 'pass').map(({ text }) => text)).toEqual(['rollout.longest_unwatched < 300s']);
    expect(grade!.criteria).toHaveLength(12);
  });

  it('C27: the moves of no phase took five minutes together, without the stores, which a person moves', () => {
    expect(made.status.grades[0]!.criteria).toContainEqual(expect.objectContaining({ text: 'rollout.slowest_move < 5min', verdict: 'pass' }));
  });

  it('C7: hotline, crisis answers and emergency contacts are watched without a break, and the longest unwatched stretch is told', () => {
    expect(resolved('mbct-assessments').invariants.map(({ condition }) => condition.text)).toHaveLength(3);
    expect(texts(made, 'ended').length).toBe(1);
    expect(made.status.grades.flatMap((grade) => grade.criteria).some((verdict) => verdict.text.includes('rollout.longest_unwatched'))).toBe(true);
  });
});

function resolvedWith(from: string, to: string): void {
  if (!mbct.includes(from)) throw new Error(`the plan does not say ${from}`);
  resolvedText(mbct.replace(from, to), 'mbct-assessments');
}

describeNeeding(['test-server'], 'mbct-assessments, in trouble', () => {
  const rehearse = rehearsals();

  it('C4: a crisis flag that somebody switches off is on again at once, and told', async () => {
    const made = await rehearse(mbct, scenario('mbct-assessments--somebody-switches-the-hotline-off'), hourly);
    expect([made.outcome, made.targets['hotline-988']]).toEqual(['completed', 100]);
    expect(made.messages.some((message) => message.severity === 'critical' && message.title.includes('hotline-988'))).toBe(true);
    expect(() => resolvedWith('move: { green: 25%, app-stores: 25% }', 'move: { green: 25%, hotline-988: 50% }')).toThrow(/read only/);
  }, 200_000);

  it('C8: slow for more than a minute goes back; a single slow answer does not', async () => {
    expect((await rehearse(mbct, scenario('mbct-assessments--slow-for-two-minutes'), { file })).outcome).toBe('rolled-back');
    const single = await rehearse(mbct, 'metrics: { crisis_response: [{ at: canary + 5h, for: 20s, value: 300 }] }', { file, untilMs: 44 * hour });
    expect([phaseOf(single, 'canary').movedAt !== null, single.outcome === 'rolled-back']).toEqual([true, false]);
  }, 400_000);

  it.each([
    ['twice the baseline', 'response_time', 100_000], ['crashes over 1 % of sessions', 'crashes', 1.5], ['accuracy under 100 %', 'phq9', 99.5],
  ])('C9: %s goes back', async (_, metric, value) => {
    const made = await rehearse(mbct, `metrics: { ${metric}: [{ at: canary + 5h, value: ${value} }] }`, hourly);
    expect(made.outcome).toBe('rolled-back');
  }, 200_000);

  it.each(['phi-exposure', 'authentication-bypass', 'unauthorised-access', 'scoring-error'])('C10: %s goes back at once', async (event) => {
    const made = await rehearse(mbct, `events: [{ at: canary + 5h, event: ${event} }]`, hourly);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['green']).toBe(0);
  }, 200_000);

  it('C11: stop, all traffic back, verify the crisis systems, restore only if asked and approved, notify, report', async () => {
    const made = await rehearse(mbct, scenario('mbct-assessments--health-information-exposed'), hourly);
    expect(made.outcome).toBe('rolled-back');
    const order = ['Stop new deployments: done', 'green is back', 'Verify the crisis systems: done', 'Restore the database to an hour ago: done', 'Notify all stakeholders: done', 'Create the incident report: done'];
    const at = order.map((text) => made.entries.findIndex((entry) => entry.text.startsWith(text)));
    expect(at.every((index) => index >= 0)).toBe(true);
    expect([...at].sort((a, b) => a - b)).toEqual(at);
    const without = await rehearse(mbct, 'events: [{ at: canary + 2h, event: phi-exposure }]', hourly);
    expect(texts(without, 'command').some((text) => text.startsWith('Restore the database'))).toBe(false);
  }, 300_000);

  it('C12: the way back has its time by phase, is measured, and is escalated when it takes longer', async () => {
    expect(resolved('mbct-assessments').phases.map((phase) => phase.rollbackWithinMs! / minute)).toEqual([0.5, 5, 10, 10, 10]);
    const made = await rehearse(mbct, 'events: [{ at: canary + 5h, event: phi-exposure }]\nwrites: [{ target: green, fails: 40, direction: back }]', hourly);
    expect(made.messages.some((message) => message.topic === 'rollback-stuck' || message.topic === 'rollback-late')).toBe(true);
  }, 300_000);

  it('C16: maintenance mode goes off again also when the migration fails', async () => {
    const made = await rehearse(mbct, scenario('mbct-assessments--the-migration-fails'), hourly);
    expect(made.outcome).toBe('completed');
    expect(texts(made, 'step-undone').filter((text) => text.startsWith("always after 'Maintenance mode"))).toHaveLength(2);
  }, 200_000);
});
