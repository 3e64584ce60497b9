// What a message begins and what it ends: whoever raises an alarm on a matter can take back that alarm and no other.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { Run } from '../../workflows/run.js';
import { rehearsals, smallPlan } from './world.js';

it('what is over is told where it was told that it began', () => {
  const channel = (name: string) => ({ provider: name, settings: {} });
  const plan = { people: [], channels: { info: [channel('log')], warning: [channel('log')], critical: [channel('pager')], emergency: [channel('pager'), channel('siren')], asks: [] } };
  const run = Object.create(Run.prototype) as Run;
  Object.assign(run, { state: { rollout: 'r', plan, outbox: { nextMessage: 1, nextSeq: 1, entries: [], messages: [] }, phaseIndex: 0, step: 'soaking' }, note: () => {} });
  Object.defineProperty(run, 'phaseName', { value: null });
  run.tell('info', 'issue-ended', 'over', '', { ends: [{ matter: 'issue-1@5', severity: 'emergency' }] });
  expect(run.state.outbox.messages[0]!.channels.map((one) => one.provider)).toEqual(['log', 'pager', 'siren']);
  expect(run.state.outbox.messages[0]!.message.ends).toEqual(['issue-1@5']);
});

describeNeeding(['test-server'], 'the messages of a rollout', () => {
  const rehearse = rehearsals();

  it('end the very issue that they opened, each occurrence by its own name', async () => {
    const made = await rehearse(smallPlan(), `metrics: { error_rate: [{ at: wave-1 + 3h, for: 20m, value: 6 }, { at: wave-1 + 6h, for: 20m, value: 6 }] }`);
    const told = made.messages.flatMap(({ topic, matter, ends }) => (topic === 'issue-opened' ? [`opens ${matter}`] : topic === 'issue-ended' ? [`ends ${ends!.join()}`] : []));
    const [first, second] = made.status.issues.map((issue) => `${issue.id}@${issue.openedAt}`);
    expect(told).toEqual([`opens ${first}`, `ends ${first}`, `opens ${second}`, `ends ${second}`]);
    expect(made.messages.find((message) => message.topic === 'completed')!.ends).toEqual([first, second]);
  });

  it('end everything when everything is taken back, and nothing when it is not', async () => {
    const back = await rehearse(smallPlan(), `events: [{ at: wave-1 + 6h, event: data-corruption }]`);
    const opened = back.messages.flatMap(({ matter }) => (matter === undefined ? [] : [matter]));
    expect(opened.map((matter) => matter.split(/[-@]/)[0])).toEqual(['issue', 'rollback']);
    expect(back.messages.find((message) => message.topic === 'rolled-back')!.ends).toEqual(opened);

    const stuck = await rehearse(smallPlan({ top: `rollback: { within: 30s, 'if that fails': [{ step: restore, run: restore }] }` }), `
events: [{ at: wave-1 + 6h, event: data-corruption }]
writes: [{ target: flag, fails: always, direction: back }]
commands: [{ command: restore, fails: always }]`);
    expect(stuck.outcome).toBe('rollback-incomplete');
    expect(stuck.messages.find((message) => message.topic === 'rollback-incomplete')).not.toHaveProperty('ends');
  });
});
