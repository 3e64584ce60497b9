// A signed webhook is checked by the very recipe that docs/providers/webhook.md gives to receivers.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWebhook } from '../../src/channels/webhook.js';
import { createHttpClient } from '../../src/http/client.js';
import { message } from './conformance.js';

type Recipe = (header: string | undefined, rawBody: string | Buffer, secret: string, nowSeconds?: number) => boolean;
let isFromTidegate: Recipe;
beforeAll(async () => {
  const page = readFileSync(new URL('../../docs/providers/webhook.md', import.meta.url), 'utf8');
  const source = /```js\n(.*?)```/s.exec(page)![1]!;
  isFromTidegate = ((await import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(source).toString('base64')}`)) as { isFromTidegate: Recipe }).isFromTidegate;
});

const SECRET = 'a shared secret of some length';
const AT = Date.UTC(2026, 10, 21, 9, 15, 0, 700);
let server: Server;
let status: number;
let received: { signature: string | undefined; body: Buffer }[];
beforeEach(async () => {
  received = [];
  status = 204;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => { received.push({ signature: request.headers['tidegate-signature'] as string | undefined, body: Buffer.concat(chunks) }); response.writeHead(status).end(); });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
});
afterEach(async () => { server.closeAllConnections(); await new Promise((resolve) => { server.close(resolve); }); });

const send = async (secret: string | undefined, at = AT): Promise<unknown> => createWebhook({ http: createHttpClient(), now: () => at })
  .send({ provider: 'webhook', settings: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, ...(secret === undefined ? {} : { secret }) } }, message({ body: 'Größe ✓ "quoted"' }), new AbortController().signal);

describe('a webhook with a secret', () => {
  it('is signed so that the recipe of its page accepts it', async () => {
    await send(SECRET);
    const [{ signature, body }] = received as [(typeof received)[number]];
    expect(signature).toMatch(new RegExp(`^t=${Math.floor(AT / 1_000)},v1=[0-9a-f]{64}$`));
    expect(isFromTidegate(signature, body, SECRET, AT / 1_000)).toBe(true);
    expect(isFromTidegate(signature, body, SECRET, AT / 1_000 + 299)).toBe(true);
  });

  it('is refused by the recipe when body, secret or time are not those that were signed', async () => {
    await send(SECRET);
    const [{ signature, body }] = received as [(typeof received)[number]];
    const now = AT / 1_000;
    expect(isFromTidegate(signature, body.toString().replace('critical', 'info'), SECRET, now)).toBe(false);
    expect(isFromTidegate(signature, body, `${SECRET}!`, now)).toBe(false);
    expect(isFromTidegate(signature!.replace(/^t=\d+/, `t=${Math.floor(now) + 60}`), body, SECRET, now + 60)).toBe(false);
    for (const header of [undefined, '', 'v1=00', `${signature},v1=00`]) expect(isFromTidegate(header, body, SECRET, now)).toBe(false);
  });

  it('that somebody kept and sends again later is refused', async () => {
    await send(SECRET);
    const [{ signature, body }] = received as [(typeof received)[number]];
    expect(isFromTidegate(signature, body, SECRET, AT / 1_000 + 302)).toBe(false);
  });

  it('is signed anew when it is repeated, with the same body', async () => {
    await send(SECRET);
    await send(SECRET, AT + 3_600_000);
    const [first, second] = received as [(typeof received)[number], (typeof received)[number]];
    expect(second.body.equals(first.body)).toBe(true);
    expect(second.signature).not.toBe(first.signature);
    expect(isFromTidegate(second.signature, second.body, SECRET, AT / 1_000 + 3_600)).toBe(true);
  });

  it('never shows the secret, and takes none that can be guessed', async () => {
    status = 403;
    const error = await send(SECRET).then(() => expect.unreachable('it succeeded'), (failure: unknown) => failure);
    expect(JSON.stringify([String(error), error, (error as Error).stack])).not.toContain(SECRET);
    const short = await send('short').then(() => expect.unreachable('it succeeded'), (failure: unknown) => failure);
    expect(String(short)).toContain('at least 16 characters');
    expect(received).toHaveLength(1);
    const { check } = createWebhook({ http: createHttpClient(), now: () => AT });
    expect(check({ provider: 'webhook', settings: { url: 'http://x', secret: '${env:HOOK_SECRET}' } })).toEqual([]);
  });

  it('and one without is sent as before', async () => {
    await send(undefined);
    expect(received[0]?.signature).toBeUndefined();
  });
});
