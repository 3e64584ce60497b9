// What every channel promises; the conformance suite (test/channels/conformance.ts) has a test for each sentence.
import type { Severity } from '../judgement/types.js';
import type { ChannelRef, JsonValue } from '../plan/types.js';
import { FinalError, TransientError } from '../errors.js';

/** One thing to tell people. Plain JSON: it rides through the workflow's outbox. */
export interface Message {
  /** the same message under retries has the same key: `rollout/sequence` */
  readonly key: string;
  readonly rollout: string;
  readonly phase: string | null;
  readonly severity: Severity | 'ask';
  /** fixed word, e.g. `phase-started`, `issue-opened`, `hold`, `ask`, `ask-reminder`, `ask-progress` and `ask-ended` (more answers are needed; answered, expired or no longer asked: they go only where the ask's own message can be changed), `rolled-back` */
  readonly topic: string;
  /** one line */
  readonly title: string;
  /** plain text, may be empty */
  readonly body: string;
  /** people ids addressed; empty: the channel's own audience */
  readonly to: readonly string[];
  /** the ask this is about; null: none */
  readonly ask: string | null;
  /** for a message that asks: what may be answered, and which answer lets a healthy rollout go on */
  readonly answers: { readonly options: readonly string[]; readonly healthy: string | number; readonly from: readonly string[]; readonly needs: number; /** time left when it was sent; null: no deadline */ readonly withinMs: number | null } | null;
  /** this one occurrence of something whose end will be told, e.g. of an issue: whoever raises an alarm on it can take that alarm back by this name; absent: no end will be told */
  readonly matter?: string;
  /** the matters that are over with this message; absent: none */
  readonly ends?: readonly string[];
  readonly at: number;
}

export interface ChannelProvider {
  readonly name: string;
  check(channel: ChannelRef): readonly string[];
  /**
   * Delivers at least once; the key lets the receiver drop a second delivery. Secrets in settings have been put in for this call only.
   * @param earlier what `send` returned for the message before about the same ask on this channel; a provider that can changes that message (and tells
   *   anew only what must be noticed: a reminder, an escalation); null: none
   * @returns what it needs to change this message later, plain JSON of at most 1 KiB and without secrets; null or nothing: it cannot
   * @throws ChannelRefused     understood and denied (4xx other than 408/429): repeating cannot help
   * @throws ChannelUnreachable everything else; carries `retryAfterMs` when the receiver named one
   */
  send(channel: ChannelRef, message: Message, signal: AbortSignal, earlier?: JsonValue | null): Promise<JsonValue | void>;
}

export class ChannelRefused extends FinalError {}
export class ChannelUnreachable extends TransientError {
  readonly retryAfterMs: number | null;
  constructor(fields: ConstructorParameters<typeof TransientError>[0] & { readonly retryAfterMs?: number }) { super(fields); this.retryAfterMs = fields.retryAfterMs ?? null; }
}
