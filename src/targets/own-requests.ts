// What Tidegate asked for in a flag service and nobody has applied: whoever applies it later moves the share again, so an undo takes it back.
// Used by ./unleash.ts and ./launchdarkly.ts; how a request is found and taken back is each service's own.
import { TidegateError } from '../errors.js';
import { TargetRefused, type TargetContext } from './port.js';

export interface OwnRequest {
  /** 'change request 7' */
  readonly name: string;
  /** @throws TargetRefused, TargetUnreachable */
  readonly withdraw: () => Promise<unknown>;
}
/** Those of one rollout that are open. @throws TargetRefused, TargetUnreachable */
export type FindOwn = () => Promise<readonly OwnRequest[]>;

/** What every request of Tidegate's begins with, so that a later one knows it. */
export const markOf = (key: string): string => `Tidegate ${key}`;

/** Whether `text` is the mark of a request by the rollout whose key this is. A look for drift has no rollout's key, and so nothing of its own. */
export function isOwn(key: string, text: unknown): boolean { return hasRollout(key) && typeof text === 'string' && text.startsWith(`${markOf(key.split('/')[0]!)}/`); }
const hasRollout = (key: string): boolean => key.includes('/');

/** The open ones that may be seen: a service that has no such thing has none, and who may not see them has made none. */
export async function visible<Request>(open: Promise<readonly Request[]>): Promise<readonly Request[]> {
  try { return await open; } catch (error) {
    if (error instanceof TargetRefused && (error.code === 'FLAG_MISSING' || error.code === 'PERMISSION_MISSING')) return [];
    throw error;
  }
}

/** Keys whose words are kept until they are told: an undo verifies right after it has written. */
const KEPT = 1_000;

export class OwnRequests {
  private readonly said = new Map<string, string>();

  /** Words for a reading, '' when none is open: what is stored may come into force some day. */
  async open({ key, signal }: TargetContext, find: FindOwn): Promise<string> {
    if (!hasRollout(key)) return '';
    try {
      const names = (await find()).map(({ name }) => name);
      return names.length === 0 ? '' : `; still open there: ${names.join(', ')} of this rollout`;
    } catch (error) {
      if (!(error instanceof TidegateError) || signal.aborted) throw error;
      return `; whether a request of this rollout is still open there could not be told: ${error.fields.what}`;
    }
  }

  /** Takes back all that are open. Never fails: what could not be taken back is told by `outcome`, and no undo waits for it. */
  async withdraw({ key }: TargetContext, find: FindOwn): Promise<string> {
    if (!hasRollout(key)) return '';
    const words: string[] = [];
    try {
      for (const { name, withdraw } of await find()) {
        try { await withdraw(); words.push(`${name} was withdrawn`); } catch (error) { words.push(`${name} is still open and could not be withdrawn: ${reason(error)} Reject it there: whoever applies it moves the share again`); }
      }
    } catch (error) { words.push(`whether a request of this rollout is still open there could not be told: ${reason(error)} Look there and reject it`); }
    const text = words.join('; ');
    if (text !== '') this.keep(key, text);
    return text;
  }

  /** Told once: what became of the requests that the write of this key took back; '' when there was none. */
  outcome({ key }: TargetContext): string {
    const text = this.said.get(key);
    this.said.delete(key);
    return text === undefined ? '' : `; ${text}`;
  }

  private keep(key: string, text: string): void {
    this.said.delete(key);
    this.said.set(key, text);
    for (const oldest of this.said.keys()) { if (this.said.size <= KEPT) break; this.said.delete(oldest); }
  }
}

function reason(error: unknown): string {
  if (!(error instanceof TidegateError)) throw error;
  return error.fields.what;
}
