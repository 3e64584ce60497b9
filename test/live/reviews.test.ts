// What outlives a rollout, with a real server, real schedules and a real worker: what a person types when the rollout is long over. The verbs run
// in this process, on a real client; as processes of their own they are tried in verbs.test.ts.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { enginePort } from '../../src/engine/engine-port.js';
import type { Review } from '../../src/plan/types.js';
import { rolloutWorkflowId, type WorkView } from '../../workflows/messages.js';
import { rolloutsOnTemporal } from '../../src/engine/rollouts-on-temporal.js';
import { type } from '../cli/fake-cli.js';
import { Ground, until, type World } from '../processes/world.js';
import { describeNeeding } from '../setup/needs.js';

const plan = (id: string, flags: string, more: string): string => `
rollout: ${id}
owner: ann
timezone: Europe/Berlin
people: { ann: {}, bob: {}, cid: {} }
escalation: [ann, { to: bob, after: 2h }]
targets: { checkout: { flagd: { file: '${flags}', flag: new-checkout, by: userId }, safer: lower } }
events: { data-corruption: Customer data was damaged }
triggers: { emergency: [event: data-corruption] }
phases: [{ phase: everybody, move: { checkout: 100% }, soak: 1s, watch: every 1s }]
${more}`;

interface Shown { readonly work: readonly (WorkView & { readonly workflowId: string; readonly open: boolean })[]; readonly reviews: readonly { readonly id: string; readonly scheduleId: string; readonly title: string; readonly timezone: string; readonly next: readonly number[] }[] }

