// Steps around the moves of a phase: taken in order, once; taken back as one when a part fails; and what must always follow, always follows.
import { expect, it } from 'vitest';
import type { Rehearsal } from '../../src/engine/rehearsal.js';
import { describeNeeding } from '../setup/needs.js';
import { rehearsals, texts } from './world.js';

const plan = (wave: string, more = ''): string => `
rollout: stepped
owner: ann
timezone: Europe/Berlin
people: { ann: { name: Ann }, bob: { name: Bob } }
targets: { api: { memory: api }, web: { memory: web }, app: { memory: app } }
metrics: { error_rate: { prometheus: { url: 'http://127.0.0.1:9', query: errors }, unit: '%' } }
events: { data-corruption: data were damaged }
triggers: { emergency: [event: data-corruption] }
phases:
  - phase: wave-1
    enter: ['error_rate < 5%']
    move: { api: 10%, web: 10%, app: 10% }
    soak: 2h
    watch: every 10m
${wave}
  - phase: wave-2
    move: { api: 100%, web: 100%, app: 100% }
    soak: 2h
${more}`;

const around = `
    checks: [npm run check-a, { check: B is ready, run: npm run check-b }]
    before:
      - { step: Migrate, run: npm run migrate, undo: npm run migrate-back, verify: npm run migrated }
      - { step: Deploy the flags, run: npm run flags, undo: npm run flags-back }
    after:
      - { step: Start the monitoring, run: npm run monitor, cannot be undone: it only looks }`;
const maintenance = `
    before:
      - { step: Maintenance mode, run: npm run maintenance-on, undo: npm run maintenance-undo, always: { run: npm run maintenance-off, verify: npm run maintenance-is-off } }
      - { step: Migrate, run: npm run migrate, undo: npm run migrate-back }`;

/** What was run and what was moved, in the order of the record. */
const done = (made: Rehearsal): string[] => made.entries.flatMap((entry) => {
  if (entry.kind === 'command' || entry.kind === 'moved' || entry.kind === 'undo') return [entry.text.replace(/ (stands at|is back at).*/, entry.kind === 'undo' ? ' back' : ' moved').replace(/: (ran for|passed|done).*/, '')];
  return entry.kind === 'step-undone' && /^(undo|always)/.test(entry.text) ? [entry.text.replace(/: done$/, '')] : [];
});

