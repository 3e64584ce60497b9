// A rehearsal: the same workflow, the same plan, the same judgement, on a clock that skips. Weeks pass in seconds; what the world does is in
// rehearsal/world.ts, what a scenario injects in rehearsal/scenario.ts. Used by `tidegate rehearse`, the tests and the bench.
import { activityInfo } from '@temporalio/activity';
import type { ConnectionOptions } from '@temporalio/client';
import { DateTime } from 'luxon';
import { parse as parseYaml } from 'yaml';
import { readFileSync } from 'node:fs';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { EpochMs, Ms, Verdict } from '../judgement/types.js';
import { providerSchemas } from './provider-schemas.js';
import { FinalError, TidegateError } from '../errors.js';
import { noMeters } from '../metrics/port.js';
import { filledDocument, parsePlan, printProblem, reviewDates } from '../plan/index.js';
import type { ResolvedPlan, TargetValue } from '../plan/types.js';
import type { JournalStore, StoredEntry } from '../journal/port.js';
import type { Message } from '../channels/port.js';
import { hostQueue, searchAttributes, taskQueue, type AskView, type MoveView, type Status } from '../../workflows/messages.js';
import type { Ports } from '../../activities/ports.js';
import type { Activities, NotifyResult, WatchHeartbeat } from '../../activities/types.js';
import { healthy, parseScenario } from './rehearsal/scenario.js';
import { heard, watchTheClock } from './rehearsal/moving.js';
import { World, curtainId } from './rehearsal/world.js';
import { bundlePath, payloadConverterPath } from './bundles.js';

export interface RehearsalOptions {
  readonly file: string;
  readonly scenario?: { readonly text: string; readonly file: string } | null;
  readonly vars?: Readonly<Record<string, string>>;
  readonly day1?: string | null;
  readonly launch?: string | null;
  readonly cadenceMs?: Ms | null;
  /** so many times as fast as planned */
  readonly pace?: number;
  /** default: the nominal length and 60 days more */
  readonly untilMs?: Ms | null;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly progress?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** test hooks: full replay at every task; continue-as-new after so many events */
  readonly cachedWorkflows?: number;
  readonly maxHistoryEvents?: number;
  /** hears every entry of the record as it is written: progress of a long rehearsal */
  readonly onEntry?: (entry: { readonly at: EpochMs; readonly kind: string; readonly phase: string | null; readonly text: string }) => void;
  /** test hook: activities that are slower, or fail */
  readonly around?: (activities: Activities) => Activities;
  /** hands the whole history of the rollout out, for replay tests */
  readonly keepHistory?: boolean;
}

export interface CalendarLine { readonly at: EpochMs; readonly kind: string; readonly phase: string | null; readonly actor: string; readonly text: string }
export interface Rehearsal {
  readonly rollout: string;
  /** the one rehearsed; null: the plan has none */
  readonly variant: string | null;
  /** a final state, or `held` / `waiting` when `until` was reached */
  readonly outcome: Status['state'] | 'waiting';
  /** the last grade reached; null: none */
  readonly grade: string | null;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly timezone: string;
  readonly phases: readonly { readonly phase: string; readonly startedAt: EpochMs | null; readonly movedAt: EpochMs | null; readonly endedAt: EpochMs | null; readonly cleanMs: Ms; readonly restarts: number; readonly targets: Readonly<Record<string, TargetValue>>; readonly verdicts: readonly Verdict[] }[];
  readonly baking: { readonly startedAt: EpochMs | null; readonly endedAt: EpochMs | null; readonly cleanMs: Ms; readonly restarts: number } | null;
  readonly grades: Status['grades'];
  readonly asks: readonly AskView[];
  readonly moves: readonly MoveView[];
  readonly messages: readonly Message[];
  readonly evaluations: number;
  /** how often it was begun: the test server had lost track of the ones before */
  readonly attempts: number;
  readonly calendar: readonly CalendarLine[];
  /** targets as the rehearsed world has them at the end */
  readonly targets: Readonly<Record<string, TargetValue>>;
  readonly status: Status;
  readonly entries: readonly StoredEntry[];
  readonly historyEvents: number;
  readonly history: unknown;
}

const shown = new Set(['started', 'phase', 'ask', 'answer', 'moved', 'move-failed', 'undo', 'undone', 'verified', 'decision', 'hold', 'hold-ended', 'issue', 'event', 'drift', 'stand-up', 'command', 'step-failed', 'step-undone', 'ladder', 'grade', 'baseline', 'reviews', 'follow-up', 'incident', 'called', 'acknowledged', 'incident-over', 'amended', 'ended', 'review']);

