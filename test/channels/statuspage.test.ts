// Statuspage against a server written from its public documentation: one incident a rollout from the first bad message to the end, nothing told
// twice, nothing opened late, and everything that Statuspage or what stands before it can answer.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelProvider, Message } from '../../src/channels/port.js';
import { createStatuspage } from '../../src/channels/statuspage.js';
import { createHttpClient } from '../../src/http/client.js';
import type { ChannelRef } from '../../src/plan/types.js';
import { startStatuspage, statuspageToken, type StatuspageStandIn } from '../servers/statuspage.js';
import type { Fault } from '../servers/stand-in.js';
import { channelConformance, message } from './conformance.js';
import { exampleIsSound } from './page.js';

const live = (): AbortSignal => new AbortController().signal;
const failure = async (call: Promise<unknown>): Promise<Error> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error as Error);
const AT = message().at;
/** the pace is tried by one test of its own */
const provider = (now = AT): ChannelProvider => createStatuspage({ http: createHttpClient(), now: () => now }, 0);
const settingsOf = (page: StatuspageStandIn): ChannelRef['settings'] => ({ page: page.page, token: statuspageToken, notify: 'no', url: `${page.origin}/v1` });
const toldBy = (page: StatuspageStandIn): readonly string[] => page.incidents.flatMap((one) => (one.metadata['tidegate'] as { told: string[] }).told);

channelConformance('statuspage', {
  make: async () => {
    const page = await startStatuspage();
    return {
      provider: provider(), channel: { provider: 'statuspage', settings: settingsOf(page) },
      arrived: () => page.incidents.flatMap((one) => one.incident_updates.map((update) => `${one.name}\n${update.body}`)), keys: () => toldBy(page).map((told) => told.split('@')[0]!),
      deny: async () => page.always({ status: 401, body: { error: `Could not authenticate ${statuspageToken}` } }), breakDown: async () => page.close(), secrets: [statuspageToken], end: async () => page.close(),
    };
  },
  wrongSettings: { page: 'kctbh9vrtdwd', token: '${env:T}' }, longest: 20_000,
  excepted: { 'a message arrives with all that people need: severity, rollout, phase, title and body': 'a status page is read by the public: it is told what is wrong, not who was called nor which phase it is; its own test says what arrives' },
});

let page: StatuspageStandIn;
let status: ChannelProvider;
beforeEach(async () => { page = await startStatuspage(); status = provider(); });
afterEach(async () => { await page.close(); });
const send = (said: Partial<Message> = {}, changes: ChannelRef['settings'] = {}, by = status): Promise<unknown> => by.send({ provider: 'statuspage', settings: { ...settingsOf(page), ...changes } }, message({ rollout: 'shop', key: 'shop/1', ...said }), live());
const updates = (): readonly (readonly [string, string])[] => page.incidents.flatMap((one) => one.incident_updates.map((update) => [update.status, update.body.split('\n')[0]!] as const));

