// Canonical JSON, and the check of an exported record by itself, without a database. The same check over stores is in conformance.ts.
// The expected texts of numbers and key order are those of RFC 8785, appendices B and 3.2.3.
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/journal/canonical-json.js';
import { exportLines, verifyExport } from '../../src/journal/export.js';
import { genesis } from '../../src/journal/port.js';
import { openJournal } from '../../src/journal/store.js';
import { entriesFrom, entry } from './sample.js';

describe('canonical JSON', () => {
  it('orders keys by UTF-16 code units, at every depth, and adds no white space', () => {
    expect(canonicalJson({ '\u20ac': 'Euro', '\r': 'CR', '\ufb33': 'dalet', '1': { b: 2, a: [1, { z: null, y: true }] }, '\ud83d\ude00': 'emoji', '\u0080': 'control', '\u00f6': 'o' }))
      .toBe('{"\\r":"CR","1":{"a":[1,{"y":true,"z":null}],"b":2},"\u0080":"control","\u00f6":"o","\u20ac":"Euro","\ud83d\ude00":"emoji","\ufb33":"dalet"}');
  });
  it.each([[-0, '0'], [5e-324, '5e-324'], [1e21, '1e+21'], [1e23, '1e+23'], [0.000001, '0.000001'], [1e-7, '1e-7'], [333333333.33333329, '333333333.3333333'], [9007199254740992, '9007199254740992']])('writes the number %d as ECMAScript does', (value, text) => {
    expect(canonicalJson(value as never)).toBe(text);
  });
  it('does not depend on the order in which keys were set, and survives a round trip through JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const reversed = (one: unknown): unknown => (Array.isArray(one) ? one.map(reversed) : typeof one === 'object' && one !== null ? Object.fromEntries(Object.entries(one).reverse().map(([key, member]) => [key, reversed(member)])) : one);
      const text = canonicalJson(value as never);
      expect(canonicalJson(reversed(value) as never)).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(canonicalJson(JSON.parse(JSON.stringify(value)))).toBe(text);
    }));
  });
  it('leaves out what is undefined, and escapes a lone surrogate instead of refusing the record', () => {
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
    expect(canonicalJson('\ud800')).toBe('"\\ud800"');
  });
  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [new Date(0)], [new Map()], [1n], [() => 1]])('refuses %s, with the place', (value) => {
    expect(() => canonicalJson({ deep: [value] } as never)).toThrow(expect.objectContaining({ code: 'NOT_JSON', message: expect.stringContaining('$.deep[0]') }));
  });
});

describe('an exported record', () => {
  const exported = async (count: number): Promise<string[]> => {
    const store = await openJournal(':memory:');
    let head = genesis;
    for (let first = 1; first <= count; first += 100) head = await store.append('r', head, entriesFrom(first, Math.min(100, count - first + 1)));
    const lines: string[] = [];
    for await (const line of exportLines(store, 'r')) lines.push(line);
    await store.close();
    return lines;
  };

  it('of more than one page verifies from its lines alone, from a list as from a stream, with blank lines and CRLF', async () => {
    const lines = await exported(1_203);
    const stream = async function* () { for (const line of lines) { yield `${line}\r`; yield ''; } };
    const check = await verifyExport(lines);
    expect(check).toMatchObject({ ok: true, entries: 1_203, head: { seq: 1_203 } });
    expect(await verifyExport(stream(), check.head)).toEqual(check);
  });

  it('can be checked by anybody with SHA-256: the hash is over the hash before, a line feed and the entry without its hash', async () => {
    let previous = '0'.repeat(64);
    for (const line of await exported(5)) {
      const { hash, ...rest } = JSON.parse(line) as { hash: string };
      const sorted = `{${Object.keys(rest).sort().map((key) => `${JSON.stringify(key)}:${canonicalJson((rest as Record<string, never>)[key]!)}`).join(',')}}`;
      expect(createHash('sha256').update(`${previous}\n${sorted}`).digest('hex')).toBe(hash);
      previous = hash;
    }
  });

  const lineOf = (line: string, change: (value: Record<string, unknown>) => void): string => { const value = JSON.parse(line) as Record<string, unknown>; change(value); return canonicalJson(value); };
  it.each<[string, (lines: string[]) => void, number]>([
    ['a changed sentence', (lines) => { lines[2] = lineOf(lines[2]!, (value) => { value.text = 'All was well.'; }); }, 3],
    ['a changed number in the evidence', (lines) => { lines[4] = lines[4]!.replace('"value":1.6', '"value":1.7'); }, 5],
    ['an added field', (lines) => { lines[1] = lineOf(lines[1]!, (value) => { value.approved = true; }); }, 2],
    ['a field given twice', (lines) => { lines[1] = lines[1]!.replace('{', '{"text":"All was well.",'); }, 2],
    ['a removed line', (lines) => { lines.splice(3, 1); }, 4],
    ['a doubled line', (lines) => { lines.splice(3, 0, lines[2]!); }, 3],
    ['two exchanged lines', (lines) => { [lines[5], lines[6]] = [lines[6]!, lines[5]!]; }, 6],
    ['a removed first line', (lines) => { lines.shift(); }, 1],
    ['a line that is no JSON', (lines) => { lines[3] = '{"seq":4,'; }, 4],
    ['a line of another rollout', (lines) => { lines[3] = lineOf(lines[3]!, (value) => { value.rollout = 's'; }); }, 4],
  ])('with %s fails, and the first bad entry is named', async (_name, change, seq) => {
    const lines = await exported(9);
    const before = [...lines];
    change(lines);
    expect(lines).not.toEqual(before);
    const check = await verifyExport(lines);
    expect(check.ok).toBe(false);
    expect(check.problems[0]).toMatchObject({ seq });
  });

  it('without its tail fails against the head that the rollout keeps, and only against it', async () => {
    const lines = await exported(9);
    const { head } = await verifyExport(lines);
    expect(await verifyExport(lines.slice(0, 7), head)).toMatchObject({ ok: false, problems: [{ seq: 8 }] });
    expect(await verifyExport(lines.slice(0, 7))).toMatchObject({ ok: true, head: { seq: 7 } });
    expect(await verifyExport([], head)).toMatchObject({ ok: false, problems: [{ seq: 1 }] });
  });

  it('names at most a hundred problems of a file that is wrong throughout', async () => {
    const check = await verifyExport(Array.from({ length: 500 }, () => 'x'));
    expect(check.problems).toHaveLength(100);
    expect(entry(1).seq).toBe(1);
  });
});
