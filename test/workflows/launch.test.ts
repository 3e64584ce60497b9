// A launch as it is carried out: each step at its own instant, nothing skipped and nothing squeezed when something comes late; and the variant
// that was chosen, in everything that is kept.
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { resolve } from '../../activities/resolve.js';
import type { Ports } from '../../activities/ports.js';
import type { ResolveInput, ResolveResult } from '../../activities/types.js';
import type { Rehearsal } from '../../src/engine/rehearsal.js';
import { providerSchemas } from '../../src/engine/provider-schemas.js';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, minute, phaseOf, rehearsals, texts } from './world.js';

const plan = (more = ''): string => `
rollout: launched
owner: ann
timezone: Europe/Berlin
people: { ann: { name: Ann }, bob: { name: Bob } }
launch: day 1 at 10:00
targets: { flag: { memory: flag } }
metrics: { error_rate: { prometheus: { url: 'http://127.0.0.1:9', query: errors }, unit: '%' } }
preparation: [{ item: Backed up, run: npm run backup, when: launch - 3h }]
phases:
  - { phase: setup, starts: launch - 2h, soak: 30m }
  - phase: wave-1
    starts: launch - 1h
    before:
      - { step: Migrate, run: npm run migrate, undo: npm run back }
      - { step: Publish, at: launch, run: npm run publish, undo: npm run withdraw }
    move: { flag: 10% }
    soak: 1h
    watch: every 5m
  - { phase: wave-2, starts: launch + 1d, enter: ['error_rate < 5%'], move: { flag: 100% }, soak: 1h }
${more}`;

const at = (made: Rehearsal, kind: string, text: string): number => made.entries.find((entry) => entry.kind === kind && entry.text.includes(text))?.at ?? Number.NaN;
/** Minutes from the launch at which each thing happened, in the order in which it should. */
const around = (made: Rehearsal): number[] => [at(made, 'command', 'Backed up'), at(made, 'decision', 'setup may begin'), at(made, 'step', 'Migrate: begins'), at(made, 'step', 'Publish: begins'), phaseOf(made, 'wave-1').movedAt!, phaseOf(made, 'wave-2').movedAt!]
  .map((instant) => Math.round((instant - made.status.launch!) / minute));

