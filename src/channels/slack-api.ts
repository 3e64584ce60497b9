// Slack's Web API as far as it is needed: a call, and what its error words mean. Slack answers 200 to what it refuses, and says so in the body.
// Used by slack.ts.
import type { HttpClient } from '../http/client.js';
import { retryAfterMs } from '../http/retry-after.js';
import type { JsonValue } from '../plan/types.js';
import { accepted, jsonObject, LIMIT_MS, unreachable, type Receiver } from './http-answer.js';
import { ChannelRefused } from './port.js';

export interface SlackApi { readonly http: HttpClient; readonly now: () => number; readonly url: string; readonly token: string; readonly signal: AbortSignal }

/** What Slack answered when it said yes. @throws SlackRefused for a word that is known to be final, ChannelUnreachable for every other */
export async function callSlack(api: SlackApi, method: string, body: Readonly<Record<string, JsonValue>>, timeLimitMs = LIMIT_MS): Promise<Readonly<Record<string, unknown>>> {
  const outcome = await api.http.send({
    url: `${api.url.replace(/\/+$/, '')}/${method}`, method: 'POST', accept: 'application/json', contentType: 'application/json; charset=utf-8', headers: { Authorization: `Bearer ${api.token}` },
    body: JSON.stringify(body), timeLimitMs, redirects: 0, maxBytes: 1024 * 1024,
  }, api.signal);
  const receiver: Receiver = { code: 'SLACK', where: `Slack, ${method}`, now: api.now, todo: 'Look at the token and at what stands between here and Slack.' };
  const answer = accepted(outcome, receiver);
  const said = jsonObject(answer.text);
  if (said === null || typeof said['ok'] !== 'boolean') throw unreachable(receiver, `what answers ${answer.status} is not Slack, or its answer was cut off.`, 'Look at what stands between here and Slack.');
  if (said['ok']) return said;
  const word = wordOf(said['error']);
  throw refusal(word, receiver.where) ?? unreachable(receiver, `it answers ${word}.`, 'If it goes on, look at the status of Slack.', retryAfterMs(answer, api.now));
}

export class SlackRefused extends ChannelRefused { constructor(readonly word: string, fields: ConstructorParameters<typeof ChannelRefused>[0]) { super(fields); } }

/** What a word of Slack's means when it is known to mean no; null: it may pass. */
export function refusal(word: string, where: string): SlackRefused | null {
  const todo = FINAL[word];
  return todo === undefined ? null : new SlackRefused(word, { code: CODES[word] ?? 'SLACK_REFUSED', where, what: `it answers ${word}.`, means: 'The message was not accepted; it is not sent again there.', todo });
}

/** Slack's words are of these letters; a proxy's may hold anything. */
const wordOf = (said: unknown): string => (typeof said === 'string' && /^[a-z0-9_]{1,80}$/.test(said) ? said : 'no word that is known');

const TOKEN = 'Give this channel the bot token of an app that is installed in the workspace.';
const RIGHTS = 'Give the app the scope chat:write (chat:write.public for public channels that it is not in) and install it again.';
const PLACE = 'Give the id of a channel that exists, and invite the app to it.';
const ALLOW = 'An administrator of the workspace has to allow the app to post there.';
const CONTENT = 'The message does not fit what Slack takes: this is a fault of Tidegate, report it with this code.';
const GONE = 'Nothing: somebody deleted the message, or closed it for editing. Status and inbox show how the question stands.';

/** Words that mean no, and what to do. All others (ratelimited, internal_error, service_unavailable, what is new) may pass. */
const FINAL: Readonly<Record<string, string | undefined>> = {
  invalid_auth: TOKEN, not_authed: TOKEN, account_inactive: TOKEN, token_revoked: TOKEN, token_expired: TOKEN, not_allowed_token_type: TOKEN, invalid_token: TOKEN,
  missing_scope: RIGHTS, no_permission: RIGHTS, access_denied: RIGHTS, team_access_not_granted: RIGHTS,
  channel_not_found: PLACE, not_in_channel: PLACE, is_archived: PLACE, channel_is_archived: PLACE, user_not_found: PLACE, messages_tab_disabled: PLACE, method_not_supported_for_channel_type: PLACE, no_service: PLACE, no_team: PLACE,
  restricted_action: ALLOW, restricted_action_read_only_channel: ALLOW, restricted_action_thread_only_channel: ALLOW, restricted_action_non_threadable_channel: ALLOW, restricted_action_thread_locked: ALLOW,
  ekm_access_denied: ALLOW, enterprise_is_restricted: ALLOW, two_factor_setup_required: ALLOW, action_prohibited: ALLOW, posting_to_general_channel_denied: ALLOW,
  msg_too_long: CONTENT, msg_blocks_too_long: CONTENT, no_text: CONTENT, invalid_blocks: CONTENT, invalid_blocks_format: CONTENT, block_mismatch: CONTENT, invalid_arguments: CONTENT, invalid_payload: CONTENT, too_many_attachments: CONTENT,
  invalid_metadata_format: CONTENT, invalid_metadata_schema: CONTENT, metadata_too_large: CONTENT, metadata_must_be_sent_from_app: TOKEN,
  message_not_found: GONE, cant_update_message: GONE, edit_window_closed: GONE, thread_not_found: GONE, cannot_reply_to_message: GONE,
};
const CODES: Readonly<Record<string, string | undefined>> = { ...codes('SLACK_LOGIN_REFUSED', TOKEN), ...codes('SLACK_NO_RIGHT', RIGHTS), ...codes('SLACK_NO_CHANNEL', PLACE), ...codes('SLACK_NOT_ALLOWED', ALLOW), ...codes('SLACK_MESSAGE_GONE', GONE) };
function codes(code: string, todo: string): Readonly<Record<string, string>> { return Object.fromEntries(Object.entries(FINAL).filter(([, one]) => one === todo).map(([word]) => [word, code])); }
