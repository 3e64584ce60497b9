// Choosing a variant and giving a launch on the command line: what is refused and in which words, what is sent, and what is shown of it.
import { describe, expect, test } from 'vitest';
import { openPlans } from '../../src/cli/plans-part.js';
import type { Parts, PlanInput, RehearsalReport } from '../../src/cli/ports.js';
import { placeOf, sample } from '../plan/sample.js';
import { at, fakeRollouts, seenOf, statusOf, type as typed } from './fake-cli.js';

const hour = 3_600_000;
const plans = async () => openPlans({ env: {} });
const variants = `${sample}variants:
  cloud-run: { about: 'for the pilot: up in an hour', vars: { WHERE: cloud } }
  on-premise: { about: for government, vars: { WHERE: here } }
preparation: [{ item: 'Ready \${var:WHERE}' }, { item: The servers are racked, only in: on-premise }]
`;
const launched = `${sample.replace('starts: day 1 at 09:00', 'starts: launch - 2h').replace('starts: day 3 at 09:00', 'starts: launch + 2d')}launch: day 1 at 10:00\n`;
const files = { 'p.yaml': sample, 'v.yaml': variants, 'l.yaml': launched, 's.yaml': `${sample}stand-ups: [{ stand-up: Daily, at: '09:30', from: ana }]\n`, 'bad.yaml': variants.replace('soak: 48h', 'soak: soon').replace('The servers are racked, ', "The servers are racked, form: ana, ") };
const rollouts = fakeRollouts();
const run = (line: string, parts: Partial<Parts> = {}) => { rollouts.told.splice(0); return typed(line, { files, parts: { plans, rollouts: async () => rollouts, ...parts } }); };
const sent = () => (rollouts.told[0] as { options: { vars?: unknown; launch?: unknown; day1?: unknown } } | undefined)?.options;

describe('a variant', () => {
  test('must be chosen at the start: without it nothing is opened, and each is named with what it is for', async () => {
    const { exitCode, stderr, stdout } = await run('start v.yaml');
    expect(stderr).toContain(`v.yaml:${placeOf(variants, 'variants:')}: this plan has variants, and none is chosen: give --var variant=NAME, one of: cloud-run (for the pilot: up in an hour), on-premise (for government)`);
    expect({ exitCode, stdout, told: rollouts.told }).toEqual({ exitCode: 1, stdout: '', told: [] });
  });
  test('that does not exist is refused with the one that was meant', async () => {
    expect((await run('start v.yaml --var variant=onpremise')).stderr).toContain('there is no variant “onpremise”; did you mean “on-premise”?; one of: cloud-run (for the pilot');
  });
  test('is sent as a variable, and said', async () => {
    const { exitCode, stdout } = await run('start v.yaml --var variant=on-premise');
    expect(sent()).toMatchObject({ vars: { variant: 'on-premise' } });
    expect(stdout).toContain('is started as on-premise');
    expect(exitCode).toBe(0);
    expect(JSON.parse((await run('start v.yaml --var variant=cloud-run --json')).stdout)).toMatchObject({ variant: 'cloud-run', launch: null });
  });
  test('is not chosen to validate: every one is judged, each problem told once', async () => {
    const { stdout, exitCode } = await run('validate v.yaml');
    expect(stdout).toContain('v.yaml: checkout in each of its variants (cloud-run, on-premise); as cloud-run, 2 phases');
    expect(exitCode).toBe(0);
    const bad = await run('validate bad.yaml');
    expect(bad.stdout.trim().split('\n').map((line) => line.replace(`bad.yaml:${placeOf(files['bad.yaml'], 'soon')}: `, '').replace(`bad.yaml:${placeOf(files['bad.yaml'], 'form:')}: `, ''))).toEqual([expect.stringMatching(/^“soon” is no soak: (?!.*in the variant)/), expect.stringMatching(/^unknown key “form”.* — in the variant on-premise/)]);
    expect(bad.exitCode).toBe(1);
    expect((await run('validate v.yaml --var variant=on-premise')).stdout).toContain('checkout as on-premise, 2 phases');
  });
  test('is the first in a rehearsal without a choice, and stderr says so; with one nothing is said', async () => {
    const told: PlanInput[] = [];
    const report = { rollout: 'checkout', variant: 'cloud-run', outcome: 'completed', grade: null, startedAt: at, endedAt: at, timezone: 'UTC', phases: [], baking: null, grades: [], asks: [], moves: [], messages: [], evaluations: 1, attempts: 1, calendar: [{ at, kind: 'launch', phase: null, actor: 'plan', text: 'launch' }], targets: {}, status: { day1: at, launch: at } } as RehearsalReport;
    const rehearse: Parts['rehearse'] = async (input) => { told.push(input); return report; };
    const first = await run('rehearse v.yaml', { rehearse });
    expect(first.stderr).toContain('rehearsed as cloud-run; --var variant=on-premise for the other');
    expect(first.stdout).toContain('checkout as cloud-run: rehearsed from');
    expect(first.stdout).toMatch(/◆ launch/);
    const chosen = await run('rehearse v.yaml --var variant=on-premise --json', { rehearse });
    expect(chosen.stderr).not.toContain('rehearsed as');
    expect(JSON.parse(chosen.stdout)).toMatchObject({ variant: 'cloud-run' });
    await run('rehearse l.yaml --launch now', { rehearse });
    expect(told).toMatchObject([{ vars: { variant: 'cloud-run' } }, { vars: { variant: 'on-premise' }, launch: null }, { vars: {}, launch: 'now' }]);
  });
  test('goes with an amendment as the only one', async () => {
    await run('amend b v.yaml --var variant=on-premise');
    expect((rollouts.told[0] as { payload: { plan: Record<string, unknown> } }).payload.plan).toMatchObject({ variants: { 'on-premise': {} }, preparation: [{ item: 'Ready here' }, { item: 'The servers are racked' }] });
    expect(JSON.stringify(rollouts.told[0])).not.toContain('cloud-run');
  });
});

