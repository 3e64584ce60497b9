// Messages as JSON to an address of the plan's choice, signed where the plan gives a secret. A repetition carries the same key, so a receiver
// can drop it. What answers mean: http-answer.ts. Manual: docs/providers/webhook.md.
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { HttpClient } from '../http/client.js';
import type { ProviderSchema } from '../plan/providers.js';
import { parseDuration } from '../plan/durations.js';
import { accepted, LIMIT_MS } from './http-answer.js';
import type { ChannelProvider } from './port.js';
import { address, parsedSettings, problemsOf, textThat } from './settings.js';

const settingsSchema = z.strictObject({
  url: address,
  method: z.enum(['POST', 'PUT', 'PATCH']).optional(),
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'this is no header name'), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header value is one line')).optional(),
  /** shared with the receiver; every delivery is signed with it */
  secret: textThat((text) => text.length >= 16, 'a secret of at least 16 characters is needed').optional(),
  /** at most 10s, which is the default */
  timeout: textThat((text) => { const ms = parseDuration(text); return ms !== null && ms > 0 && ms <= LIMIT_MS; }, "a length of time of at most 10s is needed, e.g. '5s'").optional(),
});

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'url' };

export interface WebhookDeps { readonly http: HttpClient; readonly now: () => number }

export function createWebhook({ http, now }: WebhookDeps): ChannelProvider {
  return {
    name: 'webhook',
    check: (channel) => problemsOf(schema, channel.settings),
    async send(channel, message, signal) {
      const settings = parsedSettings(schema, settingsSchema, channel);
      const body = JSON.stringify(message);
      const signed: Record<string, string> = settings.secret === undefined ? {} : { 'Tidegate-Signature': signature(body, settings.secret, Math.floor(now() / 1_000)) };
      const outcome = await http.send({
        url: settings.url, method: settings.method ?? 'POST', contentType: 'application/json', accept: '*/*', headers: { ...settings.headers, 'Idempotency-Key': message.key, ...signed }, body,
        timeLimitMs: (settings.timeout === undefined ? null : parseDuration(settings.timeout)) ?? LIMIT_MS,
        // a redirect would hand the message and its headers to whom the plan does not name; the body of the answer says nothing we act on
        redirects: 0, readBody: false,
        // chat systems put the secret into the path; the key makes a second delivery harmless
        secretPath: true, repeatable: true,
      }, signal);
      accepted(outcome, { code: 'WEBHOOK', where: `webhook ${outcome.address}`, now, todo: 'Correct the url, the headers or the receiver.' });
    },
  };
}

/** Over the time as well, so that an old delivery cannot be passed off as a new one. */
function signature(body: string, secret: string, seconds: number): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
