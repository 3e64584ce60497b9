// How often a sender may ask: a token bucket for each, of which only so many are kept. Used by listener.ts.
import type { Ms } from '../judgement/types.js';

/** So many at once, and then so many a second. */
export interface Rate { readonly burst: number; readonly perSecond: number }

export interface TooOften { readonly retryAfterS: number; /** the first refusal since the sender was last at rest: worth a line in the log, the others are not */ readonly first: boolean }

interface Bucket { left: number; at: Ms; told: boolean }

/** Senders kept; whoever is forgotten for newer ones begins anew with a full bucket. */
const KEPT = 1_000;

export class RateLimit {
  private readonly buckets = new Map<string, Bucket>();

  /** @param clock only differences count */
  constructor(private readonly rate: Rate, private readonly clock: () => Ms = () => performance.now()) {}

  /** null: it may */
  take(sender: string): TooOften | null {
    const { burst, perSecond } = this.rate;
    const at = this.clock();
    const bucket = this.buckets.get(sender) ?? { left: burst, at, told: false };
    this.buckets.delete(sender);
    this.buckets.set(sender, bucket);
    for (const oldest of this.buckets.keys()) { if (this.buckets.size <= KEPT) break; this.buckets.delete(oldest); }
    bucket.left = Math.min(burst, bucket.left + ((at - bucket.at) / 1_000) * perSecond);
    bucket.at = at;
    if (bucket.left >= burst / 2) bucket.told = false;
    if (bucket.left >= 1) { bucket.left -= 1; return null; }
    const first = !bucket.told;
    bucket.told = true;
    return { retryAfterS: Math.max(1, Math.ceil((1 - bucket.left) / perSecond)), first };
  }
}
