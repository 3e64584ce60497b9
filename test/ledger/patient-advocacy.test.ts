// Rows D1 to D10 of the acceptance list on the shipped plan, rehearsed with the workflow of production. The real compose file, environment file
// and probes stand in test/targets and test/sources.
import { beforeAll, expect, it } from 'vitest';
import type { Rehearsal } from '../../src/engine/rehearsal.js';
import { describeNeeding } from '../setup/needs.js';
import { hour, phaseOf, rehearsals, texts } from '../workflows/world.js';
import { example, resolved, resolvedText, scenario } from './examples.js';

const advocacy = example('patient-advocacy');
const hourly = { cadenceMs: hour, file: 'examples/patient-advocacy.yaml' } as const;
const plan = resolved('patient-advocacy');
const metric = (name: string) => plan.metrics.find((one) => one.name === name)!;
const target = (id: string) => plan.targets.find((one) => one.id === id)!;

it('D3, D4, D10: an image, a model id and a number of replicas are targets', () => {
  expect([target('production-image'), target('production-model'), target('replicas')]).toMatchObject([
    { provider: 'compose', settings: { field: 'image' } }, { provider: 'env-file', settings: { key: 'MEDGEMMA_MODEL_ID' } }, { provider: 'compose', settings: { field: 'replicas' }, cap: 8 },
  ]);
});

it('D5: health is the fields status, env and version', () => { expect(metric('healthy').settings).toMatchObject({ fields: { status: 'ok', env: 'production', version: '0.2.0' } }); });

it('D6: percentiles, an average, and counters by their increase', () => {
  expect(metric('p95_latency').settings['query']).toContain('histogram_quantile');
  expect(plan.triggers.map(({ condition }) => condition.text)).toContain('increase(escalations over 1h) > 50');
  expect(metric('confidence').settings['query']).toContain('avg');
});

it('D9: reverting the commit is the last step of the ladder, and asked first', () => {
  expect(plan.rollback.ladder.map(({ name, ask }) => [name.split(' ')[0], ask])).toEqual([['Start', []], ['Revert', ['platform-lead']]]);
});

describeNeeding(['test-server'], 'patient-advocacy', () => {
  const rehearse = rehearsals();
  let made: Rehearsal;
  beforeAll(async () => { made = await rehearse(advocacy, '', hourly); }, 300_000);

  it('D1: development, staging, production, which begins only when the pipeline says so and all gates hold', async () => {
    expect(made.outcome).toBe('completed');
    expect(made.phases.map(({ phase }) => phase)).toEqual(['development', 'staging', 'production', 'scaled']);
    const gates = made.asks.find((ask) => ask.phase === 'production' && ask.kind === 'item' && ask.question.includes('gates'))!;
    expect([gates.from, gates.answers[0]!.at < phaseOf(made, 'production').movedAt!]).toEqual([['pipeline'], true]);
    const refused = await rehearse(advocacy, scenario('patient-advocacy--the-pipeline-has-not-passed'), { ...hourly, untilMs: 20 * 24 * hour });
    expect([refused.outcome, refused.moves.some((move) => move.phase === 'production')]).toEqual(['held', false]);
  }, 300_000);

  it('D11, D14: what is set up once and what replicas need is settled before it is needed', () => {
    expect(made.entries.find((entry) => entry.kind === 'command' && entry.text.startsWith('Set up once'))!.at).toBeLessThan(phaseOf(made, 'staging').movedAt!);
    const asked = made.asks.filter((ask) => ask.phase === 'scaled' && ask.kind === 'item');
    expect(asked.map((ask) => [ask.state, ask.answers[0]!.at < phaseOf(made, 'scaled').movedAt!])).toEqual([['settled', true], ['settled', true]]);
  });

  it('D2: the production environment is checked by key before anything moves there', () => {
    expect(texts(made, 'command').concat(texts(made, 'check'), texts(made, 'phase'), texts(made, 'answer')).some((text) => text.includes('production environment'))).toBe(true);
  });

  it('D3, D4: image and model go back to what they were', async () => {
    const back = await rehearse(advocacy, scenario('patient-advocacy--a-missed-malignancy'), hourly);
    expect(back.outcome).toBe('rolled-back');
    expect([back.targets['production-image'], back.targets['production-model']]).toEqual(['before', 'before']);
  }, 300_000);

  it('D7: the five objectives are judged at the end, each with its evidence', () => {
    expect(made.grade).toBe('slo');
    expect(made.status.grades.flatMap(({ criteria }) => criteria).map(({ verdict, message }) => [verdict, /\d/.test(message)])).toEqual(Array(5).fill(['pass', true]));
  });

  it('D8: what to do in an incident is shown with the alert', async () => {
    const back = await rehearse(advocacy, scenario('patient-advocacy--unhealthy-after-the-deployment'), { file: hourly.file });
    expect(back.outcome).toBe('rolled-back');
    expect(back.messages.some((message) => message.body.includes('Review the structured logs'))).toBe(true);
  }, 300_000);

  it('D9: the ladder asks before it reverts, and names what did not go back', async () => {
    const stuck = await rehearse(advocacy, scenario('patient-advocacy--the-image-cannot-be-taken-back'), hourly);
    expect([stuck.outcome, stuck.status.rollback!.remainder]).toEqual(['rollback-incomplete', ['production-image']]);
    expect(stuck.asks.some((ask) => ask.ask.startsWith('rollback/') && ask.question.includes('Revert the commit'))).toBe(true);
  }, 300_000);

  it('D10: replicas go up to four, and not over their cap', () => {
    expect(made.moves.filter((move) => move.target === 'replicas').map((move) => move.after)).toEqual([4]);
    expect(() => resolvedText(advocacy.replace('replicas: 4', 'replicas: 9'), 'patient-advocacy')).toThrow(/cap/);
  });
});
