// Incidents: people are called one after the other until somebody takes it, steps are taken once, and no rollback waits for any of it.
import { expect, it } from 'vitest';
import type { Rehearsal } from '../../src/engine/rehearsal.js';
import { describeNeeding } from '../setup/needs.js';
import { hour, minute, rehearsals, smallPlan, texts } from './world.js';

const incidents = `
incidents:
  critical:
    commander: cid
    acknowledge within: 5m
    path: [ann, { to: bob, after: 10m }]
    first steps: [Look at the health page, docs/runbook.md]
    steps: [{ step: Manual fallback on, run: ./fallback.sh on }]
    tell: bob
    follow-ups: [{ follow-up: Root cause, who: ann, within: 24h }]`;
const critical = 'metrics: { latency: [{ at: wave-1 + 3h, for: 2h, value: 950 }] }';
/** the instants of the calls in minutes after the incident was opened, and whom */
const calls = (made: Rehearsal): [string, number][] => {
  const openedAt = made.entries.find((entry) => entry.kind === 'incident')!.at;
  return made.entries.filter((entry) => entry.kind === 'called').map((entry) => [(entry.detail as { who: string }).who, Math.round((entry.at - openedAt) / minute)]);
};
const at = (made: Rehearsal, kind: string): number => made.entries.find((entry) => entry.kind === kind)!.at;