/** @throws FinalError PLAN_INVALID, LAUNCH_TOO_SOON, SCENARIO_INVALID, BINARY_NOT_FOUND; TransientError REHEARSAL_STUCK; TestServer errors when it cannot be started */
export async function rehearse(planText: string, options: RehearsalOptions): Promise<Rehearsal> {
  const env = options.env ?? process.env;
  const progress = options.progress ?? (() => {});
  for (let attempt = 1; ; attempt++) {
    // One server a rehearsal: what an attempt under way or an unread task leaves behind would hold the clock of the next.
    const environment = await openEnvironment(progress);
    try {
      return { ...await carryOut(planText, options, env, environment, progress), attempts: attempt };
    } catch (error) {
      if (attempt === mostAttempts || !(error instanceof TidegateError && error.code === 'REHEARSAL_STUCK')) throw error;
      progress(`${error.fields.what} Rehearsing from the beginning.`);
    } finally {
      await environment.teardown();
    }
  }
}
/** The test server loses track once in some thousand rehearsals. */
const mostAttempts = 3;

/** The time-skipping server, found or fetched; also for what the bench compares a rehearsal with. */
export async function openEnvironment(progress: (line: string) => void = () => {}): Promise<TestWorkflowEnvironment> {
  const [{ TestWorkflowEnvironment }, { locate }] = await Promise.all([import('@temporalio/testing'), import('./binaries.js')]);
  await quietRuntime();
  const { clientInterceptors } = await import('./connection.js');
  const { path } = await locate('test-server', { report: progress });
  // A call that is still being repeated when the server goes ends quietly.
  const quietly = { name: 'ends-after-close', configureConnection: (options: ConnectionOptions): ConnectionOptions => ({ ...options, interceptors: clientInterceptors() }) };
  const environment = await started(() => TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } }, plugins: [quietly] }), progress);
  // The test server can register search attributes but not list them, so all are registered without looking.
  const keyword = 2;
  await environment.connection.operatorService.addSearchAttributes({ namespace: environment.namespace ?? 'default', searchAttributes: Object.fromEntries(searchAttributes.map((name) => [name, keyword])) });
  return environment;
}

/** The SDK gives the server five seconds, which a busy machine may need to read it from its disk; the next attempt finds it in memory. */
async function started<T>(start: () => Promise<T>, progress: (line: string) => void): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try { return await start(); } catch (error) {
      if (attempt === startAttempts || !/did not start within/.test(String(error))) throw error;
      progress('the test server did not start within five seconds; starting it again');
    }
  }
}
const startAttempts = 5;

/** The SDK's own log would drown the calendar. A process that has a runtime already (a stack, a test) keeps it. */
async function quietRuntime(): Promise<void> {
  const { DefaultLogger, Runtime } = await import('@temporalio/worker');
  try {
    Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } }, shutdownSignals: [] });
  } catch { /* installed before */ }
}