describe('an incident', () => {
  it('says what is wrong since when, and nothing about people', async () => {
    await send({}, { name: 'Checkout is slow' });
    expect(page.incidents.map((one) => [one.name, one.status])).toEqual([['Checkout is slow (shop)', 'investigating']]);
    expect(page.incidents[0]!.incident_updates[0]!.body).toBe('error rate 12 % is above 10 %\n\nfor 5 min, 1,204 samples\nlast look 20 s ago\n\n2026-11-21 09:15 UTC');
    expect(JSON.stringify(page.incidents)).not.toContain('commander');
  });

  it('is one for a rollout: opened, updated, resolved', async () => {
    await send({ key: 'shop/1', title: 'errors', matter: 'issue-1@1' });
    await send({ key: 'shop/2', title: 'rolling back', topic: 'rolling-back' });
    await send({ key: 'shop/3', title: 'taken back', topic: 'rolled-back', ends: ['issue-1@1'] });
    expect(page.incidents).toHaveLength(1);
    expect(updates()).toEqual([['investigating', 'errors'], ['identified', 'rolling back'], ['resolved', 'taken back']]);
    expect(page.open()).toEqual([]);
  });

  it('is not over while another issue is open', async () => {
    await send({ key: 'shop/1', matter: 'issue-1@1' });
    await send({ key: 'shop/2', matter: 'issue-2@2' });
    await send({ key: 'shop/3', severity: 'info', topic: 'issue-ended', title: 'one is over', ends: ['issue-1@1'] });
    expect(page.open()).toHaveLength(1);
    await send({ key: 'shop/4', severity: 'info', topic: 'issue-ended', title: 'both are over', ends: ['issue-2@2'] }, {}, provider());
    expect(updates().at(-1)).toEqual(['resolved', 'both are over']);
  });

  it('is opened by nothing less than the channel says, and by nothing that is no user’s business', async () => {
    for (const said of [{ severity: 'warning' }, { severity: 'info', topic: 'moved' }, { topic: 'hold' }, { topic: 'ask-escalated', ask: 'w/1' }, { severity: 'ask', topic: 'ask', ask: 'w/1' }, { topic: 'journal-forked' }, { topic: 'follow-up-late' }] as readonly Partial<Message>[]) await send(said);
    expect(page.asked).toEqual([]);
    await send({ severity: 'warning' }, { from: 'warning' });
    expect(page.incidents).toHaveLength(1);
  });

  it('is not opened by an end', async () => {
    for (const topic of ['completed', 'rolled-back', 'issue-ended']) await send({ topic, severity: 'info' });
    expect(page.incidents).toEqual([]);
  });

  it('of another rollout, or of a person, is let be', async () => {
    await send({ rollout: 'other' });
    page.incidents.push({ id: 'byhand', name: 'DNS trouble', status: 'investigating', metadata: {}, incident_updates: [] });
    await send();
    await send({ key: 'shop/2', topic: 'completed', severity: 'info' });
    expect(page.open().map((one) => one.name)).toEqual(['We are looking into a problem (other)', 'DNS trouble']);
  });

  it('is found by its metadata when a person has renamed it, and by its name when the metadata is gone', async () => {
    await send();
    page.incidents[0]!.name = 'Slow checkout in Europe';
    await send({ key: 'shop/2', topic: 'rolling-back' }, {}, provider());
    page.incidents[0]!.name = 'Slow checkout (shop)';
    page.incidents[0]!.metadata = {};
    await send({ key: 'shop/3', topic: 'rolled-back' }, {}, provider());
    expect(page.incidents).toHaveLength(1);
    expect(page.open()).toEqual([]);
  });

  it('tells subscribers exactly when the plan says so', async () => {
    await send({}, { notify: 'yes' });
    await send({ key: 'shop/2', topic: 'rolling-back' });
    expect(page.incidents[0]!.incident_updates.map((one) => one.deliver_notifications)).toEqual([true, false]);
  });

  it('has the words agreed beforehand, the components and the impact that the plan names', async () => {
    const settings = { texts: { opened: 'We see errors at checkout.', resolved: 'Checkout works again.' }, components: { comp1checkout: 'partial_outage' }, impact: 'major' };
    await send({}, settings);
    expect([...page.components.values(), page.incidents[0]!.impact_override]).toEqual(['partial_outage', 'operational', 'major']);
    await send({ key: 'shop/2', topic: 'rolling-back', title: 'shop is rolling back' }, settings);
    await send({ key: 'shop/3', topic: 'rolled-back' }, settings);
    expect(updates().map(([, text]) => text)).toEqual(['We see errors at checkout.', 'shop is rolling back', 'Checkout works again.']);
    expect([...page.components.values()]).toEqual(['operational', 'operational']);
  });

  it('takes a long body up to its limit', async () => {
    await send({ body: 'x'.repeat(60_000) });
    expect(page.incidents[0]!.incident_updates[0]!.body).toContain('characters are left out here');
  });
});

describe('a message that is repeated', () => {
  it.each(['reset after', 'truncated after'] as const)('after an answer that was lost (%s) opens no second incident and tells nothing twice', async (fault) => {
    for (const [key, topic] of [['shop/1', 'issue-opened'], ['shop/2', 'rolling-back']] as const) {
      page.faults.push(null, fault); // the reading is well, the writing is not
      expect(await failure(send({ key, topic }))).toMatchObject({ name: 'ChannelUnreachable', transient: true });
      await send({ key, topic }, {}, provider());
    }
    expect(page.incidents).toHaveLength(1);
    expect(toldBy(page)).toEqual([`shop/1@${AT}`, `shop/2@${AT}`]);
    expect(updates()).toHaveLength(2);
  });

  it('late, after the trouble is over, opens nothing', async () => {
    await send({ key: 'shop/2', topic: 'issue-ended', severity: 'info', ends: ['issue-1@1'], at: AT + 60_000 });
    await send({ key: 'shop/1', matter: 'issue-1@1' });
    await send({ key: 'shop/9', topic: 'rolled-back', at: AT + 90_000 });
    await send({ key: 'shop/8', topic: 'rolling-back', at: AT + 80_000 });
    expect(page.incidents).toEqual([]);
    await send({ key: 'shop/12', at: AT + 100_000 }); // the next rollout of that name
    expect(page.incidents).toHaveLength(1);
  });

  it('by a later rollout of the same name, with the same key, is another message', async () => {
    await send();
    await send({ at: AT + 1 });
    expect(updates()).toHaveLength(2);
  });
});