describeNeeding(['test-server'], 'an incident', () => {
  const rehearse = rehearsals();

  it('calls its commander, and whoever takes it stops the walk; it is over with its issue', async () => {
    const made = await rehearse(smallPlan({ top: incidents }), critical);
    expect(made.outcome).toBe('completed');
    expect(calls(made)).toEqual([['cid', 0]]);
    const issue = made.status.issues.find((one) => one.severity === 'critical')!;
    expect(made.status.incidents).toMatchObject([{ id: 'incident-1', severity: 'critical', commander: 'cid', openedBy: null, acknowledgedBy: 'cid', overAt: issue.endedAt, called: [{ who: 'cid', at: issue.openedAt }] }]);
    expect((made.status.incidents![0]!.acknowledgedAt! - issue.openedAt) / minute).toBeCloseTo(2.5, 1);
    // what stands with the alert, and what is over is told where it was raised
    const alert = made.messages.find((message) => message.topic === 'issue-opened' && message.severity === 'critical')!;
    expect(alert.body).toMatch(/incident-1, commander cid\n1\. Look at the health page\n2\. docs\/runbook\.md$/);
    expect(alert.to).toEqual(['bob']);
    const call = made.messages.find((message) => message.ask === 'incident-1/acknowledge')!;
    expect(call).toMatchObject({ severity: 'critical', to: ['cid'], answers: { options: ['mine'], from: ['cid'], withinMs: 5 * minute }, matter: `incident-1/cid@${issue.openedAt}` });
    expect(call.body).toContain('1. Look at the health page');
    expect(made.messages.find((message) => message.topic === 'incident-acknowledged')!.ends).toEqual([call.matter]);
  });

  it('calls the next when the time of one has passed, each after its own', async () => {
    const made = await rehearse(smallPlan({ top: incidents }), `${critical}\nanswers: [{ ask: incident-1/acknowledge, never: true, times: 2 }]`);
    expect(calls(made)).toEqual([['cid', 0], ['ann', 5], ['bob', 15]]);
    expect(texts(made, 'acknowledged')).toEqual(['bob has incident-1, 18 min after it was opened']);
    expect(made.status.incidents![0]).toMatchObject({ acknowledgedBy: 'bob' });
    const last = made.messages.filter((message) => message.ask === 'incident-1/acknowledge').at(-1)!;
    expect(last.body).toContain('called before, without an answer: cid, ann');
  });

  it('may be taken by anybody of the path, called or not, and by nobody else', async () => {
    const made = await rehearse(smallPlan({ top: incidents.replace(', { to: bob, after: 10m }', '') }), `${critical}\nanswers: [{ ask: incident-1/acknowledge, by: [bob, ann], value: mine, after: 1m }]`);
    expect(calls(made)).toEqual([['cid', 0]]);
    expect(made.status.incidents![0]!.acknowledgedBy).toBe('ann');
    expect(made.status.badSignals.join()).toContain("bob is not among those asked for 'incident-1/acknowledge' (cid, ann)");
  });

  it('that nobody takes is told to all, and the walk begins again an hour after it began', async () => {
    const made = await rehearse(smallPlan({ top: incidents }), `${critical}\nanswers: [{ ask: incident-1/acknowledge, never: true }]`, { untilMs: 20 * hour });
    expect(calls(made).slice(0, 6)).toEqual([['cid', 0], ['ann', 5], ['bob', 15], ['cid', 60], ['ann', 65], ['bob', 75]]);
    const shouted = made.messages.filter((message) => message.topic === 'incident-unanswered');
    expect([shouted[0]!.severity, Math.round((shouted[0]!.at - at(made, 'incident')) / minute), [...shouted[0]!.to].sort()]).toEqual(['emergency', 20, ['ann', 'bob', 'cid']]);
    // its issue ended long ago: that alone does not end it
    expect(made.status.issues.every((issue) => issue.endedAt !== null)).toBe(true);
    expect(made.status.incidents![0]).toMatchObject({ acknowledgedAt: null, overAt: null });
  });

  it('takes each step once, also when every task replays the history and the run is continued as new', async () => {
    const made = await rehearse(smallPlan({ top: incidents }), `${critical}\nanswers: [{ ask: incident-1/acknowledge, never: true, times: 2 }]`, { maxHistoryEvents: 40 });
    expect(made.outcome).toBe('completed');
    expect(texts(made, 'command').filter((text) => text.includes('Manual fallback'))).toEqual(['incident-1: Manual fallback on: done']);
    expect(calls(made)).toEqual([['cid', 0], ['ann', 5], ['bob', 15]]);
    expect(texts(made, 'follow-up').filter((text) => text.startsWith('Root cause'))).toHaveLength(1);
  });

  it('goes on walking where it was after continue-as-new in the middle of the walk', async () => {
    const made = await rehearse(smallPlan({ top: incidents.replace('{ to: bob, after: 10m }', '{ to: bob, after: 30h }') }), `${critical}\nanswers: [{ ask: incident-1/acknowledge, never: true, times: 2 }]`, { maxHistoryEvents: 40 });
    expect(calls(made)).toEqual([['cid', 0], ['ann', 5], ['bob', 30 * 60 + 5]]);
    expect(made.status.incidents![0]!.acknowledgedBy).toBe('bob');
  });

  it('tells that a step failed, and goes on', async () => {
    const made = await rehearse(smallPlan({ top: incidents }), `${critical}\ncommands: [{ command: fallback, fails: always, output: no such switch }]`);
    expect(made.outcome).toBe('completed');
    const told = made.messages.find((message) => message.topic === 'incident-step-failed')!;
    expect([told.title, told.body, [...told.to].sort()]).toEqual(['incident-1 (critical, commander cid): Manual fallback on failed', 'failed with exit code 1: no such switch', ['ann', 'bob', 'cid']]);
  });

  it('never delays a rollback: the undo leaves before its steps, and nobody is waited for', async () => {
    const made = await rehearse(smallPlan({ top: incidents }), `events: [{ at: wave-1 + 6h, event: data-corruption }]\nanswers: [{ ask: incident-1/acknowledge, never: true }]`, { keepHistory: true });
    expect(made.outcome).toBe('rolled-back');
    expect(made.status.rollback!.readBackAt! - at(made, 'event')).toBeLessThan(5_000);
    const events = (made.history as { events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[] }).events;
    const scheduled = events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType.name ?? []);
    expect(scheduled).toContain('runCommand');
    expect(scheduled.indexOf('undoTarget')).toBeLessThan(scheduled.indexOf('runCommand'));
  });

  it('outlives the rollout that ends before somebody has taken it', async () => {
    const made = await rehearse(smallPlan({ top: incidents }), `events: [{ at: wave-1 + 6h, event: data-corruption }]\nanswers: [{ ask: incident-1/acknowledge, never: true }]`, { keepHistory: true });
    expect(made.status.incidents).toMatchObject([{ acknowledgedAt: null, overAt: null }]);
    expect(texts(made, 'incident').at(-1)).toBe('incident-1 is still open and goes on by itself: nobody has acknowledged it');
    const events = (made.history as { events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[] }).events;
    expect(events.filter((event) => ['startIncident', 'startFollowUp'].includes(event.activityTaskScheduledEventAttributes?.activityType.name ?? '')).map((event) => event.activityTaskScheduledEventAttributes!.activityType.name)).toEqual(['startFollowUp', 'startIncident']);
  });

  it('is still asked about after a rollback to a phase, by which every other question falls', async () => {
    const made = await rehearse(smallPlan({ top: incidents, two: '    approval: { from: [ann], within: 100h }' }), `answers: [{ ask: incident-1/acknowledge, never: true, times: 2 }, { ask: wave-2/approval/2, never: true }]
commandsGiven: [{ at: wave-2 + 3h, give: incident, by: bob, with: { what: calls are lost } }, { at: wave-2 + 3h 2m, give: rollback, by: bob, with: { phase: wave-2 } }]`, { untilMs: 4 * 24 * hour });
    expect([made.outcome, made.targets['flag']]).toEqual(['held', 10]);
    expect(calls(made)).toEqual([['cid', 0], ['ann', 5], ['bob', 15]]);
    expect(made.status.incidents).toMatchObject([{ acknowledgedBy: 'bob', overAt: null }]);
  });

  it('about an event is over when a person says so, and not before', async () => {
    const plan = smallPlan({ top: incidents.replace('critical:', 'warning:') }).replace("warning: ['error_rate > 5%']", 'warning: [event: escalation]');
    const made = await rehearse(plan, `events: [{ at: wave-1 + 3h, event: escalation }, { at: wave-1 + 4h, event: escalation }]\ncommandsGiven: [{ at: wave-1 + 10h, give: done, by: cid, with: { what: incident-1, reason: a slow replica } }]`);
    expect(made.outcome).toBe('completed');
    expect(made.status.incidents).toHaveLength(1);
    expect((made.status.incidents![0]!.overAt! - made.status.incidents![0]!.openedAt) / hour).toBeCloseTo(7, 3);
    expect(texts(made, 'incident').at(-1)).toMatch(/^once more, while incident-1 is open/);
    expect(texts(made, 'incident-over')).toEqual(['incident-1 is over after 7 h: cid says so (a slow replica)']);
  });

  it('that a command repeated during a soak reported does not end with that soak', async () => {
    const plan = smallPlan({ top: incidents.replace('critical:', 'warning:').replace('after: 10m', 'after: 30h'), one: '    during: [{ name: Synthetic, run: ./synthetic.sh, every: 1h, reports: escalation }]', soak: '24h' }).replace("warning: ['error_rate > 5%']", 'warning: [event: escalation]');
    const made = await rehearse(plan, `commands: [{ command: synthetic, fails: 1 }]\nanswers: [{ ask: incident-1/acknowledge, never: true, times: 2 }]`);
    expect(made.entries.find((entry) => entry.kind === 'called' && entry.phase === 'wave-2')).toBeDefined();
    expect(calls(made)).toEqual([['cid', 0], ['ann', 5], ['bob', 30 * 60 + 5]]);
    expect(made.status.incidents![0]!.acknowledgedBy).toBe('bob');
  });

  it('may be opened by hand where the plan says nothing of incidents, and ended before anybody took it', async () => {
    const made = await rehearse(smallPlan(), `answers: [{ ask: incident-1/acknowledge, never: true }]
commandsGiven: [{ at: wave-1 + 3h, give: incident, by: bob, with: { what: calls are lost, severity: emergency } }, { at: wave-1 + 3h 7m, give: done, by: bob, with: { what: incident-1 } }]`);
    expect(calls(made)).toEqual([['ann', 0], ['bob', 5]]);
    expect(made.status.incidents).toMatchObject([{ severity: 'emergency', text: 'calls are lost', openedBy: 'bob', commander: 'ann', acknowledgedBy: 'bob' }]);
    expect(made.messages.find((message) => message.topic === 'incident-opened')!.title).toBe('small: incident-1 (emergency, commander ann): calls are lost');
    expect(made.asks.find((ask) => ask.kind === 'acknowledge')!.state).toBe('void');
  });

  it('is opened for a graver trigger than the plan names, and for no lighter one', async () => {
    const grave = await rehearse(smallPlan({ top: incidents }), `metrics: { error_rate: [{ at: wave-1 + 3h 1m, for: 4m, value: 12 }] }`);
    expect(grave.status.issues.map((issue) => issue.severity)).toEqual(['warning']);
    expect(grave.status.incidents).toBeUndefined();
    const graver = await rehearse(smallPlan({ top: incidents }), `events: [{ at: wave-1 + 6h, event: data-corruption }]`);
    expect(graver.status.incidents).toMatchObject([{ severity: 'emergency', commander: 'cid' }]);
  });

  it('opens none before anything was moved, and a plan without incidents opens none', async () => {
    const before = await rehearse(smallPlan({ top: incidents }), `metrics: { latency: [{ at: start, for: 4h, value: 950 }] }`);
    expect(before.status.issues.some((issue) => issue.severity === 'critical')).toBe(true);
    expect(before.status.incidents).toBeUndefined();
    expect((await rehearse(smallPlan(), critical)).status.incidents).toBeUndefined();
  });

  it('counts for a grade by its slowest acknowledgement', async () => {
    const grades = (limit: string): string => `${incidents}\nbaking: { for: 1h, watch: every 10m }\ngrades: { quick: ['rollout.slowest_acknowledgement < ${limit}'] }`;
    const slow = `${critical}\nanswers: [{ ask: incident-1/acknowledge, never: true, times: 2 }]`;
    expect((await rehearse(smallPlan({ top: grades('17min') }), slow)).grade).toBe(null);
    expect((await rehearse(smallPlan({ top: grades('18min') }), slow)).grade).toBe('quick');
  });
});