async function carryOut(planText: string, options: RehearsalOptions, env: Readonly<Record<string, string | undefined>>, environment: TestWorkflowEnvironment, progress: (line: string) => void): Promise<Omit<Rehearsal, 'attempts'>> {
  const virtualNow = await environment.currentTimeMs();
  const parse: Parse = (day1, starting) => {
    const parsed = parsePlan(planText, { file: options.file, now: virtualNow, env: withSecrets(env), providers: providerSchemas, vars: options.vars ?? {}, day1, launch: options.launch ?? null, starting });
    if (!parsed.ok) throw new FinalError({ code: parsed.problems.every(({ code }) => code === 'LAUNCH_TOO_SOON') ? 'LAUNCH_TOO_SOON' : 'PLAN_INVALID', what: parsed.problems.map((one) => printProblem(one, options.file)).join('\n'), means: 'Nothing was rehearsed.' });
    return parsed;
  };
  const { plan, document, day1, startAt } = beginningOf(planText, parse, options, virtualNow);

  const { Worker } = await import('@temporalio/worker');
  const { openNativeConnection } = await import('./connection.js');
  const { createActivities } = await import('../../activities/index.js');
  const { findOut, paced } = await import('../../activities/check.js');
  const { failing } = await import('../../activities/failure.js');
  const { watch } = await import('../../activities/watch.js');
  const { quietFor } = await import('../../activities/notify.js');
  const { openJournal } = await import('../journal/store.js');
  const { enginePort } = await import('./engine-port.js');
  const scenario = options.scenario == null ? healthy : parseScenario(options.scenario.text, options.scenario.file);
  const workflowId = `rollout/${plan.rollout}`;
  const journal = await openJournal(':memory:');
  const now = (): Promise<EpochMs> => environment.currentTimeMs();
  const world = new World(plan, scenario, startAt, workflowId, environment.client, now, options.scenario?.file ?? 'scenario');
  const engine = enginePort(environment.client);
  const reviews: CalendarLine[] = [];
  const ports: Ports = {
    clock: { now, after: (asOf) => asOf }, providers: providerSchemas, target: (name) => world.target(name), source: (name) => world.source(name),
    channel: () => { throw new Error('rehearsed messages reach people directly'); },
    runCommand: async (name, settings) => world.command(name, typeof settings.run === 'string' ? settings.run : settings.run.join(' ')),
    environment: () => { throw new Error('a rehearsed environment is as the scenario says'); },
    journal: rehearsed(journal), meters: noMeters, env: withSecrets(env), ping: () => {},
    engine: {
      ...engine,
      // The test server has no schedules; the calendar shows the dates that they would have.
      scheduleReviews: async (input) => {
        for (const review of input.reviews) for (const at of reviewDates(input, review, input.endedAt, 3)) reviews.push({ at, kind: 'review', phase: null, actor: review.who.join(', '), text: `${review.title}: ${review.tasks.join('; ')}` });
        return input.reviews.map((review) => `review/${input.rollout}/${review.id}`);
      },
    },
  };
  const activities = createActivities(ports);
  const rehearsedActivities = {
    ...activities,
    watch: failing(watch({ ...ports, clock: { ...ports.clock, now: () => timeOfLook(now) } })),
    check: paced((input) => (input.check.kind === 'holds' ? findOut(ports, input) : world.check(input.name))),
    disturb: async ({ target, to }: { target: string; to: number | string }) => world.put(target, to, await now()),
    record: async (input: Parameters<typeof activities.record>[0]) => { for (const entry of input.entries) options.onEntry?.(entry); return activities.record(input); },
    // Whatever the channels are, people hear it: when the first channel does that is not quiet at that hour.
    notify: async (input: Parameters<typeof activities.notify>[0]) => {
      const failed: NotifyResult['failed'][number][] = [];
      for (const { message, channels } of input.items) {
        const waits = input.now === true ? [] : await Promise.all(channels.map((channel) => quietFor(ports.clock, channel, message)));
        const quiet = waits.filter((ms) => ms !== null);
        if (quiet.length > 0 && quiet.length === channels.length) failed.push({ key: message.key, channels, why: 'quiet hours', final: false, retryAfterMs: Math.min(...quiet), quiet: true });
      }
      await world.tell(input.items.map((item) => item.message).filter((message) => failed.every((one) => one.key !== message.key)));
      return { failed };
    },
    release: async (input: Parameters<typeof activities.release>[0]) => { await activities.release(input); await world.end(); },
  };

  const { activities: played, quiet } = heard({ ...rehearsedActivities, ...options.around?.(rehearsedActivities) });
  const namespace = environment.namespace ?? 'default';
  const connection = await openNativeConnection({ address: environment.address, addressFrom: 'home', namespace, connection: {} });
  const worker = await Worker.create({
    connection, namespace, taskQueue, activities: played, workflowBundle: { codePath: bundlePath('rehearsal') }, dataConverter: { payloadConverterPath: payloadConverterPath() },
    maxCachedWorkflows: options.cachedWorkflows ?? 100, stickyQueueScheduleToStartTimeout: 10_000,
  });
  const hosts = await Promise.all(hostsOf(plan).map((host) => Worker.create({ connection, namespace, taskQueue: hostQueue(host), activities: played, dataConverter: { payloadConverterPath: payloadConverterPath() } })));
  const workers = [worker, ...hosts];
  const running = Promise.all(workers.map((one) => one.run()));
  const interrupted = new Promise<never>((_, reject) => {
    const end = (): void => reject(new FinalError({ code: 'INTERRUPTED', what: 'the rehearsal was interrupted.' }));
    if (options.signal?.aborted === true) end(); else options.signal?.addEventListener('abort', end, { once: true });
  });
  interrupted.catch(() => { /* whoever waits hears it */ });
  // What waits for the curtain lets go of the server before it goes.
  let clear = async (): Promise<void> => {};
  try {
    if (startAt > virtualNow) await Promise.race([environment.sleep(startAt - virtualNow), interrupted]);
    const untilMs = options.untilMs ?? plan.nominalEnd - startAt + 60 * 86_400_000;
    progress(`rehearsing ${plan.rollout} from ${new Date(startAt).toISOString()}`);
    const curtain = await environment.client.workflow.start('curtain', { taskQueue, workflowId: curtainId(workflowId), args: [{ untilMs }] });
    const handle = await environment.client.workflow.start('rollout', {
      taskQueue, workflowId,
      args: [document, { ...(day1 === null ? {} : { day1 }), ...(options.launch == null ? {} : { launch: options.launch }), vars: options.vars ?? {}, startedBy: { by: plan.startsOnlyBy[0] ?? plan.owner, host: 'rehearsal', osUser: 'rehearsal' }, ...(options.cadenceMs == null ? {} : { cadenceMs: options.cadenceMs }), ...(options.pace === undefined ? {} : { pace: options.pace }), ...(options.maxHistoryEvents === undefined ? {} : { maxHistoryEvents: options.maxHistoryEvents }) }],
    });
    await world.launch();
    // Waiting for the curtain is what lets the clock skip.
    const fallen = curtain.result();
    const clock = watchTheClock(now, () => quiet() && workers.every((one) => one.getStatus().numInFlightWorkflowActivations === 0));
    clear = async () => { clock.stop(); await Promise.race([Promise.allSettled([curtain.terminate(), fallen]), new Promise((resolve) => { setTimeout(resolve, clearMs).unref(); })]); };
    const ended = (await Promise.race([fallen, interrupted, clock.stuck])) === 'ended';
    clock.stop();
    if (!ended && (await handle.describe()).status.name === 'FAILED') throw refused(await handle.result().then(() => null, (error: unknown) => error));
    const status = (ended ? await handle.result() : await handle.query('status')) as Status;
    const endedAt = ended ? status.updatedAt : await now();
    const history = options.keepHistory === true ? await handle.fetchHistory() : null;
    const historyEvents = Number((await handle.describe()).historyLength);
    const entries = await allEntries(journal, plan.rollout);
    return reportOf({ plan, status, ended, startAt, endedAt, entries, world, reviews, history, historyEvents });
  } finally {
    await clear();
    for (const one of workers) one.shutdown();
    await running;
    await connection.close();
    await journal.close();
  }
}

