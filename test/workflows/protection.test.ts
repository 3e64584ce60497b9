// Promise 7: what is protected stays protected: targets that are never moved, caps, what must pass and who must agree before a move.
import { activityInfo } from '@temporalio/activity';
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { hour, minute, phaseOf, rehearsals, smallPlan, texts } from './world.js';

/** The small plan with a crisis flag beside its own, which nobody may touch. */
const protectedPlan = (more: Parameters<typeof smallPlan>[0] & { readonly crisis?: string; readonly flag?: string } = {}): string =>
  smallPlan(more).replace('  flag: { memory: flag, safer: lower }\n', `  flag: { memory: flag, safer: lower${more.flag ?? ''} }\n  crisis: { memory: crisis, read only: yes, ${more.crisis ?? 'stands at: 100%'} }\n`);

describeNeeding(['test-server'], 'a protected target', () => {
  const rehearse = rehearsals();
  const told = (made: Awaited<ReturnType<typeof rehearse>>, topic: string) => made.messages.filter((message) => message.topic === topic);

  for (const [state, at, scenario] of [
    ['the preparation', 'start + 1h', ''],
    ['a soak', 'wave-1 + 3h', ''],
    ['a pause', 'wave-1 + 4h', 'commandsGiven: [{ at: wave-1 + 3h, give: pause, by: ann }, { at: wave-1 + 5h, give: resume, by: ann }]'],
    ['a rollback', 'wave-1 + 3h 20s', 'events: [{ at: wave-1 + 3h, event: data-corruption }]\nwrites: [{ target: flag, fails: 12, direction: back }]'],
  ] as const) {
    it(`that somebody changes in ${state} is restored at once and told`, async () => {
      const made = await rehearse(protectedPlan({ top: 'rollback: { within: 5m }' }), `drift: [{ at: ${at}, target: crisis, to: 40 }]\n${scenario}`);
      expect(made.targets['crisis']).toBe(100);
      expect(made.outcome).toBe(state === 'a rollback' ? 'rolled-back' : 'completed');
      const [message, ...others] = told(made, 'protected-changed');
      expect(others).toEqual([]);
      expect(message).toMatchObject({ severity: 'critical', to: ['ann', 'bob'] });
      expect(message!.title).toContain('crisis is protected and was changed by somebody else: 40% instead of 100%; it is restored');
      const found = made.entries.find((entry) => entry.kind === 'drift')!;
      const restored = made.entries.find((entry) => entry.kind === 'restored')!;
      expect(restored.at - found.at).toBeLessThan(5_000);
      expect(restored.detail).toMatchObject({ target: 'crisis', found: 40, value: 100 });
      // It is no move of the rollout, and no rollback of ours.
      expect(made.moves.every((move) => move.target === 'flag')).toBe(true);
      if (state === 'a rollback') {
        const decided = made.status.rollback!;
        expect(found.at).toBeGreaterThan(decided.decidedAt);
        expect(found.at).toBeLessThan(decided.readBackAt!);
      } else expect(made.status.rollback).toBeNull();
    });
  }

  it('without a stated value keeps the one it had when the rollout started', async () => {
    const made = await rehearse(protectedPlan({ crisis: 'unit: "%"' }), 'targets: { crisis: 70 }\ndrift: [{ at: wave-1 + 3h, target: crisis, to: 100 }]');
    expect(made.outcome).toBe('completed');
    expect(made.targets['crisis']).toBe(70);
    expect(texts(made, 'protected')).toEqual(['crisis stands at 70% and must stay there: rehearsed']);
    expect(made.status.targets['crisis']).toMatchObject({ value: 70, protected: true });
    const moved = made.entries.find((entry) => entry.kind === 'move')!;
    expect(made.entries.find((entry) => entry.kind === 'protected')!.seq).toBeLessThan(moved.seq);
  });

  it('of which nobody knows where it stands keeps everything from being moved, and people are told', async () => {
    let from = 0;
    const made = await rehearse(protectedPlan({ crisis: 'unit: "%"' }), 'targets: { crisis: 70 }', {
      around: (activities) => ({ ...activities, guard: async (input) => {
        const { scheduledTimestampMs, heartbeatDetails } = activityInfo();
        const now = (heartbeatDetails as { dueAt: number } | undefined)?.dueAt ?? scheduledTimestampMs;
        from ||= now;
        return activities.guard(now < from + 30 * hour ? { ...input, targets: input.targets.map((one) => ({ ...one, target: { ...one.target, provider: 'manual' } })) } : input);
      } }),
    });
    expect(made.outcome).toBe('completed');
    expect(made.messages.filter((message) => message.topic === 'hold' && message.title.includes('crisis cannot be read')).map((message) => message.severity)).toEqual(['critical']);
    const known = made.entries.find((entry) => entry.kind === 'protected')!;
    expect(known.at - made.startedAt).toBeGreaterThanOrEqual(30 * hour);
    expect(made.moves[0]!.at).toBeGreaterThanOrEqual(known.at);
  });

  it('that was changed is an issue: the soak starts anew where the plan says so, and nothing is rolled back by itself', async () => {
    const made = await rehearse(protectedPlan(), 'drift: [{ at: wave-1 + 20h, target: crisis, to: 0 }]');
    expect(made.outcome).toBe('completed');
    expect(phaseOf(made, 'wave-1').restarts).toBe(1);
    expect(phaseOf(made, 'wave-1').endedAt! - phaseOf(made, 'wave-1').movedAt!).toBeGreaterThan(43 * hour);
    expect(made.status.issues.map((issue) => [issue.severity, issue.unplanned])).toEqual([['critical', false]]);
  });

  it('that was changed leaves the time out where the plan says extends', async () => {
    const made = await rehearse(protectedPlan({ soak: '24h, extends on issue' }), 'drift: [{ at: wave-1 + 20h, target: crisis, to: 0 }]');
    expect(phaseOf(made, 'wave-1').restarts).toBe(0);
    const took = phaseOf(made, 'wave-1').endedAt! - phaseOf(made, 'wave-1').movedAt!;
    expect(took).toBeGreaterThan(24 * hour + 30_000);
    expect(took).toBeLessThan(24 * hour + 25 * minute);
  });

  it('rolls everything back where the plan names an event for its change', async () => {
    const made = await rehearse(protectedPlan({ crisis: 'stands at: 100%, reports: data-corruption' }), 'drift: [{ at: wave-2 + 3h, target: crisis, to: 0 }]');
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets).toEqual({ flag: 0, crisis: 100 });
  });

  it('that cannot be restored is shouted about once, held, and tried again at every look', async () => {
    const made = await rehearse(protectedPlan(), 'drift: [{ at: wave-1 + 3h, target: crisis, to: 0 }]\nwrites: [{ target: crisis, fails: 12, direction: both }]');
    expect(made.outcome).toBe('completed');
    expect(made.targets['crisis']).toBe(100);
    expect(told(made, 'protected-not-restored')).toHaveLength(1);
    expect(told(made, 'protected-not-restored')[0]).toMatchObject({ severity: 'emergency' });
    const failed = made.entries.filter((entry) => entry.kind === 'restore-failed');
    expect(failed).toHaveLength(4);
    for (const [index, entry] of failed.slice(1).entries()) expect(Math.abs(entry.at - failed[index]!.at - 10 * minute)).toBeLessThan(10_000);
    expect(texts(made, 'hold').some((text) => text.includes('it could NOT be restored'))).toBe(true);
    expect(phaseOf(made, 'wave-1').endedAt! - phaseOf(made, 'wave-1').movedAt!).toBeGreaterThan(27 * hour);
  });

  it('that somebody keeps changing is not fought for ever: people are called and asked, and decide', async () => {
    const hands = [0, 1, 2, 3].map((n) => `{ at: wave-1 + 3h ${n}m, target: crisis, to: ${n} }`).join(', ');
    const made = await rehearse(protectedPlan().replaceAll('watch: every 10m', 'watch: every 30s').replace('24h, restarts on issue', '5h').replace('soak: 24h\n', 'soak: 1h\n'), `drift: [${hands}]\nanswers: [{ ask: wave-1/protected/crisis, by: ann, value: restore, after: 20m }]`);
    expect(made.outcome).toBe('completed');
    expect(made.targets['crisis']).toBe(100);
    expect(told(made, 'protected-changed')).toHaveLength(4);
    expect(told(made, 'protected-contested')).toHaveLength(1);
    expect(told(made, 'protected-contested')[0]).toMatchObject({ severity: 'emergency' });
    const contested = made.entries.find((entry) => entry.kind === 'hold' && entry.text.includes('restored 3 times'))!;
    const last = made.entries.filter((entry) => entry.kind === 'restored').at(-1)!;
    expect(last.at - contested.at).toBeGreaterThanOrEqual(20 * minute);
    expect(last.at - contested.at).toBeLessThan(21 * minute);
  });

  it('that somebody puts back himself is no longer asked about', async () => {
    const hands = [0, 1, 2, 3].map((n) => `{ at: wave-1 + 3h ${n}m, target: crisis, to: ${n} }`).join(', ');
    const made = await rehearse(protectedPlan().replaceAll('watch: every 10m', 'watch: every 30s').replace('24h, restarts on issue', '5h').replace('soak: 24h\n', 'soak: 1h\n'), `drift: [${hands}, { at: wave-1 + 3h 30m, target: crisis, to: 100 }]\nanswers: [{ ask: wave-1/protected/crisis, never: true }]`);
    expect(made.outcome).toBe('completed');
    expect(made.asks.find((ask) => ask.ask === 'wave-1/protected/crisis')).toMatchObject({ state: 'void', result: 'it stands again where it must' });
    expect(texts(made, 'restored')).toHaveLength(3);
  });

  it('is not moved away from what its plan calls safer: that is somebody’s stop, and people are asked', async () => {
    const made = await rehearse(protectedPlan({ crisis: 'stands at: 100%, safer: lower' }), 'drift: [{ at: wave-1 + 3h, target: crisis, to: 0 }]');
    expect(made.outcome).toBe('completed');
    const ask = made.asks.find((one) => one.ask === 'wave-1/protected/crisis')!;
    expect(ask.question).toContain('exposes fewer people');
    expect(texts(made, 'restored')).toEqual(['crisis is restored to 100%: reads 100 in the rehearsed world (crisis)']);
  });

  it('on a host of its own is read and restored by that host’s worker', async () => {
    const made = await rehearse(protectedPlan({ crisis: 'stands at: 100%, on: host-7' }), 'drift: [{ at: wave-1 + 3h, target: crisis, to: 0 }]');
    expect(made.outcome).toBe('completed');
    expect(made.targets['crisis']).toBe(100);
    expect(texts(made, 'restored')).toHaveLength(1);
    expect(made.status.unwatched!.to - made.status.unwatched!.from).toBeLessThan(11 * minute);
  });

  it('survives continue-as-new and a worker that forgets everything between two tasks', async () => {
    const made = await rehearse(protectedPlan({ crisis: 'unit: "%"' }), 'targets: { crisis: 70 }\ndrift: [{ at: wave-1 + 3h, target: crisis, to: 0 }, { at: wave-2 + 3h, target: crisis, to: 100 }]', { maxHistoryEvents: 60, cachedWorkflows: 0 });
    expect(made.outcome).toBe('completed');
    expect(made.targets['crisis']).toBe(70);
    expect(texts(made, 'restored')).toHaveLength(2);
    expect(texts(made, 'protected')).toHaveLength(1);
  });
});

