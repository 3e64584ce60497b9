// A small service on 127.0.0.1 that keeps settings, as teams write them in house: read and replaced over HTTP, guarded by ETag or by a version
// in the document, with a second address that shows what users get. It can be told to misbehave, and remembers what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked { readonly method: string; readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: unknown }
/** What happens to a request instead of, or around, what usually does; `go` is what usually does. */
export type Trouble = (request: Asked, response: ServerResponse, go: () => void) => void;
interface Setting { value: number | string; version: number; readonly note: string }

export interface SettingService {
  readonly origin: string;
  readonly asked: Asked[];
  /** every effect, by whomever, in order */
  readonly effects: { readonly name: string; readonly value: unknown; readonly key: string | null }[];
  setting(name: string): Setting;
  /** somebody else changes it */
  change(name: string, value: number | string): void;
  /** strikes the next requests of this kind, `times` of them (default: all) */
  trouble(method: 'GET' | 'PUT' | 'any', trouble: Trouble, times?: number): void;
  /** what users get, whatever is set; null: what is set */
  shown: number | string | null;
  close(): Promise<void>;
}

export async function startSettingService(): Promise<SettingService> {
  const settings = new Map<string, Setting>([['share', { value: 10, version: 1, note: 'of the shop team' }], ['other', { value: 3, version: 7, note: 'not ours' }]]);
  const troubles: { method: string; trouble: Trouble; left: number }[] = [];
  const answered = new Map<string, { status: number; body: unknown }>();
  const set = (name: string, value: number | string, key: string | null): void => { const one = settings.get(name)!; one.value = value; one.version += 1; service.effects.push({ name, value, key }); };

  function usual(asked: Asked, response: ServerResponse): void {
    const json = (status: number, body: unknown, headers: Record<string, string> = {}): void => { response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body)); };
    const [, kind, name] = asked.path.split('?')[0]!.split('/');
    const setting = settings.get(name ?? '');
    if (setting === undefined) return json(404, { message: 'no such setting' });
    if (kind === 'users') return json(200, { gets: service.shown ?? setting.value });
    const document = { setting: { ...setting } };
    if (asked.method === 'GET') return json(200, document, { etag: `"v${setting.version}"` });
    const key = asked.headers['idempotency-key'] as string | undefined ?? null;
    const before = key === null ? undefined : answered.get(key);
    if (before !== undefined) return json(before.status, before.body);
    const ifMatch = asked.headers['if-match'];
    if (ifMatch !== undefined && ifMatch !== `"v${setting.version}"`) return json(412, { message: 'the setting has another ETag by now' });
    const { value, version } = asked.body as { value: number | string; version?: number };
    if (version !== undefined && version !== setting.version) return json(409, { message: `the setting is at version ${setting.version}` });
    set(name!, value, key);
    const answer = { status: 200, body: { setting: { ...setting } } };
    if (key !== null) answered.set(key, answer);
    json(answer.status, answer.body);
  }

  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => {
      const asked: Asked = { method: request.method ?? '', path: request.url ?? '/', headers: request.headers, body: text === '' ? null : JSON.parse(text) };
      service.asked.push(asked);
      const strikes = troubles.find((one) => one.left > 0 && (one.method === 'any' || one.method === asked.method));
      if (strikes === undefined) { usual(asked, response); return; }
      strikes.left -= 1;
      strikes.trouble(asked, response, () => usual(asked, response));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const service: SettingService = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: [], effects: [], shown: null,
    setting: (name) => settings.get(name)!, change: (name, value) => set(name, value, null),
    trouble: (method, trouble, times = Infinity) => { troubles.push({ method, trouble, left: times }); },
    close: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }),
  };
  return service;
}

export const says = (status: number, body: string | object, headers: Record<string, string> = {}): Trouble => (_asked, response) => {
  response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body));
};