/** What waits for a server that answers no more is not waited for. */
const clearMs: Ms = 5_000;

type Parse = (day1: string | null, starting: boolean) => { readonly plan: ResolvedPlan; readonly beforeLaunchMs: Ms };
const minute: Ms = 60_000;

/** When the rehearsed rollout is started: early enough for all that comes before day 1 and before the launch; a launch that is fixed is not moved. */
function beginningOf(planText: string, parse: Parse, options: RehearsalOptions, virtualNow: EpochMs): { readonly plan: ResolvedPlan; readonly document: unknown; /** null: it follows from the launch */ readonly day1: string | null; readonly startAt: EpochMs } {
  const document = parseYaml(planText) as unknown;
  const { launch: planned } = filledDocument(document, options.vars ?? {}) as { readonly launch?: unknown };
  const wanted = options.launch ?? (typeof planned === 'string' && !/^\s*day\b/.test(planned) ? planned : null);
  const first = parse(options.day1 ?? null, wanted !== null);
  const { plan: { day1: midnight, launch, preparation, timezone }, beforeLaunchMs } = first;
  const begins = Math.min(midnight, ...preparation.map((item) => item.askAt ?? midnight), launch === null ? midnight : launch - beforeLaunchMs - minute);
  if (wanted !== null) return { plan: first.plan, document, day1: options.day1 ?? null, startAt: wanted.trim() === 'now' ? virtualNow : Math.max(virtualNow, begins) };

  const leadMs = midnight - begins;
  const day1 = options.day1 ?? DateTime.fromMillis(virtualNow + leadMs, { zone: timezone }).plus({ days: 1 }).toISODate()!;
  const { plan } = parse(day1, false);
  const startAt = plan.day1 - leadMs;
  if (startAt < virtualNow) throw new FinalError({ code: 'DAY_1_PAST', what: `day 1 is ${day1}, and its preparation would have begun before now.`, means: 'Nothing was rehearsed.', todo: 'Rehearse with a later --day-1.' });
  return { plan, document, day1, startAt };
}

/**
 * The time of a look, without asking the server, which takes as long as the look itself. An attempt is stamped with the end of the one before;
 * the look comes later by the wait that the one before asked for. After an attempt that was cut off the wait was another: then the server says.
 */
