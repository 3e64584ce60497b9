// A rollout at a pace: the same phases, asks, moves and gates in the same order, in a fraction of the time, and everybody can see that it is so.
import { MockActivityEnvironment } from '@temporalio/testing';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { resolve } from '../../activities/resolve.js';
import type { Ports } from '../../activities/ports.js';
import type { ResolveInput, ResolveResult } from '../../activities/types.js';
import { providerSchemas } from '../../src/engine/provider-schemas.js';
import type { Rehearsal } from '../../src/engine/rehearsal.js';
import { startProblems } from '../../workflows/understanding.js';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, minute, phaseOf, rehearsals, smallPlan, texts } from './world.js';

/** Nobody needs longer than a test. */
const quick = 'answers after: 5s\n';
const story = (made: Rehearsal): readonly string[] => made.moves.map(({ phase, target, wanted, direction }) => `${phase}: ${target} ${direction} ${String(wanted)}`);
/** Longer than it can take: what hangs is found. */
const untilMs = 2 * day;
const weeks = smallPlan({ top: `
baking: { for: 14d, watch: every 30m }
stand-ups: [{ stand-up: Daily, at: '09:30', from: [ann, bob] }]
hours: { from: '09:00', to: '17:00' }
reviews: [{ review: Look back, who: ann, every: week, times: 4 }]
grades: { good: ['rollout.clean_baking >= 14d'] }
` });

describeNeeding(['test-server'], 'a rollout at 60 times its pace', () => {
  const rehearse = rehearsals();

  it('does in hours what was planned for weeks, and nothing else', async () => {
    const planned = await rehearse(weeks.replace(/^hours:.*$/m, ''));
    const made = await rehearse(weeks, quick, { pace: 60, untilMs });
    expect(made.outcome).toBe('completed');
    expect(story(made)).toEqual(story(planned));
    expect(phaseOf(made, 'wave-1').cleanMs).toBeGreaterThanOrEqual(24 * minute);
    expect(phaseOf(made, 'wave-2').endedAt! - phaseOf(made, 'wave-1').movedAt!).toBeLessThan(hour);
    expect(made.status.updatedAt - phaseOf(made, 'wave-1').movedAt!).toBeLessThan(8 * hour);
  });
  it('is graded by the days that were planned', async () => {
    const made = await rehearse(weeks, quick, { pace: 60, untilMs });
    expect(made.grades.map(({ grade, reached }) => [grade, reached])).toEqual([['good', true]]);
  });
  it('says so: in its record, with everything that is left out, in its status and on its card', async () => {
    const made = await rehearse(weeks, quick, { pace: 60, untilMs });
    expect(texts(made, 'started')[0]).toBe('small is started by ann, 60 times as fast as planned');
    expect(texts(made, 'pace')).toEqual([
      'stand-up “Daily” is left out: it is held at hours of the day',
      'business hours (09:00–17:00, Europe/Berlin) are left out: moves are made at any hour',
      'review “Look back” is left out: it would be scheduled for days that follow no rollout',
    ]);
    expect(made.status.pace).toEqual({ times: 60, leftOut: texts(made, 'pace') });
    expect(made.entries.filter(({ kind }) => kind === 'stand-up')).toEqual([]);
  });
  it('passes nobody over faster than anybody could answer: an approval of four hours is open for ten seconds', async () => {
    const made = await rehearse(smallPlan(), 'answers after: 1s\nanswers: [{ ask: wave-1/approval, never: true, times: 1 }]\n', { pace: 1440, untilMs: 15 * minute });
    const ask = made.asks.find((one) => one.ask === 'wave-1/approval')!;
    expect(ask).toMatchObject({ state: 'expired' });
    expect(ask.dueAt! - ask.askedAt).toBe(10_000);
  });
  it('rolls back as ever: the burst that lasts its ‘for’ takes everything back within the time of the real world', async () => {
    const made = await rehearse(smallPlan(), `${quick}metrics: { error_rate: [{ at: wave-2 + 3m, value: 12 }] }\n`, { pace: 60, untilMs });
    expect(made.outcome).toBe('rolled-back');
    expect(made.status.rollback?.verified).toBe(true);
    expect(story(made).at(-1)).toContain('back 0');
  });
  it('survives continue-as-new, at its pace', async () => {
    const made = await rehearse(weeks, quick, { pace: 60, untilMs, maxHistoryEvents: 120 });
    expect([made.outcome, made.status.pace?.times]).toEqual(['completed', 60]);
  });
});

describe('a plan that is resolved at a pace', () => {
  const resolved = (input: Omit<ResolveInput, 'plan'>, plan = smallPlan()): Promise<ResolveResult> => new MockActivityEnvironment().run(resolve({ env: {}, providers: providerSchemas } as Ports), { plan: parse(plan) as unknown, ...input });
  const started = Date.parse('2026-03-02T07:00:00Z');

  it('amended days later, is laid out from the same start and runs on at the same pace', async () => {
    const launched = smallPlan().replace('starts: day 1 at 09:00', 'starts: launch - 1h').concat('launch: day 1 at 10:00\n');
    const first = await resolved({ options: { pace: 60, day1: '2026-03-04' }, now: started }, launched);
    const { variant, pace } = first.plan;
    expect(pace).toMatchObject({ times: 60, from: started, day1: Date.parse('2026-03-03T23:00:00Z'), launch: Date.parse('2026-03-04T09:00:00Z') });
    expect(first.plan.launch! - started).toBe(Math.round((pace!.launch! - started) / 60));
    const again = await resolved({ options: { day1: '2026-03-04' }, now: started + hour, inForce: { variant, launch: pace!.launch, pace: pace! } }, launched);
    expect(again.plan).toEqual(first.plan);
  });
  it('is the plan as ever where no pace is given', async () => {
    const [without, one] = await Promise.all([resolved({ options: {}, now: started }), resolved({ options: { pace: 1 }, now: started })]);
    expect(one).toEqual(without);
    expect('pace' in without.plan).toBe(false);
    expect(without.plan.phases[0]!.soak.ms).toBe(day);
  });
});

it('a pace that makes no sense is refused with what is allowed', () => {
  for (const pace of [0, 0.5, -1, 100_001, Number.NaN, '1440', true, null]) expect(startProblems({ pace })).toEqual(['"pace" takes a number from 1 to 100000, so many times as fast as planned']);
  for (const pace of [1, 1.5, 1440, 100_000]) expect(startProblems({ pace })).toEqual([]);
});

it('the example plans are kept as they are: a pace is no key of the plan', () => {
  for (const name of ['batch-patches', 'triage-1323', 'sihat-tcm', 'mbct-assessments', 'patient-advocacy']) expect(readFileSync(new URL(`../../examples/${name}.yaml`, import.meta.url), 'utf8')).not.toMatch(/^pace:/m);
});
