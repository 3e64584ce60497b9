// A server on 127.0.0.1 that misbehaves in every way that the sources must survive, one path for each. It counts what it was asked.
// Used by the tests of src/http and src/sources; closing it breaks whatever still hangs.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface Asked { readonly method: string; readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: string }
export interface FaultServer {
  readonly origin: string;
  readonly asked: Asked[];
  /** bytes that were taken off us by clients that did not stop reading */
  sentBytes(): number;
  /** answers this path (below any prefix) with this from now on */
  serve(path: string, reply: Reply): void;
  close(): Promise<void>;
}
export type Reply = { readonly status?: number; readonly type?: string; readonly body: string; readonly headers?: Record<string, string> } | ((request: IncomingMessage, response: ServerResponse, body: string) => void);

/** The first step of the path chooses the fault, so that `/hang/api/v1/query` hangs as `/hang` does. */
export const FAULTS = ['html', 'html-502', 'hang', 'drip', 'loop', 'huge', 'bomb', 'truncated', 'cut', 'reset', 'empty', 'wrong-type', 'redirect-away', '401', '403', '404', '429', '500', '503'] as const;
export type Fault = (typeof FAULTS)[number];

export async function startFaultServer(): Promise<FaultServer> {
  const asked: Asked[] = [];
  const served = new Map<string, Reply>();
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { body += chunk; }).on('end', () => {
      const path = request.url ?? '/';
      asked.push({ method: request.method ?? '', path, headers: request.headers, body });
      const own = served.get(path.split('?')[0]!);
      if (own !== undefined) { reply(own, request, response, body); return; }
      misbehave(path.split('/')[1]!.split('?')[0]! as Fault, request, response, timers);
    });
  });
  server.on('connection', (socket) => { sockets.add(socket); socket.on('close', () => sockets.delete(socket)); });
  let closedBytes = 0;
  server.on('connection', (socket) => socket.on('close', () => { closedBytes += socket.bytesWritten; }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    sentBytes: () => closedBytes + [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0),
    serve: (path, what) => { served.set(path, what); },
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function reply(what: Reply, request: IncomingMessage, response: ServerResponse, body: string): void {
  if (typeof what === 'function') { what(request, response, body); return; }
  response.writeHead(what.status ?? 200, { 'content-type': what.type ?? 'application/json', ...what.headers }).end(what.body);
}

function misbehave(fault: Fault, request: IncomingMessage, response: ServerResponse, timers: Set<NodeJS.Timeout>): void {
  switch (fault) {
    case 'html': response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>'); return;
    case 'html-502': response.writeHead(502, { 'content-type': 'text/html' }).end('<html><h1>Bad gateway</h1></html>'); return;
    case 'hang': return;
    case 'drip': {
      response.writeHead(200, { 'content-type': 'application/json' });
      timers.add(setInterval(() => response.write(' '), 20));
      return;
    }
    case 'loop': response.writeHead(302, { location: `/loop/${Math.random()}` }).end(); return;
    case 'huge': {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(256 * 1024, 'x');
      let left = 200; // 50 MiB
      const more = (): void => { while (left > 0) { left -= 1; if (!response.write(chunk)) { response.once('drain', more); return; } } response.end(); };
      more();
      return;
    }
    case 'bomb': response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50 * 1024 * 1024, 'x'))); return;
    case 'truncated': response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"va'); return;
    case 'cut': response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }); response.write('{"value": 1'); setImmediate(() => request.socket.destroy()); return;
    case 'reset': request.socket.resetAndDestroy(); return;
    case 'empty': response.writeHead(200, { 'content-type': 'application/json' }).end(); return;
    case 'wrong-type': response.writeHead(200, { 'content-type': 'image/png' }).end('\u0089PNG'); return;
    case 'redirect-away': response.writeHead(302, { location: 'ftp://127.0.0.1/' }).end(); return;
    default: response.writeHead(Number(fault) || 404, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'error', errorType: 'unavailable', error: `said ${fault}` }));
  }
}

/** An address of this machine where nothing listens. */
export async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
