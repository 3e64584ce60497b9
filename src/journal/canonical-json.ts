// One text for one JSON value (RFC 8785: keys by UTF-16 code unit, ECMAScript numbers, no white space), so that a hash over it means the value.
// The chain hashes it (chain.ts). One deviation: a lone surrogate is escaped instead of refused, because a note must never block the record.
import type { JsonValue } from '../plan/types.js';
import { FinalError } from '../errors.js';

/**
 * The canonical text of `value`. Keys whose value is undefined are left out, as `JSON.stringify` does: a value that went through a Temporal
 * payload and one that did not have the same text.
 * @throws FinalError NOT_JSON for what JSON cannot say (NaN, infinities, bigint, functions, dates, maps): storing something else in its place would be a lie
 */
export function canonicalJson(value: JsonValue | object): string { return write(value, '$'); }

function write(value: unknown, path: string): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notJson(String(value), path);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item, at) => write(item ?? null, `${path}[${at}]`)).join(',')}]`;
  // by tag, not by prototype: an object made in another realm (a workflow's sandbox) is still a plain object
  if (Object.prototype.toString.call(value) !== '[object Object]') throw notJson(typeof value === 'object' ? Object.prototype.toString.call(value) : typeof value, path);
  const members = Object.entries(value as object).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member, `${path}.${key}`)}`).join(',')}}`;
}

function notJson(found: string, path: string): FinalError {
  return new FinalError({
    code: 'NOT_JSON', where: path, what: `${found} cannot be written as JSON.`,
    means: 'The journal keeps plain JSON only; nothing was stored.', todo: 'This is a defect of the caller: report it with the command that led here.',
  });
}
