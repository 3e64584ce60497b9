// Statuspage's API as its public documentation describes it, as far as Tidegate speaks to it: incidents of a page, at most one request a second as
// it counts them (sixty in a minute), and refusals of what it does not know.
import { startStandIn, type Asked, type Reply, type StandIn } from './stand-in.js';

export interface Incident { readonly id: string; name: string; status: string; impact_override?: string; metadata: Readonly<Record<string, unknown>>; readonly incident_updates: { readonly status: string; readonly body: string; readonly deliver_notifications: boolean }[] }
export interface StatuspageStandIn extends StandIn {
  readonly token: string; readonly page: string; readonly incidents: Incident[]; readonly components: Map<string, string>;
  /** the list of what is open shows what is written only after so many more requests */
  lag: { requests: number };
  open(): readonly Incident[];
}

export const statuspageToken = 'oauth-stand-in-TOKEN-1';
const PAGE = 'kctbh9vrtdwd';

export async function startStatuspage(): Promise<StatuspageStandIn> {
  const incidents: Incident[] = [];
  const components = new Map([['comp1checkout', 'operational'], ['comp2search', 'operational']]);
  const lag = { requests: 0 };
  const times: number[] = [];
  const open = (): readonly Incident[] => incidents.filter((one) => one.status !== 'resolved');

  const serve = (asked: Asked): Reply => {
    times.push(asked.at);
    if (times.filter((at) => asked.at - at < 60_000).length > 60) return { status: 429, body: { error: 'rate limited' } };
    if (asked.headers.authorization !== `OAuth ${statuspageToken}`) return { status: 401, body: { error: 'Could not authenticate' } };
    const match = /^\/v1\/pages\/([^/]+)\/incidents(\/[^/]+)?$/.exec(asked.path);
    if (match === null || match[1] !== PAGE) return { status: 404, body: { error: 'Not found' } };
    const which = match[2]?.slice(1);
    if (asked.method === 'GET' && which === 'unresolved') {
      if (lag.requests > 0) { lag.requests -= 1; return { status: 200, body: [] }; }
      return { status: 200, body: open() };
    }
    const { incident } = JSON.parse(asked.body) as { incident: Record<string, unknown> };
    const changed = (incident['components'] ?? {}) as Record<string, string>;
    const body = incident['body'];
    const errors = [
      ...Object.keys(changed).filter((id) => !components.has(id)).map((id) => `Component ${id} is not of this page`),
      ...(typeof body === 'string' && body.length > 25_000 ? ['Body is too long'] : []), ...(typeof incident['name'] === 'string' && incident['name'].length > 255 ? ['Name is too long'] : []),
      ...(Object.values((incident['metadata'] ?? {}) as object).some((value) => typeof value !== 'object') ? ['Metadata values must be objects'] : []),
      ...(incident['status'] !== undefined && !['investigating', 'identified', 'monitoring', 'resolved'].includes(String(incident['status'])) ? ['Status is not known'] : []),
    ];
    if (errors.length > 0) return { status: 422, body: { error: errors } };
    let one: Incident | undefined;
    if (asked.method === 'POST' && which === undefined) {
      if (typeof incident['name'] !== 'string') return { status: 400, body: { error: ['Name is missing'] } };
      one = { id: `inc${incidents.length + 1}`, name: incident['name'], status: String(incident['status'] ?? 'investigating'), metadata: {}, incident_updates: [] };
      incidents.push(one);
    } else if (asked.method === 'PATCH') one = incidents.find((found) => found.id === which);
    if (one === undefined) return { status: 404, body: { error: 'Not found' } };
    for (const key of ['status', 'metadata', 'impact_override'] as const) if (incident[key] !== undefined) Object.assign(one, { [key]: incident[key] });
    for (const [id, status] of Object.entries(changed)) components.set(id, status);
    one.incident_updates.push({ status: one.status, body: String(body), deliver_notifications: incident['deliver_notifications'] !== false });
    return { status: asked.method === 'POST' ? 201 : 200, body: one };
  };
  const server = await startStandIn(serve);
  return { ...server, token: statuspageToken, page: PAGE, incidents, components, lag, open };
}
