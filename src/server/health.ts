// What orchestrators and Prometheus ask a worker: /healthz (the process is alive), /readyz (it can do its work), /metrics. Nothing here
// changes anything, and no answer holds a secret. What is checked is given by src/engine/worker.ts.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, type Place } from './listen.js';

export interface ComponentHealth { readonly ok: boolean; /** in words, what was found */ readonly detail: string }
export interface HealthOptions extends Place {
  /** alive: false once the worker has failed for good, so that an orchestrator starts another */
  readonly alive: () => ComponentHealth;
  /** each is asked at every /readyz and must answer within `checkWithinMs` */
  readonly components: Readonly<Record<string, () => Promise<ComponentHealth> | ComponentHealth>>;
  readonly metrics: () => Promise<string>;
}
export interface HealthServer { /** http://HOST:PORT */ readonly address: string; close(): Promise<void> }

const checkWithinMs = 2_500;

/** @throws FinalError PORT_TAKEN */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const routes: Readonly<Record<string, (response: ServerResponse) => Promise<void>>> = {
    '/healthz': async (response) => { const alive = options.alive(); json(response, alive.ok ? 200 : 503, { status: alive.ok ? 'ok' : 'failed', detail: alive.detail }); },
    '/readyz': async (response) => {
      const entries = await Promise.all(Object.entries(options.components).map(async ([name, check]) => [name, await bounded(check)] as const));
      const failing = entries.filter(([, health]) => !health.ok).map(([name]) => name);
      json(response, failing.length === 0 ? 200 : 503, { status: failing.length === 0 ? 'ready' : 'not ready', ...(failing.length === 0 ? {} : { failing }), components: Object.fromEntries(entries) });
    },
    '/metrics': async (response) => { const text = await options.metrics(); response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text); },
  };
  const server = createServer((request, response) => { void answer(routes, request, response); });
  server.requestTimeout = 10_000;
  const address = await listen(server, options, { means: 'Health and metrics of this worker could not be served; it was not started.', todo: "Set TIDEGATE_HTTP to another HOST:PORT, to 127.0.0.1:0 for any free port, or to 'off'." });
  return {
    address,
    close: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }),
  };
}

async function answer(routes: Readonly<Record<string, (response: ServerResponse) => Promise<void>>>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?')[0]!;
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return json(response, 404, { error: `no such page; there are ${Object.keys(routes).join(', ')}` });
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(response, 405, { error: 'only GET' }, { allow: 'GET, HEAD' });
  try {
    await route(response);
  } catch (error) {
    if (!response.headersSent) json(response, 500, { error: error instanceof Error ? error.message : String(error) });
    else response.destroy();
  }
}

/** A check that hangs or throws is a component that is not ready, never a request that hangs. */
async function bounded(check: () => Promise<ComponentHealth> | ComponentHealth): Promise<ComponentHealth> {
  let limit: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([Promise.resolve().then(check), new Promise<ComponentHealth>((resolve) => { limit = setTimeout(() => resolve({ ok: false, detail: `no answer within ${checkWithinMs / 1000} s` }), checkWithinMs); })]);
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(limit);
  }
}

function json(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers }).end(`${JSON.stringify(body)}\n`);
}
