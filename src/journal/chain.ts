// The hash chain: what is hashed, how a stored row is read back, and when it is called unreadable. Pure.
// Written by append.ts, checked by verify.ts and export.ts, shown by report.ts.
import { createHash } from 'node:crypto';
import type { Entry, StoredEntry } from './port.js';
import { canonicalJson } from './canonical-json.js';

/** One row of the database: `body` is the very text that was hashed, so that nothing depends on how a database keeps numbers or time. */
export interface EntryRow { readonly rollout: string; readonly seq: number; readonly body: string; readonly hash: string }

/** The hashed text of an entry. Fields are picked by name: whatever else an object carries is no part of the record. */
export function bodyOf(rollout: string, entry: Entry): string {
  const { seq, at, kind, phase, actor, text, detail } = entry;
  return canonicalJson({ rollout, seq, at, kind, phase: phase ?? null, actor, text, detail: detail ?? null });
}

/** hex SHA-256 over the hash before, a line feed and the body, in UTF-8 */
export function hashOf(previous: string, body: string): string {
  return createHash('sha256').update(`${previous}\n${body}`, 'utf8').digest('hex');
}

/**
 * The entry of a row. A row whose body is not the canonical text of an entry of that rollout under that number was changed from outside:
 * it comes back as kind 'unreadable' with the raw body as its detail, so that a damaged record can still be read and shown.
 */
export function readRow(row: EntryRow): StoredEntry {
  const entry = parseEntry(row.body);
  if (entry !== null && entry.seq === row.seq && bodyOf(row.rollout, entry) === row.body) return { ...entry, rollout: row.rollout, hash: row.hash };
  return {
    rollout: row.rollout, seq: row.seq, at: 0, kind: 'unreadable', phase: null, actor: 'unknown',
    text: 'This row of the journal was changed from outside and is not an entry any more.', detail: { raw: row.body }, hash: row.hash,
  };
}

/** An entry from JSON text, or null where a field is missing or of another type. Fields that an entry does not have are dropped. */
export function parseEntry(json: string): Entry | null {
  let value: unknown;
  try { value = JSON.parse(json); } catch { return null; } // the text itself is the finding; the parser's words add nothing
  return isEntry(value) ? { seq: value.seq, at: value.at, kind: value.kind, phase: value.phase, actor: value.actor, text: value.text, detail: value.detail } : null;
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Record<string, unknown>;
  return Number.isInteger(entry.seq) && typeof entry.at === 'number' && typeof entry.kind === 'string' && (entry.phase === null || typeof entry.phase === 'string')
    && typeof entry.actor === 'string' && typeof entry.text === 'string' && entry.detail !== undefined;
}
