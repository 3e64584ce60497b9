// `${var:NAME}` and `${var:NAME, default TEXT}`: filled in before anything else is read, so a variable can stand wherever text can.
// `${env:NAME}` is something else: it stays a reference in the resolved plan, and secrets.ts fills it in for one call.
import { listed, nearest } from './did-you-mean.js';
import { isMap, type Place, type Problems } from './problems.js';

export type Variables = Readonly<Record<string, string>>;

const reference = /\$\{var:([^},]*)(?:,\s*default(?:\s([^}]*))?)?\}/g;
const anyReference = /\$\{var:/;
const nameOf = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The document with every variable filled in. Unknown, missing and misspelt ones are problems; their places keep the reference. */
export function fillVariables(document: unknown, given: Variables, problems: Problems): unknown {
  const declared = declarations(document);
  const used = new Set<string>(Object.keys(declared));

  const valueOf = (name: string, inline: string | undefined, place: Place): string | null => {
    used.add(name);
    const declaration = Object.hasOwn(declared, name) ? declared[name]! : null;
    const value = Object.hasOwn(given, name) ? given[name]! : (inline ?? declaration?.default ?? null);
    if (value === null) {
      problems.add(place, 'MISSING_VARIABLE', `the variable ${name} has no value: give --var ${name}=… or write \${var:${name}, default …}`);
    } else if (declaration?.oneOf != null && !declaration.oneOf.includes(value)) {
      const meant = nearest(value, declaration.oneOf);
      problems.add(place, 'WRONG_VARIABLE', `the variable ${name} is “${value}”; allowed: ${listed(declaration.oneOf)}${meant === null ? '' : `; did you mean “${meant}”?`}`);
    }
    return value;
  };
  const inText = (text: string, place: Place): string => text.replace(reference, (whole, rawName: string, inline: string | undefined) => {
    const name = rawName.trim();
    if (nameOf.test(name)) return valueOf(name, inline?.trim() ?? (/,\s*default\s*\}$/.test(whole) ? '' : undefined), place) ?? whole;
    problems.add(place, 'WRONG_VARIABLE', `“${whole}” names no variable: write \${var:NAME} with letters, digits and _`);
    return whole;
  });
  const walk = (value: unknown, place: Place): unknown => {
    if (typeof value === 'string') return anyReference.test(value) ? inText(value, place) : value;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...place, index]));
    if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...place, key])]));
    return value;
  };

  const filled = walk(document, []);
  for (const name of Object.keys(given)) {
    if (used.has(name)) continue;
    const meant = nearest(name, [...used]);
    problems.add([], 'UNKNOWN_VARIABLE', `the plan has no variable ${name} (given by --var)${meant === null ? '' : `; did you mean “${meant}”?`}; it has: ${listed([...used])}`);
  }
  return filled;
}

interface Declaration { readonly default: string | null; readonly oneOf: readonly string[] | null }

/** `vars: { PORT: 8080, VARIANT: { one of: [cloud, on-premise] } }`; what does not look like it is the schema's to refuse. */
function declarations(document: unknown): Readonly<Record<string, Declaration>> {
  const vars = isMap(document) ? document['vars'] : undefined;
  if (!isMap(vars)) return {};
  return Object.fromEntries(Object.entries(vars).map(([name, value]): [string, Declaration] => {
    if (!isMap(value)) return [name, { default: isPlain(value) ? String(value) : null, oneOf: null }];
    const oneOf = value['one of'];
    return [name, { default: isPlain(value['default']) ? String(value['default']) : null, oneOf: Array.isArray(oneOf) ? oneOf.map(String) : null }];
  }));
}
const isPlain = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
