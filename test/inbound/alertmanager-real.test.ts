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

describeNeeding(['alertmanager'], 'a real Alertmanager', () => {
  test('its alert arrives as the page says, again after a 503, and always under one id', async () => {
    let away = true;
    // The rollout began before the alert; the listener's own clock is of no matter to a bearer token.
    const world = await InboundWorld.open({ see: async () => ({ row: { execution: 'running' }, status: { startedAt: Date.now() - 60_000 } }), command: async () => { if (away) throw new TransientError({ code: 'TEMPORAL_UNREACHABLE', what: 'Temporal does not answer.' }); return { did: 'reported', undo: null }; } });
    const dir = mkdtempSync(join(tmpdir(), 'tidegate-inbound-alertmanager-'));
    const address = `127.0.0.1:${await freePort()}`;
    writeFileSync(join(dir, 'token'), secrets.token);
    writeFileSync(join(dir, 'am.yml'), config.replace('http://127.0.0.1:7290', world.address).replace('/etc/alertmanager/tidegate.token', join(dir, 'token')));
    const program = spawn(pathOf('alertmanager'), [`--config.file=${dir}/am.yml`, `--storage.path=${dir}/data`, `--web.listen-address=${address}`, '--cluster.listen-address=', '--log.level=warn'], { stdio: 'ignore' });
    const kill = (): void => { program.kill('SIGKILL'); };
    process.once('exit', kill);
    try {
      await vi.waitUntil(() => fetch(`http://${address}/-/ready`).then(({ ok }) => ok, () => false), { timeout: 15_000, interval: 50 });
      const alert = { labels: { alertname: 'DataCorruption', rollout: 'shop', instance: 'a' }, annotations: { summary: 'Orders are lost' }, startsAt: new Date().toISOString() };
      const posted = await fetch(`http://${address}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([alert, { labels: { alertname: 'NotOurs' } }]) });
      expect(posted.status).toBe(200);
      await vi.waitUntil(() => world.told.length > 0, { timeout: 15_000, interval: 20 });
      away = false;
      await vi.waitUntil(async () => (await world.metrics()).includes('tidegate_inbound_requests_total{route="/v1/alertmanager",result="accepted"} 1'), { timeout: 30_000, interval: 50 });
      expect(await world.metrics()).toMatch(/requests_total\{route="\/v1\/alertmanager",result="unavailable"\} [1-9]/);
      expect(world.told.length).toBeGreaterThan(1);
      expect(new Set(world.told.map((one) => one.updateId)).size).toBe(1);
      expect(world.told[0]).toMatchObject({ rollout: 'shop', name: 'report', payload: { event: 'data-corruption', reason: 'Orders are lost' } });
      expect(world.told[0]!.updateId).toMatch(/^alertmanager\/[0-9a-f]{16}\/\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    } finally {
      process.removeListener('exit', kill);
      kill();
      await world.close();
      rmSync(dir, { recursive: true, force: true });
    }
  }, 90_000);
});
