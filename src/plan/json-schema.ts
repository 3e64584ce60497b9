// The JSON Schema of a plan file, for completion and first checks in editors. Conditions, days and people are text there; `tidegate validate`
// says the rest. Made from the schemas that reading uses, the providers' among them, so that they cannot drift apart.
import * as z from 'zod';
import type { ProviderSchema, ProviderSchemas } from './providers.js';
import { planSchema } from './schema.js';
import type { ProviderSettings } from './types.js';

type Schema = { [key: string]: unknown; properties?: Record<string, Schema>; additionalProperties?: Schema | boolean; items?: Schema };
type Table = Readonly<Record<string, ProviderSchema>>;

/** @param providers adds the settings of each provider wherever a target, metric or channel may name one; without them those keys are allowed but not described */
export function planJsonSchema(providers: ProviderSchemas | null = null): Record<string, unknown> {
  const schema = { ...schemaOf(planSchema), title: 'Tidegate plan', description: 'A rollout as data: what moves, how far in each phase, what must be true, who says yes, what brings it back.' } as Schema;
  if (providers === null) return schema;
  const { targets, sources, channels } = providers;
  const top = schema.properties!;
  name(top['targets']!.additionalProperties, 'target', targets);
  for (const key of ['metrics', 'alerts']) name(top[key]!.additionalProperties, 'metric', sources);
  // what all metrics of a source share
  const { 'max age': maxAge, timeout, step } = (top['metrics']!.additionalProperties as Schema).properties!;
  top['sources']!.properties = mapped(sources, (provider) => { const settings = withoutDuties(provider); return { ...settings, properties: { ...settings.properties, 'max age': maxAge!, timeout: timeout!, step: step! } }; });
  for (const list of [...Object.values(top['channels']!.properties!), (top['people']!.additionalProperties as Schema).properties!['channels']!]) list.items = channelOf(channels);
  return { ...schema, $defs: { ...definitions('target', targets), ...definitions('metric', sources), ...definitions('channel', channels) } };
}

const schemaOf = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema;
const mapped = (table: Table, of: (provider: ProviderSchema, name: string) => Schema): Record<string, Schema> => Object.fromEntries(Object.entries(table).map(([key, provider]) => [key, of(provider, key)]));
const definitions = (kind: string, table: Table): Record<string, Schema> => Object.fromEntries(Object.entries(table).map(([key, provider]) => [`${kind}.${key}`, settingsOf(provider)]));
const references = (kind: string, table: Table): Record<string, Schema> => mapped(table, (_provider, key) => ({ $ref: `#/$defs/${kind}.${key}` }));

/** Offers each provider's name with its settings behind it. */
function name(entry: Schema | boolean | undefined, kind: string, table: Table): void {
  (entry as Schema).properties = { ...references(kind, table), ...(entry as Schema).properties };
}

/** Just the name, where that says everything, or the name with its settings. */
function channelOf(table: Table): Schema {
  const bare = Object.entries(table).filter(([, { settings, check }]) => { const { success, data } = settings.safeParse({}); return success && (check?.(data as ProviderSettings, []) ?? []).length === 0; }).map(([key]) => key);
  return { description: 'a channel by its provider: terminal, or { webhook: URL }', anyOf: [{ type: 'string', enum: bare }, { type: 'object', properties: references('channel', table) }] };
}

/** Settings may also stand beside the provider's key or under `sources`, so none of them is required here, and there may be none. */
function withoutDuties({ settings }: ProviderSchema): Schema {
  const { $schema: _version, required: _required, ...rest } = schemaOf(settings);
  return rest;
}

function settingsOf(provider: ProviderSchema): Schema {
  const settings = withoutDuties(provider);
  const short = provider.shorthand === null ? [] : [settings.properties?.[provider.shorthand] ?? {}];
  return { anyOf: [settings, ...short, { type: 'null' }] };
}
