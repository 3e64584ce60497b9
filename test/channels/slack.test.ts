// Slack against a server written from its public documentation: both ways in through the conformance suite, the life of an ask as one message, and
// everything Slack or what stands before it can answer.
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notify } from '../../activities/notify.js';
import type { Ports } from '../../activities/ports.js';
import type { NotifyInput, NotifyResult } from '../../activities/types.js';
import type { Message } from '../../src/channels/port.js';
import { createSlack } from '../../src/channels/slack.js';
import { createHttpClient } from '../../src/http/client.js';
import type { ChannelRef, JsonValue } from '../../src/plan/types.js';
import { buttonsOf, readable, slackToken, startSlack, type SlackStandIn } from '../servers/slack.js';
import type { Fault } from '../servers/stand-in.js';
import { channelConformance, message, type ChannelWorld } from './conformance.js';
import { exampleIsSound } from './page.js';

const live = (): AbortSignal => new AbortController().signal;
const failure = async (call: Promise<unknown>): Promise<Error> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error as Error);
const AT = message().at;
const provider = (now = AT): ReturnType<typeof createSlack> => createSlack({ http: createHttpClient(), now: () => now });

async function world(slack: SlackStandIn, settings: ChannelRef['settings'], key: (index: number) => string | null, deny: Fault, secrets: readonly string[]): Promise<ChannelWorld> {
  return {
    provider: provider(), channel: { provider: 'slack', settings }, arrived: () => slack.messages.map(readable), keys: () => slack.messages.map((_, index) => key(index)),
    deny: async () => slack.always(deny), breakDown: async () => slack.close(), secrets, end: async () => slack.close(),
  };
}
channelConformance('slack by a bot token', {
  make: async () => { const slack = await startSlack(); return world(slack, { token: slackToken, channel: 'C0PAYMENTS', url: `${slack.origin}/api`, people: { commander: 'U0CMD001' } }, (index) => String(slack.messages[index]?.metadata?.event_payload['key']), { status: 200, body: { ok: false, error: 'invalid_auth', token: slackToken } }, [slackToken]); },
  wrongSettings: { token: '${env:SLACK_TOKEN}', channel: 'not a channel' }, longest: 2_800,
});
channelConformance('slack by an incoming webhook', {
  make: async () => { const slack = await startSlack(); return world(slack, { webhook: `${slack.origin}${slack.webhookPath}` }, (index) => /^(\S+\/\d+) · /m.exec(readable(slack.messages[index]!))?.[1] ?? null, { status: 404, body: `no_service ${slack.webhookPath}` }, ['secretWEBHOOKpart', 'B0HOOK']); },
  wrongSettings: { webhook: 'hooks.slack.com' }, longest: 2_800,
});

let slack: SlackStandIn;
beforeEach(async () => { slack = await startSlack(); });
afterEach(async () => { await slack.close(); });

const bot = (changes: ChannelRef['settings'] = {}): ChannelRef => ({ provider: 'slack', settings: { token: slackToken, channel: 'C0PAYMENTS', url: `${slack.origin}/api`, ...changes } });
const hook = (): ChannelRef => ({ provider: 'slack', settings: { webhook: `${slack.origin}${slack.webhookPath}` } });
const send = async (said: Message, earlier: JsonValue = null, channel = bot(), now = said.at): Promise<JsonValue> => (await provider(now).send(channel, said, live(), earlier)) ?? null;

const ANSWERS = { options: ['approve', 'reject'], healthy: 'approve', from: ['ann', 'bob'], needs: 2, withinMs: null } as const;
const ask = (changes: Partial<Message> = {}): Message => message({ key: 'shop/5', rollout: 'shop', severity: 'ask', topic: 'ask', title: 'May wave-2 move?', body: 'answer: approve | reject  (ask wave-2/approval)', to: ['ann', 'bob'], ask: 'wave-2/approval', answers: ANSWERS, ...changes });

