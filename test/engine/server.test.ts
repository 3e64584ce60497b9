// The embedded server against real processes: it keeps everything in its file, dies with its parent, and an absent one is said at once.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TidegateError } from '../../src/errors.js';
import { openClient, openNativeConnection } from '../../src/engine/connection.js';
import { doctorChecks } from '../../src/engine/doctor-checks.js';
import { registerSearchAttributes, searchAttributeState } from '../../src/engine/search-attributes.js';
import { freePort, startDevServer } from '../../src/engine/server.js';
import type { TemporalSettings } from '../../src/engine/settings.js';
import { searchAttributes, taskQueue } from '../../workflows/messages.js';
import { describeNeeding } from '../setup/needs.js';

let dir: string;
beforeAll(() => { dir = mkdtempSync(join(tmpdir(), 'tidegate-server-')); });
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const at = (address: string, namespace = 'default'): TemporalSettings => ({ address, addressFrom: 'configured', namespace, connection: {} });
const failure = async (promise: Promise<unknown>): Promise<TidegateError> => {
  const error = await promise.then(() => null, (e: unknown) => e);
  expect(error).toBeInstanceOf(TidegateError);
  return error as TidegateError;
};
const isAlive = (pid: number): boolean => { try { process.kill(pid, 0); return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '); } catch { return false; } };

test('a Temporal that is not there is an error within three seconds that says what was tried and what to do', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  for (const open of [openClient, openNativeConnection]) {
    const error = await failure(open(at(address)));
    expect(error.code).toBe('TEMPORAL_UNREACHABLE');
    expect(error.transient).toBe(true);
    expect(error.message).toContain(address);
    expect(error.message).toMatch(/refused|ECONNREFUSED/i);
    expect(error.message).toContain('Check TEMPORAL_ADDRESS');
  }
  const nobody = await failure(openClient({ ...at(address), addressFrom: 'default' }));
  expect(nobody.message).toContain('tidegate up');
});

describeNeeding(['temporal-cli'], 'the embedded server', () => {
  test('knows a rollout\'s search attributes, and what it holds is there again after a kill', async () => {
    const options = { dbFile: join(dir, 'a.db'), logFile: join(dir, 'a.log'), uiPort: null };
    const first = await startDevServer(options);
    const client = await openClient(at(first.address));
    expect(await searchAttributeState(client.connection as Connection, 'default')).toEqual({ missing: [], wrongType: [] });
    await client.workflow.start('nobody-runs-this', { workflowId: 'kept', taskQueue, typedSearchAttributes: [] });
    await client.connection.close();
    process.kill(first.pid(), 'SIGKILL');
    expect(await first.ended).toBe('it was ended by SIGKILL');

    const second = await startDevServer(options);
    try {
      const again = await openClient(at(second.address));
      expect((await again.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
      await again.connection.close();
    } finally {
      await second.stop();
    }
    expect(isAlive(second.pid())).toBe(false);
    await second.stop();
  });

  test('a file of a Tidegate that knew fewer search attributes gets the missing ones; doctor says which are missing and can add them', async () => {
    const dbFile = join(dir, 'b.db');
    const old = await startDevServer({ dbFile, uiPort: null, searchAttributes: ['RolloutId'] });
    try {
      const env = { TEMPORAL_ADDRESS: old.address, HOME: dir, TIDEGATE_HOME: join(dir, 'home') };
      const before = (await doctorChecks({ env })).find((check) => check.name === 'search attributes');
      expect(before).toMatchObject({ ok: false, needed: true });
      expect(before?.found).toContain('RolloutState is not registered');
      expect(before?.todo).toContain('temporal operator search-attribute create -n default --name RolloutState --type Keyword');

      const client = await openClient(at(old.address));
      const connection = client.connection as Connection;
      // Two at once, as two starting workers would.
      await Promise.all([registerSearchAttributes(connection, 'default'), registerSearchAttributes(connection, 'default')]);
      expect((await searchAttributeState(connection, 'default')).missing).toEqual([]);
      expect(await registerSearchAttributes(connection, 'default')).toEqual([]);
      await client.connection.close();
      expect((await doctorChecks({ env })).find((check) => check.name === 'search attributes')).toMatchObject({ ok: true });
      expect(searchAttributes.length).toBeGreaterThan(1);
    } finally {
      await old.stop();
    }
  });

  test('a namespace that does not exist is told apart from a server that does not', async () => {
    const server = await startDevServer({ dbFile: null, uiPort: null });
    try {
      const error = await failure(openClient(at(server.address, 'elsewhere')));
      expect(error.code).toBe('TEMPORAL_NAMESPACE_MISSING');
      expect(error.message).toContain('temporal operator namespace create -n elsewhere');
    } finally {
      await server.stop();
    }
  });

  test('it dies with the process that started it, even when that one is killed', async () => {
    const script = join(dir, 'parent.ts');
    writeFileSync(script, `import { startDevServer } from ${JSON.stringify(join(import.meta.dirname, '../../src/engine/server.ts'))};
const server = await startDevServer({ dbFile: null, uiPort: null });
process.stdout.write(String(server.pid()) + '\\n');
setInterval(() => {}, 1_000);`);
    const parent = spawn(process.execPath, [join(import.meta.dirname, '../../build/run-ts.mjs'), script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))));
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitUntil(() => !isAlive(pid), { timeout: 10_000, interval: 50 });
  });

  test('one that cannot start says so with the end of its own log', async () => {
    const error = await failure(startDevServer({ dbFile: join(dir, 'c.db'), logFile: join(dir, 'c.log'), uiPort: null, program: '/bin/false' }));
    expect(error.code).toBe('SERVER_NOT_STARTED');
    expect(error.message).toContain('it ended with exit code 1');
    expect(error.message).toContain(join(dir, 'c.log'));
  });
});