describe('--launch', () => {
  test('is sent as it was written, and the launch is said in the plan’s zone', async () => {
    const { exitCode, stdout } = await run("start l.yaml --launch '2027-03-01 10:00'");
    expect(sent()).toMatchObject({ launch: '2027-03-01 10:00' });
    expect(sent()).not.toHaveProperty('day1');
    expect(stdout).toContain('The launch:    Mon 1 Mar 2027, 10:00 PST (in ');
    expect(exitCode).toBe(0);
  });
  test('now is sent as now: the engine says when that is', async () => {
    expect(JSON.parse((await run('start l.yaml --launch now --json')).stdout).launch).toBe(at + 2 * hour);
    expect(sent()).toMatchObject({ launch: 'now' });
  });
  test('a launch that is too soon is refused before anything is opened, with a code of its own, the first step, the earliest that works and the way to have it now', async () => {
    const { exitCode, stderr } = await run("start l.yaml --launch '2026-12-03 10:30'");
    for (const says of [`l.yaml:${placeOf(launched, 'launch - 2h')}: “wave-1” (launch - 2h) would be at 2026-12-03 08:30, which has passed`, 'the earliest launch that works is 2026-12-03 11:00', '--launch now', 'LAUNCH_TOO_SOON', 'Nothing was started']) expect(stderr).toContain(says);
    expect({ exitCode, told: rollouts.told }).toEqual({ exitCode: 1, told: [] });
    expect(JSON.parse((await run("start l.yaml --launch '2026-12-03 10:30' --json")).stdout)).toMatchObject({ error: { code: 'LAUNCH_TOO_SOON' } });
    expect((await run("validate l.yaml --launch '2026-12-03 10:30'")).exitCode).toBe(0);
  });
  test('and --day-1 that contradict are refused', async () => {
    expect((await run("start l.yaml --day-1 2027-03-02 --launch '2027-03-01 10:00'")).stderr).toContain('makes 2027-03-01 day 1, but --day-1 is 2027-03-02');
    expect((await run("start l.yaml --day-1 2027-03-01 --launch '2027-03-01 10:00'")).exitCode).toBe(0);
  });
  test.each([['tomorrow'], ['10:00'], ['2027-03-01'], ["'2027-03-01 10:00 PST'"]])('%s cannot be meant', async (given) => {
    expect((await run(`start l.yaml --launch ${given}`)).stderr).toContain("write a date and a time of the plan's zone as 'YYYY-MM-DD HH:MM'");
  });
  test('for a plan in which nothing waits for it is refused', async () => expect((await run('start p.yaml --launch now')).stderr).toContain('nothing in the plan waits for a launch'));
  test('belongs to a plan: doctor of this machine refuses it', async () => expect((await run('doctor --launch now')).stderr).toContain('--launch and --within belong to a PLAN'));
});

