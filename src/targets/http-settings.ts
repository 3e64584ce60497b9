// What a plan may say of a target behind an HTTP API, and what can be known to be wrong with it before anything is asked.
// The provider is ./http.ts, `{{name}}` in requests ./http-template.ts. Manual: docs/providers/http.md.
import { z } from 'zod';
import { parsePath, type JsonPath } from '../http/json-value.js';
import { address, headers } from '../http/settings.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { JsonValue, ProviderSettings, TargetValue } from '../plan/types.js';
import { isYes, yesNo } from '../provider-settings.js';
import { namesIn } from './http-template.js';

const status = z.int().min(100).max(599);
const statuses = z.union([status, z.array(status).min(1)]);
const path = z.string().min(1);
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const scale = z.number().refine((factor) => factor > 0, { message: 'a number above 0 is needed' }).default(1);

const requestSchema = z.strictObject({
  method: z.enum(['POST', 'PUT', 'PATCH', 'DELETE']),
  url: address,
  /** in addition to the target's own */
  headers: headers.optional(),
  /** JSON with `{{name}}` in it; whatever a plan can hold is JSON (z.json() would refer to itself in the published schema) */
  body: z.unknown().optional(),
  /** default every 2xx */
  expect: statuses.optional(),
  /** name → path in the answer; later requests may say `{{name}}` */
  take: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, 'letters, digits, - and _ make a name'), path).optional(),
});
export type HttpStep = z.infer<typeof requestSchema>;

export const settingsSchema = z.strictObject({
  /** of `read` and `write`; not sent to `verify` */
  headers: headers.optional(),
  read: z.strictObject({ url: address, at: path, /** the value is what is read times this */ scale }),
  write: z.union([requestSchema, z.array(requestSchema).min(1).max(8)]),
  /** the ETag of the read goes along as If-Match, with the first request */
  'if-match': z.literal('etag').optional(),
  /** the field of the read that changes with every change; `{{version}}` hands it back */
  version: z.strictObject({ at: path }).optional(),
  /** an answer that says a person has to approve: its status, fields it has (a text: contained in it), and the page to do it on */
  'needs-approval': z.strictObject({ status: statuses, where: z.record(path, scalar).optional(), page: z.string().min(1).optional() }).optional(),
  /** a second place that shows what users get */
  verify: z.strictObject({ url: address, at: path, scale, headers: headers.optional() }).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  step: z.number().refine((size) => size > 0, { message: 'a number above 0 is needed' }).optional(),
  /** the service writes numbers as text */
  text: yesNo.default(false),
});
export type HttpTarget = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: null, check: (given, values) => problems(given, values), unlimited: (given) => unlimitedProblem(settingsSchema.parse(given)) };

export function stepsOf({ write }: HttpTarget): readonly HttpStep[] { return Array.isArray(write) ? write : [write]; }
export function hasStatus(wanted: number | readonly number[], found: number): boolean { return typeof wanted === 'number' ? wanted === found : wanted.includes(found); }
export function isText({ text }: HttpTarget): boolean { return isYes(text); }

/** Some request hands back what was read, so that even an undo has to read first. */
export function needsReading(settings: HttpTarget): boolean { return stepsOf(settings).some(({ url, body, headers: own }) => namesIn([url, (body ?? null) as JsonValue, { ...own }]).some((name) => name === 'version' || name === 'document')); }

/** A path that the check has accepted. */
export function parsed(at: string): JsonPath {
  const steps = parsePath(at);
  if ('problem' in steps) throw new Error(steps.problem);
  return steps;
}

/** The value in the plan's unit, three ways of saying it that only a number has, and all that was read with the value in its place. */
const SAYS_THE_VALUE = ['value', 'raw', 'share', 'rest', 'document'];
const NUMBERS_ONLY = ['raw', 'share', 'rest'];

