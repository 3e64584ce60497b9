// The product's own metrics (prom-client), fed by the activities through port.ts and, for what no single worker knows, by the engine's own
// list of open rollouts at each scrape (open-rollouts.ts). Names and labels here are an interface: alerts/ and dashboards rest on them.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Meters } from './port.js';

/** A look later than this is late: the worker or the server does not keep up, or both were away. */
export const lateAfterMs = 1_000;

const minute = 60, hour = 3_600, day = 86_400, week = 604_800;
/** An undo takes a second when all is well, minutes when a target is slow; it never gives up, so it may also take weeks. */
const rollbackSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, minute, 5 * minute, 15 * minute, hour, 6 * hour, day, week, 10 * week];
/** Phases, whole rollouts, asks and holds are of the size of the plan. */
const periodSeconds = [10, minute, 5 * minute, 15 * minute, hour, 4 * hour, 12 * hour, day, 2 * day, week, 2 * week, 4 * week, 10 * week];
const callSeconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMeters(): { readonly meters: Meters; readonly registry: Registry } {
  const registry = new Registry();
  const registers = [registry];
  const looks = new Counter({ name: 'tidegate_looks_total', help: 'Evaluations of a watch.', labelNames: ['rollout'], registers });
  const lateLooks = new Counter({ name: 'tidegate_late_looks_total', help: `Evaluations more than ${lateAfterMs} ms after they were due: overload, or a blind stretch.`, labelNames: ['rollout'], registers });
  const lateness = new Histogram({ name: 'tidegate_look_lateness_seconds', help: 'How long after its due time an evaluation began.', buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, minute, 5 * minute, hour, day], registers });
  const lookTime = new Histogram({ name: 'tidegate_look_duration_seconds', help: 'How long one evaluation took.', buckets: callSeconds, registers });
  const lastLook = new Gauge({ name: 'tidegate_last_evaluation_timestamp_seconds', help: 'When the rollout was last evaluated by this worker.', labelNames: ['rollout'], registers });
  const nextLook = new Gauge({ name: 'tidegate_next_evaluation_timestamp_seconds', help: 'When the evaluation after that one is due.', labelNames: ['rollout'], registers });
  const verdicts = new Counter({ name: 'tidegate_verdicts_total', help: 'Verdicts on single conditions.', labelNames: ['rollout', 'phase', 'verdict'], registers });
  const states = new Counter({ name: 'tidegate_state_changes_total', help: 'Entries into a state.', labelNames: ['rollout', 'state'], registers });
  const openAsks = new Gauge({ name: 'tidegate_open_asks', help: 'Questions that wait for a person, as this worker last knew.', labelNames: ['rollout'], registers });
  const oldestAsk = new Gauge({ name: 'tidegate_oldest_open_ask_timestamp_seconds', help: 'When the oldest of them was asked.', labelNames: ['rollout'], registers });
  const asksAt = new Gauge({ name: 'tidegate_asks_observed_timestamp_seconds', help: 'When this worker last knew: of several workers believe the newest.', labelNames: ['rollout'], registers });
  const unsent = new Gauge({ name: 'tidegate_unsent', help: 'What the workflow holds back until it can be written or delivered.', labelNames: ['rollout', 'outbox'], registers });
  const unsentAt = new Gauge({ name: 'tidegate_unsent_observed_timestamp_seconds', help: 'When this worker last knew: of several workers believe the newest.', labelNames: ['rollout'], registers });
  const rollbackTime = new Histogram({ name: 'tidegate_rollback_duration_seconds', help: 'From the decision to the last target read back as undone.', labelNames: ['outcome'], buckets: rollbackSeconds, registers });
  const incomplete = new Counter({ name: 'tidegate_rollbacks_incomplete_total', help: 'Rollbacks that left something behind.', labelNames: ['rollout'], registers });
  const writes = new Counter({ name: 'tidegate_target_writes_total', help: 'Writes to targets by how they ended.', labelNames: ['provider', 'direction', 'result'], registers });
  const writeTime = new Histogram({ name: 'tidegate_target_write_duration_seconds', help: 'How long a write took.', labelNames: ['provider', 'direction'], buckets: callSeconds, registers });
  const periods = new Histogram({ name: 'tidegate_period_duration_seconds', help: 'How long whole phases, rollouts, asks and holds took.', labelNames: ['what'], buckets: periodSeconds, registers });
  const messages = new Counter({ name: 'tidegate_messages_total', help: 'Delivery attempts to channels by how they ended.', labelNames: ['channel', 'result'], registers });
  const inbound = new Counter({ name: 'tidegate_inbound_requests_total', help: 'Requests to the inbound listener by how they ended.', labelNames: ['route', 'result'], registers });
  const inboundAlerts = new Counter({ name: 'tidegate_inbound_alerts_total', help: 'Single alerts of Alertmanager by what became of them.', labelNames: ['result'], registers });

  const forget = (rollout: string): void => {
    for (const gauge of [lastLook, nextLook, openAsks, oldestAsk, asksAt, unsentAt]) gauge.remove({ rollout });
    for (const outbox of ['journal', 'messages']) unsent.remove({ rollout, outbox });
  };
  return {
    registry,
    meters: {
      observeLook({ rollout, phase, asOf, dueAt, nextDueAt, tookMs, verdicts: judged }) {
        looks.inc({ rollout });
        const lateMs = dueAt === null ? 0 : Math.max(0, asOf - dueAt);
        lateness.observe(lateMs / 1_000);
        // inc by 0 makes the series exist, so that a first late look is an increase and not a birth.
        lateLooks.inc({ rollout }, lateMs > lateAfterMs ? 1 : 0);
        lookTime.observe(tookMs / 1_000);
        lastLook.set({ rollout }, asOf / 1_000);
        if (nextDueAt === null) nextLook.remove({ rollout });
        else nextLook.set({ rollout }, nextDueAt / 1_000);
        for (const one of judged) verdicts.inc({ rollout, phase: phase ?? '', verdict: one.verdict });
      },
      observeState({ rollout, state }) {
        states.inc({ rollout, state });
        if (isFinal(state)) forget(rollout);
      },
      observeAsks({ rollout, open, oldestAskedAt, at }) {
        openAsks.set({ rollout }, open);
        if (oldestAskedAt === null) oldestAsk.remove({ rollout });
        else oldestAsk.set({ rollout }, oldestAskedAt / 1_000);
        asksAt.set({ rollout }, at / 1_000);
      },
      observeUnsent({ rollout, journal, messages: waiting, at }) {
        unsent.set({ rollout, outbox: 'journal' }, journal);
        unsent.set({ rollout, outbox: 'messages' }, waiting);
        unsentAt.set({ rollout }, at / 1_000);
      },
      observeRollback({ rollout, decidedAt, readBackAt, outcome }) {
        if (readBackAt !== null) rollbackTime.observe({ outcome }, Math.max(0, readBackAt - decidedAt) / 1_000);
        incomplete.inc({ rollout }, outcome === 'rollback-incomplete' ? 1 : 0);
      },
      observeWrite({ provider, direction, result, tookMs }) {
        writes.inc({ provider, direction, result });
        writeTime.observe({ provider, direction }, tookMs / 1_000);
      },
      observePeriod: ({ what, tookMs }) => periods.observe({ what }, tookMs / 1_000),
      observeMessage: ({ channel, result }) => messages.inc({ channel, result }),
      observeInbound: ({ route, result }) => inbound.inc({ route, result }),
      observeInboundAlert: ({ result }) => inboundAlerts.inc({ result }),
      forget,
    },
  };
}

function isFinal(state: string): boolean {
  return state === 'completed' || state === 'rolled-back' || state === 'rollback-incomplete' || state === 'stopped' || state === 'failed';
}
