// `unlimited` is one value of a plan and as many words as there are services: it is written in the service's, read back as the plan's, and undone to a number.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createHttpClient } from '../../src/http/client.js';
import { createTargets, lastWrittenInMemory, MemoryTargets } from '../../src/targets/index.js';
import type { TargetContext, TargetRef } from '../../src/targets/port.js';
import type { ProviderSettings } from '../../src/plan/types.js';

const dir = mkdtempSync(join(tmpdir(), 'tidegate-unlimited-'));
const targets = createTargets({ http: createHttpClient(), allowCommands: 'any', memory: new MemoryTargets(), lastWritten: lastWrittenInMemory() });
const context = (): TargetContext => ({ key: 'r/beta/calls/1', signal: AbortSignal.timeout(10_000), keep: () => undefined });
const ref = (settings: ProviderSettings, unlimited: number | string | null): TargetRef => ({ id: 'calls', settings, writeTimeoutMs: 3_000, unlimited });

let stored: { limit: unknown } = { limit: 50 };
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
    if (request.method === 'PUT') stored = JSON.parse(Buffer.concat(chunks).toString()) as typeof stored;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(stored));
  });
}).listen(0, '127.0.0.1');
afterAll(() => { server.close(); });
const http = (more: object = {}): ProviderSettings => { const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cap`; return { read: { url, at: 'limit' }, write: { method: 'PUT', url, body: { limit: '{{value}}' } }, ...more } as ProviderSettings; };

/** To unlimited and back to fifty; what the service held in between. */
async function thereAndBack(provider: string, target: TargetRef, held: () => unknown): Promise<unknown> {
  const one = targets[provider]!;
  expect((await one.read(target, context())).value).toBe(50);
  await one.write(target, 'unlimited', 50, context());
  expect((await one.read(target, context())).value).toBe('unlimited');
  await one.verify(target, 'unlimited', context());
  // already so is success
  await one.write(target, 'unlimited', 50, context());
  const between = held();
  await one.write(target, 50, null, context());
  expect((await one.read(target, context())).value).toBe(50);
  return between;
}

for (const is of [null, 0, '', 'none', 1_000_000] as const) {
  it(`an HTTP service that calls it ${JSON.stringify(is)} is told so, and is taken back to its number`, async () => {
    stored = { limit: 50 };
    // min, max and scale are about numbers
    expect(await thereAndBack('http', ref(http({ min: 1, max: 500 }), is), () => stored.limit)).toBe(is);
    expect(stored.limit).toBe(50);
  });
}

it('an HTTP service with another scale and numbers as text keeps its own word for it', async () => {
  stored = { limit: '500' };
  const url = (http()['read'] as { url: string }).url;
  expect(await thereAndBack('http', ref({ ...http(), read: { url, at: 'limit', scale: 0.1 }, write: { method: 'PUT', url, body: { limit: '{{raw}}' } }, text: true } as ProviderSettings, 0), () => stored.limit)).toBe('0');
  expect(stored.limit).toBe('500');
});

it('a field that is not there is no word for unlimited', async () => {
  stored = {} as typeof stored;
  await expect(targets['http']!.read(ref(http(), null), context())).rejects.toThrow(/neither a number nor a text/);
});

it('a service that was changed to another number by somebody else is no reason to overwrite it', async () => {
  stored = { limit: 70 };
  await expect(targets['http']!.write(ref(http(), null), 'unlimited', 50, context())).rejects.toMatchObject({ name: 'TargetConflict' });
  expect(stored.limit).toBe(70);
});

for (const [is, line] of [['none', 'CALLS=none'], ['', "CALLS=''"], [0, 'CALLS=0']] as const) {
  it(`a file that says ${line} for it is read as unlimited`, async () => {
    const file = join(dir, `caps-${String(is)}.env`);
    writeFileSync(file, 'OTHER=1\nCALLS=50\n');
    expect(await thereAndBack('env-file', ref({ file, key: 'CALLS' }, is), () => readFileSync(file, 'utf8'))).toBe(`OTHER=1\n${line}\n`);
  });
}

it('a command gets the service’s word and may answer with it', async () => {
  const file = join(dir, 'cap');
  writeFileSync(file, '50');
  expect(await thereAndBack('command', ref({ read: `cat ${file}`, write: `printf %s {value} > ${file}` }, 'none'), () => readFileSync(file, 'utf8'))).toBe('none');
});

it('memory holds it too', async () => { expect(await thereAndBack('memory', ref({ key: 'cap', start: 50 }, 0), () => 'held')).toBe('held'); });
