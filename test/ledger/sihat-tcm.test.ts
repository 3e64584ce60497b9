// Rows B1 to B13 of the acceptance list on the shipped plan, rehearsed with the workflow of production.
import { DateTime } from 'luxon';
import { beforeAll, expect, it } from 'vitest';
import type { Rehearsal } from '../../src/engine/rehearsal.js';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, phaseOf, rehearsals, texts } from '../workflows/world.js';
import { example, resolved, scenario } from './examples.js';

const sihat = example('sihat-tcm');
const hourly = { cadenceMs: hour, file: 'examples/sihat-tcm.yaml' } as const;
const shares: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'medical-safety': { 'medical-safety-validator': 25, 'emergency-detector': 20, 'allergy-checker': 15 },
  'ai-core': { 'ai-model-router': 10, 'ai-complexity-analyzer': 8, 'ai-performance-monitor': 15 },
  'event-command': { 'event-system': 15, 'command-system': 10, 'command-undo-redo': 5 },
  personalization: { 'personalization-engine': 20, 'notification-system': 25, 'cultural-context-builder': 15 },
  'device-mobile': { 'device-integration': 30, 'camera-system': 25, 'audio-recorder': 20 },
  advanced: { 'voice-command-handler': 15, 'monitoring-system': 40, 'accessibility-system': 35 },
};

describeNeeding(['test-server'], 'sihat-tcm, all healthy', () => {
  const rehearse = rehearsals();
  let made: Rehearsal;
  beforeAll(async () => { made = await rehearse(sihat, '', hourly); }, 300_000);

  it('B1: seven phases, three components a phase each with its own share, then all eighteen at 100', () => {
    expect(made.outcome).toBe('completed');
    for (const [phase, parts] of Object.entries(shares)) expect(Object.fromEntries(made.moves.filter((move) => move.phase === phase).map((move) => [move.target, move.after]))).toEqual(parts);
    const last = made.moves.filter((move) => move.phase === 'full-rollout');
    expect(last).toHaveLength(18);
    expect(last.every((move) => move.after === 100)).toBe(true);
  });

  it('B2: before each phase its three commands pass in order, before any flag moves', () => {
    for (const phase of made.phases) {
      const ran = made.entries.filter((entry) => entry.phase === phase.phase && entry.kind === 'command' && entry.text.endsWith(': passed'));
      expect(ran.length).toBeGreaterThanOrEqual(3);
      expect(ran.slice(0, 3).every((entry) => entry.at <= made.moves.find((move) => move.phase === phase.phase)!.at)).toBe(true);
    }
    expect(resolved('sihat-tcm').phases.map((phase) => phase.checks.map(({ command }) => String(command.run).replace('npm run ', '')))).toEqual([
      ['validate:staging', 'test:medical-safety', 'health:database'], ['validate:phase -- --phase=phase_1_medical_safety', 'test:ai-system', 'benchmark:ai-performance'],
      ['validate:prerequisites -- --phase=phase_3_event_command', 'test:events', 'test:commands'], ['validate:dependencies -- --phase=phase_4_personalization', 'test:personalization', 'test:notifications'],
      ['validate:mobile', 'test:device-integration', 'test:media-systems'], ['validate:stability', 'test:voice', 'test:accessibility'], ['validate:all-phases', 'test:comprehensive', 'validate:performance'],
    ]);
  });

  it('B3: the deployment commands run after the checks and around the moves', () => {
    expect(made.status.steps.map(({ step, state }) => `${step}: ${state}`)).toEqual(resolved('sihat-tcm').phases.flatMap((phase) => [...phase.before, ...phase.after]).map(({ name }) => `${name}: done`));
  });

  it('B4: a phase moves nothing before the one before it has been left healthy, and its gate judges that one again', () => {
    for (const [index, phase] of made.phases.entries()) if (index > 0) expect(phase.movedAt!).toBeGreaterThan(made.phases[index - 1]!.endedAt!);
    for (const phase of resolved('sihat-tcm').phases.slice(1)) expect(phase.enter.some(({ from }) => from !== null)).toBe(true);
  });

  it('B5: success metrics tighten by phase, each with a target and a critical threshold where the text has two', () => {
    const plan = resolved('sihat-tcm');
    expect(plan.phases.map((phase) => phase.leave.map(({ condition }) => condition.text).filter((text) => text.startsWith('error_rate')))).toEqual([['error_rate < 2%'], ['error_rate < 1.5%'], ['error_rate < 1%'], ['error_rate < 1%'], ['error_rate < 1.5%'], ['error_rate < 1%'], ['error_rate < 0.5%']]);
    expect(plan.metrics.find(({ name }) => name === 'response_time')!.levels).toEqual({ target: '< 1500ms', warning: '> 2000ms', critical: '> 3000ms for 5m' });
  });

  it('B10: sixteen items in three groups are settled before anything moves', () => {
    const items = resolved('sihat-tcm').preparation;
    expect(items).toHaveLength(16);
    expect([...new Set(items.map(({ group }) => group))]).toEqual(['Environment', 'Code', 'Team']);
    for (const ask of made.asks.filter((one) => one.kind === 'item' && one.ask.startsWith('preparation/'))) expect([ask.state, ask.answers[0]!.at < phaseOf(made, 'medical-safety').movedAt!]).toEqual(['settled', true]);
  });

  it('B11: the team by chat and mail, the phone from critical on, a status page for the outside in an emergency', () => {
    const { channels, people } = resolved('sihat-tcm');
    const kinds = (list: typeof channels.info): string[] => list.map(({ provider }) => provider);
    expect([channels.info, channels.warning, channels.critical, channels.emergency].map(kinds)).toEqual([['slack'], ['slack', 'email'], ['slack', 'email', 'pagerduty'], ['slack', 'email', 'pagerduty', 'statuspage']]);
    expect(people.find(({ id }) => id === 'executive')!.channels.map(({ provider }) => provider)).toEqual(['pagerduty']);
  });

  it('B12: after the last soak the validations run, people validate by hand, and the metrics are compared with those before phase 1', () => {
    const { completion } = resolved('sihat-tcm') as unknown as { completion: { checks: { name: string }[] } };
    expect(completion.checks).toHaveLength(3);
    const done = made.asks.filter((ask) => /accept|valid|verif|compliance/i.test(ask.question) && ask.askedAt > phaseOf(made, 'full-rollout').movedAt!);
    expect(done.length).toBeGreaterThanOrEqual(4);
    const said = texts(made, 'comparison').join('\n');
    for (const metric of ['response_time', 'error_rate', 'satisfaction']) expect(said).toContain(metric);
  });

  it('B15, B17: the application is installed before the first flag moves, and at the end every figure is at its target', () => {
    expect(made.entries.find((entry) => entry.kind === 'command' && entry.text.startsWith('Feature flag manager installed'))!.at).toBeLessThan(phaseOf(made, 'medical-safety').movedAt!);
    expect(made.grade).toBe('success');
    expect(made.status.grades.flatMap(({ criteria }) => criteria).map(({ verdict }) => verdict)).toEqual(Array(13).fill('pass'));
  });

  it('B13: eight weeks, a phase a week and two for the last, each begun on its day', () => {
    const day1 = DateTime.fromMillis(made.status.day1!, { zone: 'Asia/Kuala_Lumpur' });
    for (const [index, phase] of made.phases.entries()) {
      const begins = day1.plus({ weeks: index }).set({ hour: 9 }).toMillis();
      expect(phase.movedAt!).toBeGreaterThanOrEqual(begins);
      expect(phase.movedAt! - begins).toBeLessThan(day);
    }
    expect((made.endedAt - day1.toMillis()) / (7 * day)).toBeGreaterThan(7.9);
    expect((made.endedAt - day1.toMillis()) / (7 * day)).toBeLessThan(8.5);
  });
});

