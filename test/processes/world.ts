// A world of real processes: Temporal's dev server on a file, workers that can be killed, a flag file, people who answer, and what came of it
// all. A server may be shared by several worlds, each in a namespace of its own. What stands around Tidegate: outside.ts; plans: plans.ts.
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowFailedError, type Client, type Connection } from '@temporalio/client';
import { parse } from 'yaml';
import { openClient } from '../../src/engine/connection.js';
import { payloadConverterPath } from '../../src/engine/bundles.js';
import { registerSearchAttributes } from '../../src/engine/search-attributes.js';
import { freePort, startDevServer, type DevServer } from '../../src/engine/server.js';
import type { StoredEntry } from '../../src/journal/port.js';
import { openJournal } from '../../src/journal/store.js';
import { verifyChain, type ChainCheck } from '../../src/journal/verify.js';
import { createFlagd } from '../../src/targets/flagd.js';
import { rolloutWorkflowId, taskQueue, type AskView, type CommandName, type CommandResult, type Status } from '../../workflows/messages.js';
import type { Message } from '../../src/channels/port.js';
import { buildPrograms, type Programs } from './build.js';
import { Outside, type Place } from './outside.js';
import { flagFile } from './plans.js';
import type { Effect, Slow, Strike } from './struck-activities.js';

/** The server, killed and started again at the same address and on the same file. */
export class Server {
  private current: DevServer | null = null;
  private constructor(private readonly dir: string, readonly port: number) {}
  get address(): string { return `127.0.0.1:${this.port}`; }

  static async open(dir: string): Promise<Server> {
    const server = new Server(dir, await freePort());
    await server.start();
    return server;
  }
  async start(): Promise<void> { this.current = await startDevServer({ dbFile: join(this.dir, 'temporal.db'), logFile: join(this.dir, 'temporal.log'), port: this.port, uiPort: null }); }
  async kill(): Promise<void> {
    const server = this.current!;
    process.kill(server.pid(), 'SIGKILL');
    await server.ended;
    this.current = null;
  }
  async stop(): Promise<void> { await this.current?.stop(); this.current = null; }
}

/** What all worlds of one test file share. Close it in afterAll. */
export class Ground {
  private readonly closing: (() => Promise<unknown> | unknown)[] = [];
  private worlds = 0;
  private shared: Promise<Server> | null = null;
  private constructor(readonly dir: string, readonly programs: Programs, readonly outside: Outside) {}

  static async open(): Promise<Ground> {
    const dir = mkdtempSync(join(tmpdir(), 'tidegate-processes-'));
    const [programs, outside] = await Promise.all([buildPrograms(), Outside.open()]);
    const ground = new Ground(dir, programs, outside);
    ground.closing.push(() => rmSync(dir, { recursive: true, force: true }), () => outside.close());
    return ground;
  }

  /** A world in a namespace of its own on the file's common server, or with a server for itself. */
  async world(options: { readonly ownServer?: boolean; readonly name?: string } = {}): Promise<World> {
    const name = `${options.name ?? 'world'}-${++this.worlds}`;
    const home = join(this.dir, name);
    mkdirSync(home, { recursive: true });
    const own = options.ownServer === true;
    const server = own ? await Server.open(home) : await (this.shared ??= Server.open(join(this.dir, 'server')).then((one) => { this.closing.push(() => one.stop()); return one; }));
    if (own) this.closing.push(() => server.stop());
    const world = await World.open(this, server, name, home, own ? 'default' : name);
    this.closing.push(() => world.close());
    return world;
  }

  async close(): Promise<void> {
    for (const close of this.closing.splice(0).reverse()) await Promise.resolve().then(close).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  }
}

export interface WorkerOptions { readonly strikes?: readonly Strike[]; readonly slow?: Slow; /** started again at once whenever it was killed */ readonly revive?: boolean; readonly name?: string; readonly env?: NodeJS.ProcessEnv }

/** A worker process, again and again. */
export class WorkerProcess {
  private child: ChildProcess | null = null;
  private stopping = false;
  lives = 0;
  constructor(private readonly world: World, private readonly options: WorkerOptions) {}

  get pid(): number { return this.child?.pid ?? 0; }
  get alive(): boolean { return this.child !== null; }

