// What a machine settles of a checklist: it keeps a phase shut, says what is wrong, asks, and opens by itself as soon as it is so.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, minute, phaseOf, rehearsals, smallPlan, texts } from './world.js';

const prepared = (items: string, more: Parameters<typeof smallPlan>[0] = {}): string => smallPlan({ ...more, top: `preparation: [${items}]\n${more.top ?? ''}` });
const fast = '{ item: Fast enough, holds: latency < 500ms }';
const environment = '{ item: Production environment, from: cid, environment: { worker: yes, has: { SECRET_KEY: set } } }';
const slowFor = (time: string, at = 'start + 0m'): string => `metrics: { latency: [{ at: ${at}, for: ${time}, value: 800 }] }\n`;
const silent = 'answers: [{ ask: preparation/0, never: true }, { ask: preparation/1, never: true }]\n';
const untilMoved = { untilMs: 12 * hour };

describeNeeding(['test-server'], 'an item that a machine settles', () => {
  const rehearse = rehearsals();

  it('is settled by what is found, without asking anybody', async () => {
    const made = await rehearse(prepared(`${fast}, ${environment}, { item: Ready, probe: 'http://127.0.0.1:9/readyz' }`), '', untilMoved);
    expect(made.asks.filter((ask) => ask.ask.startsWith('preparation/'))).toEqual([]);
    expect(texts(made, 'check').filter((text) => text.startsWith('Fast'))[0]).toMatch(/^Fast enough: it holds: latency is [\d.]+ ms \(limit < 500 ms/);
    expect(made.status.checks!.map(({ item, verdict }) => [item, verdict]).sort()).toEqual([['preparation/0', 'pass'], ['preparation/1', 'pass'], ['preparation/2', 'pass']]);
    expect(phaseOf(made, 'wave-1').movedAt).not.toBeNull();
  });

  it('that does not hold keeps the phase shut, says so once, and opens within minutes of being so', async () => {
    const made = await rehearse(prepared(fast), `${slowFor('11h')}${silent}`, { untilMs: 20 * hour });
    expect(texts(made, 'check').slice(0, 2)).toEqual([expect.stringMatching(/it does not hold: latency is 800 ms \(limit < 500 ms/), expect.stringMatching(/it holds/)]);
    const held = made.messages.filter((message) => message.topic === 'hold');
    expect(held.map((message) => message.title)).toEqual([expect.stringMatching(/held: Fast enough: latency is 800 ms/)]);
    const ended = made.entries.find((entry) => entry.kind === 'hold-ended')!;
    expect(ended.at - made.startedAt).toBeGreaterThanOrEqual(11 * hour);
    expect(ended.at - made.startedAt).toBeLessThanOrEqual(11 * hour + 6 * minute);
    expect(made.asks.find((ask) => ask.ask === 'preparation/0')).toMatchObject({ state: 'void', result: 'it holds', options: ['retry', 'skip'] });
    expect(phaseOf(made, 'wave-1').movedAt!).toBeGreaterThan(ended.at);
  });

  it('is not settled by the absence of data', async () => {
    const made = await rehearse(prepared(fast), `metrics: { latency: [{ at: start + 0m, is: missing }] }\n${silent}`, untilMoved);
    expect(texts(made, 'check')).toEqual([expect.stringMatching(/it cannot be told: latency is unknown/)]);
    expect(phaseOf(made, 'wave-1').movedAt).toBeNull();
    expect(made.status.hold?.reason).toBe('check-failed');
  });

  it('is asked of whoever is named and of those who decide; going on without it is on record with who, when and why', async () => {
    const made = await rehearse(prepared(environment), `commands: [{ command: Production environment, fails: always, output: SECRET_KEY is missing }]\nanswers: [{ ask: preparation/0, by: cid, value: skip, reason: set by hand tomorrow, after: 2h }]\n`, untilMoved);
    const ask = made.asks.find((one) => one.ask === 'preparation/0')!;
    expect(ask.from).toEqual(['cid', 'ann', 'bob']);
    expect(ask.answers).toEqual([expect.objectContaining({ by: 'cid', value: 'skip', reason: 'set by hand tomorrow' })]);
    expect(Math.round((ask.answers[0]!.at - ask.askedAt) / minute)).toBe(120);
    expect(made.messages.find((message) => message.topic === 'ask')!.body).toContain('SECRET_KEY is missing');
    expect(texts(made, 'check')).toEqual(['Production environment: it does not hold: SECRET_KEY is missing']);
    expect(phaseOf(made, 'wave-1').movedAt).not.toBeNull();
  });

  it('is checked at once when somebody says so', async () => {
    const made = await rehearse(prepared(environment), `commands: [{ command: Production environment, fails: 1, output: A is missing }]\nanswers: [{ ask: preparation/0, by: bob, after: 2m }]\n`, untilMoved);
    expect(made.entries.filter((entry) => entry.kind === 'check').slice(0, 2).map((entry) => [entry.text.includes('it holds'), Math.round((entry.at - made.startedAt) / minute)])).toEqual([[false, 0], [true, 2]]);
  });

  it('tells again when something else is wrong with an environment', async () => {
    const made = await rehearse(prepared(environment), `commands: [{ command: Production environment, fails: 2, output: A is missing; B is missing }, { command: environment, fails: 2, output: B is missing }]\n${silent}`, untilMoved);
    expect(texts(made, 'check').slice(0, 3)).toEqual(['Production environment: it does not hold: A is missing; B is missing', 'Production environment: it does not hold: B is missing', 'Production environment: it holds: rehearsed, not looked at']);
  });

  it('shares one hold with the others: it names what is wrong with each and ends with the last', async () => {
    const made = await rehearse(prepared(`${fast}, ${environment}`), `${slowFor('3h')}commands: [{ command: Production environment, fails: 12, output: A is missing }]\n${silent}`, untilMoved);
    const holds = made.entries.filter((entry) => entry.kind === 'hold' && (entry.detail as { reason: string }).reason === 'check-failed');
    const ends = made.entries.filter((entry) => entry.kind === 'hold-ended' && (entry.detail as { reason: string }).reason === 'check-failed');
    expect([holds.length, ends.length]).toEqual([1, 1]);
    expect(ends[0]!.at - made.startedAt).toBeGreaterThanOrEqual(3 * hour);
  });

  it('that held when it was first checked is checked again immediately before the phase', async () => {
    const made = await rehearse(prepared(fast), `${slowFor('3h', 'day 1 at 08:30')}${silent}`, { untilMs: 20 * hour });
    expect(made.entries.filter((entry) => entry.kind === 'check').map((entry) => entry.text.includes('it holds')).slice(0, 3)).toEqual([true, false, true]);
    const moved = phaseOf(made, 'wave-1').movedAt! - made.startedAt;
    expect(moved).toBeGreaterThanOrEqual(11.5 * hour);
  });

  it('stands before a later phase as well', async () => {
    const made = await rehearse(smallPlan({ two: `    preparation: [${fast.replace('latency < 500ms', 'latency < 2x wave-1')}]\n` }), 'metrics: { latency: [{ at: wave-1 + 23h, for: 10h, value: 800 }] }\nanswers: [{ ask: phases/wave-2/preparation/0, never: true }]\n', { untilMs: 3 * day });
    expect(made.entries.filter((entry) => entry.kind === 'check').map((entry) => [entry.phase, entry.text.includes('it holds')]).slice(0, 2)).toEqual([['wave-2', false], ['wave-2', true]]);
  });

  it('costs a few events, however long it is not so', async () => {
    const lasting = async (time: string, untilMs: number): Promise<number> => (await rehearse(prepared(fast), `${slowFor(time)}${silent}`, { untilMs })).historyEvents;
    const [short, long] = [await lasting('30d', 6 * hour), await lasting('30d', 20 * hour)];
    expect(long - short).toBeLessThan(30);
  });

  it('goes on being checked after the workflow was continued as new', async () => {
    const made = await rehearse(prepared(fast), `${slowFor('30h')}${silent}`, { untilMs: 3 * day, maxHistoryEvents: 20 });
    expect(made.entries.filter((entry) => entry.kind === 'hold').length).toBe(1);
    expect(texts(made, 'check').at(-1)).toMatch(/it holds/);
    expect(phaseOf(made, 'wave-1').movedAt).not.toBeNull();
    expect(made.asks.filter((ask) => ask.ask.startsWith('preparation/0')).length).toBe(1);
  });

  it('does not keep a rollback or a stop waiting', async () => {
    const made = await rehearse(prepared(fast), `${slowFor('30d')}${silent}commandsGiven: [{ at: start + 1h, give: stop, by: ann }]\n`, { untilMs: 2 * day });
    expect(made.status.outcome).toBe('stopped');
    expect(made.endedAt - made.startedAt).toBeLessThan(hour + minute);
  });
});
