// A dev server on a file, a worker with Tidegate's own activities and one with the bare ones, both in this process, and a world in memory that
// fails when it is told to. Ended by `close`. The figures: figures-live.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Worker, bundleWorkflowCode, DefaultLogger, type NativeConnection, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { createActivities } from '../activities/index.js';
import { bundlePath, payloadConverterPath } from '../src/engine/bundles.js';
import { openClient, openNativeConnection } from '../src/engine/connection.js';
import { packageRoot } from '../src/engine/package-root.js';
import { createPorts } from '../src/engine/ports.js';
import { installRuntime } from '../src/engine/runtime.js';
import { startDevServer, type DevServer } from '../src/engine/server.js';
import { readSettings } from '../src/engine/settings.js';
import { createLog } from '../src/log/log.js';
import { noMeters, type RollbackObserved } from '../src/metrics/port.js';
import { rolloutWorkflowId, taskQueue } from '../workflows/messages.js';
import { bareActivities } from './bare-activities.js';
import { benchPlan, type PlanWishes } from './plans.js';
import { cpuMs, each } from './measuring.js';

export const bareQueue = 'bench-bare';

let bundled: Promise<WorkflowBundleWithSourceMap> | null = null;
export const bareBundle = (): Promise<WorkflowBundleWithSourceMap> => (bundled ??= bundleWorkflowCode({ workflowsPath: join(packageRoot(), 'bench/bare-watch.ts'), logger: new DefaultLogger('WARN') }));

export class LiveWorld {
  /** when each was looked at, by this process's clock */
  readonly looks = new Map<string, number[]>();
  readonly badSeenAt = new Map<string, number>();
  readonly undoneAt = new Map<string, number>();
  readonly movedAt = new Map<string, number>();
  readonly rollbacks: RollbackObserved[] = [];
  failing = false;
  private readonly values = new Map<string, number | string>();
  private constructor(readonly dir: string, readonly server: DevServer, readonly client: Client, private readonly connection: NativeConnection) {}
  private closing: (() => Promise<unknown>)[] = [];

  static async open(): Promise<LiveWorld> {
    const dir = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
    const log = createLog({ level: 'silent' });
    await installRuntime(log);
    const server = await startDevServer({ dbFile: join(dir, 'temporal.db'), uiPort: null });
    const settings = readSettings({ HOME: dir, TEMPORAL_ADDRESS: server.address, TIDEGATE_HOME: dir });
    const client = await openClient(settings.temporal, { dataConverter: { payloadConverterPath: payloadConverterPath() } });
    const connection = await openNativeConnection(settings.temporal);
    const world = new LiveWorld(dir, server, client, connection);
    const ports = await createPorts({ settings, logger: log, meters: { ...noMeters, observeRollback: (one) => { world.rollbacks.push(one); } }, client, terminal: new PassThrough().resume() });
    const flagd = ports.target('flagd');
    const activities = createActivities({
      ...ports,
      source: (name) => ({ name, ranged: () => false, check: () => [], measure: async (metric, _, to) => [{ at: to, measurement: { kind: 'value', value: world.look(metric.name.replace(/_/g, '-')) ? 50 : 1 } }] }),
      target: (name) => (name === 'flagd' ? flagd : {
        name, check: () => [], claimKey: (target) => target.id,
        read: async (target) => ({ value: world.values.get(target.id) ?? 0, detail: 'in memory' }),
        write: async (target, value) => { (value === 0 ? world.undoneAt : world.movedAt).set(target.id, performance.now()); world.values.set(target.id, value); },
        verify: async (target) => `in memory: ${target.id}`,
      }),
    });
    const common = { connection, namespace: 'default' };
    const workers = [
      await Worker.create({ ...common, taskQueue, workflowBundle: { codePath: bundlePath('workflow') }, activities, dataConverter: { payloadConverterPath: payloadConverterPath() } }),
      await Worker.create({ ...common, taskQueue: bareQueue, workflowBundle: await bareBundle(), activities: bareActivities({ now: () => Date.now(), look: (id) => world.look(id), undo: (id) => { world.undoneAt.set(id, performance.now()); } }) }),
    ];
    const running = workers.map((worker) => worker.run());
    world.closing = [async () => { for (const worker of workers) worker.shutdown(); await Promise.all(running); }, () => connection.close(), () => ports.journal.close(), () => client.connection.close(), () => server.stop()];
    return world;
  }

  look(id: string): boolean {
    const now = performance.now();
    const before = this.looks.get(id);
    if (before === undefined) this.looks.set(id, [now]); else before.push(now);
    if (this.failing && !this.badSeenAt.has(id)) this.badSeenAt.set(id, now);
    return this.failing;
  }

  /** @returns the ids; each has moved and is looked at. Fewer than asked for when the limit was reached. @throws Error when none has, and why */
  async startRollouts(prefix: string, count: number, wishes: PlanWishes, limitMs: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
    const deadline = performance.now() + limitMs;
    await each(ids, 12, async (id) => {
      if (performance.now() > deadline) return;
      await this.client.workflow.start('rollout', { taskQueue, workflowId: rolloutWorkflowId(id), args: [benchPlan(id, wishes), { startedBy: { by: 'ann' } }] });
    });
    for (;;) {
      const moved = ids.filter((id) => this.movedAt.has(id));
      if (moved.length === count || (moved.length > 0 && performance.now() > deadline)) return moved;
      if (performance.now() > deadline) throw new Error(`no rollout moved within ${limitMs / 1000} s: ${await this.whyNot(ids[0]!)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  private async whyNot(id: string): Promise<string> {
    const handle = this.client.workflow.getHandle(rolloutWorkflowId(id));
    if ((await handle.describe()).status.name === 'RUNNING') return `${id} is under way`;
    return handle.result().then(() => `${id} has ended`, (error: Error) => String((error.cause as Error | undefined)?.message ?? error.message));
  }

  async startBare(prefix: string, count: number, cadenceMs: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
    await each(ids, 24, async (id) => { await this.client.workflow.start('bareWatch', { taskQueue: bareQueue, workflowId: id, args: [{ id, cadenceMs, forMs: 3_600_000 }] }); });
    return ids;
  }

  async end(ids: readonly string[], workflowId: (id: string) => string = (id) => id): Promise<void> {
    await each(ids, 12, async (id) => { await this.client.workflow.getHandle(workflowId(id)).terminate('the figure is taken').catch(() => undefined); });
    this.failing = false;
    for (const map of [this.looks, this.badSeenAt, this.undoneAt, this.movedAt, this.values]) map.clear();
  }

  /** Processor time so far: the server's, and this process's (worker and the little that measures). */
  cpu(): { readonly server: number; readonly worker: number } {
    const own = process.cpuUsage();
    return { server: cpuMs(this.server.pid()), worker: (own.user + own.system) / 1000 };
  }

  async close(): Promise<void> {
    for (const close of this.closing) await close().catch((error: unknown) => process.stderr.write(`bench: ${String(error)}\n`));
    rmSync(this.dir, { recursive: true, force: true });
  }
}
