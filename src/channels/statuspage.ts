// One incident on a status page for a rollout: opened by the first message that is bad enough, updated, resolved at the end. Statuspage has no
// idempotency key and allows one request a second, so what is there is read before anything is written, and requests wait their turn.
// Manual: docs/providers/statuspage.md.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { HttpClient, HttpMethod } from '../http/client.js';
import { maskSecrets } from '../http/secrets.js';
import type { JsonValue } from '../plan/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import { accepted, jsonObject, LIMIT_MS, unreachable, type Receiver } from './http-answer.js';
import type { ChannelProvider, Message } from './port.js';
import { address, isYes, parsedSettings, problemsOf, textLike, yesNo } from './settings.js';
import { harmless, instant, shortened } from './text.js';
import { createTurns } from './turns.js';

const RANKS = ['info', 'warning', 'critical', 'emergency'] as const;
const COMPONENT = ['degraded_performance', 'partial_outage', 'major_outage', 'under_maintenance'] as const;

const settingsSchema = z.strictObject({
  page: textLike(/^[a-z0-9]{6,40}$/, "the id of the page is needed, e.g. 'kctbh9vrtdwd'"),
  token: z.string().min(1),
  /** whether subscribers are told; never assumed */
  notify: yesNo,
  from: z.enum(['warning', 'critical', 'emergency']).default('critical'),
  /** the incident's headline; the rollout's id is put behind it */
  name: z.string().min(1).max(180).default('We are looking into a problem'),
  /** words agreed beforehand; what is missing is told in the message's own */
  texts: z.strictObject({ opened: z.string().min(1).optional(), changed: z.string().min(1).optional(), resolved: z.string().min(1).optional() }).default({}),
  impact: z.enum(['none', 'minor', 'major', 'critical']).optional(),
  /** component id → its status while the incident is open */
  components: z.record(z.string().min(1), z.enum(COMPONENT)).default({}),
  url: address.default('https://api.statuspage.io/v1'),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: null };

export interface StatuspageDeps { readonly http: HttpClient; readonly now: () => number }

/** @param paceMs the least time between two requests with one token */
export function createStatuspage({ http, now }: StatuspageDeps, paceMs = 1_000): ChannelProvider {
  const turns = createTurns();
  const lastAt = new Map<string, number>();
  const lately: Lately = { over: new Map(), written: new Map() };
  return {
    name: 'statuspage',
    check: (channel) => problemsOf(schema, channel.settings),
    async send(channel, message, signal) {
      const settings = parsedSettings(schema, settingsSchema, channel);
      const part = partOf(message, settings);
      if (part === null) return;
      const paced = async (): Promise<void> => {
        const waitMs = (lastAt.get(settings.token) ?? -Infinity) + paceMs - performance.now();
        if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => undefined); // given up: the request says so
        lastAt.set(settings.token, performance.now());
      };
      // also two messages that look for the incident at once would both open one
      await turns(settings.token, () => tell({ http, now, settings, signal, paced, lately }, message, part));
    },
  };
}

/** What users of the service may feel, and nothing of how we work: no asks, no holds, nothing about people. */
const OPENS: readonly string[] = ['issue-opened', 'invariant-broken', 'rolling-back', 'rollback-late', 'rollback-stuck', 'rollback-unverified', 'rollback-incomplete', 'undo-by-hand'];
const CAUSE_KNOWN: readonly string[] = ['rolling-back', 'rollback-late', 'rollback-stuck', 'rollback-unverified', 'rollback-incomplete', 'undo-by-hand'];
const ENDS: readonly string[] = ['issue-ended', 'rolled-back', 'completed'];

function partOf({ topic, severity }: Message, { from }: Settings): 'bad' | 'end' | null {
  if (ENDS.includes(topic)) return 'end';
  return severity !== 'ask' && OPENS.includes(topic) && RANKS.indexOf(severity) >= RANKS.indexOf(from) ? 'bad' : null;
}

interface Api { readonly http: HttpClient; readonly now: () => number; readonly settings: Settings; readonly signal: AbortSignal; readonly paced: () => Promise<void>; readonly lately: Lately }
/** What we keep at the incident itself, where any worker finds it; the page does not show it. */
interface Kept { readonly [key: string]: JsonValue; readonly rollout: string; /** the messages it tells, so that none is told twice */ readonly told: readonly string[]; /** issues that are not over */ readonly open: readonly string[] }
interface Incident { readonly id: string; readonly kept: Kept }
/** What this worker knows and a repeated message or a list that lags behind does not: which rollouts and matters are over and when, what was written last. */
interface Lately { readonly over: Map<string, number>; readonly written: Map<string, Incident & { readonly at: number }> }

