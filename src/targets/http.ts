// A target behind an HTTP API of the plan's choice: one request reads it, one or several put a value in force, and it is read back until it
// is there. Settings: ./http-settings.ts, requests: ./http-template.ts, what answers mean: ./http-answers.ts. Manual: docs/providers/http.md.
import { createHash } from 'node:crypto';
import type { HttpAnswer, HttpClient, HttpRequest } from '../http/client.js';
import { printPath, valueAt, withValueAt } from '../http/json-value.js';
import { retryAfterMs } from '../http/retry-after.js';
import type { JsonValue, TargetValue } from '../plan/types.js';
import { answerError, documentOf, failureError, isWebPage, masked, type Sent } from './http-answers.js';
import { hasStatus, isText, needsReading, parsed, schema, settingsSchema, stepsOf, valueProblem, type HttpStep, type HttpTarget } from './http-settings.js';
import { filled, filledText, type TemplateValues } from './http-template.js';
import { TargetConflict, TargetRefused, TargetUnreachable, TargetUnverified, type TargetContext, type TargetProvider, type TargetRef } from './port.js';
import { parsedSettings, problemsOf } from './settings.js';
import { isUnlimited, readsUnlimited } from './unlimited.js';
import { unlimited } from '../plan/ordering.js';

export { schema };

/** An undo that somebody's changes overtake is sent again with what they left, this often. */
const UNDO_ROUNDS = 5;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** A server that is asked too often and does not say for how long. */
const USUAL_WAIT_MS = 1_000;

/** One call of the provider. */
interface Call { readonly http: HttpClient; readonly target: TargetRef; readonly settings: HttpTarget; readonly context: TargetContext; /** by performance.now() */ readonly endsAt: number }
type Place = Pick<NonNullable<HttpTarget['verify']>, 'url' | 'at' | 'scale' | 'headers'>;
interface Standing { readonly value: TargetValue; readonly detail: string; readonly etag: string | null; readonly version: JsonValue | null; readonly document: unknown }

export function createHttp(http: HttpClient): TargetProvider {
  const begin = (target: TargetRef, context: TargetContext): Call => ({ http, target, settings: parsedSettings(schema, settingsSchema, target), context, endsAt: performance.now() + target.writeTimeoutMs });
  return {
    name: 'http',
    check: (target, values) => problemsOf(schema, target.settings, values.filter((value) => !isUnlimited(target, value))),

    /** Address and field that are read; a hash, because the address may hold secrets. */
    claimKey(target) {
      const { read } = parsedSettings(schema, settingsSchema, target);
      const { host, pathname, search } = new URL(read.url);
      return `${host}#${createHash('sha256').update(JSON.stringify([pathname, search, printPath(parsed(read.at))])).digest('hex').slice(0, 16)}`;
    },

    async read(target, context) {
      const { value, detail } = await look(begin(target, context), readPlace);
      return { value, detail };
    },

    async write(target, value, expected, context) {
      const call = begin(target, context);
      const problem = isUnlimited(target, value) ? null : valueProblem(call.settings, value);
      if (problem !== null) throw new TargetRefused({ code: 'VALUE_REFUSED', where: target.id, what: `${problem}.`, means: 'Nothing was changed.', todo: 'Correct the plan.' });
      for (let round = 1; ; round++) {
        const now = await standing(call, expected === null);
        if (now !== null) {
          requireSameKind(call, now, value);
          if (isSame(now.value, value)) return;
          if (expected !== null && call.settings['if-match'] !== undefined && now.etag === null) throw new TargetRefused({ code: 'HTTP_NO_ETAG', where: target.id, what: 'its answer has no ETag.', means: 'Nothing was changed: without it a change by somebody else would be overwritten.', todo: "Leave 'if-match' out, or look at what takes the ETag off on the way." });
          if (expected !== null && !isSame(now.value, expected)) throw new TargetConflict({ code: 'TARGET_CHANGED', where: target.id, what: `it stands at ${now.value}, not at ${expected} as read before.`, means: 'Somebody else changed it; nothing was written.', todo: 'Find out who and why; then adopt the value, restore ours, or roll back.' });
        }
        try {
          await sendAll(call, value, now, round);
          break;
        } catch (error) {
          if (!(error instanceof TargetConflict)) throw error;
          // what we were about to write may stand there by now: by another hand, or by an attempt of ours that landed late
          if (expected !== null) { if (isSame((await standing(call, true))?.value ?? null, value)) return; throw error; }
          if (round === UNDO_ROUNDS) throw new TargetUnreachable({ ...error.fields, code: 'TARGET_KEEPS_CHANGING', means: `Somebody changed it each of the ${UNDO_ROUNDS} times it was to be undone; it will be tried again.` });
        }
      }
      await settled(call, readPlace, value, (last) => new TargetUnreachable({ code: 'HTTP_NOT_READ_BACK', where: target.id, what: `it was written as ${value} and accepted; after ${target.writeTimeoutMs} ms ${last}.`, means: 'It is not in force, or not yet; it is read again before anything is repeated.', todo: "If the service needs longer, raise the target's 'write timeout'." }));
    },

    async verify(target, value, context) {
      const call = begin(target, context);
      const unverified = (what: string) => (last: string): TargetUnverified => new TargetUnverified({ code: 'HTTP_UNVERIFIED', where: target.id, what: `${what} should say ${value}; after ${target.writeTimeoutMs} ms ${last}.`, means: 'It is not shown that users get what was written.', todo: 'Look at the service, and at what stands between it and the users.' });
      const own = await settled(call, readPlace, value, unverified('it'));
      if (call.settings.verify === undefined) return `${own.detail}; no second place is given that shows what users get`;
      return (await settled(call, verifyPlace, value, unverified('the place that shows what users get'))).detail;
    },
  };
}

