// What users really get of a flag: 10,000 of them evaluated by flagd's own evaluator, not computed from the weights.
// Its neighbours: ./flagd.ts (the provider), ./flagd-text.ts (the file).
import type { JsonValue } from '../plan/types.js';
import type { FlagView } from './flagd-text.js';

export const SYNTHETIC_USERS = 10_000;

/** How many of the 10,000 synthetic users get the 'on' variant. Their context holds only what the bucket is computed from. */
export async function countOn(view: FlagView, flag: string): Promise<number> {
  // loaded only here: the evaluator takes long to load, and validating a plan needs none of it
  const { FlagdCore, MemoryStorage } = await import('@openfeature/flagd-core');
  const core = new FlagdCore(new MemoryStorage(SILENT), SILENT);
  core.setConfigurations(JSON.stringify(view.configuration));
  const definition = view.configuration.flags[flag] as { variants: Record<string, JsonValue> };
  const on = definition.variants[view.on];
  let count = 0;
  for (let i = 1; i <= SYNTHETIC_USERS; i++) {
    const context = userContext(`user-${i}`, view.userKeys);
    const result = typeof on === 'boolean' ? core.resolveBooleanEvaluation(flag, false, context)
      : typeof on === 'string' ? core.resolveStringEvaluation(flag, '', context)
        : typeof on === 'number' ? core.resolveNumberEvaluation(flag, 0, context)
          : core.resolveObjectEvaluation(flag, {}, context);
    if (result.variant === view.on) count++;
  }
  return count;
}

type Context = { [field: string]: string | Context };

function userContext(id: string, userKeys: readonly string[]): Context {
  const context: Context = { targetingKey: id };
  for (const key of userKeys) {
    const path = key.split('.');
    let at = context;
    for (const part of path.slice(0, -1)) { const next = at[part]; at = typeof next === 'object' ? next : (at[part] = {}); }
    at[path[path.length - 1] as string] = id;
  }
  return context;
}

const SILENT = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
