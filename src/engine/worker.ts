// One worker process, put together: settings → connections → ports → workers (the shared queue, and this host's own for local effects) →
// health and metrics → flag files for flagd providers → what comes in from outside. No logic of a rollout. Started by worker.ts (a process of its
// own) and by stack.ts (beside the embedded server).
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import type { Registry } from 'prom-client';
import { createActivities } from '../../activities/index.js';
import type { Ports } from '../../activities/ports.js';
import { hostQueue, taskQueue } from '../../workflows/messages.js';
import type { Log } from '../log/log.js';
import type { FlagdSyncServer } from '../flagd-sync/server.js';
import { createFlagdSyncMeters } from '../metrics/flagd-sync.js';
import { createMeters } from '../metrics/meters.js';
import type { Meters } from '../metrics/port.js';
import { exportOpenRollouts } from '../metrics/open-rollouts.js';
import { rolloutsOnTemporal } from './rollouts-on-temporal.js';
import { createHttpClient } from '../http/client.js';
import { fetchByEnvironment } from '../http/proxy.js';
import { createRoutes } from '../inbound/index.js';
import { serveInbound, type InboundServer } from '../inbound/listener.js';
import { serveHealth, type ComponentHealth } from '../server/health.js';
import { bundlePath, payloadConverterPath } from './bundles.js';
import { openClient, openNativeConnection } from './connection.js';
import { listOpenRollouts } from './list-open-rollouts.js';
import { createPorts } from './ports.js';
import { installRuntime } from './runtime.js';
import { searchAttributeState } from './search-attributes.js';
import type { Settings } from './settings.js';

export interface RunningWorker {
  /** http://HOST:PORT of health and metrics; null: switched off */
  readonly httpAddress: string | null;
  /** http://HOST:PORT of the inbound listener; null: switched off */
  readonly inboundAddress: string | null;
  /** HOST:PORT where flagd providers get flag files; null: switched off */
  readonly flagdSyncAddress: string | null;
  readonly client: Client;
  readonly ports: Ports;
  /** settles when it stands still: resolves after `stop`, rejects when it failed by itself */
  readonly ended: Promise<void>;
  /** Takes no new work, lets running attempts end within the grace period, then closes everything. Safe to repeat. */
  stop(): Promise<void>;
}

export interface WorkerParts {
  readonly settings: Settings;
  readonly log: Log;
  /** where `${env:NAME}` of a plan is looked up; default: process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** the terminal channel's; default: standard error */
  readonly terminal?: NodeJS.WritableStream;
}

/**
 * Starts polling; returns when it does.
 * @throws TransientError TEMPORAL_UNREACHABLE; FinalError NOT_BUILT, PORT_TAKEN; what `createPorts` throws
 */