function problems(given: ProviderSettings, values: readonly TargetValue[]): string[] {
  const settings = settingsSchema.parse(given);
  const found: string[] = [];
  const steps = stepsOf(settings);
  const used = new Set<string>();
  const known = new Set([...SAYS_THE_VALUE, 'key', ...(settings.version === undefined ? [] : ['version'])]);
  for (const [index, step] of steps.entries()) {
    const place = steps.length === 1 ? 'write' : `write.${index}`;
    const names = namesIn([step.url, (step.body ?? null) as JsonValue, { ...settings.headers, ...step.headers }]);
    for (const name of names) {
      used.add(name);
      if (!known.has(name)) found.push(`${place}: nothing gives '{{${name}}}' a value; known here are ${[...known].join(', ')}${name === 'version' ? " ('version: { at: … }' reads one)" : ''}`);
    }
    if (hasUnquotedName(step.body)) found.push(`${place}.body: a name stands without quotes, which YAML reads as a map; write '{{value}}'`);
    for (const name of Object.keys(step.take ?? {})) {
      if (known.has(name)) found.push(`${place}.take: '${name}' has a meaning already; take it under another name`);
      known.add(name);
    }
  }
  if (!SAYS_THE_VALUE.some((name) => used.has(name))) found.push(`write: no request says the value; put '{{value}}' ('{{share}}' for 0 to 1) where it belongs`);
  if (settings.version !== undefined && !used.has('version')) found.push("version: no request sends it; put '{{version}}' where it belongs");
  if (settings.version !== undefined && settings['if-match'] !== undefined) found.push("'if-match' and 'version' are two ways of one thing; give the one that the service has");
  const paths = [settings.read.at, settings.version?.at, settings.verify?.at, ...Object.keys(settings['needs-approval']?.where ?? {}), ...steps.flatMap(({ take }) => Object.values(take ?? {}))];
  for (const at of paths) { const one = at === undefined ? [] : parsePath(at); if ('problem' in one) found.push(one.problem); }
  if (settings.min !== undefined && settings.max !== undefined && settings.min > settings.max) found.push(`min: ${settings.min} is above max, ${settings.max}`);
  if (found.length === 0) for (const value of values) { const problem = valueProblem(settings, value); if (problem !== null) found.push(problem); }
  return found;
}

/** Why the target cannot hold this value; null: it can. */
export function valueProblem(settings: HttpTarget, value: TargetValue): string | null {
  const { min, max, step } = settings;
  if (typeof value === 'string') {
    if (min !== undefined || max !== undefined || step !== undefined || isText(settings)) return `'${value}' is no number, and ${isText(settings) ? "'text: yes'" : "'min', 'max' or 'step'"} says that values are numbers`;
    const said = stepsOf(settings).flatMap((one) => namesIn([one.url, (one.body ?? null) as JsonValue, { ...one.headers }]));
    const name = NUMBERS_ONLY.find((one) => said.includes(one));
    return name === undefined ? null : `'${value}' is no number, and '{{${name}}}' needs one`;
  }
  if (!Number.isFinite(value)) return `${value} is no value`;
  if (min !== undefined && value < min) return `${value} is below min, ${min}`;
  if (max !== undefined && value > max) return `${value} is above max, ${max}`;
  // 0.1 + 0.2: compared after rounding, not by the remainder
  if (step !== undefined && Math.abs(Math.round(value / step) - value / step) > 1e-6) return `${value} is no multiple of step, ${step}`;
  return null;
}

/** A limit that is taken off is no share of anything. */
function unlimitedProblem(settings: HttpTarget): string | null {
  const name = stepsOf(settings).flatMap((one) => namesIn([one.url, (one.body ?? null) as JsonValue, { ...one.headers }])).find((one) => one === 'share' || one === 'rest');
  return name === undefined ? null : `a request says '{{${name}}}', which has no value when the limit is taken off`;
}

/** `{{value}}` without quotes is a map with a map for its key. */
function hasUnquotedName(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  return Object.entries(body).some(([key, item]) => (!Array.isArray(body) && /^\{.*\}$/s.test(key) && (item === null || item === undefined)) || hasUnquotedName(item));
}
