// The shipped plans of the ledger's rows A to D, as their files stand, and their scenarios.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { providerSchemas } from '../../src/engine/provider-schemas.js';
import { parsePlan } from '../../src/plan/index.js';
import type { ResolvedPlan } from '../../src/plan/types.js';

const folder = join(import.meta.dirname, '../../examples');
export const example = (name: string): string => readFileSync(join(folder, `${name}.yaml`), 'utf8');
export const scenario = (name: string): string => readFileSync(join(folder, 'scenarios', `${name}.yaml`), 'utf8');
/** What a scenario comes to: `# OUTCOME: what happens` in its first line. */
export const scenarios = (): readonly { readonly name: string; readonly plan: string; readonly outcome: string; readonly what: string }[] => readdirSync(join(folder, 'scenarios')).filter((file) => file.endsWith('.yaml')).sort().map((file) => {
  const name = file.replace(/\.yaml$/, '');
  const [, outcome, what] = /^# ([a-z-]+): (.+)$/m.exec(scenario(name).split('\n')[0]!)!;
  return { name, plan: name.split('--')[0]!, outcome: outcome!, what: what! };
});

export const resolved = (name: string, vars: Readonly<Record<string, string>> = {}, day1 = '2027-03-01'): ResolvedPlan => resolvedText(example(name), name, vars, day1);

/** @throws Error with all problems of the plan */
export function resolvedText(text: string, name: string, vars: Readonly<Record<string, string>> = {}, day1 = '2027-03-01'): ResolvedPlan {
  const parsed = parsePlan(text, { file: `${name}.yaml`, now: Date.parse('2027-02-01T12:00:00Z'), env: null, providers: providerSchemas, vars, day1 });
  if (!parsed.ok) throw new Error(parsed.problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'));
  return parsed.plan;
}
