// C17: the exported record alone is enough to be held to: every decision says who, on what evidence, and when, and nothing of it can be changed unseen.
import { expect, it } from 'vitest';
import { exportLines, verifyExport } from '../../src/journal/export.js';
import type { StoredEntry } from '../../src/journal/port.js';
import { describeNeeding } from '../setup/needs.js';
import { day, rehearsals, smallPlan } from '../workflows/world.js';

const plan = smallPlan({ top: "preparation: [{ item: Fast enough, holds: latency < 500ms }, { sign-off: Ready, from: cid }]\nbaseline: { over: 2h }\n" });
const stories: readonly (readonly [string, string])[] = [
  ['that goes well', ''],
  ['that is taken back by itself', 'metrics: { error_rate: [{ at: wave-2 + 2h, for: 2h, value: 14 }] }\n'],
  ['that people pause, extend, skip and take back', `answers: [{ ask: preparation/1, by: cid, reason: looked at everything }]\ncommandsGiven: [{ at: wave-1 + 1h, give: pause, by: bob }, { at: wave-1 + 2h, give: resume, by: bob }, { at: wave-1 + 3h, give: skip, by: ann, with: { what: soak, reason: seen enough } }, { at: wave-2 + 1h, give: rollback, by: ann, with: { reason: customers complain } }]\n`],
  ['that is changed by a foreign hand', 'drift: [{ at: wave-1 + 5h 3m, target: flag, to: 4 }]\n'],
];

type Detail = Readonly<Record<string, unknown>> | null;
const isFull = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== '');
/** What a decision rests on: judged conditions, an answered question, a stated reason, or the targets it speaks of. */
const evidence = (detail: Detail): boolean => ['verdicts', 'ask', 'reason', 'exposed', 'remainder', 'targets'].some((key) => isFull(detail?.[key]));

describeNeeding(['test-server'], 'the exported record of a rollout', () => {
  const rehearse = rehearsals();
  it.each(stories)('%s holds every decision with actor, evidence and time, and cannot be changed unseen', async (_story, scenario) => {
    const made = await rehearse(plan, scenario, { untilMs: 6 * day });
    const store = { entries: async (_rollout: string, fromSeq: number, limit: number): Promise<readonly StoredEntry[]> => made.entries.filter((entry) => entry.seq >= fromSeq).slice(0, limit) };
    const lines: string[] = [];
    for await (const line of exportLines(store, 'small')) lines.push(line);
    const entries = lines.map((line) => JSON.parse(line) as StoredEntry & { readonly detail: Detail });
    expect(entries.every(({ at, actor, text }, index) => actor !== '' && text !== '' && Number.isInteger(at) && at >= (entries[index - 1]?.at ?? 0))).toBe(true);

    const decisions = entries.filter((entry) => entry.kind === 'decision');
    expect(decisions.length).toBeGreaterThan(0);
    expect(decisions.filter((entry) => !evidence(entry.detail)).map((entry) => entry.text)).toEqual([]);
    // what a person decided is on record under that person, with the words that were given and where it came from
    for (const ask of made.asks) for (const answer of ask.answers) {
      const entry = entries.find((one) => one.kind === 'answer' && one.detail?.['ask'] === ask.ask && one.actor === answer.by);
      expect(entry?.detail).toMatchObject({ value: answer.value, reason: answer.reason, identity: answer.identity });
    }
    for (const given of entries.filter((entry) => entry.kind === 'command-given')) expect(given.actor).not.toBe('tidegate');
    for (const ended of entries.filter((entry) => entry.kind === 'undone')) expect(ended.detail).toMatchObject({ tookMs: expect.any(Number), limitMs: expect.any(Number) });
    for (const checked of entries.filter((entry) => entry.kind === 'check')) expect(isFull(checked.detail?.['finding'])).toBe(true);

    expect((await verifyExport(lines)).ok).toBe(true);
    const forged = lines.map((line) => (line.includes('"kind":"decision"') ? line.replace('"actor":"', '"actor":"not-') : line));
    expect((await verifyExport(forged)).ok).toBe(false);
  });
});
