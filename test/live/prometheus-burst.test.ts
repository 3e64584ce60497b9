// A burst of errors that lies wholly between two looks, in a real Prometheus that scrapes a real exporter: the cadence decides how late one
// hears of it, not whether. Real Temporal, real worker, real flag file; minutes of the shipped plan are seconds here.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { Ground, pause, until, type Rollout } from '../processes/world.js';
import { sound } from '../processes/outcomes.js';
import type { PlanPlace } from '../processes/plans.js';
import { startPrometheus, type RealPrometheus } from '../sources/real-prometheus.js';

/** A service with a hundred requests a second, of which a share fails. */
class Exporter {
  private errors = 0;
  private requests = 0;
  private at = Date.now();
  private share = 0;
  private readonly server: Server = createServer((_, response) => {
    this.count();
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(`# TYPE requests_total counter\nrequests_total ${this.requests}\n# TYPE errors_total counter\nerrors_total ${this.errors}\n`);
  });
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  failing(share: number): void { this.count(); this.share = share; }
  private count(): void {
    const now = Date.now();
    this.requests += (now - this.at) / 10;
    this.errors += ((now - this.at) / 10) * this.share;
    this.at = now;
  }
  close(): Promise<void> { this.server.closeAllConnections(); return new Promise((resolve) => this.server.close(() => resolve())); }
}

const plan = (place: PlanPlace, url: string): string => `
rollout: ${place.id}
owner: ann
people: { ann: { name: Ann } }
channels: { info: [{ webhook: '${place.outside.url}/hook' }] }
targets: { checkout: { flagd: { file: '${place.flags}', flag: new-checkout, by: userId }, safer: lower } }
sources: { prometheus: { url: '${url}', step: 1s, timeout: 5s } }
metrics:
  error_rate:
    prometheus: sum(rate(errors_total[4s])) / sum(rate(requests_total[4s]))
    reads: ratio
    unit: '%'
triggers:
  warning: ['error_rate > 5%']
  emergency: ['error_rate > 10% for 5s']
phases:
  - { phase: wave-1, enter: ['error_rate < 5%'], move: { checkout: 10% }, soak: '40s, restarts on issue', watch: every 25s, blind after: 55s }
`;

describeNeeding(['temporal-cli', 'prometheus', 'promtool'], 'a burst wholly between two looks, in a real Prometheus', () => {
  let ground: Ground;
  let prometheus: RealPrometheus;
  let exporter: Exporter;
  beforeAll(async () => {
    ground = await Ground.open();
    exporter = new Exporter();
    prometheus = await startPrometheus([], await exporter.listen());
  });
  afterAll(async () => { await ground?.close(); await prometheus?.close(); await exporter?.close(); });

  /** When the watch last looked. */
  const lastLook = async (rollout: Rollout): Promise<string | null> => {
    const watch = ((await rollout.handle.describe()).raw.pendingActivities ?? []).find((activity) => activity.activityType?.name === 'watch');
    return watch?.lastHeartbeatTime == null ? null : JSON.stringify(watch.lastHeartbeatTime);
  };

  /** Starts a rollout, and lets errors happen for so long right after one of the looks at its soak. @returns whether no look fell into it */
  async function burst(id: string, ms: number): Promise<{ readonly rollout: Rollout; readonly unseen: boolean; readonly over: number }> {
    const world = await ground.world();
    world.worker();
    await until('Prometheus has a rate', async () => ((await (await fetch(`${prometheus.origin}/api/v1/query?query=${encodeURIComponent('rate(requests_total[4s])')}`)).json()) as { data: { result: unknown[] } }).data.result.length > 0, 30_000);
    const rollout = await world.start(plan(world.place(id), prometheus.origin));
    await rollout.untilStatus('wave 1 soaks', (status) => status.state === 'soaking');
    const first = await lastLook(rollout);
    await until('a look at the soak is over', async () => { const now = await lastLook(rollout); return now !== null && now !== first; }, 40_000);
    const before = await lastLook(rollout);
    exporter.failing(0.12);
    await pause(ms);
    exporter.failing(0);
    return { rollout, unseen: (await lastLook(rollout)) === before, over: Date.now() };
  }

  test('that lasted longer than the trigger allows takes everything back at the next look', async () => {
    const { rollout, unseen, over } = await burst('long', 12_000);
    expect(unseen).toBe(true);
    const made = await rollout.ended(90_000);
    sound(made);
    expect([made.status.outcome, made.share]).toEqual(['rolled-back', 0]);
    expect(made.status.rollback!.decidedAt).toBeGreaterThan(over);
    expect(made.status.rollback!.reason).toContain('error_rate');
  }, 180_000);

  test('that was shorter only warns, and the soak starts anew', async () => {
    const { rollout, unseen } = await burst('short', 4_500);
    expect(unseen).toBe(true);
    const made = await rollout.ended(150_000);
    sound(made);
    expect([made.status.outcome, made.share]).toEqual(['completed', 10]);
    expect(made.status.phases[0]!.restarts).toBe(1);
    expect(made.status.issues.map((issue) => issue.severity)).toEqual(['warning']);
  }, 240_000);
});
