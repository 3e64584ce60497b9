// What Alertmanager's API v2 answers, taken apart: alerts, and the state of the server itself; a text says why an answer is none.
// Used by alertmanager.ts.
import type { EpochMs } from '../judgement/types.js';
import type { HttpAnswer } from '../http/client.js';

export interface Alert { readonly fingerprint: string; readonly labels: Readonly<Record<string, string>>; readonly startsAt: EpochMs; readonly suppressed: boolean; /** by a silence; else another alert inhibits it */ readonly silenced: boolean }
/** `settled`: it has found its peers, or has none to look for */
export interface State { readonly settled: boolean; readonly startedAt: EpochMs }

export function readAlerts(document: unknown): readonly Alert[] | string {
  if (!Array.isArray(document)) return 'the answer is no list of alerts';
  const alerts: Alert[] = [];
  for (const one of document as unknown[]) {
    if (!isRecord(one) || typeof one.fingerprint !== 'string' || !isRecord(one.labels) || !isRecord(one.status)) return 'an alert without fingerprint, labels or status';
    const startsAt = instant(one.startsAt);
    if (startsAt === null) return 'an alert that does not say since when';
    const { state, silencedBy } = one.status;
    alerts.push({ fingerprint: one.fingerprint, labels: one.labels as Record<string, string>, startsAt, suppressed: state === 'suppressed', silenced: Array.isArray(silencedBy) && silencedBy.length > 0 });
  }
  return alerts;
}

export function readState(document: unknown): State | string {
  if (!isRecord(document) || !isRecord(document.cluster) || typeof document.cluster.status !== 'string') return 'the answer is no status of an Alertmanager';
  const startedAt = instant(document.uptime);
  return startedAt === null ? 'its status does not say since when it is up' : { settled: ['ready', 'disabled'].includes(document.cluster.status), startedAt };
}

/** The server's own words in an error answer: a bare text in JSON, or an object around it. */
export function serverSays(answer: HttpAnswer): string | null {
  try {
    const document: unknown = JSON.parse(answer.text);
    if (typeof document === 'string') return document;
    const words = isRecord(document) ? document.message ?? document.error : null;
    return typeof words === 'string' ? words : null;
  } catch { return null; } // a proxy's page: its status says enough
}

function instant(text: unknown): EpochMs | null {
  const at = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}
function isRecord(value: unknown): value is Record<string, unknown> { return typeof value === 'object' && value !== null && !Array.isArray(value); }
