// A document against the schema: every issue in words, and the document without what was wrong, so that the rest can still be judged in
// the same run. The schema: schema.ts. Provider settings use the same words (resolve-settings.ts).
import type { ZodType, z } from 'zod';
import { listed, nearest } from './did-you-mean.js';
import { isMap, printPlace, valueAt, type Place, type Problems } from './problems.js';
import { planSchema, type PlanFile } from './schema.js';
import type { TypedPlaces } from './variables.js';

type Issue = z.core.$ZodIssue;

/** A plan is read once: compiling the schema first costs more than it saves. */
export const quick = { jitless: true } as const;

/** The file as typed data; null when too much of its shape is wrong to go on. `patched` are the places whose value is a stand-in. */
export function checkShape(written: unknown, problems: Problems, typed: TypedPlaces = new Map()): { readonly file: PlanFile | null; readonly patched: readonly Place[] } {
  const document = typedWhereTaken(planSchema, written, (path) => typed.get(printPlace(path)));
  const first = planSchema.safeParse(document, quick);
  if (first.success) return { file: first.data, patched: [] };
  const patched: Place[] = [];
  const repaired = structuredClone(document);
  for (const issue of flatten(first.error.issues, document)) {
    reportIssue(issue, { document, schema: planSchema, place: issue.path as Place, extraKeys: [] }, problems);
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) removeAt(repaired, [...issue.path as Place, key]);
    else { removeAt(repaired, issue.path as Place); patched.push(issue.path as Place); }
  }
  const second = planSchema.safeParse(repaired, quick);
  if (second.success) return { file: second.data, patched };
  for (const issue of second.error.issues) {
    const standIn = typeof issue.path.at(-1) === 'string' ? standIns[issue.path.at(-1) as string] : undefined;
    if (standIn === undefined || !setAt(repaired, issue.path as Place, standIn)) return { file: null, patched };
    patched.push(issue.path as Place);
  }
  const third = planSchema.safeParse(repaired, quick);
  return { file: third.success ? third.data : null, patched };
}

/** What came out of a typed variable is the number or the yes that it stands for wherever the schema takes one, and text elsewhere. */
export function typedWhereTaken(schema: ZodType, value: unknown, typedAt: (path: Place) => number | boolean | undefined): unknown {
  const places = leaves(value, []).flatMap((path) => { const typed = typedAt(path); return typed === undefined ? [] : [{ path, typed }]; });
  if (places.length === 0) return value;
  const made = structuredClone(value);
  for (const { path, typed } of places) put(made, path, typed);
  const parsed = schema.safeParse(made, quick);
  const refused = new Set(parsed.success ? [] : parsed.error.issues.flatMap((issue) => misfits(issue, [])).map(printPlace));
  for (const { path, typed } of places) if (refused.has(printPlace(path))) put(made, path, typed === true ? 'yes' : typed === false ? 'no' : String(typed));
  return made;
}
function leaves(value: unknown, path: Place): readonly Place[] {
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([step, inner]) => leaves(inner, [...path, Array.isArray(value) ? Number(step) : step])) : [path];
}
function put(within: unknown, path: Place, value: unknown): void {
  const parent = valueAt(within, path.slice(0, -1));
  if (typeof parent === 'object' && parent !== null) (parent as Record<string | number, unknown>)[path.at(-1)!] = value;
}
function misfits(issue: Issue, before: Place): readonly Place[] {
  const path = [...before, ...issue.path as Place];
  const inner = issue.code === 'invalid_union' ? issue.errors.flatMap((branch) => branch.flatMap((one) => misfits(one, path))) : [];
  return ['invalid_type', 'invalid_value', 'invalid_union'].includes(issue.code) ? [path, ...inner] : inner;
}

/** What stands in for a required key while the rest is judged; problems at these places are not told twice. */
const standIns: Readonly<Record<string, unknown>> = { rollout: 'unnamed', owner: 'nobody', people: {}, targets: {}, phases: [{ phase: 'unnamed', soak: '1h' }], soak: '1h', for: '1d', from: 'nobody', phase: 'unnamed', over: '1h', within: '1h', every: '1h', step: 'unnamed', run: 'true', why: 'unnamed', after: '1h', move: {} };

interface IssueContext { readonly document: unknown; readonly schema: ZodType; /** where it is in the file */ readonly place: Place; /** keys allowed there that the schema does not know */ readonly extraKeys: readonly string[] }

