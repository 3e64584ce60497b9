// A flagd file as a syntax tree with offsets, be it YAML, JSON or JSON with comments: one parser for all three, by blanking what is not YAML.
// Used by ./flagd-text.ts. Pure.
import { parseDocument, type Document } from 'yaml';
import { TargetRefused } from './port.js';

/**
 * `text` has the offsets of `original`. A file named .yaml or .yml is YAML, every other JSON with comments.
 * @throws TargetRefused FLAG_FILE_CORRUPT
 */
export function parseFlags(original: string, file: string): { text: string; document: Document.Parsed } {
  const yaml = /\.ya?ml$/i.test(file);
  const { text, strict } = yaml ? { text: original, strict: null } : blankComments(original);
  const corrupt = (what: string): TargetRefused => new TargetRefused({
    code: 'FLAG_FILE_CORRUPT', where: file, what, means: 'The flag was neither read nor changed.', todo: 'Repair the file by hand; whoever reads it keeps the last good state until then.',
  });
  if (strict !== null) { try { JSON.parse(strict.replace(/^\uFEFF/, '')); } catch (cause) { throw corrupt(`it is not JSON: ${(cause as Error).message.split('\n')[0] ?? ''}.`); } }
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true, logLevel: 'silent' });
  const problem = document.errors[0];
  if (problem !== undefined) throw corrupt(`it is not ${yaml ? 'YAML' : 'JSON'}: ${problem.message.split('\n')[0] ?? ''}`);
  return { text, document };
}

/**
 * JSON with comments as texts of the same length: comments and tabs outside strings become spaces, which is YAML (`text`); without trailing
 * commas too it is plain JSON (`strict`).
 */
function blankComments(text: string): { text: string; strict: string } {
  const out = text.split('');
  const trailing: number[] = [];
  let comma = -1;
  for (let i = 0; i < out.length; i++) {
    const c = text[i];
    if (c === '"') { for (i++; i < out.length && text[i] !== '"'; i++) if (text[i] === '\\') i++; comma = -1; }
    else if (c === '/' && (text[i + 1] === '/' || text[i + 1] === '*')) {
      const close = text[i + 1] === '/' ? text.slice(i).search(/[\r\n]/) : text.indexOf('*/', i + 2) - i + 2;
      const end = close < (text[i + 1] === '/' ? 0 : 4) ? out.length : i + close;
      for (; i < end; i++) if (text[i] !== '\n' && text[i] !== '\r') out[i] = ' ';
      i--;
    }
    else if (c === ',') comma = i;
    else if (c === '\t') out[i] = ' ';
    else if (c === '}' || c === ']') { if (comma >= 0) trailing.push(comma); comma = -1; }
    else if (c !== ' ' && c !== '\n' && c !== '\r') comma = -1;
  }
  const strict = [...out];
  for (const at of trailing) strict[at] = ' ';
  return { text: out.join(''), strict: strict.join('') };
}
