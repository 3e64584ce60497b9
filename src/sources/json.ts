// Numbers out of a JSON document over HTTP, by path. Knows only 'now': one point at the instant of the look.
// Paths and strict reading: src/http/json-value.ts. Words for bad answers: answers.ts. Manual: docs/providers/json.md.
import { z } from 'zod';
import type { Measurement } from '../judgement/types.js';
import type { HttpClient } from '../http/client.js';
import type { ProviderSchema } from '../plan/providers.js';
import { counted, expectAnswer, measured, noData, parseNumber, providerError, ratio } from './answers.js';
import { NotJson, parsePath, printPath, readJson, valueAt, type JsonPath } from '../http/json-value.js';
import { sourceOfNow } from './checked.js';
import type { SourceProvider } from './port.js';
import { address, headers, isYes, yesNo } from './settings.js';

const path = z.union([z.string().min(1), z.array(z.union([z.string(), z.number().int().nonnegative()])).min(1)]);
const settingsSchema = z.strictObject({
  url: address,
  /** the field; `errors.rate` or a list of steps */
  at: path.optional(),
  /** two fields: the first divided by the second */
  ratio: z.tuple([path, path]).optional(),
  /** the field that says how many observations stand behind `at` */
  samples: path.optional(),
  /** a list whose entries are counted and named */
  members: path.optional(),
  /** the field of an entry that names it */
  id: path.default('id'),
  /** only entries in which these fields have these values */
  where: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** numbers may be written as text */
  text: yesNo.default(false),
  headers: headers.optional(),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = {
  settings: settingsSchema,
  shorthand: 'url',
  check: (given) => {
    const settings = given as unknown as Settings;
    const problems: string[] = [];
    const ways = (['at', 'ratio', 'members'] as const).filter((key) => settings[key] !== undefined);
    if (ways.length !== 1) problems.push(`${ways.length === 0 ? 'none' : ways.map((way) => `'${way}'`).join(' and ')} of 'at', 'ratio' and 'members' is given; exactly one says what to read`);
    if (settings.samples !== undefined && settings.at === undefined) problems.push("'samples' goes with 'at'; a ratio brings its own, and members are counted");
    if (settings.where !== undefined && settings.members === undefined) problems.push("'where' goes with 'members'");
    for (const one of [settings.at, ...(settings.ratio ?? []), settings.samples, settings.members, settings.id, ...Object.keys(settings.where ?? {})]) {
      const steps = one === undefined ? [] : parsePath(one);
      if ('problem' in steps) problems.push(steps.problem);
    }
    return problems;
  },
};

export function createJson(http: HttpClient): SourceProvider {
  return sourceOfNow({
    name: 'json', schema, settings: settingsSchema,
    measure: async (settings, metric, { signal }) => {
      const request = { url: settings.url, accept: 'application/json', headers: settings.headers, timeLimitMs: metric.timeoutMs };
      const answer = expectAnswer(await http.send(request, signal), request);
      if (answer.kind === 'providerError') return answer;
      try { return read(readJson(answer.text), settings, metric.scale); } catch (error) {
        if (!(error instanceof NotJson)) throw error;
        return providerError('not-json', `${answer.address}: ${error.message}`);
      }
    },
  });
}

function read(document: unknown, settings: Settings, scale: number): Measurement {
  if (settings.members !== undefined) return readMembers(document, settings);
  const asText = isYes(settings.text);
  if (settings.ratio !== undefined) {
    const [part, whole] = settings.ratio.map((one) => numberAt(document, steps(one), asText)) as [number | Measurement, number | Measurement];
    if (typeof part !== 'number') return part;
    if (typeof whole !== 'number') return whole;
    return ratio(part, whole, scale);
  }
  const samples = settings.samples === undefined ? null : numberAt(document, steps(settings.samples), asText);
  const value = numberAt(document, steps(settings.at!), asText);
  if (samples === null) return typeof value === 'number' ? measured(value, scale) : value;
  if (typeof samples !== 'number') return samples;
  if (!Number.isFinite(samples) || samples < 0) return providerError('not-a-number', `'${printPath(steps(settings.samples!))}' is no count: ${samples}`);
  // With nothing observed a service has no rate to tell: null, NaN and a missing field then mean the same.
  if (samples === 0 && (typeof value !== 'number' || Number.isNaN(value))) return typeof value !== 'number' && value.kind === 'providerError' ? value : { kind: 'idle', samples: 0 };
  return typeof value === 'number' ? measured(value, scale, { samples }) : value;
}

function numberAt(document: unknown, at: JsonPath, asText: boolean): number | Measurement {
  const value = valueAt(document, at);
  if (value === undefined) return noData(`there is no '${printPath(at)}' in the answer`);
  if (value === null) return noData(`'${printPath(at)}' is null`);
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') {
    const number = parseNumber(value.trim());
    if (asText && number !== null) return number;
    return providerError('not-a-number', `'${printPath(at)}' is the text '${value.slice(0, 40)}'${number !== null ? "; 'text: yes' lets numbers be written as text" : ''}`);
  }
  return providerError('not-a-number', `'${printPath(at)}' is ${Array.isArray(value) ? 'a list' : 'an object'}, not a number`);
}

function readMembers(document: unknown, settings: Settings): Measurement {
  const at = steps(settings.members!);
  const list = valueAt(document, at);
  if (list === undefined || list === null) return noData(`there is no list at '${printPath(at)}' in the answer`);
  if (!Array.isArray(list)) return providerError('bad-answer', `'${printPath(at)}' is not a list`);
  const wanted = Object.entries(settings.where ?? {}).map(([key, value]) => [steps(key), value] as const);
  const names: string[] = [];
  for (const entry of list as unknown[]) {
    if (!wanted.every(([key, value]) => valueAt(entry, key) === value)) continue;
    const id = typeof entry === 'object' && entry !== null ? valueAt(entry, steps(settings.id)) : entry;
    if (typeof id !== 'string' && typeof id !== 'number') return providerError('bad-answer', `an entry of '${printPath(at)}' has no '${printPath(steps(settings.id))}' to be named by`);
    names.push(String(id));
  }
  return counted(names);
}

/** A path that `check` has accepted. */
function steps(one: string | JsonPath): JsonPath {
  const parsed = parsePath(one);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed;
}
