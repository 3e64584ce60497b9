// A resolved plan for tests of screens: four waves, five metrics and a person's, 22 days.
import type { Phase, ResolvedMetric, ResolvedPlan } from '../../src/plan/types.js';
import { at } from './fake-cli.js';

const hour = 3_600_000;

function phase(name: string, percent: number, starts: number): Phase {
  return { phase: name, starts, latest: null, preparation: [], enter: [], approval: { id: `${name}/approval`, question: `Go on with ${name}?`, from: ['commander', 'product-manager'], needs: 2, withinMs: 12 * hour, otherwise: 'hold', validMs: 24 * hour }, checks: [], before: [], after: [], moves: [{ target: 'batch-patches', to: percent, shrinks: false }], soak: { ms: 48 * hour, onIssue: 'restart' }, cadenceMs: 600_000, blindAfterMs: 1_200_000, unknownForMs: 1_800_000, leave: [], triggers: [], during: [], rollbackWithinMs: null, stages: [], decision: null };
}
function metric(name: string, unit: string, human = false): ResolvedMetric {
  return { name, provider: human ? 'person' : 'memory', settings: {}, unit, scale: 1, better: 'lower', minSamples: 0, maxAgeMs: hour, whenIdle: 'not-counted', human: human ? { from: ['lead'], question: 'Comfortable?', answers: 'yes-no', scale: null, validMs: 24 * hour, askAheadMs: null } : null, levels: { target: null, warning: null, critical: null }, alerts: null, timeoutMs: 10_000, stepMs: 60_000 };
}

export function planOf(change: Partial<ResolvedPlan> = {}): ResolvedPlan {
  const day1 = at - 60 * hour;
  return {
    schemaVersion: 1, rollout: 'batch-patches-v1', variant: null, description: 'Batch patches for everybody', owner: 'engineering-lead', timezone: 'America/Los_Angeles', people: [], escalation: [], escalateEveryMs: hour, escalationAfterMs: [], incidents: [], starterMayApprove: true,
    channels: { info: [], warning: [], critical: [], emergency: [], asks: [] }, heartbeatUrl: null,
    targets: [{ id: 'batch-patches', provider: 'memory', settings: {}, safer: 'lower', unit: '%', cap: null, unlimited: null, readOnly: false, protected: null, beforeMove: null, approval: null, on: null, writeTimeoutMs: 5_000 }],
    metrics: [metric('comfort', '', true), metric('error_rate', '%'), metric('success_rate', '%'), metric('p99_latency', 'ms'), metric('memory', 'MB'), metric('batches', ''), metric('cpu', '%'), { ...metric('alerts(critical)', ''), alerts: 'critical' }, { ...metric('alerts(warning)', ''), alerts: 'warning' }],
    events: [], baseline: null, triggers: [], invariants: [], invariantWatch: null, preparation: [], day1, launch: null,
    phases: [phase('wave-1', 10, day1), phase('wave-2', 25, day1 + 48 * hour), phase('wave-3', 50, day1 + 96 * hour), phase('wave-4', 100, day1 + 144 * hour)],
    baking: null, standUps: [], hours: null, freezes: [], rollback: { before: [], after: [], withinMs: 30_000, settleMs: 0, verify: [], verifyWithinMs: 60_000, ladder: [] }, grades: [], reviews: [], followUps: [], completion: null, startsOnlyBy: [],
    nominalEnd: at - 74 * hour + 22 * 24 * hour, ...change,
  };
}
