// Secrets are references in a plan, `${env:NAME}`, and values only inside one call of a provider. Here they are found when written out,
// filled in, and taken out of text again.
import { FinalError } from '../errors.js';
import { isMap, type Place, type Problems } from './problems.js';
import type { JsonValue, ProviderSettings } from './types.js';

const reference = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g;
export type Environment = Readonly<Record<string, string | undefined>>;

/** The names of all `${env:NAME}` in `value`, each once. */
export function secretNames(value: unknown): readonly string[] {
  const names = new Set<string>();
  eachText(value, [], (text) => { for (const [, name] of text.matchAll(reference)) names.add(name!); });
  return [...names];
}

/** The values behind the references of `settings` that are set in `env`: what a caller masks in output. */
export function secretValues(settings: unknown, env: Environment): readonly string[] {
  return secretNames(settings).map((name) => env[name] ?? '').filter((value) => value !== '');
}

/**
 * A copy of `settings` with every `${env:NAME}` replaced by its value, for one call only: keep it out of histories, records and logs.
 * @throws FinalError SECRET_MISSING naming the variable (never a value) when one is not set or empty
 */
export function fillSecrets<T extends ProviderSettings | JsonValue>(settings: T, env: Environment): T {
  const fill = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') return value.replace(reference, (_whole, name: string) => required(name, env));
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(fill);
    if (isMap(value)) return Object.fromEntries(Object.entries(value as Readonly<Record<string, JsonValue>>).map(([key, item]) => [key, fill(item)]));
    return value;
  };
  return fill(settings as JsonValue) as T;
}

function required(name: string, env: Environment): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new FinalError({
    code: 'SECRET_MISSING', what: `the environment variable ${name} is not set`, where: 'the worker',
    means: 'What needs it cannot be called; nothing was changed by this call.', todo: `Set ${name} for the worker and start it again.`,
  });
}

/** `text` with every secret replaced by `***`, also where it was encoded for a URL or inside JSON. Longest first, so that no part of one remains. */
export function maskSecrets(text: string, values: readonly string[]): string {
  const forms = new Set<string>();
  for (const value of values) {
    if (value === '') continue;
    forms.add(value).add(encodeURIComponent(value)).add(JSON.stringify(value).slice(1, -1));
  }
  let masked = text;
  for (const form of [...forms].sort((a, b) => b.length - a.length)) masked = masked.replaceAll(form, '***');
  return masked;
}

/** Words at the end of a key that say: the value is a secret. `token file`, `password env` end in something else. */
const secretKey = /(^|[\s_.-])(token|password|passwd|passphrase|secret|authorization|api[\s_-]?key|apikey|access[\s_-]?key|private[\s_-]?key|routing[\s_-]?key|credentials?|cookie)$/i;
/** Whether what a variable holds is better never shown: by its name, or because the value that is wanted comes from a reference or betrays itself. */
export const looksSecret = (key: string, value: string): boolean => secretKey.test(key) || /secret|token|passw|passphrase|credential|private|cookie|(^|[_.-])(pwd|key|auth|dsn|salt)$/i.test(key) || isSecretText(value);
/** Whether a text has the shape of a secret, whatever it is called. */
export const isSecretText = (text: string): boolean => secretNames(text).length > 0 || urlLogin.test(text) || urlToken.test(text) || shapes.some(([, shape]) => shape.test(text));

/** Shapes of secrets that betray themselves anywhere; the message names the shape, never the text. */
const shapes: readonly (readonly [what: string, shape: RegExp])[] = [
  ['a GitHub token', /\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/],
  ['a GitLab token', /\bglpat-[A-Za-z0-9_-]{16,}/],
  ['a Slack token', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/],
  ['a Slack webhook address', /hooks\.slack\.com\/services\/[A-Z0-9]+\/[A-Z0-9]+\/[A-Za-z0-9]{12,}/],
  ['an AWS access key', /\b(AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['a Google API key', /\bAIza[A-Za-z0-9_-]{30,}/],
  ['a secret key', /\b(sk|rk)[-_](live_|test_|proj-|ant-)?[A-Za-z0-9_-]{20,}/],
  ['a signed token (JWT)', /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+/],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['a bearer token', /\bBearer\s+(?!\$)[A-Za-z0-9._~+/-]{12,}/i],
  ['a basic login', /\bBasic\s+(?!\$)[A-Za-z0-9+/]{12,}={0,2}(?![A-Za-z0-9+/ ])/],
  ['a password on a command line', /(^|[\s"';])([A-Z0-9_]*(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY)=|--?(password|token|secret|api-?key)[= ])(?!["']?\$)["']?[^\s"'$]{4,}/i],
];
const urlLogin = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/@:?#]*:([^\s/@]+)@/i;
const urlToken = /[?&](token|access_token|api_?key|key|secret|password|sig|signature)=(?!\$)([^&\s"']{6,})/i;

/** Finds secrets written out in a plan. The list returned holds their texts, to be kept out of every other message. */
export function findWrittenSecrets(document: unknown, problems: Problems): readonly string[] {
  const found: string[] = [];
  eachText(document, [], (text, place) => {
    const what = writtenSecret(text, place);
    if (what === null) return;
    found.push(text);
    problems.add(place, 'SECRET_AS_TEXT', `${what} is written out here; write \${env:NAME} and set NAME for the worker (a plan is kept in records that outlive it)`);
  });
  return found;
}

function writtenSecret(text: string, place: Place): string | null {
  const key = place.findLast((step) => typeof step === 'string');
  // descriptions of events stand under names like `password-leak`
  // a variable of an environment that is only wanted to be set, on or off is no secret; one like SECRET_KEY is, if more is said
  const inEnvironment = place.at(-2) === 'has' && place.at(-3) === 'environment';
  const named = inEnvironment ? /secret|token|passw|credential/i : secretKey;
  const isSecretKey = place[0] !== 'events' && !(inEnvironment && /^(set|true|false|yes|no|on|off|\d)?$/i.test(text)) && typeof key === 'string' && (named.test(key) || secretKey.test(key));
  if (isSecretKey && text.trim() !== '' && !/\$\{env:[A-Za-z_]\w*\}/.test(text)) return `the value of “${key}”`;
  const login = urlLogin.exec(text)?.[1];
  if (login !== undefined && !/^\$\{env:\w+\}$/.test(login)) return 'a login in an address';
  if (urlToken.test(text)) return 'a token in an address';
  return shapes.find(([, shape]) => shape.test(text))?.[0] ?? null;
}

function eachText(value: unknown, place: Place, visit: (text: string, place: Place) => void): void {
  if (typeof value === 'string') visit(value, place);
  else if (Array.isArray(value)) value.forEach((item, index) => { eachText(item, [...place, index], visit); });
  else if (isMap(value)) for (const [key, item] of Object.entries(value)) eachText(item, [...place, key], visit);
}
