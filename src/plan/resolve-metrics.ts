// Metrics, alert counts and events: where each comes from and in which unit it is shown. Their levels become triggers in resolve-triggers.ts.
import { recordMetrics, reservedWords, type MetricFacts } from './condition-context.js';
import { listed } from './did-you-mean.js';
import { printDuration } from './durations.js';
import { isMap, type Place } from './problems.js';
import { lengthAt, peopleAt, wholeOf, type Reading } from './reading.js';
import { checkSettings, providerOf, settingsOf } from './resolve-settings.js';
import { metricKeys, type MetricFile } from './schema.js';
import type { EventKind, ResolvedMetric } from './types.js';
import { unitFactor, unitsLike } from './units.js';

export interface ResolvedMetrics { readonly metrics: readonly ResolvedMetric[]; readonly facts: Readonly<Record<string, MetricFacts>>; readonly alerts: readonly string[]; readonly events: readonly EventKind[] }

/** Settings under `sources` that hold for every metric of a provider beside the provider's own. */
const sharedKeys: readonly (keyof MetricFile & string)[] = ['max age', 'timeout', 'step'];

export function resolveMetrics(reading: Reading): ResolvedMetrics {
  const { file, problems } = reading;
  for (const provider of Object.keys(file.sources ?? {})) {
    if (!Object.hasOwn(reading.providers.sources, provider)) problems.add(['sources', provider], 'UNKNOWN_PROVIDER', `unknown provider “${provider}” (allowed: ${listed(Object.keys(reading.providers.sources))})`, { on: 'key' });
  }
  const metrics: ResolvedMetric[] = [];
  for (const [name, metric] of Object.entries(file.metrics ?? {})) {
    if (reservedWords.includes(name)) problems.add(['metrics', name], 'WRONG_NAME', `“${name}” is a word of the condition language and cannot be a metric’s name`, { on: 'key' });
    const resolved = resolveMetric(reading, { name, metric, place: ['metrics', name], alerts: null });
    if (resolved !== null) metrics.push(resolved);
  }
  for (const [severity, metric] of Object.entries(file.alerts ?? {})) {
    if (metric.levels !== undefined) problems.add(['alerts', severity, 'levels'], 'KEY_WITHOUT_EFFECT', `a count of alerts has no levels: write a trigger, “alerts(${severity}) > 0”`, { on: 'key' });
    const resolved = resolveMetric(reading, { name: `alerts(${severity})`, metric, place: ['alerts', severity], alerts: severity });
    if (resolved !== null) metrics.push(resolved);
  }
  return {
    metrics,
    // names whose settings are wrong are known all the same: one mistake is one problem
    facts: { ...Object.fromEntries(Object.entries(file.metrics ?? {}).map(([name, metric]) => [name, factsOf(metric)])) },
    alerts: Object.keys(file.alerts ?? {}),
    events: Object.entries(file.events ?? {}).map(([event, description]) => ({ event, description })),
  };
}

/** Provider names that decide what kind of answer a metric has. */
const factsOf = (metric: MetricFile): MetricFacts => {
  const isPerson = Object.hasOwn(metric, 'person');
  const answers = isPerson && answersOf(metric) === 'yes-no' ? 'yes-no' : Object.hasOwn(metric, 'probe') ? 'up-down' : 'number';
  return { unit: metric.unit ?? '', better: metric.better ?? betterOf(metric, answers), answers };
};

/** A scale has numbers on it. */
const answersOf = (metric: MetricFile): 'number' | 'yes-no' => (metric.answers === 'number' || (metric.answers === undefined && metric.scale !== undefined) ? 'number' : 'yes-no');

/** Yes and up are better; else the levels say it: a target of `> 98%` or a warning at `< 95%` wants more. */
function betterOf(metric: MetricFile, answers: MetricFacts['answers']): 'lower' | 'higher' {
  if (answers !== 'number') return 'higher';
  const line = (level: string | { readonly when: string } | undefined): string => (typeof level === 'string' ? level : (level?.when ?? '')).trim();
  const wantsMore = line(metric.levels?.target).startsWith('>') || [metric.levels?.warning, metric.levels?.critical].some((level) => line(level).startsWith('<'));
  return wantsMore ? 'higher' : 'lower';
}

interface MetricEntry { readonly name: string; readonly metric: MetricFile; readonly place: Place; readonly alerts: string | null }

