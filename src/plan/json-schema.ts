// The JSON Schema of a plan file, for completion and first checks in editors. Conditions, days and people are text there; `tidegate validate`
// says the rest. Made from the schema that reading uses, so the two cannot drift apart.
import * as z from 'zod';
import type { ProviderSchema, ProviderSchemas } from './providers.js';
import { planSchema } from './schema.js';

type Schema = { [key: string]: unknown; properties?: Record<string, Schema>; additionalProperties?: Schema | boolean };

/** @param providers adds the settings of each provider to targets and metrics; without them those keys are allowed but not described */
export function planJsonSchema(providers: ProviderSchemas | null = null): Record<string, unknown> {
  const schema = z.toJSONSchema(planSchema, { io: 'input', unrepresentable: 'any' }) as Schema;
  const entry = (key: string): Schema | undefined => (typeof schema.properties?.[key]?.additionalProperties === 'object' ? schema.properties[key].additionalProperties : undefined);
  if (providers !== null) {
    for (const [key, table] of [['targets', providers.targets], ['metrics', providers.sources], ['alerts', providers.sources]] as const) {
      const at = entry(key);
      if (at !== undefined) at.properties = { ...Object.fromEntries(Object.entries(table).map(([name, provider]) => [name, settingsSchema(provider)])), ...at.properties };
    }
  }
  return { ...schema, title: 'Tidegate plan', description: 'A rollout as data: what moves, how far in each phase, what must be true, who says yes, what brings it back.' };
}

function settingsSchema(provider: ProviderSchema): Schema {
  const settings = z.toJSONSchema(provider.settings, { io: 'input', unrepresentable: 'any' }) as Schema;
  delete settings['$schema'];
  // settings may also stand beside the provider's key, so none of them is required inside it
  delete settings['required'];
  return provider.shorthand === null ? settings : { anyOf: [{ type: 'string' }, { type: 'array' }, settings] };
}
