// The example of a provider's page is tried, not believed: its channels (and people) are read as part of a plan.
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { expect } from 'vitest';
import { read } from '../plan/providers.js';

export function exampleIsSound(provider: string): void {
  const page = readFileSync(new URL(`../../docs/providers/${provider}.md`, import.meta.url), 'utf8');
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!).filter((text) => /^channels:/m.test(text));
  expect(examples.length).toBeGreaterThan(0);
  const whole = readFileSync(new URL('../../docs/plan.md', import.meta.url), 'utf8').match(/```yaml\n(.*?)```/s)![1]!;
  for (const example of examples) {
    expect(example).toContain(`${provider}:`);
    const { people = {}, ...rest } = parse(example) as { people?: object };
    const plan = parse(whole) as { people: object };
    const result = read(stringify({ ...plan, ...rest, people: { ...plan.people, ...people } }, { aliasDuplicateObjects: false }), { now: Date.UTC(2026, 2, 2) });
    expect(result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([]);
  }
}
