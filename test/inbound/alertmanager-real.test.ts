// A real Alertmanager with the configuration that docs/inbound.md shows: its own words are understood, and what could not be taken it sends again.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { freePort } from '../../src/engine/server.js';
import { TransientError } from '../../src/errors.js';
import { describeNeeding, pathOf } from '../setup/needs.js';
import { InboundWorld, secrets } from './world.js';

const config = /```yaml\n(route:.*?)```/s.exec(readFileSync(new URL('../../docs/inbound.md', import.meta.url), 'utf8'))![1]!;

/** Runs it with the configuration of the page, against this listener. */
async function withAlertmanager(world: InboundWorld, use: (post: (alerts: readonly object[]) => Promise<number>) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tidegate-inbound-alertmanager-'));
  const address = `127.0.0.1:${await freePort()}`;
  writeFileSync(join(dir, 'token'), secrets.token);
  writeFileSync(join(dir, 'am.yml'), config.replace('http://127.0.0.1:7290', world.address).replace('/etc/alertmanager/tidegate.token', join(dir, 'token')));
  const program = spawn(pathOf('alertmanager'), [`--config.file=${dir}/am.yml`, `--storage.path=${dir}/data`, `--web.listen-address=${address}`, '--cluster.listen-address=', '--log.level=warn'], { stdio: 'ignore' });
  const kill = (): void => { program.kill('SIGKILL'); };
  process.once('exit', kill);
  try {
    await vi.waitUntil(() => fetch(`http://${address}/-/ready`).then(({ ok }) => ok, () => false), { timeout: 15_000, interval: 50 });
    await use(async (alerts) => (await fetch(`http://${address}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(alerts) })).status);
  } finally {
    process.removeListener('exit', kill);
    kill();
    await world.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

describeNeeding(['alertmanager'], 'a real Alertmanager', () => {
  test('its alert arrives as the page says, again after a 503, and always under one id', async () => {
    let away = true;
    // The rollout began before the alert; the listener's own clock is of no matter to a bearer token.
    const world = await InboundWorld.open({ see: async () => ({ row: { execution: 'running' }, status: { startedAt: Date.now() - 60_000 } }), command: async () => { if (away) throw new TransientError({ code: 'TEMPORAL_UNREACHABLE', what: 'Temporal does not answer.' }); return { did: 'reported', undo: null }; } });
    await withAlertmanager(world, async (post) => {
      const alert = { labels: { alertname: 'DataCorruption', rollout: 'shop', instance: 'a' }, annotations: { summary: 'Orders are lost' }, startsAt: new Date().toISOString() };
      expect(await post([alert, { labels: { alertname: 'NotOurs' } }])).toBe(200);
      await vi.waitUntil(() => world.told.length > 0, { timeout: 15_000, interval: 20 });
      away = false;
      await vi.waitUntil(async () => (await world.metrics()).includes('tidegate_inbound_requests_total{route="/v1/alertmanager",result="accepted"} 1'), { timeout: 30_000, interval: 50 });
      expect(await world.metrics()).toMatch(/requests_total\{route="\/v1\/alertmanager",result="unavailable"\} [1-9]/);
      expect(world.told.length).toBeGreaterThan(1);
      expect(new Set(world.told.map((one) => one.updateId)).size).toBe(1);
      expect(world.told[0]).toMatchObject({ rollout: 'shop', name: 'report', payload: { event: 'data-corruption', reason: 'Orders are lost' } });
      expect(world.told[0]!.updateId).toMatch(/^alertmanager\/[0-9a-f]{16}\/\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    });
  }, 90_000);

  test('of a storm of alerts that comes faster than is taken none is lost: what was too much is sent again', async () => {
    const rates = { known: { burst: 2, perSecond: 2 }, strangers: { burst: 1, perSecond: 1 } };
    const world = await InboundWorld.open({ see: async () => ({ row: { execution: 'running' }, status: { startedAt: Date.now() - 60_000 } }) }, { listener: { rates } });
    await withAlertmanager(world, async (post) => {
      const startsAt = new Date().toISOString();
      expect(await post(Array.from({ length: 12 }, (_, index) => ({ labels: { alertname: 'DataCorruption', rollout: 'shop', instance: `instance-${index}` }, startsAt })))).toBe(200);
      await vi.waitUntil(() => new Set(world.told.map(({ updateId }) => updateId)).size === 12, { timeout: 60_000, interval: 50 });
      expect(await world.metrics()).toMatch(/requests_total\{route="\/v1\/alertmanager",result="limited"\} [1-9]/);
    });
  }, 90_000);
});
