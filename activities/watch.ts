// watch: one attempt is one look. A healthy look throws a benign failure that names the next one (so the watch costs six history events a
// window at any cadence and holds no worker slot between looks); something changed, or the window ended: it returns. Its memory rides in
// the heartbeat details, which survive retries, a dead worker and a restarted server. Judgement itself is pure: src/judgement.
import { ApplicationFailure, Context, activityInfo } from '@temporalio/activity';
import { askFrom, look, packMemory, unpackMemory } from '../src/judgement/index.js';
import type { EpochMs, Series } from '../src/judgement/types.js';
import type { LookResult } from '../src/judgement/look-types.js';
import type { OfflineRollback } from '../src/journal/port.js';
import { abortAfter } from './failure.js';
import { measure } from './measure.js';
import type { Ports } from './ports.js';
import { readForDrift } from './read-target.js';
import type { DriftFound, WatchHeartbeat, WatchInput, WatchReport, WatchWhy } from './types.js';

/** A watch hands its changes over when so many have gathered; more would make the heartbeat heavy. */
const maxChanges = 40;
/** Targets are read for drift at each look, but not more often than this. */
const driftEveryMs = 5_000;

export const watch = (ports: Ports) => async (input: WatchInput): Promise<WatchReport> => {
  const heart = activityInfo().heartbeatDetails as WatchHeartbeat | undefined;
  const left = heart?.memory ?? input.memory;
  const memory = left === null ? null : unpackMemory(left);
  const asOf = await ports.clock.now();
  const dueAt = heart?.dueAt ?? asOf;
  const startedAt = performance.now();
  const observe = (nextDueAt: EpochMs | null): void => ports.meters.observeLook({ rollout: input.rollout, phase: input.phase, asOf, dueAt: heart?.dueAt ?? null, nextDueAt, tookMs: performance.now() - startedAt, verdicts: result.verdicts });

  const signal = abortAfter(25_000);
  const driftDue = asOf - (heart?.driftAt ?? 0) >= driftEveryMs;
  const [series, drift, offline] = await Promise.all([
    Promise.all(input.rules.metrics.map((traits) => seriesOf(ports, input, traits.name, askFrom(memory, input.rules, traits.name, asOf), asOf, signal))),
    driftDue ? readForDrift(ports, input.targets, signal) : [],
    offlineRollback(ports, input.rollout),
  ]);
  const result = look(memory, input.rules, { asOf, series, events: input.events });

  void ports.journal.addSamples(input.rollout, series.flatMap((one) => one.points.map((point) => ({ metric: one.metric, point })))).catch(() => {
    // Raw samples are best effort by contract; the verdicts that rest on them are in the chain.
  });
  if (input.heartbeatUrl !== null) ports.ping(input.heartbeatUrl);

  const why = whyReturn(input, result, drift, offline, asOf);
  if (why.length > 0) { observe(null); return reportOf(why, result, drift, offline); }

  // By an absolute schedule, so that a slow look does not stretch the cadence; a look that came too late starts a new schedule.
  const now = ports.clock.after(asOf);
  const wanted = Math.min(dueAt + result.comeBackInMs, input.until);
  const nextDue = wanted > now ? wanted : Math.min(now + result.comeBackInMs, Math.max(input.until, now));
  const line = lineOf(input, result, asOf);
  observe(nextDue);
  Context.current().heartbeat({ memory: packMemory(result.memory, true), driftAt: driftDue ? asOf : (heart?.driftAt ?? 0), line, dueAt: nextDue } satisfies WatchHeartbeat);
  const failure = ApplicationFailure.create({ type: 'StillWatching', category: 'BENIGN', message: line, nextRetryDelay: Math.max(1, nextDue - now) });
  // Nothing went wrong: a stack would be formatted, sent and kept at every look to say so.
  failure.stack = '';
  throw failure;
};

