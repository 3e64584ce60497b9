// The launch: one instant that steps are set against. When it is, what counts from it, and what is refused before anything moves.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { resolvePlan } from '../../src/plan/index.js';
import { messageOf, now, plan, providers, read, told } from './providers.js';
import { placeOf, sample } from './sample.js';

const hour = 3_600_000;
const day = 24 * hour;
const at = (iso: string): number => Date.parse(iso);

/** Los Angeles; `now` is 2 March 2026, 04:00 there. */
const launched = `${sample
  .replace('starts: day 1 at 09:00', 'starts: launch - 2h\n    latest: launch + 4h')
  .replace('starts: day 3 at 09:00', 'starts: launch + 1d 30m\n    preparation: [{ group: After it, when: launch + 1h, items: [Told the press] }]')
}launch: day 1 at 10:00
preparation:
  - { item: Backed up, when: launch - 3h }
`;
const starts = (text: string, options: Parameters<typeof plan>[1] = {}) => plan(text, options).phases.map((phase) => phase.starts);

describe('steps around a launch', () => {
  it('are instants counted from it, and the plan says when it is', () => {
    const made = plan(launched, { day1: '2026-06-01' });
    const launch = at('2026-06-01T10:00:00-07:00');
    expect(made.launch).toBe(launch);
    expect(made.phases.map((phase) => [phase.starts, phase.latest])).toEqual([[launch - 2 * hour, launch + 4 * hour], [launch + day + hour / 2, null]]);
    expect([...made.preparation, ...made.phases[1]!.preparation].map(({ askAt, dueAt }) => [askAt, dueAt])).toEqual([[launch - 3 * hour, launch], [launch + hour, null]]);
  });
  it('an offset is a length of time, also across a clock change', () => {
    // clocks go forward on 8 March: 24 hours before 10:00 it was 09:00
    expect(starts(launched.replace('launch - 2h', 'launch - 1d').replace('launch - 3h', 'launch - 2d'), { day1: '2026-03-08' })[0]).toBe(at('2026-03-07T09:00:00-08:00'));
  });
  it('a plan without one has none', () => expect(plan(sample).launch).toBeNull());
});

describe('when the launch is', () => {
  it('is said by --launch before the plan, in the plan’s zone, and day 1 follows', () => {
    const made = plan(launched.replace('day 1 at 10:00', 'day 3 at 10:00'), { launch: '2026-12-05 18:30' });
    expect(made.launch).toBe(at('2026-12-05T18:30:00-08:00'));
    expect(made.day1).toBe(at('2026-12-03T00:00:00-08:00'));
  });
  it('may be an instant with its offset', () => expect(plan(launched, { launch: '2026-12-05T18:30:00Z' }).launch).toBe(at('2026-12-05T18:30:00Z')));
  it('may be a date in the plan; then day 1 is that day', () => {
    const made = plan(launched.replace('day 1 at 10:00', '2026-12-01 10:00'));
    expect([made.launch, made.day1]).toEqual([at('2026-12-01T10:00:00-08:00'), at('2026-12-01T00:00:00-08:00')]);
  });
  it.each([['by --launch', launched, 'now'], ['by the plan', launched.replace('launch: day 1 at 10:00', 'launch: now'), null]])('now %s is as soon as the steps allow: the longest time before it from the start, all distances kept', (_by, text, launch) => {
    const made = plan(text, { launch, starting: true });
    expect(made.launch).toBe(now + 3 * hour);
    expect([made.preparation[0]!.askAt, ...made.phases.map((phase) => phase.starts)]).toEqual([now, now + hour, now + 3 * hour + day + hour / 2]);
  });
  it('now, with nothing before it, is at once', () => expect(plan(launched.replace('launch - 3h', 'launch').replace('launch - 2h', 'launch + 2h'), { launch: 'now' }).launch).toBe(now));
  it('of a rollout that runs stands, whatever the plan says by now, and is never too soon', () => {
    const running = at('2026-02-20T10:00:00-08:00');
    expect(plan(launched.replace('day 1 at 10:00', 'day 9 at 10:00'), { launch: running, day1: '2026-02-20' }).launch).toBe(running);
    expect(read(sample, { launch: running, day1: '2026-02-20' }).ok).toBe(true);
  });
});