const readPlace = ({ settings: { read, headers } }: Call): Place => ({ ...read, headers });
const verifyPlace = ({ settings }: Call): Place => settings.verify as Place;
const leftMs = (call: Call): number => call.endsAt - performance.now();

/** What it stands at before a write. `atAnyPrice`: an undo goes out even when that cannot be read, unless a request hands back what was read. */
async function standing(call: Call, atAnyPrice: boolean): Promise<Standing | null> {
  if (!atAnyPrice || needsReading(call.settings)) return look(call, readPlace);
  // a read that hangs must leave the undo its time
  const third: Call = { ...call, endsAt: performance.now() + leftMs(call) / 3 };
  return look(third, readPlace).catch((error: unknown) => { if (call.context.signal.aborted) throw error; return null; });
}

async function look(call: Call, placeOf: (call: Call) => Place): Promise<Standing> {
  const { url, at, scale, headers } = placeOf(call);
  const { answer, sent } = await ask(call, { url, accept: 'application/json', ...(headers === undefined ? {} : { headers }) }, false);
  if (answer.status < 200 || answer.status > 299) throw answerError(sent, answer, call.settings);
  const document = documentOf(sent, answer);
  const version = call.settings.version === undefined ? null : valueAt(document, parsed(call.settings.version.at));
  const value = readsUnlimited(call.target, valueAt(document, parsed(at))) ? unlimited : valueIn(document, at, scale, isText(call.settings));
  if (value === null) throw new TargetRefused({ code: 'HTTP_NO_VALUE', where: masked(`${call.target.id}, ${answer.address}`, sent), what: `there is neither a number nor a text at '${at}' in the answer.`, means: 'What the target stands at is not known; nothing was changed.', todo: "Correct 'at', or put back what it points to." });
  return { value, detail: masked(`${answer.address}: ${at} is ${value}`, sent), etag: answer.header('etag'), version: (version ?? null) as JsonValue, document };
}

function valueIn(document: unknown, at: string, scale: number, asText: boolean): TargetValue | null {
  const found = valueAt(document, parsed(at));
  const value = asText && typeof found === 'string' && /^\s*[+-]?(\d+(\.\d*)?|\.\d+)\s*$/.test(found) ? Number(found) : found;
  // 0.07 × 100 is 7.000000000000001 by the machine and 7 by the plan
  if (typeof value === 'number') return Number((value * scale).toPrecision(12));
  return typeof value === 'string' ? value : null;
}

/** Looks again until the value is there; a read may lag behind the write. */
async function settled(call: Call, place: (call: Call) => Place, value: TargetValue, otherwise: (last: string) => Error): Promise<Standing> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    let last: string;
    try {
      const found = await look(call, place);
      if (isSame(found.value, value)) return found;
      last = `it reads ${found.value}`;
    } catch (error) {
      if (!(error instanceof TargetUnreachable) || call.context.signal.aborted) throw error;
      last = `it cannot be read (${error.fields.where}: ${error.fields.what.replace(/\.$/, '')})`;
    }
    if (leftMs(call) <= pauseMs) throw otherwise(last);
    await pause(call, pauseMs);
  }
}

/** The requests of one write, in order; what one answers, the later ones may say. */
async function sendAll(call: Call, value: TargetValue, now: Standing | null, round: number): Promise<void> {
  const { settings, context, target } = call;
  const said = (one: TargetValue): JsonValue => (isText(settings) ? String(one) : one);
  const exact = (result: number): number => Number(result.toPrecision(12));
  const off = isUnlimited(target, value) ? target.unlimited : undefined;
  const raw = off === null ? null : said(off ?? (typeof value === 'number' ? exact(value / settings.read.scale) : value));
  const values: Record<string, JsonValue> = {
    value: off === undefined ? said(value) : raw, key: context.key, ...(off === undefined ? {} : { raw }),
    ...(typeof value === 'number' ? { raw, share: said(exact(value / 100)), rest: said(exact(100 - value)) } : {}),
    ...(now === null ? {} : { document: withValueAt(now.document, parsed(settings.read.at), raw) as JsonValue }),
    ...(now?.version == null ? {} : { version: now.version }),
  };
  if (settings.version !== undefined && now?.version == null) throw new TargetRefused({ code: 'HTTP_NO_VERSION', where: call.target.id, what: `there is nothing at '${settings.version.at}' in the answer.`, means: 'Nothing was changed: without it a change by somebody else would be overwritten.', todo: "Correct 'version'." });
  const steps = stepsOf(settings);
  // of one request with one content: a service answers a key it knows with what it answered before
  const key = [encodeURI(context.key), encodeURIComponent(value), ...(round === 1 ? [] : [round])].join('/');
  for (const [index, step] of steps.entries()) {
    const ifMatch = settings['if-match'] !== undefined && index === 0 ? now?.etag ?? null : null;
    Object.assign(values, await sendOne(call, step, values, { ifMatch, key: steps.length === 1 ? key : `${key}/${index + 1}` }));
  }
}

