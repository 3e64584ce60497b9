// Every row of the acceptance list that this version claims is named by a test in this folder; what is missing is listed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const claimed = Array.from({ length: 20 }, (_, index) => `E${index + 1}`);
/** Rows whose part is still to come, with what is missing. */
const toCome: Readonly<Record<string, string>> = { E16: 'nginx as the other way of moving the same change' };

it('every claimed row is named by a test', () => {
  const names = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts') && file !== 'rows.test.ts')
    .flatMap((file) => [...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(/\b(?:it|test|describe|describeNeeding)\w*\((?:\[[^\]]*\], )?\s*[`'"]([^`'"]+)/g)].map((match) => match[1]!));
  const proved = new Set(names.flatMap((name) => name.match(/\bE\d+\b/g) ?? []));
  expect(claimed.filter((row) => !proved.has(row) && !(row in toCome))).toEqual([]);
  expect(Object.keys(toCome).filter((row) => proved.has(row))).toEqual([]);
});
