// What one flag of LaunchDarkly says about one environment: the rule that is moved, the share it gives, and who of 10,000 users gets it.
// Its neighbours: ./launchdarkly.ts (the provider).
import { createHash } from 'node:crypto';
import { SYNTHETIC_USERS } from './flagd-users.js';

/** Which rule of which flag; null of `rule`: the default rule, of the others: whatever the flag has. */
export interface RulePlace {
  readonly flag: string; readonly environment: string; readonly rule: string | null;
  readonly variations: { readonly on: string; readonly off: string } | null; readonly context: string | null; readonly attribute: string | null;
}

export interface FlagView {
  readonly on: boolean;
  /** null: the default rule */
  readonly ruleId: string | null;
  readonly version: number;
  readonly salt: string;
  /** ids of all variations in the flag's order, and which of them is the feature and which its absence */
  readonly variationIds: readonly string[]; readonly onIndex: number; readonly offIndex: number;
  /** thousandths of a percent by variation index, in the order in which users are put into buckets */
  readonly weights: readonly { readonly variation: number; readonly weight: number }[];
  /** null: the rule has no percentage rollout, so nobody is told apart by anything yet */
  readonly context: string | null; readonly attribute: string | null;
  /** percent that the rule gives, whether the flag is on or not */
  readonly storedPercent: number;
  /** percent that users get: 0 while the flag is off */
  readonly sharePercent: number;
  /** users outside the rule that is moved: what the default rule would give them were the flag on; null: the default rule is the one that is moved, or cannot be told */
  readonly othersPercent: number | null;
  /** other rules and single targets, which are kept */
  readonly besides: number;
}

export interface ViewProblem { readonly code: string; readonly what: string; readonly todo: string }

const WHOLE = 100_000;

/** @param flag `GET /api/v2/flags/P/F?env=E` as JSON */
export function viewFlag(flag: unknown, place: RulePlace): FlagView | ViewProblem {
  const top = record(flag);
  const config = record(top['environments'])[place.environment];
  if (config === undefined) return problem('ENVIRONMENT_MISSING', `flag '${place.flag}' has no environment '${place.environment}' that the token may see`, 'Correct the environment, or the permissions of the token.');
  if (top['archived'] === true) return problem('FLAG_ARCHIVED', `flag '${place.flag}' is archived`, 'Restore it.');
  const environment = record(config);
  const variations = list(top['variations']).map(record);
  const sides = sidesOf(variations, place);
  if ('code' in sides) return sides;
  const rule = ruleOf(environment, place);
  if ('code' in rule) return rule;
  const served = weightsOf(rule.serves, sides, place);
  if ('code' in served) return served;
  const on = environment['on'] === true;
  if (!on && environment['offVariation'] === sides.onIndex) return problem('FLAG_NOT_UNDERSTOOD', `flag '${place.flag}' is off in '${place.environment}' and its off variation is the one that is rolled out, so everybody gets it`, 'Correct the off variation.');
  const storedPercent = percentOf(served.weights, sides.onIndex);
  const others = rule.id === null ? null : weightsOf(record(environment['fallthrough']), sides, place);
  return {
    on, ruleId: rule.id, version: Number(environment['version'] ?? 0), salt: String(environment['salt'] ?? ''), variationIds: variations.map((one) => String(one['_id'] ?? '')), ...sides, ...served,
    storedPercent, sharePercent: on ? storedPercent : 0, othersPercent: others === null || 'code' in others ? null : percentOf(others.weights, sides.onIndex),
    besides: list(environment['rules']).length - (rule.id === null ? 0 : 1) + list(environment['targets']).length + list(environment['contextTargets']).length,
  };
}

interface Sides { readonly onIndex: number; readonly offIndex: number }

/** The feature and its absence: said by the plan, or true and false. */
function sidesOf(variations: readonly Readonly<Record<string, unknown>>[], { flag, variations: given }: RulePlace): Sides | ViewProblem {
  const known = variations.map((one) => `${JSON.stringify(one['value'])}${typeof one['name'] === 'string' ? ` “${one['name']}”` : ''}`).join(', ');
  const indexOf = (wanted: string | boolean): number => {
    const found = variations.flatMap((one, index) => (typeof wanted === 'boolean' ? one['value'] === wanted : one['_id'] === wanted || one['name'] === wanted || String(one['value']) === wanted) ? [index] : []);
    return found.length === 1 ? found[0]! : -1;
  };
  const onIndex = indexOf(given?.on ?? true);
  const offIndex = indexOf(given?.off ?? false);
  if (onIndex >= 0 && offIndex >= 0 && onIndex !== offIndex) return { onIndex, offIndex };
  return problem('VARIATIONS_NOT_CLEAR', `flag '${flag}' has the variations ${known}, of which ${given === null ? 'none are true and false' : `'${given.on}' and '${given.off}' are not exactly two`}`, "Name two of them by id, name or value: 'variations: { on: …, off: … }'.");
}

