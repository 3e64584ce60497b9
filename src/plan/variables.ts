// `${var:NAME}` and `${var:NAME, default TEXT}`: filled in before anything else is read, so a variable can stand wherever text can.
// `${env:NAME}` is something else: it stays a reference in the resolved plan, and secrets.ts fills it in for one call.
import { listed, nearest } from './did-you-mean.js';
import { isMap, printPlace, type Place, type Problems } from './problems.js';
import { checkDeclaration, checkValue, declarationOf, isPlain, type Declaration } from './variable-types.js';
import { noVariant, variantVariable, type VariantValues } from './variants.js';

export type Variables = Readonly<Record<string, string>>;

const reference = /\$\{var:([^},]*)(?:,\s*default(?:\s([^}]*))?)?\}/g;
const wholeReference = /^\s*\$\{var:([^},]*)(?:,[^}]*)?\}\s*$/;
const anyReference = /\$\{var:/;
const nameOf = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** By the place as it is printed: what is text because a variable is, and a number or yes where one is needed. */
export type TypedPlaces = ReadonlyMap<string, number | boolean>;
export interface Filled { readonly document: unknown; readonly typed: TypedPlaces; /** declared, and used nowhere, in no variant either */ readonly unused: readonly string[] }

/**
 * The document with every variable filled in. Unknown, missing, misspelt and unfit ones are problems; their places keep the reference.
 * @param whole the document with what the chosen variant leaves out: a variable that is used only there is known, and not used
 */
export function fillVariables(document: unknown, given: Variables, problems: Problems, variant: VariantValues = noVariant, whole: unknown = document): Filled {
  const declared = declarations(document);
  const used = new Set(referencesIn(whole));
  const known = new Set<string>([...Object.keys(declared), ...Object.keys(variant.values), ...used]);
  if (variant.name !== null) known.add(variantVariable);
  const typed = new Map<string, number | boolean>();
  const declarationFor = (name: string): Declaration => (Object.hasOwn(declared, name) ? declared[name]! : declarationOf(undefined));

  // every value that is the same wherever it is used is judged once, where it is given
  for (const [name, written] of Object.entries(writtenIn(document))) checkDeclaration(name, written, problems);
  const fixed = new Map<string, ReturnType<typeof checkValue>>();
  for (const [name, value] of Object.entries(variant.values)) if (isPlain(value)) fixed.set(name, checkValue(name, declarationFor(name), String(value), ['variants', variant.name!, 'vars', name], problems));
  for (const [name, value] of Object.entries(given)) if (known.has(name)) fixed.set(name, checkValue(name, declarationFor(name), value, Object.hasOwn(declared, name) ? ['vars', name] : [], problems));
  if (variant.name !== null) fixed.set(variantVariable, { text: variant.name, typed: null });

  const valueOf = (name: string, inline: string | undefined, place: Place): ReturnType<typeof checkValue> | null => {
    const declaration = declarationFor(name);
    const standing = fixed.get(name);
    if (standing !== undefined) return standing;
    if (inline !== undefined) return checkValue(name, declaration, inline, place, problems);
    if (declaration.default !== null) return checkValue(name, declaration, declaration.default, Object.hasOwn(declared, name) && isMap(writtenIn(document)[name]) ? ['vars', name, 'default'] : ['vars', name], problems);
    problems.add(place, 'MISSING_VARIABLE', `the variable ${name} has no value: give --var ${name}=… or write \${var:${name}, default …}`);
    return null;
  };
  const inText = (text: string, place: Place): string => text.replace(reference, (written, rawName: string, inline: string | undefined) => {
    const name = rawName.trim();
    if (!nameOf.test(name)) {
      problems.add(place, 'WRONG_VARIABLE', `“${written}” names no variable: write \${var:NAME} with letters, digits and _`);
      return written;
    }
    const value = valueOf(name, inline?.trim() ?? (/,\s*default\s*\}$/.test(written) ? '' : undefined), place);
    if (value !== null && value.typed !== null && wholeReference.test(text)) typed.set(printPlace(place), value.typed);
    return value?.text ?? written;
  });
  const walk = (value: unknown, place: Place): unknown => {
    if (typeof value === 'string') return anyReference.test(value) ? inText(value, place) : value;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...place, index]));
    if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...place, key])]));
    return value;
  };

  const filled = walk(document, []);
  for (const name of Object.keys(given)) {
    if (known.has(name)) continue;
    const meant = nearest(name, [...known]);
    problems.add([], 'UNKNOWN_VARIABLE', name === variantVariable && variant.name === null ? `the plan has no variants, so “${given[name]!}” cannot be chosen (given by --var variant)` : `the plan has no variable ${name} (given by --var)${meant === null ? '' : `; did you mean “${meant}”?`}; it has: ${listed([...known])}`);
  }
  return { document: filled, typed, unused: Object.keys(declared).filter((name) => !used.has(name)) };
}

/** The names of all variables that a document refers to. */
function referencesIn(document: unknown): readonly string[] {
  if (typeof document === 'string') return [...document.matchAll(reference)].map(([, name]) => name!.trim()).filter((name) => nameOf.test(name));
  return Array.isArray(document) || isMap(document) ? Object.values(document).flatMap(referencesIn) : [];
}

const writtenIn = (document: unknown): Readonly<Record<string, unknown>> => { const vars = isMap(document) ? document['vars'] : undefined; return isMap(vars) ? vars : {}; };

/** `vars: { PORT: 8080, VARIANT: { one of: [cloud, on-premise] } }` */
const declarations = (document: unknown): Readonly<Record<string, Declaration>> => Object.fromEntries(Object.entries(writtenIn(document)).map(([name, value]) => [name, declarationOf(value)]));
