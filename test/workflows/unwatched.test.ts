// Promise 7: invariants are watched without a gap, and how long nobody looked is measured to the end, whatever happened in between.
import { activityInfo, sleep } from '@temporalio/activity';
import { expect, it } from 'vitest';
import type { RehearsalOptions } from '../../src/engine/rehearsal.js';
import { describeNeeding } from '../setup/needs.js';
import { hour, minute, rehearsals, smallPlan, texts } from './world.js';

const second = 1000;
const invariant = (how: string, more = ''): string => smallPlan({ top: `invariants: { ${how}hold: ['latency < 5000ms'] }\n${more}` }).replace('24h, restarts on issue', '3h').replace('soak: 24h\n', 'soak: 1h\n');

/** The instants at which something was really looked at, and what each look judged. */
function looking(more: (activities: Parameters<NonNullable<RehearsalOptions['around']>>[0]) => Partial<ReturnType<NonNullable<RehearsalOptions['around']>>> = () => ({})) {
  const looks: { at: number; invariants: boolean }[] = [];
  const around: NonNullable<RehearsalOptions['around']> = (activities) => ({
    ...activities,
    watch: async (input) => {
      const seen = (at: number): void => { looks.push({ at, invariants: input.rules.conditions.some((one) => one.role === 'invariant' && one.judged) }); };
      try {
        const report = await activities.watch(input);
        seen(report.asOf);
        return report;
      } catch (error) {
        // a healthy look ends so, with its instant in the line that the web UI shows
        const line = /; look \d+ at (\S+)$/.exec(String((error as Error).message));
        if (line !== null) seen(Date.parse(line[1]!));
        throw error;
      }
    },
    ...more(activities),
  });
  const longestGap = (from: number, to: number): number => {
    const instants = [from, ...looks.map((one) => one.at).filter((at) => at >= from && at <= to).sort((a, b) => a - b), to];
    return Math.max(...instants.slice(1).map((at, index) => at - instants[index]!));
  };
  return { looks, around, longestGap };
}

