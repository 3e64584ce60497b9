// reviews, done, and incidents on the screens: what is shown of what outlives a rollout, what goes where, what is refused.
import { describe, expect, test } from 'vitest';
import type { ReviewDates, Rollouts, WorkItem } from '../../src/cli/ports.js';
import type { IncidentView } from '../../workflows/messages.js';
import { at, fakeRollouts, seenOf, statusOf, type as typed } from './fake-cli.js';

const hour = 3_600_000;
const showing = (change: Partial<Rollouts> = {}) => { const rollouts = fakeRollouts(change); return { rollouts, options: { columns: 200, parts: { rollouts: async () => rollouts } } }; };
const item = (change: Partial<WorkItem> = {}): WorkItem => ({
  kind: 'follow-up', rollout: 'hotline', id: 'follow-ups/post-mortem', title: 'Post-mortem', who: ['lead'], tasks: ['data were lost'], since: at - 2 * hour, dueAt: at + 22 * hour, state: 'open', doneBy: null, doneAt: null, note: '', ask: null, workflowId: 'follow-up/hotline/follow-ups/post-mortem/1', open: true, answered: true, ...change,
});
const ask = { ask: 'incident-1/acknowledge', kind: 'acknowledge', phase: null, question: 'incident-1 (critical, commander lead): calls are lost. Is it yours?', from: ['lead', 'ann'], needs: 1, options: ['mine'], healthy: 'mine', askedAt: at - 600_000, dueAt: null, otherwise: 'the next is called', answers: [], state: 'open', result: null } as const;
const incident = item({ kind: 'incident', id: 'incident-1', title: 'incident-1 (critical, commander lead): calls are lost', who: ['lead', 'ann'], dueAt: null, ask, state: 'late', workflowId: 'incident/hotline/incident-1/1', tasks: ['Look at the health page'] });
const late = item({ id: 'reviews/month', kind: 'review', title: 'Month', state: 'late', dueAt: at - hour, workflowId: 'review/hotline/reviews/month-1' });
const done = item({ open: false, state: 'done-late', doneBy: 'lead', doneAt: at - hour, note: 'docs/x.md', title: 'Root cause', workflowId: 'w1' });
const missed = item({ open: false, state: 'missed', kind: 'review', title: 'First days', workflowId: 'w2' });
const dates: ReviewDates = { rollout: 'hotline', id: 'reviews/month', scheduleId: 'review/hotline/reviews/month', title: 'Month', who: ['lead'], tasks: [], timezone: 'Europe/Berlin', next: [Date.parse('2027-03-27T08:00:00Z'), Date.parse('2027-04-03T07:00:00Z')], paused: false };

describe('reviews', () => {
  test('what nobody has comes first, then what is late, each with the line to type; what is over and what comes after it', async () => {
    const { rollouts, options } = showing({ work: async () => [item(), late, incident, done, missed], reviewDates: async () => [dates] });
    const { stdout, stderr, exitCode } = await typed('reviews hotline', options);
    expect(stdout).toBe(`hotline incident: incident-1 (critical, commander lead): calls are lost
  of lead, ann; since 2 h ago; nobody has acknowledged it
  - Look at the health page
  $ tidegate answer hotline incident-1/acknowledge mine
hotline review: Month
  of lead; since 2 h ago; LATE since Thu 3 Dec 2026, 17:00 GMT+1
  - data were lost
  $ tidegate done hotline month -m NOTE
hotline follow-up: Post-mortem
  of lead; since 2 h ago; due Fri 4 Dec 2026, 16:00 GMT+1 (in 22 h)
  - data were lost
  $ tidegate done hotline post-mortem -m NOTE
Ended
  Root cause (hotline): done by lead 1 h ago, late: docs/x.md
  First days (hotline): MISSED: nobody did it before the next one came
To come
  Month (hotline), lead
    Sat 27 Mar 2027, 09:00 GMT+1 (in 113 d 15 h) · Sat 3 Apr 2027, 09:00 GMT+2
`);
    expect({ stderr, exitCode, closed: rollouts.closed }).toEqual({ stderr: '', exitCode: 0, closed: 1 });
  });
  test('of a rollout, or of all', async () => {
    const asked: unknown[] = [];
    const { options } = showing({ work: async ({ rollout }) => { asked.push(rollout); return []; }, reviewDates: async (rollout) => { asked.push(rollout); return []; } });
    expect((await typed('reviews', options)).stderr).toBe('Nothing is left to do, and no review comes.\n');
    expect((await typed('reviews rollout/hotline', options)).stderr).toBe('Nothing is left to do of hotline, and no review of it comes.\n');
    expect(asked).toEqual([null, null, 'hotline', 'hotline']);
  });
  test('--json is one document', async () => {
    const { options } = showing({ work: async () => [incident, done], reviewDates: async () => [dates] });
    const document = JSON.parse((await typed('reviews hotline --json', options)).stdout);
    expect(document.work.map((one: WorkItem) => [one.kind, one.id, one.state, one.open])).toEqual([['incident', 'incident-1', 'late', true], ['follow-up', 'follow-ups/post-mortem', 'done-late', false]]);
    expect(document.reviews).toEqual([dates]);
  });
  test('of what has ended the last ten, with --all everything', async () => {
    const { options } = showing({ work: async () => Array.from({ length: 30 }, (_, index) => item({ ...done, title: `Work ${index}` })) });
    expect((await typed('reviews hotline', options)).stdout.match(/Work/g)).toHaveLength(10);
    expect((await typed('reviews hotline --all', options)).stdout.match(/Work/g)).toHaveLength(30);
  });
});

