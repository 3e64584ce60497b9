// Which provider a target, metric or channel names, and its settings: written as `provider: TEXT`, as `provider: { … }`, or with keys beside
// it. Validated by the provider's own schema, in the same words as the rest of the plan.
import { listed, nearest } from './did-you-mean.js';
import { isMap, printPlace, type Place } from './problems.js';
import type { ProviderSchema } from './providers.js';
import type { Reading } from './reading.js';
import { flatten, quick, reportIssue, typedWhereTaken } from './shape.js';
import type { ProviderSettings, TargetValue } from './types.js';

export interface Provided { readonly provider: string; readonly settings: ProviderSettings; /** the schema accepted them */ readonly sound: boolean }

interface Ask {
  readonly entry: Readonly<Record<string, unknown>>;
  readonly place: Place;
  readonly schemas: Readonly<Record<string, ProviderSchema>>;
  /** what is described, for messages: 'target', 'metric', 'channel' */
  readonly what: string;
  /** keys that are not the provider's */
  readonly ownKeys: readonly string[];
  /** settings by provider that hold unless the entry says otherwise */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** The provider named by `entry`; null (and a problem) when there is none or two. */
export function providerOf(reading: Reading, ask: Ask): string | null {
  const known = Object.keys(ask.schemas);
  const named = Object.keys(ask.entry).filter((key) => known.includes(key));
  if (named.length === 1) return named[0]!;
  if (named.length > 1) { reading.problems.add([...ask.place, named[1]!], 'TWO_PROVIDERS', `this ${ask.what} names two providers, ${named.join(' and ')}: keep one`, { on: 'key' }); return null; }
  const others = Object.keys(ask.entry).filter((key) => !ask.ownKeys.includes(key));
  const typo = others.map((key) => [key, nearest(key, known)] as const).find(([, meant]) => meant !== null);
  if (typo !== undefined) reading.problems.add([...ask.place, typo[0]], 'UNKNOWN_PROVIDER', `unknown provider “${typo[0]}”; did you mean “${typo[1]}”? (allowed: ${listed(known)})`, { on: 'key' });
  else reading.problems.add(ask.place, 'NO_PROVIDER', `this ${ask.what} does not say where it is: name a provider (${listed(known)})`);
  return null;
}

/** The settings of `provider` in `entry`, validated. */
export function settingsOf(reading: Reading, provider: string, ask: Ask): Provided {
  const schema = ask.schemas[provider]!;
  const written = ask.entry[provider];
  const beside = Object.fromEntries(Object.entries(ask.entry).filter(([key]) => key !== provider && !ask.ownKeys.includes(key)));
  let inside: Readonly<Record<string, unknown>> = {};
  if (isMap(written)) inside = written;
  else if (written !== null && written !== undefined) {
    if (schema.shorthand === null) {
      reading.problems.add([...ask.place, provider], 'WRONG_TYPE', isBare(schema) ? `“${provider}” has no settings: write just “${provider}”` : `“${provider}” takes a map of settings (key: value)`);
      return { provider, settings: {}, sound: false };
    }
    inside = { [schema.shorthand]: written };
  }
  const defaults = isMap(ask.defaults[provider]) ? ask.defaults[provider] : {};
  const given = { ...defaults, ...beside, ...inside };
  const placeOf = (path: Place): Place => {
    const [key, ...rest] = path;
    if (key === undefined) return [...ask.place, provider];
    if (isMap(written) && (Object.hasOwn(written, key) || !Object.hasOwn(beside, key))) return [...ask.place, provider, ...path];
    if (key === schema.shorthand && !isMap(written) && written !== undefined) return [...ask.place, provider, ...rest];
    return [...ask.place, ...path];
  };
  const isDefault = (key: string | number | undefined): boolean => key !== undefined && Object.hasOwn(defaults, key) && !Object.hasOwn(beside, key) && !Object.hasOwn(inside, key);
  const settings = typedWhereTaken(schema.settings, given, (path) => reading.typed.get(printPlace(isDefault(path[0]) ? ['sources', provider, ...path] : placeOf(path)))) as typeof given;
  const parsed = schema.settings.safeParse(settings, quick);
  if (parsed.success) return { provider, settings: parsed.data as ProviderSettings, sound: true };
  for (const issue of flatten(parsed.error.issues, settings)) {
    const path = issue.path as Place;
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const place = path.length === 0 && isDefault(key) ? ['sources', provider] : placeOf([...path, key]).slice(0, -1);
        reportIssue({ ...issue, keys: [key] }, { document: settings, schema: schema.settings, place, extraKeys: isMap(written) ? [] : ask.ownKeys }, reading.problems);
      }
    } else {
      // the found value is looked up in the settings, the place in the file: they differ by the shorthand and the keys beside
      reportIssue(issue, { document: atPlace(placeOf(path), settings, path), schema: schema.settings, place: placeOf(path), extraKeys: ask.ownKeys }, reading.problems);
    }
  }
  return { provider, settings: {}, sound: false };
}

/** A provider whose name says everything. */
const isBare = ({ settings }: ProviderSchema): boolean => Object.keys((settings as { readonly def?: { readonly shape?: object } }).def?.shape ?? { any: 0 }).length === 0;

/** The provider's own word on settings that its schema accepted. */
export function checkSettings(reading: Reading, provided: Provided, values: readonly TargetValue[], ask: Pick<Ask, 'place' | 'schemas'>): void {
  if (!provided.sound) return;
  for (const sentence of ask.schemas[provided.provider]?.check?.(provided.settings, values) ?? []) reading.problems.add([...ask.place, provided.provider], 'WRONG_SETTINGS', sentence);
}

/** A document in which the value of `settings` at `path` stands at `place`. */
function atPlace(place: Place, settings: unknown, path: Place): unknown {
  let value: unknown = settings;
  for (const step of path) value = isMap(value) ? value[step as string] : Array.isArray(value) ? value[step as number] : undefined;
  return place.reduceRight<unknown>((inner, step) => {
    if (typeof step !== 'number') return { [step]: inner };
    const list: unknown[] = [];
    list[step] = inner;
    return list;
  }, value);
}