  start(): void {
    this.stopping = false;
    this.lives++;
    const { world, options } = this;
    const log = openSync(join(world.home, `${options.name ?? 'worker'}.log`), 'a');
    const child = spawn(process.execPath, [world.ground.programs.struckWorker], {
      cwd: world.home,
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env['PATH'], HOME: world.home, TEMPORAL_ADDRESS: world.server.address, TEMPORAL_NAMESPACE: world.namespace, TIDEGATE_HOME: world.home, TIDEGATE_HTTP: 'off', TIDEGATE_LOG: 'info', TIDEGATE_SHUTDOWN_GRACE: '2s',
        STRUCK_DIR: world.struckDir, STRUCK_AT: JSON.stringify(options.strikes ?? []), STRUCK_SLOW: JSON.stringify(options.slow ?? null), ...options.env,
      },
    });
    closeSync(log);
    this.child = child;
    child.once('exit', (code, signal) => {
      appendFileSync(join(world.home, 'deaths.log'), `${Date.now()} ${child.pid} ${code ?? signal}\n`);
      if (this.child === child) this.child = null;
      // A worker whose server is away ends by itself; somebody starts it again, as a service manager would.
      if (!this.stopping && options.revive === true) setTimeout(() => { if (!this.stopping) this.start(); }, signal === 'SIGKILL' ? 0 : 300);
    });
  }

  async kill(): Promise<void> { await this.end('SIGKILL'); }
  async end(signal: NodeJS.Signals): Promise<void> {
    this.stopping = true;
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await ended;
  }
}

export interface Outcome { readonly status: Status; readonly entries: readonly StoredEntry[]; readonly chain: ChainCheck; readonly delivered: readonly Message[]; readonly effects: readonly Effect[]; readonly share: number }

export class World {
  readonly workers: WorkerProcess[] = [];
  readonly flags: string;
  readonly struckDir: string;
  readonly outside: Place;
  private people = false;
  private readonly answering = new Set<string>();
  private constructor(readonly ground: Ground, readonly server: Server, readonly name: string, readonly home: string, readonly namespace: string, readonly client: Client) {
    this.flags = join(home, 'flags.json');
    this.struckDir = join(home, 'struck');
    this.outside = ground.outside.place(name);
    mkdirSync(this.struckDir, { recursive: true });
    writeFileSync(this.flags, flagFile);
  }

  static async open(ground: Ground, server: Server, name: string, home: string, namespace: string): Promise<World> {
    const temporal = { address: server.address, addressFrom: 'configured' as const, connection: {} };
    if (namespace !== 'default') {
      const common = await openClient({ ...temporal, namespace: 'default' });
      await common.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
      // A namespace is known to every part of the server a moment after it was made.
      await until(`namespace ${namespace}`, async () => { await registerSearchAttributes(common.connection as Connection, namespace); return true; }, 30_000);
      await common.connection.close();
    }
    const client = await openClient({ ...temporal, namespace }, { dataConverter: { payloadConverterPath: payloadConverterPath() }, identity: 'test' });
    return new World(ground, server, name, home, namespace, client);
  }

  worker(options: WorkerOptions = {}): WorkerProcess {
    const worker = new WorkerProcess(this, options);
    this.workers.push(worker);
    worker.start();
    return worker;
  }

  place(id: string): { readonly id: string; readonly flags: string; readonly outside: Place } { return { id, flags: this.flags, outside: this.outside }; }

  async start(plan: string): Promise<Rollout> {
    const document = parse(plan) as { rollout: string };
    const rollout = new Rollout(this, document.rollout);
    // Repeated when its answer was lost: the same request id starts one workflow.
    await this.client.workflow.start('rollout', { workflowId: rolloutWorkflowId(document.rollout), taskQueue, args: [document, { startedBy: { by: 'ann' } }] });
    return rollout;
  }

  /** Points that a strike killed a worker at, in order of time. */
  struck(): readonly { readonly point: string; readonly at: number; readonly pid: number }[] {
    return readdirSync(this.struckDir).filter((name) => name.startsWith('struck-')).map((name) => JSON.parse(readFileSync(join(this.struckDir, name), 'utf8')) as { point: string; at: number; pid: number }).sort((a, b) => a.at - b.at);
  }
  points(): readonly { readonly point: string; readonly at: number; readonly pid: number }[] { return lines(join(this.struckDir, 'points.jsonl')); }
  effects(): readonly Effect[] { return lines(join(this.struckDir, 'effects.jsonl')); }

  /** The share of users that get the flag, by evaluating them. */
  async share(): Promise<number> {
    const reading = await createFlagd().read({ id: 'checkout', settings: { file: this.flags, flag: 'new-checkout', by: 'userId' }, writeTimeoutMs: 5_000 }, { signal: AbortSignal.timeout(5_000), key: 'test', keep: () => {} });
    return Number(reading.value);
  }

  async close(): Promise<void> {
    this.outside.heard = null;
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.client.connection.close();
  }

