// From a text or a value to a resolved plan, or to everything that is wrong with it: document → variables → secrets → shape → resolve → rules.
// One path for YAML, JSON and a value handed over by the engine; only the first has lines.
import { largestPlanBytes, readDocument, tooLarge } from './document.js';
import { lintPlan, type Lint } from './lint.js';
import { isMap, Problems, type Locate, type Problem } from './problems.js';
import type { ProviderSchemas } from './providers.js';
import { resolveFile } from './resolve.js';
import { checkRules } from './rules.js';
import { findWrittenSecrets, maskSecrets, type Environment } from './secrets.js';
import { checkShape } from './shape.js';
import type { ResolvedPlan } from './types.js';
import { fillVariables, type Variables } from './variables.js';

export interface PlanOptions {
  /** for messages only; see `printProblem` */
  readonly file: string;
  /** epoch milliseconds; decides 'today' where no day 1 is given */
  readonly now: number;
  /** names only are looked at, to say which `${env:NAME}` are not set; null: not judged */
  readonly env: Environment | null;
  readonly providers: ProviderSchemas;
  /** values of `--var NAME=VALUE` */
  readonly vars: Variables;
  /** ISO date of day 1 in the plan's zone; null: today */
  readonly day1: string | null;
  /** how many workers there will be, for the lint; left out: not judged */
  readonly workers?: number | null;
}

export interface Warning extends Problem { readonly level: Lint['level'] }
export type PlanResult = { readonly ok: true; readonly plan: ResolvedPlan; readonly warnings: readonly Warning[] } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads a plan file (YAML 1.2 or JSON). Never throws for what a file may hold; all problems at once, with line and column. */
export function parsePlan(text: string, options: PlanOptions): PlanResult {
  const document = readDocument(text);
  return document.ok ? readValue(document.value, document.locate, options) : document;
}

/** The same for a value that was read elsewhere (a workflow's input). Problems have paths and no lines. A text is read as a plan file. */
export function resolvePlan(document: unknown, options: PlanOptions): PlanResult {
  if (typeof document === 'string') return parsePlan(document, options);
  const refuse = (code: string, message: string): PlanResult => ({ ok: false, problems: [{ line: null, column: null, path: '', code, message }] });
  let text: string | undefined;
  try { text = JSON.stringify(document); } catch (error) { return refuse('YAML_SYNTAX', error instanceof RangeError ? 'the plan is nested too deeply' : 'the plan is no plain JSON'); }
  if (text === undefined || document === null) return refuse('EMPTY_PLAN', 'the plan is empty; it begins with “rollout: NAME”');
  if (new TextEncoder().encode(text).byteLength > largestPlanBytes) return refuse(tooLarge.code, tooLarge.message);
  // what JSON would not carry (undefined, functions, dates) is gone before it is judged
  return readValue(JSON.parse(text) as unknown, () => ({ line: null, column: null }), options);
}

function readValue(value: unknown, locate: Locate, options: PlanOptions): PlanResult {
  const problems = new Problems(locate);
  if (!isMap(value)) {
    problems.add([], 'WRONG_TYPE', `a plan is a map (key: value) that begins with “rollout: NAME”; this is ${Array.isArray(value) ? 'a list' : 'a single value'}`);
    return { ok: false, problems: problems.sorted() };
  }
  const filled = fillVariables(value, options.vars, problems);
  const secrets = findWrittenSecrets(filled, problems);
  const { file, patched } = checkShape(filled, problems);
  problems.ignore(patched);
  const plan = file === null ? null : resolveFile(file, { problems, providers: options.providers, now: options.now, day1: options.day1 });
  if (plan !== null) checkRules(plan, problems);

  if (plan === null || problems.count > 0) return { ok: false, problems: withoutSecrets(problems.sorted(), secrets) };
  const warnings = lintPlan(plan, { workers: options.workers ?? null, env: options.env });
  return { ok: true, plan, warnings: warnings.map(({ place, ...warning }) => ({ ...warning, ...locate(place, {}) })) };
}

/** One word about a secret is enough: whatever else is wrong at its place would repeat it. */
function withoutSecrets(problems: readonly Problem[], secrets: readonly string[]): readonly Problem[] {
  const places = new Set(problems.filter(({ code }) => code === 'SECRET_AS_TEXT').map(({ path }) => path));
  return problems.filter(({ path, code }) => code === 'SECRET_AS_TEXT' || !places.has(path)).map((problem) => ({ ...problem, message: maskSecrets(problem.message, secrets) }));
}
