// The shipped plan, live, over each way of moving users: a real Prometheus and a real Alertmanager judge it, people answer in Slack, and an alert
// that fires while wave 2 soaks takes everything back. Compressed: compressed-plan.ts; the service that is rolled out: patch-service.ts.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../src/engine/server.js';
import type { StoredEntry } from '../../src/journal/port.js';
import { openJournal } from '../../src/journal/store.js';
import { verifyChain } from '../../src/journal/verify.js';
import type { Status } from '../../workflows/messages.js';
import { Ground, pause, until, type Rollout, type World } from '../processes/world.js';
import { startAlertmanager } from '../servers/alertmanager.js';
import { slackToken, startSlack, type SlackStandIn } from '../servers/slack.js';
import { describeNeeding, pathOf } from '../setup/needs.js';
import { startPrometheus } from '../sources/real-prometheus.js';
import { compressed } from './compressed-plan.js';
import { mailPassword, openMailbox, type Mailbox } from './mailbox.js';
import { startPatchService } from './patch-service.js';
import { ways, type Way } from './ways.js';

const signing = 'stand-in-SIGNING-secret-1';
const rules = `groups:
  - name: service
    rules:
      - { alert: Watchdog, expr: vector(1), labels: { severity: none } }
      - { alert: InvariantsViolated, expr: batch_patches_invariant_violations > 0, labels: { severity: critical } }
`;
const userOf = (index: number): string => `U00000000${String(index).padStart(2, '0')}`;

/** People answer in Slack where there are buttons, else at the terminal; each ask once. */
class People {
  private readonly answered = new Set<string>();
  pressed = 0;
  private over = false;
  private readonly ids = new Map<string, string>();
  constructor(private readonly slack: SlackStandIn, private readonly inbound: string) {}
  know(person: string, user: string): Record<string, string> { this.ids.set(person, user); return { slack: user }; }

  async attend(rollout: Rollout): Promise<void> {
    while (!this.over) {
      for (const ask of (await rollout.status().catch(() => null))?.asks ?? []) {
        if (ask.state !== 'open' || this.answered.has(ask.ask) || /\/(rollback|retry|drift)(\/|$)/.test(ask.ask)) continue;
        const people = ask.from.slice(0, ask.needs);
        const done = ask.kind === 'approval' || ask.kind === 'sign-off' ? await this.press(ask.ask, people, ask.healthy) : await this.say(rollout, ask.ask, people, ask.healthy);
        if (done) this.answered.add(ask.ask);
      }
      await pause(500);
    }
  }
  leave(): void { this.over = true; }

  private async say(rollout: Rollout, ask: string, people: readonly string[], value: string | number): Promise<boolean> {
    try { for (const by of people) await rollout.command('answer', { by, ask, value }); return true; } catch { return false; }
  }

  /** As Slack does it: what the button carries, signed. */
  private async press(ask: string, people: readonly string[], value: string | number): Promise<boolean> {
    for (const person of people) {
      const buttons = this.slack.messages.flatMap((message) => message.blocks.flatMap((block) => block.elements ?? [])).map((button) => button.value ?? '');
      const button = buttons.find((text) => { try { const meant = JSON.parse(text) as { ask: string; value: unknown }; return meant.ask === ask && meant.value === value; } catch { return false; } });
      if (button === undefined) return false;
      const body = new URLSearchParams({ payload: JSON.stringify({ type: 'block_actions', user: { id: this.ids.get(person) }, actions: [{ action_id: 'tidegate/answer/1', action_ts: `${Date.now()}.${this.pressed}`, value: button }] }) }).toString();
      const seconds = Math.floor(Date.now() / 1_000);
      const answer = await fetch(`${this.inbound}/v1/slack`, {
        method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-slack-request-timestamp': String(seconds), 'x-slack-signature': `v0=${createHmac('sha256', signing).update(`v0:${seconds}:${body}`).digest('hex')}` },
      }).catch(() => null);
      if (answer?.ok !== true) return false;
      this.pressed++;
    }
    return true;
  }
}

/** Everything that a history says, payloads too. */
function wordsOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value === 'object' && value !== null) return Object.values(value).map(wordsOf).join('\n');
  return typeof value === 'string' ? value : '';
}

interface Made { readonly status: Status; readonly entries: readonly StoredEntry[]; readonly slack: SlackStandIn; readonly mailbox: Mailbox; readonly world: World; readonly pressed: number; readonly history: string; readonly secrets: readonly string[] }

