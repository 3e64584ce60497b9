// docs/plan.md is tried, not believed: every example in it is read, every condition parsed, and no key of the schema is left out.
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { planSchema } from '../../src/plan/schema.js';
import { read } from './providers.js';

const page = readFileSync(new URL('../../docs/plan.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
const problemsOf = (text: string): readonly string[] => { const result = read(text, { now: Date.UTC(2026, 2, 2), unchosen: 'every' }); return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`); };

describe('docs/plan.md', () => {
  it('shows many examples, the first of them a whole plan', () => {
    expect(examples.length).toBeGreaterThan(8);
    expect(problemsOf(examples[0]!)).toEqual([]);
  });
  examples.slice(1).forEach((text, index) => {
    it(`example ${index + 2} (${text.split('\n')[0]}) is sound when put into the first plan`, () => {
      const whole = { ...(parse(examples[0]!) as object), ...(parse(text) as object) } as Record<string, unknown>;
      expect(problemsOf(stringify(whole))).toEqual([]);
    });
  });

  const table = page.split('## Conditions')[1]!.split('## Keys')[0]!;
  // a whole condition begins with a name or a function and has a comparison; the other snippets of the table are parts of one
  const conditions = [...table.matchAll(/`([^`]+)`/g)].map(([, text]) => text!).filter((text) => /^[a-z_0-9() -]+?( over \S+)?\)? (<|<=|>|>=|=|!=) \S|^\w+ (trending|stable)\b(?! or)|^\w+ stable or|^event: |^all of /.test(text) && !/^(trending|stable|over)\b/.test(text));
  it('every condition of its table can be written', () => {
    expect(conditions.length).toBeGreaterThan(20);
    const metrics = "  requests_total: { json: 'http://shop/metrics', at: requests }\n  memory: { json: 'http://shop/metrics', at: memory, unit: MB }\n  health: { probe: 'http://shop/healthz' }\n";
    const plan = examples[0]!.replace('metrics:\n', `metrics:\n${metrics}`).replaceAll('a-tenth', 'wave-1')
      .replace("leave: ['error_rate < 2% over soak']", `leave:\n${conditions.map((text) => `      - ${JSON.stringify(text)}`).join('\n')}`);
    expect(problemsOf(`${plan}\nbaseline: { over: 24h }\nevents: { data-corruption: x }\nalerts: { critical: { memory: a } }\n`)).toEqual([]);
  });

  it('names every key there is', () => {
    const keys = new Set<string>();
    const walk = (schema: unknown): void => {
      const def = (schema as { def?: Record<string, unknown> }).def ?? {};
      for (const key of ['innerType', 'element', 'valueType']) if (def[key] !== undefined) walk(def[key]);
      for (const option of (def['options'] as unknown[] | undefined) ?? []) walk(option);
      for (const [key, value] of Object.entries((def['shape'] as Record<string, unknown> | undefined) ?? {})) { keys.add(key); walk(value); }
    };
    walk(planSchema);
    expect(keys.size).toBeGreaterThan(80);
    expect([...keys].filter((key) => !new RegExp(`\`${key}\``).test(page) && !['info', 'warning', 'critical', 'emergency'].includes(key))).toEqual([]);
  });
});

describe.each(['preparation', 'completion'])('docs/%s.md', (name) => {
  const plans = [...readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
  it('shows whole plans that are sound', () => {
    expect(plans.length).toBeGreaterThan(0);
    expect(plans.map(problemsOf)).toEqual(plans.map(() => []));
  });
});