describeNeeding(['temporal-cli'], 'after a rollout', () => {
  let ground: Ground;
  let world: World;
  beforeAll(async () => { ground = await Ground.open(); world = await ground.world(); world.worker(); });
  afterAll(async () => { await ground?.close(); });

  interface Said { readonly code: number; readonly out: string; readonly err: string }
  const typed = async (line: string): Promise<Said> => {
    const rollouts = rolloutsOnTemporal({ client: world.client, identity: 'test', address: world.server.address, close: async () => {} });
    const { exitCode, stdout, stderr } = await type(line, { now: () => Date.now(), columns: 200, parts: { rollouts: async () => rollouts } });
    return { code: exitCode, out: stdout, err: stderr };
  };
  const well = async (line: string): Promise<string> => { const said = await typed(line); expect([line, said.code, said.err]).toEqual([line, 0, '']); return said.out; };
  const shown = async (id = ''): Promise<Shown> => JSON.parse((await typed(`reviews ${id} --json`)).out) as Shown;
  /** Lists are up to a second late. */
  const shows = async (what: string, condition: (one: Shown) => boolean, id: string): Promise<Shown> => {
    let last: Shown | null = null;
    await until(what, async () => condition(last = await shown(id)), 20_000, 200, () => JSON.stringify(last));
    return last!;
  };

  test('an open incident and its follow-up go on when the rollout has rolled back, and are found by its id', async () => {
    const rollout = await world.start(plan('hotline', world.flags, `
baking: { for: 1h, watch: every 1s }
incidents:
  critical:
    commander: bob
    path: [ann]
    follow-ups: [{ follow-up: Root cause, who: ann, within: 24h }]`));
    await rollout.untilStatus('it bakes', (status) => status.state === 'baking');
    await rollout.command('report', { by: 'cid', event: 'data-corruption', reason: 'ticket 812' });
    expect((await rollout.ended()).status).toMatchObject({ outcome: 'rolled-back', incidents: [{ id: 'incident-1', severity: 'emergency', commander: 'bob', acknowledgedAt: null, overAt: null }] });

    const { work } = await shows('both are listed', (one) => one.work.length === 2, 'hotline');
    expect(work.map((one) => [one.kind, one.id, one.state])).toEqual([['incident', 'incident-1', 'late'], ['follow-up', 'incidents/critical/root-cause', 'open']]);
    expect((await typed('inbox --as bob')).out).toMatch(/hotline incident-1\/acknowledge\n[\s\S]*\$ tidegate answer hotline incident-1\/acknowledge mine --as bob/);
    expect((await typed('inbox --as cid')).out).toBe('');
    expect(await well('reviews hotline')).toMatch(/hotline incident: incident-1 \(emergency, commander bob\): .*\n[\s\S]*nobody has acknowledged it[\s\S]*\$ tidegate answer hotline incident-1\/acknowledge mine\n[\s\S]*Root cause\n {2}of ann; since .*; due .*\n[\s\S]*\$ tidegate done hotline root-cause -m NOTE/);
    expect((await typed('status hotline')).out).toMatch(/incident-1 not over when it ended: tidegate reviews hotline/);

    const refused = await typed('answer hotline incident-1/acknowledge mine --as cid');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('cid is not among those asked')]);
    expect(await well('answer hotline incident-1/acknowledge mine --as bob')).toContain('incident-1 is yours');
    expect((await shown('hotline')).work[0]).toMatchObject({ id: 'incident-1', state: 'open', who: ['bob'] });
    expect(await well("done hotline incident-1 --as bob -m 'a slow replica'")).toContain('incident-1 is over');
    const wrong = await typed('done hotline post-mortem --as ann');
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringMatching(/NO_SUCH_WORK|Nothing called post-mortem is open of hotline \(open: root-cause\)/)]);
    expect(await well("done hotline root-cause --as ann -m 'docs/cause.md'")).toContain('Root cause is done, says ann');
    const after = await shows('all is done', (one) => one.work.every((item) => !item.open), 'hotline');
    expect(after.work.map((one) => [one.kind, one.state, one.doneBy, one.note])).toEqual(expect.arrayContaining([['incident', 'done', 'bob', 'a slow replica'], ['follow-up', 'done', 'ann', 'docs/cause.md']]));
    expect(await well('reviews hotline')).toMatch(/Ended\n[\s\S]*done by ann .*: docs\/cause\.md/);
    const again = await typed('answer hotline incident-1/acknowledge mine --as bob');
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('has ended')]);
  }, 90_000);

  test('a review is open until it is done, missed when the next one comes, and outlives a deleted rollout', async () => {
    const rollout = await world.start(plan('waves', world.flags, `
reviews:
  - { review: First days, every: day, after: 1d, times: 7, who: cid, tasks: [Read the error log] }
  - { review: Month, every: week, after: 14d, at: 10:30, tasks: [Adjust the thresholds] }`));
    expect((await rollout.ended()).status.outcome).toBe('completed');
    const { runId } = await world.client.workflow.getHandle(rolloutWorkflowId('waves')).describe();
    await world.client.workflowService.deleteWorkflowExecution({ namespace: world.namespace, workflowExecution: { workflowId: rolloutWorkflowId('waves'), runId } });
    // The server deletes when all else that it owes to the end of a run is done, and comes back to it after ever longer pauses.
    await until('the rollout is gone', async () => world.client.workflow.getHandle(rolloutWorkflowId('waves')).describe().then(() => false, () => true), 120_000);

    const { reviews } = await shows('both come', (one) => one.reviews.length === 2, 'waves');
    const clock = (at: number): string => new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit' }).format(at);
    expect(reviews.map((one) => [one.title, one.timezone, one.next.length, [...new Set(one.next.map(clock))]])).toEqual([['First days', 'Europe/Berlin', 5, ['09:00']], ['Month', 'Europe/Berlin', 5, ['10:30']]]);
    expect(await well('reviews waves')).toMatch(/To come\n {2}First days \(waves\), cid\n {4}\w{3} \d+ \w{3} \d{4}, 09:00/);

    const schedule = world.client.schedule.getHandle('review/waves/reviews/first-days');
    // A trigger by hand has a policy of its own; the schedule's is the same.
    expect((await schedule.describe()).policies.overlap).toBe('CANCEL_OTHER');
    await schedule.trigger('CANCEL_OTHER');
    const first = await shows('the first is open', (one) => one.work.filter((item) => item.open).length === 1, 'waves');
    expect(first.work[0]).toMatchObject({ kind: 'review', id: 'reviews/first-days', state: 'open', who: ['cid'], tasks: ['Read the error log'] });
    await schedule.trigger('CANCEL_OTHER');
    await shows('it is missed, and the next is open', (one) => one.work.map((item) => item.state).sort().join() === 'missed,open', 'waves');
    expect(await well("done waves first-days --as cid -m 'nothing new'")).toContain('First days is done, says cid');
    expect((await shows('it is done', (one) => one.work.every((item) => !item.open), 'waves')).work.map((one) => [one.state, one.doneBy])).toEqual([['done', 'cid'], ['missed', null]]);
  }, 240_000);

  test('reviews stay at their hour across a clock change, and another rollout of the same id begins them anew', async () => {
    const port = enginePort(world.client);
    const review: Review = { id: 'reviews/week', title: 'Week', tasks: [], who: ['ann'], every: 'week', firstAfterDays: 7, at: '09:00', times: null, remindAfterMs: 86_400_000 };
    const input = (endedAt: string) => ({ rollout: 'clock', timezone: 'Europe/Berlin', reviews: [review], endedAt: Date.parse(endedAt), channels: [], after: { path: [], channels: { info: [], warning: [], critical: [], emergency: [], own: {} } } });
    const dates = async (): Promise<string[]> => (await shown('clock')).reviews[0]!.next.map((at) => new Date(at).toISOString());
    await port.scheduleReviews(input('2027-03-20T12:00:00Z'));
    await until('it is listed', async () => (await dates()).length > 0);
    expect(await dates()).toEqual(['2027-03-27T08:00:00.000Z', '2027-04-03T07:00:00.000Z', '2027-04-10T07:00:00.000Z', '2027-04-17T07:00:00.000Z', '2027-04-24T07:00:00.000Z']);
    await port.scheduleReviews(input('2027-03-20T12:00:00Z'));
    expect((await dates())[0]).toBe('2027-03-27T08:00:00.000Z');
    await port.scheduleReviews(input('2027-05-01T12:00:00Z'));
    await until('it begins anew', async () => (await dates())[0] === '2027-05-08T07:00:00.000Z');
  }, 60_000);

  test('without a worker what the server knows is shown, and marked', async () => {
    await Promise.all(world.workers.map((worker) => worker.kill()));
    const { code, out, err } = await typed('reviews waves');
    expect([code, err]).toEqual([0, expect.stringContaining('No worker answers')]);
    expect(out).toContain('First days (waves)');
  }, 60_000);
});
