// Every row of the acceptance list is named by a test in this folder; what is missing is listed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const counts = { A: 18, B: 13, C: 18, D: 10, E: 20 };
const claimed = Object.entries(counts).flatMap(([plan, count]) => Array.from({ length: count }, (_, index) => `${plan}${index + 1}`));
/** Rows whose part is still to come, with what is missing. */
const toCome: Readonly<Record<string, string>> = { E16: 'nginx as the other way of moving the same change' };

it('every claimed row is named by a test', () => {
  const titles = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts') && file !== 'rows.test.ts')
    .flatMap((file) => readFileSync(join(import.meta.dirname, file), 'utf8').split('\n')).filter((line) => /^\s*(it|test|describe)\w*[.(]|^\s*\]\)\(/.test(line));
  const proved = new Set(titles.flatMap((title) => title.match(/\b[A-E]\d+\b/g) ?? []));
  expect(claimed.filter((row) => !proved.has(row) && !(row in toCome))).toEqual([]);
  expect(Object.keys(toCome).filter((row) => proved.has(row))).toEqual([]);
});
