// Variables of an environment, and whether they are as a plan wants them. A finding names keys; it never shows the value of one that is only
// wanted to be set, nor anything that looks like a secret. Pure. Where the text comes from: read.ts.
import { isSecretText } from '../plan/secrets.js';
import type { WantedVariable } from '../plan/types.js';
import { TargetRefused } from '../targets/port.js';
import { rawValue } from '../targets/env-syntax.js';

export type Found =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'missing' }
  /** it stands there, but readers differ in what it is */
  | { readonly kind: 'put-together'; readonly why: string }
  | { readonly kind: 'twice'; readonly why: string };
export type Variables = (key: string) => Found;

/** Of a KEY=VALUE file, read as the env-file target reads it. */
export const variablesOfFile = (text: string, file: string): Variables => (key) => {
  try { return { kind: 'value', value: rawValue(text, key, file) }; } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    switch (error.code) {
      case 'ENV_KEY_MISSING': return { kind: 'missing' };
      case 'ENV_KEY_TWICE': return { kind: 'twice', why: 'stands there more than once' };
      default: return { kind: 'put-together', why: 'is put together (by a variable, an escape, several quotes or lines), and readers differ in what it is' };
    }
  }
};

/** What `env` prints: a variable a line as it is, or each ended by a NUL (`env -0`). */
export function variablesOfOutput(output: string): Variables {
  const lines = output.includes('\0') ? output.split('\0') : output.split(/\r?\n/);
  return (key) => {
    const found = lines.filter((line) => line.startsWith(`${key}=`));
    if (found.length === 0) return { kind: 'missing' };
    return found.length === 1 ? { kind: 'value', value: found[0]!.slice(key.length + 1) } : { kind: 'twice', why: 'is printed more than once' };
  };
}

export const variablesOfProcess = (env: Readonly<Record<string, string | undefined>>): Variables => (key) => { const value = env[key]; return value === undefined ? { kind: 'missing' } : { kind: 'value', value }; };

/** @param has with references filled in; `secret` says what may be shown */
export function judgeVariables(variables: Variables, has: readonly WantedVariable[]): { readonly ok: boolean; readonly finding: string } {
  const found = has.map((wanted) => ({ wanted, found: variables(wanted.key) }));
  // the same text may stand under another key, where it would be shown
  const hidden = new Set(found.flatMap(({ wanted, found: one }) => (one.kind === 'value' && (wanted.value === null || wanted.secret) ? [one.value] : [])));
  const wrong = found.flatMap(({ wanted, found: one }) => { const what = wrongWith(wanted, one, hidden); return what === null ? [] : [what]; });
  if (wrong.length > 0) return { ok: false, finding: wrong.join('; ') };
  return { ok: true, finding: has.map(({ key, value, secret }) => (value === null ? `${key} is set` : secret ? `${key} is as wanted` : `${key} is ${shown(value)}`)).join(', ') };
}

function wrongWith({ key, value, secret }: WantedVariable, found: Found, hidden: ReadonlySet<string>): string | null {
  const expected = value === null || secret ? '' : ` (wanted: ${shown(value)})`;
  if (found.kind === 'missing') return `${key} is missing${expected}`;
  if (found.kind === 'twice') return `${key} ${found.why}`;
  if (value === null) return found.kind === 'value' && found.value.trim() === '' ? `${key} is empty` : null;
  if (found.kind === 'put-together') return `${key} ${found.why}`;
  if (found.value === value) return null;
  if (secret || hidden.has(found.value) || isSecretText(found.value)) return `${key} is not what is wanted${expected}`;
  return `${key} is ${shown(found.value)} instead of ${shown(value)}`;
}

function shown(value: string): string {
  const plain = value.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '?');
  return plain === '' ? 'empty' : plain.length > 60 ? `'${plain.slice(0, 57)}…'` : `'${plain}'`;
}