describeNeeding(['test-server'], 'steps', () => {
  const rehearse = rehearsals();

  it('are taken in their order: checks, steps before, moves, steps after', async () => {
    const made = await rehearse(plan(around));
    expect(made.outcome).toBe('completed');
    expect(done(made).slice(0, 8)).toEqual(['npm run check-a', 'B is ready', 'Migrate', 'Deploy the flags', 'api moved', 'web moved', 'app moved', 'Start the monitoring']);
    expect(made.status.steps.map(({ step, state }) => [step, state])).toEqual([['Migrate', 'done'], ['Deploy the flags', 'done'], ['Start the monitoring', 'done']]);
  });

  it('do not begin when a check fails: its own output is told, and nothing has moved', async () => {
    const made = await rehearse(plan(around), `
commands: [{ command: check-b, fails: always, output: the replica lags by 40 s }]
answers: [{ ask: wave-1/check, never: true }]`, { untilMs: 6 * 3_600_000 });
    expect(made.outcome).toBe('held');
    expect(made.status.hold!.message).toContain('the replica lags by 40 s');
    expect(made.moves).toEqual([]);
    expect(done(made).some((one) => one === 'Migrate')).toBe(false);
  });

  it('go back with the moves, newest first, when a part fails; a retry takes all of them again', async () => {
    const made = await rehearse(plan(around), 'commands: [{ command: npm run monitor, fails: 1, output: no such dashboard }]');
    expect(made.outcome).toBe('completed');
    expect(done(made).slice(2, 16)).toEqual([
      'Migrate', 'Deploy the flags', 'api moved', 'web moved', 'app moved', 'app back', 'web back', 'api back', 'undo: Deploy the flags', 'undo: Migrate', 'npm run check-a', 'B is ready', 'Migrate', 'Deploy the flags',
    ]);
    expect(made.messages.some((message) => message.topic === 'hold' && message.title.includes('no such dashboard'))).toBe(true);
  });

  it('and moves are one: when the third write fails the first two go back', async () => {
    const made = await rehearse(plan(''), `
writes: [{ target: app, fails: always, how: refused }]
answers: [{ ask: wave-1/retry/app, value: rollback }]`);
    expect(made.outcome).toBe('rolled-back');
    const held = made.entries.findIndex((entry) => entry.kind === 'hold');
    const back = made.entries.map((entry, index) => [index, entry] as const).filter(([, entry]) => entry.kind === 'undo');
    expect(back.map(([, entry]) => entry.text.split(' ')[0])).toEqual(expect.arrayContaining(['web', 'api']));
    // before anybody is asked, nothing half-changed stands
    expect(back.every(([index]) => index < held)).toBe(true);
  });

  it('that nobody could be sure of are run again, read, or asked about, as the plan says', async () => {
    const cut = 'commands: [{ command: npm run migrate, fails: 1, how: cut off }]';
    const again = await rehearse(plan(`
    before: [{ step: Migrate, run: npm run migrate, undo: npm run back, repeatable: yes }]`), cut);
    expect(done(again).filter((one) => one === 'Migrate')).toEqual(['Migrate']);
    expect(again.asks).toEqual([]);

    const read = await rehearse(plan(`
    before: [{ step: Migrate, run: npm run migrate, undo: npm run back, read: npm run is-it-there }]`), cut);
    expect(texts(read, 'step')).toContain('Migrate: reads as done');
    expect(done(read)).not.toContain('Migrate');

    const asked = await rehearse(plan(`
    before: [{ step: Migrate, run: npm run migrate, undo: npm run back }]`), `${cut}\nanswers: [{ ask: wave-1/step/migrate, value: happened }]`);
    expect(asked.outcome).toBe('completed');
    expect(asked.asks.map((ask) => [ask.ask, ask.result])).toEqual([['wave-1/step/migrate', 'happened']]);
    expect(done(asked)).not.toContain('Migrate');
  });

  it('are undone by a rollback once the targets are back, and what cannot be undone is said', async () => {
    const made = await rehearse(plan(around), 'events: [{ at: wave-2 + 1h, event: data-corruption }]');
    expect(made.outcome).toBe('rolled-back');
    expect(done(made).slice(-5)).toEqual(['app back', 'web back', 'api back', 'undo: Deploy the flags', 'undo: Migrate']);
    expect(texts(made, 'step-undone').some((text) => text.startsWith('Start the monitoring: stays as it is'))).toBe(true);
    expect(made.status.steps.map(({ state }) => state)).toEqual(['undone', 'undone', 'left']);
  });

  it('that a rollback cannot take back leave it incomplete, by name, and somebody is paged', async () => {
    const made = await rehearse(plan(around), `
events: [{ at: wave-1 + 1h, event: data-corruption }]
commands: [{ command: migrate-back, fails: always, output: disk full }]`);
    expect(made.outcome).toBe('rollback-incomplete');
    expect(made.status.rollback!.remainder).toEqual(["step 'Migrate'"]);
    expect(made.messages.some((message) => message.severity === 'emergency' && message.title.includes('undo: Migrate'))).toBe(true);
    expect(made.targets).toEqual({ api: 0, web: 0, app: 0 });
  });

  const always = "always after 'Maintenance mode'";
  it('that must always be followed by something are, when all went well', async () => {
    const made = await rehearse(plan(maintenance));
    expect(made.outcome).toBe('completed');
    expect(done(made).slice(0, 6)).toEqual(['Maintenance mode', 'Migrate', 'api moved', 'web moved', 'app moved', always]);
    expect(done(made).filter((one) => one === always)).toHaveLength(1);
  });

  it('that must always be followed by something are, when the step itself, a later one, or a move has failed', async () => {
    for (const fault of ['commands: [{ command: maintenance-on, fails: 1 }]', 'commands: [{ command: npm run migrate, fails: 1 }]', 'writes: [{ target: web, fails: 3, how: refused }]']) {
      const made = await rehearse(plan(maintenance), fault);
      expect(made.outcome).toBe('completed');
      const ran = done(made);
      const began = texts(made, 'step').filter((text) => text === 'Maintenance mode: begins').length;
      expect(began).toBeGreaterThan(1);
      // once for each attempt, and last of all
      expect(ran.filter((one) => one === always)).toHaveLength(began);
      expect(ran.lastIndexOf(always)).toBeGreaterThan(ran.lastIndexOf('Maintenance mode'));
    }
  });

  it('that must always be followed by something are, on a rollback and on a stop', async () => {
    const due = `
    before:
      - { step: Maintenance mode, run: npm run maintenance-on, undo: npm run maintenance-undo, always: npm run maintenance-off }
      - { step: Migrate, at: 'day 3 at 09:00', run: npm run migrate, undo: npm run migrate-back }`;
    const back = await rehearse(plan(due), 'events: [{ at: start + 6h, event: data-corruption }]\ncommandsGiven: [{ at: start + 7h, give: rollback, by: ann }]');
    expect(back.outcome).toBe('rolled-back');
    expect(done(back)).toEqual(['Maintenance mode', 'undo: Maintenance mode', always]);
    const stopped = await rehearse(plan(due), 'commandsGiven: [{ at: start + 7h, give: stop, by: ann }]');
    expect(stopped.outcome).toBe('stopped');
    expect(done(stopped)).toEqual(['Maintenance mode', always]);
  });

  it('of a rollback are taken around it; what is asked first is done only when somebody says so', async () => {
    const rollback = `
rollback:
  before: [{ step: Stop the deployment, run: npm run stop }]
  after:
    - { step: Verify the hotline, run: npm run hotline }
    - { step: Restore the database, run: npm run restore, ask: bob, within: 30m }
    - { step: Notify everybody, run: npm run notify }`;
    const ended = (made: Rehearsal): string[] => done(made).slice(3);
    const refused = await rehearse(plan('', rollback), 'events: [{ at: wave-1 + 1h, event: data-corruption }]');
    expect(refused.outcome).toBe('rolled-back');
    expect(ended(refused)).toEqual(['Stop the deployment', 'app back', 'web back', 'api back', 'Verify the hotline', 'Notify everybody']);
    const wanted = await rehearse(plan('', rollback), 'events: [{ at: wave-1 + 1h, event: data-corruption }]\nanswers: [{ ask: rollback/restore-the-database, value: approve }]');
    expect(ended(wanted)).toContain('Restore the database');
    const silent = await rehearse(plan('', rollback), 'events: [{ at: wave-1 + 1h, event: data-corruption }]\nanswers: [{ ask: rollback/restore-the-database, never: true }]');
    expect(silent.outcome).toBe('rolled-back');
    expect(ended(silent)).not.toContain('Restore the database');
    expect(ended(silent)).toContain('Notify everybody');
  });

  it('before a rollback keep nobody exposed: one that fails delays no undo', async () => {
    const made = await rehearse(plan('', 'rollback: { before: [{ step: Stop the deployment, run: npm run stop }] }'), 'events: [{ at: wave-1 + 1h, event: data-corruption }]\ncommands: [{ command: npm run stop, fails: always }]');
    expect(made.outcome).toBe('rolled-back');
    expect(made.targets).toEqual({ api: 0, web: 0, app: 0 });
  });

  it('of a ladder that are asked first wait for a yes, and not for long', async () => {
    const made = await rehearse(plan('', `rollback: { within: 30s, 'if that fails': [{ step: Revert the commit, run: git revert HEAD, ask: bob, within: 5m }, { step: Stop all, run: npm run halt }] }`), `
events: [{ at: wave-1 + 1h, event: data-corruption }]
writes: [{ target: api, fails: always, direction: back }]
answers: [{ ask: rollback/revert-the-commit, never: true }]`);
    expect(made.outcome).toBe('rollback-incomplete');
    expect(done(made)).toContain('Stop all');
    expect(done(made)).not.toContain('Revert the commit');
  });
});
