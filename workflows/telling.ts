// Telling people after the rollout: what was not delivered is tried again for a day, each channel by itself, while the work goes on.
import { ActivityFailure, condition, sleep } from '@temporalio/workflow';
import type { Severity } from '../src/judgement/types.js';
import type { Message } from '../src/channels/port.js';
import type { ChannelRef } from '../src/plan/types.js';
import type { Channels } from '../activities/types.js';
import { teller } from './options.js';

const giveUpAfterMs = 24 * 3_600_000;
const retryMs = (attempt: number): number => Math.min(15 * 60_000, 1_000 * 2 ** Math.min(attempt, 10));

export type Said = Pick<Message, 'topic' | 'title' | 'to'> & Partial<Pick<Message, 'body' | 'ask' | 'answers' | 'matter' | 'ends'>> & { /** told where messages of that severity went, too */ readonly where?: Severity };

export class Telling {
  private waiting = 0;
  /** What is said first is tried first; what fails does not keep the rest waiting. */
  private lastTried: Promise<void> = Promise.resolve();
  /** @param place of these messages' keys: `shop/incident-1` */
  constructor(private readonly rollout: string, private readonly place: string, private readonly channels: Channels, private said = 0) {}

  get count(): number { return this.said; }

  /** Never waits. */
  tell(severity: Severity, { topic, title, to, body = '', ask = null, answers = null, matter, ends, where }: Said): void {
    const channels = [...this.channels[severity], ...(where === undefined ? [] : this.channels[where]), ...to.flatMap((who) => this.channels.own[who] ?? [])];
    const message: Message = { key: `${this.place}/${++this.said}`, rollout: this.rollout, phase: null, severity, topic, title, body, to, ask, answers, ...(matter === undefined ? {} : { matter }), ...(ends === undefined ? {} : { ends }), at: Date.now() };
    this.waiting++;
    const distinct = [...new Map(channels.map((channel) => [JSON.stringify(channel), channel])).values()];
    const before = this.lastTried;
    this.lastTried = new Promise((tried) => { void before.then(() => this.deliver(message, distinct, tried)).finally(() => { this.waiting--; }); });
  }

  /** Everything is delivered, or given up. */
  async delivered(withinMs: number = giveUpAfterMs + 3_600_000): Promise<void> { if (this.waiting > 0) await condition(() => this.waiting === 0, withinMs); }

  private async deliver(message: Message, channels: readonly ChannelRef[], tried: () => void): Promise<void> {
    let open = channels;
    if (open.length === 0) tried();
    for (let attempt = 1; open.length > 0; attempt++) {
      let waitMs = retryMs(attempt);
      try {
        const { failed } = await teller.notify({ items: [{ message, channels: open }] });
        const again = failed.filter((one) => !one.final);
        open = again.flatMap((one) => one.channels);
        waitMs = Math.max(waitMs, ...again.map((one) => one.retryAfterMs ?? 0));
      } catch (error) {
        if (!(error instanceof ActivityFailure)) throw error;
      }
      tried();
      if (open.length === 0 || Date.now() - message.at > giveUpAfterMs) return;
      await sleep(waitMs);
    }
  }
}
