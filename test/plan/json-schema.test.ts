// The published JSON Schema, as editors use it: what the manuals show is right by it, what is wrong is marked, and every provider's settings are offered.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { providerSchemas } from '../../src/engine/provider-schemas.js';
import { planJsonSchema } from '../../src/plan/index.js';
import { planSchema } from '../../src/plan/schema.js';

type Schema = { readonly [key: string]: unknown; readonly properties?: Readonly<Record<string, Schema>>; readonly $ref?: string; readonly anyOf?: readonly Schema[]; readonly additionalProperties?: Schema | boolean; readonly items?: Schema };
const root = join(import.meta.dirname, '../..');
const schema = planJsonSchema(providerSchemas) as Schema;
const resolved = ({ $ref, ...rest }: Schema): Schema => ($ref === undefined ? rest as Schema : (schema['$defs'] as Record<string, Schema>)[$ref.replace('#/$defs/', '')]!);
const settingsAt = (entry: Schema, provider: string): readonly string[] => Object.keys(resolved(entry.properties![provider]!).anyOf![0]!.properties ?? {});
const keysOf = (settings: z.ZodType): readonly string[] => Object.keys((settings as unknown as { def: { shape?: object } }).def.shape ?? {});

/** A whole file by it, and a part of one. */
const whole = z.fromJSONSchema(schema as never);
const part = z.fromJSONSchema({ ...schema, required: [] } as never);
const wrong = (text: string): string => { const found = part.safeParse(parse(text)); return found.success ? '' : JSON.stringify(found.error.issues); };

const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md')).sort();
const fragments = pages.flatMap((file) => [...readFileSync(join(root, 'docs', file), 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => ({ file, text: text! })))
  .filter(({ text }) => { const document = parse(text) as unknown; return typeof document === 'object' && document !== null && !Array.isArray(document) && Object.keys(document).every((key) => key in planSchema.shape); });

describe('the published JSON Schema', () => {
  it('is looked at with every page of a provider that shows a part of a plan', () => {
    const shown = new Set(fragments.map(({ file }) => file));
    expect(pages.filter((file) => file.startsWith('providers/') && !shown.has(file))).toEqual([]);
    expect(fragments.length).toBeGreaterThan(30);
  });
  for (const [index, { file, text }] of fragments.entries()) it(`takes what docs/${file} shows (${index + 1}: ${text.split('\n').slice(0, 2).join(' ').slice(0, 60)})`, () => { expect(wrong(text)).toBe(''); });
  for (const file of readdirSync(join(root, 'examples')).filter((one) => one.endsWith('.yaml'))) it(`takes examples/${file}`, () => { expect(whole.safeParse(parse(readFileSync(join(root, 'examples', file), 'utf8'))).error?.issues ?? []).toEqual([]); });

  it('offers all settings of every provider wherever it may be named', () => {
    const { targets, metrics, alerts, sources, channels, people } = schema.properties!;
    for (const [provider, { settings }] of Object.entries(providerSchemas.targets)) expect(settingsAt(targets!.additionalProperties as Schema, provider), provider).toEqual(keysOf(settings));
    for (const [provider, { settings }] of Object.entries(providerSchemas.sources)) {
      for (const entry of [metrics, alerts]) expect(settingsAt(entry!.additionalProperties as Schema, provider), provider).toEqual(keysOf(settings));
      expect(Object.keys(sources!.properties![provider]!.properties!), provider).toEqual(expect.arrayContaining([...keysOf(settings), 'max age', 'timeout', 'step']));
    }
    const lists = [...Object.values(channels!.properties!), (people!.additionalProperties as Schema).properties!['channels']!];
    expect(lists.length).toBe(6);
    for (const list of lists) for (const [provider, { settings }] of Object.entries(providerSchemas.channels)) expect(settingsAt(list.items!.anyOf![1]!, provider), provider).toEqual(keysOf(settings));
    expect(keysOf(providerSchemas.targets['flagd']!.settings)).toContain('flag');
  });

  it.each([
    ['a setting that the provider does not have', 'targets: { a: { flagd: { file: f.json, flga: new } } }', 'flga'],
    ['a setting of the wrong kind', 'targets: { a: { compose: { file: c.yaml, service: s, field: imge } } }', 'field'],
    ['a metric\'s', 'metrics: { a: { probe: { url: "http://a", status: 20000 } } }', 'status'],
    ['a bare text for a provider that takes a map', 'targets: { a: { flagd: flags.json } }', 'flagd'],
    ['a channel\'s', 'channels: { info: [{ slack: { channel: C0123456789, chanel: x } }] }', 'chanel'],
    ['a channel that needs settings and has none', 'channels: { info: [webhook] }', 'info'],
    ['one whose settings are all optional and not enough', 'channels: { info: [slack] }', 'info'],
    ['a source\'s', 'sources: { prometheus: { uri: "http://a" } }', 'uri'],
    ['a person\'s channel', 'people: { ann: { channels: [{ email: { form: x } }] } }', 'form'],
  ])('marks %s', (_what, text, where) => { expect(wrong(text)).toContain(where); });

  it('lets settings stand beside their provider, and a name alone where that says everything', () => {
    expect(wrong('metrics: { a: { prometheus: up, samples: count(up), unit: "%" }, b: { prometheus-text: "http://a", metric: x }, c: { alertmanager: [ a="b" ] } }')).toBe('');
    expect(wrong('targets: { a: { flagd: , file: f.json, flag: new } }\nchannels: { info: [terminal, { log: }, { webhook: "http://a" }] }\nsources: { prometheus: { url: "http://a", max age: 5m } }')).toBe('');
  });
  it('is plain JSON whose references all lead somewhere', () => {
    const text = JSON.stringify(schema);
    expect(JSON.parse(text)).toEqual(schema);
    const named = [...text.matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)].map(([, key]) => key!);
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((key) => !(key in (schema['$defs'] as object)))).toEqual([]);
  });
});
