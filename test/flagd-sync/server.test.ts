// What the sync source promises whoever subscribes: the right file, only whole states, the newest one, and an end that is understood.
// With a real provider: provider.test.ts. Started by a worker: worker.test.ts.
import { appendFileSync, renameSync } from 'node:fs';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ClientReadableStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchFlagFile } from '../../src/flagd-sync/flag-file.js';
import { flagSyncService, type Flags, type SyncRequest } from '../../src/flagd-sync/protocol.js';
import { flagsAt, syncWorld, type SyncWorld } from './world.js';

let world: SyncWorld;
const clients: Client[] = [];
beforeEach(async () => { world = await syncWorld(); });
afterEach(async () => { for (const client of clients.splice(0)) client.close(); await world.end(); });
const soon = { timeout: 30_000, interval: 5 };

function clientOf(port: number): Client {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  clients.push(client);
  return client;
}
function subscribe(port: number, request: Partial<SyncRequest> = {}, header?: string): { readonly stream: ClientReadableStream<Flags>; readonly received: string[]; readonly ended: Promise<unknown> } {
  const { path, requestSerialize, responseDeserialize } = flagSyncService.SyncFlags;
  const metadata = new Metadata();
  if (header !== undefined) metadata.set('flagd-selector', header);
  const stream = clientOf(port).makeServerStreamRequest<SyncRequest, Flags>(path, requestSerialize, responseDeserialize, { providerId: '', selector: '', ...request }, metadata);
  const received: string[] = [];
  const ended = new Promise((resolve) => { stream.on('error', resolve).on('end', () => resolve('ended without an error')); });
  stream.on('data', ({ flagConfiguration }: Flags) => received.push(flagConfiguration));
  return { stream, received, ended };
}
const fetchAll = (port: number, request: Partial<SyncRequest> = {}): Promise<string> => new Promise((resolve, reject) => {
  const { path, requestSerialize, responseDeserialize } = flagSyncService.FetchAllFlags;
  clientOf(port).makeUnaryRequest<SyncRequest, Flags>(path, requestSerialize, responseDeserialize, { providerId: '', selector: '', ...request }, (error, answer) => { if (error === null) resolve(answer!.flagConfiguration); else reject(error); });
});
const greetingIn = (json: string | undefined): unknown => (json === undefined ? null : (JSON.parse(json) as { flags: { greeting: { variants: unknown } } }).flags.greeting.variants);
const greeting = (text: string): string => JSON.stringify({ flags: { greeting: { state: 'ENABLED', variants: { a: text }, defaultVariant: 'a' } } });

describe('a subscriber', () => {
  it('gets plain JSON, without the comments of the file, and once for each state', async () => {
    const { port } = await world.serve();
    const { received } = subscribe(port);
    await vi.waitUntil(() => received.length === 1, soon);
    expect(Object.keys((JSON.parse(received[0]!) as { flags: object }).flags)).toEqual(['checkout', 'receipts', 'greeting']);
    await writeFile(`${world.file}.new`, `${flagsAt(10)}\n// only a comment\n`);
    await rename(`${world.file}.new`, world.file);
    await world.move('checkout', 10, 25);
    await vi.waitUntil(() => received.length === 2, soon);
    expect(received[1]).toContain('["on",25],["off",75]');
  });

  it('chooses by header, by selector, by its name, and gets the only file or the one without a selector when it names none', async () => {
    const files: Record<string, string> = {};
    for (const name of ['one', 'two', '']) { files[name] = join(world.dir, `${name}.json`); await writeFile(files[name], greeting(name || 'default')); }
    const { port } = await world.serve({ files });
    expect(greetingIn(await fetchAll(port, { selector: 'one' }))).toEqual({ a: 'one' });
    expect(greetingIn(await fetchAll(port, { providerId: 'two' }))).toEqual({ a: 'two' });
    expect(greetingIn(await fetchAll(port, { selector: 'one', providerId: 'two' }))).toEqual({ a: 'one' });
    expect(greetingIn(await fetchAll(port, { providerId: 'weather-sidecar' }))).toEqual({ a: 'default' });
    expect(greetingIn(await fetchAll(port))).toEqual({ a: 'default' });
    const byHeader = subscribe(port, { selector: 'one' }, 'two');
    await vi.waitUntil(() => byHeader.received.length > 0, soon);
    expect(greetingIn(byHeader.received[0])).toEqual({ a: 'two' });
    await expect(fetchAll(port, { selector: 'three' })).rejects.toMatchObject({ code: 5, details: expect.stringContaining("'one', 'two'") });

    const single = await world.serve({ files: { shop: files['one']! } });
    expect(greetingIn(await fetchAll(single.port))).toEqual({ a: 'one' });
    const several = await world.serve({ files: { one: files['one']!, two: files['two']! } });
    await expect(fetchAll(several.port)).rejects.toMatchObject({ code: 5 });
  });

  it('that does not keep up gets the newest state when it does, and holds up nobody', async () => {
    const padded = (n: number): string => JSON.stringify({ pad: 'x'.repeat(200_000), ...(JSON.parse(greeting(String(n))) as object) });
    const { port } = await world.serve();
    const slow = subscribe(port);
    const quick = subscribe(port);
    await vi.waitUntil(() => slow.received.length === 1 && quick.received.length === 1, soon);
    slow.stream.pause();
    const last = 60;
    for (let n = 1; n <= last; n++) {
      await writeFile(`${world.file}.new`, padded(n));
      renameSync(`${world.file}.new`, world.file);
      await vi.waitUntil(() => quick.received.at(-1)?.includes(`"a":"${n}"`), soon);
    }
    slow.stream.resume();
    await vi.waitUntil(() => slow.received.at(-1)?.includes(`"a":"${last}"`), soon);
    expect(slow.received.length).toBeLessThan(last);
  });

  it('is told of the end by an error, which makes a provider come back, never by a quiet end', async () => {
    const server = await world.serve();
    const { received, ended } = subscribe(server.port);
    await vi.waitUntil(() => received.length === 1, soon);
    await server.close();
    expect(await ended).toMatchObject({ code: 14, details: 'this server is stopping' });
  });
});

