// What every target provider promises; the conformance suite (test/targets/conformance.ts) has a test for each sentence.
import type { ProviderSettings, TargetValue } from '../plan/types.js';
import { FinalError, TransientError } from '../errors.js';

/** One target as a provider sees it. `settings` passed the provider's schema; `${env:NAME}` references have been put in for this call only. */
export interface TargetRef { readonly id: string; readonly settings: ProviderSettings; readonly writeTimeoutMs: number; /** what the service calls the value `unlimited`; absent: there is no such value */ readonly unlimited?: number | string | null }

/** `detail` says in words how it was read, e.g. 'flags.json: 10 % (1,003 of 10,000 users evaluate to on)'. */
export interface Reading {
  readonly value: TargetValue; readonly detail: string;
  /** What is stored and what is in force differ: a write was cut short, or is not yet through for everybody. Whoever wants `value` writes it all the same, else what is stored comes into force some day. */
  readonly unsettled?: true;
}

/** What a caller gives to every call. `signal` aborts I/O hard: nothing may take effect after it fires, as far as the backend allows. */
export interface TargetContext {
  readonly signal: AbortSignal;
  /** `rollout/phase/target/generation`, handed on where the backend takes an idempotency key */
  readonly key: string;
  /** output worth keeping in the record (a command's stdout), at most 4 KiB; secrets already masked */
  readonly keep: (line: string) => void;
  /** secret values that were put into the settings for this call: the provider masks them in what it keeps, answers or throws; absent: none */
  readonly secrets?: readonly string[];
}

export interface TargetProvider {
  readonly name: string;
  /** Problems of the settings that are known without any I/O, e.g. a value that this provider cannot hold; empty: none. */
  check(target: TargetRef, values: readonly TargetValue[]): readonly string[];
  /** What stands for the same thing in the world, for claims: two rollouts with an equal key move the same target. */
  claimKey(target: TargetRef): string;
  /**
   * The value in force for users now, which may not be what we wrote last. Changes nothing; safe to repeat.
   * @throws TargetRefused, TargetUnreachable
   */
  read(target: TargetRef, context: TargetContext): Promise<Reading>;
  /**
   * Puts `value` in force. Already so is success; the same key twice is one change. Touches nothing else.
   * @param expected the value last read: where the backend can, the write is refused with TargetConflict when it has changed since; null: write whatever is there (an undo)
   * @throws TargetRefused      understood and denied (permission, no such target, corrupt file): repeating cannot help, nothing was changed
   * @throws TargetConflict     somebody else changed it since it was read; nothing was changed
   * @throws TargetUnreachable  outcome unknown: the caller reads back before it decides whether to repeat
   */
  write(target: TargetRef, value: TargetValue, expected: TargetValue | null, context: TargetContext): Promise<void>;
  /**
   * Shows that users really get `value` (by evaluating users, counting requests, running a command), beyond what `read` says.
   * @returns evidence in words; throws TargetUnverified when they do not
   */
  verify(target: TargetRef, value: TargetValue, context: TargetContext): Promise<string>;
}

export class TargetRefused extends FinalError {}
export class TargetConflict extends FinalError {}
export class TargetUnreachable extends TransientError {}
export class TargetUnverified extends TransientError {}
/** A person has to do it: the workflow turns this into an ask (`manual` provider). */
export class TargetNeedsPerson extends FinalError {}