describeNeeding(['test-server'], 'a cap', () => {
  const rehearse = rehearsals();
  const capped = (cap: number): string => protectedPlan({ flag: `, cap: ${cap}%` }).replace('move: { flag: 100% }', 'move: { flag: 20% }');

  it('under the value in force refuses the start before anything moves', async () => {
    await expect(rehearse(capped(50), 'targets: { flag: 60 }')).rejects.toMatchObject({ code: 'CAP_BELOW_CURRENT', message: expect.stringContaining('flag stands at 60%, over its cap of 50%') });
  });

  it('that what somebody else did exceeds: it may be restored or rolled back, never adopted', async () => {
    const made = await rehearse(capped(50), 'drift: [{ at: wave-1 + 3h, target: flag, to: 60 }, { at: wave-1 + 8h, target: flag, to: 40 }]\nanswers: [{ ask: wave-1/drift/flag/2, value: adopt, after: 2h }]');
    expect(made.outcome).toBe('completed');
    expect(made.asks.filter((ask) => ask.kind === 'drift').map((ask) => ask.options)).toEqual([['restore', 'rollback'], ['adopt', 'restore', 'rollback']]);
    // The second question has an answer of its own: that of the first decides nothing any more.
    const adopted = made.moves.find((move) => move.state === 'adopted')!;
    expect(adopted.at - made.asks.find((ask) => ask.ask === 'wave-1/drift/flag/2')!.askedAt).toBeGreaterThanOrEqual(2 * hour);
    expect(made.moves.map((move) => move.after)).toEqual([10, 40, 20]);
  });
});

