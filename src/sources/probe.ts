// Is it up: 1 or 0, by what a user would get. Being down is a measured value; only what stops us from asking is an error.
// Which failures are whose: DOWN below. Field paths: src/http/json-value.ts. Manual: docs/providers/probe.md.
import { z } from 'zod';
import type { Measurement } from '../judgement/types.js';
import type { HttpClient, HttpFailureCode, HttpOutcome } from '../http/client.js';
import type { ProviderSchema } from '../plan/providers.js';
import { providerError } from './answers.js';
import { NotJson, parsePath, readJson, valueAt } from '../http/json-value.js';
import { sourceOfNow } from './checked.js';
import type { MetricRef, SourceProvider } from './port.js';
import { address, headers } from './settings.js';

const expected = z.union([z.string(), z.number(), z.boolean()]);
const settingsSchema = z.strictObject({
  url: address,
  /** the status that means up, or several */
  status: z.union([z.number().int().min(100).max(599), z.array(z.number().int().min(100).max(599)).min(1)]).default(200),
  /** one field of a JSON answer and what it must be (default true) */
  field: z.string().min(1).optional(),
  equals: expected.optional(),
  /** several of them: `{ status: ok, components.db: ok }`; the ones that are not so are named */
  fields: z.record(z.string().min(1), expected).optional(),
  method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
  /** an address that answers as long as our own network is well */
  control: address.optional(),
  headers: headers.optional(),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = {
  settings: settingsSchema,
  shorthand: 'url',
  reads: 'ratio',
  check: (given) => {
    const settings = given as unknown as Settings;
    const problems = fieldsOf(settings).flatMap(([path]) => { const parsed = parsePath(path); return 'problem' in parsed ? [parsed.problem] : []; });
    if (settings.equals !== undefined && settings.field === undefined) problems.push("'equals' needs a 'field'");
    if (settings.method === 'HEAD' && fieldsOf(settings).length > 0) problems.push('a HEAD request brings no fields');
    return problems;
  },
};

/** Failures that a user would have too. Everything else (our settings, our network and proxy, certificates) says nothing about the service. */
const DOWN: Readonly<Record<HttpFailureCode, boolean>> = {
  refused: true, reset: true, timeout: true, 'cut-off': true, 'unreachable-host': true, 'bad-answer': true, 'too-many-redirects': true, 'bad-redirect': true, 'too-large': true,
  'bad-address': false, 'bad-header': false, 'unknown-host': false, 'unreachable-network': false, tls: false, proxy: false, aborted: false,
};

export function createProbe(http: HttpClient): SourceProvider {
  return sourceOfNow({
    name: 'probe', schema, settings: settingsSchema,
    measure: (settings, metric, { signal }) => probe(http, settings, metric, signal),
  });
}

async function probe(http: HttpClient, settings: Settings, metric: MetricRef, signal: AbortSignal): Promise<Measurement> {
  const startedAt = performance.now();
  // The control is asked once the service has failed or has used up half of its time: asked later, a hanging service would leave it none.
  let control: Promise<HttpOutcome> | null = null;
  const askControl = (): void => {
    if (settings.control === undefined) return;
    control ??= http.send({ url: settings.control, timeLimitMs: Math.max(1, metric.timeoutMs - (performance.now() - startedAt)), readBody: false, freshConnection: true, redirects: 0 }, signal);
  };
  const halfway = setTimeout(askControl, metric.timeoutMs / 2);
  const statuses = [settings.status].flat();
  try {
    const outcome = await http.send({
      url: settings.url, method: settings.method, headers: settings.headers, accept: 'application/json, */*;q=0.5', timeLimitMs: metric.timeoutMs, freshConnection: true,
      readBody: fieldsOf(settings).length > 0, ...(statuses.some((status) => status >= 300 && status < 400) ? { redirects: 0 } : {}),
    }, signal);
    const found = whatIsWrong(outcome, settings, statuses);
    // `scale` turns up into 100 for a metric shown in %
    if (found === null) return { kind: 'value', value: metric.scale };
    if (found.kind === 'providerError') return found;
    // An answer came from somewhere, so our network is well; only silence leaves that open.
    if (outcome.kind === 'failure' && settings.control !== undefined) {
      askControl();
      const controlled = await control!;
      if (controlled.kind === 'failure') return providerError(controlled.code === 'aborted' ? 'aborted' : 'control-unreachable', `${found.detail}; the control ${controlled.address} cannot be reached from here either: ${controlled.detail}`);
    }
    return { kind: 'value', value: 0, detail: found.detail };
  } finally { clearTimeout(halfway); }
}

type Wrong = { readonly kind: 'down'; readonly detail: string };

function whatIsWrong(outcome: HttpOutcome, settings: Settings, statuses: readonly number[]): Wrong | Extract<Measurement, { kind: 'providerError' }> | null {
  const { address: at } = outcome;
  if (outcome.kind === 'failure') {
    return DOWN[outcome.code] ? { kind: 'down', detail: `${at}: ${outcome.detail}` } : providerError(outcome.code, `${at}: ${outcome.detail}`);
  }
  if (outcome.status === 407) return providerError('proxy', `${at}: the proxy on the way wants other credentials`);
  if (!statuses.includes(outcome.status)) return { kind: 'down', detail: `${at}: answered ${outcome.status} instead of ${statuses.join(' or ')}` };
  const fields = fieldsOf(settings);
  if (fields.length === 0) return null;
  let document: unknown;
  try { document = readJson(outcome.text); } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    return { kind: 'down', detail: `${at}: ${error.message}` };
  }
  const wrong = fields.flatMap(([path, value]) => {
    const steps = parsePath(path);
    const found = 'problem' in steps ? undefined : valueAt(document, steps);
    return found === value ? [] : [`${path} is ${shown(found)} instead of ${shown(value)}`];
  });
  return wrong.length === 0 ? null : { kind: 'down', detail: `${at}: ${wrong.join(', ')}`.slice(0, 300) };
}

function fieldsOf(settings: Settings): readonly (readonly [string, string | number | boolean])[] {
  return [...(settings.field === undefined ? [] : [[settings.field, settings.equals ?? true] as const]), ...Object.entries(settings.fields ?? {})];
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'string' ? `'${value.slice(0, 40)}'` : typeof value === 'object' && value !== null ? (Array.isArray(value) ? 'a list' : 'an object') : String(value);
}
