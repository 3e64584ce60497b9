// Messages as events of PagerDuty (Events API v2): trouble pages, what has an end is resolved at its end, and what moved stands beside the incident
// as a change. Which is which: `eventsOf`. What answers mean: http-answer.ts. Manual: docs/providers/pagerduty.md.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { HttpClient } from '../http/client.js';
import { maskSecrets } from '../http/secrets.js';
import type { JsonValue } from '../plan/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import { accepted, jsonObject, LIMIT_MS, unreachable, type Receiver } from './http-answer.js';
import type { ChannelProvider, Message } from './port.js';
import { address, isYes, parsedSettings, problemsOf, textLike, yesNo } from './settings.js';
import { answerCommand, headline, shortened } from './text.js';

const RANKS = ['info', 'warning', 'critical', 'emergency'] as const;

const settingsSchema = z.strictObject({
  /** the integration key of a service */
  'routing key': textLike(/^[A-Za-z0-9]{32}$/, 'the integration key of a service is needed, 32 letters and digits'),
  /** what pages; less only stands beside it */
  from: z.enum(['warning', 'critical', 'emergency']).default('warning'),
  /** whether a question for people pages, with the severity info */
  asks: z.enum(['page', 'ignore']).default('ignore'),
  changes: yesNo.default(true),
  /** of the Events API */
  url: address.default('https://events.pagerduty.com/v2'),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'routing key' };

export interface PagerDutyDeps { readonly http: HttpClient; readonly now: () => number }

export function createPagerDuty({ http, now }: PagerDutyDeps): ChannelProvider {
  return {
    name: 'pagerduty',
    check: (channel) => problemsOf(schema, channel.settings),
    async send(channel, message, signal, earlier = null) {
      const settings = parsedSettings(schema, settingsSchema, channel);
      const asked = askOf(message, earlier);
      // a page may be repeated without harm, a change would stand there twice: last
      for (const event of eventsOf(message, settings, asked)) await enqueue(http, now, settings, message, event, signal);
      if (asked !== null && settings.asks === 'page') return { ...asked };
    },
  };
}

type Event = { readonly kind: 'trigger'; readonly dedup: string } | { readonly kind: 'resolve'; readonly dedup: string } | { readonly kind: 'change' };

/** A person's own deed, and what ends well, wakes nobody. */
const WAKES_NOBODY: readonly string[] = ['rolled-back', 'completed', 'stopped', 'amended', 'skipped'];
const CHANGES: readonly string[] = ['started', 'moved', 'phase-moved', 'rolled-back', 'completed', 'stopped', 'amended', 'skipped'];

function eventsOf(message: Message, settings: Settings, asked: Asked | null): readonly Event[] {
  const { severity, topic, key, at, matter, ends = [] } = message;
  if (severity === 'ask') {
    if (settings.asks === 'ignore' || asked === null || asked.shows > sequence(message)) return [];
    return [{ kind: topic === 'ask-ended' ? 'resolve' : 'trigger', dedup: asked.alert }];
  }
  const wakes = RANKS.indexOf(severity) >= RANKS.indexOf(settings.from) && !WAKES_NOBODY.includes(topic);
  // What has no end that will be told is an alarm of its own each time, and a person's to close: an old one must not swallow it.
  const dedup = alertOf(message.rollout, matter ?? `${key}@${at}`);
  // keys of rulesets and orchestrations begin with R, and take no changes
  const changed = isYes(settings.changes) && !settings['routing key'].startsWith('R') && CHANGES.includes(topic);
  return [...(wakes ? [{ kind: 'trigger', dedup } as const] : []), ...ends.map((one): Event => ({ kind: 'resolve', dedup: alertOf(message.rollout, one) })), ...(changed ? [{ kind: 'change' } as const] : [])];
}

/** PagerDuty's `dedup_key`, of at most 255 characters. */
function alertOf(rollout: string, matter: string): string {
  const name = `tidegate/${rollout}/${matter}`;
  return name.length <= 255 ? name : `${name.slice(0, 180)}/${createHash('sha256').update(name).digest('hex')}`;
}

/** The alert that stands for an ask, and the number of the message that it shows. */
interface Asked { readonly alert: string; readonly shows: number }
function askOf(message: Message, earlier: JsonValue): Asked | null {
  if (message.severity !== 'ask' || message.ask === null) return null;
  const { alert, shows } = (typeof earlier === 'object' && earlier !== null ? earlier : {}) as Partial<Asked>;
  if (typeof alert === 'string' && typeof shows === 'number') return { alert, shows: Math.max(shows, sequence(message)) };
  return message.answers === null ? null : { alert: alertOf(message.rollout, `ask/${message.ask}@${message.at}`), shows: sequence(message) };
}
const sequence = (message: Message): number => Number(/\/(\d+)$/.exec(message.key)?.[1] ?? 0);

const SEVERITIES: Readonly<Record<Message['severity'], string>> = { info: 'info', ask: 'info', warning: 'warning', critical: 'error', emergency: 'critical' };

async function enqueue(http: HttpClient, now: () => number, settings: Settings, message: Message, event: Event, signal: AbortSignal): Promise<void> {
  const key = settings['routing key'];
  const { rollout, phase, topic, title, body, to, at } = message;
  const command = answerCommand(message);
  const payload = {
    summary: shortened(headline(message), 1_000), source: `tidegate/${rollout}`, timestamp: new Date(at).toISOString(),
    custom_details: { key: message.key, topic, phase, title, body: shortened(body, 100_000), to: to.join(', '), ...(command === null ? {} : { answer: command }) },
  };
  const said = {
    trigger: { event_action: 'trigger', dedup_key: 'dedup' in event ? event.dedup : '', client: 'Tidegate', payload: { ...payload, severity: SEVERITIES[message.severity], component: rollout, group: phase ?? rollout, class: topic } },
    resolve: { event_action: 'resolve', dedup_key: 'dedup' in event ? event.dedup : '' },
    change: { payload },
  }[event.kind];
  const outcome = await http.send({
    url: `${settings.url.replace(/\/+$/, '')}/${event.kind === 'change' ? 'change/enqueue' : 'enqueue'}`, method: 'POST', accept: 'application/json', contentType: 'application/json', body: JSON.stringify({ routing_key: key, ...said }),
    timeLimitMs: LIMIT_MS, redirects: 0, maxBytes: 64 * 1024, repeatable: event.kind !== 'change',
  }, signal);
  const receiver: Receiver = { code: 'PAGERDUTY', where: 'PagerDuty', now, todo: 'Look at the routing key: it is the integration key of a service with Events API v2.' };
  const answer = accepted(outcome, receiver, ({ text }) => {
    const { message: words, errors } = jsonObject(text) ?? {};
    return maskSecrets([words, ...(Array.isArray(errors) ? errors : [])].filter((one) => typeof one === 'string').join('; ').slice(0, 300), { url: '', headers: { key } });
  });
  if (answer.status !== 202 || jsonObject(answer.text)?.['status'] !== 'success') throw unreachable(receiver, `what answers ${answer.status} is not PagerDuty, or its answer was cut off.`, 'Look at what stands between here and PagerDuty.');
}