async function tell(api: Api, message: Message, part: 'bad' | 'end'): Promise<void> {
  const { settings, lately } = api;
  const place = `${settings.page}/${message.rollout}`;
  const ends = message.ends ?? [];
  if (part === 'end') for (const one of [...ends.map((matter) => `${place}/${matter}`), ...(message.topic === 'issue-ended' ? [] : [place])]) remember(lately.over, one, message.at);
  // trouble that comes late, after its end, opens nothing that nobody would close
  if (part === 'bad' && [place, `${place}/${message.matter}`].some((one) => (lately.over.get(one) ?? -1) >= message.at)) return;
  const incident = await openIncident(api, message, place);
  const name = `${message.key}@${message.at}`;
  if (incident === null ? part === 'end' : incident.kept.told.includes(name)) return;
  const before = incident?.kept ?? { rollout: message.rollout, told: [], open: [] };
  const open = [...before.open, ...(part === 'bad' && message.matter !== undefined ? [message.matter] : [])].filter((one) => !ends.includes(one));
  // one of two issues being over is news, not the end
  const over = part === 'end' && (message.topic !== 'issue-ended' || open.length === 0);
  const kept: Kept = { rollout: message.rollout, told: [...before.told, name].slice(-40), open: over ? [] : open.slice(-40) };
  const words = settings.texts[incident === null ? 'opened' : over ? 'resolved' : 'changed'] ?? [harmless(message.title), harmless(message.body).trim()].filter((text) => text !== '').join('\n\n');
  const ids = Object.keys(settings.components);
  const components = Object.fromEntries(ids.map((id) => [id, over ? 'operational' : (settings.components[id] as string)]));
  const written = await request(api, incident === null ? 'POST' : 'PATCH', incident === null ? '' : `/${encodeURIComponent(incident.id)}`, { incident: {
    ...(incident === null ? { name: nameOf(settings, message), ...(settings.impact === undefined ? {} : { impact_override: settings.impact }) } : {}),
    ...(incident === null || over || CAUSE_KNOWN.includes(message.topic) ? { status: over ? 'resolved' : CAUSE_KNOWN.includes(message.topic) ? 'identified' : 'investigating' } : {}),
    body: `${shortened(words, 24_000)}\n\n${instant(message.at)}`, deliver_notifications: isYes(settings.notify), ...(ids.length === 0 ? {} : { component_ids: ids, components }), metadata: { tidegate: kept },
  } });
  const id = incident?.id ?? (written as { readonly id?: unknown } | null)?.id;
  if (over) lately.written.delete(place);
  else if (typeof id === 'string') remember(lately.written, place, { id, kept, at: api.now() });
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) { if (map.size <= 1_000) break; map.delete(oldest); }
}
/** A list may lag this long behind what was written. */
const LAG_MS = 60_000;

/** The mark by which the incident is found again when its metadata is gone. */
const mark = (rollout: string): string => `(${rollout})`;
const nameOf = (settings: Settings, { rollout }: Message): string => `${settings.name} ${mark(rollout)}`;

async function openIncident(api: Api, { rollout }: Message, place: string): Promise<Incident | null> {
  const answered = await request(api, 'GET', '/unresolved?per_page=100', null);
  if (!Array.isArray(answered)) throw unreachable(receiverOf(api), 'its answer is no list of incidents.', 'Look at what stands between here and Statuspage.');
  const own = api.lately.written.get(place);
  const recent = own !== undefined && api.now() - own.at < LAG_MS ? own : null;
  for (const one of answered as readonly { readonly id?: unknown; readonly name?: unknown; readonly metadata?: { readonly tidegate?: Partial<Kept> } }[]) {
    const { tidegate } = one.metadata ?? {};
    const ours = tidegate?.rollout === rollout || (typeof one.name === 'string' && one.name.endsWith(mark(rollout)));
    if (ours && typeof one.id === 'string') return recent?.id === one.id ? recent : { id: one.id, kept: { rollout, told: Array.isArray(tidegate?.told) ? tidegate.told : [], open: Array.isArray(tidegate?.open) ? tidegate.open : [] } };
  }
  return recent;
}

const receiverOf = ({ now }: Api): Receiver => ({ code: 'STATUSPAGE', where: 'Statuspage', now, todo: 'Look at the page id, the components and the token of this channel.' });

async function request(api: Api, method: HttpMethod, path: string, body: JsonValue): Promise<unknown> {
  const { http, settings, signal, paced } = api;
  await paced();
  const headers = { Authorization: `OAuth ${settings.token}` };
  const outcome = await http.send({
    url: `${settings.url.replace(/\/+$/, '')}/pages/${settings.page}/incidents${path}`, method, accept: 'application/json', contentType: 'application/json', headers, ...(body === null ? {} : { body: JSON.stringify(body) }), timeLimitMs: LIMIT_MS / 2, redirects: 0,
  }, signal);
  const answer = accepted(outcome, receiverOf(api), ({ text }) => {
    const { error, message } = jsonObject(text) ?? {};
    return maskSecrets([error, message].flat().filter((one) => typeof one === 'string').join('; ').slice(0, 300), { url: '', headers });
  });
  try { return JSON.parse(answer.text) as unknown; } catch { throw unreachable(receiverOf(api), `what answers ${answer.status} is not Statuspage, or its answer was cut off.`, 'Look at what stands between here and Statuspage.'); }
}
