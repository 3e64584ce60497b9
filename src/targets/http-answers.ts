// What an HTTP API's answers mean for a target: which error of the port, in words without secrets. First question: transient or final?
// Used by ./http.ts. What may be shown of a request: src/http/secrets.ts.
import type { HttpAnswer, HttpFailure, HttpRequest } from '../http/client.js';
import { NotJson, readJson, valueAt } from '../http/json-value.js';
import { maskSecrets as maskRequest } from '../http/secrets.js';
import { maskSecrets } from '../plan/secrets.js';
import { TargetConflict, TargetNeedsPerson, TargetRefused, TargetUnreachable } from './port.js';
import { hasStatus, parsed, type HttpTarget } from './http-settings.js';

/** One request as it was sent. */
export interface Sent {
  readonly target: string;
  readonly request: HttpRequest;
  /** puts a value in force, so that its lost outcome is unknown */
  readonly changes: boolean;
  readonly secrets: readonly string[];
}

export function masked(text: string, { request, secrets }: Sent): string { return maskSecrets(maskRequest(text, request), secrets); }

const placeOf = (sent: Sent, address: string): string => masked(`${sent.target}, ${sent.request.method ?? 'GET'} ${address}`, sent);
const unknown = (sent: Sent): string => (sent.changes ? 'Whether it took effect is not known; it is read back before anything is repeated.' : 'What the target stands at is not known.');
const refused = (sent: Sent): string => (sent.changes ? 'It was not accepted; repeating cannot help.' : 'What the target stands at is not known; repeating cannot help.');

export function failureError(sent: Sent, failure: HttpFailure): TargetRefused | TargetUnreachable {
  const where = placeOf(sent, failure.address);
  const what = `${masked(failure.detail, sent)}.`;
  if (failure.code === 'bad-address' || failure.code === 'bad-header') return new TargetRefused({ code: 'SETTINGS_REFUSED', where, what, means: 'It was not sent.', todo: 'Correct the url and headers of this target, or the secrets that are put into them.' });
  if (failure.code === 'aborted') return new TargetUnreachable({ code: 'ABORTED', where, what: 'it was given up before it was answered.', means: unknown(sent) });
  return new TargetUnreachable({ code: 'HTTP_UNREACHABLE', where, what, means: failure.reached === 'no' ? 'It did not arrive; it will be tried again.' : unknown(sent), todo: 'If it goes on, look at the service and at the way to it.' });
}

/** The error for an answer that is not the one expected. */
export function answerError(sent: Sent, answer: HttpAnswer, settings: HttpTarget): TargetRefused | TargetConflict | TargetUnreachable | TargetNeedsPerson {
  const { status } = answer;
  const where = placeOf(sent, answer.address);
  const said = wordsOf(sent, answer);
  const what = `it answers ${status}${said === '' ? '' : `: ${said}`}.`;
  const approval = settings['needs-approval'];
  if (sent.changes && approval !== undefined && hasStatus(approval.status, status) && hasFields(answer, approval.where ?? {})) {
    return new TargetNeedsPerson({ code: 'HTTP_NEEDS_APPROVAL', where, what, means: 'A person has to approve it there; it is not in force yet.', todo: `Approve and apply it${approval.page === undefined ? ' in the service' : ` at ${masked(approval.page, sent)}`}, then say here that it is done.` });
  }
  if (isWebPage(answer)) return new TargetUnreachable({ code: 'HTTP_WEB_PAGE', where, what: `it answers ${status} with a web page.`, means: unknown(sent), todo: 'Is this a login page or a proxy? Look at the address and at the way to it.' });
  if (sent.changes && (status === 409 || status === 412)) return new TargetConflict({ code: 'TARGET_CHANGED', where, what, means: 'Somebody else changed it since it was read; this was not accepted.', todo: 'Find out who and why; then adopt the value, restore ours, or roll back.' });
  if (status >= 300 && status < 400) return new TargetRefused({ code: 'HTTP_REDIRECTED', where, what: `it answers ${status}, a redirect${sent.changes ? ', which a write does not follow' : ''}.`, means: refused(sent), todo: 'Give the address that it leads to.' });
  if (status === 429) return new TargetUnreachable({ code: 'HTTP_RATE_LIMITED', where, what: `${what.slice(0, -1)}, and asks for a longer wait than there is time.`, means: 'It was not accepted; it will be tried again.', todo: "If it goes on, give the target a longer 'write timeout', or the service a higher limit." });
  if (status >= 500 || status === 408 || status === 425 || status < 300) return new TargetUnreachable({ code: 'HTTP_TROUBLE', where, what, means: unknown(sent), todo: 'If it goes on, look at the service.' });
  const todo = status === 401 ? 'Correct the credentials in the headers.' : status === 403 ? 'Give these credentials the permission it names.' : status === 404 ? 'Correct the url: nothing is at this address, or these credentials may not see it.' : 'Look at what it says, and correct the request.';
  return new TargetRefused({ code: 'HTTP_REFUSED', where, what, means: refused(sent), todo });
}

/** @throws TargetUnreachable a web page, cut off, empty, not JSON: what stands behind it is not known */
export function documentOf(sent: Sent, answer: HttpAnswer): unknown {
  const trouble = (what: string, todo: string): TargetUnreachable => new TargetUnreachable({ code: 'HTTP_BAD_ANSWER', where: placeOf(sent, answer.address), what, means: unknown(sent), todo });
  if (isWebPage(answer)) throw trouble('it answers with a web page instead of JSON.', 'Is this a login page or a proxy? Look at the address and at the way to it.');
  try { return readJson(answer.text); } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    throw trouble(`${masked(error.message, sent)}.`, 'If it goes on, look at the service and at the way to it.');
  }
}

export function isWebPage(answer: HttpAnswer): boolean {
  return answer.contentType === 'text/html' || answer.contentType === 'application/xhtml+xml' || /^\s*<(!doctype|html|head|body)/i.test(answer.text.slice(0, 200));
}

/** The server's own words: the field in which such servers put them, else the beginning of the answer. */
function wordsOf(sent: Sent, answer: HttpAnswer): string {
  if (isWebPage(answer)) return '';
  const document = parsedOr(answer.text);
  const said = ['message', 'detail', 'title', 'error', 'error.message', 'errors[0]', 'errors[0].message'].map((at) => valueAt(document, parsed(at))).find((one) => typeof one === 'string' && one.trim() !== '');
  const line = masked(typeof said === 'string' ? said : answer.text, sent).replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return (line.length <= 200 ? line : `${line.slice(0, 199)}…`).replace(/\.$/, '');
}

function hasFields(answer: HttpAnswer, where: Readonly<Record<string, string | number | boolean>>): boolean {
  const document = parsedOr(answer.text);
  return Object.entries(where).every(([at, wanted]) => { const found = valueAt(document, parsed(at)); return typeof wanted === 'string' && typeof found === 'string' ? found.includes(wanted) : found === wanted; });
}

function parsedOr(text: string): unknown { try { return JSON.parse(text) as unknown; } catch { return null; } }
