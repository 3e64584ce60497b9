// What the plan must know of a provider without importing it: how its settings look. Every provider file exports a
// `schema: ProviderSchema` beside its provider; whoever reads a plan passes the table in. Users: resolve-settings.ts.
import type { ZodType } from 'zod';
import type { ProviderSettings, TargetValue } from './types.js';

export interface ProviderSchema {
  /**
   * The provider's settings; a strict object. Its output is what the engine keeps and must be plain JSON. Text in it may hold
   * `${env:NAME}`, so a format check (a URL, a number in text) must let such a reference pass.
   */
  readonly settings: ZodType;
  /** The key under which a bare text is put: `prometheus: QUERY` is `prometheus: { query: QUERY }`; null: a bare text is refused. */
  readonly shorthand: string | null;
  /** A source whose port may answer for the past (`ranged`): what looks back can be measured at once. */
  readonly ranged?: true;
  /** A source whose answers have one unit whatever the plan says: what `reads` is on its metrics where it is left out. */
  readonly reads?: string;
  /** A channel that knows people by a contact of theirs: `slack` fills its setting `people` with every person's `slack`, unless the channel says otherwise. */
  readonly contact?: string;
  /** Problems that need more than one field and no I/O, as sentences; empty: none. `values` are those the phases move a target to, else empty. */
  readonly check?: (settings: ProviderSettings, values: readonly TargetValue[]) => readonly string[];
  /** Why a target cannot hold what its service calls unlimited, as a sentence; null: it can. Left out: no target of this provider can be unlimited. */
  readonly unlimited?: (settings: ProviderSettings, is: number | string | null) => string | null;
}

/** Provider name → schema. The names are the keys that a plan uses. */
export interface ProviderSchemas {
  readonly targets: Readonly<Record<string, ProviderSchema>>;
  readonly sources: Readonly<Record<string, ProviderSchema>>;
  readonly channels: Readonly<Record<string, ProviderSchema>>;
}
