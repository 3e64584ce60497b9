// What the product exports about itself: values, buckets, and series that end with their rollout.
import { expect, test } from 'vitest';
import { createMeters } from '../../src/metrics/meters.js';
import { exportOpenRollouts, type OpenRollout } from '../../src/metrics/open-rollouts.js';

const look = { rollout: 'r', phase: 'wave-1', asOf: 100_000, dueAt: 99_900, nextDueAt: 160_000, tookMs: 20, verdicts: [] } as const;
const open = (rollout: string, state: string): OpenRollout => ({ rollout, state, phase: 'wave-1', owner: 'lead', hold: '' });

test('a look more than a second after it was due is counted as late; one that was ordered never is', async () => {
  const { meters, registry } = createMeters();
  meters.observeLook(look);
  expect(await registry.metrics()).toContain('tidegate_late_looks_total{rollout="r"} 0');
  meters.observeLook({ ...look, dueAt: 98_000 });
  meters.observeLook({ ...look, dueAt: null });
  const text = await registry.metrics();
  expect(text).toContain('tidegate_late_looks_total{rollout="r"} 1');
  expect(text).toContain('tidegate_looks_total{rollout="r"} 3');
  expect(text).toContain('tidegate_last_evaluation_timestamp_seconds{rollout="r"} 100');
  expect(text).toContain('tidegate_next_evaluation_timestamp_seconds{rollout="r"} 160');
});

test('durations that may take weeks have buckets up to ten weeks', async () => {
  const { meters, registry } = createMeters();
  const tenWeeks = 70 * 86_400;
  meters.observePeriod({ rollout: 'r', what: 'rollout', tookMs: 69 * 86_400_000 });
  meters.observeRollback({ rollout: 'r', decidedAt: 1_000, readBackAt: 1_700, outcome: 'rolled-back' });
  const text = await registry.metrics();
  expect(text).toContain(`tidegate_period_duration_seconds_bucket{le="${tenWeeks}",what="rollout"} 1`);
  expect(text).toContain(`tidegate_period_duration_seconds_bucket{le="2419200",what="rollout"} 0`);
  expect(text).toContain('tidegate_rollback_duration_seconds_bucket{le="0.5",outcome="rolled-back"} 0');
  expect(text).toContain('tidegate_rollback_duration_seconds_bucket{le="1",outcome="rolled-back"} 1');
  expect(text).toContain(`tidegate_rollback_duration_seconds_bucket{le="${tenWeeks}",outcome="rolled-back"} 1`);
});

test('the gauges of a rollout end with it, so that nothing old looks alive', async () => {
  const { meters, registry } = createMeters();
  meters.observeLook(look);
  meters.observeAsks({ rollout: 'r', open: 2, oldestAskedAt: 50_000, at: 100_000 });
  meters.observeUnsent({ rollout: 'r', journal: 3, messages: 1, at: 100_000 });
  const before = await registry.metrics();
  expect(before).toContain('tidegate_oldest_open_ask_timestamp_seconds{rollout="r"} 50');
  expect(before).toContain('tidegate_unsent{rollout="r",outbox="journal"} 3');
  meters.observeState({ rollout: 'r', state: 'completed', phase: null, at: 100_000 });
  const after = await registry.metrics();
  for (const gauge of ['last_evaluation_timestamp_seconds', 'next_evaluation_timestamp_seconds', 'open_asks', 'oldest_open_ask_timestamp_seconds', 'unsent']) expect(after).not.toContain(`tidegate_${gauge}{`);
});

test('rollouts are counted by what the engine lists, at most every ten seconds, and one that is over takes its series along', async () => {
  const { meters, registry } = createMeters();
  let listed = [open('a', 'soaking'), open('b', 'soaking'), open('c', 'held')];
  let calls = 0;
  let clock = 0;
  const refresh = exportOpenRollouts({ registry, meters, now: () => clock, list: async () => { calls++; return listed; } });
  meters.observeLook({ ...look, rollout: 'c' });
  await refresh();
  const first = await registry.metrics();
  expect(first).toContain('tidegate_rollouts{state="soaking",phase="wave-1"} 2');
  expect(first).toContain('tidegate_engine_reachable 1');
  clock = 9_999;
  listed = [open('a', 'baking')];
  await refresh();
  expect(calls).toBe(1);
  clock = 10_000;
  await refresh();
  const second = await registry.metrics();
  expect(second).toContain('tidegate_rollouts{state="baking",phase="wave-1"} 1');
  expect(second).not.toContain('state="soaking"');
  expect(second).not.toContain('tidegate_last_evaluation_timestamp_seconds{rollout="c"}');
});

test('an engine that does not answer leaves no count at all, rather than an old one that looks healthy', async () => {
  const { meters, registry } = createMeters();
  let fails = false;
  let clock = 0;
  const refresh = exportOpenRollouts({ registry, meters, now: () => clock, list: async () => { if (fails) throw new Error('gone'); return [open('a', 'soaking')]; } });
  await refresh();
  fails = true;
  clock = 20_000;
  await refresh();
  const text = await registry.metrics();
  expect(text).toContain('tidegate_engine_reachable 0');
  expect(text).not.toContain('tidegate_rollouts{');
  expect(text).not.toContain('tidegate_rollout_info{');
});
