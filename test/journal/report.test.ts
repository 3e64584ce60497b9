// The report for people: order, headings, zones, evidence, summary, and that nothing in a record can break it or steer a terminal.
// Entries are made here as the workflow writes them (kinds and details: docs/journal.md).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../src/plan/types.js';
import type { Entry, StoredEntry } from '../../src/journal/port.js';
import { renderReport } from '../../src/journal/report.js';

const day1 = Date.UTC(2026, 9, 31, 16, 0, 0); // 09:00 in Los Angeles, the day before clocks go back
const hour = 3_600_000;

function stored(lines: readonly (readonly [afterHours: number, kind: string, phase: string | null, text: string, detail?: JsonValue, actor?: string])[]): StoredEntry[] {
  return lines.map(([afterHours, kind, phase, text, detail, actor], index) => ({ rollout: 'batch-patches-v1', seq: index + 1, at: day1 + afterHours * hour, kind, phase, text, detail: detail ?? null, actor: actor ?? 'tidegate', hash: '0'.repeat(64) }));
}

const started = [0, 'started', null, 'batch-patches-v1 is started by ana', { plan: { timezone: 'America/Los_Angeles' } }, 'ana'] as const;
const healthy = stored([
  started,
  [1, 'ask', 'wave-1', 'asked commander: Go?', { ask: 'wave-1/approval/1', needs: 1 }],
  [2, 'answer', 'wave-1', "sam answered 'Go?': approve (looks calm)", { ask: 'wave-1/approval/1', value: 'approve', reason: 'looks calm' }, 'sam'],
  [2, 'phase', 'wave-1', 'wave-1 begins', { phase: 'wave-1', number: 1, of: 2 }],
  [2, 'decision', 'wave-1', 'wave-1 may begin: 1 conditions hold', { verdicts: ['error_rate 1.2% < 5%, 340 samples, 12 s old'] }],
  [2, 'move', 'wave-1', 'moving batch-patches from 0% to 10%', { target: 'batch-patches', before: 0, wanted: 10, read: 'flags.json' }],
  [2, 'moved', 'wave-1', 'batch-patches stands at 10%: 1003 of 10000 users', { target: 'batch-patches', before: 0, after: 10, readBack: '1003 of 10000 users' }],
  [3, 'issue', 'wave-1', 'warning: error_rate 6% > 5%', { trigger: 'triggers/warning/0', reaction: 'tell' }],
  [4, 'issue', 'wave-1', 'over: warning: error_rate 6% > 5%', { issue: 'issue-1', lastedMs: hour }],
  [20, 'verdict', 'wave-1', 'error_rate is back', { verdict: 'pass', value: 1.23456789, limit: 5, samples: 300 }],
  [28, 'watch-summary', 'wave-1', 'wave-1: 100 looks so far', { looks: 100, cleanMs: 24 * hour, restarts: 1, latest: { error_rate: 1.2, p95_latency: 310 } }],
  [28, 'phase', 'wave-1', 'wave-1 is done: 24 h clean', { phase: 'wave-1', cleanMs: 24 * hour, restarts: 1, summary: { error_rate: { mean: 1.1, min: 0, max: 6, samples: 900 } } }],
  [30, 'ask', 'wave-2', 'asked cto: Comfortable?', { ask: 'wave-2/comfort/1' }],
  [31, 'ended', null, 'batch-patches-v1 is over: completed', { outcome: 'completed', grades: [{ grade: 'production-grade', reached: true }], rollback: null }],
]);

