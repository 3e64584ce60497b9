// Who fires now, by Alertmanager's API v2: a count, and who it is. Nobody firing is only believed of an Alertmanager that is ready, up for a while
// and still hears a watchdog alert. What it answers, taken apart: alertmanager-answer.ts. Manual: docs/providers/alertmanager.md.
import { z } from 'zod';
import type { EpochMs, Measurement } from '../judgement/types.js';
import type { HttpClient } from '../http/client.js';
import { parseDuration } from '../plan/durations.js';
import type { ProviderSchema } from '../plan/providers.js';
import { readAlerts, readState, serverSays, type Alert, type State } from './alertmanager-answer.js';
import { counted, expectAnswer, measured, noData, providerError, single, type ProviderError } from './answers.js';
import { NotJson, readJson } from '../http/json-value.js';
import { sourceOfNow } from './checked.js';
import type { MetricRef, SourceProvider } from './port.js';
import { address, headers, lengthOfTime, textLike, textThat } from './settings.js';

const MATCHER = /^\s*([a-zA-Z_:][\w:]*|"(?:[^"\\]|\\.)+")\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^"{},]+)\s*$/;
const matcher = textLike(MATCHER, "a matcher is needed, one label each, e.g. 'severity=\"critical\"'");
const label = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'this is no name of a label');

const settingsSchema = z.strictObject({
  url: address.default('${env:ALERTMANAGER_URL}'),
  /** which alerts count: those that fit all of them */
  matchers: z.union([matcher, z.array(matcher).min(1)]),
  /** an alert that always fires: its name, or the labels that single it out; `none` has to be said */
  watchdog: z.union([z.string().min(1), z.record(label, z.string().min(1)).refine((labels) => Object.keys(labels).length > 0, { message: 'at least one label is needed' })], {
    error: "name the alert that always fires, e.g. 'Watchdog' (or its labels); 'none' if you have none",
  }),
  /** how long after its start an Alertmanager has not yet been told everything again */
  warmup: lengthOfTime('2m').default('2m'),
  /** alerts that fired before this instant do not count */
  since: textThat((text) => /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)), "an instant with its time zone is needed, e.g. '2027-03-01T09:00:00Z'").optional(),
  /** the label that names an alert; default its alertname and fingerprint */
  id: label.optional(),
  headers: headers.optional(),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = {
  settings: settingsSchema,
  shorthand: 'matchers',
  check: (given) => (/\/api\/v\d\b/.test((given as unknown as Settings).url) ? ["url: give the address of the server, without '/api/v2'"] : []),
};

export function createAlertmanager(http: HttpClient): SourceProvider {
  return sourceOfNow({
    name: 'alertmanager', schema, settings: settingsSchema,
    measure: async (settings, metric, { to, signal }) => {
      const ask = <T extends object>(path: string, query: Query, read: (document: unknown) => T | string): Promise<T | ProviderError> =>
        asked(http, { settings, path, query, timeLimitMs: metric.timeoutMs }, read, signal);
      const alerts = (which: keyof typeof STATES, matchers: readonly string[]): Promise<readonly Alert[] | ProviderError> =>
        ask('alerts', [...STATES[which].map(([state, wanted]) => [state, String(wanted)] as const), ...matchers.map((one) => ['filter', one] as const)], readAlerts);
      const wanted = [settings.matchers].flat();
      const watchdog = watchdogOf(settings);
      const [active, state, quieted, alive] = await Promise.all([
        alerts('firing', wanted), ask('status', [], readState), alerts('quieted', wanted),
        watchdog === null ? null : alerts('any', Object.entries(watchdog).map(([name, value]) => `${name}=${JSON.stringify(value)}`)),
      ]);
      for (const answer of [active, state, quieted, alive]) if (answer !== null && 'kind' in answer) return answer;
      const isWatchdog = ({ labels }: Alert): boolean => watchdog !== null && Object.entries(watchdog).every(([name, value]) => labels[name] === value);
      const others = (list: typeof active): readonly Alert[] => (list as readonly Alert[]).filter((alert) => !isWatchdog(alert));
      return judged({ firing: others(active).filter(({ suppressed }) => !suppressed), quieted: others(quieted), doubt: doubtOf(state as State, alive as readonly Alert[] | null, settings, to) }, settings, metric);
    },
  });
}