describe('done', () => {
  test('finds what is meant by its short name, its id or its whole name', async () => {
    for (const what of ['post-mortem', 'follow-ups/post-mortem', 'follow-up/hotline/follow-ups/post-mortem/1']) {
      const { rollouts, options } = showing({ work: async () => [item(), late] });
      const { stdout, exitCode } = await typed(`done hotline ${what} --as lead -m 'docs/x.md' --id d-1`, options);
      expect(rollouts.told).toEqual([{ finish: 'follow-up/hotline/follow-ups/post-mortem/1', updateId: 'd-1', by: { by: 'lead', osUser: 'ann', host: 'laptop', identity: 'tidegate:ann@laptop', reason: 'docs/x.md', id: 'd-1' } }]);
      expect([stdout, exitCode]).toEqual(['✔ it is done\n  This cannot be undone.\n', 0]);
    }
  });
  test('an incident is ended where it is: the rollout is asked first', async () => {
    const { rollouts, options } = showing();
    await typed("done hotline incident-2 --as lead -m 'a slow replica' --id d-2", options);
    expect(rollouts.told).toEqual([{ rollout: 'hotline', name: 'done', updateId: 'd-2', payload: { by: 'lead', osUser: 'ann', host: 'laptop', identity: 'tidegate:ann@laptop', reason: 'a slow replica', id: 'd-2', what: 'incident-2' } }]);
  });
  test('what is not open is refused with what is', async () => {
    const { rollouts, options } = showing({ work: async () => [item(), late] });
    const { stderr, exitCode } = await typed('done hotline postmortem', options);
    expect(stderr).toContain('Nothing called postmortem is open of hotline (open: post-mortem, month)');
    expect([exitCode, rollouts.told]).toEqual([1, []]);
  });
  test('what could mean several is refused with their whole names', async () => {
    const { rollouts, options } = showing({ work: async () => [item(), item({ workflowId: 'follow-up/hotline/follow-ups/post-mortem/2', tasks: ['calls are lost'] })] });
    const { stderr, exitCode } = await typed('done hotline post-mortem', options);
    expect(stderr).toMatch(/is open 2 times:\n\s*follow-up\/hotline\/follow-ups\/post-mortem\/1 {2}data were lost, since 2 h ago\n\s*follow-up\/hotline\/follow-ups\/post-mortem\/2 {2}calls are lost/);
    expect([exitCode, rollouts.told]).toEqual([1, []]);
  });
});

describe('an incident', () => {
  test('is opened with its words and its severity', async () => {
    const { rollouts, options } = showing();
    await typed("incident hotline 'calls are lost' --severity warning --as nurse --id i-1", options);
    expect(rollouts.told).toMatchObject([{ rollout: 'hotline', name: 'incident', payload: { by: 'nurse', what: 'calls are lost', severity: 'warning' } }]);
  });
  const view: IncidentView = { id: 'incident-1', severity: 'critical', text: 'calls are lost', commander: 'lead', openedAt: at - 600_000, openedBy: null, called: [{ who: 'lead', at: at - 600_000 }, { who: 'ann', at: at - 300_000 }], acknowledgedAt: null, acknowledgedBy: null, overAt: null, firstSteps: [] };
  const seen = (change: Partial<IncidentView> = {}) => showing({ see: async () => seenOf(statusOf({ asks: [ask], incidents: [{ ...view, ...change }] })) }).options;
  test('stands on the board and leads the reasons, with who commands and who is called', async () => {
    expect((await typed('status batch-patches-v1', { ...seen(), columns: 100 })).stdout).toMatch(/Incident {3}incident-1 \(critical\), commander lead, calling ann \(for 10 min\): calls are lost/);
    const { reasons } = JSON.parse((await typed('why batch-patches-v1 --json', seen())).stdout);
    expect(reasons[0]).toMatchObject({ kind: 'incident', rank: 1, text: 'incident-1 (critical), commander lead, calling ann: calls are lost', ends: 'when somebody takes it: tidegate answer batch-patches-v1 incident-1/acknowledge mine' });
    expect(reasons.filter((one: { kind: string }) => one.kind === 'ask')).toEqual([]);
  });
  test('shows who has it, and is gone when it is over', async () => {
    expect((await typed('why batch-patches-v1', seen({ acknowledgedAt: at, acknowledgedBy: 'ann' }))).stdout).toContain('commander lead, ann has it');
    expect((await typed('why batch-patches-v1', seen({ acknowledgedAt: at, acknowledgedBy: 'ann', overAt: at }))).stdout).not.toContain('incident-1 (');
  });
  test('does not take the key that lets a rollout go on', async () => {
    expect((await typed('status batch-patches-v1', { ...seen(), columns: 100 })).stdout).toContain('CONTINUE  tidegate resume batch-patches-v1');
  });
  test('that outlived its rollout stands in the inbox of whoever may take it; one that no worker answers for is named', async () => {
    const { options } = showing({ list: async () => [], work: async () => [incident, item({ kind: 'incident', id: 'incident-2', rollout: 'shop', answered: false })] });
    const { stdout, stderr } = await typed('inbox --as ann', options);
    expect(stdout).toMatch(/hotline incident-1\/acknowledge\n[\s\S]*\$ tidegate answer hotline incident-1\/acknowledge mine --as ann\n$/);
    expect(stderr).toContain('No worker answers for shop incident-2');
    expect((await typed('inbox --as eve', options)).stdout).toBe('');
  });
});
