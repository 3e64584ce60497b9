// A person's quiet hours: what can wait waits for the morning, on that person's own channels, and nothing gets lost by it.
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it } from 'vitest';
import { notify } from '../../activities/notify.js';
import type { Ports } from '../../activities/ports.js';
import type { NotifyInput, NotifyResult } from '../../activities/types.js';
import type { Message } from '../../src/channels/port.js';
import { noMeters } from '../../src/metrics/port.js';
import { describeNeeding } from '../setup/needs.js';
import { hour, minute, phaseOf, rehearsals, smallPlan } from './world.js';

const quietly = (from: string, to: string): string => smallPlan({ top: 'channels: { info: [], asks: [] }' })
  .replace('ann: { name: Ann, channels: [log] }', `ann: { name: Ann, channels: [log], quiet: { from: '${from}', to: '${to}' } }`)
  .replace('bob: { name: Bob }', `bob: { name: Bob, channels: [log], quiet: { from: '${from}', to: '${to}' } }`);

describeNeeding(['test-server'], 'in quiet hours', () => {
  const rehearse = rehearsals();

  it('a question that can wait is told when they end, and a breach at once', async () => {
    const made = await rehearse(quietly('08:00', '12:00'), 'events: [{ at: wave-1 + 21h, event: data-corruption }]');
    const ask = made.asks.find((one) => one.ask === 'wave-1/approval')!;
    const noon = ask.askedAt + 3 * hour;
    expect(ask.answers.map((answer) => Math.round((answer.at - noon) / minute))).toEqual([15, 15]);
    expect(phaseOf(made, 'wave-1').movedAt).toBeGreaterThan(noon);
    expect(made.outcome).toBe('rolled-back');
    expect(made.messages.filter((message) => message.severity === 'critical').length).toBeGreaterThan(0);
  });

  it('a question that must be answered before they end is asked all the same', async () => {
    const made = await rehearse(quietly('08:00', '12:30'), '');
    const ask = made.asks.find((one) => one.ask === 'wave-1/approval')!;
    expect(ask.answers.map((answer) => Math.round((answer.at - ask.askedAt) / minute))).toEqual([15, 15]);
  });

  it('the end of the rollout is told before the rollout is gone', async () => {
    const made = await rehearse(quietly('00:00', '23:59'), '');
    expect(made.outcome).toBe('completed');
    expect(made.messages.filter((message) => message.topic === 'completed')).toHaveLength(1);
    expect(made.messages.filter((message) => message.topic === 'phase-done').map((message) => message.phase)).toEqual(['wave-1', 'wave-2']);
  });
});

it('one person’s quiet hours delay nobody else and count as no failed attempt', async () => {
  const sent: string[] = [];
  const channel = (name: string) => ({ name, check: () => [], send: async (ref: { settings: Record<string, unknown> }) => { sent.push(String(ref.settings['who'])); } });
  const ports = { clock: { now: async () => Date.parse('2026-06-03T23:30:00Z'), after: (at: number) => at }, channel, env: {}, meters: noMeters } as unknown as Ports;
  const message: Message = { key: 'r/1', rollout: 'r', phase: null, severity: 'warning', topic: 'hold', title: 't', body: '', to: ['ann', 'bob'], ask: null, answers: null, at: 0 };
  const ann = { provider: 'log', settings: { who: 'ann' }, quiet: { from: '22:00', to: '07:00', timezone: 'UTC' } };
  const bob = { provider: 'log', settings: { who: 'bob' } };
  const tell = (input: NotifyInput): Promise<NotifyResult> => new MockActivityEnvironment().run(notify(ports), input);
  const first = await tell({ items: [{ message, channels: [ann, bob] }] });
  expect(sent).toEqual(['bob']);
  expect(first.failed).toEqual([{ key: 'r/1', channels: [ann], why: 'quiet hours', final: false, retryAfterMs: 7.5 * hour, quiet: true }]);
  await tell({ now: true, items: [{ message, channels: [ann] }] });
  await tell({ items: [{ message: { ...message, severity: 'emergency' }, channels: [ann] }] });
  expect(sent).toEqual(['bob', 'ann', 'ann']);
});