export async function startWorker({ settings, log, env, terminal }: WorkerParts): Promise<RunningWorker> {
  const workflowBundle = { codePath: bundlePath('workflow') };
  mkdirSync(settings.home, { recursive: true });
  const runtime = await installRuntime(log);
  const closing: (() => Promise<unknown> | unknown)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await Promise.resolve().then(close).catch((error: unknown) => log.warn({ err: error }, 'a part of the worker did not close'));
  };
  try {
    const client = await openClient(settings.temporal, { identity: identityOf(settings), dataConverter: { payloadConverterPath: payloadConverterPath() } });
    closing.push(() => client.connection.close());
    const connection = await openNativeConnection(settings.temporal);
    closing.push(() => connection.close());
    const { meters, registry } = createMeters();
    const ports = await createPorts({ settings, logger: log, meters, client, ...(env === undefined ? {} : { env }), ...(terminal === undefined ? {} : { terminal }) });
    closing.push(() => ports.journal.close());
    const activities = createActivities(ports);
    const shared = await Worker.create({ ...commonOptions(settings, connection), taskQueue, workflowBundle, activities, ...(settings.cachedWorkflows === null ? {} : { maxCachedWorkflows: settings.cachedWorkflows }) });
    const local = await Worker.create({ ...commonOptions(settings, connection), taskQueue: hostQueue(settings.host), activities });
    const workers = [shared, local];
    await warnOfSearchAttributes(client, settings, log);

    const running = Promise.all(workers.map((worker) => worker.run()));
    // One that fails takes the other along: half a worker would look alive and leave every local effect waiting.
    const ended = running.then(() => undefined).catch(async (error: unknown) => { shutDown(workers); throw error; });
    ended.catch(() => { /* given to whoever awaits `ended`; a stack that nobody awaits must not die of it */ });

    const failed = async (error: unknown): Promise<never> => { shutDown(workers); await ended.catch(() => { /* the port is what is reported */ }); throw error; };
    const refresh = exportOpenRollouts({ list: () => listOpenRollouts(client), registry, meters });
    const http = settings.http === null ? null : await serveHealth({
      ...settings.http,
      alive: () => stateOf(workers, (state) => state !== 'FAILED' && state !== 'STOPPED'),
      components: {
        engine: async () => { await client.connection.withDeadline(Date.now() + 2_000, () => client.workflowService.describeNamespace({ namespace: settings.temporal.namespace })); return { ok: true, detail: `Temporal at ${settings.temporal.address}, namespace ${settings.temporal.namespace}` }; },
        worker: () => polling(workers),
        'search attributes': async () => attributesHealth(client, settings),
      },
      metrics: async () => { await refresh(); return [await registry.metrics(), await runtime.metrics()].join('\n'); },
    }).catch(failed);
    if (http !== null) closing.push(() => http.close());
    const sync = settings.flagdSync === null ? null : await serveFlagFiles(settings.flagdSync, registry, log).catch(failed);
    if (sync !== null) closing.push(() => sync.close());
    const inbound = await openInbound({ settings, client, ports, meters, log }).catch(failed);
    log.info({ address: settings.temporal.address, namespace: settings.temporal.namespace, queues: [taskQueue, hostQueue(settings.host)], http: http?.address ?? null, flagdSync: sync?.address ?? null, inbound: inbound?.address ?? null }, 'worker started');
    return {
      httpAddress: http?.address ?? null, inboundAddress: inbound?.address ?? null, flagdSyncAddress: sync?.address ?? null, client, ports, ended,
      // What comes in is answered by rollouts, and those by workers: the listener ends first.
      stop: once(async () => { await inbound?.close(); shutDown(workers); await ended.catch(() => { /* whoever awaits `ended` hears of it */ }); await closeAll(); }),
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function openInbound({ settings, client, ports, meters, log }: { readonly settings: Settings; readonly client: Client; readonly ports: Ports; readonly meters: Meters; readonly log: Log }): Promise<InboundServer | null> {
  if (settings.inbound === null) return null;
  const rollouts = rolloutsOnTemporal({ client, identity: identityOf(settings), address: settings.temporal.address, close: async () => { /* the worker's own client */ } });
  const routes = createRoutes({ settings: settings.inbound, rollouts, env: ports.env, http: createHttpClient(fetchByEnvironment(ports.env)), meters, log, now: Date.now });
  return serveInbound({ at: settings.inbound.at, routes, meters, log });
}

/** Loaded only where it is wanted: most workers serve no flags. */
async function serveFlagFiles(settings: NonNullable<Settings['flagdSync']>, registry: Registry, log: Log): Promise<FlagdSyncServer> {
  const { serveFlagdSync } = await import('../flagd-sync/server.js');
  return serveFlagdSync({ ...settings, log, meters: createFlagdSyncMeters(registry) });
}

function commonOptions(settings: Settings, connection: NativeConnection): Pick<WorkerOptions, 'connection' | 'namespace' | 'identity' | 'dataConverter' | 'shutdownGraceTime' | 'shutdownForceTime'> {
  return { connection, namespace: settings.temporal.namespace, identity: identityOf(settings), dataConverter: { payloadConverterPath: payloadConverterPath() }, shutdownGraceTime: settings.shutdownGraceMs, shutdownForceTime: settings.shutdownGraceMs + 5_000 };
}

const identityOf = (settings: Settings): string => `tidegate@${settings.host === hostname() ? settings.host : `${settings.host}/${hostname()}`}#${process.pid}`;

async function warnOfSearchAttributes(client: Client, settings: Settings, log: Log): Promise<void> {
  const health = await attributesHealth(client, settings).catch((error: unknown) => ({ ok: false, detail: error instanceof Error ? error.message : String(error) }));
  if (!health.ok) log.error({ detail: health.detail }, 'search attributes of rollouts are not registered: workflow tasks will fail until they are (`tidegate doctor --fix`)');
}

async function attributesHealth(client: Client, settings: Settings): Promise<ComponentHealth> {
  const { missing, wrongType } = await searchAttributeState(client.connection as Parameters<typeof searchAttributeState>[0], settings.temporal.namespace);
  const problems = [...missing.map((name) => `${name} is not registered`), ...wrongType.map((name) => `${name} is not of type Keyword`)];
  return { ok: problems.length === 0, detail: problems.length === 0 ? 'all registered' : problems.join('; ') };
}

function polling(workers: readonly Worker[]): ComponentHealth {
  return stateOf(workers, (state) => state === 'RUNNING');
}

function stateOf(workers: readonly Worker[], good: (state: string) => boolean): ComponentHealth {
  const states = workers.map((worker) => `${worker.options.taskQueue}: ${worker.getState()}`);
  return { ok: workers.every((worker) => good(worker.getState())), detail: states.join(', ') };
}

function shutDown(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
}

/** The second caller waits for the first. */
function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => done ??= act();
}
