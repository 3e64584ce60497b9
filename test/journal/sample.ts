// Entries and undo notes that the journal's tests and the writer process (writer.ts) share: the same number always gives the same entry.
// The text holds what databases trip over: NUL, a lone surrogate, a line separator, a number without an end.
import type { Entry, UndoNote } from '../../src/journal/port.js';

export const at0 = Date.UTC(2026, 10, 23, 17, 0, 0);

export function entry(seq: number, more: Partial<Entry> = {}): Entry {
  return { seq, at: at0 + seq * 1_000, kind: 'decision', phase: 'wave-1', actor: 'tidegate', text: `Entry ${seq} was written.`, detail: { value: seq / 3, note: 'ü \u2028 \u0000 \ud800 "q"' }, ...more };
}
export function entriesFrom(first: number, count: number): Entry[] { return Array.from({ length: count }, (_, index) => entry(first + index)); }

export function undoNote(key: string, more: Partial<UndoNote> = {}): UndoNote {
  return {
    rollout: 'r', key, at: at0, order: 1, before: 0, wanted: 10,
    target: { id: 'batch-patches', provider: 'memory', settings: { token: '${env:TOKEN}' }, safer: 'lower', unit: '%', cap: null, unlimited: null, readOnly: false, protected: null, beforeMove: null, approval: null, on: null, writeTimeoutMs: 10_000 },
    ...more,
  };
}
