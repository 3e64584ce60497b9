// The example in a source's manual is tried, not believed: put into a plan it is sound.
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { expect, test } from 'vitest';
import { read } from '../plan/providers.js';

const around = { rollout: 'r', owner: 'ann', people: { ann: { name: 'Ann' } }, targets: { checkout: { flagd: { file: 'flags.json', flag: 'f' }, safer: 'lower' } }, phases: [{ phase: 'wave-1', move: { checkout: '10%' }, soak: '1h' }] };

test.each(['alertmanager', 'sql', 'datadog'])('the example of docs/providers/%s.md', (name) => {
  const page = readFileSync(new URL(`../../docs/providers/${name}.md`, import.meta.url), 'utf8');
  const example = parse(/```yaml\n(.*?)```/s.exec(page)![1]!) as object;
  const result = read(stringify({ ...around, ...example }));
  expect(result.ok ? [] : result.problems).toEqual([]);
  expect(result.ok && result.plan.metrics.every(({ provider }) => provider === name)).toBe(true);
});