describeNeeding(['test-server'], 'the invariants', () => {
  const rehearse = rehearsals();
  const longest = (made: Awaited<ReturnType<typeof rehearse>>): number => made.status.unwatched!.to - made.status.unwatched!.from;

  it('are looked at from the first moment to the last at their own cadence, in every state', async () => {
    const { looks, around, longestGap } = looking();
    const made = await rehearse(invariant('watch: every 2m, '), 'commandsGiven: [{ at: wave-1 + 1h, give: pause, by: ann }, { at: wave-1 + 2h, give: resume, by: ann }]\ndrift: [{ at: wave-2 + 20m, target: flag, to: 7 }]\nanswers: [{ ask: wave-1/approval, after: 2h }]', { around });
    expect(made.outcome).toBe('completed');
    expect(looks.every((one) => one.invariants)).toBe(true);
    // What really happened, what the rollout measured and what it keeps agree.
    expect(longestGap(made.startedAt, made.endedAt)).toBeLessThanOrEqual(2 * minute + second);
    expect(longest(made)).toBeLessThanOrEqual(2 * minute + second);
    expect(longest(made)).toBeGreaterThanOrEqual(2 * minute);
    expect(made.entries.at(-1)!.detail).toMatchObject({ unwatched: { ...made.status.unwatched } });
    expect(made.messages.filter((message) => message.topic === 'unwatched')).toEqual([]);
  });

  it('without a cadence of their own have that of the first phase already while it is prepared', async () => {
    const made = await rehearse(invariant(''), '');
    expect(longest(made)).toBeLessThanOrEqual(10 * minute + second);
    const hourly = await rehearse(smallPlan().replace('24h, restarts on issue', '3h').replace('soak: 24h\n', 'soak: 1h\n'));
    expect(hourly.status.unwatched).toBeNull();
    expect(hourly.evaluations).toBeLessThan(made.evaluations);
  });

  it('that no source tells of are out of sight: measured, told once as critical, and a grade knows it', async () => {
    const made = await rehearse(invariant('watch: every 2m, ', "baking: { for: 1h }\ngrades: { seen: [rollout.longest_unwatched < 300s], half: [rollout.longest_unwatched < 2h] }"), 'metrics: { latency: [{ at: wave-1 + 1h, for: 40m, is: missing }] }');
    expect(made.outcome).toBe('completed');
    expect(longest(made)).toBeGreaterThan(40 * minute);
    expect(longest(made)).toBeLessThan(45 * minute);
    expect(made.status.unwatched!.why).toContain('latency');
    const told = made.messages.filter((message) => message.topic === 'unwatched');
    expect(told.map((message) => [message.severity, message.to])).toEqual([['critical', ['ann', 'bob']]]);
    // As soon as a look knows it: the cadence and a minute.
    expect(told[0]!.at - made.status.unwatched!.from).toBeLessThan(3 * minute + 35 * second);
    expect(made.grades.map((one) => [one.grade, one.reached])).toEqual([['seen', false], ['half', true]]);
  });

  it('are looked at through a rollback, page in it, also when the watch is set up anew in its middle, and a stretch before it is not forgotten', async () => {
    const { looks, around, longestGap } = looking();
    const top = "rollback: { within: 10m, verify: ['latency < 99999ms'], verify within: 2m }";
    const made = await rehearse(invariant('watch: every 2m, ', top), `
events: [{ at: wave-1 + 2h, event: data-corruption }]
writes: [{ target: flag, fails: 14, direction: back }]
metrics: { latency: [{ at: wave-1 + 30m, for: 20m, is: missing }, { at: wave-1 + 2h, for: 1h, value: 6000 }] }`, { around });
    expect(made.outcome).toBe('rolled-back');
    const { decidedAt, readBackAt } = made.status.rollback!;
    expect(readBackAt! - decidedAt).toBeGreaterThan(30 * second);
    const page = made.messages.filter((message) => message.topic === 'invariant-broken');
    expect(page).toHaveLength(1);
    expect(page[0]).toMatchObject({ severity: 'emergency' });
    expect(page[0]!.at).toBeGreaterThanOrEqual(decidedAt);
    expect(longestGap(decidedAt, readBackAt!)).toBeLessThanOrEqual(6 * second);
    expect(looks.every((one) => one.invariants)).toBe(true);
    expect(longest(made)).toBeGreaterThan(20 * minute);
    expect(longest(made)).toBeLessThan(25 * minute);
  });

  it('are not out of sight while a watch is slowly taken over', async () => {
    // While one is under way the clock runs in real time: three that take several cadences are enough.
    let slow = 0;
    const { around, longestGap } = looking((activities) => ({ takeOver: async (input) => { if (++slow <= 3) await sleep(10 * second); return activities.takeOver(input); } }));
    const made = await rehearse(invariant('watch: every 3s, ').replaceAll('every 10m', 'every 3s').replace('soak: 3h', 'soak: 2m').replace('soak: 1h\n', 'soak: 1m\n').replace('    starts: day 1 at 09:00\n', ''), 'commandsGiven: [{ at: wave-1 + 40s, give: pause, by: ann }, { at: wave-1 + 70s, give: resume, by: ann }]\nanswers after: 1m', { around });
    expect(made.outcome).toBe('completed');
    expect(slow).toBeGreaterThan(3);
    expect(longestGap(made.startedAt, made.endedAt)).toBeLessThan(7 * second);
    expect(made.messages.filter((message) => message.topic === 'unwatched')).toEqual([]);
  });

  it('are measured on across continue-as-new and a worker that forgets everything between two tasks', async () => {
    const made = await rehearse(invariant('').replace('soak: 3h', 'soak: 60h'), 'metrics: { latency: [{ at: wave-1 + 10h, for: 3h, is: missing }] }', { maxHistoryEvents: 40, cachedWorkflows: 0 });
    expect(made.outcome).toBe('completed');
    expect(longest(made)).toBeGreaterThan(3 * hour);
    expect(longest(made)).toBeLessThan(3 * hour + 25 * minute);
    expect(texts(made, 'unwatched')).toHaveLength(1);
  });

  it('and protected targets: one that cannot be read is out of sight, told once, and in the grade', async () => {
    const plan = smallPlan({ top: 'baking: { for: 1h }\ngrades: { seen: [rollout.longest_unwatched < 30min] }' }).replace('24h, restarts on issue', '3h').replace('soak: 24h\n', 'soak: 1h\n').replace('  flag: {', '  crisis: { memory: crisis, read only: yes, stands at: 100%, on: host-7 }\n  flag: {');
    let from = Infinity;
    const made = await rehearse(plan, '', {
      around: (activities) => ({
        ...activities,
        guard: async (input) => {
          const { scheduledTimestampMs, heartbeatDetails } = activityInfo();
          const now = (heartbeatDetails as { dueAt: number } | undefined)?.dueAt ?? scheduledTimestampMs;
          from = Math.min(from, now + 2 * hour);
          return activities.guard(now >= from && now < from + hour ? { ...input, targets: input.targets.map((one) => ({ ...one, target: { ...one.target, provider: 'manual' } })) } : input);
        },
      }),
    });
    expect(made.outcome).toBe('completed');
    expect(longest(made)).toBeGreaterThan(hour);
    expect(longest(made)).toBeLessThan(hour + 25 * minute);
    expect(made.status.unwatched!.why).toContain('crisis cannot be read');
    expect(made.messages.filter((message) => message.topic === 'unwatched').map((message) => message.severity)).toEqual(['critical']);
    expect(made.grades[0]!.reached).toBe(false);
  });
});
