// A proxy on 127.0.0.1 in front of a real or stand-in service that misbehaves on order: before the request gets there, or after it has taken effect.
// For what no service does when asked: silence, half an answer, somebody else's web page, 429. It records what it was asked.
import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Seen { readonly method: string; readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }

export type Trouble =
  /** an answer of somebody else's; `after`: the service has acted on it first */
  | { readonly kind: 'answer'; readonly status: number; readonly body: string; readonly type?: string; readonly headers?: Readonly<Record<string, string>>; readonly after?: boolean }
  /** no answer as long as the proxy lives */
  | { readonly kind: 'hang'; readonly after?: boolean }
  /** the connection breaks */
  | { readonly kind: 'reset'; readonly after?: boolean };

export interface FaultProxy {
  readonly origin: string;
  readonly seen: Seen[];
  /** the next `times` requests that `matches` takes meet this; default: all from now on */
  order(matches: (request: Seen) => boolean, trouble: Trouble, times?: number): void;
  /** settles when trouble has struck this often */
  struck(times?: number): Promise<void>;
  /** stands in for a part of the service that it does not have; null: the service answers */
  answerBy(part: (request: Seen) => { readonly status: number; readonly body: unknown } | null): void;
  /** every request carries this token instead of its own */
  useToken(token: string): void;
  /** nothing listens any more */
  close(): Promise<void>;
}

export const HTML_502: Trouble = { kind: 'answer', status: 502, type: 'text/html', body: '<html><h1>Bad gateway</h1></html>' };

export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const seen: Seen[] = [];
  const orders: { matches: (request: Seen) => boolean; trouble: Trouble; left: number }[] = [];
  const waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();
  let strikes = 0;
  let token: string | null = null;
  let part: (request: Seen) => { readonly status: number; readonly body: unknown } | null = () => null;

  const server = createServer((request, response) => {
    void received(request).then(async (body) => {
      const one: Seen = { method: request.method ?? '', path: request.url ?? '/', headers: request.headers, body };
      seen.push(one);
      const order = orders.find(({ matches, left }) => left > 0 && matches(one));
      if (order === undefined) { await answer(one, response); return; }
      order.left--;
      const { trouble } = order;
      if (trouble.after === true) await answer(one, null);
      strikes++;
      for (const wake of waiting.splice(0)) wake();
      if (trouble.kind === 'reset') request.socket.resetAndDestroy();
      else if (trouble.kind === 'answer') response.writeHead(trouble.status, { 'content-type': trouble.type ?? 'application/json', ...trouble.headers }).end(trouble.body);
    }).catch((error: unknown) => { response.destroy(error as Error); });
  });
  server.on('connection', (socket) => { sockets.add(socket); socket.on('close', () => sockets.delete(socket)).on('error', () => undefined); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });

  /** null: the effect without the answer */
  async function answer(one: Seen, response: ServerResponse | null): Promise<void> {
    const own = part(one);
    if (own !== null) { response?.writeHead(own.status, { 'content-type': 'application/json' }).end(own.body === null ? '' : JSON.stringify(own.body)); return; }
    await new Promise<void>((resolve, reject) => {
      const headers = { ...one.headers, host: new URL(upstream).host, ...(token === null ? {} : { authorization: token }) };
      const onward = httpRequest(new URL(one.path, upstream), { method: one.method, headers, agent: false }, (answered) => {
        if (response === null) { answered.resume().on('end', resolve); return; }
        response.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(response).on('finish', resolve).on('close', resolve);
      });
      onward.on('error', reject).end(one.body);
    });
  }

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    order: (matches, trouble, times = Number.POSITIVE_INFINITY) => { orders.push({ matches, trouble, left: times }); },
    struck: async (times = 1) => { while (strikes < times) await new Promise<void>((resolve) => { waiting.push(resolve); }); },
    answerBy: (stand) => { part = stand; },
    useToken: (other) => { token = other; },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
}

function received(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { body += chunk; }).on('end', () => resolve(body)).on('error', reject);
  });
}
