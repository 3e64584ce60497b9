// What a plan is validated against: the settings of every provider that exists. Importing it opens nothing.
import { channels } from '../channels/index.js';
import type { ProviderSchema, ProviderSchemas } from '../plan/providers.js';
import { sources } from '../sources/index.js';
import { targets } from '../targets/index.js';

const schemasOf = (table: Readonly<Record<string, { readonly schema: ProviderSchema }>>): Record<string, ProviderSchema> => Object.fromEntries(Object.entries(table).map(([name, { schema }]) => [name, schema]));

export const providerSchemas: ProviderSchemas = { targets: schemasOf(targets), sources: schemasOf(sources), channels: schemasOf(channels) };
