// Reads the Prometheus text format 0.0.4 and OpenMetrics 1.0 strictly: every line is understood or the whole answer is refused, because
// half an answer looks like a smaller number. Used by prometheus-text.ts. Of TYPE, HELP and UNIT only the form is checked: no reader needs them.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Thrown with the line (from 1) and one clause; the caller turns it into a providerError. */
export class NotExposition extends Error {
  constructor(readonly line: number, what: string) { super(`line ${line}: ${what}`); }
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped', 'unknown', 'info', 'stateset', 'gaugehistogram'];

/**
 * @param complete false: nothing but the text itself shows where it ends (no announced length), so it must end like a whole one
 * @param openMetrics the answer says it is OpenMetrics: it must end with `# EOF`
 * @throws NotExposition
 */
export function parseExposition(text: string, { complete = true, openMetrics = false }: { complete?: boolean; openMetrics?: boolean } = {}): readonly Sample[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else if (!complete) throw new NotExposition(lines.length, 'the last line has no end, so the answer may be cut off');
  const samples: Sample[] = [];
  const seen = new Set<string>();
  let ended = false;
  lines.forEach((raw, index) => {
    const at = index + 1;
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (/^[ \t]*$/.test(line)) return;
    if (ended) throw new NotExposition(at, "there is more after '# EOF'");
    if (/^[ \t]*#/.test(line)) { ended = readComment(line, at); return; }
    const sample = readSample(line, at);
    const identity = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
    // OpenMetrics allows several points of one series only with rising timestamps, which no client library writes.
    if (seen.has(identity)) throw new NotExposition(at, `'${sample.name}' stands there twice with the same labels`);
    seen.add(identity);
    samples.push(sample);
  });
  if (openMetrics && !ended) throw new NotExposition(lines.length, "'# EOF' is missing, so the answer is cut off");
  return samples;
}

/** True for `# EOF`. Other comments mean nothing, but HELP, TYPE and UNIT must be whole. */
function readComment(line: string, at: number): boolean {
  const [, word, name, rest] = /^[ \t]*#[ \t]*(\S*)[ \t]*("(?:[^"\\]|\\.)*"|\S*)[ \t]*(.*)$/.exec(line) ?? [];
  if (word === 'EOF') {
    if (name !== '') throw new NotExposition(at, "there is more after '# EOF'");
    return line.trimStart() === '# EOF' || line.trimEnd() === '# EOF';
  }
  if (word === 'TYPE' && !(name !== '' && TYPES.includes((rest ?? '').trim()))) throw new NotExposition(at, `'${line.slice(0, 60)}' names no known type`);
  if ((word === 'HELP' || word === 'UNIT') && name === '') throw new NotExposition(at, `${word} without a metric`);
  return false;
}

function readSample(line: string, at: number): Sample {
  const cursor = new Cursor(line, at);
  cursor.space();
  let name = cursor.take(NAME);
  cursor.space();
  const labels: Record<string, string> = {};
  if (cursor.sees('{')) {
    const quotedName = readLabels(cursor, labels);
    if (quotedName !== null && name !== null) throw cursor.wrong('two names');
    name ??= quotedName;
    cursor.space();
  } else if (name !== null && !cursor.afterSpace()) throw cursor.wrong(`unexpected '${cursor.rest(20)}' after the name`);
  if (name === null) throw cursor.wrong(`'${line.trim().slice(0, 40)}' does not begin with a metric's name`);

  const value = readNumber(cursor, 'a value');
  cursor.space();
  if (!cursor.done() && !cursor.sees('#')) { readNumber(cursor, 'a timestamp', true); cursor.space(); }
  if (cursor.sees('#')) readExemplar(cursor);
  if (!cursor.done()) throw cursor.wrong(`unexpected '${cursor.rest(20)}' at the end`);
  return { name, labels, value };
}

/** Fills `labels`; a quoted text without a value is the metric's name (names in UTF-8 are written so). */
function readLabels(cursor: Cursor, labels: Record<string, string>): string | null {
  let quotedName: string | null = null;
  cursor.expect('{');
  for (;;) {
    cursor.space();
    if (cursor.accept('}')) return quotedName;
    const quoted = cursor.sees('"');
    const label = quoted ? readQuoted(cursor) : cursor.take(LABEL);
    if (label === null) throw cursor.wrong(`'${cursor.rest(20)}' is no label`);
    cursor.space();
    if (quoted && (cursor.sees(',') || cursor.sees('}'))) {
      if (quotedName !== null) throw cursor.wrong('two names');
      quotedName = label;
    } else {
      cursor.expect('=');
      cursor.space();
      if (Object.hasOwn(labels, label)) throw cursor.wrong(`label '${label}' twice`);
      // defineProperty, not assignment: a label may be called __proto__
      Object.defineProperty(labels, label, { value: readQuoted(cursor), enumerable: true });
      cursor.space();
    }
    if (!cursor.accept(',')) { cursor.expect('}'); return quotedName; }
  }
}

function readQuoted(cursor: Cursor): string {
  cursor.expect('"');
  let text = '';
  for (;;) {
    const sign = cursor.next();
    if (sign === null) throw cursor.wrong('a quoted text has no end');
    if (sign === '"') return text;
    if (sign !== '\\') { text += sign; continue; }
    const escaped = cursor.next();
    // The formats name these three; others are kept as they stand, as Prometheus' own client libraries do.
    if (escaped === null) throw cursor.wrong('a quoted text has no end');
    text += escaped === 'n' ? '\n' : escaped === '"' || escaped === '\\' ? escaped : `\\${escaped}`;
  }
}

function readNumber(cursor: Cursor, what: string, finite = false): number {
  const word = cursor.word();
  const infinite = /^([+-]?)inf(inity)?$/i.exec(word);
  if (infinite !== null && !finite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^[+-]?nan$/i.test(word) && !finite) return Number.NaN;
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(word)) return Number(word);
  throw cursor.wrong(word === '' ? `${what} is missing` : `'${word.slice(0, 40)}' is not ${what}`);
}

function readExemplar(cursor: Cursor): void {
  cursor.expect('#');
  cursor.space();
  readLabels(cursor, {});
  cursor.space();
  readNumber(cursor, "an exemplar's value");
  cursor.space();
  if (!cursor.done()) readNumber(cursor, "an exemplar's timestamp", true);
  cursor.space();
}

class Cursor {
  private position = 0;
  constructor(private readonly line: string, private readonly at: number) {}
  done(): boolean { return this.position >= this.line.length; }
  sees(sign: string): boolean { return this.line[this.position] === sign; }
  afterSpace(): boolean { return /[ \t]/.test(this.line[this.position - 1] ?? ''); }
  rest(chars: number): string { return this.line.slice(this.position, this.position + chars); }
  next(): string | null { return this.done() ? null : this.line[this.position++]!; }
  space(): void { while (this.sees(' ') || this.sees('\t')) this.position += 1; }
  accept(sign: string): boolean { if (!this.sees(sign)) return false; this.position += 1; return true; }
  expect(sign: string): void { if (!this.accept(sign)) throw this.wrong(this.done() ? `the line ends where '${sign}' is due` : `'${this.rest(20)}' where '${sign}' is due`); }
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.line)?.[0] ?? null;
    this.position += found?.length ?? 0;
    return found;
  }
  word(): string { return this.take(/[^ \t]+/y) ?? ''; }
  wrong(what: string): NotExposition { return new NotExposition(this.at, what); }
}