async function sendOne(call: Call, step: HttpStep, values: TemplateValues, { ifMatch, key }: { readonly ifMatch: string | null; readonly key: string }): Promise<TemplateValues> {
  const headers = Object.fromEntries(Object.entries({ ...call.settings.headers, ...step.headers }).map(([name, text]) => [name, filledText(text, values, encodeURI)]));
  const request = {
    url: filledText(step.url, values, encodeURIComponent), method: step.method, accept: 'application/json', headers: { 'Idempotency-Key': key, ...headers, ...(ifMatch === null ? {} : { 'If-Match': ifMatch }) },
    ...(step.body === undefined ? {} : { body: JSON.stringify(filled(step.body as JsonValue, values)), contentType: 'application/json' }),
    // a redirect would hand the change to whom the plan does not name
    redirects: 0,
  };
  const { answer, sent } = await ask(call, request, true);
  const accepted = step.expect === undefined ? answer.status >= 200 && answer.status < 300 && !isWebPage(answer) : hasStatus(step.expect, answer.status);
  if (!accepted) throw answerError(sent, answer, call.settings);
  call.context.keep(masked(`${step.method} ${answer.address}: ${answer.status}`, sent));
  if (step.take === undefined) return {};
  const document = documentOf(sent, answer);
  return Object.fromEntries(Object.entries(step.take).map(([name, at]) => {
    const found = valueAt(document, parsed(at));
    if (found === undefined || found === null) throw new TargetUnreachable({ code: 'HTTP_BAD_ANSWER', where: masked(`${call.target.id}, ${step.method} ${answer.address}`, sent), what: `there is nothing at '${at}' in the answer, which later requests need.`, means: 'Whether it took effect is not known; it is read back before anything is repeated.', todo: "Correct 'take', or look at the service." });
    return [name, found as JsonValue];
  }));
}

/** The answer, whatever its status. Who says 'too often' did nothing, so it is asked again where the wait it wants fits in. */
async function ask(call: Call, request: Omit<HttpRequest, 'timeLimitMs'>, changes: boolean): Promise<{ readonly answer: HttpAnswer; readonly sent: Sent }> {
  for (;;) {
    const limited: HttpRequest = { ...request, timeLimitMs: Math.max(1, Math.round(leftMs(call))) };
    const sent: Sent = { target: call.target.id, request: limited, changes, secrets: call.context.secrets ?? [] };
    const outcome = await call.http.send(limited, call.context.signal);
    if (outcome.kind === 'failure') throw failureError(sent, outcome);
    if (outcome.status !== 429) return { answer: outcome, sent };
    const waitMs = retryAfterMs(outcome, Date.now) ?? USUAL_WAIT_MS;
    if (waitMs >= leftMs(call)) throw answerError(sent, outcome, call.settings);
    await pause(call, waitMs);
  }
}

function pause({ context: { signal }, target }: Call, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => { clearTimeout(timer); reject(new TargetUnreachable({ code: 'ABORTED', where: target.id, what: 'it was given up while waiting.', means: 'What it stands at is not known; it is read back before anything is repeated.' })); };
    const timer = setTimeout(() => { signal.removeEventListener('abort', onAbort); resolve(); }, ms);
    if (signal.aborted) onAbort(); else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** '25' where the plan says 25: writing would succeed and never read back as meant. */
function requireSameKind({ target }: Call, now: Standing, value: TargetValue): void {
  if (typeof now.value === typeof value || isUnlimited(target, now.value) || isUnlimited(target, value)) return;
  throw new TargetRefused({ code: 'VALUE_REFUSED', where: target.id, what: `it stands at the ${typeof now.value === 'string' ? 'text' : 'number'} ${JSON.stringify(now.value)}, and is to be moved to the ${typeof value === 'string' ? 'text' : 'number'} ${JSON.stringify(value)}.`, means: 'Nothing was changed.', todo: "Where the service writes numbers as text, say 'text: yes'; else correct 'at' or the plan." });
}

function isSame(a: TargetValue | null, b: TargetValue): boolean { return typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)) : a === b; }
