// A call that may hang, ended for the caller when its time is over. What hangs is left to itself: it was asked to stop by its own signal.
import type { Ms } from '../judgement/index.js';

export async function endedWithin<T>(ms: Ms, call: Promise<T>, late: () => Error): Promise<T> {
  let limit: NodeJS.Timeout | undefined;
  call.catch(() => { /* told by the race, or too late to matter */ });
  try {
    // A provider that ends by itself at its signal says more than we could: it gets a moment to do so.
    return await Promise.race([call, new Promise<never>((_, reject) => { limit = setTimeout(() => reject(late()), ms + 250); })]);
  } finally { clearTimeout(limit); }
}