function ruleOf(environment: Readonly<Record<string, unknown>>, { flag, environment: name, rule: wanted }: RulePlace): { readonly id: string | null; readonly serves: Readonly<Record<string, unknown>> } | ViewProblem {
  if (wanted === null) return { id: null, serves: record(environment['fallthrough']) };
  const rules = list(environment['rules']).map(record);
  const found = rules.filter((one) => one['_id'] === wanted || one['ref'] === wanted || one['description'] === wanted);
  if (found.length !== 1) return problem('RULE_NOT_CLEAR', `${found.length === 0 ? 'no rule' : `${found.length} rules`} of flag '${flag}' in '${name}' ${found.length === 0 ? 'is' : 'are'} called '${wanted}'${rules.length === 0 ? '' : `; there ${rules.length === 1 ? 'is' : 'are'} ${rules.map((one) => `${String(one['_id'])}${typeof one['description'] === 'string' && one['description'] !== '' ? ` “${one['description']}”` : ''}`).join(', ')}`}`, "Say the rule's id with 'rule'.");
  if (found[0]!['disabled'] === true) return problem('RULE_DISABLED', `rule '${wanted}' of flag '${flag}' in '${name}' is switched off, so nobody gets what it says`, 'Switch it on in LaunchDarkly.');
  return { id: String(found[0]!['_id']), serves: found[0]! };
}

/** Nothing but these stands in a plain percentage rollout; experiments and guarded or progressive rollouts bring an allocation and a seed of their own. */
const PLAIN = new Set(['variations', 'contextKind', 'bucketBy', 'kind', 'seed', 'experimentAllocation']);

function weightsOf(serves: Readonly<Record<string, unknown>>, { onIndex, offIndex }: Sides, place: RulePlace): Pick<FlagView, 'weights' | 'context' | 'attribute'> | ViewProblem {
  const third = (): ViewProblem => problem('FLAG_NOT_UNDERSTOOD', `a third variation of flag '${place.flag}' is served in '${place.environment}'`, "A share needs two sides: take the third out, or name the two with 'variations'.");
  const rollout = serves['rollout'];
  if (rollout === undefined || rollout === null) {
    const variation = serves['variation'];
    if (variation !== onIndex && variation !== offIndex) return third();
    return { weights: [{ variation: variation as number, weight: WHOLE }], context: null, attribute: null };
  }
  const fields = record(rollout);
  const weights = list(fields['variations']).map(record).map((one) => ({ variation: Number(one['variation']), weight: Number(one['weight']), tracked: one['_untracked'] !== true }));
  const foreign = Object.keys(fields).filter((key) => !PLAIN.has(key));
  if (foreign.length > 0 || (fields['seed'] ?? null) !== null || (fields['experimentAllocation'] ?? null) !== null || (fields['kind'] ?? 'rollout') !== 'rollout' || weights.some(({ tracked }) => !tracked)) {
    return problem('FLAG_IN_EXPERIMENT', `an experiment or a guarded or progressive rollout of LaunchDarkly is active on this rule of flag '${place.flag}' in '${place.environment}'`, 'Stop it there: two that move one flag undo each other.');
  }
  const context = String(fields['contextKind'] ?? 'user');
  const attribute = String(fields['bucketBy'] ?? 'key');
  if (weights.some(({ variation, weight }) => weight > 0 && variation !== onIndex && variation !== offIndex)) return third();
  for (const [key, theirs] of [['context', context], ['attribute', attribute]] as const) {
    const ours = place[key];
    if (ours !== null && ours !== theirs) return problem('FLAG_OTHER_KEY', `the rollout of flag '${place.flag}' in '${place.environment}' tells users apart by the ${key} '${theirs}', the plan by '${ours}'`, `Give both the same '${key}'; changing it gives the feature to other users.`);
  }
  return { weights: weights.map(({ variation, weight }) => ({ variation, weight })), context, attribute };
}

const percentOf = (weights: FlagView['weights'], onIndex: number): number => weights.filter(({ variation }) => variation === onIndex).reduce((sum, { weight }) => sum + weight, 0) / (WHOLE / 100);

/** How many of the 10,000 synthetic users, whom no other rule and no single target is for, get the feature. */
export function countOn(view: FlagView, flag: string): number {
  if (!view.on) return 0;
  let count = 0;
  for (let user = 1; user <= SYNTHETIC_USERS; user++) if (served(view, bucketOf(`user-${user}`, flag, view.salt)) === view.onIndex) count++;
  return count;
}

/** 0 to 1, as LaunchDarkly's SDKs do it: the first 15 hexadecimal digits of a SHA-1. */
export const bucketOf = (key: string, flag: string, salt: string): number => Number.parseInt(createHash('sha1').update(`${flag}.${salt}.${key}`).digest('hex').slice(0, 15), 16) / 0xfffffffffffffff;

function served({ weights }: FlagView, bucket: number): number {
  let sum = 0;
  for (const { variation, weight } of weights) { sum += weight / WHOLE; if (bucket < sum) return variation; }
  return weights.at(-1)?.variation ?? -1; // sums of floats may end a hair below 1
}

const problem = (code: string, what: string, todo: string): ViewProblem => ({ code, what, todo });
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value as unknown[] : []);
const record = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? value as Record<string, unknown> : {});
