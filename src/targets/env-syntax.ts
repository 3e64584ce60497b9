// One key of a KEY=VALUE file, found and replaced in place: every other byte stays. Only what all common readers (shells, systemd, compose, dotenv
// libraries) take alike is read and written. Used by ./env-file.ts. Pure.
import { TargetRefused } from './port.js';

interface Place { readonly start: number; readonly end: number; readonly quote: '' | '"' | "'"; readonly content: string }

/** @throws TargetRefused ENV_KEY_MISSING, ENV_KEY_TWICE, ENV_VALUE_NOT_PLAIN */
export function rawValue(text: string, key: string, file: string): string { return placeOf(text, key, file).content; }

/** The text with another value for `key`, in the quotes it had if they can hold it. */
export function withRawValue(text: string, key: string, file: string, raw: string): string {
  const place = placeOf(text, key, file);
  const quote = place.quote === '"' && !/["\\$`]/.test(raw) ? '"' : place.quote === "'" || !/^[\w.,:@%+/=-]+$/.test(raw) ? "'" : '';
  return `${text.slice(0, place.start)}${quote}${raw}${quote}${text.slice(place.end)}`;
}

/** Why no quotes hold `raw` for every reader; null: some do. */
export function rawProblem(raw: string): string | null {
  return /['\x00-\x1f\x7f]/.test(raw) ? 'it holds a single quote or a control character, which not every reader of such files takes' : null;
}

function placeOf(text: string, key: string, file: string): Place {
  const refuse = (code: string, what: string, todo: string): TargetRefused => new TargetRefused({ code, where: file, what, means: 'Nothing was changed.', todo });
  const found: Place[] = [];
  for (const place of assignments(text)) if (place.key === key) found.push(place);
  const [place] = found;
  if (place === undefined) throw refuse('ENV_KEY_MISSING', `there is no key '${key}'.`, `Put it in once, with the value it stands at: ${key}=…`);
  if (found.length > 1) throw refuse('ENV_KEY_TWICE', `the key '${key}' stands in it ${found.length} times, and readers differ in which one counts.`, 'Leave one of them.');
  const odd = place.quote === "'" ? false : /[$`\\]/.test(place.content) || (place.quote === '' && /["'#]|\s/.test(place.content)) || /[\r\n]/.test(place.content);
  if (odd || text.slice(place.start, place.end) !== `${place.quote}${place.content}${place.quote}`) throw refuse('ENV_VALUE_NOT_PLAIN', `the value of '${key}' is put together (by a variable, an escape, several quotes or lines), and readers differ in what it is.`, 'Write it out, if need be in single quotes.');
  return place;
}

/** Every assignment with the extent of its value; what is between them is none of our business. */
function* assignments(text: string): Generator<Place & { readonly key: string }> {
  const start = /(?:^\uFEFF)?[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/y;
  for (let at = 0; at < text.length;) {
    start.lastIndex = at;
    const [head, key] = start.exec(text) ?? [];
    if (head === undefined || key === undefined) { at = nextLine(text, at); continue; }
    const from = at + head.length;
    const first = text[from];
    const close = first === '"' || first === "'" || first === '`' ? closing(text, from) : null;
    at = nextLine(text, close ?? from);
    // what follows a closing quote on its line belongs to the value too, unless it is a comment; then the value is not a plain one
    const tail = text.slice(close ?? from, at).trimEnd().replace(/[ \t]+#.*$/, '').trimEnd();
    const end = (close ?? from) + tail.length;
    const quote = close !== null && (first === '"' || first === "'") ? first : '';
    yield { key, start: from, end, quote, content: quote === '' || tail !== '' ? text.slice(from, end) : text.slice(from + 1, end - 1) };
    // a line that ends in a backslash goes on, whatever the next one looks like
    if (close === null) while (at < text.length && /\\(\r\n|\n|\r)$/.test(text.slice(Math.max(0, at - 3), at))) at = nextLine(text, at);
  }
}

function nextLine(text: string, from: number): number {
  const end = /\r\n|\n|\r/g;
  end.lastIndex = from;
  return end.exec(text) === null ? text.length : end.lastIndex;
}

/** Behind the quote that closes the one at `from`; null: none does, and the quote is an ordinary character. */
function closing(text: string, from: number): number | null {
  const quote = text[from];
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\' && quote === '"') i++;
    else if (text[i] === quote) return i + 1;
  }
  return null;
}
