// The real listener with the routes of real settings, on a port of its own; behind it a rollout that answers what the test says. Senders as
// they are: signed, timed, over HTTP. The engine itself: test/live/inbound.test.ts.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { createHttpClient } from '../../src/http/client.js';
import { createRoutes } from '../../src/inbound/index.js';
import { serveInbound, type InboundServer, type ListenerOptions } from '../../src/inbound/listener.js';
import type { InboundRollouts } from '../../src/inbound/port.js';
import { readInbound } from '../../src/inbound/settings.js';
import { createLog } from '../../src/log/log.js';
import { createMeters } from '../../src/metrics/meters.js';
import type { ResolvedPlan } from '../../src/plan/types.js';

export const secrets = { token: 'token-of-the-alertmanager', secret: 'secret-of-the-pipelines', old: 'the-secret-before-that', slack: '8f742231b10e8888abcd99yyyzzz85a5' };
export const now = Date.parse('2026-12-03T17:00:00Z');
export const startedAt = now - 3_600_000;

export interface Told { readonly rollout: string; readonly name: string; readonly payload: Record<string, unknown>; readonly updateId: string }
export interface Answered { readonly status: number; readonly body: { readonly ok: boolean; readonly code: string; readonly message: string; readonly alerts?: readonly { readonly fingerprint: string; readonly ok: boolean; readonly code: string; readonly message: string }[] }; readonly headers: Headers; readonly text: string }