describeNeeding(['test-server'], 'a launch', () => {
  const rehearse = rehearsals();

  it('has each of its steps at its own instant; a phase that moves nothing soaks and ends like any other', async () => {
    const made = await rehearse(plan());
    expect(made.outcome).toBe('completed');
    expect(new Date(made.status.launch!).toISOString()).toMatch(/T09:00:00|T08:00:00/); // 10:00 in Berlin
    expect(around(made)).toEqual([-180, -120, -60, 0, 0, 24 * 60]);
    expect(phaseOf(made, 'setup').cleanMs).toBeGreaterThanOrEqual(30 * minute);
    expect(phaseOf(made, 'setup').endedAt! - phaseOf(made, 'setup').movedAt!).toBeLessThan(40 * minute);
    expect(made.calendar.filter((line) => line.kind === 'launch').map((line) => line.at)).toEqual([made.status.launch]);
  });

  it('now is as soon as its steps allow: the first begins at once, all distances stay', async () => {
    const made = await rehearse(plan(), '', { launch: 'now' });
    expect(made.outcome).toBe('completed');
    expect(made.status.launch! - made.status.startedAt).toBeLessThanOrEqual(3 * hour);
    expect(made.status.launch! - made.status.startedAt).toBeGreaterThan(3 * hour - minute);
    expect(around(made)).toEqual([-180, -120, -60, 0, 0, 24 * 60]);
  });

  it('that is held does what is due as soon as it may, in order, skips nothing, and leaves later steps where they are', async () => {
    // from the middle of the preparation to three hours after the launch a person has paused it
    const made = await rehearse(plan(), 'commandsGiven: [{ at: day 1 at 07:30, give: pause, by: ann }, { at: day 1 at 13:00, give: resume, by: ann }]');
    expect(made.outcome).toBe('completed');
    const [backup, setup, migrate, publish, first, second] = around(made);
    expect([backup, setup]).toEqual([-180, 180]);
    expect(migrate).toBeGreaterThanOrEqual(210); // the soak of what comes before is not squeezed
    expect(migrate).toBeLessThan(225);
    expect([publish, first]).toEqual([migrate, migrate]);
    expect(second).toBe(24 * 60);
  });

  it('that is overdue for a later step too begins it when the one before is done', async () => {
    const made = await rehearse(plan(), 'commandsGiven: [{ at: day 1 at 08:15, give: pause, by: ann }, { at: day 3 at 08:00, give: resume, by: ann }]');
    expect(made.outcome).toBe('completed');
    const [, , migrate, publish, , second] = around(made);
    expect(migrate).toBeGreaterThan(44 * 60); // 46 hours, or one more or less where clocks change
    expect([publish, second! - migrate! >= 60]).toEqual([migrate, true]);
    expect(second! - migrate!).toBeLessThan(80);
  });

  it('is the same however often the run is continued as new', async () => {
    const cut = await rehearse(plan(), '', { maxHistoryEvents: 30 });
    expect(cut.outcome).toBe('completed');
    expect(around(cut)).toEqual([-180, -120, -60, 0, 0, 24 * 60]);
  });

  it('comes at the hour that is given, and day 1 with it', async () => {
    const in3days = new Date(Date.now() + 3 * day).toISOString().slice(0, 10);
    const made = await rehearse(plan(), '', { launch: `${in3days} 18:30` });
    expect(made.outcome).toBe('completed');
    const berlin = new Intl.DateTimeFormat('sv', { timeZone: 'Europe/Berlin', dateStyle: 'short', timeStyle: 'short' });
    expect([berlin.format(made.status.launch!), berlin.format(made.status.day1!)]).toEqual([`${in3days} 18:30`, `${in3days} 00:00`]);
    expect(around(made)).toEqual([-180, -120, -60, 0, 0, 24 * 60]);
  });

  it('that is still to come stands in what comes next', async () => {
    const made = await rehearse(plan(), '', { untilMs: 8 * hour + 30 * minute });
    expect(made.outcome).toBe('waiting');
    expect(made.status.next).toContainEqual({ at: made.status.launch, what: 'launch' });
    expect(made.calendar.some((line) => line.kind === 'launch')).toBe(false);
  });

  it('that has passed is refused, and nothing is rehearsed', async () => {
    await expect(rehearse(plan(), '', { launch: '2020-01-01 10:00' })).rejects.toMatchObject({ code: 'LAUNCH_TOO_SOON', message: expect.stringContaining('“Backed up” (launch - 3h) would be at 2020-01-01 07:00') });
  });

  const both = plan('variants: { cloud: { about: quick, vars: { SHARE: 10 } }, on-premise: { vars: { SHARE: 5 } } }\n')
    .replace('move: { flag: 10% }', "move: { flag: '${var:SHARE}%' }").replace('  - { phase: setup,', '  - { phase: racking, only in: on-premise, starts: launch - 2h, soak: 10m }\n  - { phase: setup,');
  it('a variant is what was chosen, in what is done and in what is kept', async () => {
    const made = await rehearse(both, '', { vars: { variant: 'on-premise' } });
    expect(made.outcome).toBe('completed');
    expect(made.phases.map(({ phase }) => phase)).toEqual(['racking', 'setup', 'wave-1', 'wave-2']);
    expect(made.moves[0]!.after).toBe(5);
    expect([made.variant, made.status.variant]).toEqual(['on-premise', 'on-premise']);
    expect(made.entries[0]).toMatchObject({ kind: 'started', text: 'launched is started by ann as on-premise', detail: { variant: 'on-premise', plan: { variant: 'on-premise' } } });
    expect(texts(made, 'decision').some((text) => text.includes('racking'))).toBe(true);
  });
});

describe('the engine resolves', () => {
  const ports = { env: {}, providers: providerSchemas } as unknown as Ports;
  const run = (input: ResolveInput): Promise<ResolveResult> => new MockActivityEnvironment().run(resolve(ports), input);
  const now = Date.parse('2026-06-01T07:30:00Z'); // 09:30 in Berlin
  const variants = parse(plan('variants: { cloud: { about: quick }, on-premise: { about: safe } }\n')) as object;

  it('no start that is too late for its launch', async () => {
    await expect(run({ plan: parse(plan()), options: {}, now })).rejects.toMatchObject({ type: 'LAUNCH_TOO_SOON', nonRetryable: true, message: expect.stringMatching(/nothing was moved.*\n.*“Backed up” \(launch - 3h\).*--launch now/) });
    expect((await run({ plan: parse(plan()), options: { launch: 'now' }, now })).plan.launch).toBe(now + 3 * hour);
  });
  it('no start without a choice among variants', async () => {
    await expect(run({ plan: variants, options: { launch: 'now' }, now })).rejects.toMatchObject({ type: 'PLAN_INVALID', message: expect.stringContaining('one of: cloud (quick), on-premise (safe)') });
    expect((await run({ plan: variants, options: { launch: 'now', vars: { variant: 'cloud' } }, now })).plan.variant).toBe('cloud');
  });
  it('an amendment with the variant and the launch that are in force, however late they are', async () => {
    const launch = now - 5 * day;
    expect((await run({ plan: variants, options: { day1: '2026-05-27' }, now, inForce: { variant: 'on-premise', launch } })).plan).toMatchObject({ variant: 'on-premise', launch });
    await expect(run({ plan: parse(plan()), options: {}, now, inForce: { variant: 'cloud', launch } })).rejects.toMatchObject({ message: expect.stringContaining('the plan has no variants, so “cloud” cannot be chosen') });
  });
});
