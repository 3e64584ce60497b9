// The sync source as an application meets it: through OpenFeature's own provider for flagd, in process, which knows nothing of Tidegate.
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature, type Client } from '@openfeature/server-sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { flagsAt, syncWorld, type SyncWorld } from './world.js';

let world: SyncWorld;
let domains = 0;
beforeEach(async () => { world = await syncWorld(); });
afterEach(async () => { await OpenFeature.clearProviders(); await world.end(); });

/** An application that has started; reconnecting is asked for sooner than its usual five seconds. */
async function application(port: number, more: object = {}): Promise<Client> {
  const domain = `application-${++domains}`;
  await OpenFeature.setProviderAndWait(domain, new FlagdProvider({ resolverType: 'in-process', host: '127.0.0.1', port, deadlineMs: 5_000, retryBackoffMs: 500, retryBackoffMaxMs: 500, ...more }));
  return OpenFeature.getClient(domain);
}
/** The users of 10,000 that get the flag. */
async function usersOf(client: Client, flag = 'checkout', users = 10_000): Promise<Set<string>> {
  const found = new Set<string>();
  for (let i = 0; i < users; i++) if (await client.getBooleanValue(flag, false, { targetingKey: `user-${i}`, userId: `user-${i}` })) found.add(`user-${i}`);
  return found;
}
const isEverybody = async (client: Client, flag = 'checkout'): Promise<boolean> => (await usersOf(client, flag, 50)).size === 50;
const soon = { timeout: 30_000, interval: 5 };

describe('a live provider', () => {
  it('sees a move, without being restarted', async () => {
    const { port } = await world.serve();
    const client = await application(port);
    expect(await isEverybody(client)).toBe(false);
    const movedAt = performance.now();
    await world.move('checkout', 10, 100);
    const writtenAt = performance.now();
    await vi.waitUntil(() => isEverybody(client), soon);
    console.info(`a live provider saw the move ${(performance.now() - writtenAt).toFixed(0)} ms after it was written (${(performance.now() - movedAt).toFixed(0)} ms after it began)`);
    expect(await isEverybody(client, 'receipts')).toBe(false);
  });

  it('loses nobody while 10,000 users grow from 10 to 25, 50.5 and 100 %, and goes back to the same users', async () => {
    const { port } = await world.serve();
    const client = await application(port);
    const atTen = await usersOf(client);
    let before = atTen;
    for (const [from, to] of [[10, 25], [25, 50.5], [50.5, 100]] as const) {
      await world.move('checkout', from, to);
      await vi.waitUntil(async () => (await usersOf(client, 'checkout', 2_000)).size > [...before].filter((user) => Number(user.slice(5)) < 2_000).length, soon);
      const now = await usersOf(client);
      expect([...before].filter((user) => !now.has(user))).toEqual([]);
      expect(Math.abs(now.size - to * 100)).toBeLessThanOrEqual(250);
      before = now;
    }
    expect(before.size).toBe(10_000);
    await world.move('checkout', 100, 10);
    await vi.waitUntil(async () => !(await isEverybody(client)), soon);
    expect(await usersOf(client)).toEqual(atTen);
  });

  it('gives two aligned flags to the same users', async () => {
    const { port } = await world.serve();
    const client = await application(port);
    await world.move('checkout', 10, 25);
    await world.move('receipts', 10, 25);
    await vi.waitUntil(async () => (await usersOf(client, 'checkout', 2_000)).size > 300 && (await usersOf(client, 'receipts', 2_000)).size > 300, soon);
    const checkout = await usersOf(client);
    expect(checkout.size).toBeGreaterThan(2_000);
    expect(await usersOf(client, 'receipts')).toEqual(checkout);
  });

  it('keeps the last good state while the file is broken, half written or gone, and sees the repair', async () => {
    const { port } = await world.serve();
    const client = await application(port);
    await world.move('checkout', 10, 100);
    await vi.waitUntil(() => isEverybody(client), soon);
    const good = flagsAt(100);
    for (const bad of [good.slice(0, good.length / 2), '', '{}', '{"flags": [1]}', '{"flags": {"checkout": null}}', '<html>']) {
      const told = world.counted.filter((one) => one === 'broken ').length;
      await writeFile(world.file, bad);
      await vi.waitUntil(() => world.counted.filter((one) => one === 'broken ').length > told, soon);
      expect(await isEverybody(client), bad).toBe(true);
      expect(await client.getStringValue('greeting', 'none', {}), bad).toBe('hello');
    }
    expect(world.said.join('\n')).toContain('keep the last good state');
    await rename(world.file, `${world.file}.gone`);
    await vi.waitUntil(() => world.said.some((line) => line.includes('there is no such file')), soon);
    expect(await isEverybody(client)).toBe(true);
    await writeFile(world.file, flagsAt(0));
    await vi.waitUntil(async () => !(await isEverybody(client)), soon);
    expect((await usersOf(client, 'checkout', 2_000)).size).toBe(0);
  });

  it('survives a restart of the server with what it has, and then sees what it missed', async () => {
    const first = await world.serve();
    const client = await application(first.port);
    const before = await usersOf(client, 'checkout', 2_000);
    await first.close();
    await world.move('checkout', 10, 100);
    expect(await usersOf(client, 'checkout', 2_000)).toEqual(before);
    await world.serve({ port: first.port });
    await vi.waitUntil(() => isEverybody(client), soon);
    await world.move('checkout', 100, 0);
    await vi.waitUntil(async () => (await usersOf(client, 'checkout', 2_000)).size === 0, soon);
  });

  it('that starts before there is a flag file waits for it', async () => {
    const file = join(world.dir, 'later.json');
    const { port } = await world.serve({ files: { '': file } });
    const starting = application(port);
    await vi.waitUntil(() => world.counted.includes('subscribers  1'), soon);
    await copyFile(world.file, file);
    expect(await (await starting).getStringValue('greeting', 'none', {})).toBe('hello');
  });

  it('gets the file of its selector, and an unknown selector is refused', async () => {
    const other = join(world.dir, 'other.yaml');
    await writeFile(other, '# YAML, with a comment\nflags:\n  greeting: { state: ENABLED, variants: { a: "hello from YAML" }, defaultVariant: a }\n');
    const { port } = await world.serve({ files: { '': world.file, 'flagSetId=other': other } });
    const greeting = async (more: object): Promise<string> => (await application(port, more)).getStringValue('greeting', 'none', {});
    expect(await greeting({})).toBe('hello');
    expect(await greeting({ selector: 'flagSetId=other' })).toBe('hello from YAML');
    await expect(application(port, { selector: 'unknown' })).rejects.toThrow(/no flag file has this selector; there are the one without a selector, 'flagSetId=other'/);
  });
});

it('twenty providers all see a move, and leave nothing behind when they go', async () => {
  const { port } = await world.serve();
  const clients = await Promise.all(Array.from({ length: 20 }, () => application(port)));
  expect(world.counted).toContain('subscribers  20');
  await world.move('checkout', 10, 100);
  await vi.waitUntil(async () => (await Promise.all(clients.map((client) => isEverybody(client)))).every((all) => all), soon);
  await OpenFeature.clearProviders();
  await vi.waitUntil(() => world.counted.filter((one) => one.startsWith('subscribers')).at(-1) === 'subscribers  0', soon);
});