describe('--pace', () => {
  test('is sent as a number, and said with the end it makes and what is left out', async () => {
    const { exitCode, stdout } = await run('start s.yaml --pace 1440 --day-1 2026-12-03');
    expect(sent()).toMatchObject({ pace: 1440 });
    expect(stdout).toContain('The pace:      1440 times as fast as planned');
    expect(stdout).toContain('stand-up “Daily” is left out: it is held at hours of the day');
    expect(stdout).toMatch(/at the earliest \(in \d\d min\)/);
    expect(exitCode).toBe(0);
    expect(JSON.parse((await run('start s.yaml --pace 1440 --json')).stdout)).toMatchObject({ pace: 1440, leftOut: [expect.stringContaining('Daily')] });
  });
  test('is not sent where none is given', async () => {
    expect(JSON.parse((await run('start s.yaml --json')).stdout)).toMatchObject({ pace: null, leftOut: [] });
    expect(sent()).not.toHaveProperty('pace');
  });
  test.each([['0'], ['0.5'], ['-3'], ['fast'], ['1e3'], ['100001'], ['1440x']])('%s cannot be meant: nothing is opened', async (given) => {
    const { exitCode, stderr } = await run(`start s.yaml --pace ${given}`);
    expect(stderr).toContain('write a number from 1 to 100000, so many times as fast as planned; at 1440 a day takes a minute');
    expect({ exitCode, told: rollouts.told }).toEqual({ exitCode: 1, told: [] });
  });
  test('is on the board, in the calendar ahead and in status --json, with what is left out', async () => {
    const parts = { rollouts: async () => fakeRollouts({}, () => seenOf(statusOf({ pace: { times: 1440, leftOut: ['stand-up “Daily” is left out'] } }))) };
    expect((await typed('status b', { parts })).stdout).toMatch(/Pace +1440 times as fast as planned[^]*at its pace +stand-up “Daily” is left out/);
    expect((await typed('next b', { parts })).stdout).toMatch(/It runs 1440 times as fast as planned\.\nstand-up “Daily” is left out/);
    expect(JSON.parse((await typed('status b --json', { parts })).stdout).pace).toMatchObject({ times: 1440 });
    expect(JSON.parse((await typed('next b --json', { parts })).stdout).pace).toBe(1440);
  });
});

describe('what is shown of a rollout', () => {
  const seen = seenOf(statusOf({ variant: 'on-premise', launch: at + 3 * hour }));
  const parts = { rollouts: async () => fakeRollouts({}, () => seen) };
  test.each(['status b', 'why b', 'next b'])('%s names the variant', async (line) => expect((await typed(line, { parts })).stdout).toContain('on-premise'));
  test('the board shows when the launch is, and when it was', async () => {
    expect((await typed('status b', { parts })).stdout).toMatch(/Launch +Thu 3 Dec 2026, 12:00 PST, in 3 h/);
    expect((await typed('status b', { parts: { rollouts: async () => fakeRollouts({}, () => seenOf(statusOf({ launch: at - 5 * hour }))) } })).stdout).toMatch(/Launch +Thu 3 Dec 2026, 04:00 PST, 5 h ago/);
  });
  test('status --json has both, and null where the plan has none or the worker is older', async () => {
    expect(JSON.parse((await typed('status b --json', { parts })).stdout)).toMatchObject({ variant: 'on-premise', launch: at + 3 * hour });
    const { variant: _variant, launch: _launch, ...older } = statusOf();
    const json = JSON.parse((await typed('status b --json', { parts: { rollouts: async () => fakeRollouts({}, () => seenOf(older as never)) } })).stdout);
    expect([json.variant, json.launch]).toEqual([null, null]);
  });
});
