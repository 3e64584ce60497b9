// Messages as JSON to an address of the plan's choice. A repetition carries the same key, so a receiver can drop it.
// The HTTP client, which repeats no secret: src/http/client.ts. Manual: docs/providers/webhook.md.
import { z } from 'zod';
import type { HttpClient, HttpFailureCode } from '../http/client.js';
import { retryAfterMs } from '../http/retry-after.js';
import type { ProviderSchema } from '../plan/providers.js';
import { parseDuration } from '../plan/durations.js';
import { ChannelRefused, ChannelUnreachable, type ChannelProvider } from './port.js';
import { parsedSettings, problemsOf } from './settings.js';

const hasReference = (text: string): boolean => /\$\{env:/.test(text);
function isAddress(text: string): boolean {
  if (hasReference(text)) return true;
  try { return /^https?:$/.test(new URL(text).protocol); } catch { return false; }
}

/** For everything together: connecting and the answer. */
const LIMIT_MS = 10_000;

const settingsSchema = z.strictObject({
  url: z.string().refine(isAddress, { message: "an http or https address is needed, e.g. 'https://hooks.example/tidegate'" }),
  method: z.enum(['POST', 'PUT', 'PATCH']).optional(),
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'this is no header name'), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header value is one line')).optional(),
  /** at most 10s, which is the default */
  timeout: z.string().refine((text) => { const ms = parseDuration(text); return hasReference(text) || (ms !== null && ms > 0 && ms <= LIMIT_MS); }, { message: "a length of time of at most 10s is needed, e.g. '5s'" }).optional(),
});

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'url' };

export interface WebhookDeps { readonly http: HttpClient; readonly now: () => number }

export function createWebhook({ http, now }: WebhookDeps): ChannelProvider {
  return {
    name: 'webhook',
    check: (channel) => problemsOf(schema, channel.settings),
    async send(channel, message, signal) {
      const settings = parsedSettings(schema, settingsSchema, channel);
      const outcome = await http.send({
        url: settings.url, method: settings.method ?? 'POST', contentType: 'application/json', accept: '*/*', headers: { ...settings.headers, 'Idempotency-Key': message.key }, body: JSON.stringify(message),
        timeLimitMs: (settings.timeout === undefined ? null : parseDuration(settings.timeout)) ?? LIMIT_MS,
        // a redirect would hand the message and its headers to whom the plan does not name; the body of the answer says nothing we act on
        redirects: 0, readBody: false,
        // chat systems put the secret into the path; the key makes a second delivery harmless
        secretPath: true, repeatable: true,
      }, signal);
      const where = `webhook ${outcome.address}`;
      if (outcome.kind === 'failure') {
        if (UNUSABLE.includes(outcome.code)) throw new ChannelRefused({ code: 'WEBHOOK_SETTINGS', where, what: `${outcome.detail}.`, means: 'The message was not sent.', todo: 'Correct the url and headers of this channel, or the secrets that are put into them.' });
        throw new ChannelUnreachable({ code: 'WEBHOOK_UNREACHABLE', where, what: `${outcome.detail}.`, means: MEANS, todo: 'If it goes on, look at the receiver and at the way to it.' });
      }
      const { status } = outcome;
      if (status >= 200 && status < 300) return;
      const what = status >= 300 && status < 400 ? `it answers ${status}, a redirect, which is not followed.` : `it answers ${status}.`;
      if (status >= 400 && status < 500 && !PASSING.includes(status)) throw new ChannelRefused({ code: 'WEBHOOK_REFUSED', where, what, means: 'The message was not accepted; it is not sent again there.', todo: 'Correct the url, the headers or the receiver.' });
      const waitMs = retryAfterMs(outcome, now);
      throw new ChannelUnreachable({ code: 'WEBHOOK_UNREACHABLE', where, what, means: MEANS, todo: status < 400 ? 'Give the address that it leads to.' : 'If it goes on, look at the receiver.', ...(waitMs === null ? {} : { retryAfterMs: waitMs }) });
    },
  };
}

const MEANS = 'The message will be sent again; the rollout goes on.';
/** 4xx that say 'later', not 'no'. */
const PASSING: readonly number[] = [408, 425, 429];
const UNUSABLE: readonly HttpFailureCode[] = ['bad-address', 'bad-header'];
