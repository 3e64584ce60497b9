// Messages to a Slack channel. With a bot token the message of an ask is edited as the ask goes on; with an incoming webhook messages only go out.
// How a message looks: slack-blocks.ts. Calls and error words: slack-api.ts. Manual: docs/providers/slack.md.
import { z } from 'zod';
import type { HttpClient } from '../http/client.js';
import type { JsonValue } from '../plan/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import { accepted, LIMIT_MS, unreachable, type Receiver } from './http-answer.js';
import type { ChannelProvider, Message } from './port.js';
import { address, parsedSettings, peopleAs, problemsOf, textLike } from './settings.js';
import { callSlack, refusal, SlackRefused, type SlackApi } from './slack-api.js';
import { shown } from './slack-blocks.js';
import { createTurns } from './turns.js';

const settingsSchema = z.strictObject({
  /** of a bot, with a channel */
  token: z.string().min(1).optional(),
  channel: textLike(/^([CGDUW][A-Z0-9]{5,}|#[^\s#]+)$/, "the id of a channel is needed, e.g. 'C0123456789' (in Slack: the channel's details, at the end)").optional(),
  /** or the address of an incoming webhook */
  webhook: address.optional(),
  /** person of the plan → Slack user id */
  people: peopleAs(textLike(/^[UW][A-Z0-9]{5,}$/, "a Slack user id is needed, e.g. 'U0123456789' (in Slack: profile, copy member ID)")),
  /** of the Web API */
  url: address.default('https://slack.com/api'),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = {
  settings: settingsSchema, shorthand: 'webhook', contact: 'slack',
  check: (given) => {
    const { token, channel, webhook } = given as unknown as Settings;
    const bot = token !== undefined && channel !== undefined;
    return bot === (webhook !== undefined) || (webhook !== undefined && (token !== undefined || channel !== undefined)) ? ['give either a bot’s token with a channel, or the address of an incoming webhook'] : [];
  },
};

/** The message that stands for an ask: what it takes to change it, and which of our messages it shows. */
interface Receipt { readonly channel: string; readonly ts: string; readonly shows: number }

export interface SlackDeps { readonly http: HttpClient; readonly now: () => number }

export function createSlack({ http, now }: SlackDeps): ChannelProvider {
  // people read from top to bottom, and an ask that has ended must not get its buttons back from an edit that was overtaken
  const turns = createTurns();
  return {
    name: 'slack',
    check: (channel) => problemsOf(schema, channel.settings),
    async send(channel, message, signal, earlier = null) {
      const settings = parsedSettings(schema, settingsSchema, channel);
      if (settings.webhook !== undefined) {
        const url = settings.webhook;
        return turns(url, () => post(http, now, { ...settings, webhook: url }, message, signal));
      }
      const [token, place] = [settings.token as string, settings.channel as string];
      return turns(`${token} ${place}`, () => tell({ http, now, url: settings.url, token, signal }, place, settings.people, message, receiptOf(earlier)));
    },
  };
}

async function tell(api: SlackApi, place: string, people: Settings['people'], message: Message, receipt: Receipt | null): Promise<JsonValue | void> {
  const said = { ...shown(message, { people, buttons: message.topic !== 'ask-reminder' || receipt === null }), metadata: { event_type: 'tidegate_message', event_payload: { key: message.key, rollout: message.rollout, topic: message.topic } } };
  if (message.topic === 'ask-progress' || message.topic === 'ask-ended') {
    if (receipt === null || receipt.shows > sequence(message)) return; // nothing to change, or it shows what came later
    await callSlack(api, 'chat.update', { channel: receipt.channel, ts: receipt.ts, ...said });
    return { ...receipt, shows: sequence(message) };
  }
  const thread = message.ask === null ? null : receipt;
  const sent = await alreadySent(api, place, thread, message) ?? await postMessage(api, { channel: place, ...said, unfurl_links: false, unfurl_media: false }, thread);
  // A reminder or an escalation stands in the thread of the question, which stays the message to be changed; an escalation is none.
  if (message.ask !== null && message.answers !== null && thread === null && sent.ts !== '') return { ...sent, shows: sequence(message) };
}

type Place = Omit<Receipt, 'shows'>;

async function postMessage(api: SlackApi, said: Readonly<Record<string, JsonValue>>, thread: Receipt | null): Promise<Place> {
  const post = async (more: Readonly<Record<string, JsonValue>>): Promise<Place> => placeOf(await callSlack(api, 'chat.postMessage', { ...said, ...more }), String(said['channel']));
  if (thread === null) return post({});
  try { return await post({ channel: thread.channel, thread_ts: thread.ts, reply_broadcast: true }); } catch (error) {
    // Somebody deleted the question or locked its thread: what must be noticed is told in the channel instead.
    if (error instanceof SlackRefused && NO_THREAD.includes(error.word)) return post({});
    throw error;
  }
}
const NO_THREAD = ['thread_not_found', 'message_not_found', 'cannot_reply_to_message', 'restricted_action_thread_locked', 'restricted_action_non_threadable_channel'];

/**
 * Slack knows no idempotency key: an attempt whose outcome is unknown may have been posted. A message that is not new is looked for by its key
 * first, where the app may read the history; where it may not, a second copy is better than none.
 */
async function alreadySent(api: SlackApi, place: string, thread: Receipt | null, message: Message): Promise<Place | null> {
  if (api.now() - message.at < NEW_MS) return null;
  const from = { channel: thread?.channel ?? place, oldest: String(Math.floor(message.at / 1_000) - 60), limit: 200, include_all_metadata: true };
  const [method, what] = thread === null ? ['conversations.history', from] : ['conversations.replies', { ...from, ts: thread.ts }];
  // not to be had is no reason to be silent
  const { messages } = await callSlack(api, method, what, 3_000).catch((): Readonly<Record<string, unknown>> => ({}));
  const found = (Array.isArray(messages) ? (messages as readonly SlackMessage[]) : []).find((one) => one?.metadata?.event_type === 'tidegate_message' && one.metadata.event_payload?.key === message.key);
  return typeof found?.ts === 'string' ? { channel: from.channel, ts: found.ts } : null;
}
interface SlackMessage { readonly ts?: unknown; readonly metadata?: { readonly event_type?: unknown; readonly event_payload?: { readonly key?: unknown } } }
/** A first attempt leaves at once, a second one two seconds later at the earliest. */
const NEW_MS = 1_500;

function placeOf(said: Readonly<Record<string, unknown>>, otherwise: string): Place { return { channel: typeof said['channel'] === 'string' ? said['channel'] : otherwise, ts: typeof said['ts'] === 'string' ? said['ts'] : '' }; }

function receiptOf(earlier: JsonValue): Receipt | null {
  const { channel, ts, shows } = (typeof earlier === 'object' && earlier !== null ? earlier : {}) as Partial<Receipt>;
  return typeof channel === 'string' && typeof ts === 'string' && typeof shows === 'number' ? { channel, ts, shows } : null;
}

/** Messages of a rollout are numbered in the order in which they were said. */
const sequence = (message: Message): number => Number(/\/(\d+)$/.exec(message.key)?.[1] ?? 0);

/** An incoming webhook answers in plain words. No buttons: they could never be taken away. */
async function post(http: HttpClient, now: () => number, settings: Settings & { readonly webhook: string }, message: Message, signal: AbortSignal): Promise<void> {
  if (message.topic === 'ask-progress' || message.topic === 'ask-ended') return;
  const outcome = await http.send({
    url: settings.webhook, method: 'POST', contentType: 'application/json; charset=utf-8', accept: '*/*', body: JSON.stringify(shown(message, { people: settings.people, buttons: false })),
    timeLimitMs: LIMIT_MS, redirects: 0, secretPath: true, maxBytes: 64 * 1024,
  }, signal);
  const receiver: Receiver = { code: 'SLACK', where: `Slack webhook ${outcome.address}`, now, todo: 'Make a new incoming webhook for a channel that exists, and give its address.' };
  const no = outcome.kind === 'answer' && outcome.status >= 400 && outcome.status < 500 ? refusal(outcome.text.trim(), receiver.where) : null;
  if (no !== null) throw no;
  if (accepted(outcome, receiver).text.trim() !== 'ok') throw unreachable(receiver, 'what answers is not Slack.', 'Look at what stands between here and Slack.');
}
