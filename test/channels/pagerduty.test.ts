// PagerDuty against a server written from its public documentation: what pages and what does not, that repetitions collapse and ends resolve, and
// everything that PagerDuty or what stands before it can answer.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPagerDuty } from '../../src/channels/pagerduty.js';
import type { Message } from '../../src/channels/port.js';
import { createHttpClient } from '../../src/http/client.js';
import type { ChannelRef, JsonValue } from '../../src/plan/types.js';
import { routingKey, startPagerDuty, type PagerDutyStandIn } from '../servers/pagerduty.js';
import type { Fault } from '../servers/stand-in.js';
import { channelConformance, message } from './conformance.js';
import { exampleIsSound } from './page.js';

const provider = createPagerDuty({ http: createHttpClient(), now: () => message().at });
const live = (): AbortSignal => new AbortController().signal;
const failure = async (call: Promise<unknown>): Promise<Error> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error as Error);

channelConformance('pagerduty', {
  make: async () => {
    const duty = await startPagerDuty();
    const events = (): readonly { readonly summary: string; readonly custom_details: Readonly<Record<string, unknown>> }[] => duty.alerts.flatMap((alert) => alert.events);
    return {
      provider, channel: { provider: 'pagerduty', settings: { 'routing key': routingKey, url: `${duty.origin}/v2` } },
      arrived: () => events().map((event) => [event.summary, ...Object.values(event.custom_details)].join('\n')), keys: () => events().map((event) => String(event.custom_details['key'])),
      deny: async () => duty.always({ status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors: [`routing_key ${routingKey} is invalid`] } }), breakDown: async () => duty.close(), secrets: [routingKey], end: async () => duty.close(),
    };
  },
  wrongSettings: { 'routing key': 'too short' },
});

let duty: PagerDutyStandIn;
beforeEach(async () => { duty = await startPagerDuty(); });
afterEach(async () => { await duty.close(); });
const channel = (changes: ChannelRef['settings'] = {}): ChannelRef => ({ provider: 'pagerduty', settings: { 'routing key': routingKey, url: `${duty.origin}/v2/`, ...changes } });
const send = async (said: Partial<Message>, settings: ChannelRef['settings'] = {}, earlier: JsonValue = null): Promise<JsonValue> => (await provider.send(channel(settings), message({ rollout: 'shop', ...said }), live(), earlier)) ?? null;

describe('what pages', () => {
  it.each([['warning', 'warning'], ['critical', 'error'], ['emergency', 'critical']] as const)('%s does, as %s', async (severity, expected) => {
    await send({ severity });
    expect(duty.alerts.map((alert) => [alert.events[0]!.severity, alert.events[0]!.class, alert.events[0]!.timestamp])).toEqual([[expected, 'issue-opened', '2026-11-21T09:15:00.000Z']]);
  });

  it('less than what the channel says does not', async () => {
    await send({ severity: 'warning' }, { from: 'critical' });
    await send({ severity: 'info' });
    expect(duty.asked).toEqual([]);
    await send({ severity: 'critical' }, { from: 'critical' });
    expect(duty.alerts).toHaveLength(1);
  });

  it.each(['stopped', 'amended', 'skipped', 'rolled-back'])("a person's own deed or a good end does not: %s", async (topic) => {
    await send({ severity: 'critical', topic });
    expect(duty.alerts).toEqual([]);
    expect(duty.changes).toHaveLength(1);
  });

  it('an incomplete rollback does, and so does nobody having answered', async () => {
    await send({ key: 'shop/1', severity: 'emergency', topic: 'rollback-incomplete' });
    await send({ key: 'shop/2', severity: 'critical', topic: 'ask-escalated', ask: 'wave-2/approval' });
    await send({ key: 'shop/3', severity: 'critical', topic: 'ask-escalated', ask: 'wave-2/approval' });
    expect(duty.open()).toHaveLength(3);
  });
});

describe('an alert', () => {
  it('is one, however often its message is repeated', async () => {
    duty.faults.push('reset after', 'truncated after');
    for (let attempt = 0; attempt < 2; attempt++) expect(await failure(send({ matter: 'issue-3@17' }))).toMatchObject({ name: 'ChannelUnreachable' });
    await send({ matter: 'issue-3@17' });
    expect(duty.alerts.map((alert) => [alert.status, alert.called])).toEqual([['triggered', 1]]);
  });

  it('is resolved by the message that ends its matter, and by no other', async () => {
    await send({ key: 'shop/1', title: 'errors', matter: 'issue-1@17' });
    await send({ key: 'shop/2', title: 'latency', matter: 'issue-2@18' });
    await send({ key: 'shop/3', severity: 'info', topic: 'issue-ended', ends: ['issue-1@17'] });
    expect(duty.open()).toEqual(['[critical] shop · wave-2: latency']);
    await send({ key: 'shop/9', severity: 'info', topic: 'completed', ends: ['issue-1@17', 'issue-2@18'] });
    expect(duty.open()).toEqual([]);
  });

  it('whose end will not be told is new each time, so that an old one never swallows it', async () => {
    await send({ key: 'shop/1', topic: 'hold' });
    await send({ key: 'shop/2', topic: 'hold' });
    await send({ key: 'shop/1', topic: 'hold', at: message().at + 1 }); // a later rollout with the same id
    expect(duty.open()).toHaveLength(3);
  });

  it('of another rollout is another', async () => {
    await send({ matter: 'issue-1@17' });
    await send({ rollout: 'other', matter: 'issue-1@17' });
    await send({ key: 'shop/3', severity: 'info', topic: 'issue-ended', ends: ['issue-1@17'] });
    expect(duty.open()).toHaveLength(1);
  });

  it('has a key that fits, however long the name', async () => {
    await send({ key: `shop/follow-up/${'x'.repeat(400)}/1`, topic: 'follow-up-late' });
    await send({ key: `shop/follow-up/${'x'.repeat(400)}/2`, topic: 'follow-up-late' });
    expect(duty.open()).toHaveLength(2);
  });

  it('has a summary and details within PagerDuty’s limits', async () => {
    await send({ title: 't'.repeat(3_000), body: 'Größe'.repeat(100_000) });
    expect(String(duty.alerts[0]!.events[0]!.custom_details['body'])).toContain('characters are left out here');
  });
});

