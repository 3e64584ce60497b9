// From what the engine said to what a sender is told: is it worth sending again (503), or final? Used by every route.
import type { ZodType } from 'zod';
import type { CommandName } from '../../workflows/messages.js';
import { TidegateError } from '../errors.js';
import type { Answer, InboundRequest, InboundRollouts } from './port.js';
import type { Seen } from './seen.js';

/** The worker's own way to the engine is in disorder: its operator repairs it, and the sender should come again. */
const ours = new Set(['TEMPORAL_DENIED', 'NAMESPACE_UNKNOWN', 'SEARCH_ATTRIBUTES_MISSING', 'NOT_READY']);
const over = new Set(['ROLLOUT_ENDED', 'OVER']);

/** A rollout's id as plans may write it; anything else names none. */
export const rolloutId = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function answerOf(error: unknown, rollout: string): Answer {
  if (!(error instanceof TidegateError)) return { result: 'failed', code: 'UNEXPECTED', message: 'Something in Tidegate went wrong; its log says what. Whether it was taken is not known: send it again under the same id.', rollout };
  const { code, transient, fields } = error;
  const message = fields.what;
  if (transient || ours.has(code)) return { result: 'unavailable', code, message: `${message} Send it again: it acts once under its id.`, rollout };
  if (code === 'NO_SUCH_ROLLOUT') return { result: 'unknown', code, message, rollout };
  return { result: 'refused', code, message, ...(over.has(code) ? { status: 410 } : {}), rollout };
}

/** One command, answered with what it did or why not. Never rejects. */
export async function give(rollouts: Pick<InboundRollouts, 'command'>, rollout: string, name: CommandName, payload: Readonly<Record<string, unknown>> & { readonly by: string; readonly identity: string }, id: string): Promise<Answer> {
  try {
    const { did, undo } = await rollouts.command(rollout, name, { ...payload, id }, id);
    return { result: 'accepted', code: 'DONE', message: did, more: { undo }, rollout };
  } catch (error) {
    return answerOf(error, rollout);
  }
}

/** Acts unless this key was accepted before. What was refused or could not be done may come again. */
export async function once(seen: Seen, key: string, rollout: string, act: () => Promise<Answer>): Promise<Answer> {
  if (seen.has(key)) return { result: 'replayed', code: 'TAKEN_BEFORE', message: 'This id was taken before; nothing was done twice.', rollout };
  const answer = await act();
  if (answer.result === 'accepted') seen.add(key);
  return answer;
}

export function invalid(code: string, message: string, status = 400): Answer { return { result: 'invalid', code, message, status }; }

/** The body as JSON of this shape, or the answer that says what is wrong; values are never repeated. */
export function readJson<T>(raw: InboundRequest['raw'] | string, shape: ZodType<T>): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly answer: Answer } {
  let document: unknown;
  try { document = JSON.parse(raw.toString()); } catch { return { ok: false, answer: invalid('NOT_JSON', 'The body is not JSON.') }; }
  const parsed = shape.safeParse(document);
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.slice(0, 5).map((issue) => (issue.code === 'unrecognized_keys' ? `${issue.path.length === 0 ? 'the body' : issue.path.join('.')}: it has a field that is not known` : `${issue.path.join('.') || 'the body'}: ${issue.message}`));
  return { ok: false, answer: invalid('MALFORMED', `${problems.join('; ')}.`) };
}
