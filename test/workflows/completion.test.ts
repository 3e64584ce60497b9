// What comes after the last soak: commands in order, what people settle, before and after. And who may start a rollout at all.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, minute, phaseOf, rehearsals, smallPlan, texts } from './world.js';

const satisfaction = "  satisfaction: { person: bob, question: How satisfied are they?, answers: number, unit: '%', better: higher, valid for: 30d }\n";
const completing = (completion: string, more = ''): string => `${smallPlan().replace('metrics:\n', `metrics:\n${satisfaction}`).replace("leave: ['error_rate < 4%']", '').replaceAll('soak: 24h, restarts on issue', 'soak: 6h').replaceAll('soak: 24h', 'soak: 6h')}baking: { for: 12h, watch: every 30m }\nbaseline: { over: 2h }\n${more}completion: ${completion}\n`;
const two = '{ checks: [{ check: Validation, run: ./validate.sh }, { check: Smoke, run: ./smoke.sh }], items: [{ item: Users have accepted it, from: cid }], compare: [latency, error_rate, satisfaction] }';
const until = { untilMs: 6 * day };
const said = (of: 'baseline' | 'completion', value: number, after = '10m'): string => `{ ask: ${of}/satisfaction, value: ${value}, after: ${after} }`;

describeNeeding(['test-server'], 'the completion', () => {
  const rehearse = rehearsals();

  it('runs its commands in order after the baking, asks people, and compares with the baseline before it is completed', async () => {
    const made = await rehearse(completing(two), `answers: [${said('baseline', 90)}, ${said('completion', 80)}]\nmetrics: { latency: [{ at: start + 0m, for: 10h, value: 250 }, { at: start + 10h, value: 210 }] }\n`, until);
    expect(made.outcome).toBe('completed');
    const order = made.entries.filter((entry) => ['command', 'answer', 'comparison', 'ended'].includes(entry.kind) || entry.text.startsWith('baking is done')).map((entry) => (entry.kind === 'answer' ? entry.text.replace(/.*'(.*)'.*/, '$1') : entry.kind === 'command' ? entry.text : entry.kind));
    expect(order.slice(order.indexOf('phase'))).toEqual(['phase', 'Validation: passed', 'Smoke: passed', 'Users have accepted it', 'How satisfied are they?', 'comparison', 'ended']);
    const [latency, , people] = made.status.comparison!;
    expect(latency).toMatchObject({ metric: 'latency', difference: -40, percent: -16, change: 'better' });
    expect(latency!.message).toMatch(/^latency is 210 ms, 16 % better than the 250 ms before the first write \(mean over 9 h[^,]*, \d+ samples; now over 12 h, \d+ samples\)$/);
    expect(people).toMatchObject({ before: { mean: 90, samples: 1 }, after: { mean: 80 }, difference: -10, change: 'worse' });
    expect(made.messages.find((message) => message.topic === 'completed')!.body).toContain(latency!.message);
    expect((made.entries.find((entry) => entry.kind === 'comparison')!.detail as { comparison: unknown[] }).comparison).toHaveLength(3);
  });

  it('tells of a command that fails and stands still until somebody answers; it is run again when they say so, and what has passed is not', async () => {
    const made = await rehearse(completing(two), 'commands: [{ command: Smoke, fails: 1, output: "page is blank" }]\nanswers: [{ ask: completion/checks/smoke, by: bob, after: 3h }]\n', until);
    expect(texts(made, 'command')).toEqual(['Validation: passed', 'Smoke: failed with exit code 1', 'Smoke: passed']);
    expect(made.messages.filter((message) => message.topic === 'hold' && message.phase === 'baking').map(({ severity, title }) => [severity, title])).toEqual([['critical', 'small is held: Smoke failed: page is blank']]);
    const [failed, passed] = made.entries.filter((entry) => entry.kind === 'command').slice(1);
    expect(passed!.at - failed!.at).toBeGreaterThanOrEqual(3 * hour);
    expect(made.outcome).toBe('completed');
  });

  it('goes on in spite of a failure only with a reason, which stays on record', async () => {
    const made = await rehearse(completing(two), 'commands: [{ command: Smoke, fails: always }]\nanswers: [{ ask: completion/checks/smoke, by: ann, value: accept, after: 10m, times: 1 }, { ask: completion/checks/smoke, by: ann, value: accept, reason: known flake, after: 1h }]\n', until);
    expect(made.status.badSignals.join()).toContain('can be accepted only with a reason');
    expect(made.entries.find((entry) => entry.text.startsWith('Smoke is accepted'))).toMatchObject({ kind: 'decision', actor: 'ann', text: 'Smoke is accepted although it failed, by ann: known flake' });
    expect(made.outcome).toBe('completed');
  });

  it('takes everything back when somebody answers so', async () => {
    const made = await rehearse(completing(two), 'commands: [{ command: Validation, fails: always }]\nanswers: [{ ask: completion/checks/validation, by: ann, value: rollback, after: 10m }]\n', until);
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets['flag']).toBe(0);
    expect(made.status.rollback!.reason).toBe('Validation failed');
    expect(made.messages.find((message) => message.topic === 'rolled-back')!.body).toContain('tidegate journal small --report');
  });

  it('still rolls back by itself while it waits for people', async () => {
    const made = await rehearse(completing(two), 'answers: [{ ask: completion/items/0, never: true }]\nevents: [{ at: start + 60h, event: data-corruption }]\n', until);
    expect(made.outcome).toBe('rolled-back');
    expect(texts(made, 'command')).toEqual(['Validation: passed', 'Smoke: passed']);
  });

  it('waits for a person, who may reject, as a checklist does', async () => {
    const made = await rehearse(completing(two), 'answers: [{ ask: completion/items/0, by: cid, value: reject, reason: too slow }]\n', until);
    expect(made.outcome).toBe('held');
    expect(made.status.holds.map((hold) => hold.reason)).toEqual(['rejected']);
  });

  it('judges nothing where there is no value of before, and says so', async () => {
    const made = await rehearse(completing(two), 'answers: [{ ask: baseline/satisfaction, never: true }]\n', { untilMs: 8 * day });
    expect(made.outcome).toBe('completed');
    expect(made.status.comparison![2]).toMatchObject({ metric: 'satisfaction', difference: null, percent: null, change: null });
    expect(made.status.comparison![2]!.message).toContain('cannot be compared: it has no value of before the first write');
  });

  it('goes on where it was after the workflow was continued as new', async () => {
    const made = await rehearse(completing(two), 'commands: [{ command: Smoke, fails: 1 }]\nanswers: [{ ask: completion/checks/smoke, by: bob, after: 50h }, { ask: completion/items/0, by: cid, after: 50h }]\n', { untilMs: 12 * day, maxHistoryEvents: 30 });
    expect(made.outcome).toBe('completed');
    expect(texts(made, 'command')).toEqual(['Validation: passed', 'Smoke: failed with exit code 1', 'Smoke: passed']);
    expect(made.entries.filter((entry) => entry.kind === 'comparison')).toHaveLength(1);
    expect(made.asks.filter((ask) => ask.ask.startsWith('completion/items/0'))).toHaveLength(1);
  });

  it('comes after the last phase where nothing bakes', async () => {
    const made = await rehearse(completing('{ checks: [{ check: Smoke, run: ./smoke.sh }], compare: [latency] }').replace(/baking: .*\n/, ''), '', until);
    expect(made.outcome).toBe('completed');
    expect(texts(made, 'command')).toEqual(['Smoke: passed']);
    expect(made.status.comparison![0]!.message).toMatch(/now over 6 h, \d+ samples/);
    expect(phaseOf(made, 'wave-2').endedAt).not.toBeNull();
  });

  it('judges end criteria after it, not during it', async () => {
    const made = await rehearse(completing('{ items: [{ item: Accepted, from: cid }] }', "grades: { fine: ['latency < 500ms'] }\n"), `metrics: { latency: [{ at: start + 0m, value: 600 }] }\nanswers: [{ ask: completion/items/0, after: ${20 * 60}m }]\n`, until);
    const graded = made.entries.find((entry) => entry.kind === 'grade')!;
    const accepted = made.entries.find((entry) => entry.text.includes("'Accepted': done"))!;
    expect(graded.at).toBeGreaterThanOrEqual(accepted.at);
    const judged = made.entries.filter((entry) => entry.kind === 'verdict' && (entry.detail as { id: string }).id.startsWith('grades/'));
    expect(judged.length).toBeGreaterThan(0);
    expect(judged.filter((entry) => (entry.detail as { asOf: number }).asOf < accepted.at - minute)).toEqual([]);
  });
});

describeNeeding(['test-server'], 'a plan that says who starts it', () => {
  const rehearse = rehearsals();
  it('is started by that person; its last environment waits for what only the pipeline settles', async () => {
    const plan = smallPlan({ top: 'starts only by: pipeline\n', two: "    preparation: [{ item: The pipeline's gates have passed, from: pipeline }]\n" }).replace('  cid: { name: Cid }\n', '  cid: { name: Cid }\n  pipeline: { name: The pipeline }\n');
    const made = await rehearse(plan, 'answers: [{ ask: phases/wave-2/preparation/0, by: ann, after: 10m }, { ask: phases/wave-2/preparation/0, by: pipeline, after: 5h }]\n', { untilMs: 4 * day });
    expect(made.status.startedBy).toBe('pipeline');
    expect(made.status.badSignals.join()).toContain("ann is not among those asked for 'phases/wave-2/preparation/0' (pipeline)");
    const asked = made.asks.find((ask) => ask.ask === 'phases/wave-2/preparation/0')!;
    expect(asked.answers.map((answer) => answer.by)).toEqual(['pipeline']);
    expect(phaseOf(made, 'wave-2').movedAt!).toBeGreaterThanOrEqual(asked.askedAt + 5 * hour);
  });
});