describe('what moved', () => {
  it('stands beside the incident as a change, and pages nobody', async () => {
    await send({ severity: 'info', topic: 'phase-moved', title: 'wave-2 has moved' });
    expect(duty.changes.map((change) => change.summary)).toEqual(['[info] shop · wave-2: wave-2 has moved']);
    expect(duty.alerts).toEqual([]);
  });

  it('is sent after what must not be missed, and once', async () => {
    await send({ key: 'shop/1', matter: 'rollback@5', topic: 'rolling-back' });
    duty.faults.push({ status: 500, body: 'down' });
    const over = { key: 'shop/2', severity: 'critical', topic: 'rolled-back', ends: ['rollback@5'] } as const;
    await failure(send(over));
    expect([duty.open().length, duty.changes.length]).toEqual([1, 0]);
    await send(over);
    expect([duty.open().length, duty.changes.length]).toEqual([0, 1]);
  });

  it('is not sent where the channel says no, nor to a key that takes none', async () => {
    await send({ severity: 'info', topic: 'moved' }, { changes: 'no' });
    await send({ severity: 'info', topic: 'moved' }, { 'routing key': `R${routingKey.slice(1)}` });
    expect(duty.asked).toEqual([]);
  });
});

describe('a question', () => {
  const ask = (changes: Partial<Message> = {}): Partial<Message> => ({ key: 'shop/5', severity: 'ask', topic: 'ask', ask: 'wave-2/approval', title: 'May wave-2 move?', answers: { options: ['approve', 'reject'], healthy: 'approve', from: ['ann'], needs: 1, withinMs: null }, ...changes });

  it('pages nobody unless the channel says so', async () => {
    expect(await send(ask())).toBeNull();
    expect(duty.asked).toEqual([]);
  });

  it('that pages is one alert until it has ended, and open again when an answer is withdrawn', async () => {
    const settings = { asks: 'page' };
    const receipt = await send(ask(), settings);
    const reminded = await send(ask({ key: 'shop/6', topic: 'ask-reminder' }), settings, receipt);
    expect(duty.alerts.map((alert) => [alert.called, alert.events[0]!.severity, alert.events[0]!.custom_details['answer']])).toEqual([[1, 'info', 'tidegate answer shop wave-2/approval approve|reject --as ann']]);
    const ended = await send(ask({ key: 'shop/8', topic: 'ask-ended', answers: null }), settings, reminded);
    expect(duty.open()).toEqual([]);
    await send(ask({ key: 'shop/7', topic: 'ask-progress' }), settings, ended); // overtaken
    expect(duty.open()).toEqual([]);
    await send(ask({ key: 'shop/9', topic: 'ask-progress' }), settings, ended);
    expect(duty.open()).toHaveLength(1);
    expect(JSON.stringify(ended)).not.toContain(routingKey);
  });
});

describe('what PagerDuty answers', () => {
  it('400 is a no, with its words and without the key', async () => {
    const error = await failure(send({}, { 'routing key': 'f'.repeat(32) }));
    expect(error).toMatchObject({ name: 'ChannelRefused', code: 'PAGERDUTY_REFUSED', transient: false, message: expect.stringContaining('Event object is invalid; routing_key *** is invalid') });
    expect(String(error)).not.toContain('f'.repeat(32));
  });

  it('429 is waited for', async () => {
    duty.faults.push({ status: 429, headers: { 'retry-after': '90' }, body: { status: 'throttle exceeded' } });
    expect(await failure(send({}))).toMatchObject({ name: 'ChannelUnreachable', retryAfterMs: 90_000 });
  });

  const BROKEN: readonly Fault[] = ['html', 'html 502', 'reset before', 'reset after', 'truncated after', { status: 500, body: 'x' }, { status: 200, body: { status: 'success' } }, { status: 202, body: 'accepted' }, { status: 302, headers: { location: 'https://sign-in.example/' }, body: '' }];
  it.each(BROKEN)('%o may pass, and is not taken for a yes', async (fault) => {
    duty.faults.push(fault);
    expect(await failure(send({}))).toMatchObject({ name: 'ChannelUnreachable', code: 'PAGERDUTY_UNREACHABLE', transient: true });
  });

  it('silence is given up when the caller does', async () => {
    duty.faults.push('hang before');
    const abort = new AbortController();
    const sending = failure(provider.send(channel(), message(), abort.signal));
    await expect.poll(() => duty.asked.length).toBe(1);
    abort.abort();
    expect(await sending).toMatchObject({ name: 'ChannelUnreachable' });
  });
});

it('the settings of the page are sound in a plan, and a key that is written out is not', () => {
  exampleIsSound('pagerduty');
  expect(provider.check({ provider: 'pagerduty', settings: { 'routing key': '${env:PD}', url: '${env:PD_URL}' } })).toEqual([]);
});
