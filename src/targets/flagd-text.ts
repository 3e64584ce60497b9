// A flagd file as text: finds one flag in it and says what share of users its weights give, or why that cannot be said. Pure: no I/O.
// Parsing is ./flagd-syntax.ts, editing ./flagd-edit.ts, the provider ./flagd.ts, evaluation of users ./flagd-users.ts.
import { isMap, isScalar, isSeq, visit, type Document, type Node, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { listed, nearest } from '../plan/did-you-mean.js';
import type { JsonValue } from '../plan/types.js';
import { parseFlags } from './flagd-syntax.js';
import { TargetRefused } from './port.js';

export interface FlagPlace {
  /** for messages, and its ending says whether it is YAML */
  readonly file: string;
  readonly flag: string;
  /** what users are told apart by; null: what the flag has, 'userId' where it has nothing */
  readonly by: string | null;
  /** names of the variants; null: 'on' and 'off', or the two variants that are true and false */
  readonly variants: { readonly on: string; readonly off: string } | null;
}

export interface FlagView {
  readonly state: 'ENABLED' | 'DISABLED';
  readonly on: string;
  readonly off: string;
  /** 0..100, two decimals: what the flag gives now; a disabled one gives 0 */
  readonly sharePercent: number;
  /** the same if it were enabled */
  readonly weightPercent: number;
  /** context fields the bucket is computed from */
  readonly userKeys: readonly string[];
  /** it has rules besides the share (`if` …), which are kept */
  readonly otherRules: boolean;
  /** the flag and what it refers to, as flagd takes it */
  readonly configuration: { readonly flags: { readonly [flag: string]: JsonValue }; readonly $evaluators?: JsonValue };
}

/** @throws TargetRefused FLAG_FILE_CORRUPT, FLAG_MISSING, FLAG_NOT_UNDERSTOOD, FLAG_OTHER_KEY */
export function viewFlag(text: string, place: FlagPlace): FlagView { return locate(text, place).view; }

export interface Bucket { readonly node: YAMLSeq; readonly weight: Scalar | null }
export interface Located {
  /** as parsed: comments of a JSON file are blanked, offsets are those of the original */
  readonly text: string;
  readonly document: Document.Parsed;
  readonly flagNode: YAMLMap;
  readonly state: Scalar;
  readonly targeting: Node | null;
  readonly buckets: { readonly on: Bucket; readonly off: Bucket } | null;
  readonly view: FlagView;
}

// Parsing is the dear part, and one write looks at the same text several times; the answer depends on nothing else, so it never goes stale.
const recent: { readonly original: string; readonly place: string; readonly found: Located }[] = [];
const RECENT = 4;

/** The same with the nodes, for ./flagd-edit.ts, which must not change them. */
export function locate(original: string, place: FlagPlace): Located {
  const key = JSON.stringify(place);
  const known = recent.find((one) => one.place === key && one.original === original);
  if (known !== undefined) return known.found;
  const found = locateAnew(original, place);
  recent.unshift({ original, place: key, found });
  recent.length = Math.min(recent.length, RECENT);
  return found;
}

function locateAnew(original: string, place: FlagPlace): Located {
  const { text, document } = parseFlags(original, place.file);
  const refuse = refusal(place);
  const root = document.contents;
  const flags = isMap(root) ? childOf(root, 'flags') : null;
  if (!isMap(flags)) throw refuse('FLAG_FILE_CORRUPT', "it has no 'flags'.", 'Put back a flagd file: { "flags": { … } }.');
  const flagNode = childOf(flags, place.flag);
  if (flagNode === null) {
    const names = flags.items.map((pair) => String(isScalar(pair.key) ? pair.key.value : pair.key));
    const near = nearest(place.flag, names);
    const hint = names.length === 0 ? 'It has no flags.' : near === null ? `It has ${listed(names)}.` : `Did you mean '${near}'?`;
    throw refuse('FLAG_MISSING', `there is no flag '${place.flag}'.`, `${hint} Tidegate moves flags that exist, it does not invent them.`);
  }
  const state = isMap(flagNode) ? childOf(flagNode, 'state') : null;
  if (!isMap(flagNode) || !isScalar(state) || (state.value !== 'ENABLED' && state.value !== 'DISABLED')) {
    throw refuse('FLAG_FILE_CORRUPT', `flag '${place.flag}' has no state ENABLED or DISABLED.`, 'Write the flag as flagd wants it: state, variants, defaultVariant.');
  }
  let aliased = false;
  visit(flagNode, { Alias: () => { aliased = true; } });
  if (aliased) throw refuse('FLAG_NOT_UNDERSTOOD', `flag '${place.flag}' is written with YAML aliases, so an edit could reach other flags.`, 'Write this flag out in full.');

  const definition = flagNode.toJS(document) as { variants?: Record<string, JsonValue>; defaultVariant?: JsonValue };
  const { on, off } = variantsOf(definition.variants ?? {}, place, refuse);
  const targeting = childOf(flagNode, 'targeting');
  const share = targeting === null || isEmpty(targeting) ? null : shareIn(targeting, { on, off }, place, refuse);
  const weightPercent = share === null ? defaultShare(definition.defaultVariant, { on, off }, refuse) : share.percent;
  const evaluators = isMap(root) ? childOf(root, '$evaluators') : null;
  return {
    text, document, flagNode, state, targeting, buckets: share?.buckets ?? null,
    view: {
      state: state.value, on, off, weightPercent, sharePercent: state.value === 'DISABLED' ? 0 : weightPercent,
      userKeys: share?.userKeys ?? [place.by ?? 'userId'], otherRules: share?.otherRules ?? false,
      configuration: { flags: { [place.flag]: definition as JsonValue }, ...(evaluators === null ? {} : { $evaluators: (evaluators as YAMLMap).toJS(document) as JsonValue }) },
    },
  };
}

export type Refuse = (code: string, what: string, todo: string) => TargetRefused;
export const refusal = (place: FlagPlace): Refuse => (code, what, todo) => new TargetRefused({ code, where: place.file, what, means: 'Nothing was changed.', todo });

function childOf(map: YAMLMap, key: string): Node | null {
  const pair = map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  return (pair?.value ?? null) as Node | null;
}

function isEmpty(node: Node): boolean { return (isScalar(node) && node.value === null) || (isMap(node) && node.items.length === 0); }

function variantsOf(variants: Record<string, JsonValue>, place: FlagPlace, refuse: Refuse): { on: string; off: string } {
  const names = Object.keys(variants);
  const wanted = place.variants ?? { on: 'on', off: 'off' };
  if (names.includes(wanted.on) && names.includes(wanted.off)) return wanted;
  const booleans = { on: names.filter((name) => variants[name] === true), off: names.filter((name) => variants[name] === false) };
  if (place.variants === null && booleans.on.length === 1 && booleans.off.length === 1) return { on: booleans.on[0] as string, off: booleans.off[0] as string };
  throw refuse('FLAG_NOT_UNDERSTOOD', `flag '${place.flag}' has the variants ${names.map((name) => `'${name}'`).join(', ') || '(none)'}; '${wanted.on}' and '${wanted.off}' are looked for.`, "Say in the plan which is which: variants: { on: …, off: … }.");
}

function defaultShare(defaultVariant: JsonValue | undefined, names: { on: string; off: string }, refuse: Refuse): number {
  if (defaultVariant === names.on) return 100;
  if (defaultVariant === names.off) return 0;
  throw refuse('FLAG_NOT_UNDERSTOOD', `without targeting its defaultVariant decides, and that is ${JSON.stringify(defaultVariant ?? null)}, neither '${names.on}' nor '${names.off}'.`, `Set defaultVariant to '${names.off}'.`);
}

interface Share { readonly percent: number; readonly buckets: { on: Bucket; off: Bucket }; readonly userKeys: readonly string[]; readonly otherRules: boolean }

function shareIn(targeting: Node, names: { on: string; off: string }, place: FlagPlace, refuse: Refuse): Share {
  const unclear = (what: string): TargetRefused => refuse('FLAG_NOT_UNDERSTOOD', `the targeting of flag '${place.flag}' ${what}`, `Put { "fractional": [["${names.on}", 0], ["${names.off}", 100]] } at the one place where the share belongs; rules around it (if …) are kept.`);
  const places = reachable(targeting);
  let all = 0;
  visit(targeting, { Pair: (_, pair) => { if (isScalar(pair.key) && pair.key.value === 'fractional') all++; } });
  const args = places[0];
  if (all === 0) throw unclear("has no 'fractional' whose share could be moved.");
  if (all > 1 || args === undefined) throw unclear("has a 'fractional' in a condition, or more than one: which share is meant is not clear.");
  const first = args.items[0] as Node | undefined;
  const key = first === undefined || isSeq(first) ? null : first;
  const buckets = (key === null ? args.items : args.items.slice(1)) as Node[];
  const on = bucketOf(buckets, names.on);
  const off = bucketOf(buckets, names.off);
  if (buckets.length !== 2 || on === null || off === null) throw unclear(`does not divide users between exactly '${names.on}' and '${names.off}' by constant whole weights.`);
  const weights = { on: weightOf(on), off: weightOf(off) };
  if (weights.on + weights.off === 0) throw unclear('has two weights of 0, which gives everyone the default variant.');
  const userKeys = key === null ? ['targetingKey'] : varsIn(key);
  if (userKeys.length === 0) throw unclear('puts all users into one bucket: its key names no field of the user.');
  if (place.by !== null && !userKeys.includes(place.by)) {
    throw refuse('FLAG_OTHER_KEY', `flag '${place.flag}' tells users apart by ${userKeys.map((k) => `'${k}'`).join(', ')}, the plan says by '${place.by}'.`, 'Changing the key would give other users the feature. Make the two agree.');
  }
  return { percent: Math.round((weights.on / (weights.on + weights.off)) * 10_000) / 100, buckets: { on, off }, userKeys, otherRules: places.length > 0 && !isWhole(targeting) };
}

const isWhole = (targeting: Node): boolean => isMap(targeting) && targeting.items.length === 1 && childOf(targeting, 'fractional') !== null;

/** Every `fractional` that is the outcome for some user: the targeting itself, or a branch (not a condition) of an `if`. */
function reachable(node: Node): YAMLSeq[] {
  if (!isMap(node) || node.items.length !== 1) return [];
  const fractional = childOf(node, 'fractional');
  if (isSeq(fractional)) return [fractional];
  const branches = childOf(node, 'if');
  if (!isSeq(branches)) return [];
  return branches.items.flatMap((item, i) => (i % 2 === 1 || (i === branches.items.length - 1 && i > 0) ? reachable(item as Node) : []));
}

function bucketOf(buckets: readonly Node[], variant: string): Bucket | null {
  const node = buckets.find((bucket) => isSeq(bucket) && isScalar(bucket.items[0]) && bucket.items[0].value === variant);
  if (!isSeq(node) || node.items.length > 2) return null;
  const weight = node.items[1] ?? null;
  if (weight === null) return { node, weight: null };
  return isScalar(weight) && Number.isInteger(weight.value) && (weight.value as number) >= 0 ? { node, weight } : null;
}

// flagd reads a bucket without a weight as weight 1
const weightOf = (bucket: Bucket): number => (bucket.weight === null ? 1 : (bucket.weight.value as number));

function varsIn(key: Node): string[] {
  const names: string[] = [];
  visit(key, { Pair: (_, pair) => {
    if (!isScalar(pair.key) || pair.key.value !== 'var') return;
    const value = isSeq(pair.value) ? pair.value.items[0] : pair.value;
    if (isScalar(value) && typeof value.value === 'string' && !value.value.startsWith('$flagd.')) names.push(value.value);
  } });
  return names;
}