export class InboundWorld {
  readonly told: Told[] = [];
  readonly log: string[] = [];
  /** what was said to people through Slack's response_url */
  readonly said: { readonly response_type: string; readonly replace_original: boolean; readonly text: string }[] = [];
  private readonly meters = createMeters();
  private server: InboundServer | null = null;
  private readonly slack = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); }).on('end', () => { this.said.push(JSON.parse(body) as InboundWorld['said'][number]); response.end('ok'); });
  });

  private constructor(private readonly rollouts: Partial<InboundRollouts>) {}

  static async open(rollouts: Partial<InboundRollouts> = {}, options: { readonly env?: Record<string, string>; readonly listener?: Partial<ListenerOptions>; readonly planEnv?: Record<string, string> } = {}): Promise<InboundWorld> {
    const world = new InboundWorld(rollouts);
    const env: Record<string, string> = { TIDEGATE_INBOUND_ADDRESS: '127.0.0.1:0', TIDEGATE_INBOUND_TOKEN: secrets.token, TIDEGATE_INBOUND_SECRET: `${secrets.secret}, ${secrets.old}`, TIDEGATE_SLACK_SIGNING_SECRET: secrets.slack, TIDEGATE_INBOUND_AS: 'ci', ...options.env };
    const problems: string[] = [];
    const settings = readInbound((name) => env[name], problems)!;
    if (problems.length > 0) throw new Error(problems.join('; '));
    await new Promise<void>((resolve) => { world.slack.listen(0, '127.0.0.1', resolve); });
    const log = createLog({ level: 'info', out: { write: (line: string) => { world.log.push(line); } } });
    const routes = createRoutes({ settings, rollouts: world.port(), env: options.planEnv ?? {}, http: createHttpClient(), meters: world.meters.meters, log, now: () => now });
    world.server = await serveInbound({ at: settings.at, routes, meters: world.meters.meters, log, ...options.listener });
    return world;
  }

  get address(): string { return this.server!.address; }
  get replyTo(): string { const bound = this.slack.address(); return `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}/actions/T0/1/s3cretpath`; }
  metrics(): Promise<string> { return this.meters.registry.metrics(); }
  closeListener(): Promise<void> { return this.server!.close(); }
  async close(): Promise<void> { await this.server?.close(); this.slack.closeAllConnections(); await new Promise((resolve) => { this.slack.close(resolve); }); }

  private port(): InboundRollouts {
    return {
      see: async () => ({ row: { execution: 'running' }, status: { startedAt } }), planInForce: async () => null, ...this.rollouts,
      command: async (rollout, name, payload, updateId) => {
        this.told.push({ rollout, name, payload: payload as Record<string, unknown>, updateId });
        return this.rollouts.command === undefined ? { did: `${name} is done`, undo: null } : this.rollouts.command(rollout, name, payload, updateId);
      },
    };
  }

  async post(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Answered> {
    const response = await fetch(`${this.address}${path}`, { method: 'POST', body, headers });
    const text = await response.text();
    return { status: response.status, body: JSON.parse(text) as Answered['body'], headers: response.headers, text };
  }
  alertmanager(alerts: readonly unknown[], headers: Readonly<Record<string, string>> = { authorization: `Bearer ${secrets.token}` }): Promise<Answered> {
    return this.post('/v1/alertmanager', JSON.stringify({ version: '4', groupKey: '{}:{}', truncatedAlerts: 0, status: 'firing', receiver: 'tidegate', groupLabels: {}, commonLabels: {}, commonAnnotations: {}, externalURL: 'http://am', alerts }), { 'content-type': 'application/json', ...headers });
  }
  signed(path: string, document: unknown, { secret = secrets.secret, at = now, header }: { readonly secret?: string; readonly at?: number; readonly header?: string } = {}): Promise<Answered> {
    const body = JSON.stringify(document);
    return this.post(path, body, { 'content-type': 'application/json', 'tidegate-signature': header ?? signatureOf(body, secret, at) });
  }
  pressed(payload: unknown, { secret = secrets.slack, at = now }: { readonly secret?: string; readonly at?: number } = {}): Promise<Answered> {
    const body = `payload=${encodeURIComponent(JSON.stringify(payload))}`;
    const time = String(Math.floor(at / 1_000));
    return this.post('/v1/slack', body, { 'content-type': 'application/x-www-form-urlencoded', 'x-slack-request-timestamp': time, 'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${time}:${body}`).digest('hex')}` });
  }
}

export function signatureOf(body: string, secret: string, at: number): string {
  const time = String(Math.floor(at / 1_000));
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;
}

/** One firing alert as Alertmanager sends it. */
export function alertOf(change: { readonly status?: string; readonly labels?: Record<string, string>; readonly annotations?: Record<string, string>; readonly startsAt?: string; readonly fingerprint?: string } = {}): unknown {
  return { status: 'firing', labels: { alertname: 'DataCorruption', rollout: 'shop', severity: 'critical' }, annotations: { summary: 'Orders are lost' }, startsAt: '2026-12-03T16:59:00.123456789Z', endsAt: '0001-01-01T00:00:00Z', generatorURL: 'http://prometheus/graph', fingerprint: 'a1b2c3d4e5f60718', ...change };
}

/** As much of a plan in force as finds people. */
export function planWith(slackPeople: Record<string, string>, more: Partial<ResolvedPlan> = {}): ResolvedPlan {
  const none: ResolvedPlan['channels'] = { info: [], warning: [], critical: [], emergency: [], asks: [{ provider: 'slack', settings: { channel: 'C1', people: slackPeople } }] };
  const person = (id: string) => ({ id, name: id, roles: [], contacts: {}, channels: [] });
  return { rollout: 'shop', people: [person('ann'), person('bob')], channels: none, ...more } as unknown as ResolvedPlan;
}

export function pressOf(change: { readonly user?: string; readonly value?: unknown; readonly action?: string; readonly type?: string; readonly ts?: string; readonly replyTo?: string } = {}): unknown {
  const { user = 'U0123', value = { rollout: 'shop', ask: 'wave-1/approval', value: 'approve' }, action = 'tidegate/answer/approve', type = 'block_actions', ts = '1796317200.000100', replyTo } = change;
  return { type, api_app_id: 'A1', token: 'deprecated', team: { id: 'T1' }, user: { id: user, username: 'ann', team_id: 'T1' }, trigger_id: '1.2.3', ...(replyTo === undefined ? {} : { response_url: replyTo }), actions: [{ type: 'button', action_id: action, block_id: 'b', action_ts: ts, value: typeof value === 'string' ? value : JSON.stringify(value) }] };
}