describe('an ask in Slack', () => {
  it('has a button for each answer, which carries all that an answer needs', async () => {
    await send(ask());
    expect(buttonsOf(slack.messages[0]!).map(({ action_id, value, style, text }) => [action_id, JSON.parse(value), style, text.text])).toEqual([
      ['tidegate/answer/0', { rollout: 'shop', ask: 'wave-2/approval', value: 'approve' }, 'primary', 'approve'],
      ['tidegate/answer/1', { rollout: 'shop', ask: 'wave-2/approval', value: 'reject' }, undefined, 'reject'],
    ]);
  });

  const NONE: readonly [string, Partial<Message>][] = [
    ['a number is asked for', { answers: { ...ANSWERS, options: ['number', 'unknown'] } }],
    ['there are more than five answers', { answers: { ...ANSWERS, options: ['a', 'b', 'c', 'd', 'e', 'f'] } }],
    ['an answer is longer than a button holds', { answers: { ...ANSWERS, options: ['yes', 'n'.repeat(2_000)] } }],
  ];
  it.each(NONE)('has no buttons when %s', async (_, changes) => {
    await send(ask(changes));
    expect(buttonsOf(slack.messages[0]!)).toEqual([]);
    expect(readable(slack.messages[0]!)).toContain('answer: approve | reject  (ask wave-2/approval)');
  });

  it('has no button for an answer that is only taken with a reason', async () => {
    await send(ask({ answers: { ...ANSWERS, options: ['yes', 'no', 'not-applicable'] } }));
    expect(buttonsOf(slack.messages[0]!).map((one) => one.text.text)).toEqual(['yes', 'no']);
  });

  it('is one message that changes: votes are seen, and what has ended can no longer be pressed', async () => {
    const asked = await send(ask());
    const voted = await send(ask({ key: 'shop/7', topic: 'ask-progress', title: 'May wave-2 move? — 1 more needed', body: 'ann: approve' }), asked);
    expect(slack.messages).toHaveLength(1);
    expect(readable(slack.messages[0]!)).toMatch(/1 more needed[\s\S]*ann: approve/);
    expect(buttonsOf(slack.messages[0]!)).toHaveLength(2);
    await send(ask({ key: 'shop/9', topic: 'ask-ended', title: 'May wave-2 move? — approve', body: 'ann: approve\nbob: approve', answers: null }), voted);
    expect(slack.messages).toHaveLength(1);
    expect(readable(slack.messages[0]!)).toContain('bob: approve');
    expect(buttonsOf(slack.messages[0]!)).toEqual([]);
  });

  it('gets its buttons back when somebody withdraws an answer', async () => {
    const ended = await send(ask({ key: 'shop/9', topic: 'ask-ended', title: 'May wave-2 move? — approve', answers: null }), await send(ask()));
    expect(buttonsOf(slack.messages[0]!)).toEqual([]);
    await send(ask({ key: 'shop/11', topic: 'ask-progress', title: 'May wave-2 move? — 1 more needed' }), ended);
    expect(buttonsOf(slack.messages[0]!)).toHaveLength(2);
  });

  it('that has ended gets no buttons back from an edit that was overtaken', async () => {
    const ended = await send(ask({ key: 'shop/9', topic: 'ask-ended', title: 'May wave-2 move? — approve', answers: null }), await send(ask()));
    const before = slack.asked.length;
    await send(ask({ key: 'shop/7', topic: 'ask-progress', title: 'May wave-2 move? — 1 more needed' }), ended);
    expect(slack.asked).toHaveLength(before);
    expect(buttonsOf(slack.messages[0]!)).toEqual([]);
  });

  it('is changed in the order in which it was told, also when two changes leave at once', async () => {
    const asked = await send(ask());
    const one = provider();
    slack.faults.push('truncated after');
    const results = await Promise.allSettled([
      one.send(bot(), ask({ key: 'shop/7', topic: 'ask-progress', title: 'one more' }), live(), asked),
      one.send(bot(), ask({ key: 'shop/8', topic: 'ask-ended', title: 'ended', answers: null }), live(), asked),
    ]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled']);
    expect(slack.asked.map((request) => (JSON.parse(request.body) as { text: string }).text.split(': ')[1])).toEqual(['May wave-2 move?', 'one more', 'ended']);
    expect(buttonsOf(slack.messages[0]!)).toEqual([]);
  });

  it('is reminded of, and escalated, in its thread and in the channel, and stays the message that changes', async () => {
    const asked = await send(ask());
    expect(await send(ask({ key: 'shop/6', topic: 'ask-reminder', title: 'still waiting: May wave-2 move?' }), asked)).toBeNull();
    expect(await send(ask({ key: 'shop/8', severity: 'critical', topic: 'ask-escalated', title: 'nobody answered in time', to: ['carl'], answers: null }), asked)).toBeNull();
    const [question, ...told] = slack.messages;
    expect(told.map((one) => [one.threadTs, one.broadcast, buttonsOf(one).length])).toEqual([[question!.ts, true, 0], [question!.ts, true, 0]]);
    expect(question!.edits).toBe(0);
  });

  it('whose message somebody deleted is still reminded of, in the channel', async () => {
    const asked = await send(ask());
    slack.remove(slack.messages[0]!.ts);
    await send(ask({ key: 'shop/6', topic: 'ask-reminder', title: 'still waiting' }), asked);
    expect(slack.messages.map((one) => [one.threadTs, one.text.includes('still waiting')])).toEqual([[null, true]]);
    expect(await failure(send(ask({ key: 'shop/9', topic: 'ask-ended', title: 'ended', answers: null }), asked))).toMatchObject({ name: 'SlackRefused', code: 'SLACK_MESSAGE_GONE', transient: false });
  });

  it('is changed nowhere when nothing is known of its message', async () => {
    for (const earlier of [null, 'x', {}, { channel: 'C0PAYMENTS', ts: 1, shows: 2 }] as readonly JsonValue[]) expect(await send(ask({ topic: 'ask-ended', answers: null }), earlier)).toBeNull();
    expect(slack.asked).toEqual([]);
  });

  it('gives a receipt without secrets that fits the port, and no other message does', async () => {
    const receipt = await send(ask());
    expect(JSON.stringify(receipt).length).toBeLessThan(1_024);
    expect(JSON.stringify(receipt)).not.toContain(slackToken);
    expect(receipt).toEqual({ channel: 'C0PAYMENTS', ts: slack.messages[0]!.ts, shows: 5 });
    expect(await send(message({ key: 'shop/12' }))).toBeNull();
  });
});

describe('an ask in Slack, told by the worker', () => {
  it('changes by what the workflow keeps of it, which holds no secret', async () => {
    const { token: _, ...rest } = bot().settings;
    const channel: ChannelRef = { provider: 'slack', settings: { ...rest, token: '${env:SLACK_TOKEN}' } };
    const activity = notify({ env: { SLACK_TOKEN: slackToken }, channel: () => provider(), meters: { observeMessage: () => undefined } } as unknown as Ports);
    const tell = (input: NotifyInput): Promise<NotifyResult> => new MockActivityEnvironment().run(activity, input);
    const asked = await tell({ items: [{ message: ask(), channels: [channel] }] });
    expect([asked.failed, asked.receipts?.map((one) => one.ask)]).toEqual([[], ['wave-2/approval']]);
    expect(JSON.stringify(asked)).not.toContain(slackToken);
    const earlier = Object.fromEntries(asked.receipts!.map((one) => [one.channel, one.receipt]));
    await tell({ items: [{ message: ask({ key: 'shop/9', topic: 'ask-ended', title: 'May wave-2 move? — approve', answers: null }), channels: [channel], earlier }] });
    expect(slack.messages.map((one) => [one.edits, buttonsOf(one).length])).toEqual([[1, 0]]);
  });
});

describe('a message in Slack', () => {
  it('mentions whom the channel knows, and names the others', async () => {
    await send(message({ to: ['ann', 'bob', 'constructor'] }), null, bot({ people: { ann: 'U0ANN0001' } }));
    expect(slack.messages[0]!.blocks.map((block) => block.text?.text)).toContain('to ann <@U0ANN0001>, bob, constructor');
  });

  it('can mention nobody and link nowhere by words that came from elsewhere', async () => {
    await send(message({ title: '<!channel> a & b < c', body: '<@U0ANN0001> <https://evil.example|sign in> \u001b[31mred', to: ['<!here>'] }));
    const [one] = slack.messages;
    for (const text of [one!.text, ...one!.blocks.map((block) => block.text?.text ?? '')]) expect(text).not.toMatch(/<|\u001b/);
    expect(one!.text).toContain('&lt;!channel&gt; a &amp; b &lt; c');
    expect(one!.blocks.every((block) => block.type !== 'section' || (block.text as { verbatim?: boolean }).verbatim === true)).toBe(true);
  });

  it('that is too long keeps its beginning and its end, within every limit, and says how much is left out', async () => {
    await send(message({ title: 't'.repeat(5_000), body: `first line\n${'<&>😀 and so on\n'.repeat(9_000)}last line`, to: Array.from({ length: 500 }, (_, index) => `person-${index}`) }));
    await send(message({ body: '"\n&'.repeat(30_000) }));
    const [one] = slack.messages;
    expect(readable(one!)).toMatch(/to person-0, person-1, .* and \d+ more/);
    expect(readable(one!)).toMatch(/first line[\s\S]*… [\d,]+ characters are left out here …[\s\S]*last line/);
  });

  it('of eight thousand characters arrives whole', async () => {
    const body = Array.from({ length: 380 }, (_, index) => `line ${index} of a table`).join('\n');
    expect(body.length).toBeGreaterThan(7_400);
    await send(message({ body }));
    const sections = slack.messages[0]!.blocks.filter((block) => block.type === 'section').map((block) => block.text!.text);
    expect(sections.slice(1, -1).join('\n')).toBe(body);
    expect(sections.length).toBeGreaterThan(4);
  });

  it('is cut neither inside an escape nor inside a character', async () => {
    for (let shift = 0; shift < 15; shift++) await send(message({ body: `${'|'.repeat(shift)}${'&<😀>'.repeat(500)}` }));
    const sections = slack.messages.flatMap((one) => one.blocks.flatMap((block) => (block.type === 'section' ? [block.text!.text] : [])));
    expect(sections.length).toBeGreaterThan(60);
    for (const text of sections) expect(text).not.toMatch(/&(?!amp;|lt;|gt;)|^[a-z]{0,3};|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/);
  });

  it('has a plain text for notifications and screen readers', async () => {
    await send(message());
    expect(slack.messages[0]!.text).toBe('[critical] batch-patches-v1 · wave-2: error rate 12 % is above 10 %');
  });

  it('leaves in the order in which it was told', async () => {
    const one = provider();
    slack.faults.push('truncated after');
    await Promise.allSettled(Array.from({ length: 8 }, (_, index) => one.send(bot(), message({ key: `shop/${index}` }), live())));
    expect(slack.messages.map((said) => said.metadata?.event_payload['key'])).toEqual(Array.from({ length: 8 }, (_, index) => `shop/${index}`));
  });
});

describe('a message whose first attempt ended nobody knows how', () => {
  for (const fault of ['hang after', 'reset after', 'truncated after'] as const) {
    it(`(${fault}) is found by its key and not told twice`, async () => {
      slack.faults.push(fault);
      const said = ask({ at: Date.now() });
      const abort = new AbortController();
      const first = failure(provider(said.at).send(bot(), said, abort.signal));
      if (fault === 'hang after') { await expect.poll(() => slack.messages.length).toBe(1); abort.abort(); }
      expect(await first).toMatchObject({ name: 'ChannelUnreachable', transient: true });
      expect(await send(said, null, bot(), said.at + 2_100)).toEqual({ channel: 'C0PAYMENTS', ts: slack.messages[0]!.ts, shows: 5 });
      expect(slack.messages).toHaveLength(1);
    });
  }

  it('is found in the thread of its question too', async () => {
    const at = Date.now();
    const asked = await send(ask({ at }));
    slack.faults.push('reset after');
    const reminder = ask({ key: 'shop/6', topic: 'ask-reminder', title: 'still waiting', at });
    await failure(send(reminder, asked));
    await send(reminder, asked, bot(), at + 2_100);
    expect(slack.messages).toHaveLength(2);
  });

  it('is told when it had not arrived', async () => {
    slack.faults.push('reset before');
    const said = message({ at: Date.now() });
    await failure(send(said));
    await send(said, null, bot(), said.at + 2_100);
    expect(slack.messages).toHaveLength(1);
  });

  it('is told again where the app may not read the history: twice is better than never', async () => {
    slack.scopes.delete('channels:history');
    slack.faults.push('reset after');
    const said = message({ at: Date.now() });
    await failure(send(said));
    await send(said, null, bot(), said.at + 2_100);
    expect(slack.messages).toHaveLength(2);
  });

  it('is told when the history cannot be read just now', async () => {
    slack.faults.push({ status: 429, headers: { 'retry-after': '60' }, body: { ok: false, error: 'ratelimited' } });
    const said = message({ at: Date.now() });
    await send(said, null, bot(), said.at + 2_100);
    expect(slack.messages).toHaveLength(1);
  });
});

describe('what Slack answers', () => {
  const FINAL: readonly [string, string][] = [
    ['invalid_auth', 'SLACK_LOGIN_REFUSED'], ['token_revoked', 'SLACK_LOGIN_REFUSED'], ['account_inactive', 'SLACK_LOGIN_REFUSED'], ['missing_scope', 'SLACK_NO_RIGHT'],
    ['channel_not_found', 'SLACK_NO_CHANNEL'], ['not_in_channel', 'SLACK_NO_CHANNEL'], ['is_archived', 'SLACK_NO_CHANNEL'], ['restricted_action', 'SLACK_NOT_ALLOWED'], ['msg_too_long', 'SLACK_REFUSED'], ['invalid_blocks', 'SLACK_REFUSED'],
  ];
  it.each(FINAL)('200 with %s is a no, for good', async (error, code) => {
    slack.faults.push({ status: 200, body: { ok: false, error } });
    expect(await failure(send(message()))).toMatchObject({ name: 'SlackRefused', code, transient: false, message: expect.stringContaining(error) });
  });

  it.each(['ratelimited', 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'a_word_of_tomorrow'])('200 with %s may pass', async (error) => {
    slack.faults.push({ status: 200, body: { ok: false, error } });
    expect(await failure(send(message()))).toMatchObject({ name: 'ChannelUnreachable', transient: true, message: expect.stringContaining(error) });
  });

  it('429 is kept to', async () => {
    slack.faults.push({ status: 429, headers: { 'retry-after': '30' }, body: { ok: false, error: 'ratelimited' } });
    expect(await failure(send(message()))).toMatchObject({ name: 'ChannelUnreachable', retryAfterMs: 30_000 });
    slack.faults.push({ status: 200, headers: { 'retry-after': '7' }, body: { ok: false, error: 'ratelimited' } });
    expect(await failure(send(message()))).toMatchObject({ retryAfterMs: 7_000 });
  });

  const BROKEN: readonly Fault[] = ['html', 'html 502', 'reset before', 'truncated after', { status: 503, body: 'busy' }, { status: 200, body: [] }, { status: 200, body: { ok: 'yes' } }, { status: 302, headers: { location: 'https://sign-in.example/' }, body: '' }];
  it.each(BROKEN)('%o is not Slack, and not taken for a yes', async (fault) => {
    slack.faults.push(fault);
    expect(await failure(send(message()))).toMatchObject({ name: 'ChannelUnreachable', code: 'SLACK_UNREACHABLE' });
  });

  it('403 of what stands before it is a no, in words that tell nothing', async () => {
    slack.faults.push({ status: 403, body: `denied for ${slackToken}` });
    const error = await failure(send(message()));
    expect(error).toMatchObject({ name: 'ChannelRefused', code: 'SLACK_REFUSED' });
    expect(String(error)).not.toContain(slackToken);
  });

  it('real refusals: a foreign, an archived, an unknown channel, a wrong token', async () => {
    slack.channels.set('C0ARCHIVE', { member: true, archived: true }).set('C0FOREIGN', { member: false, archived: false });
    for (const [changes, word] of [[{ channel: 'C0ARCHIVE' }, 'is_archived'], [{ channel: 'C0FOREIGN' }, 'not_in_channel'], [{ channel: 'C0UNKNOWN' }, 'channel_not_found'], [{ token: 'xoxb-wrong' }, 'invalid_auth']] as const) {
      expect(await failure(send(message(), null, bot(changes)))).toMatchObject({ name: 'SlackRefused', message: expect.stringContaining(word) });
    }
  });
});

describe('an incoming webhook of Slack', () => {
  it('takes messages, without buttons that could never be taken away, and no changes', async () => {
    expect(await send(ask(), null, hook())).toBeNull();
    await send(ask({ topic: 'ask-ended', answers: null }), null, hook());
    expect(slack.messages).toHaveLength(1);
    expect(buttonsOf(slack.messages[0]!)).toEqual([]);
    expect(readable(slack.messages[0]!)).toContain('approve | reject');
  });

  const WORDS: readonly [number, string, string][] = [[404, 'no_service', 'SLACK_NO_CHANNEL'], [404, 'channel_not_found', 'SLACK_NO_CHANNEL'], [410, 'channel_is_archived', 'SLACK_NO_CHANNEL'], [403, 'action_prohibited', 'SLACK_NOT_ALLOWED'], [403, 'invalid_token', 'SLACK_LOGIN_REFUSED'], [400, 'invalid_payload', 'SLACK_REFUSED'], [400, 'a_new_word', 'SLACK_REFUSED']];
  it.each(WORDS)('that answers %d %s has refused', async (status, body, code) => {
    slack.faults.push({ status, body });
    expect(await failure(send(message(), null, hook()))).toMatchObject({ transient: false, code });
  });

  it.each<Fault>(['html', { status: 500, body: 'rollup_error' }, { status: 200, body: '' }, 'reset after'])('that answers %o is asked again', async (fault) => {
    slack.faults.push(fault);
    expect(await failure(send(message(), null, hook()))).toMatchObject({ name: 'ChannelUnreachable', transient: true });
  });

  it('that limits is waited for', async () => {
    slack.faults.push({ status: 429, headers: { 'retry-after': '1' }, body: 'rate_limited' });
    expect(await failure(send(message(), null, hook()))).toMatchObject({ retryAfterMs: 1_000 });
  });
});

describe('the settings', () => {
  const check = (settings: ChannelRef['settings']): string => provider().check({ provider: 'slack', settings }).join();
  it('are a token with a channel, or a webhook, and not both', () => {
    for (const settings of [{}, { token: 't' }, { channel: 'C0PAYMENTS' }, { token: 't', channel: 'C0PAYMENTS', webhook: 'https://x' }, { token: 't', webhook: 'https://x' }] as readonly ChannelRef['settings'][]) expect(check(settings)).toContain('give either');
    expect(check({ token: '${env:T}', channel: '${env:C}' })).toBe('');
    expect(check({ webhook: '${env:W}' })).toBe('');
    expect(check({ webhook: '${env:W}', people: { ann: '@ann' } })).toContain('people.ann: a Slack user id is needed');
  });
  it('of the page are sound in a plan', () => { exampleIsSound('slack'); });
});
