// A worker serves flag files where its settings say so, exports what it serves, and ends the streams when it is stopped.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { PassThrough } from 'node:stream';
import { join } from 'node:path';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startDevServer, type DevServer } from '../../src/engine/server.js';
import { readSettings } from '../../src/engine/settings.js';
import { startWorker } from '../../src/engine/worker.js';
import { createLog } from '../../src/log/log.js';
import { describeNeeding } from '../setup/needs.js';
import { syncWorld, type SyncWorld } from './world.js';

describeNeeding(['temporal-cli'], 'a worker', () => {
  let home: string;
  let temporal: DevServer;
  let world: SyncWorld;
  beforeEach(async () => { home = mkdtempSync(join(tmpdir(), 'tidegate-sync-worker-')); world = await syncWorld(); temporal = await startDevServer({ dbFile: null, uiPort: null }); });
  afterEach(async () => { await OpenFeature.clearProviders(); await temporal?.stop(); await world.end(); rmSync(home, { recursive: true, force: true }); });

  test('serves the files of its settings to a provider, counts them in its metrics, and does not start where the address is taken', async () => {
    const settings = (address: string) => readSettings({ HOME: home, TEMPORAL_ADDRESS: temporal.address, TIDEGATE_HOME: home, TIDEGATE_HTTP: '127.0.0.1:0', TIDEGATE_FLAGD_SYNC_ADDRESS: address, TIDEGATE_FLAGD_SYNC_FILES: `shop=${world.file}` });
    const parts = { log: createLog({ level: 'silent' }), terminal: new PassThrough().resume() };
    const worker = await startWorker({ settings: settings('0'), ...parts });
    try {
      const port = Number(worker.flagdSyncAddress!.split(':').at(-1));
      await OpenFeature.setProviderAndWait('shop', new FlagdProvider({ resolverType: 'in-process', host: '127.0.0.1', port, selector: 'shop', deadlineMs: 5_000 }));
      const client = OpenFeature.getClient('shop');
      await world.move('checkout', 10, 100);
      await vi.waitUntil(() => client.getBooleanValue('checkout', false, { targetingKey: 'user-3', userId: 'user-3' }), { timeout: 30_000, interval: 5 });
      const metrics = await (await fetch(`${worker.httpAddress}/metrics`)).text();
      expect(metrics).toContain('tidegate_flagd_sync_subscribers{selector="shop"} 1');
      expect(metrics).toContain('tidegate_flagd_sync_file_good{selector="shop"} 1');
      expect(metrics).toContain('tidegate_flagd_sync_pushes_total{selector="shop"} 2');
      await expect(startWorker({ settings: settings(worker.flagdSyncAddress!), ...parts })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    } finally { await worker.stop(); }
  });
});