describe('a report', () => {
  const report = renderReport(healthy, { color: false });
  const lines = report.split('\n');

  it('tells every entry in order, with instant, actor and sentence, under its phase', () => {
    const at = healthy.map((entry) => lines.findIndex((line) => line.includes(entry.text)));
    expect(at.every((line) => line >= 0)).toBe(true);
    expect([...at].sort((a, b) => a - b)).toEqual(at);
    const headings = ['before the first phase', 'wave-1', 'wave-2'].map((heading) => lines.indexOf(heading));
    expect(headings.every((line) => line > 0)).toBe(true);
    expect([...headings].sort((a, b) => a - b)).toEqual(headings);
    expect(lines.find((line) => line.includes('sam answered'))).toContain('2026-10-31 11:00:00 PDT  sam ');
  });

  it('gives instants in the plan\'s zone, and tells the doubled hour of a clock change apart', () => {
    const twice = renderReport(stored([started, [16.5, 'event', 'w', 'first half past one'], [17.5, 'event', 'w', 'second half past one']]), { color: false });
    expect(twice).toMatch(/2026-11-01 01:30:00 PDT.*first half past one/);
    expect(twice).toMatch(/2026-11-01 01:30:00 PST.*second half past one/);
    expect(renderReport(healthy, { color: false, timezone: 'UTC' })).toContain('2026-10-31 16:00:00 UTC');
    expect(renderReport(healthy, { color: false, timezone: 'No/Where' })).toContain('times in America/Los_Angeles');
  });

  it('puts the evidence under the sentence, where the sentence does not say it already', () => {
    const under = (text: string): string[] => { const at = lines.findIndex((line) => line.includes(text)); const rest = lines.slice(at + 1); return rest.slice(0, rest.findIndex((line) => !line.startsWith('      '))).map((line) => line.trim()); };
    expect(under('wave-1 may begin')).toEqual(['error_rate 1.2% < 5%, 340 samples, 12 s old']);
    expect(under('error_rate is back')).toEqual(['value 1.23457 · limit 5 · samples 300']);
    expect(under('wave-1: 100 looks')).toEqual(['error_rate: 1.2', 'p95_latency: 310']);
    expect(under('wave-1 is done')).toEqual(['error_rate: mean 1.1 (0 to 6), 900 samples']);
    expect(under('batch-patches stands at 10%')).toEqual([]);
  });

  it('sums up outcome, phases with time and clean time, moves with read-back, asks with who answered, and issues', () => {
    const summary = report.slice(report.indexOf('Summary'));
    expect(summary).toContain('Outcome: completed, 2026-11-01 15:00:00 PST, after 1 d 7 h');
    expect(summary).toContain('Grade: production-grade: reached');
    expect(summary).toContain('wave-1  2026-10-31 11:00:00 PDT to 2026-11-01 12:00:00 PST, 1 d 2 h, clean 1 d, 1 restart of the soak\n');
    expect(summary).toMatch(/wave-2 .*not finished/);
    expect(summary).toContain('batch-patches: 0 → 10; read back: 1003 of 10000 users');
    expect(summary).toMatch(/wave-1\/approval\/1, .*\n +2026-10-31 11:00:00 PDT {2}sam: approve \(looks calm\)/);
    expect(summary).toMatch(/wave-2\/comfort\/1, .*\n +no answer/);
    expect(summary).toMatch(/over: warning: error_rate 6% > 5%, after 1 h/);
  });

  it('of a rollback names the reason, what came back, and what did not', () => {
    const rolledBack = renderReport(stored([
      started,
      [1, 'decision', 'wave-1', 'rolling back to the start: error_rate 12% > 10% for 5m', { automatic: true, targets: ['batch-patches', 'cap'] }],
      [1, 'undo', 'wave-1', 'batch-patches is back at 0: flags.json', { target: 'batch-patches', value: 0 }],
      [1.01, 'undone', 'wave-1', 'not undone: cap', { tookMs: 31_000, limitMs: 30_000, undone: [{ target: 'batch-patches', value: 0, done: true, detail: 'reads 0' }, { target: 'cap', value: 5, done: false, detail: 'refused' }] }],
      [1.1, 'ended', null, 'over', { outcome: 'rollback-incomplete', grades: [], rollback: { reason: 'error_rate 12% > 10% for 5m', verified: false, remainder: ['cap'] } }],
    ]), { color: false });
    for (const said of ['Outcome: rollback-incomplete', 'Rolled back because: error_rate 12% > 10% for 5m; not verified', 'Not taken back: cap', 'cap at 5, NOT undone, refused', 'took 31 s of 30 s', 'batch-patches: back to 0']) expect(rolledBack).toContain(said);
  });

  it('of a rollout that goes on says so, and one of an empty record as well', () => {
    expect(renderReport(healthy.slice(0, 5), { color: false })).toContain('Not over yet; the last entry is of 2026-10-31 11:00:00 PDT.');
    expect(renderReport([], { color: false })).toBe('The journal holds nothing of this rollout.\n');
  });

  it('of an id that was rolled out twice tells each run by itself, with its own summary', () => {
    const twice = renderReport([...healthy, ...healthy.map((entry) => ({ ...entry, seq: entry.seq + healthy.length, at: entry.at + 500 * hour }))], { color: false });
    expect(twice.match(/^Summary$/gm)).toHaveLength(2);
    expect(twice.match(/Outcome: completed/g)).toHaveLength(2);
  });

  it('shows the sentence of a kind it does not know, and names a row that was changed from outside', () => {
    const odd = renderReport([...stored([started, [1, 'invented-later', 'wave-1', 'A later version wrote this.', { shape: ['unknown'] }]]), { ...healthy[0]!, seq: 3, at: 0, kind: 'unreadable', phase: null, actor: 'unknown', text: 'This row was changed.', detail: { raw: '{"evil"' } }], { color: false });
    expect(odd).toContain('A later version wrote this.');
    expect(odd).toMatch(/entry 3 .*This row was changed\./);
    expect(odd).toContain('{"evil"');
    expect(odd).toContain('1 row was changed from outside: run `tidegate journal batch-patches-v1 --verify`');
    expect(odd).not.toContain('1970');
  });

  it('uses colour only where asked, and says in signs what colour says', () => {
    expect(report).not.toContain('\u001b');
    expect(renderReport(healthy, { color: true })).toContain('\u001b[');
    const verdicts = renderReport(stored((['pass', 'fail', 'inconclusive'] as const).map((verdict) => [0, 'verdict', 'w', `it is ${verdict}`, { verdict }] as const)), { color: false });
    for (const [sign, word] of [['✓', 'pass'], ['✗', 'fail'], ['?', 'inconclusive']]) expect(verdicts).toContain(`${sign} it is ${word}`);
  });

  it('breaks long sentences at the given width and loses no word', () => {
    const words = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
    const narrow = renderReport(stored([started, [1, 'event', 'w', words]]), { color: false, width: 100 });
    expect(Math.max(...narrow.slice(0, narrow.indexOf('Summary')).split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(narrow.replace(/\s+/g, ' ')).toContain(words);
  });

  it('never sends control or direction characters of a record to the terminal, and never fails on a strange record', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u001b[2J', '\u202egnp', 'a\nb', '\r', '\u009b31m'));
    const entry = fc.record<Entry>({ seq: fc.nat(), at: fc.integer({ min: 0, max: 4e12 }), kind: fc.oneof(fc.constantFrom(...healthy.map((one) => one.kind), 'baseline', 'grade', 'undone', 'unreadable'), fc.string()), phase: fc.option(text), actor: text, text, detail: fc.oneof(fc.jsonValue() as fc.Arbitrary<JsonValue>, fc.constantFrom(...healthy.map((one) => one.detail)), fc.dictionary(fc.constantFrom('ask', 'target', 'verdicts', 'undone', 'latest', 'summary', 'output', 'value', 'cleanMs', 'outcome'), fc.jsonValue() as fc.Arbitrary<JsonValue>)) });
    fc.assert(fc.property(fc.array(entry, { maxLength: 12 }), fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }), (entries, width) => {
      const shown = renderReport(entries.map((one) => ({ ...one, rollout: 'r\u001b[1m', hash: '' })), { color: false, ...(width === undefined ? {} : { width }) });
      expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
    }), { numRuns: 300 });
  });
});
