// The rules of the house as a test: which folder may import which, and words that must not stand in the tree.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const folders = ['src', 'workflows', 'activities', 'bench', 'test', 'build', 'bin'];
const files = folders.flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && /\.(ts|mjs|js)$/.test(entry.name) && !entry.parentPath.includes('node_modules')).map((entry) => relative(root, join(entry.parentPath, entry.name))));

interface Import { readonly from: string; readonly to: string; readonly typeOnly: boolean }
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\s+from\s+)?'([^']+)';/gm), ...text.matchAll(/\b()import\('([^']+)'\)/g)].map((match) => {
    const target = match[2]!;
    return { from: file, to: target.startsWith('.') ? relative(root, resolve(root, dirname(file), target)).replace(/\.js$/, '.ts') : target, typeOnly: match[1] !== undefined && match[1] !== '' };
  });
}
const imports = files.flatMap(importsOf);
const offending = (from: string, allowed: (one: Import) => boolean): string[] => imports.filter((one) => one.from.startsWith(from) && !allowed(one)).map((one) => `${one.from} → ${one.to}`);

it('judgement imports nothing from outside its folder', () => {
  expect(imports.length).toBeGreaterThan(200);
  expect(offending('src/judgement/', (one) => one.to.startsWith('src/judgement/'))).toEqual([]);
});

it('a plan knows judgement and errors, and no provider', () => {
  expect(offending('src/plan/', (one) => /^(src\/plan\/|src\/judgement\/|src\/errors|zod|luxon|yaml|fastest-levenshtein|node:)/.test(one.to))).toEqual([]);
});

it('workflows know types and judgement, and nothing else of src', () => {
  expect(offending('workflows/', (one) => /^(workflows\/|src\/judgement\/|@temporalio\/(workflow|common))/.test(one.to) || one.typeOnly)).toEqual([]);
});

it('nothing inside knows the command line', () => {
  expect(imports.filter((one) => /^(src|workflows|activities)\//.test(one.from) && !one.from.startsWith('src/cli/') && one.to.startsWith('src/cli/')).map((one) => `${one.from} → ${one.to}`)).toEqual([]);
});

it('providers never import Temporal', () => {
  for (const folder of ['src/targets/', 'src/sources/', 'src/channels/', 'src/journal/', 'src/http/', 'src/process/']) expect(offending(folder, (one) => !one.to.startsWith('@temporalio') && !one.to.startsWith('src/engine') && !one.to.startsWith('activities'))).toEqual([]);
});

it('only the engine opens connections to Temporal', () => {
  const opened = files.filter((file) => /^(src|workflows|activities)\//.test(file) && !file.startsWith('src/engine/') && /\b(Native)?Connection\.(connect|lazy)\(/.test(readFileSync(join(root, file), 'utf8')));
  expect(opened).toEqual([]);
});

it('no file is called utils, helpers or common', () => {
  expect(files.filter((file) => /(^|\/)(utils?|helpers?|common)\.(ts|mjs|js)$/.test(file))).toEqual([]);
});

it('the tree speaks of the project alone', () => {
  const words = [['/work', '/'].join(''), ['/tmp', '/v/'].join(''), ['registry.', 'npmjs'].join(''), ['deb.', 'debian'].join('')];
  const texts = [...files, 'README.md', 'package.json', ...readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath, entry.name)))];
  expect(texts.filter((file) => file !== 'test/house.test.ts' && words.some((word) => readFileSync(join(root, file), 'utf8').includes(word)))).toEqual([]);
});
