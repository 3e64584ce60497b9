// The incident report says what the record says: each fact from its entry, nothing where there is none, and nothing that could steer its reader.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../src/plan/types.js';
import type { StoredEntry } from '../../src/journal/port.js';
import { incidentReport } from '../../src/journal/incident-report.js';
import { incidentInWords } from '../../src/journal/incident-words.js';
import { describeNeeding } from '../setup/needs.js';
import { day, hour, rehearsals, smallPlan } from '../workflows/world.js';

const begin = Date.UTC(2026, 2, 2, 9);
const second = 1000;
const minute = 60 * second;

type Line = readonly [afterMs: number, kind: string, text: string, detail?: JsonValue, actor?: string];
const stored = (lines: readonly Line[]): StoredEntry[] => lines.map(([afterMs, kind, text, detail, actor], index) => ({ rollout: 'shop', seq: index + 1, at: begin + afterMs, kind, phase: 'wave-1', text, detail: detail ?? null, actor: actor ?? 'tidegate', hash: '0'.repeat(64) }));
const started: Line = [0, 'started', 'shop is started by ann', { plan: { timezone: 'UTC', description: 'The shop', owner: 'ann', targets: [{ id: 'checkout', unit: '%' }] } }, 'ann'];
const moved = (afterMs: number, before: number, after: number): readonly Line[] => [[afterMs, 'move', 'moving', { target: 'checkout', before, wanted: after }], [afterMs + second, 'moved', `checkout stands at ${after}%`, { target: 'checkout', before, after, readBack: 'read' }]];
const whole: readonly Line[] = [
  started, ...moved(minute, 0, 10), ...moved(61 * minute, 10, 25),
  [70 * minute, 'issue', 'warning: error_rate is 6 %', { trigger: 'triggers/warning/0', reaction: 'watch-more' }],
  [75 * minute, 'issue', 'over: error_rate is 6 %', { issue: 'issue-1', lastedMs: 5 * minute }],
  [90 * minute, 'issue', 'emergency: error_rate is 12 %', { trigger: 'triggers/emergency/0', reaction: 'rollback' }],
  [90 * minute, 'message', 'shop: error_rate is 12 %', { key: 'shop/7', severity: 'emergency', topic: 'issue-opened', to: ['ann'] }],
  [92 * minute, 'decision', 'rolling back to the start: error_rate is 12 %', { automatic: true, targets: ['checkout'], reason: 'error_rate is 12 %', to: 'the start', verdicts: ['error_rate is 12 %', 'latency is 3 s'] }],
  [92 * minute, 'message', 'shop is rolling back', { key: 'shop/8', severity: 'critical', topic: 'rolling-back', to: ['ann', 'ben'] }],
  [92 * minute + 4 * second, 'undo', 'checkout is back at 0: flags.json reads 0 %', { target: 'checkout', value: 0, wanted: 0 }],
  [92 * minute + 5 * second, 'undone', 'all 1 targets are read back as undone', { tookMs: 5 * second, limitMs: 30 * second, undone: [{ target: 'checkout', value: 0, done: true, detail: 'ok' }] }],
  [93 * minute, 'verified', 'the rollback is verified: no requests', { verdict: 'pass' }],
  [94 * minute, 'message-lost', "given up after a day: 'shop is rolling back'", { key: 'shop/8' }],
  [95 * minute, 'answer', "ben answered 'Seen?': done", { ask: 'x', value: 'done' }, 'ben'],
  [96 * minute, 'ended', 'shop is over: rolled-back', { outcome: 'rolled-back' }],
];