  /** From now on each ask is answered as a healthy rollout wants it, by as many people as it needs: when they are told, or when they look. */
  peopleAnswer(rollout: Rollout, slowly = 3_000): void {
    if (this.people) return;
    this.people = true;
    this.outside.heard = (message) => {
      if (message.ask !== null && message.answers !== null && message.topic === 'ask' && routine(message.ask)) void this.answerAll(rollout, message.ask, message.answers.from.slice(0, message.answers.needs), message.answers.healthy);
    };
    void (async () => {
      while (this.outside.heard !== null) {
        await pause(slowly);
        const asks = (await rollout.status().catch(() => null))?.asks ?? [];
        for (const ask of asks) if (ask.state === 'open' && routine(ask.ask)) await this.answerAll(rollout, ask.ask, ask.from.slice(0, ask.needs), ask.healthy);
      }
    })().catch(() => undefined);
  }

  private async answerAll(rollout: Rollout, ask: string, from: readonly string[], value: string | number): Promise<void> {
    if (this.answering.has(ask)) return;
    this.answering.add(ask);
    for (const by of from) await rollout.command('answer', { by, ask, value }, 60_000).catch(() => { this.answering.delete(ask); });
  }
}

/** Everyday questions; whether to roll back, try again or adopt is for the test to answer. */
const routine = (ask: string): boolean => !/\/(rollback|retry|drift)(\/|$)/.test(ask);

/** One rollout seen by a client. */
export class Rollout {
  private commands = 0;
  constructor(readonly world: World, readonly id: string) {}
  get handle() { return this.world.client.workflow.getHandle(rolloutWorkflowId(this.id)); }

  /** @throws when no worker answers within 3 s */
  status(): Promise<Status> { return this.world.client.withDeadline(Date.now() + 3_000, () => this.handle.query<Status>('status')); }

  /** Gives a command, again and again under one id until it is answered. @throws the refusal */
  async command(name: CommandName, payload: Readonly<Record<string, unknown>> & { readonly by: string }, limitMs = 20_000): Promise<CommandResult> {
    const updateId = `test-${name}-${++this.commands}`;
    const end = Date.now() + limitMs;
    for (;;) {
      try {
        return await this.world.client.withDeadline(Date.now() + Math.min(5_000, Math.max(500, end - Date.now())), () => this.handle.executeUpdate<CommandResult, [unknown]>(name, { args: [payload], updateId }));
      } catch (error) {
        if ((error as { name?: string }).name === 'WorkflowUpdateFailedError' && !JSON.stringify((error as { cause?: unknown }).cause ?? '').includes('NOT_READY')) throw error;
        if (Date.now() > end) throw error;
        await pause(100);
      }
    }
  }

  /** Waits until its status answers the condition; a rollout nobody answers for is asked again. */
  async untilStatus(what: string, condition: (status: Status) => boolean, limitMs = 30_000): Promise<Status> {
    let last: Status | null = null;
    await until(`${this.id}: ${what}`, async () => condition(last = await this.status()), limitMs, 100, () => (last === null ? 'never answered' : `${last.state} ${last.phase} soak ${JSON.stringify(last.soak)} holds ${JSON.stringify(last.holds.map((hold) => hold.message))} open asks ${last.asks.filter((ask: AskView) => ask.state === 'open').map((ask) => ask.ask).join()}`));
    return last!;
  }

  /** Waits for its end and collects what came of it. A rollout that failed throws what it failed with. */
  async ended(limitMs = 60_000): Promise<Outcome> {
    const end = Date.now() + limitMs;
    for (;;) {
      try {
        return await this.outcome(await this.world.client.withDeadline(Math.min(end, Date.now() + 10_000), () => this.handle.result() as Promise<Status>));
      } catch (error) {
        if (error instanceof WorkflowFailedError) throw error;
        if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain for the end of ${this.id} in ${this.world.home}: ${String(error)}; ${JSON.stringify(await this.status().catch((e: unknown) => String(e))).slice(0, 1500)}`);
        await pause(100);
      }
    }
  }

  async outcome(status: Status): Promise<Outcome> {
    const { world } = this;
    const journal = await openJournal(`sqlite:${join(world.home, 'journal.db')}`);
    try {
      return { status, entries: await journal.entries(this.id, 1, 1000), chain: await verifyChain(journal, this.id, status.journalHead), delivered: [...world.outside.delivered], effects: world.effects(), share: await world.share() };
    } finally {
      await journal.close();
    }
  }
}

/** Waits for a named condition. What the condition throws counts as not yet. @throws Error that names it, with what was seen last */
export async function until(what: string, condition: () => boolean | Promise<boolean>, limitMs = 30_000, everyMs = 50, seen: () => string = () => ''): Promise<void> {
  const end = Date.now() + limitMs;
  let trouble: unknown = null;
  for (;;) {
    try { if (await condition()) return; trouble = null; } catch (error) { trouble = error; }
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}. ${seen()} ${trouble === null ? '' : String(trouble)}`);
    await pause(everyMs);
  }
}

/** The pace of asking again; nothing is ever waited for by time alone. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const lines = <T>(file: string): readonly T[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as T) : []);
