// What outlives a rollout, each workflow by itself on the skipping clock: an incident goes on where it was, a follow-up and a review wait to be done,
// remind, and tell the path when they are late. How a rollout begins them: incidents.test.ts; with real schedules: test/live/reviews.test.ts.
import { randomUUID } from 'node:crypto';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Channels, Escalation, FollowUpInput, IncidentInput, NotifyInput, NotifyResult } from '../../activities/types.js';
import type { Message } from '../../src/channels/port.js';
import { payloadConverterPath } from '../../src/engine/bundles.js';
import { openNativeConnection } from '../../src/engine/connection.js';
import { openEnvironment } from '../../src/engine/rehearsal.js';
import type { Review } from '../../src/plan/types.js';
import type { WorkView } from '../../workflows/messages.js';
import type { IncidentRecord } from '../../workflows/state.js';
import { bundlePath, describeNeeding } from '../setup/needs.js';
import { cached, day, hour, minute } from './world.js';

const log = { provider: 'log', settings: {} };
const own = { provider: 'webhook', settings: { url: 'http://ann' } };
const pager = { provider: 'pager', settings: {} };
const channels: Channels = { info: [log], warning: [log], critical: [log, pager], emergency: [log], own: { ann: [own] } };
const after: Escalation = { path: [{ who: 'ann', afterMs: 30 * minute }, { who: 'bob', afterMs: 2 * hour }], channels };

