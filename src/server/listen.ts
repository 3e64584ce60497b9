// Where a server of the worker listens, and how an HTTP one is bound, or says which setting moves it elsewhere. Used by health.ts and by
// src/inbound/listener.ts; places also by the settings.
import type { Server } from 'node:http';
import { FinalError } from '../errors.js';

export interface Place { readonly host: string; /** 0: any free one */ readonly port: number }

/** HOST:PORT, [HOST]:PORT or, where `host` stands for one that is left out, PORT alone; null: it is none of these. */
export function placeIn(text: string, host: string | null = null): Place | null {
  const match = /^(?:(\[[^\]]+\]|[^\s:/]+):)?(\d{1,5})$/.exec(text);
  const named = match?.[1]?.replace(/^\[(.*)\]$/, '$1') ?? host;
  const port = Number(match?.[2]);
  return match === null || named === null || port > 65_535 ? null : { host: named, port };
}

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
