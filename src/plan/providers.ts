// What the edge must know of a provider to validate a plan that names it, without loading the provider's own machinery. Each provider file in
// src/targets, src/sources, src/channels exports one such `schema`; the tables are in those folders' index.ts.
import type { ZodType } from 'zod';

export interface ProviderSchema {
  /** strict schema of the provider's settings as the plan writes them; problems become errors with file, line and column */
  readonly settings: ZodType;
  /** the key under which a bare string is put (`prometheus: 'up'` is `prometheus: { query: 'up' }`); null: a mapping is required */
  readonly shorthand: string | null;
}
