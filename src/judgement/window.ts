// A sliding window in bounded memory: buckets of a 64th of the window on a fixed grid. Judged by subject.ts.
//
// A bucket is dropped when its first instant leaves the window, so evidence that comes slower than a 64th of the window is exact, and with
// denser evidence the window begins at most a 64th late. At most 66 buckets exist whatever the density.
import type { EpochMs, Ms } from './types.js';
import { fittedChange, type Stretch } from './trend.js';

export type Bucket = readonly number[];
export const bucketsPerWindow = 64;

/** Adds one value and drops what has left the window that ends at `at`. Changes `buckets`, never the buckets in it. */
export function addToWindow(buckets: Bucket[], entry: { readonly at: EpochMs; readonly value: number; readonly windowMs: Ms; readonly forTrend: boolean }): void {
  const { at, value, windowMs, forTrend } = entry;
  while (buckets.length > 0 && buckets[0]![0]! <= at - windowMs) buckets.shift();
  const width = windowMs / bucketsPerWindow;
  const last = buckets.at(-1);
  if (last === undefined || Math.floor(last[0]! / width) !== Math.floor(at / width)) {
    buckets.push(forTrend ? [at, 1, value, value, value, 0, 0, 0] : [at, 1, value, value, value]);
    return;
  }
  const sums = [last[0]!, last[1]! + 1, last[2]! + value, Math.min(last[3]!, value), Math.max(last[4]!, value)];
  if (forTrend) {
    const seconds = (at - last[0]!) / 1000;
    sums.push(last[5]! + seconds, last[6]! + seconds * seconds, last[7]! + seconds * value);
  }
  buckets[buckets.length - 1] = sums;
}

export interface Totals { readonly n: number; readonly sum: number; readonly min: number; readonly max: number }

/** What the window holds; null when it is empty. */
export function totalsOf(buckets: readonly Bucket[]): Totals | null {
  if (buckets.length === 0) return null;
  let n = 0, sum = 0, min = Infinity, max = -Infinity;
  for (const bucket of buckets) {
    n += bucket[1]!;
    sum += bucket[2]!;
    if (bucket[3]! < min) min = bucket[3]!;
    if (bucket[4]! > max) max = bucket[4]!;
  }
  return { n, sum, min, max };
}

/** The stretch of evidence in the window, with its fitted change; null when it is empty. */
export function stretchOf(buckets: readonly Bucket[], lastAt: EpochMs): Stretch | null {
  const totals = totalsOf(buckets);
  if (totals === null) return null;
  const origin = buckets[0]![0]!;
  let sumT = 0, sumTT = 0, sumTV = 0;
  for (const [start, n, sum, , , t, tt, tv] of buckets) {
    const shift = (start! - origin) / 1000;
    sumT += t! + n! * shift;
    sumTT += tt! + 2 * shift * t! + n! * shift * shift;
    sumTV += tv! + shift * sum!;
  }
  const change = fittedChange({ n: totals.n, sumT, sumTT, sumV: totals.sum, sumTV, spanSeconds: (lastAt - origin) / 1000 });
  return { n: totals.n, mean: totals.sum / totals.n, min: totals.min, max: totals.max, change };
}