function resolveMetric(reading: Reading, { name, metric, place, alerts }: MetricEntry): ResolvedMetric | null {
  const ask = { entry: metric, place, schemas: reading.providers.sources, what: 'metric', ownKeys: metricKeys, defaults: providerDefaults(reading) };
  const provider = providerOf(reading, ask);
  if (provider === null) return null;
  const shared = sharedSettings(reading, provider);
  const length = (key: 'max age' | 'timeout' | 'step', otherwise: number): number =>
    metric[key] !== undefined ? lengthAt(reading, metric[key], [...place, key], otherwise) : lengthAt(reading, shared[key], ['sources', provider, key], otherwise);
  const provided = settingsOf(reading, provider, ask);
  checkSettings(reading, provided, [], ask);
  const facts = factsOf(metric);
  const human = provider === 'person' ? humanOf(reading, metric, { name, place }) : null;
  if (human === null) for (const key of ['question', 'answers', 'valid for', 'scale', 'ask ahead'] as const) if (metric[key] !== undefined) reading.problems.add([...place, key], 'KEY_WITHOUT_EFFECT', `“${key}” belongs to a metric that a person supplies (person: WHO)`, { on: 'key' });
  return {
    name, provider, settings: provided.settings, unit: facts.unit, scale: scaleOf(reading, metric, place, reading.providers.sources[provider]?.reads), better: facts.better,
    minSamples: wholeOf(metric['min samples'], 0), maxAgeMs: human?.validMs ?? length('max age', 5 * 60_000),
    whenIdle: metric['when idle'] === 'clean' ? 'clean' : 'not-counted', human,
    levels: { target: metric.levels?.target ?? null, warning: levelText(metric.levels?.warning), critical: levelText(metric.levels?.critical) },
    alerts, timeoutMs: length('timeout', 10_000), stepMs: length('step', 15_000),
  };
}
const levelText = (level: string | { readonly when: string } | undefined): string | null => (level === undefined ? null : typeof level === 'string' ? level : level.when);

export function providerDefaults(reading: Reading): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(reading.file.sources ?? {}).map(([provider, settings]) => [provider, Object.fromEntries(Object.entries(settings).filter(([key]) => !(sharedKeys as readonly string[]).includes(key)))]));
}
function sharedSettings(reading: Reading, provider: string): Partial<Record<'max age' | 'timeout' | 'step', string>> {
  const settings: unknown = reading.file.sources?.[provider];
  if (!isMap(settings)) return {};
  return Object.fromEntries(sharedKeys.flatMap((key) => (settings[key] === undefined ? [] : [[key, String(settings[key])]])));
}

function humanOf(reading: Reading, metric: MetricFile, { name, place }: { readonly name: string; readonly place: Place }): ResolvedMetric['human'] {
  const who = metric['person'];
  const written = isMap(who) ? who['from'] : who;
  const from = peopleAt(reading, typeof written === 'string' || Array.isArray(written) ? (written as string | string[]) : undefined, [...place, 'person', ...(isMap(who) ? ['from'] : [])], []);
  if (written === undefined || written === null) reading.problems.add([...place, 'person'], 'MISSING_KEY', 'say who answers: “person: NAME” or a list of them');
  if (metric.question === undefined) reading.problems.add(place, 'MISSING_KEY', `“question” is missing; say what ${name} asks`);
  const answers = answersOf(metric);
  if (answers === 'yes-no' && metric.scale !== undefined) reading.problems.add([...place, 'scale'], 'KEY_WITHOUT_EFFECT', '“scale” is for numbers: say “answers: number”, or leave it out', { on: 'key' });
  const validMs = lengthAt(reading, metric['valid for'], [...place, 'valid for'], 86_400_000);
  const askAheadMs = metric['ask ahead'] === undefined ? null : lengthAt(reading, metric['ask ahead'], [...place, 'ask ahead'], validMs / 2);
  if (askAheadMs !== null && askAheadMs >= validMs) reading.problems.add([...place, 'ask ahead'], 'WRONG_DURATION', `an answer is valid for ${printDuration(validMs)}: asked again ${printDuration(askAheadMs)} before it runs out, it would be asked for without end`);
  return { from, question: metric.question ?? name, answers, scale: scaleOfAnswers(reading, metric.scale, [...place, 'scale']), validMs, askAheadMs };
}

/** '0 to 10' */
function scaleOfAnswers(reading: Reading, text: string | undefined, place: Place): NonNullable<ResolvedMetric['human']>['scale'] {
  if (text === undefined) return null;
  const [, from, to] = /^\s*(-?\d+(?:\.\d+)?)\s+to\s+(-?\d+(?:\.\d+)?)\s*$/.exec(text) ?? [];
  if (from !== undefined && Number(from) < Number(to)) return { from: Number(from), to: Number(to) };
  reading.problems.add(place, 'WRONG_VALUE', from === undefined ? `“${text}” is no scale: write “0 to 10”` : `there is nothing on a scale from ${from} to ${String(to)}: write the lower end first`);
  return null;
}

/** `reads: ratio` on a metric in % multiplies by 100; `reads: B` on one in MB divides by a million. */
function scaleOf(reading: Reading, metric: MetricFile, place: Place, known?: string): number {
  const unit = metric.unit ?? '';
  if (metric.reads === undefined) return known === undefined ? 1 : (unitFactor(known, unit) ?? 1);
  const factor = unitFactor(metric.reads, unit);
  if (factor !== null) return factor;
  const allowed = unit === '%' ? ['ratio', '%'] : unitsLike(unit).filter((one) => one !== '');
  reading.problems.add([...place, 'reads'], 'WRONG_UNIT', unit === '' ? '“reads” needs a “unit” to turn it into' : `“${metric.reads}” does not turn into ${unit}; allowed: ${listed(allowed)}`);
  return 1;
}

export { recordMetrics };
