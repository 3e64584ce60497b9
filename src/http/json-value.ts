// JSON as a server may send it: read without letting anything ambiguous pass, and one field found by its path.
// Used by src/sources (json.ts, probe.ts, prometheus-answer.ts) and src/targets/http.ts.

/** A name, an index, or the one entry of a list whose field `key` is `is`. */
export type JsonStep = string | number | { readonly key: string; readonly is: string };
export type JsonPath = readonly JsonStep[];

/** Thrown for what is not one unambiguous JSON document; the message is one clause. */
export class NotJson extends Error {}

/** @throws NotJson empty, cut off, not JSON at all, or an object that names a key twice (of which JSON.parse would silently take the last) */
export function readJson(text: string): unknown {
  if (text.trim() === '') throw new NotJson('the answer is empty');
  let value: unknown;
  try { value = JSON.parse(text); } catch {
    const start = text.trimStart()[0] ?? '';
    throw new NotJson('{["'.includes(start) ? 'the answer is broken off or not correct JSON' : `the answer is not JSON (it begins with '${text.trim().slice(0, 20)}')`);
  }
  const twice = keyNamedTwice(text);
  if (twice !== null) throw new NotJson(`the answer names '${twice.slice(0, 60)}' twice in one object`);
  return value;
}

/** Walks the tokens of text that JSON.parse has accepted. */
function keyNamedTwice(text: string): string | null {
  const open: (Set<string> | null)[] = []; // a set of keys for an object, null for an array
  let keyExpected = false;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/gs)) {
    switch (token[0]) {
      case '{': open.push(new Set()); keyExpected = true; break;
      case '[': open.push(null); keyExpected = false; break;
      case '}': case ']': open.pop(); keyExpected = false; break;
      case ',': keyExpected = open.at(-1) instanceof Set; break;
      default: {
        const keys = open.at(-1);
        if (!keyExpected || !(keys instanceof Set)) break;
        const key = JSON.parse(token) as string; // 'a' and '\u0061' are one key
        if (keys.has(key)) return key;
        keys.add(key);
        keyExpected = false;
      }
    }
  }
  return null;
}

/**
 * `latency.p95_ms`, `checks[0].ok`, `rules[id=fr_17].coverage`, `by\.host.up` (a backslash takes the sign's meaning away). A list is taken as it is.
 * Returns the reason when the text is no path.
 */
export function parsePath(path: string | JsonPath): JsonPath | { readonly problem: string } {
  if (typeof path !== 'string') return path.length === 0 ? { problem: 'the path is empty' } : path;
  const steps: JsonStep[] = [];
  let name = '';
  let needsName = true;
  for (let i = 0; i < path.length; i += 1) {
    const sign = path[i]!;
    if (sign === '\\') {
      i += 1;
      if (i >= path.length) return { problem: `'${path}' ends with a lone backslash` };
      name += path[i]!;
    } else if (sign === '.' || sign === '[') {
      if (name !== '') steps.push(name);
      else if (needsName && !(sign === '[' && steps.length === 0)) return { problem: `'${path}' has an empty step at character ${i + 1}` };
      name = '';
      needsName = sign === '.';
      if (sign === '[') {
        const inside = /^\[(?:(0|[1-9]\d{0,8})|([^\][=.]+)=([^\][]+))\](?=$|[.[])/.exec(path.slice(i));
        if (inside === null) return { problem: `'${path}' has neither a whole number nor name=value between brackets at character ${i + 1}` };
        steps.push(inside[1] !== undefined ? Number(inside[1]) : { key: inside[2]!, is: inside[3]! });
        i += inside[0].length - 1;
      }
    } else name += sign;
  }
  if (name !== '') steps.push(name);
  else if (needsName) return { problem: path === '' ? 'the path is empty' : `'${path}' ends with an empty step` };
  return steps;
}

/** The value at the path; undefined: not there, or a `[name=value]` that several entries answer to. Own fields only: 'constructor' is nobody's measurement. */
export function valueAt(document: unknown, path: JsonPath): unknown {
  let at: unknown = document;
  for (const step of path) {
    if (typeof step === 'object') {
      const found: unknown[] = Array.isArray(at) ? (at as unknown[]).filter((entry) => isNamed(entry, step)) : [];
      if (found.length !== 1) return undefined;
      at = found[0];
    } else if (Array.isArray(at)) {
      const index = typeof step === 'number' ? step : /^(0|[1-9]\d*)$/.test(step) ? Number(step) : -1;
      at = at[index] as unknown;
    } else if (typeof at === 'object' && at !== null && Object.hasOwn(at, String(step))) at = (at as Record<string, unknown>)[String(step)];
    else return undefined;
  }
  return at;
}

/** A copy of the document with another value at a path that is there; all else is shared with the original. */
export function withValueAt(document: unknown, path: JsonPath, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(document)) {
    const index = typeof step === 'object' ? (document as unknown[]).findIndex((entry) => isNamed(entry, step)) : Number(step);
    return (document as unknown[]).map((entry, at) => (at === index ? withValueAt(entry, rest, value) : entry));
  }
  return { ...(document as object), [String(step)]: withValueAt((document as Record<string, unknown>)[String(step)], rest, value) };
}

function isNamed(entry: unknown, { key, is }: { readonly key: string; readonly is: string }): boolean {
  const value = valueAt(entry, [key]);
  return (typeof value === 'string' || typeof value === 'number') && String(value) === is;
}

export function printPath(path: JsonPath): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : typeof step === 'object' ? `[${step.key}=${step.is}]` : `${i === 0 ? '' : '.'}${step.replace(/[\\.[]/g, '\\$&')}`)).join('');
}