describeNeeding(['test-server'], 'sihat-tcm, in trouble', () => {
  const rehearse = rehearsals();

  it('B2: the first command that fails stops the phase before any flag moves, with its own output in the message', async () => {
    const made = await rehearse(sihat, scenario('sihat-tcm--the-event-system-fails-its-tests'), hourly);
    expect(made.outcome).toBe('held');
    expect(made.status.hold!.message).toContain('3 of 41 failed: events out of order');
    expect(made.moves.some((move) => move.phase === 'event-command')).toBe(false);
  }, 200_000);

  it('B3: a failure in the middle compensates what was done', async () => {
    const made = await rehearse(sihat, 'commands: [{ command: events:init-history, fails: 1 }]', { ...hourly, untilMs: 32 * day });
    expect(texts(made, 'step-undone').some((text) => text.startsWith('undo: Deploy the flags'))).toBe(true);
    expect(phaseOf(made, 'event-command').movedAt).not.toBeNull();
  }, 200_000);

  it('B6: phase 1 goes back on errors, slow answers and dissatisfaction, and every phase on a safety-critical failure', async () => {
    const made = await rehearse(sihat, scenario('sihat-tcm--safety-critical-failure'), hourly);
    expect(made.outcome).toBe('rolled-back');
    expect(Object.values(made.targets).every((value) => value === 0)).toBe(true);
    expect(resolved('sihat-tcm').phases[0]!.triggers.map(({ condition, reaction }) => [condition.text, reaction.kind])).toEqual([['error_rate > 2% for 5m', 'rollback'], ['response_time > 3000ms for 5m', 'rollback'], ['satisfaction < 85%', 'rollback']]);
  }, 200_000);

  it('B7: a warning tells and looks more often, a critical one asks with a deadline, an emergency goes back at once and tells the executives', async () => {
    const { triggers } = resolved('sihat-tcm');
    const kinds = (severity: string): string[] => [...new Set(triggers.filter((one) => one.severity === severity).map((one) => one.reaction.kind))];
    expect([kinds('warning'), kinds('critical'), kinds('emergency')]).toEqual([['watch-more'], ['ask'], ['rollback']]);
    const made = await rehearse(sihat, scenario('sihat-tcm--safety-critical-failure'), hourly);
    expect(made.messages.some((message) => message.to.includes('executive'))).toBe(true);
  }, 200_000);

  it('B8, B9: a controlled rollback to a named phase restores what stood after it, with its reason', async () => {
    const made = await rehearse(sihat, scenario('sihat-tcm--back-to-phase-2'), { ...hourly, untilMs: 32 * day });
    expect(made.outcome).toBe('held');
    expect(made.status.rollback).toMatchObject({ to: 'the end of ai-core', reason: 'Performance issues' });
    for (const [target, share] of Object.entries(shares['ai-core']!)) expect(made.targets[target]).toBe(share);
    for (const target of Object.keys(shares['event-command']!)) expect(made.targets[target]).toBe(0);
  }, 200_000);

  it('B8: the current phase goes back by one command', async () => {
    const made = await rehearse(sihat, 'commandsGiven: [{ at: event-command + 20h, give: rollback, by: deployment-lead, with: { phase: current, reason: Emergency } }]', { ...hourly, untilMs: 32 * day });
    expect(made.status.rollback).toMatchObject({ to: 'the end of ai-core' });
  }, 200_000);
});
