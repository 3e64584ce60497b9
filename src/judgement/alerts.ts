// Alerts by identity: who fires now, who fired when the phase began, who is new since. Counted by subject.ts; the baseline is
// set by startSoak in memory.ts.
import type { EpochMs } from './types.js';
import type { AlertMemory } from './look-types.js';
import type { MetricEvidence } from './evidence.js';

export const membersKept = 64;

/** Takes in what a look says about one `alerts(severity)`. The first evidence ever is the baseline: what fires then is not new. */
export function takeInAlerts(before: AlertMemory | undefined, evidence: MetricEvidence): AlertMemory | undefined {
  let memory = before;
  for (const reading of evidence.news) {
    if (reading.kind !== 'value') continue;
    const now = membersOf(reading.value, reading.members);
    if (memory === undefined) { memory = { now, known: now, fresh: [] }; continue; }
    const { known, fresh } = memory;
    const unseen = now.filter((hash) => !known.includes(hash) && !fresh.some(([seen]) => seen === hash));
    memory = { now, known, fresh: unseen.length === 0 ? fresh : [...fresh, ...unseen.map((hash) => [hash, reading.at] as const)].slice(0, membersKept) };
  }
  return memory;
}

/** What fires now is the new baseline. */
export function alertBaseline(memory: AlertMemory): AlertMemory { return { now: memory.now, known: memory.now, fresh: [] }; }

/** Distinct new alerts that first fired in (after, until]. */
export function freshBetween(memory: AlertMemory | undefined, after: EpochMs, until: EpochMs): number {
  return memory === undefined ? 0 : memory.fresh.filter(([, at]) => at > after && at <= until).length;
}

/** A source that counts without naming: the n-th alert stands for itself, so a count above the baseline's is new. */
function membersOf(count: number, members: readonly string[] | null): string[] {
  if (members !== null) return [...new Set(members.slice(0, membersKept).map(hashOf))];
  return Array.from({ length: Math.min(membersKept, Math.max(0, Math.floor(count))) }, (_, index) => `#${index + 1}`);
}

/** FNV-1a over UTF-16 units in two 32-bit lanes: names of any length become 14 characters or fewer. Not for secrets. */
export function hashOf(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193) >>> 0;
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x01000193) >>> 0;
  }
  return low.toString(36) + high.toString(36);
}