async function timeOfLook(asked: () => Promise<EpochMs>): Promise<EpochMs> {
  const { attempt, scheduledTimestampMs, currentAttemptScheduledTimestampMs, heartbeatDetails } = activityInfo();
  if (attempt === 1) return scheduledTimestampMs;
  const heart = heartbeatDetails as WatchHeartbeat | undefined;
  if (heart === undefined) return asked();
  const at = currentAttemptScheduledTimestampMs + heart.dueAt - (heart.memory.asOf ?? 0);
  return Math.abs(at - heart.dueAt) < 1_000 ? at : asked();
}

/** A rollout that was refused at its start says why. */
function refused(error: unknown): unknown {
  const cause = (error as { readonly cause?: { readonly type?: string; readonly message?: string } } | null)?.cause;
  return cause?.type === undefined ? error : new FinalError({ code: cause.type, what: cause.message ?? '', means: 'The rollout would be refused at its start.' });
}

/** The hosts that the plan names: each has a worker here, as it has in the world. */
function hostsOf(plan: ResolvedPlan): string[] {
  const hosts = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { on } = value as { readonly on?: unknown };
    if (typeof on === 'string' && ('run' in value || 'writeTimeoutMs' in value)) hosts.add(on);
    for (const one of Object.values(value)) walk(one);
  };
  walk(plan);
  return [...hosts];
}

/** A rehearsal needs no secret: whatever the plan refers to is there, and is never used. */
function withSecrets(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string | undefined>> {
  return new Proxy(env as Record<string, string | undefined>, { get: (own, name) => (typeof name === 'string' ? own[name] ?? 'rehearsed' : undefined), has: () => true });
}

/** Raw samples of a rehearsal are of no use to anybody, and nobody rolls it back from outside, for which every look would ask; all else is as ever. */
function rehearsed(journal: JournalStore): JournalStore {
  const own: Partial<JournalStore> = { addSamples: async () => {}, offline: async () => null };
  return new Proxy(journal, { get: (store, name) => own[name as keyof JournalStore] ?? (store[name as keyof JournalStore] as (...args: never[]) => unknown).bind(store) });
}

async function allEntries(journal: { entries(rollout: string, from: number, limit: number): Promise<readonly StoredEntry[]> }, rollout: string): Promise<StoredEntry[]> {
  const all: StoredEntry[] = [];
  for (;;) {
    const page = await journal.entries(rollout, (all.at(-1)?.seq ?? 0) + 1, 1000);
    all.push(...page);
    if (page.length < 1000) return all;
  }
}

function reportOf(made: { plan: ResolvedPlan; status: Status; ended: boolean; startAt: EpochMs; endedAt: EpochMs; entries: readonly StoredEntry[]; world: World; reviews: readonly CalendarLine[]; history: unknown; historyEvents: number }): Omit<Rehearsal, 'attempts'> {
  const { plan, status, ended, startAt, endedAt, entries, world, reviews } = made;
  const baking = entries.filter((entry) => entry.kind === 'phase' && entry.phase === 'baking');
  const bakingDetail = baking.at(-1)?.detail as { cleanMs?: number; restarts?: number } | undefined;
  const launched: CalendarLine[] = status.launch === null || status.launch > endedAt ? [] : [{ at: status.launch, kind: 'launch', phase: null, actor: 'plan', text: 'launch' }];
  return {
    rollout: status.rollout, variant: status.variant, outcome: ended ? status.state : status.state === 'held' || status.state === 'paused' ? 'held' : 'waiting', grade: status.grades.filter((one) => one.reached).at(-1)?.grade ?? null,
    startedAt: startAt, endedAt, timezone: plan.timezone,
    phases: status.phases.map(({ phase, startedAt, movedAt, endedAt: phaseEnd, cleanMs, restarts, targets, verdicts }) => ({ phase, startedAt, movedAt, endedAt: phaseEnd, cleanMs, restarts, targets, verdicts })),
    baking: plan.baking === null ? null : { startedAt: baking[0]?.at ?? null, endedAt: baking.length > 1 ? baking.at(-1)!.at : null, cleanMs: bakingDetail?.cleanMs ?? 0, restarts: bakingDetail?.restarts ?? 0 },
    grades: status.grades, asks: status.asks, moves: status.moves, messages: world.messages, evaluations: status.evaluations,
    calendar: [...entries.filter((entry) => shown.has(entry.kind)).map(({ at, kind, phase, actor, text }) => ({ at, kind, phase, actor, text })), ...launched, ...reviews].sort((a, b) => a.at - b.at),
    targets: Object.fromEntries(world.values), status, entries, historyEvents: made.historyEvents, history: made.history,
  };
}

/** A scenario or plan from disk, for tests and the bench. */
export const readText = (path: string): string => readFileSync(path, 'utf8');