/** All four are said in every question, because three of them are true when they are not. */
const STATES = {
  firing: [['active', true], ['silenced', false], ['inhibited', false], ['unprocessed', false]],
  quieted: [['active', false], ['silenced', true], ['inhibited', true], ['unprocessed', false]],
  any: [['active', true], ['silenced', true], ['inhibited', true], ['unprocessed', false]],
} as const;

function watchdogOf({ watchdog }: Settings): Readonly<Record<string, string>> | null {
  return watchdog === 'none' ? null : typeof watchdog === 'string' ? { alertname: watchdog } : watchdog;
}

type Query = readonly (readonly [name: string, value: string])[];
interface Question { readonly settings: Settings; readonly path: string; readonly query: Query; readonly timeLimitMs: number }

async function asked<T extends object>(http: HttpClient, { settings, path, query, timeLimitMs }: Question, read: (document: unknown) => T | string, signal: AbortSignal): Promise<T | ProviderError> {
  const url = new URL(settings.url);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/${path}`;
  for (const [name, value] of query) url.searchParams.append(name, value);
  // What is masked in the server's words is what the plan put into the address, not the question that it answers.
  const request = { url: url.href, accept: 'application/json', headers: settings.headers, timeLimitMs };
  const outcome = await http.send(request, signal);
  const answer = expectAnswer(outcome, { ...request, url: settings.url }, serverSays);
  if (answer.kind === 'providerError') return outcome.kind === 'answer' && outcome.status === 400 ? { ...answer, code: 'bad-query' } : answer;
  try {
    const found = read(readJson(answer.text));
    return typeof found === 'string' ? providerError('bad-answer', `${answer.address}: ${found}`) : found;
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    return providerError('not-json', `${answer.address}: ${error.message}`);
  }
}

/** Why nobody firing would prove nothing; null: it would. */
function doubtOf(state: State, watchdog: readonly Alert[] | null, settings: Settings, to: EpochMs): string | null {
  if (!state.settled) return 'this Alertmanager is still settling with its peers';
  const upMs = to - state.startedAt;
  if (upMs < (parseDuration(settings.warmup) ?? 0)) return `this Alertmanager has been up for ${Math.round(upMs / 1000)} s only and may not have been told everything again`;
  if (watchdog === null || watchdog.length > 0) return null;
  return `the watchdog alert ${Object.values(watchdogOf(settings)!).join(', ')} does not fire: what evaluates the rules is dead, or cannot reach this Alertmanager`;
}

interface Seen { readonly firing: readonly Alert[]; readonly quieted: readonly Alert[]; readonly doubt: string | null }

function judged({ firing, quieted, doubt }: Seen, settings: Settings, metric: MetricRef): Measurement {
  const name = ({ labels, fingerprint }: Alert): string => (settings.id === undefined ? undefined : labels[settings.id]) ?? `${labels.alertname ?? 'alert'}-${fingerprint}`;
  const since = settings.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(settings.since);
  const groups = [['firing since before then', firing.filter(({ startsAt }) => startsAt < since)], ['silenced', quieted.filter(({ silenced }) => silenced)], ['inhibited', quieted.filter(({ silenced }) => !silenced)]] as const;
  const left = groups.filter(([, alerts]) => alerts.length > 0).map(([how, alerts]) => `${alerts.length} ${how} (${listed(alerts.map(name))})`);
  const notCounted = left.length === 0 ? [] : [`not counted: ${left.join(', ')}`];
  const names = new Set(firing.filter(({ startsAt }) => startsAt >= since).map(name));
  if (names.size === 0 && doubt !== null) return noData([`no alert fires, but ${doubt}`, ...notCounted].join('; '));
  // Who fires has been seen, so the doubt is only whether there are more.
  const detail = [...(doubt === null ? [] : [`there may be more: ${doubt}`]), ...notCounted].join('; ');
  const extras = detail === '' ? {} : { detail };
  return metric.members ? { ...counted(names), ...extras } : measured(names.size, metric.scale, extras);
}

function listed(names: readonly string[]): string { return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')}, …`; }
