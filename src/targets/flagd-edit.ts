// Edits the share of one flag in a flagd file by changing only the bytes that state it: comments, order, quotes, other flags and other rules
// of the flag stay as they are. Pure. Finding is ./flagd-text.ts, the provider ./flagd.ts.
import { isScalar, type Node, type Scalar } from 'yaml';
import { locate, refusal, viewFlag, type Bucket, type FlagPlace, type Located } from './flagd-text.js';

/**
 * The text with the flag's share set to `percent` (0..100, at most two decimals). A disabled flag is enabled by a share above 0; a share of 0
 * leaves it disabled and takes its weights down, so that whoever enables it again exposes nobody.
 * @throws TargetRefused as viewFlag; FLAG_NOT_EDITABLE when the result would not read back as meant
 */
export function editFlag(text: string, place: FlagPlace, percent: number): string {
  const found = locate(text, place);
  const { view } = found;
  if (view.weightPercent === percent && (percent === 0 || view.state === 'ENABLED')) return text;
  const edits: Edit[] = view.weightPercent === percent ? [] : shareEdits(found, place, percent);
  if (percent > 0 && view.state === 'DISABLED') edits.push({ ...rangeOf(found.state), text: quotedLike(found.text, found.state, 'ENABLED') });
  const edited = applyEdits(text, edits);
  requireOnlyThat(text, edited, place, percent);
  return edited;
}

interface Edit { readonly start: number; readonly end: number; readonly text: string }

function rangeOf(node: Node): { start: number; end: number } {
  const range = node.range;
  if (range === undefined || range === null) throw new TypeError('a parsed node has a range');
  return { start: range[0], end: range[1] };
}

/** Whole percents as 10 of 100, finer ones as 1250 of 10000: who is in depends on the ratio only, so both kinds may follow each other. */
function weightsFor(percent: number): { on: number; off: number } {
  return Number.isInteger(percent) ? { on: percent, off: 100 - percent } : { on: Math.round(percent * 100), off: 10_000 - Math.round(percent * 100) };
}

function shareEdits(found: Located, place: FlagPlace, percent: number): Edit[] {
  const weights = weightsFor(percent);
  const { on, off } = found.view;
  if (found.buckets !== null) {
    // the order of the buckets in the file decides which users come first: it is never changed
    return (['on', 'off'] as const).map((side) => {
      const bucket = (found.buckets as { on: Bucket; off: Bucket })[side];
      if (bucket.weight !== null) return { ...rangeOf(bucket.weight), text: String(weights[side]) };
      const variant = rangeOf(bucket.node.items[0] as Node);
      return { start: variant.end, end: variant.end, text: `, ${weights[side]}` };
    });
  }
  const rule = `{ "fractional": [{ "cat": [{ "var": "$flagd.flagKey" }, { "var": ${JSON.stringify(place.by ?? 'userId')} }] }, [${JSON.stringify(on)}, ${weights.on}], [${JSON.stringify(off)}, ${weights.off}]] }`;
  if (found.targeting !== null) {
    const range = rangeOf(found.targeting);
    // `targeting:` with nothing after it has an empty range right behind the colon
    return [{ ...range, text: range.start === range.end ? ` ${rule}` : rule }];
  }
  return insertTargeting(found, rule);
}

/** A new pair after the last one whose value is one word on one line, so that a comment behind that value stays behind it. */
function insertTargeting({ text, flagNode }: Located, rule: string): Edit[] {
  const pairs = flagNode.items;
  const index = pairs.findLastIndex((pair) => isScalar(pair.value) && !/[\r\n]/.test(text.slice(rangeOf(pair.value).start, rangeOf(pair.value).end)));
  const anchor = pairs[index];
  if (anchor === undefined) return [];
  const end = rangeOf(anchor.value as Node).end;
  const keyStart = rangeOf(anchor.key as Node).start;
  const lineStart = text.lastIndexOf('\n', keyStart - 1) + 1;
  const indent = text.slice(lineStart, keyStart).trim() === '' ? text.slice(lineStart, keyStart) : null;
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lineEnd = (from: number): number => { const at = text.slice(from).search(/\r?\n/); return at < 0 ? text.length : from + at; };
  if (flagNode.flow !== true) return [{ start: lineEnd(end), end: lineEnd(end), text: `${eol}${indent ?? ' '.repeat(keyStart - lineStart)}targeting: ${rule}` }];

  const last = index === pairs.length - 1;
  const pair = `"targeting": ${rule}`;
  const comma = /^\s*,/.exec(text.slice(end));
  const afterComma = comma === null ? end : end + comma[0].length;
  const comment = /^[^\r\n]*/.exec(text.slice(afterComma))?.[0] ?? '';
  if (indent === null || !/^\s*(#.*)?$/.test(comment)) {
    return last && comma === null ? [{ start: end, end, text: `, ${pair}` }] : [{ start: afterComma, end: afterComma, text: ` ${pair}${last ? '' : ','}` }];
  }
  const at = lineEnd(afterComma);
  const line = `${eol}${indent}${pair}${last ? '' : ','}`;
  if (comma !== null) return [{ start: at, end: at, text: line }];
  return at === end ? [{ start: at, end: at, text: `,${line}` }] : [{ start: at, end: at, text: line }, { start: end, end, text: ',' }];
}

function quotedLike(text: string, node: Scalar, word: string): string {
  const first = text[rangeOf(node).start];
  return first === '"' || first === "'" ? `${first}${word}${first}` : word;
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  return [...edits].sort((a, b) => b.start - a.start || b.end - a.end).reduce((out, edit) => out.slice(0, edit.start) + edit.text + out.slice(edit.end), text);
}

/** The net under every edit: the new text must read as the wanted share, and all else as before. */
function requireOnlyThat(before: string, after: string, place: FlagPlace, percent: number): void {
  const rest = (text: string): string => {
    const all = locate(text, place).document.toJS() as { flags: Record<string, { targeting?: unknown; state?: unknown }> };
    const { [place.flag]: flag, ...flags } = all.flags;
    return JSON.stringify([{ ...all, flags }, { ...flag, targeting: null, state: null }]);
  };
  try {
    if (viewFlag(after, place).sharePercent === percent && sameSorted(rest(before), rest(after))) return;
  } catch { /* the edited text does not even parse: refused below like any other wrong result */ }
  throw refusal(place)('FLAG_NOT_EDITABLE', `flag '${place.flag}' is written in a way that cannot be edited safely.`, `Give it a targeting by hand: { "fractional": [["on", 0], ["off", 100]] }.`);
}

// `targeting: null` above appends the key where there was none, so the order of keys says nothing
function sameSorted(a: string, b: string): boolean {
  const sorted = (value: unknown): unknown => (Array.isArray(value) ? value.map(sorted) : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)).map(([k, v]) => [k, sorted(v)])) : value);
  return JSON.stringify(sorted(JSON.parse(a))) === JSON.stringify(sorted(JSON.parse(b)));
}
