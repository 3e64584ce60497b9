// PagerDuty's Events API v2 as its public documentation describes it: alerts by deduplication key, which collapse while they are open, and change
// events. It refuses what PagerDuty refuses: missing fields, texts over their limits, a key it does not know.
import { startStandIn, type Asked, type Reply, type StandIn } from './stand-in.js';

export interface Alert { readonly dedup: string; status: 'triggered' | 'resolved'; /** how often somebody was called */ called: number; readonly events: AlertEvent[] }
export interface AlertEvent { readonly summary: string; readonly severity: string; readonly timestamp: string; readonly source: string; readonly class?: string; readonly custom_details: Readonly<Record<string, unknown>> }
export interface PagerDutyStandIn extends StandIn { readonly key: string; readonly alerts: Alert[]; readonly changes: AlertEvent[]; open(): readonly string[] }

export const routingKey = 'e93facc04764012d7bfb002500d5d1a6';

export async function startPagerDuty(): Promise<PagerDutyStandIn> {
  const alerts: Alert[] = [];
  const changes: AlertEvent[] = [];
  const invalid = (...errors: string[]): Reply => ({ status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } });

  const serve = (asked: Asked): Reply => {
    let event: Record<string, unknown>;
    try { event = JSON.parse(asked.body) as Record<string, unknown>; } catch { return invalid('JSON cannot be read'); }
    if (asked.body.length > 512 * 1024) return { status: 413, body: 'too large' };
    const payload = event['payload'] as AlertEvent | undefined;
    const wrong = (needed: readonly string[]): string[] => needed.filter((name) => typeof (payload as Record<string, unknown> | undefined)?.[name] !== 'string').map((name) => `'payload.${name}' is missing or blank`);
    if (event['routing_key'] !== routingKey) return invalid(`routing_key ${String(event['routing_key'])} is invalid`);
    if ((payload?.summary.length ?? 0) > 1_024) return invalid('payload.summary is too long (maximum is 1024 characters)');
    if (asked.path === '/v2/change/enqueue') {
      const errors = wrong(['summary']);
      if (errors.length > 0) return invalid(...errors);
      changes.push(payload!);
      return { status: 202, body: { status: 'success', message: 'Change event processed' } };
    }
    if (asked.path !== '/v2/enqueue') return { status: 404, body: { error: 'not found' } };
    const dedup = event['dedup_key'] as string;
    if (dedup.length > 255) return invalid('dedup_key is too long (maximum is 255 characters)');
    const open = alerts.find((alert) => alert.dedup === dedup && alert.status === 'triggered');
    if (event['event_action'] === 'resolve') { if (open !== undefined) open.status = 'resolved'; }
    else if (event['event_action'] === 'trigger') {
      const errors = wrong(['summary', 'source', 'severity']);
      if (!['critical', 'error', 'warning', 'info'].includes(payload?.severity ?? '')) errors.push('payload.severity is not one of critical, error, warning, info');
      if (errors.length > 0) return invalid(...errors);
      if (open === undefined) alerts.push({ dedup, status: 'triggered', called: 1, events: [payload!] });
      else open.events.push(payload!);
    } else return invalid("'event_action' is not one of trigger, acknowledge, resolve");
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: dedup } };
  };
  const server = await startStandIn(serve);
  return { ...server, key: routingKey, alerts, changes, open: () => alerts.filter((alert) => alert.status === 'triggered').map((alert) => alert.events[0]!.summary) };
}
