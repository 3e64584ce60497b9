// docs/inbound.md is tried, not believed: its blocks are run from top to bottom (curl, openssl) against a real worker on a real server, with a local
// stand-in for Slack. A pipeline settles the checklist, the button that was posted approves, an alert takes everything back; each once.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../src/engine/server.js';
import type { Status } from '../../workflows/messages.js';
import { Ground, Rollout, until, type World } from '../processes/world.js';
import { buttonsOf, slackToken, startSlack, type SlackStandIn } from '../servers/slack.js';
import { describeNeeding } from '../setup/needs.js';
import { shellIn, type Said, type Shell } from './plain-cli.js';

const page = readFileSync(new URL('../../docs/inbound.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, text]) => text!);

describeNeeding(['temporal-cli'], 'the blocks of docs/inbound.md, from top to bottom', () => {
  let ground: Ground;
  let world: World;
  let slack: SlackStandIn;
  let address: string;
  let shell: Shell;
  let run: (piece: string) => Promise<Said>;
  let env: Record<string, string> = {};
  let failed: string | null = null;
  const shop = (what: string, condition: (status: Status) => boolean) => new Rollout(world, 'shop').untilStatus(what, condition);
  const asks = (ask: string) => (status: Status): boolean => status.asks.some((one) => one.ask === ask && one.state === 'open');
  const answerOf = (said: Said): Record<string, unknown> => JSON.parse(said.out) as Record<string, unknown>;

  beforeAll(async () => {
    ground = await Ground.open();
    world = await ground.world();
    slack = await startSlack();
    slack.channels.set('C0123456789', { member: true, archived: false });
    address = `127.0.0.1:${await freePort()}`;
    shell = shellIn(world);
    // Only where the services are is another thing here than on the page.
    const here = (block: string): string => block.replaceAll('127.0.0.1:7290', address).replace('channel: C0123456789', `channel: C0123456789, url: '${slack.origin}/api'`).replace('xoxb-of-the-app', slackToken);
    run = (piece) => { const found = blocks.filter((block) => block.includes(piece)); expect(found, piece).toHaveLength(1); return shell(here(found[0]!)); };
  });
  afterAll(async () => { await ground?.close(); await slack?.close(); });

  /** Steps build upon each other. */
  const step = (name: string, body: () => Promise<void>): void => test(name, async ({ skip }) => {
    if (failed !== null) skip(`it builds upon: ${failed}`);
    failed = name;
    await body();
    failed = null;
  }, 90_000);

  /** What Slack sends when this button is pressed by this user; the person is answered at the stand-in's webhook. */
  async function press(user: string, button: { readonly action_id: string; readonly value: string }, ts: string): Promise<unknown> {
    const time = String(Math.floor(Date.now() / 1_000));
    const body = `payload=${encodeURIComponent(JSON.stringify({ type: 'block_actions', user: { id: user }, response_url: `${slack.origin}${slack.webhookPath}`, actions: [{ type: 'button', action_id: button.action_id, action_ts: ts, value: button.value }] }))}`;
    const response = await fetch(`http://${address}/v1/slack`, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-slack-request-timestamp': time, 'x-slack-signature': `v0=${createHmac('sha256', env['TIDEGATE_SLACK_SIGNING_SECRET']!).update(`v0:${time}:${body}`).digest('hex')}` } });
    return response.json();
  }

  step('the settings are made, the worker listens, doctor says by which routes', async () => {
    expect((await run('cat > inbound.env')).code).toBe(0);
    env = Object.fromEntries(readFileSync(join(world.home, 'inbound.env'), 'utf8').trim().split('\n').map((line) => line.split('=') as [string, string]));
    expect(new Set(Object.values(env)).size).toBe(6);
    world.worker({ env });
    await until('it listens', async () => (await fetch(`http://${address}/v1/events`)).status === 405);
    const doctor = await shell(`set -a; . ./inbound.env; set +a; npx tidegate doctor --json || true`);
    expect((JSON.parse(doctor.out) as { checks: { name: string; found: string }[] }).checks.find(({ name }) => name === 'inbound')?.found).toBe(`${address}: /v1/alertmanager, /v1/events, /v1/ready, /v1/slack`);
    expect(doctor.out).not.toContain(env['TIDEGATE_INBOUND_TOKEN']);
  });

  step('doctor tries what the plan calls and sends nothing; the rollout starts and waits for the pipeline', async () => {
    expect(await run('npx tidegate start')).toMatchObject({ code: 0 });
    const doctor = await shell('. ./inbound.env; export SLACK_TOKEN; npx tidegate doctor shop.yaml; npx tidegate targets shop.yaml');
    expect([doctor.code, doctor.out, slack.messages.filter((one) => one.metadata === null)]).toEqual([0, expect.stringMatching(/ok +secret SLACK_TOKEN[\s\S]*ok +target checkout +stands at 0 %[\s\S]*ok +channel slack \(asks\)[\s\S]*✔ {2}checkout {2}0 %/), []]);
    await shop('the item is asked', asks('preparation/0'));
  });

  step('the pipeline settles its item, once, and nobody else\'s', async () => {
    expect(answerOf(await run('"by":"ci"'))).toMatchObject({ ok: true, code: 'DONE', message: expect.stringContaining("'preparation/0' is settled: done") });
    expect(answerOf(await run('"by":"ci"'))).toMatchObject({ ok: false, code: 'TAKEN_BEFORE' });
    await shop('the approval is asked', asks('wave-1/approval'));
  });

  step('the button that was posted approves for Ann and for nobody else, and she is told', async () => {
    await until('it is posted', () => slack.messages.some((one) => buttonsOf(one).some(({ value }) => value.includes('wave-1/approval'))));
    const question = slack.messages.find((one) => buttonsOf(one).some(({ value }) => value.includes('wave-1/approval')))!;
    const approve = buttonsOf(question).find(({ value }) => value.includes('"approve"'))!;
    const shown = blocks.find((block) => block.includes('block_actions'))!;
    expect(JSON.parse(/"value":("\{.*?\}")\}/.exec(shown)![1]!)).toBe(approve.value);
    expect(await press('U0999999999', approve, '1.1')).toMatchObject({ ok: false, code: 'UNKNOWN_PERSON' });
    expect((await new Rollout(world, 'shop').status()).asks.find((one) => one.ask === 'wave-1/approval')).toMatchObject({ state: 'open', answers: [] });
    expect(answerOf(await run('block_actions'))).toMatchObject({ ok: true, code: 'DONE', message: expect.stringContaining("'wave-1/approval' is settled: approve") });
    const moved = await shop('wave-1 soaks', (status) => status.state === 'soaking' && status.phase === 'wave-1');
    expect(moved.asks.find((one) => one.ask === 'wave-1/approval')?.answers).toMatchObject([{ by: 'ann', value: 'approve', identity: 'slack:U0123456789' }]);
    expect(await world.share()).toBe(10);
    // The same press again, as another one: the rollout says that it stands so already; a no comes too late.
    const reject = { ...approve, value: approve.value.replace('"approve"', '"reject"') };
    expect(await press('U0123456789', reject, '1.2')).toMatchObject({ ok: false, code: 'ASK_CLOSED' });
    await until('both were told', () => slack.messages.filter((one) => /^✖/.test(one.text)).length === 2);
    await until('the message has lost its buttons', () => buttonsOf(question).length === 0);
  });

  step('a signed event is in the record, and opens an issue', async () => {
    expect(answerOf(await run('"event":"slow-page"'))).toMatchObject({ ok: true, code: 'DONE' });
    await shop('the warning is an issue', (status) => status.issues.length === 1);
  });

  step('an alert takes everything back; its repeat is the same event, and a third comes to a rollout that is over', async () => {
    expect(answerOf(await run('alert.json'))).toMatchObject({ ok: true, code: 'DONE', alerts: [{ fingerprint: 'a1b2c3d4e5f60718', ok: true }] });
    // Alertmanager sends again what was answered 503: for an instant, while a rollout ends, nobody answers for it.
    await until('the repeat is taken as the same, or the rollout is over', async () => ['200', '410'].includes((await shell(`. ./inbound.env; curl -sS -o repeat.json -w '%{http_code}' -H 'Content-Type: application/json' -H "Authorization: Bearer $TIDEGATE_INBOUND_TOKEN" --data-binary @alert.json http://${address}/v1/alertmanager`)).out));
    const made = await new Rollout(world, 'shop').ended();
    expect([made.status.outcome, made.share, made.status.rollback?.reason]).toEqual(['rolled-back', 0, expect.stringContaining('data-corruption was reported (Orders are lost)')]);
    expect(made.entries.filter((entry) => entry.kind === 'event').map((entry) => [entry.actor, entry.text])).toEqual([['support', 'slow-page was reported: ticket 811'], ['alertmanager', 'data-corruption was reported: Orders are lost']]);
    expect(made.chain.problems).toEqual([]);
    // Its record is closed a moment before the rollout itself is, and until then a repeat is a repeat.
    let over: Record<string, unknown> = {};
    await until('the rollout is closed', async () => { over = answerOf(await run('alert.json')); return over['code'] !== 'DONE'; });
    expect(over).toMatchObject({ ok: false, code: 'ROLLOUT_ENDED' });
    expect((await run('npx tidegate journal')).out).toMatch(/rolled.back/);
  });

  step('the worker stops with its listener, and its lines in the log hold nothing of what came in', async () => {
    const [worker] = world.workers;
    await worker!.end('SIGTERM');
    await expect(fetch(`http://${address}/v1/events`)).rejects.toThrow();
    expect(readFileSync(join(world.home, 'deaths.log'), 'utf8')).toMatch(/ 0$/m);
    const log = readFileSync(join(world.home, 'worker.log'), 'utf8');
    for (const hidden of ['TIDEGATE_INBOUND_TOKEN', 'TIDEGATE_INBOUND_SECRET', 'TIDEGATE_SLACK_SIGNING_SECRET', 'SLACK_TOKEN']) expect(log.includes(env[hidden]!), hidden).toBe(false);
    const lines = log.split('\n').filter((line) => line.includes('"msg":"inbound"'));
    expect(lines.length).toBeGreaterThan(8);
    // What a rollout was told is in its own record and its own lines; those of the listener say only that something came.
    for (const line of lines) for (const hidden of ['Orders', 'ticket', 'corruption', 'approv']) expect(line).not.toContain(hidden);
  });

  test('every block of the page was run', () => { expect(blocks).toHaveLength(7); });
});