describe('an incident report', () => {
  const report = incidentReport(stored(whole));
  const [one] = report.incidents;
  it('says what happened, when it was noticed and by which evidence', () => {
    expect(report).toMatchObject({ rollout: 'shop', description: 'The shop', owner: 'ann', startedBy: 'ann', outcome: 'rolled-back' });
    expect(one).toMatchObject({ reason: 'error_rate is 12 %', to: 'the start', phase: 'wave-1', noticed: { at: begin + 90 * minute, text: 'emergency: error_rate is 12 %' } });
    expect(one!.evidence.map(({ text }) => text)).toEqual(['emergency: error_rate is 12 %', 'latency is 3 s']);
  });
  it('says who decided, what moved back and how long after it, and whether the limit was kept', () => {
    expect(one).toMatchObject({ decided: { at: begin + 92 * minute, by: 'tidegate', automatic: true }, took: { ms: 5 * second, limitMs: 30 * second }, verified: { verdict: 'pass' }, notMovedBack: [] });
    expect(one!.movedBack).toEqual([{ target: 'checkout', to: '0', at: begin + 92 * minute + 4 * second, tookMs: 4 * second, readBack: 'flags.json reads 0 %' }]);
  });
  it('says who was told, what did not reach anybody, and who answered', () => {
    expect(one!.told.map(({ title, to, failed }) => [title, to, failed])).toEqual([['shop: error_rate is 12 %', ['ann'], null], ['shop is rolling back', ['ann', 'ben'], "given up after a day: 'shop is rolling back'"]]);
    expect(one!.answers.map(({ by }) => by)).toEqual(['ben']);
  });
  it('says what users were exposed to, and for how long', () => {
    expect(one!.exposed.map(({ target, value, forMs }) => [target, value, forMs])).toEqual([['checkout', '10%', 60 * minute], ['checkout', '25%', 31 * minute + 3 * second - 0]].map(([target, value, ms]) => [target, value, value === '25%' ? 92 * minute + 4 * second - (61 * minute + second) : ms]));
  });
  it('reads as Markdown', () => {
    const text = incidentInWords(report);
    expect(text).toContain('# Incident report: shop');
    expect(text).toContain('| from the decision to the last read-back | 5 s of 30 s: kept |');
    expect(text).toContain('| decided | 2026-03-02 10:32:00 UTC by tidegate, by itself, 2 min after it was noticed |');
    expect(text).toContain('- checkout at 10% from 2026-03-02 09:01:01 UTC to 2026-03-02 10:01:01 UTC, 1 h');
    expect(text).toContain("NOT delivered: given up after a day: 'shop is rolling back'");
  });
  it('leaves unknown what the record does not say', () => {
    const bare = incidentReport(stored([[0, 'decision', 'rolling back to the start: enough', { automatic: false, targets: ['checkout'] }, 'ben']]));
    expect(bare.incidents[0]).toMatchObject({ noticed: null, took: null, verified: null, movedBack: [], notMovedBack: [{ target: 'checkout', why: null }], exposed: [], told: [], decided: { by: 'ben', automatic: false } });
    const text = incidentInWords(bare);
    for (const row of ['| noticed | not recorded |', '| from the decision to the last read-back | not recorded |', '| verified | not recorded |', '| owner | not recorded |']) expect(text).toContain(row);
    expect(text).toContain('### Who was told\n\nnot recorded');
  });
  it('names what was not moved back, and that the limit was exceeded', () => {
    const late = incidentReport(stored([started, ...moved(minute, 0, 10), [2 * minute, 'decision', 'rolling back', { automatic: true, targets: ['checkout'], reason: 'x' }], [5 * minute, 'undone', 'not undone: checkout', { tookMs: 3 * minute, limitMs: minute, undone: [{ target: 'checkout', value: 0, done: false, detail: 'no connection' }] }]]));
    expect(late.incidents[0]!.notMovedBack).toEqual([{ target: 'checkout', why: 'no connection' }]);
    expect(late.incidents[0]!.exposed).toEqual([{ target: 'checkout', value: '10%', from: begin + minute + second, until: null, forMs: null }]);
    expect(incidentInWords(late)).toContain('3 min of 1 min: exceeded');
  });
  it('tells several rollbacks apart, each with its own evidence and times', () => {
    const twice = incidentReport(stored([started, ...moved(minute, 0, 10), [5 * minute, 'event', 'x was reported', null, 'ben'], [6 * minute, 'decision', 'rolling back', { automatic: true, targets: ['checkout'], reason: 'first' }], [6 * minute, 'undo', 'checkout is back', { target: 'checkout', value: 0 }], ...moved(20 * minute, 0, 10), [30 * minute, 'decision', 'rolling back', { automatic: false, targets: ['checkout'], reason: 'second' }, 'ann'], [31 * minute, 'undo', 'checkout is back', { target: 'checkout', value: 0 }]]));
    expect(twice.incidents.map(({ reason, evidence, movedBack }) => [reason, evidence.length, movedBack.length])).toEqual([['first', 1, 1], ['second', 0, 1]]);
  });
  it('speaks of the last rollout under the id', () => {
    expect(incidentReport([...stored(whole), ...stored([started])]).incidents).toEqual([]);
    expect(incidentInWords(incidentReport(stored([started])))).toContain('The record holds no rollback.');
  });
  it('of a rollback without the engine says what was found when it was adopted', () => {
    const offline = incidentReport(stored([started, ...moved(minute, 0, 10), [9 * minute, 'undo', 'checkout stands at 0 after the offline rollback: read', { target: 'checkout', value: 0 }, 'ben'], [10 * minute, 'decision', 'the offline rollback by ben is adopted', { remainder: [] }, 'ben']]));
    expect(offline.incidents[0]).toMatchObject({ decided: { by: 'ben' }, took: null, movedBack: [{ target: 'checkout', to: '0', tookMs: null }] });
  });
  it('never fails on a record, whatever stands in it, and lets nothing of it become markup or steer a terminal', () => {
    const detail = fc.oneof(fc.constant(null), fc.jsonValue() as fc.Arbitrary<JsonValue>, fc.record({ automatic: fc.boolean(), targets: fc.array(fc.string()), target: fc.string(), value: fc.oneof(fc.string(), fc.integer()), before: fc.integer(), undone: fc.jsonValue() as fc.Arbitrary<JsonValue> }));
    const kind = fc.constantFrom('started', 'decision', 'undo', 'undone', 'moved', 'move', 'issue', 'event', 'message', 'answer', 'verified', 'ended', 'unreadable', 'ladder', 'whatever');
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: 1e9 }), kind, fc.string(), detail)), (lines) => {
      const text = incidentInWords(incidentReport(stored(lines as unknown as Line[])));
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]|<[a-z/!]/i);
    }));
  });
});

describeNeeding(['test-server'], 'the record of a rollout', () => {
  const rehearse = rehearsals();
  it('gives the report of its rollback its facts', async () => {
    const made = await rehearse(smallPlan(), 'metrics: { error_rate: [{ at: wave-2 + 2h, for: 2h, value: 14 }] }\n', { untilMs: 6 * day });
    const { incidents: [one], outcome } = incidentReport(made.entries);
    expect(outcome).toBe('rolled-back');
    expect(one).toMatchObject({ decided: { automatic: true, by: 'tidegate' }, to: 'the start', phase: 'wave-2' });
    expect(one!.noticed!.text).toMatch(/error_rate is 14 %/);
    expect(one!.evidence.length).toBeGreaterThan(0);
    expect(one!.took!.ms).toBeLessThanOrEqual(one!.took!.limitMs!);
    expect(one!.movedBack.map(({ target, to }) => [target, to])).toEqual([['flag', '0']]);
    expect(one!.exposed.map(({ value }) => value)).toEqual(['10%', '100%']);
    expect(one!.exposed[1]!.forMs!).toBeGreaterThanOrEqual(2 * hour);
    expect(one!.told.some((message) => message.to.includes('ann') && message.to.includes('bob'))).toBe(true);
  });
});