describeNeeding(['test-server'], 'what must pass or be approved before a move', () => {
  const rehearse = rehearsals();
  const validated = protectedPlan({ flag: ', before each move: { run: ./validate.sh, timeout: 10m }' });
  const commands = (made: Awaited<ReturnType<typeof rehearse>>) => texts(made, 'command').filter((text) => text.startsWith('before moving flag'));

  it('runs before each forward write and never before an undo', async () => {
    const made = await rehearse(validated, 'events: [{ at: wave-2 + 3h, event: data-corruption }]');
    expect(made.outcome).toBe('rolled-back');
    expect(commands(made)).toEqual(['before moving flag: passed', 'before moving flag: passed']);
    for (const move of made.entries.filter((entry) => entry.kind === 'move')) {
      const before = made.entries.filter((entry) => entry.seq < move.seq && entry.kind === 'command').at(-1)!;
      expect(move.at - before.at).toBeLessThan(10_000);
    }
  });

  it('that fails moves nothing: it holds with the output, is tried again, and the approval is asked anew', async () => {
    const made = await rehearse(validated, 'commands: [{ command: validate.sh, fails: 1, output: PHQ-9 scored 26 of 27 }]');
    expect(made.outcome).toBe('completed');
    expect(texts(made, 'hold').some((text) => text.includes('PHQ-9 scored 26 of 27'))).toBe(true);
    const failed = made.entries.find((entry) => entry.kind === 'command' && entry.text.includes('failed'))!;
    expect(made.entries.filter((entry) => entry.kind === 'move')[0]!.seq).toBeGreaterThan(failed.seq);
    expect(commands(made)).toEqual(['before moving flag: failed with exit code 1', 'before moving flag: passed', 'before moving flag: passed']);
    expect(made.asks.filter((ask) => ask.kind === 'approval').map((ask) => ask.state)).toEqual(['void', 'settled']);
  });

  it('that fails ends in nothing moved where people say so', async () => {
    const made = await rehearse(validated, 'commands: [{ command: validate.sh, fails: always, output: wrong }]\nanswers: [{ ask: wave-1/retry/flag, value: rollback }]');
    expect(made.outcome).toBe('rolled-back');
    expect(made.moves).toEqual([]);
  });

  it('runs again before a write that is repeated', async () => {
    const made = await rehearse(validated, 'writes: [{ target: flag, fails: 3 }]');
    expect(made.outcome).toBe('completed');
    expect(commands(made)).toHaveLength(3);
  });

  it('runs before a drift is adopted', async () => {
    const made = await rehearse(validated.replace('24h, restarts on issue', '12h').replace('soak: 24h\n', 'soak: 1h\n'), 'drift: [{ at: wave-1 + 3h, target: flag, to: 7 }]\nanswers: [{ ask: wave-1/drift/flag, value: adopt, times: 1 }]');
    expect(made.outcome).toBe('completed');
    expect(commands(made)).toHaveLength(3);
    expect(made.moves.map((move) => [move.state, move.after])).toEqual([['done', 10], ['adopted', 7], ['done', 100]]);
  });

  it('that fails before a drift is restored leaves it as it was found, says so, and asks again', async () => {
    let runs = 0;
    const made = await rehearse(validated, 'drift: [{ at: wave-1 + 3h, target: flag, to: 7 }]', { around: (activities) => ({ ...activities, runCommand: async (input) => { runs++; return runs === 2 ? { ok: false, exitCode: 1, output: 'PHQ-9 scored 26 of 27', timedOut: false, durationMs: 5 } : activities.runCommand(input); } }) });
    expect(made.outcome).toBe('completed');
    expect(made.asks.filter((ask) => ask.kind === 'drift').map((ask) => ask.ask)).toEqual(['wave-1/drift/flag', 'wave-1/drift/flag/2']);
    expect(made.messages.filter((message) => message.topic === 'validation-failed')).toHaveLength(1);
    expect(texts(made, 'moved').filter((text) => text.includes('was restored'))).toHaveLength(1);
    expect(commands(made)).toHaveLength(4);
  });

  const approved = protectedPlan({ flag: ', approval: { from: [bob, cid], needs: 2, within: 6h }' });

  it('a target’s own approval is asked beside the phase’s, in each phase that moves it, and both must stand', async () => {
    const made = await rehearse(approved);
    expect(made.outcome).toBe('completed');
    const asked = made.asks.filter((ask) => ask.kind === 'approval');
    expect(asked.map((ask) => [ask.ask, ask.from, ask.state])).toEqual([['wave-1/approval', ['ann', 'bob'], 'settled'], ['wave-1/approval/flag', ['bob', 'cid'], 'settled'], ['wave-2/approval/flag', ['bob', 'cid'], 'settled']]);
    expect(asked[1]!.askedAt).toBe(asked[0]!.askedAt);
    expect(asked[1]!.question).toBe('May flag be moved? (wave-1: flag to 10%)');
    const first = made.moves[0]!;
    expect(first.at).toBeGreaterThan(Math.max(...asked.slice(0, 2).flatMap((ask) => ask.answers.map((answer) => answer.at))));
  });

  it('a target’s approval that nobody gives in time holds, and moves nothing', async () => {
    const made = await rehearse(approved, 'answers: [{ ask: wave-1/approval/flag, never: true }]', { untilMs: 10 * 24 * hour });
    expect(made.outcome).toBe('held');
    expect(made.moves).toEqual([]);
    expect(made.status.hold).toMatchObject({ reason: 'unanswered' });
  });

  it('a target’s approval that is rejected voids the phase’s: both are asked again', async () => {
    const made = await rehearse(approved, 'answers: [{ ask: wave-1/approval/flag, value: reject, reason: not yet, by: cid, times: 1 }]\ncommandsGiven: [{ at: day 1 at 20:00, give: resume, by: ann }]');
    expect(made.outcome).toBe('completed');
    const states = made.asks.filter((ask) => ask.phase === 'wave-1' && ask.kind === 'approval').map((ask) => [ask.ask, ask.state]);
    expect(states).toEqual([['wave-1/approval', 'void'], ['wave-1/approval/flag', 'void'], ['wave-1/approval/2', 'settled'], ['wave-1/approval/flag/2', 'settled']]);
  });
});
