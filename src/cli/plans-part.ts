// Plans for the verbs: parsed against every provider that exists. Loads no engine, so that `validate` stays quick.
import { providerSchemas } from '../engine/provider-schemas.js';
import { readDocument } from '../plan/document.js';
import { filledDocument, parsePlan, planJsonSchema } from '../plan/index.js';
import type { Cli, Plans } from './ports.js';

export function openPlans(cli: Pick<Cli, 'env'>): Plans {
  return {
    parse: ({ text, file, now, pace, ...given }) => {
      const parsed = parsePlan(text, { file, now, env: cli.env, providers: providerSchemas, pace: pace == null ? null : { times: pace, from: now }, ...given });
      if (!parsed.ok) return { ok: false, errors: parsed.problems, warnings: [] };
      const document = (): unknown => {
        const read = readDocument(text);
        if (!read.ok) throw new Error(`a plan that was parsed can no longer be read: ${read.problems[0]?.message ?? 'for no reason'}`);
        return read.value;
      };
      return { ok: true, plan: parsed.plan, document, filled: () => filledDocument(document(), given.vars), warnings: parsed.warnings };
    },
    schema: () => planJsonSchema(providerSchemas),
  };
}
