// The shipped plan of the ledger's rows E1 to E20, and small changes to it that a test states in its own words.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { providerSchemas } from '../../src/engine/provider-schemas.js';
import { parsePlan } from '../../src/plan/index.js';
import type { ResolvedPlan } from '../../src/plan/types.js';

export const batchPatches = readFileSync(join(import.meta.dirname, '../../examples/batch-patches.yaml'), 'utf8');

/** The same plan with one passage replaced; the passage must be there. */
export function changed(from: string, to: string): string {
  if (!batchPatches.includes(from)) throw new Error(`the plan does not say: ${from}`);
  return batchPatches.replace(from, to);
}

export function resolved(day1 = '2027-03-01'): ResolvedPlan {
  const parsed = parsePlan(batchPatches, { file: 'batch-patches.yaml', now: Date.parse('2027-02-01T12:00:00Z'), env: null, providers: providerSchemas, vars: {}, day1 });
  if (!parsed.ok) throw new Error(parsed.problems.map((problem) => problem.message).join('\n'));
  return parsed.plan;
}