describeNeeding(['test-server'], 'escalation', () => {
  const rehearse = rehearsals();

  it('of a question goes from person to person after the time of each', async () => {
    const made = await rehearse(smallPlan().replace('escalation: [ann, bob]', 'escalation: [ann, { to: bob, after: 10m }, cid]\nescalate every: 20m'), 'answers: [{ ask: wave-1/approval, never: true }]', { untilMs: 30 * hour });
    const told = made.messages.filter((message) => message.topic === 'ask-escalated');
    expect(told.map((message) => [message.to[0], Math.round((message.at - told[0]!.at) / minute)])).toEqual([['ann', 0], ['bob', 10], ['cid', 30]]);
  });
});

describeNeeding(['test-server'], 'a follow-up', () => {
  const rehearse = rehearsals();
  const fixIt = "follow-ups: [{ follow-up: Fix it, on: warning, who: bob, within: 10h }, { follow-up: Tell the authority, on: 'event:escalation', who: cid, within: 4h }]";

  it('begins with the issue, reminds at half and four fifths and walks the path when it is late, person by person, while the rollout goes on', async () => {
    const plan = smallPlan({ top: fixIt }).replace('escalation: [ann, bob]', 'escalation: [ann, { to: cid, after: 90m }]');
    const made = await rehearse(plan, `metrics: { error_rate: [{ at: wave-1 + 3h, for: 20m, value: 6 }, { at: wave-1 + 5h, for: 20m, value: 6 }] }`);
    expect(made.outcome).toBe('completed');
    const issue = made.status.issues[0]!;
    const told = made.messages.filter((message) => message.topic.startsWith('follow-up')).map(({ topic, to, at: when }) => [topic, to.join(), (when - issue.openedAt) / hour]);
    expect(told.map(([topic, to]) => [topic, to])).toEqual([['follow-up', 'bob'], ['follow-up-reminder', 'bob'], ['follow-up-reminder', 'bob'], ['follow-up-late', 'bob,ann'], ['follow-up-late', 'cid']]);
    for (const [index, after] of [0, 5, 8, 10, 11.5].entries()) expect(told[index]![2]).toBeCloseTo(after, 1);
    // the same trouble again, while it is not done: said in the record, begun once
    expect(texts(made, 'follow-up')).toHaveLength(2);
  });

  it('begins with an event of its name', async () => {
    const made = await rehearse(smallPlan({ top: fixIt }), `events: [{ at: wave-1 + 3h, event: escalation, times: 2 }]`);
    const told = made.messages.filter((message) => message.topic === 'follow-up');
    expect(told.map((message) => [message.to.join(), message.title.slice(0, 25)])).toEqual([['cid', 'small: Tell the authority']]);
  });
});
