// A short, readable and stable name for a set of labels, so that 'the same alert' means the same at every look.
// Used by prometheus.ts and prometheus-text.ts for counts of members.
import { createHash } from 'node:crypto';

/** Labels that say how a series is shown, not which one it is. */
const NOT_IDENTITY = new Set(['__name__', 'alertstate']);

/** `HighErrorRate-3f9a1c0b7d`: a name of at most 40 characters and ten hex digits over all labels, in any order the same. */
export function seriesIdentity(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).filter(([label]) => !NOT_IDENTITY.has(label)).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const readable = (labels.alertname ?? pairs[0]?.[1] ?? labels.__name__ ?? 'series').replace(/[^\w.:/-]+/g, '_').slice(0, 40);
  return `${readable}-${createHash('sha256').update(JSON.stringify(pairs)).digest('hex').slice(0, 10)}`;
}
