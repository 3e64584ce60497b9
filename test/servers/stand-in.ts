// A local server that stands in for a paid service: what the service does is given, what may go wrong on the way to it is here. A fault is used up
// by one request. Used by slack.ts, pagerduty.ts, statuspage.ts beside it.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked { readonly at: number; readonly method: string; readonly path: string; readonly query: URLSearchParams; readonly headers: IncomingMessage['headers']; readonly body: string }
export interface Reply { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body: unknown }
/** 'before': nothing happened at the service; 'after': it did, and nobody was told */
export type Fault = 'hang before' | 'hang after' | 'reset before' | 'reset after' | 'truncated after' | 'html' | 'html 502' | Reply;

export interface StandIn {
  readonly origin: string;
  readonly asked: Asked[];
  /** what the next requests meet, in order, before everything is well again; null: nothing */
  readonly faults: (Fault | null)[];
  /** until it is lifted, every request meets this */
  always(fault: Fault | null): void;
  close(): Promise<void>;
}

export async function startStandIn(serve: (asked: Asked) => Reply): Promise<StandIn> {
  const asked: Asked[] = [];
  const faults: (Fault | null)[] = [];
  let standing: Fault | null = null;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const url = new URL(request.url ?? '/', 'http://stand-in');
      const one: Asked = { at: performance.now(), method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body: Buffer.concat(chunks).toString() };
      asked.push(one);
      const reply = ({ status, headers, body }: Reply): void => { response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body)); };
      const fault = faults.length > 0 ? (faults.shift() as Fault | null) : standing;
      if (fault === null) { reply(serve(one)); return; }
      if (typeof fault === 'object') { reply(fault); return; }
      if (fault === 'html' || fault === 'html 502') { reply({ status: fault === 'html' ? 200 : 502, headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Sign in</title>' }); return; }
      if (fault === 'hang before') return;
      if (fault === 'reset before') { request.socket.resetAndDestroy(); return; }
      const done = serve(one);
      if (fault === 'hang after') return;
      if (fault === 'reset after') { request.socket.resetAndDestroy(); return; }
      const text = JSON.stringify(done.body);
      response.writeHead(done.status, { 'content-type': 'application/json' }).end(text.slice(0, Math.floor(text.length / 2)));
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, faults,
    always: (fault) => { standing = fault; },
    close: async () => { server.closeAllConnections(); if (server.listening) await new Promise((resolve) => { server.close(resolve); }); },
  };
}
