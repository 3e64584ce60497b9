// From a text or a value to a resolved plan, or to everything that is wrong with it: document → variant → variables → secrets → shape → resolve →
// rules. One path for YAML, JSON and a value handed over by the engine; only the first has lines.
import type { EpochMs, Ms } from '../judgement/types.js';
import { nearest } from './did-you-mean.js';
import { largestPlanBytes, readDocument, tooLarge } from './document.js';
import { lintPlan, type Lint } from './lint.js';
import { inEveryVariant } from './every-variant.js';
import { paced } from './pace.js';
import { isMap, printPlace, Problems, type Locate, type Problem } from './problems.js';
import type { ProviderSchemas } from './providers.js';
import { resolveFile } from './resolve.js';
import { checkRules } from './rules.js';
import { findWrittenSecrets, maskSecrets, type Environment } from './secrets.js';
import { checkShape } from './shape.js';
import type { Pace, ResolvedPlan } from './types.js';
import { fillVariables, type Variables } from './variables.js';
import { chooseVariant, variantNames, variantsInWords, variantVariable } from './variants.js';

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
  /** a date and time in the plan's zone, an instant with its offset, or `now`; null: as the plan says. A number is the launch of a rollout that runs, which stands */
  readonly launch?: string | EpochMs | null;
  /** the rollout starts at `now`: a step before the launch whose time has passed is a problem */
  readonly starting?: boolean;
  /** it is to run so many times as fast as planned, reckoned from the instant `from`; left out: as planned */
  readonly pace?: Pick<Pace, 'times' | 'from'> | null;
  /** what to do when the plan has variants and `vars` chooses none: refuse it (with what is wrong in any of them), take the first, or judge every one */
  readonly unchosen?: 'refused' | 'first' | 'every';
  /** how many workers there will be, for the lint; left out: not judged */
  readonly workers?: number | null;
}

export interface Warning extends Problem { readonly level: Lint['level'] }
export type PlanResult = { readonly ok: true; readonly plan: ResolvedPlan; /** how long before the launch its first step is; 0: none is */ readonly beforeLaunchMs: Ms; readonly warnings: readonly Warning[] } | { readonly ok: false; readonly problems: readonly Problem[] };

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
  const names = variantNames(value);
  if (names.length === 0) return readVariant(value, null, locate, options);
  const given = Object.hasOwn(options.vars, variantVariable) ? options.vars[variantVariable]! : null;
  if (given !== null && names.includes(given)) return readVariant(value, given, locate, options);
  const read = (name: string): PlanResult => readVariant(value, name, locate, { ...options, vars: { ...options.vars, [variantVariable]: name } });
  if (given === null && options.unchosen === 'first') return read(names[0]!);
  return inEveryVariant(names.map((name) => ({ name, result: read(name) })), given === null && options.unchosen === 'every' ? null : refuseChoice(value, given, problems));
}

function refuseChoice(document: unknown, given: string | null, problems: Problems): Problem {
  const allowed = variantsInWords(document);
  if (given === null) problems.add(['variants'], 'MISSING_VARIANT', `this plan has variants, and none is chosen: give --var variant=NAME, one of: ${allowed}`, { on: 'key' });
  else {
    const meant = nearest(given, variantNames(document));
    problems.add(['variants'], 'UNKNOWN_VARIANT', `there is no variant “${given}”${meant === null ? '' : `; did you mean “${meant}”?`}; one of: ${allowed}`, { on: 'key' });
  }
  return problems.sorted()[0]!;
}

/** @param variant one that the plan has; null: it has none */
function readVariant(value: unknown, variant: string | null, locate: Locate, options: PlanOptions): PlanResult {
  const problems = new Problems(locate);
  const chosen = chooseVariant(value, variant, problems);
  problems.standAt(chosen.placeOf);
  const { document, typed, unused } = fillVariables(chosen.document, options.vars, problems, chosen.variant, value);
  const secrets = findWrittenSecrets(document, problems);
  const { file, patched } = checkShape(document, problems, typed);
  problems.ignore(patched);
  const resolved = file === null ? null : resolveFile(file, { problems, providers: options.providers, now: options.now, day1: options.day1, launch: options.launch ?? null, starting: options.starting ?? false, variant, typed });
  if (resolved !== null) checkRules(resolved.plan, problems);

  if (resolved === null || problems.count > 0) return { ok: false, problems: withoutSecrets(problems.sorted(), secrets) };
  const warnings = lintPlan(resolved.plan, { workers: options.workers ?? null, env: options.env, unused });
  // Rules and lint have judged the plan as it is written: faster, it is still that plan.
  return { ok: true, ...resolved, plan: options.pace == null ? resolved.plan : paced(resolved.plan, options.pace), warnings: warnings.map(({ place, ...warning }) => ({ ...warning, path: printPlace(chosen.placeOf(place)), ...locate(chosen.placeOf(place), {}) })) };
}

/** The document as a rollout that runs takes it: its variant chosen, every variable filled in. Problems are for whoever parsed it before. */
export function filledDocument(value: unknown, vars: Variables): unknown {
  const unheard = new Problems(() => ({ line: null, column: null }));
  const name = vars[variantVariable] !== undefined && variantNames(value).includes(vars[variantVariable]) ? vars[variantVariable] : null;
  const chosen = chooseVariant(value, name, unheard);
  const { document } = fillVariables(chosen.document, vars, unheard, chosen.variant, value);
  // only the chosen one goes along, so that no other can be chosen over it
  return name === null || !isMap(document) || !isMap(document['variants']) ? document : { ...document, variants: { [name]: document['variants'][name] } };
}

/** One word about a secret is enough: whatever else is wrong at its place would repeat it. */
function withoutSecrets(problems: readonly Problem[], secrets: readonly string[]): readonly Problem[] {
  const places = new Set(problems.filter(({ code }) => code === 'SECRET_AS_TEXT').map(({ path }) => path));
  return problems.filter(({ path, code }) => code === 'SECRET_AS_TEXT' || !places.has(path)).map((problem) => ({ ...problem, message: maskSecrets(problem.message, secrets) }));
}
