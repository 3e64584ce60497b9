// Who sends: a bearer token, a signature of ours, a signature of Slack. Every secret is compared in constant time and none is ever repeated.
// Several secrets are for rotation: any of them will do.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Answer, Clock, InboundRequest } from './port.js';

/** A signed request is good for this long, both ways: clocks differ, and a recorded one must not be. */
export const goodForMs = 5 * 60_000;

/** Alertmanager cannot sign; its `authorization` setting sends this. */
export function verifyBearer(request: InboundRequest, tokens: readonly string[]): Answer | null {
  const given = /^Bearer +(\S+)$/i.exec(request.header('authorization') ?? '')?.[1];
  if (given === undefined) return unauthorized('TOKEN_MISSING', 'An Authorization header with a bearer token is needed.');
  return matches([given], tokens) ? null : unauthorized('TOKEN_WRONG', 'This token is not the one of this listener.');
}

/** `Tidegate-Signature: t=SECONDS,v1=HEX`, HEX being HMAC-SHA256 of `SECONDS.BODY`; `v1` may come several times. */
export function verifySigned(request: InboundRequest, secrets: readonly string[], now: Clock): Answer | null {
  const parts = (request.header('tidegate-signature') ?? '').split(',').map((part) => part.trim().split('='));
  const of = (name: string): string[] => parts.filter(([key]) => key === name).map(([, value]) => value ?? '');
  const [time, ...more] = of('t');
  if (time === undefined || more.length > 0 || !isSeconds(time) || of('v1').length === 0) return unauthorized('SIGNATURE_MISSING', 'A header Tidegate-Signature: t=SECONDS,v1=HEX is needed.');
  if (!matches(of('v1'), secrets.map((secret) => hmac(secret, `${time}.`, request.raw)))) return unauthorized('SIGNATURE_WRONG', 'The signature does not fit the body.');
  return inTime(time, now);
}

/** Slack's scheme `v0`: HMAC-SHA256 of `v0:SECONDS:BODY`. */
export function verifySlack(request: InboundRequest, secrets: readonly string[], now: Clock): Answer | null {
  const time = request.header('x-slack-request-timestamp') ?? '';
  const given = request.header('x-slack-signature') ?? '';
  if (!isSeconds(time) || !given.startsWith('v0=')) return unauthorized('SIGNATURE_MISSING', 'The headers X-Slack-Signature and X-Slack-Request-Timestamp are needed.');
  if (!matches([given.slice(3)], secrets.map((secret) => hmac(secret, `v0:${time}:`, request.raw)))) return unauthorized('SIGNATURE_WRONG', 'The signature does not fit the body.');
  return inTime(time, now);
}

const isSeconds = (text: string): boolean => /^\d{1,12}$/.test(text);
const hmac = (secret: string, before: string, raw: Buffer): string => createHmac('sha256', secret).update(before).update(raw).digest('hex');
const unauthorized = (code: string, message: string): Answer => ({ result: 'unauthorized', code, message });

function inTime(seconds: string, now: Clock): Answer | null {
  return Math.abs(now() - Number(seconds) * 1_000) <= goodForMs ? null : unauthorized('SIGNATURE_OLD', 'The signature was made more than 5 minutes before or after this worker\'s time.');
}

/** Digests are compared, so that neither length nor content shows in the time it takes; all pairs are, whichever fits. */
function matches(given: readonly string[], wanted: readonly string[]): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const goods = wanted.map(digest);
  return given.slice(0, 8).map(digest).flatMap((one) => goods.map((good) => timingSafeEqual(one, good))).includes(true);
}
