// A forward proxy as companies have it, on 127.0.0.1: absolute-form requests and CONNECT tunnels, with credentials if wanted. Every name leads to
// the one server behind it, so that tests can ask for names that only the proxy knows.
import { createServer, request as forward, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ProxyServer { readonly url: string; readonly port: number; /** `GET http://…` or `CONNECT host:port`, in the order they came */ readonly asked: string[]; /** the Proxy-Authorization of each */ readonly credentials: (string | undefined)[]; close(): Promise<void> }

/** @param refuses answers this status instead of passing anything on */
export async function startProxy(behindPort: number, { wants, refuses }: { readonly wants?: string; readonly refuses?: number } = {}): Promise<ProxyServer> {
  const asked: string[] = [];
  const credentials: (string | undefined)[] = [];
  const sockets = new Set<Duplex>();
  const refusal = (request: IncomingMessage): number | null => {
    asked.push(`${request.method} ${request.url}`);
    credentials.push(request.headers['proxy-authorization']);
    return refuses ?? (wants !== undefined && request.headers['proxy-authorization'] !== wants ? 407 : null);
  };
  const server = createServer((request, response) => {
    const status = refusal(request);
    if (status !== null) { response.writeHead(status).end(); return; }
    const { pathname, search, host } = new URL(request.url!);
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const onward = forward({ host: '127.0.0.1', port: behindPort, method: request.method, path: `${pathname}${search}`, headers: { ...headers, host } }, (answer) => { response.writeHead(answer.statusCode!, answer.headers); answer.pipe(response); });
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    sockets.add(socket.on('error', () => undefined));
    const status = refusal(request);
    if (status !== null) { socket.end(`HTTP/1.1 ${status} No\r\n\r\n`); return; }
    const onward: Socket = connect(behindPort, '127.0.0.1', () => { socket.write('HTTP/1.1 200 Connection established\r\n\r\n'); onward.pipe(socket); socket.pipe(onward); });
    sockets.add(onward.on('error', () => socket.destroy()));
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, asked, credentials, close: async () => { for (const socket of sockets) socket.destroy(); await new Promise((resolve) => server.close(resolve)); } };
}
