// Binds an HTTP server of the worker, or says which setting moves it elsewhere. Used by health.ts and by src/inbound/listener.ts.
import type { Server } from 'node:http';
import { FinalError } from '../errors.js';

export interface Place { readonly host: string; /** 0: any free one */ readonly port: number }

/** @returns http://HOST:PORT. @throws FinalError PORT_TAKEN with the caller's words on what it means and what to do */
export async function listen(server: Server, { host, port }: Place, words: { readonly means: string; readonly todo: string }): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new FinalError({
      code: 'PORT_TAKEN', where: `http://${host}:${port}`, what: error.code === 'EADDRINUSE' ? 'another program listens there.' : `cannot listen there (${error.message}).`, ...words, cause: error,
    })));
    server.listen(port, host, resolve);
  });
  const bound = server.address();
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound !== null && typeof bound === 'object' ? bound.port : port}`;
}
