// What a route of the inbound listener is, and what it may ask of the engine. What serves routes: listener.ts; which there are: index.ts.
import type { CommandName, CommandResult, Status } from '../../workflows/messages.js';
import type { EpochMs } from '../judgement/types.js';
import type { ResolvedPlan } from '../plan/types.js';

/** How a request ended; the label of `tidegate_inbound_requests_total`. `deferred`: its sender was answered before its outcome was known, which is counted of its own. */
export type Result = 'accepted' | 'deferred' | 'ignored' | 'refused' | 'unknown' | 'replayed' | 'unauthorized' | 'limited' | 'invalid' | 'unavailable' | 'failed';

export interface Answer {
  readonly result: Result;
  /** stable, in capitals; senders compare this, never the message */
  readonly code: string;
  readonly message: string;
  /** where it is not the usual one of its result */
  readonly status?: number;
  /** when to come again, where the listener knows it better than its usual time */
  readonly retryAfterS?: number;
  /** more fields of the answer's document */
  readonly more?: Readonly<Record<string, unknown>>;
  /** counted and not logged: one of many alike */
  readonly quiet?: true;
  /** for the log: only what a verified sender named */
  readonly rollout?: string;
  /** work that goes on after the answer; ends with what came of it, and is waited for when the listener closes */
  readonly late?: Promise<Answer>;
}

export interface InboundRequest {
  /** lower-case name; null: not sent */
  header(name: string): string | null;
  /** the body as it came, which is what is signed */
  readonly raw: Buffer;
}

export interface Route {
  readonly path: string;
  readonly takes: 'application/json' | 'application/x-www-form-urlencoded';
  /** what a sender is told that asks too often; default 429 */
  readonly limitedStatus?: number;
  /** null: it comes from whom it says. Looked at before anything of the body is parsed */
  verify(request: InboundRequest): Answer | null;
  handle(request: InboundRequest): Promise<Answer>;
}

/** The part of the engine that routes use; commands are the updates that the command line gives. */
export interface InboundRollouts {
  /** @throws FinalError NO_SUCH_ROLLOUT */
  see(rollout: string): Promise<{ readonly row: { readonly execution: string }; /** null: no worker answered */ readonly status: Pick<Status, 'startedAt'> | null }>;
  /** null: no worker answered, or the plan is still being resolved */
  planInForce(rollout: string): Promise<ResolvedPlan | null>;
  /** The same `updateId` twice acts once. @throws TidegateError with the workflow's own code and sentence when it refuses */
  command(rollout: string, name: CommandName, payload: unknown, updateId: string): Promise<CommandResult>;
}

export type Clock = () => EpochMs;