describe('a launch that is too soon for a step', () => {
  // 10:00 in Los Angeles on the day: the backup at 07:00 has passed, and so has the first phase
  const late = { now: at('2026-06-01T08:30:10-07:00'), day1: '2026-06-01', starting: true } as const;
  it('is refused with the first such step, the earliest launch that works, and the way to have it at once', () => {
    expect(told(launched, late)).toEqual([`${placeOf(launched, 'launch - 3h')} LAUNCH_TOO_SOON`]);
    expect(messageOf(launched, 'LAUNCH_TOO_SOON', late)).toBe('“Backed up” (launch - 3h) would be at 2026-06-01 07:00, which has passed; the earliest launch that works is 2026-06-01 11:31: give --launch \'2026-06-01 11:31\', or --launch now for as soon as its steps allow');
  });
  it('the launch that is named works', () => expect(plan(launched, { ...late, day1: null, launch: '2026-06-01 11:31' }).launch).toBe(at('2026-06-01T11:31:00-07:00')));
  it('names a phase, and counts the launch itself as a step', () => {
    const only = launched.replace(/^preparation:[^]*$/m, '').replace('launch - 2h', 'launch');
    expect(messageOf(only, 'LAUNCH_TOO_SOON', { ...late, now: at('2026-06-01T10:00:01-07:00') })).toMatch(/^“wave-1” \(launch\) would be at 2026-06-01 10:00/);
    expect(told(only, { ...late, now: at('2026-06-01T10:00:00-07:00') })).toEqual([]);
  });
  it('is not judged where nothing starts', () => expect(told(launched, { ...late, starting: false })).toEqual([]));
  it('a limit that has passed is no step', () => {
    const limit = launched.replace(/^preparation:[^]*$/m, '').replace('starts: launch - 2h', 'starts: day 1 at 05:00').replace('launch + 4h', 'launch - 4h');
    expect(told(limit, late)).toEqual([]);
  });
});