async function seriesOf(ports: Ports, input: WatchInput, name: string, from: EpochMs, asOf: EpochMs, signal: AbortSignal): Promise<Series> {
  const given = input.given[name];
  if (given !== undefined) return { metric: name, points: [{ at: given.at, measurement: { kind: 'value', value: given.value, ...(given.by === undefined ? {} : { by: given.by }), ...(given.note === undefined ? {} : { detail: given.note }) } }] };
  const metric = input.metrics.find((one) => one.name === name);
  // At the beginning of time: an answer that is on its way was given before this look, and must not come out as older than its absence.
  if (metric === undefined || metric.human !== null) return { metric: name, points: [{ at: 0, measurement: { kind: 'noData', detail: 'nobody has answered yet' } }] };
  return measure(ports, metric, from, asOf, signal);
}

/** A rollback done without Temporal is adopted when the rollout is back. An unreadable journal says nothing about it: the next look asks again. */
async function offlineRollback(ports: Ports, rollout: string): Promise<OfflineRollback | null> {
  try { return await ports.journal.offline(rollout); } catch { return null; }
}

function whyReturn(input: WatchInput, result: LookResult, drift: readonly DriftFound[], offline: OfflineRollback | null, asOf: EpochMs): WatchWhy[] {
  const { known } = input;
  const why: WatchWhy[] = [];
  if (offline !== null) why.push('offline');
  if (result.fired.length > 0) why.push('fired');
  if (result.cleared.length > 0) why.push('cleared');
  if (result.blindBreaches.length > 0) why.push('blind-breach');
  if (result.unwatched !== null) why.push('unwatched');
  if (result.gates.invariant !== known.invariant && (known.invariant !== null || result.gates.invariant === 'fail')) why.push('invariant');
  if (drift.some((found) => !known.drift.includes(found.target))) why.push('drift');
  if (result.unknownTooLong && !known.unknown) why.push('unknown');
  if (known.unknown && result.memory.unknownSince === null) why.push('known');
  if (judges(input, 'enter') && result.gates.enter !== known.enter) why.push('gate');
  if (input.rules.soak !== null && result.soaked && (!known.soaked || result.gates.leave !== known.leave)) why.push('soaked');
  if (result.memory.changes.length >= maxChanges) why.push('changes');
  if (asOf >= input.until) why.push('window');
  if (input.lookNow) why.push('look');
  return why;
}

const judges = (input: WatchInput, role: string): boolean => input.rules.conditions.some((one) => one.role === role && one.judged);

function reportOf(why: readonly WatchWhy[], result: LookResult, drift: readonly DriftFound[], offline: OfflineRollback | null): WatchReport {
  return {
    why, asOf: result.memory.asOf ?? 0, memory: packMemory({ ...result.memory, changes: [] }, false), verdicts: result.verdicts, changes: result.memory.changes, fired: result.fired, cleared: result.cleared,
    blindBreaches: result.blindBreaches, gates: result.gates, soaked: result.soaked, unknown: result.memory.unknownSince !== null, drift, offline, ...(result.unwatched === null ? {} : { unwatched: result.unwatched }),
  };
}

/** The last failure message of a pending watch is what the web UI and `temporal workflow describe` show: it is phrased as status. */
function lineOf(input: WatchInput, result: LookResult, asOf: EpochMs): string {
  const bad = result.verdicts.filter((verdict) => verdict.verdict !== 'pass');
  const clean = input.rules.soak === null ? '' : `, ${minutes(result.memory.cleanMs)} of ${minutes(input.rules.soak.neededMs)} clean`;
  const state = bad.length === 0 ? `all ${result.verdicts.length} conditions hold` : bad.slice(0, 3).map((verdict) => verdict.message).join('; ');
  return `${input.phase ?? 'preparing'}: ${state}${clean}; look ${result.memory.looks} at ${new Date(asOf).toISOString()}`;
}

const minutes = (ms: number): string => (ms >= 7_200_000 ? `${(ms / 3_600_000).toFixed(1)} h` : ms >= 120_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1000)} s`);
