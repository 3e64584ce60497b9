// The world outside of Tidegate, for tests with real processes: one local HTTP server that answers as a metrics endpoint and takes
// messages as a webhook, each rollout under a path of its own. The processes themselves: world.ts.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Message } from '../../src/channels/port.js';

export interface Place {
  readonly url: string;
  /** what is measured now; changed at will */
  readonly metrics: { error_rate: number | null; new_requests: number };
  /** how long an answer takes */
  answersAfterMs: number;
  /** instants at which it was measured */
  readonly looks: number[];
  /** every delivery in order, repetitions too */
  readonly delivered: Message[];
  /** hears each delivery */
  heard: ((message: Message) => void) | null;
}

export class Outside {
  private readonly places = new Map<string, Place>();
  private constructor(private readonly server: Server, private readonly base: string) {}

  static async open(): Promise<Outside> {
    const server = createServer((request, response) => {
      const [, name, what] = (request.url ?? '').split('/');
      const place = outside.places.get(name ?? '');
      if (place === undefined) { response.writeHead(404).end(); return; }
      if (what === 'metrics') {
        place.looks.push(Date.now());
        setTimeout(() => { response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(place.metrics)); }, place.answersAfterMs);
        return;
      }
      let body = '';
      request.on('data', (chunk: Buffer) => { body += chunk.toString(); }).on('end', () => {
        const message = JSON.parse(body) as Message;
        place.delivered.push(message);
        response.writeHead(204).end();
        place.heard?.(message);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const outside = new Outside(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return outside;
  }

  place(name: string): Place {
    const found = this.places.get(name) ?? { url: `${this.base}/${name}`, metrics: { error_rate: 1, new_requests: 7 }, answersAfterMs: 0, looks: [], delivered: [], heard: null };
    this.places.set(name, found);
    return found;
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(() => resolve()); });
  }
}