describeNeeding(['temporal-cli', 'prometheus', 'promtool', 'alertmanager'], 'the shipped plan, live', () => {
  let ground: Ground;
  beforeAll(async () => { ground = await Ground.open(); });
  afterAll(async () => { await ground?.close(); });

  async function carriedOut(way: Way): Promise<Made> {
    const closing: (() => Promise<unknown>)[] = [];
    try {
      const world = await ground.world({ name: way.name });
      const side = await way.open(world.home);
      closing.push(() => side.close());
      const slack = await startSlack();
      const service = await startPatchService(side.share);
      const alertmanager = await startAlertmanager(pathOf('alertmanager'));
      const mailbox = await openMailbox();
      closing.push(() => slack.close(), () => mailbox.close(), () => service.close(), () => alertmanager.close());
      const prometheus = await startPrometheus([], service.at, { rules, alertmanager: new URL(alertmanager.origin).host });
      closing.push(() => prometheus.close());

      const inbound = `127.0.0.1:${await freePort()}`;
      const env = { ...side.env, SLACK_TOKEN: slackToken, SMTP_PASSWORD: mailPassword, TIDEGATE_INBOUND_ADDRESS: inbound, TIDEGATE_SLACK_SIGNING_SECRET: signing, TIDEGATE_COMMANDS: '*' };
      world.worker({ env });
      const id = `patches-${way.name}`;
      const people = new People(slack, `http://${inbound}`);
      const channel = { slack: { token: '${env:SLACK_TOKEN}', channel: 'C0PAYMENTS', url: `${slack.origin}/api` } };
      const mail = { email: { host: '127.0.0.1', port: mailbox.port, tls: 'none', user: 'tidegate', password: '${env:SMTP_PASSWORD}', from: 'Tidegate <tidegate@example.com>', to: ['team@example.com'] } };
      const plan = compressed({ rollout: id, target: side.target, prometheus: prometheus.origin, alertmanager: alertmanager.origin, channels: { info: [channel], critical: [channel, mail], asks: [channel] }, contacts: (person, index) => people.know(person, userOf(index)) });
      const rollout = await world.start(plan);
      const attending = people.attend(rollout);
      await rollout.untilStatus('wave 2 soaks', (status) => status.phase === 'wave-2' && status.state === 'soaking', 180_000);
      // An application asks its flag service now and then: it sees a move when it has asked.
      await until('a quarter of the users is on the new side', async () => Math.abs((await side.share()) - 25) < 4, 20_000);
      service.violations = 3;
      const made = (await rollout.handle.result()) as Status;
      people.leave();
      await attending;
      await until('nobody is on the new side', async () => (await side.share()) === 0, 20_000);
      const history = wordsOf(await rollout.handle.fetchHistory());
      const journal = await openJournal(`sqlite:${join(world.home, 'journal.db')}`);
      const entries = await journal.entries(id, 1, 2000);
      expect((await verifyChain(journal, id, made.journalHead)).ok).toBe(true);
      await journal.close();
      return { status: made, entries, slack, mailbox, world, pressed: people.pressed, history, secrets: [slackToken, signing, mailPassword, ...side.secrets] };
    } finally { for (const close of closing.reverse()) await close(); }
  }

  for (const way of ways) describeNeeding(way.needs, `over ${way.name}`, () => test('an alert in wave 2 takes it back, and everybody heard of everything', async () => {
    const { status, entries, slack, mailbox, world, pressed, history, secrets } = await carriedOut(way);
    expect(status.outcome).toBe('rolled-back');
    expect(status.moves.filter((move) => move.direction === 'forward').map((move) => move.after)).toEqual([10, 25]);
    expect(status.rollback?.verified).toBe(true);
    expect(entries.filter((entry) => entry.kind === 'issue').map((entry) => entry.text).join('\n')).toContain('InvariantsViolated');
    expect(pressed).toBeGreaterThan(10);

    const messages = entries.filter((entry) => entry.kind === 'message').map((entry) => entry.detail as { key: string; severity: string });
    const heard = new Set(slack.asked.flatMap((one) => { try { return [(JSON.parse(one.body) as { metadata?: { event_payload?: { key?: string } } }).metadata?.event_payload?.key]; } catch { return []; } }));
    expect(messages.length).toBeGreaterThan(70);
    expect(messages.filter(({ key }) => !heard.has(key))).toEqual([]);
    const grave = messages.filter(({ severity }) => severity === 'critical' || severity === 'emergency');
    expect(grave.length).toBeGreaterThan(2);
    expect(grave.filter(({ key }) => !mailbox.keys.includes(key))).toEqual([]);

    expect(history).toContain('resolve');
    const places = { journal: readFileSync(join(world.home, 'journal.db')), log: readFileSync(join(world.home, 'worker.log')), history, slack: slack.asked.map((one) => one.body).join(), mail: mailbox.mails.join(), status: JSON.stringify(status) };
    for (const [place, words] of Object.entries(places)) for (const secret of secrets) expect(words.includes(secret), `the ${place} tells a secret`).toBe(false);
  }, 400_000));
});
