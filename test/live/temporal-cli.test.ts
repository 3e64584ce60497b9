// docs/temporal.md is tried, not believed: its shell blocks are run from top to bottom against a real server with a real worker, and after each
// one the rollout stands where the page says. What is only looked at is asked again until it says so; nothing is waited for by time alone.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandNames, searchAttributes, type Status } from '../../workflows/messages.js';
import { Rollout, until, type Ground, type World } from '../processes/world.js';
import { describeNeeding } from '../setup/needs.js';
import { worldWithShell, type Said, type Shell } from './plain-cli.js';

const page = readFileSync(new URL('../../docs/temporal.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, text]) => text!);
const looksOnly = (block: string): boolean => [...block.matchAll(/^\w.*$/gm)].every(([line]) => /^temporal workflow (query|describe|metadata|list|count) /.test(line));

test('every command is shown as an update and as a signal, and every search attribute in a query', () => {
  const shown = (kind: string): string[] => commandNames.filter((name) => blocks.some((block) => block.replaceAll('\\\n', '').split('\n').some((line) => line.startsWith(`temporal workflow ${kind} `) && line.includes(`--name ${name} `))));
  expect(shown('update execute')).toEqual(commandNames);
  expect(shown('signal')).toEqual(commandNames);
  for (const name of searchAttributes) expect(blocks.some((block) => new RegExp(`--query ".*${name}`).test(block)), name).toBe(true);
  for (const name of [...commandNames, ...searchAttributes]) expect(page.split('## Start')[0]).toContain(`\`${name}\``);
});

describeNeeding(['temporal-cli'], 'the blocks of docs/temporal.md, from top to bottom', () => {
  let ground: Ground;
  let world: World;
  let shell: Shell;
  let failed: string | null = null;
  beforeAll(async () => { ({ ground, world, shell } = await worldWithShell()); });
  afterAll(async () => { await ground?.close(); });

  const shop = (what: string, condition: (status: Status) => boolean) => new Rollout(world, 'shop').untilStatus(what, condition);
  const hotfix = (what: string, condition: (status: Status) => boolean) => new Rollout(world, 'hotfix').untilStatus(what, condition);
  const openAsks = (status: Status): string => status.asks.filter((ask) => ask.state === 'open').map((ask) => ask.ask).join();
  const valueOf = (status: Status): unknown => status.targets['checkout']?.value;
  const entries = async (id: string, status: Status) => (await new Rollout(world, id).outcome(status)).entries;
  const rows = (said: Said): string[] => said.out.split('\n').filter((line) => /\srollout\/\w+\s/.test(line));
  const over = async (id: string, outcome: string, share: number): Promise<Status> => {
    const made = await new Rollout(world, id).ended();
    expect([made.status.outcome, made.share]).toEqual([outcome, share]);
    expect([made.chain.problems, made.status.unsent, made.entries.at(-1)?.kind]).toEqual([[], { journal: 0, messages: 0 }, 'ended']);
    return made.status;
  };
  const begun = async (): Promise<unknown> => {
    await hotfix('it soaks', (status) => status.state === 'soaking');
    return expect(await world.share()).toBe(100);
  };

  /** In the order of the page: a piece of the block, what comes of it, and how that is seen. */
  const steps: readonly (readonly [string, string, (said: Said) => unknown])[] = [
    ['cat > plan.json', 'the files are there', () => expect(readFileSync(`${world.home}/plan.json`, 'utf8')).toContain('wave-3')],
    ['workflow start', 'it prepares, started by ann, and asks bob', async () => expect(await shop('it asks', (status) => openAsks(status) === 'preparation/0')).toMatchObject({ state: 'preparing', startedBy: 'ann', day1: Date.UTC(2026, 0, 5) })],
    ['query --workflow-id rollout/shop --type status', 'the status is shown', ({ out }) => expect(out).toMatch(/"badSignals":null.*"state":"preparing"/)],
    ['describe', 'the attributes, the summary and the last look are shown', ({ out }) => {
      for (const part of ['RolloutState', 'The new checkout, from 10% to all users', 'watch/1']) expect(out).toContain(part);
      expect(out).toMatch(/LastFailure\s+\{"message":"wave-1: .*look \d+ at 20/);
      expect(out).toMatch(/Attempt\s+\d/);
      expect(out).toMatch(/ScheduledTime\s+\d+ \w+ from now/);
    }],
    ['metadata', 'the card is shown', ({ out }) => expect(out).toMatch(/Current Details:\s+### ○ shop: preparing\n.*\n\n- \*\*checkout\*\* stands at as found\n- asked: .*`preparation\/0` \(bob; 0 of 1\)/)],
    ["RolloutId = 'shop'", 'each list finds it', (said) => { expect(rows(said)).toHaveLength(5); expect(said.out).toContain('Total: 1'); }],
    ['--name answer', 'bob has settled the item', async ({ out }) => { expect(out).toContain("'preparation/0' is settled: done"); await shop('comfort is asked', (status) => openAsks(status) === 'wave-1/comfort'); }],
    ['signal --workflow-id rollout/shop --name answer', 'the answer opens the gate', () => shop('the approval is asked', (status) => openAsks(status) === 'wave-1/approval')],
    ['--name withdraw', 'both approvals are withdrawn', async ({ out }) => {
      expect(out).toMatch(/1 of 2: 1 more needed from bob[\s\S]*the answer of ann to 'wave-1\/approval' is withdrawn/);
      const status = await shop('the signals are obeyed', (one) => one.asks.at(-1)!.answers.length === 0);
      expect((await entries('shop', status)).filter((entry) => entry.kind === 'command-given').map((entry) => entry.text.slice(0, 18))).toEqual(['bob gave answer: \'', 'ann gave answer: \'', 'ann gave approve: ', 'ann gave withdraw:', 'bob gave approve: ', 'bob gave withdraw:']);
    }],
    ['update execute --workflow-id rollout/shop --name reject', 'it is held', async () => expect((await shop('it is held', (status) => status.state === 'held')).hold).toMatchObject({ reason: 'rejected', message: expect.stringContaining('not before lunch') })],
    ["RolloutHold = 'rejected'", 'it is found by its hold, and asked again', async (said) => { expect(rows(said)).toHaveLength(1); await shop('it is asked again', (status) => openAsks(status) === 'wave-1/approval/2'); }],
    ['signal --workflow-id rollout/shop --name reject', 'it is held again', () => shop('it is held', (status) => status.hold?.reason === 'rejected')],
    ['signal --workflow-id rollout/shop --name resume', 'it is asked again', () => shop('it is asked again', (status) => openAsks(status) === 'wave-1/approval/3')],
    ['lunch is over', 'a tenth of the users get it', async () => { await shop('wave-1 soaks', (status) => status.state === 'soaking' && status.phase === 'wave-1'); expect(await world.share()).toBe(10); }],
    ['--name pause', 'it is paused', async () => expect((await shop('it is paused', (status) => status.state === 'paused')).hold?.message).toBe('paused by ann: the database is being moved')],
    ['update execute --workflow-id rollout/shop --name resume', 'it goes on', () => shop('it soaks', (status) => status.state === 'soaking')],
    ['--name pause', 'every live rollout is paused', async () => expect((await shop('it is paused', (status) => status.state === 'paused')).hold?.message).toBe('paused by ann: incident')],
    ['the incident is over', 'it goes on', () => shop('it soaks', (status) => status.state === 'soaking')],
    ['--name extend', 'each extension acts once', async ({ out }) => {
      expect(out.match(/wave-1 soaks 30 min longer/g)).toHaveLength(2);
      const status = await shop('wave-1 is longer by half an hour', (one) => one.soak?.needed === 5_400_000);
      await until('the signals are in the record', async () => (await entries('shop', status)).some((entry) => entry.text.includes('wave-2 soaks 10 min longer')));
    }],
    ['--name report', 'two reports of one event are one', async ({ out }) => {
      expect(out).toContain('slow-page is reported');
      await until('both are in the record', async () => (await entries('shop', await new Rollout(world, 'shop').status())).some((entry) => entry.text.includes('was reported already under this id')));
      expect((await new Rollout(world, 'shop').status()).issues).toHaveLength(1);
    }],
    ['--name incident', 'ann takes it, and it is over', async ({ out }) => {
      expect(out).toMatch(/incident-1 is open: ann is called[\s\S]*'incident-1\/acknowledge' is settled: mine[\s\S]*incident-1 is over/);
      expect((await new Rollout(world, 'shop').status()).incidents).toMatchObject([{ id: 'incident-1', severity: 'warning', openedBy: 'bob', commander: 'ann', called: [{ who: 'ann' }], acknowledgedBy: 'ann' }]);
    }],
    ['signal --workflow-id rollout/shop --name incident', 'a second is over too', () => shop('it is over', (status) => status.incidents?.[1]?.overAt != null)],
    ['--name skip', 'wave-2 soaks, longer by ten minutes', async () => { await shop('wave-2 soaks', (status) => status.phase === 'wave-2' && status.soak?.needed === 4_200_000); expect(await world.share()).toBe(50); }],
    ['--name amend', 'the last wave has another name', () => shop('it is amended', (status) => status.phases.at(-1)!.phase === 'everybody')],
    ['--type plan', 'the plan in force is shown', ({ out }) => expect(out).toContain('"phase":"everybody"')],
    ['signal --workflow-id rollout/shop --name amend', 'the first plan is in force again', () => shop('it is amended', (status) => status.phases.at(-1)!.phase === 'wave-3')],
    ['signal --workflow-id rollout/shop --name skip', 'wave-3 soaks', async () => { await shop('wave-3 soaks', (status) => status.state === 'soaking' && status.phase === 'wave-3'); expect(await world.share()).toBe(100); }],
    ['update execute --workflow-id rollout/shop --name rollback', 'the end of wave-1 is restored and held', async () => { await shop('it is held', (status) => status.hold?.reason === 'rolled-back-to' && valueOf(status) === 10); expect(await world.share()).toBe(10); }],
    ['--name resume', 'wave-2 is tried again', async () => { await shop('wave-2 soaks', (status) => status.state === 'soaking' && status.phase === 'wave-2'); expect(await world.share()).toBe(50); }],
    ['--name rollback', 'everything is taken back, by order of bob', async ({ out }) => { expect(out).toMatch(/Status\s+COMPLETED[\s\S]*"outcome":"rolled-back"/); expect((await over('shop', 'rolled-back', 0)).rollback).toMatchObject({ reason: 'enough', remainder: [] }); }],
    ["RolloutOutcome = 'rolled-back'", 'it is found by its outcome', (said) => expect(rows(said)).toHaveLength(1)],
    ['cat > hotfix.json', 'all users get it', begun],
    ['workflow cancel', 'it is taken back', async ({ out }) => { expect(out).toContain('"outcome":"rolled-back"'); expect((await over('hotfix', 'rolled-back', 0)).rollback?.reason).toContain('cancelled'); }],
    ['workflow start', 'it runs again', begun],
    ['data-corruption', 'the trigger takes it back', async ({ out }) => { expect(out).toContain('"outcome":"rolled-back"'); expect((await over('hotfix', 'rolled-back', 0)).rollback?.reason).toContain('data-corruption'); }],
    ['workflow start', 'it runs again', begun],
    ['workflow terminate', 'everything stays where it was', async () => { expect((await new Rollout(world, 'hotfix').handle.describe()).status.name).toBe('TERMINATED'); expect(await world.share()).toBe(100); }],
    ["ExecutionStatus = 'Terminated'", 'its attributes are its last', (said) => expect(rows(said)).toHaveLength(1)],
    ['--offline', 'it is taken back from the record', async ({ out }) => { expect(out).toContain('checkout'); expect(await world.share()).toBe(0); }],
    ['workflow start', 'the claims of the terminated one are taken over', begun],
    ['signal --workflow-id rollout/hotfix --name stop', 'stop is refused, and shown', async () => expect((await hotfix('it is shown', (status) => status.badSignals?.length === 1)).badSignals[0]).toContain('stopping would leave exposed: checkout')],
    ['metadata', 'the card shows what was ignored', ({ out }) => expect(out).toMatch(/- ignored: signal stop was not obeyed: stopping would leave exposed/)],
    ['leaveExposed', 'it is over, and everybody keeps it', async ({ out }) => { expect(out).toContain('stopped; left exposed: checkout'); await over('hotfix', 'stopped', 100); }],
  ];

  test('each block is known here', () => { expect(blocks.map((block, index) => block.includes(steps[index]?.[0] ?? '?') ? '' : block).filter((one) => one !== '')).toEqual([]); expect(steps).toHaveLength(blocks.length); });

  for (const [index, [piece, outcome, check]] of steps.entries()) {
    test(`${index + 1}. ${piece}: ${outcome}`, async ({ skip }) => {
      if (failed !== null) skip(`it builds upon: ${failed}`);
      failed = outcome;
      const block = blocks[index]!;
      if (looksOnly(block)) {
        let said: Said = { code: null, out: '', err: '' };
        await until(outcome, async () => { said = await shell(block); await check(said); return true; }, 30_000, 200, () => `${said.out}${said.err}`);
      } else {
        const said = await shell(block);
        expect(said.code, `${said.out}${said.err}`).toBe(0);
        await check(said);
      }
      failed = null;
    }, 90_000);
  }
});
