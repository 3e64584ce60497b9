// The shipped providers as a plan sees them, and the shortest way to read a plan in a test.
import { channels } from '../../src/channels/index.js';
import { parsePlan, type PlanOptions, type PlanResult, type ResolvedPlan } from '../../src/plan/index.js';
import type { ProviderSchemas } from '../../src/plan/providers.js';
import { sources } from '../../src/sources/index.js';
import { targets } from '../../src/targets/index.js';

const schemasOf = (table: Readonly<Record<string, { readonly schema: ProviderSchemas['targets'][string] }>>): ProviderSchemas['targets'] =>
  Object.fromEntries(Object.entries(table).map(([name, { schema }]) => [name, schema]));

export const providers: ProviderSchemas = {
  targets: schemasOf(targets), sources: schemasOf(sources),
  channels: schemasOf(channels),
};

/** 2026-03-02 12:00 UTC, a Monday; in Los Angeles clocks go forward on the following Sunday. */
export const now = Date.UTC(2026, 2, 2, 12);

export const read = (text: string, options: Partial<PlanOptions> = {}): PlanResult => parsePlan(text, { file: 'plan.yaml', now, env: null, providers, vars: {}, day1: null, ...options });

export function plan(text: string, options: Partial<PlanOptions> = {}): ResolvedPlan {
  const result = read(text, options);
  if (!result.ok) throw new Error(result.problems.map((problem) => `${problem.line}:${problem.column} ${problem.path} ${problem.code}: ${problem.message}`).join('\n'));
  return result.plan;
}

/** 'line:column CODE' of every problem, in the order they are told. */
export function told(text: string, options: Partial<PlanOptions> = {}): readonly string[] {
  const result = read(text, options);
  return result.ok ? [] : result.problems.map(({ line, column, code }) => `${line}:${column} ${code}`);
}
export function messagesOf(text: string, code: string): readonly string[] {
  const result = read(text);
  return result.ok ? [] : result.problems.filter((problem) => problem.code === code).map(({ message }) => message);
}
export function messageOf(text: string, code: string, options: Partial<PlanOptions> = {}): string {
  const result = read(text, options);
  const found = result.ok ? [] : result.problems.filter((problem) => problem.code === code);
  if (found.length !== 1) throw new Error(`${found.length} problems ${code} in: ${result.ok ? 'a sound plan' : result.problems.map((problem) => `${problem.code}: ${problem.message}`).join('\n')}`);
  return found[0]!.message;
}
