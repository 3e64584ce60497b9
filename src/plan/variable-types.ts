// What a declared variable takes: its type, its bounds, its choices. A value is always text (a command line knows nothing else); here it is
// held against the declaration. Filling in: variables.ts.
import { listed, nearest } from './did-you-mean.js';
import { parseDuration } from './durations.js';
import { isMap, type Place, type Problems } from './problems.js';

export const variableTypes = ['text', 'number', 'whole', 'length', 'yes or no'] as const;
export type VariableType = (typeof variableTypes)[number];

export interface Declaration {
  readonly type: VariableType;
  readonly default: string | null;
  readonly oneOf: readonly string[] | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly like: string | null;
}

export const isPlain = (value: unknown): value is string | number | boolean => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
const plainText = (value: unknown): string | null => (isPlain(value) ? String(value) : null);

/** `PORT: 8080` or the long form; what does not look like it is the schema's to refuse. */
export function declarationOf(written: unknown): Declaration {
  const long = isMap(written) ? written : { default: written };
  const type = variableTypes.find((one) => one === long['type']) ?? 'text';
  return {
    type, default: plainText(long['default']), oneOf: Array.isArray(long['one of']) ? long['one of'].map(String) : null,
    from: plainText(long['from']), to: plainText(long['to']), like: plainText(long['like']),
  };
}

/** The value as it is filled in; `typed` where a number or a yes stands for more than its text. */
export type Fitting = { readonly text: string; readonly typed: number | boolean | null } | { readonly allowed: string };

/** Whether `text` is a value of the variable; if not, what is allowed, in words. */
export function fitting(declared: Declaration, text: string): Fitting {
  const read = readAs(declared.type, text);
  const refused = { allowed: allowedIn(declared) };
  if (read === null) return refused;
  if (declared.oneOf !== null && !declared.oneOf.some((one) => readAs(declared.type, one)?.text === read.text)) {
    const meant = nearest(text, declared.oneOf);
    return { allowed: `${refused.allowed}${meant === null ? '' : `; did you mean “${meant}”?`}` };
  }
  const bound = (written: string | null): number | null => (written === null ? null : (readAs(declared.type, written)?.size ?? null));
  const [from, to] = [bound(declared.from), bound(declared.to)];
  if (read.size !== null && ((from !== null && read.size < from) || (to !== null && read.size > to))) return refused;
  if (declared.like !== null && patternOf(declared.like)?.test(text) === false) return refused;
  return { text: read.text, typed: read.typed };
}

interface Read { readonly text: string; readonly typed: number | boolean | null; /** what bounds are held against */ readonly size: number | null }

function readAs(type: VariableType, text: string): Read | null {
  const trimmed = text.trim();
  switch (type) {
    case 'text': return { text, typed: null, size: null };
    case 'number': case 'whole': return (type === 'whole' ? /^-?\d{1,15}$/ : /^-?\d{1,15}(\.\d+)?$/).test(trimmed) ? { text: String(Number(trimmed)), typed: Number(trimmed), size: Number(trimmed) } : null;
    case 'length': { const ms = parseDuration(trimmed); return ms === null ? null : { text: trimmed, typed: null, size: ms }; }
    case 'yes or no': return /^(yes|true)$/.test(trimmed) ? { text: 'yes', typed: true, size: null } : /^(no|false)$/.test(trimmed) ? { text: 'no', typed: false, size: null } : null;
  }
}

const typeInWords: Readonly<Record<VariableType, string>> = { text: 'a text', number: 'a number', whole: 'a whole number', length: 'a length of time such as 90s, 5m or 24h', 'yes or no': 'yes or no' };

function allowedIn({ type, oneOf, from, to, like }: Declaration): string {
  if (oneOf !== null) return listed(oneOf);
  const bounds = from !== null && to !== null ? ` from ${from} to ${to}` : from !== null ? `, at least ${from}` : to !== null ? `, at most ${to}` : '';
  return `${typeInWords[type]}${bounds}${like === null ? '' : ` like ${like}`}`;
}

function patternOf(like: string): RegExp | null {
  try { return new RegExp(like); } catch { return null; }
}

/** A declaration that contradicts itself; its default is held against it like any value. */
export function checkDeclaration(name: string, written: unknown, problems: Problems): void {
  const declared = declarationOf(written);
  const { type } = declared;
  const place: Place = ['vars', name];
  const isLong = isMap(written);
  const bounded = type === 'number' || type === 'whole' || type === 'length';
  const wrong = problems.count;
  for (const bound of ['from', 'to'] as const) {
    const text = declared[bound];
    if (text === null) continue;
    if (!bounded) problems.add([...place, bound], 'KEY_WITHOUT_EFFECT', `“${bound}” has no effect on a variable of type ${type}: bounds belong to number, whole and length`, { on: 'key' });
    else if (readAs(type, text) === null) problems.add([...place, bound], 'WRONG_VARIABLE', `“${text}” is no bound for ${name}, which is ${typeInWords[type]}`);
  }
  if (declared.like !== null && type !== 'text') problems.add([...place, 'like'], 'KEY_WITHOUT_EFFECT', `“like” has no effect on a variable of type ${type}: it belongs to text`, { on: 'key' });
  if (declared.like !== null && patternOf(declared.like) === null) problems.add([...place, 'like'], 'WRONG_VARIABLE', `“${declared.like}” is no regular expression`);
  if (problems.count > wrong) return;
  const [from, to] = [declared.from, declared.to].map((text) => (text === null ? null : (readAs(type, text)?.size ?? null)));
  if (from != null && to != null && from > to) problems.add([...place, 'to'], 'WRONG_VARIABLE', `nothing is from ${declared.from} to ${declared.to}`);
  else {
    declared.oneOf?.forEach((one, index) => {
      const fits = fitting({ ...declared, oneOf: null }, one);
      if ('allowed' in fits) problems.add([...place, 'one of', index], 'WRONG_VARIABLE', `“${one}” is no value of ${name}; allowed: ${fits.allowed}`);
    });
    if (declared.default !== null) checkValue(name, declared, declared.default, isLong ? [...place, 'default'] : place, problems);
  }
}

/** One value, wherever it comes from: named, with what is allowed. Answers how it is filled in. */
export function checkValue(name: string, declared: Declaration, value: string, place: Place, problems: Problems): Exclude<Fitting, { readonly allowed: string }> {
  const fits = fitting(declared, value);
  if (value.includes('${var:')) problems.add(place, 'WRONG_VARIABLE', `the value of ${name} refers to another variable; a value is plain`);
  else if (!('allowed' in fits)) return fits;
  else problems.add(place, 'WRONG_VARIABLE', `the variable ${name} is “${value.length > 60 ? `${value.slice(0, 57)}…` : value}”; allowed: ${fits.allowed}`);
  return { text: value, typed: null };
}
