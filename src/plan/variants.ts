// Variants: one plan for several ways of doing the same, of which one is chosen at the start. The choice is made on the document, before
// anything else of it is read: entries of lists that are `only in` other variants are left out, and its variables are filled in like any other.
import { listed, nearest } from './did-you-mean.js';
import { isMap, valueAt, type Place, type Problems } from './problems.js';

/** `--var variant=NAME` chooses, `${var:variant}` is the choice. */
export const variantVariable = 'variant';

/** What a variant is to the variables: its name and the values it gives. */
export interface VariantValues { readonly name: string | null; readonly values: Readonly<Record<string, unknown>> }
export const noVariant: VariantValues = { name: null, values: {} };

export interface Chosen {
  /** without what is left out, and without any `only in` */
  readonly document: unknown;
  readonly variant: VariantValues;
  /** where something of `document` stands in the file: there the entries that are left out still count */
  readonly placeOf: (place: Place) => Place;
}

/** In the order written. */
export const variantNames = (document: unknown): readonly string[] => (isMap(valueAt(document, ['variants'])) ? Object.keys(valueAt(document, ['variants']) as object) : []);

/** `cloud-run (Recommended for the pilot), on-premise (Required for government)` */
export function variantsInWords(document: unknown): string {
  return variantNames(document).map((name) => { const about = valueAt(document, ['variants', name, 'about']); return typeof about === 'string' ? `${name} (${about})` : name; }).join(', ');
}

/** @param name null: the plan has no variants */
export function chooseVariant(document: unknown, name: string | null, problems: Problems): Chosen {
  checkVariants(document, problems);
  const values = name === null ? undefined : valueAt(document, ['variants', name, 'vars']);
  return { ...leaveOut(document, name, problems), variant: { name, values: isMap(values) ? values : {} } };
}

/** What no choice can mend: told whichever is chosen. */
function checkVariants(document: unknown, problems: Problems): void {
  if (isMap(valueAt(document, ['variants'])) && variantNames(document).length === 0) problems.add(['variants'], 'TOO_SMALL', 'this is empty; at least one variant is needed, or leave “variants” out');
  const given = variantNames(document).map((name) => ({ name, vars: valueAt(document, ['variants', name, 'vars']) })).map(({ name, vars }) => ({ name, vars: isMap(vars) ? Object.keys(vars) : [] }));
  if (given.length > 0 && valueAt(document, ['vars', variantVariable]) !== undefined) problems.add(['vars', variantVariable], 'DUPLICATE_NAME', 'in a plan with variants, “variant” is the chosen one: give this variable another name', { on: 'key' });
  for (const { name, vars } of given) {
    if (vars.includes(variantVariable)) problems.add(['variants', name, 'vars', variantVariable], 'DUPLICATE_NAME', '“variant” is the chosen variant: give this variable another name', { on: 'key' });
    for (const variable of new Set(given.flatMap((other) => other.vars))) {
      if (vars.includes(variable)) continue;
      const giver = given.find((other) => other.vars.includes(variable))!.name;
      const meant = nearest(variable, vars.filter((one) => !given.every((other) => other.vars.includes(one))));
      problems.add(['variants', name], 'MISSING_VARIABLE', `the variant “${name}” gives no value to ${variable}, which “${giver}” gives${meant === null ? '' : ` (is “${meant}” meant?)`}: every variant gives the same variables`);
    }
  }
}

function leaveOut(document: unknown, variant: string | null, problems: Problems): Pick<Chosen, 'document' | 'placeOf'> {
  const known = variantNames(document);
  /** of each list that lost entries, by its place in the new document: the places of those that stayed */
  const stayed = new Map<string, readonly number[]>();
  const walk = (value: unknown, from: Place, to: Place): unknown => {
    if (Array.isArray(value)) {
      const indices = [...value.keys()].filter((index) => isIn(value[index], [...from, index], { variant, known, problems }));
      if (indices.length < value.length) stayed.set(JSON.stringify(to), indices);
      return indices.map((index, at) => walk(withoutKey(value[index]), [...from, index], [...to, at]));
    }
    return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...from, key], [...to, key])])) : value;
  };
  return {
    document: walk(document, [], []),
    placeOf: (place) => place.map((step, depth) => (typeof step === 'number' ? (stayed.get(JSON.stringify(place.slice(0, depth)))?.[step] ?? step) : step)),
  };
}

const key = 'only in';
const withoutKey = (entry: unknown): unknown => (isMap(entry) && Object.hasOwn(entry, key) ? Object.fromEntries(Object.entries(entry).filter(([name]) => name !== key)) : entry);

function isIn(entry: unknown, place: Place, { variant, known, problems }: { readonly variant: string | null; readonly known: readonly string[]; readonly problems: Problems }): boolean {
  if (!isMap(entry) || !Object.hasOwn(entry, key)) return true;
  const only: readonly unknown[] = Array.isArray(entry[key]) ? entry[key] : [entry[key]];
  const at = (index: number): Place => (Array.isArray(entry[key]) ? [...place, key, index] : [...place, key]);
  if (known.length === 0) { problems.add([...place, key], 'UNKNOWN_VARIANT', 'the plan has no variants, so nothing can be “only in” one: add `variants`, or leave this out', { on: 'key' }); return true; }
  if (only.length === 0) problems.add([...place, key], 'TOO_SMALL', `this is empty, so the entry would be in no variant; name at least one (known: ${listed(known)})`);
  only.forEach((name, index) => {
    if (typeof name === 'string' && known.includes(name)) return;
    const meant = typeof name === 'string' ? nearest(name, known) : null;
    problems.add(at(index), 'UNKNOWN_VARIANT', typeof name === 'string' ? `there is no variant “${name}”${meant === null ? '' : `; did you mean “${meant}”?`} (known: ${listed(known)})` : `“only in” takes the name of a variant, or a list of names (known: ${listed(known)})`);
  });
  return only.includes(variant);
}
