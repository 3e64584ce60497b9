// Slack as its public documentation describes it, as far as Tidegate speaks to it: chat.postMessage, chat.update, conversations.history and
// .replies, and an incoming webhook. It refuses what Slack refuses: blocks over its limits, strangers, channels that are archived or foreign.
import { startStandIn, type Asked, type Reply, type StandIn } from './stand-in.js';

export interface SlackMessage { readonly ts: string; readonly channel: string; text: string; blocks: readonly Block[]; metadata: { readonly event_type: string; readonly event_payload: Readonly<Record<string, unknown>> } | null; readonly threadTs: string | null; readonly broadcast: boolean; edits: number }
export interface Block { readonly type: string; readonly text?: { readonly type: string; readonly text: string }; readonly elements?: readonly (Button & { readonly type: string })[] }
export interface Button { readonly action_id: string; readonly value: string; readonly style?: string; readonly text: { readonly text: string } }

export interface SlackStandIn extends StandIn {
  readonly token: string;
  readonly messages: SlackMessage[];
  /** channels by id: whether the app is in it, whether it is archived */
  readonly channels: Map<string, { member: boolean; archived: boolean }>;
  readonly scopes: Set<string>;
  remove(ts: string): void;
  readonly webhookPath: string;
}

export const slackToken = 'xoxb-stand-in-TOKEN-1';

export async function startSlack(): Promise<SlackStandIn> {
  const messages: SlackMessage[] = [];
  const channels = new Map([['C0PAYMENTS', { member: true, archived: false }]]);
  const scopes = new Set(['chat:write', 'channels:history']);
  const webhookPath = '/services/T0TEAM/B0HOOK/secretWEBHOOKpart';
  let clock = 0;
  const ok = (body: object): Reply => ({ status: 200, body: { ok: true, ...body } });
  const no = (error: string): Reply => ({ status: 200, body: { ok: false, error } });

  const webApi = (asked: Asked): Reply => {
    const method = asked.path.replace('/api/', '');
    if (asked.headers.authorization === undefined) return no('not_authed');
    if (asked.headers.authorization !== `Bearer ${slackToken}`) return no('invalid_auth');
    const args = JSON.parse(asked.body) as Record<string, unknown>;
    const reading = method.startsWith('conversations.');
    if (!scopes.has(reading ? 'channels:history' : 'chat:write')) return no('missing_scope');
    const channel = channels.get(String(args['channel']));
    if (channel === undefined) return no('channel_not_found');
    if (!channel.member) return no('not_in_channel');
    if (channel.archived && !reading) return no('is_archived');
    const here = messages.filter((one) => one.channel === args['channel']);
    const shown = (found: readonly SlackMessage[]): Reply => ok({ messages: found.filter((one) => Number(one.ts) > Number(args['oldest'] ?? 0)).reverse().slice(0, Number(args['limit'] ?? 100)).map((one) => ({ type: 'message', ts: one.ts, text: one.text, ...(args['include_all_metadata'] === true && one.metadata !== null ? { metadata: one.metadata } : {}) })), has_more: false });
    switch (method) {
      case 'conversations.history': return shown(here.filter((one) => one.threadTs === null || one.broadcast));
      case 'conversations.replies': return here.some((one) => one.ts === args['ts']) ? shown(here.filter((one) => one.ts === args['ts'] || one.threadTs === args['ts'])) : no('thread_not_found');
      case 'chat.update': {
        const wrong = wrongContent(args);
        const found = here.find((one) => one.ts === args['ts']);
        if (wrong !== null) return no(wrong);
        if (found === undefined) return no('message_not_found');
        Object.assign(found, { text: args['text'], blocks: args['blocks'], metadata: args['metadata'] ?? found.metadata, edits: found.edits + 1 });
        return ok({ channel: found.channel, ts: found.ts, text: found.text });
      }
      case 'chat.postMessage': {
        const wrong = wrongContent(args);
        if (wrong !== null) return no(wrong);
        const threadTs = args['thread_ts'] === undefined ? null : String(args['thread_ts']);
        if (threadTs !== null && !here.some((one) => one.ts === threadTs)) return no('thread_not_found');
        return ok({ channel: args['channel'], ts: add(String(args['channel']), args, threadTs).ts });
      }
      default: return no('unknown_method');
    }
  };
  const add = (channel: string, args: Record<string, unknown>, threadTs: string | null): SlackMessage => {
    const one: SlackMessage = { ts: `${Math.floor(Date.now() / 1_000)}.${String(++clock).padStart(6, '0')}`, channel, text: String(args['text']), blocks: args['blocks'] as Block[], metadata: (args['metadata'] as SlackMessage['metadata']) ?? null, threadTs, broadcast: args['reply_broadcast'] === true, edits: 0 };
    messages.push(one);
    return one;
  };
  const webhook = (asked: Asked): Reply => {
    let args: Record<string, unknown>;
    try { args = JSON.parse(asked.body) as Record<string, unknown>; } catch { return { status: 400, body: 'invalid_payload' }; }
    const wrong = wrongContent(args);
    if (wrong !== null) return { status: 400, body: wrong };
    add('C0PAYMENTS', args, null);
    return { status: 200, body: 'ok' };
  };

  const server = await startStandIn((asked) => (asked.path === webhookPath ? webhook(asked) : asked.path.startsWith('/services/') ? { status: 404, body: 'no_service' } : webApi(asked)));
  return { ...server, token: slackToken, messages, channels, scopes, webhookPath, remove: (ts) => { messages.splice(messages.findIndex((one) => one.ts === ts), 1); } };
}

/** What Slack's limits say of a message; null: nothing. */
function wrongContent(args: Readonly<Record<string, unknown>>): string | null {
  const { text, metadata } = args as { text?: unknown; metadata?: { event_type?: unknown; event_payload?: unknown } };
  const blocks = (args['blocks'] ?? []) as readonly Block[];
  if (typeof text !== 'string' || (text === '' && blocks.length === 0)) return 'no_text';
  if (text.length > 40_000) return 'msg_too_long';
  if (metadata !== undefined && (typeof metadata.event_type !== 'string' || typeof metadata.event_payload !== 'object')) return 'invalid_metadata_format';
  if (JSON.stringify(blocks).length > 13_200) return 'msg_blocks_too_long';
  const wrong = (block: Block): boolean => {
    const elements = block.elements ?? [];
    if (block.type === 'section') return block.text === undefined || block.text.text.length === 0 || block.text.text.length > 3_000;
    if (block.type === 'context') return elements.length === 0 || elements.length > 10;
    if (block.type !== 'actions') return true;
    const ids = elements.map((one) => one.action_id);
    return elements.length === 0 || elements.length > 25 || new Set(ids).size < ids.length || elements.some((one) => one.action_id.length > 255 || one.value.length > 2_000 || one.text.text.length > 75 || (one.style !== undefined && !['primary', 'danger'].includes(one.style)));
  };
  return blocks.length > 50 || blocks.some(wrong) ? 'invalid_blocks' : null;
}

/** All that somebody reads of a message, as one text. */
export function readable(message: SlackMessage): string {
  const unescaped = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  const texts = message.blocks.flatMap((block) => [block.text?.text ?? '', ...(block.elements ?? []).map((one) => (typeof one.text === 'string' ? one.text : one.text.text))]);
  return unescaped([message.text, ...texts].join('\n'));
}
export const buttonsOf = (message: SlackMessage): readonly Button[] => message.blocks.filter((block) => block.type === 'actions').flatMap((block) => block.elements ?? []);