/** One issue of a schema as a problem in words. `context.place` is the place in the file, `issue.path` the one in the schema. */
export function reportIssue(issue: Issue, context: IssueContext, problems: Problems): void {
  const { place } = context;
  const found = valueAt(context.document, place);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = [...new Set([...keysAt(context.schema, issue.path as Place), ...context.extraKeys])];
      for (const key of issue.keys) {
        const meant = nearest(key, known);
        problems.add([...place, key], 'UNKNOWN_KEY', `unknown key “${key}”${meant === null ? '' : `; did you mean “${meant}”?`} (allowed here: ${listed(known, 40)})`, { on: 'key' });
      }
      return;
    }
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      if (found === undefined) return missing(place, `allowed: ${allowed.join(', ')}`, problems);
      const meant = typeof found === 'string' ? nearest(found, allowed) : null;
      return problems.add(place, 'WRONG_VALUE', `found ${shown(found)}${meant === null ? '' : `; did you mean “${meant}”?`} (allowed: ${allowed.join(', ')})`);
    }
    case 'invalid_type':
      if (found === undefined) return missing(place, `${typeWords[issue.expected] ?? issue.expected} is needed`, problems);
      return problems.add(place, 'WRONG_TYPE', `found ${shown(found)} where ${typeWords[issue.expected] ?? issue.expected} is needed`);
    case 'invalid_union': return problems.add(place, 'WRONG_TYPE', found === undefined ? 'this key has no value' : `found ${shown(found)}, which does not fit here`);
    case 'invalid_format': return problems.add(place, 'WRONG_FORMAT', `found ${shown(found)}; ${issue.message.startsWith('Invalid') ? 'this has the wrong form' : issue.message}`);
    case 'invalid_key': return problems.add(place, 'WRONG_NAME', `“${String(place.at(-1))}” is no name: begin with a letter and use letters, digits, _, - and . (at most 64)`, { on: 'key' });
    case 'too_small': return problems.add(place, 'TOO_SMALL', issue.origin === 'array' || issue.origin === 'string' ? `this is empty; at least ${String(issue.minimum)} is needed` : `found ${shown(found)}; at least ${String(issue.minimum)} is needed`);
    case 'too_big': return problems.add(place, 'TOO_BIG', issue.origin === 'string' ? `this is longer than ${String(issue.maximum)} characters` : `found ${shown(found)}; at most ${String(issue.maximum)} is allowed`);
    default: return problems.add(place, 'WRONG_VALUE', issue.message);
  }
}

function missing(place: Place, need: string, problems: Problems): void {
  const key = place.at(-1);
  problems.add(place, 'MISSING_KEY', typeof key === 'string' ? `“${key}” is missing; ${need}` : need);
}

const typeWords: Readonly<Record<string, string>> = { string: 'a text', object: 'a map (key: value)', record: 'a map (name: value)', array: 'a list', number: 'a number', boolean: 'yes or no', int: 'a whole number' };

/** What was found, short; never more of a text than helps to find it. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isMap(value)) return 'a map';
  const text = String(value);
  return typeof value === 'string' ? `“${text.length > 60 ? `${text.slice(0, 57)}…` : text}”` : text;
}

/** Unions are resolved to the branch that was meant: the one whose kind fits and that fails deepest in. */
export function flatten(issues: readonly Issue[], document: unknown): readonly Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
    const branches = issue.errors.map((branch) => flatten(branch.map((one) => ({ ...one, path: [...issue.path, ...one.path] })), document));
    const fitting = branches.filter((branch) => !branch.some((one) => one.path.length === issue.path.length && (one.code === 'invalid_type' || (one.code === 'invalid_value' && !(typeof valueAt(document, issue.path as Place) === 'string')))));
    const best = fitting.sort((a, b) => weight(a) - weight(b))[0];
    return best ?? [issue];
  });
}
const weight = (branch: readonly Issue[]): number => branch.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);

/** The keys that the schema allows at `path`, over all branches of a union. */
function keysAt(schema: unknown, path: Place): readonly string[] {
  const def = (schema as { readonly def?: Readonly<Record<string, unknown>> } | undefined)?.def;
  if (def === undefined) return [];
  switch (def['type']) {
    case 'optional': case 'default': case 'nullable': return keysAt(def['innerType'], path);
    case 'union': return (def['options'] as readonly unknown[]).flatMap((option) => keysAt(option, path));
    case 'object': {
      const shape = def['shape'] as Readonly<Record<string, unknown>>;
      return path.length === 0 ? Object.keys(shape) : keysAt(shape[path[0]!], path.slice(1));
    }
    case 'array': return path.length === 0 ? [] : keysAt(def['element'], path.slice(1));
    case 'record': return path.length === 0 ? [] : keysAt(def['valueType'], path.slice(1));
    default: return [];
  }
}

function removeAt(document: unknown, place: Place): void {
  const parent = valueAt(document, place.slice(0, -1));
  // list entries keep their places, so that later problems are told at theirs
  if (isMap(parent)) delete (parent as Record<string, unknown>)[place.at(-1) as string];
}
function setAt(document: unknown, place: Place, value: unknown): boolean {
  const parent = valueAt(document, place.slice(0, -1));
  if (!isMap(parent)) return false;
  (parent as Record<string, unknown>)[place.at(-1) as string] = value;
  return true;
}
