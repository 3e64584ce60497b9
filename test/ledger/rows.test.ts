// docs/ledger.md is tried, not believed: its rows are numbered without a gap, the plans say what it says they say, every row is named by a test of the
// files it names, and a row that is open by none.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { example } from './examples.js';

const root = join(import.meta.dirname, '../..');
const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!);
const lists = readFileSync(join(root, 'docs/ledger.md'), 'utf8').split(/^## /m).slice(1).map((section) => ({
  letter: section[0]!, plans: [...section.split('\n')[0]!.matchAll(/\.\.\/examples\/([a-z0-9-]+)\.yaml/g)].map(([, name]) => name!),
  rows: section.split('\n').filter((line) => /^\| [A-E]\d/.test(line)).map((line) => { const [id, what, where, test] = line.split('|').slice(1, -1).map((cell) => cell.trim()) as [string, string, string, string]; return { id, what, where, test, open: test.startsWith('**open**') }; }),
}));
const rows = lists.flatMap((list) => list.rows);

/** ids in the titles of tests, by file */
const named = new Map(readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts') && file !== 'rows.test.ts').map((file) => {
  const titles = readFileSync(join(import.meta.dirname, file), 'utf8').split('\n').filter((line) => /^\s*(it|test|describe)\w*[.(]|^\s*\]\)\(/.test(line));
  return [file.replace('.test.ts', ''), new Set(titles.flatMap((title) => title.match(/\b[A-E]\d+\b/g) ?? []))];
}));

describe('docs/ledger.md', () => {
  it('has a list for each of the five plans, numbered from 1 without a gap', () => {
    expect(lists.map(({ letter }) => letter)).toEqual(['A', 'B', 'C', 'D', 'E']);
    for (const list of lists) expect(list.rows.map(({ id }) => id)).toEqual(list.rows.map((_, index) => `${list.letter}${index + 1}`));
  });
  it('says of a plan only what stands in its file', () => {
    for (const { plans, rows: own } of lists) {
      const text = plans.map(example).join('\n');
      for (const { id, where, open } of own) expect([id, quoted(where).filter((words) => !text.includes(words)), open || quoted(where).length > 0]).toEqual([id, [], true]);
    }
  });
  it('names for every row files that there are, and one of this folder that names the row', () => {
    for (const { id, test, open } of rows) {
      if (open) continue;
      const files = quoted(test);
      expect(files.filter((file) => !named.has(file) && !existsSync(join(root, file))), id).toEqual([]);
      expect(files.some((file) => named.get(file)?.has(id)), `no file of ${files.join(', ')} has a test with ${id} in its title`).toBe(true);
    }
  });
  it('is complete: every row is named by a test, what is open by none, and no test names a row that there is not', () => {
    const proved = new Set([...named.values()].flatMap((ids) => [...ids]));
    expect(rows.filter(({ id, open }) => open === proved.has(id)).map(({ id }) => id)).toEqual([]);
    expect([...proved].filter((id) => !rows.some((row) => row.id === id))).toEqual([]);
  });
});