describe('a file', () => {
  const watched = async (path: string, settleMs: number, pollMs = 1_000): Promise<{ readonly good: string[]; readonly close: () => void }> => {
    const good: string[] = [];
    const file = await watchFlagFile({ path, settleMs, pollMs, onGood: (json) => good.push(json), onBroken: () => undefined });
    return { good, close: file.close };
  };

  it('that is written in place is not pushed before it is left alone, though each part of it could be read', async () => {
    const path = join(world.dir, 'slow.yaml');
    await writeFile(path, 'flags:\n  f0: { state: ENABLED, variants: { a: 1 }, defaultVariant: a }\n');
    const { good, close } = await watched(path, 1_000);
    for (let n = 1; n <= 15; n++) {
      appendFileSync(path, `  f${n}: { state: ENABLED, variants: { a: 1 }, defaultVariant: a }\n`);
      await new Promise((later) => setTimeout(later, 20));
    }
    await vi.waitUntil(() => good.length === 2, soon);
    close();
    expect(good.map((json) => Object.keys((JSON.parse(json) as { flags: object }).flags).length)).toEqual([1, 16]);
  });

  it('that is replaced, or written in place, is seen at once by the notice of the system, not only by looking every second', async () => {
    const { good, close } = await watched(world.file, 50, 3_600_000);
    await world.move('checkout', 10, 25);
    await vi.waitUntil(() => good.length === 2, soon);
    await writeFile(world.file, flagsAt(50));
    await vi.waitUntil(() => good.length === 3, soon);
    close();
  });

  it('behind symbolic links that are exchanged, as a ConfigMap is, is seen', async () => {
    for (const [name, text] of [['v1', 'first'], ['v2', 'second']] as const) { await mkdir(join(world.dir, name)); await writeFile(join(world.dir, name, 'flags.json'), greeting(text)); }
    await symlink('v1', join(world.dir, '..data'));
    await symlink(join('..data', 'flags.json'), join(world.dir, 'mounted.json'));
    const { good, close } = await watched(join(world.dir, 'mounted.json'), 50);
    await symlink('v2', join(world.dir, '..new'));
    await rename(join(world.dir, '..new'), join(world.dir, '..data'));
    await vi.waitUntil(() => good.length === 2, soon);
    close();
    expect(good.map(greetingIn)).toEqual([{ a: 'first' }, { a: 'second' }]);
  });

  it('that is repaired to what it was is good again, and says so', async () => {
    const { port } = await world.serve();
    const { received } = subscribe(port);
    await vi.waitUntil(() => received.length === 1, soon);
    await writeFile(world.file, 'broken');
    await vi.waitUntil(() => world.counted.includes('broken '), soon);
    await expect(fetchAll(port)).resolves.toBe(received[0]);
    await writeFile(world.file, flagsAt(10));
    await vi.waitUntil(() => world.counted.filter((one) => one === 'good ').length === 2, soon);
    expect(received.at(-1)).toBe(received[0]);
  });
});

it('an address that is taken is said before anything is served', async () => {
  const { port } = await world.serve();
  await expect(world.serve({ port })).rejects.toMatchObject({ code: 'PORT_TAKEN', transient: false, message: expect.stringContaining('TIDEGATE_FLAGD_SYNC_ADDRESS') });
});
