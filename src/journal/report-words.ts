// Words for the report: instants, lengths of time, numbers and untrusted text; and careful reading of an entry's detail. Pure.
// Used by report.ts and report-summary.ts. A detail is evidence written by another version: what it lacks is left out, never guessed.
import { DateTime } from 'luxon';
import type { EpochMs, Ms } from '../judgement/types.js';
import type { JsonValue } from '../plan/types.js';

export type Tone = 'good' | 'bad' | 'warn' | 'faint' | 'strong' | 'plain';
export type Paint = Readonly<Record<Tone, (text: string) => string>>;

/** `2026-11-01 01:30:00 PDT`: the zone's own short name, because an hour comes twice when clocks go back */
export function instant(at: EpochMs, zone: string): string {
  return DateTime.fromMillis(at, { zone, locale: 'en-US' }).toFormat('yyyy-MM-dd HH:mm:ss ZZZZ');
}

/** `2 d 3 h`, `5 min 10 s`, `340 ms`: the two largest units that are not zero */
export function lengthInWords(ms: Ms): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  let restS = Math.round(ms / 1_000);
  const parts: string[] = [];
  for (const [unit, seconds] of [['d', 86_400], ['h', 3_600], ['min', 60], ['s', 1]] as const) {
    if (restS >= seconds) parts.push(`${Math.floor(restS / seconds)} ${unit}`);
    else if (parts.length > 0) break;
    restS %= seconds;
    if (parts.length === 2 || restS === 0) break;
  }
  return parts.join(' ');
}

/** at most six significant digits, without an exponent where a person would not write one */
export function numberInWords(value: number): string { return String(Number(value.toPrecision(6))); }

/** Text from people, sources and commands must not steer the reader's terminal: control and direction characters are shown, not sent. */
export function harmless(text: string): string {
  return text.replace(/\r?\n/g, ' ⏎ ').replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function field(detail: JsonValue | undefined, name: string): JsonValue | undefined {
  return typeof detail === 'object' && detail !== null && !Array.isArray(detail) ? (detail as { readonly [key: string]: JsonValue })[name] : undefined;
}
export function textOf(value: JsonValue | undefined): string | null { return typeof value === 'string' ? value : null; }
export function numberOf(value: JsonValue | undefined): number | null { return typeof value === 'number' ? value : null; }
export function listOf(value: JsonValue | undefined): readonly JsonValue[] { return Array.isArray(value) ? (value as readonly JsonValue[]) : []; }
export function membersOf(value: JsonValue | undefined): readonly (readonly [string, JsonValue])[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
/** a target's value, or any other scalar */
export function scalar(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : typeof value === 'number' ? numberInWords(value) : typeof value === 'boolean' ? String(value) : null;
}