describe('what makes no sense is refused', () => {
  const mistakes: readonly (readonly [promise: string, text: string, at: string, code: string, says: RegExp])[] = [
    ['a step around a launch that there is not', launched.replace('launch: day 1 at 10:00\n', ''), 'launch - 2h', 'MISSING_LAUNCH', /“launch - 2h” needs a launch: add “launch: day 1 at 10:00” to the plan, or give --launch/],
    ['a launch that nothing waits for', `${sample}launch: day 1 at 10:00\n`, 'launch:', 'KEY_WITHOUT_EFFECT', /nothing waits for this launch: write “starts: launch”/],
    ['an offset that is none', launched.replace('launch - 2h', 'launch - 2'), 'launch - 2\n', 'WRONG_DAY', /“launch - 2” is no time around the launch: write “launch”, “launch - 2h” or “launch \+ 30m”/],
    ['an offset without a sign', launched.replace('launch - 2h', 'launch 2h'), 'launch 2h', 'WRONG_DAY', /no time around the launch/],
    ['a launch without its hour', launched.replace('day 1 at 10:00', 'day 1'), 'day 1\n', 'WRONG_DAY', /a launch has its hour: write “day 1 at 10:00”/],
    ['a launch that is a day before the first', launched.replace('day 1 at 10:00', 'day 0 at 10:00'), '0 at 10:00', 'IMPOSSIBLE_TIME', /days count from 1/],
    ['a launch around itself', launched.replace('day 1 at 10:00', 'launch - 1h'), 'launch - 1h', 'WRONG_DAY', /is no launch: write “day 1 at 10:00”/],
    ['a date without its hour', launched.replace('day 1 at 10:00', '2026-12-01'), '2026-12-01', 'WRONG_DAY', /is no launch/],
    ['a launch in the gap of a clock change', launched.replace('day 1 at 10:00', '2026-03-08 02:30'), '2026-03-08', 'IMPOSSIBLE_TIME', /02:30 does not exist on 2026-03-08/],
    ['a phase that starts before the one before it', launched.replace('launch + 1d 30m', 'launch - 5h'), 'launch - 5h', 'IMPOSSIBLE_TIME', /“wave-2” would start before “wave-1”/],
    ['what is asked after the phase has started that waits for it', launched.replace('when: launch - 3h', 'when: launch - 1h'), '- { item: Backed up', 'IMPOSSIBLE_TIME', /“Backed up” is asked after “wave-1” starts, which waits for it/],
    ['a misspelt launch', launched.replace('starts: launch - 2h', 'starts: lanch - 2h'), 'lanch', 'WRONG_DAY', /write “day 3 at 09:00” or “launch - 2h”/],
    ['a lead time that is none', launched.replace('when: launch - 3h', 'when: launch minus 3h'), 'launch minus', 'WRONG_DAY', /no time around the launch/],
  ];
  it.each(mistakes)('%s', (_promise, text, where, code, says) => {
    const result = read(text);
    const found = result.ok ? [] : result.problems.filter((problem) => problem.code === code);
    expect(found.map(({ line, column }) => `${line}:${column}`)).toContain(placeOf(text, where));
    expect(found.map(({ message }) => message).join('\n')).toMatch(says);
  });
  it.each([['soon'], ['2026-12-01'], ['2026-02-30 10:00'], ['2026-12-01 25:00'], ['10:00']])('--launch %s', (launch) => {
    const result = read(launched, { launch });
    expect(result.ok ? [] : result.problems.map(({ code }) => code)).toEqual(['IMPOSSIBLE_TIME']);
  });
  it('--launch for a plan in which nothing waits for one', () => expect(messageOf(sample, 'KEY_WITHOUT_EFFECT', { launch: 'now' })).toMatch(/nothing in the plan waits for a launch/));
  it('--day-1 and --launch that contradict each other', () => {
    expect(messageOf(launched, 'LAUNCH_CONTRADICTS', { day1: '2026-12-01', launch: '2026-12-02 10:00' })).toMatch(/“launch: day 1 at 10:00”, so a launch at 2026-12-02 10:00 makes 2026-12-02 day 1, but --day-1 is 2026-12-01: give one of the two/);
    expect(told(launched, { day1: '2026-12-02', launch: '2026-12-02 12:00' })).toEqual([]);
    const loose = launched.replace('launch: day 1 at 10:00\n', '');
    expect(messageOf(loose, 'LAUNCH_CONTRADICTS', { day1: '2026-12-03', launch: '2026-12-02 10:00' })).toMatch(/comes before day 1/);
    expect(told(loose, { day1: '2026-12-01', launch: '2026-12-02 10:00' })).toEqual([]);
    expect(messageOf(launched, 'LAUNCH_CONTRADICTS', { day1: '2026-12-03', launch: 'now' })).toMatch(/makes 2026-03-02 day 1/);
  });
});

it('the engine’s own start of a plan takes the same launch', () => {
  const result = resolvePlan(parseYaml(launched), { file: 'plan', now, env: null, providers, vars: {}, day1: null, launch: 'now', starting: true });
  expect(result).toMatchObject({ ok: true, plan: { launch: now + 3 * hour }, beforeLaunchMs: 3 * hour });
});

describe('docs/launch.md', () => {
  const page = readFileSync(new URL('../../docs/launch.md', import.meta.url), 'utf8');
  const [whole] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
  it('its plan is sound, and can be started now as it says', () => {
    expect(read(whole!).ok).toBe(true);
    expect(plan(whole!, { launch: 'now', starting: true }).launch).toBe(now + 3 * hour);
  });
});