describeNeeding(['test-server'], 'after the rollout', () => {
  let environment: TestWorkflowEnvironment;
  let worker: Worker;
  let running: Promise<void>;
  let connection: Awaited<ReturnType<typeof openNativeConnection>>;
  let told: { readonly message: Message; readonly channels: readonly string[] }[] = [];
  /** what the next deliveries come to */
  let failures: ((input: NotifyInput) => NotifyResult['failed'])[] = [];
  const queue = 'afterwards';

  beforeAll(async () => {
    environment = await openEnvironment();
    const namespace = environment.namespace ?? 'default';
    connection = await openNativeConnection({ address: environment.address, addressFrom: 'home', namespace, connection: {} });
    worker = await Worker.create({
      connection, namespace, taskQueue: queue, workflowBundle: { codePath: bundlePath('rehearsalBundle') }, dataConverter: { payloadConverterPath: payloadConverterPath() }, maxCachedWorkflows: cached ?? 100,
      activities: {
        notify: async (input: NotifyInput): Promise<NotifyResult> => {
          const failed = failures.shift()?.(input) ?? [];
          for (const { message, channels: to } of input.items) told.push({ message, channels: to.map((one) => one.provider) });
          return { failed };
        },
      },
    });
    running = worker.run();
  });
  afterAll(async () => {
    worker?.shutdown();
    await running;
    await connection?.close();
    await environment?.teardown();
  });
  beforeEach(() => { told = []; failures = []; });

  const start = (type: string, input: unknown) => environment.client.workflow.start(type, { taskQueue: queue, workflowId: `${type}/${randomUUID()}`, args: [input] });
  /** Somebody does this after a while. */
  const later = (workflowId: string, afterMs: number, signal: string, payload: unknown) => environment.client.workflow.start('actor', { taskQueue: queue, workflowId: `actor/${randomUUID()}`, args: [{ workflowId, afterMs, signals: [{ signal, payload }] }] });
  /** topic, people and the time after `from` in `unit`, of each message */
  const said = (from: number, unit: number): [string, string, number][] => told.map(({ message }) => [message.topic, message.to.join(), Math.round((message.at - from) / unit * 10) / 10]);

  const incident = async (change: Partial<IncidentRecord> = {}): Promise<{ readonly input: IncidentInput; readonly now: number }> => {
    const now = await environment.currentTimeMs();
    const record: IncidentRecord = {
      id: 'incident-1', severity: 'critical', text: 'calls are lost', commander: 'ann', openedAt: now - 3 * minute, openedBy: null, called: [{ who: 'ann', at: now - 3 * minute }], acknowledgedAt: null, acknowledgedBy: null, overAt: null, firstSteps: ['look'],
      about: 't', issue: 'issue-1', path: [{ who: 'ann', afterMs: 5 * minute }, { who: 'bob', afterMs: 5 * minute }, { who: 'cid', afterMs: 10 * minute }], acknowledgeWithinMs: 5 * minute, tell: ['dee'], walked: 1, roundAt: now - 3 * minute, nextAt: now + 2 * minute, handedOver: true, ...change,
    };
    return { input: { rollout: 'hotline', timezone: 'UTC', incident: record, channels }, now };
  };

  it('an incident goes on walking where it was, and is over when somebody takes what ended with the rollout', async () => {
    const { input, now } = await incident();
    const handle = await start('incident', input);
    await later(handle.workflowId, 4 * minute, 'answer', { by: 'dee', ask: 'incident-1/acknowledge', value: 'mine' });
    await later(handle.workflowId, 13 * minute, 'answer', { by: 'bob', ask: 'incident-1/acknowledge', value: 'mine' });
    const record = (await handle.result()) as IncidentRecord;
    expect(said(now, minute)).toEqual([['ask', 'bob', 2], ['ask', 'cid', 12], ['incident-acknowledged', 'ann,bob,cid', 13], ['incident-over', 'ann,bob,cid,dee', 13]]);
    expect([record.acknowledgedBy, Math.round((record.acknowledgedAt! - now) / minute), record.overAt === null]).toEqual(['bob', 13, false]);
    expect(told[2]!.message.ends).toEqual(record.called.map((call) => `incident-1/${call.who}@${call.at}`));
    // whose own channels are known is reached by them
    expect([told[0]!.channels, told[2]!.channels]).toEqual([['log', 'pager'], ['log', 'pager', 'webhook']]);
    // the alarm is taken back where it was raised, and that wakes nobody
    expect(told.map(({ message }) => message.severity)).toEqual(['critical', 'critical', 'info', 'info']);
  });

  it('an incident that nobody takes is told to all and walked again, hour by hour', async () => {
    const { input, now } = await incident();
    const handle = await start('incident', input);
    await later(handle.workflowId, 60 * minute, 'approve', { by: 'cid', ask: 'incident-1/acknowledge' });
    await handle.result();
    expect(said(now, minute)).toEqual([['ask', 'bob', 2], ['ask', 'cid', 12], ['incident-unanswered', 'ann,bob,cid,dee', 17], ['ask', 'ann', 57], ['incident-acknowledged', 'ann,bob,cid', 60], ['incident-over', 'ann,bob,cid,dee', 60]]);
    expect(told[2]!.message.severity).toBe('emergency');
  });

  it('an incident that a person has to end stays until then, and says how it stands', async () => {
    const { input, now } = await incident({ issue: null, acknowledgedAt: (await environment.currentTimeMs()) - minute, acknowledgedBy: 'ann' });
    const handle = await start('incident', input);
    await environment.sleep(3 * day);
    expect(told).toEqual([]);
    expect(await handle.query<WorkView>('work')).toMatchObject({ kind: 'incident', rollout: 'hotline', id: 'incident-1', state: 'open', who: ['ann'], ask: null });
    await expect(handle.executeUpdate('done', { args: [{ by: 'ann', what: 'incident-2' }] })).rejects.toMatchObject({ cause: { message: expect.stringContaining("this is incident-1, not 'incident-2'") } });
    await expect(handle.executeUpdate('answer', { args: [{ by: 'eve', ask: 'incident-1/acknowledge', value: 'mine' }] })).rejects.toMatchObject({ cause: { message: expect.stringContaining('eve is not among those asked') } });
    await expect(handle.executeUpdate('done', { args: [{ what: 'incident-1' }] })).rejects.toMatchObject({ cause: { message: expect.stringContaining('"by" is missing') } });
    await handle.executeUpdate('done', { args: [{ by: 'bob', what: 'incident-1', reason: 'a slow replica' }] });
    await handle.result();
    expect(told.map(({ message }) => message.title)).toEqual(['incident-1 (critical, commander ann) is over: bob says so (a slow replica)']);
    expect((told[0]!.message.at - now) / day).toBeGreaterThan(2.9);
  });

  it('what a channel did not take is told again, and the work does not wait for it', async () => {
    const { input } = await incident();
    const failing = ({ items }: NotifyInput): NotifyResult['failed'] => [{ key: items[0]!.message.key, channels: [log], why: 'down', final: false, retryAfterMs: 3 * hour }];
    failures = [failing];
    const handle = await start('incident', input);
    await later(handle.workflowId, 13 * minute, 'answer', { by: 'bob', ask: 'incident-1/acknowledge', value: 'mine' });
    await handle.result();
    const first = told.filter(({ message }) => message.topic === 'ask' && message.to.join() === 'bob');
    expect(first).toHaveLength(2);
    expect(new Set(first.map(({ message }) => message.key)).size).toBe(1);
    expect(told.findIndex(({ message }) => message.to.join() === 'cid')).toBeLessThan(told.lastIndexOf(first[1]!));
  });

  const followUp = (change: Partial<FollowUpInput> = {}, now: number): FollowUpInput => ({ rollout: 'hotline', followUp: { id: 'follow-ups/post-mortem', title: 'Post-mortem', on: 'rollback', who: ['cid'], withinMs: 10 * hour }, startedAt: now, channels: [log], escalation: ['ann', 'bob'], reason: 'data were lost', after, ...change });

  it('a follow-up that is done in time ends without a word to anybody else', async () => {
    const now = await environment.currentTimeMs();
    const handle = await start('followUp', followUp({}, now));
    await later(handle.workflowId, 6 * hour, 'done', { by: 'cid', reason: 'docs/post-mortem.md' });
    expect(await handle.result()).toEqual({ doneBy: 'cid', late: false, note: 'docs/post-mortem.md' });
    expect(said(now, hour)).toEqual([['follow-up', 'cid', 0], ['follow-up-reminder', 'cid', 5], ['follow-up-done', '', 6]]);
    expect(await handle.query<WorkView>('work')).toMatchObject({ state: 'done', doneBy: 'cid', note: 'docs/post-mortem.md' });
  });

  it('a late follow-up walks the path until it is done, and the path hears of it', async () => {
    const now = await environment.currentTimeMs();
    const handle = await start('followUp', followUp({}, now));
    await later(handle.workflowId, 9 * hour, 'done', { reason: 'nobody says so' });
    await later(handle.workflowId, 11 * hour, 'done', { by: 'cid' });
    expect(await handle.result()).toMatchObject({ doneBy: 'cid', late: true });
    expect(said(now, hour)).toEqual([['follow-up', 'cid', 0], ['follow-up-reminder', 'cid', 5], ['follow-up-reminder', 'cid', 8], ['follow-up-late', 'cid,ann', 10], ['follow-up-done', 'ann,bob', 11]]);
  });

  it('a follow-up that a rollout of 0.1.0 began goes on as it began', async () => {
    const now = await environment.currentTimeMs();
    const { after: _after, ...old } = followUp({}, now);
    const handle = await start('followUp', old);
    await later(handle.workflowId, 20 * hour, 'done', { by: 'cid' });
    await environment.sleep(21 * hour);
    expect(said(now, hour).map(([topic, to, at]) => [topic, to, at])).toEqual([['follow-up', 'cid', 0], ['follow-up-reminder-0.5', 'cid', 5], ['follow-up-reminder-0.8', 'cid', 8], ['follow-up-late', 'ann', 10], ['follow-up-late', 'bob', 10]]);
  });

  const todo: Review = { id: 'reviews/month', title: 'Month', tasks: ['Read the log', 'Adjust the thresholds'], who: ['cid'], every: 'week', firstAfterDays: 7, at: '09:00', times: null, remindAfterMs: day };

  it('a review waits to be done: it reminds twice, is late after thrice the time, and walks the path', async () => {
    const now = await environment.currentTimeMs();
    const handle = await start('review', { rollout: 'hotline', review: todo, channels: [log], after });
    await later(handle.workflowId, 4 * day, 'done', { by: 'cid', reason: 'thresholds are as they were' });
    expect(await handle.result()).toEqual({ doneBy: 'cid', late: true, note: 'thresholds are as they were' });
    expect(said(now, day)).toEqual([['review', 'cid', 0], ['review-reminder', 'cid', 1], ['review-reminder', 'cid', 2], ['review-late', 'cid,ann', 3], ['review-late', 'bob', 3.1], ['review-done', 'ann,bob', 4]]);
    expect(told[0]!.message.body).toBe('- Read the log\n- Adjust the thresholds\nwhen it is done: tidegate done hotline month -m NOTE');
    expect(await handle.query<WorkView>('work')).toMatchObject({ kind: 'review', state: 'done-late', doneBy: 'cid', tasks: todo.tasks });
  });

  it('a review that is not done when the next one comes is missed, and everybody is told', async () => {
    const now = await environment.currentTimeMs();
    const handle = await start('review', { rollout: 'hotline', review: { ...todo, remindAfterMs: 3 * day }, channels: [log], after });
    await environment.sleep(7 * day);
    await handle.cancel();
    expect(await handle.result()).toEqual({ doneBy: null, late: true, note: '' });
    expect(said(now, day).map(([topic, to]) => [topic, to])).toEqual([['review', 'cid'], ['review-reminder', 'cid'], ['review-reminder', 'cid'], ['review-late', 'cid,ann,bob']]);
    expect(told.at(-1)!.message.title).toBe('hotline: Month is MISSED: the next one begins');
    expect(await handle.query<WorkView>('work')).toMatchObject({ state: 'missed', doneBy: null });
  });

  it('a missed review does not keep the next one waiting for a channel that is down', async () => {
    const handle = await start('review', { rollout: 'hotline', review: todo, channels: [log], after });
    const down = ({ items }: NotifyInput): NotifyResult['failed'] => [{ key: items[0]!.message.key, channels: [log], why: 'down', final: false, retryAfterMs: null }];
    await environment.sleep(hour);
    failures = Array.from({ length: 50 }, () => down);
    const before = await environment.currentTimeMs();
    await handle.cancel();
    await handle.result();
    expect((await handle.describe()).closeTime!.getTime() - before).toBeLessThan(2 * minute);
  });

  it('a review that a rollout of 0.1.0 scheduled only tells', async () => {
    const { remindAfterMs: _remind, ...old } = todo;
    const handle = await start('review', { rollout: 'hotline', review: old, channels: [log] });
    expect(await handle.result()).toBeUndefined();
    expect(told.map(({ message }) => [message.topic, message.title])).toEqual([['review', 'hotline: Month']]);
  });
});