describe('a list that lags behind', () => {
  it('opens no second incident, and forgets no issue', async () => {
    await send({ key: 'shop/1', matter: 'issue-1@1' });
    page.lag.requests = 1;
    await send({ key: 'shop/2', matter: 'issue-2@2' });
    expect(page.incidents).toHaveLength(1);
    page.incidents[0]!.metadata = { tidegate: { rollout: 'shop', told: [`shop/1@${AT}`], open: ['issue-1@1'] } }; // as the list still shows it
    await send({ key: 'shop/3', topic: 'issue-ended', severity: 'info', ends: ['issue-1@1'] });
    expect(page.open()).toHaveLength(1);
  });

  it('two messages at once open one incident', async () => {
    await Promise.all([send({ key: 'shop/1' }), send({ key: 'shop/2', topic: 'rolling-back' })]);
    expect(page.incidents).toHaveLength(1);
  });
});

describe('the pace', () => {
  it('is one request a second for a token, whatever the rollout', async () => {
    const paced = createStatuspage({ http: createHttpClient(), now: () => AT });
    await Promise.all([send({ rollout: 'one' }, {}, paced), send({ rollout: 'two' }, {}, paced)]);
    const gaps = page.asked.slice(1).map((one, index) => one.at - page.asked[index]!.at);
    expect(gaps).toHaveLength(3);
    for (const gap of gaps) expect(gap).toBeGreaterThan(500); // a request may be late on its way, by far less than it would be early without a pace
  });

  it('does not hold whoever gives up waiting', async () => {
    const paced = createStatuspage({ http: createHttpClient(), now: () => AT }, 600_000);
    const abort = new AbortController();
    const channel: ChannelRef = { provider: 'statuspage', settings: settingsOf(page) };
    const sending = failure(paced.send(channel, message(), abort.signal));
    await expect.poll(() => page.asked.length).toBe(1);
    abort.abort();
    expect(await sending).toMatchObject({ name: 'ChannelUnreachable' });
    expect(page.incidents).toEqual([]);
  });
});

describe('what Statuspage answers', () => {
  it.each([420, 429])('%d is waited for', async (code) => {
    page.faults.push({ status: code, headers: { 'retry-after': '20' }, body: { error: 'rate limited' } });
    expect(await failure(send())).toMatchObject({ name: 'ChannelUnreachable', retryAfterMs: 20_000 });
  });

  it('401, 404 and 422 are a no, in its words and without the token', async () => {
    const cases = [[{ token: 'wrong-TOKEN-2' }, 'Could not authenticate'], [{ page: 'anotherpage' }, 'Not found'], [{ components: { unknown: 'major_outage' } }, 'Component unknown is not of this page']] as const;
    for (const [changes, words] of cases) {
      const error = await failure(send({}, changes as ChannelRef['settings']));
      expect(error).toMatchObject({ name: 'ChannelRefused', code: 'STATUSPAGE_REFUSED', transient: false, message: expect.stringContaining(words) });
      expect(String(error)).not.toMatch(/TOKEN/);
    }
    expect(page.incidents).toEqual([]);
  });

  const BROKEN: readonly Fault[] = ['html', 'html 502', 'reset before', { status: 500, body: 'x' }, { status: 200, body: { incidents: [] } }, { status: 302, headers: { location: 'https://sign-in.example/' }, body: '' }];
  it.each(BROKEN)('%o may pass, and is not taken for an empty list', async (fault) => {
    page.faults.push(fault);
    expect(await failure(send())).toMatchObject({ name: 'ChannelUnreachable', code: 'STATUSPAGE_UNREACHABLE' });
    expect(page.incidents).toEqual([]);
  });
});

describe('the settings', () => {
  const check = (settings: ChannelRef['settings']): string => status.check({ provider: 'statuspage', settings }).join();
  it('are refused without a word on whether subscribers are told', () => {
    expect(check({ page: 'kctbh9vrtdwd', token: '${env:T}' })).toContain('notify');
    expect(check({ page: '${env:PAGE}', token: '${env:T}', notify: 'yes' })).toBe('');
    expect(check({ page: 'kctbh9vrtdwd', token: '${env:T}', notify: 'no', components: { a: 'operational' } })).toContain('components.a');
  });
  it('of the page are sound in a plan', () => { exampleIsSound('statuspage'); });
});
