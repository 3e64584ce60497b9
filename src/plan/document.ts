// The text of a plan as a plain value, with the line and column of everything in it. YAML 1.2; JSON is a part of it.
// Syntax errors end the reading here; everything else about a plan is judged on the value (parse.ts).
import { isAlias, isCollection, isMap, isPair, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { Locate, Place, Problem } from './problems.js';

/** A plan is a page or two; a megabyte is a mistake or an attack, and would not fit the engine's payload either. */
export const largestPlanBytes = 1024 * 1024;

export type PlanDocument = { readonly ok: true; readonly value: unknown; readonly locate: Locate } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads YAML or JSON. All syntax errors of the text are reported, duplicate keys among them. */
export function readDocument(text: string): PlanDocument {
  if (new TextEncoder().encode(text).byteLength > largestPlanBytes) return refused(1, 1, tooLarge);
  const lines = new LineCounter();
  let document: Document.Parsed;
  let value: unknown;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true });
    if (document.errors.length > 0) return { ok: false, problems: document.errors.map((error) => syntaxProblem(error, lines)) };
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // deeper than the stack, or aliases that multiply: both are no plan
    return refused(1, 1, { code: 'YAML_SYNTAX', message: `this cannot be read as YAML: ${error instanceof RangeError ? 'it is nested too deeply' : (error as Error).message}` });
  }
  if (value === null || value === undefined) return refused(1, 1, { code: 'EMPTY_PLAN', message: 'the plan is empty; it begins with “rollout: NAME”' });
  return { ok: true, value, locate: locator(document, text, lines) };
}

export const tooLarge = { code: 'PLAN_TOO_LARGE', message: 'the plan is larger than 1 MiB; a plan is data of a page or two, so put generated lists and texts elsewhere' } as const;

const refused = (line: number, column: number, what: { readonly code: string; readonly message: string }): PlanDocument => ({ ok: false, problems: [{ line, column, path: '', ...what }] });

function syntaxProblem(error: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] }, lines: LineCounter): Problem {
  const { line, col } = lines.linePos(error.pos[0]);
  const message = error.message.split('\n')[0]!.replace(/\.?$/, '');
  switch (error.code) {
    case 'DUPLICATE_KEY': return { line, column: col, path: '', code: 'DUPLICATE_KEY', message: 'this key stands twice in one map; only one of them could count' };
    case 'TAB_AS_INDENT': return { line, column: col, path: '', code: 'YAML_SYNTAX', message: 'a tab indents this line; YAML is indented with spaces' };
    case 'MULTIPLE_DOCS': return { line, column: col, path: '', code: 'YAML_SYNTAX', message: 'a second document begins here (---); a plan is one document' };
    default: return { line, column: col, path: '', code: 'YAML_SYNTAX', message: `${message.charAt(0).toLowerCase()}${message.slice(1)}${adviceFor(error.code)}` };
  }
}

/** Two slips explain most syntax errors of plans. */
function adviceFor(code: string): string {
  switch (code) {
    case 'BAD_INDENT': case 'BLOCK_AS_IMPLICIT_KEY': case 'MULTILINE_IMPLICIT_KEY': case 'BLOCK_IN_FLOW': return '; a text that contains “: ” or “#” needs quotes, and lines of one map begin in the same column';
    case 'MISSING_CHAR': return '; look for a quote or bracket that is not closed';
    default: return '';
  }
}

function locator(document: Document.Parsed, text: string, lines: LineCounter): Locate {
  return (place, spot) => {
    const found = find(document, place);
    const node = spot.on === 'key' ? (found.key ?? found.value) : (found.value ?? found.key);
    const start = node?.range?.[0] ?? 0;
    const { line, col } = lines.linePos(start + (spot.offset === undefined || node !== found.value ? 0 : offsetInto(node, text, spot.offset)));
    return { line, column: col };
  };
}

/** Where character `offset` of a scalar's value stands in its writing: exact for one line without escapes, else its first character. */
function offsetInto(node: Node | null, text: string, offset: number): number {
  if (!isScalar(node) || typeof node.value !== 'string' || node.range == null) return 0;
  const written = text.slice(node.range[0], node.range[1]);
  const quote = /^["']/.test(written) ? 1 : 0;
  return written.slice(quote, quote + node.value.length) === node.value ? quote + offset : 0;
}

/** The nearest node there is on the way to `place`: a missing key is shown at the map that lacks it. */
function find(document: Document.Parsed, place: Place): { key: Node | null; value: Node | null } {
  let key: Node | null = null;
  let value: Node | null = document.contents;
  for (const step of place) {
    const within: Node | null = isAlias(value) ? (value.resolve(document) ?? null) : value;
    if (!isCollection(within)) break;
    if (isMap(within)) {
      const pair = within.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      key = pair.key as Node;
      value = pair.value as Node | null;
    } else {
      const item: unknown = within.items[step as number];
      if (item === undefined || isPair(item)) break;
      key = null;
      value = item as Node;
    }
  }
  return { key, value };
}
