// Trends: the least-squares line through a stretch of evidence, and what `down`, `up` and `steady` ask of it. Where the sums come from:
// window.ts (a duration) and summary.ts (a soak, the rollout, a period).
import type { Truth } from './types.js';

/** Sums over the evidence. Times in seconds since any origin; `spanSeconds` is from the first to the last instant. */
export interface LineSums { readonly n: number; readonly sumT: number; readonly sumTT: number; readonly sumV: number; readonly sumTV: number; readonly spanSeconds: number }

/** What a trend is judged by. `change` is the fitted change from the first to the last instant. */
export interface Stretch { readonly n: number; readonly mean: number; readonly min: number; readonly max: number; readonly change: number | null }

/** Slope of the least-squares line times the time spanned; null with fewer than 3 samples. */
export function fittedChange(sums: LineSums): number | null {
  if (sums.n < 3) return null;
  const spread = sums.sumTT - (sums.sumT * sums.sumT) / sums.n;
  if (spread <= 0) return null;
  return ((sums.sumTV - (sums.sumT * sums.sumV) / sums.n) / spread) * sums.spanSeconds;
}

/** How much must change to be a direction, and how much may get worse to be steady, as parts of the mean's size. */
export const directionPart = 0.01;
export const steadyPart = 0.05;

export function judgeTrend(stretch: Stretch, direction: 'down' | 'up' | 'steady', better: 'lower' | 'higher'): Truth {
  if (stretch.n < 3 || stretch.change === null) return 'unknown';
  const size = Math.abs(stretch.mean);
  switch (direction) {
    // nothing measured but zero cannot fall any further: no errors at all is no reason to stop
    case 'down': return truth(stretch.change < -directionPart * size || (better === 'lower' && stretch.min === 0 && stretch.max === 0));
    case 'up': return truth(stretch.change > directionPart * size);
    case 'steady': return truth((better === 'lower' ? stretch.change : -stretch.change) <= steadyPart * size + 1e-12 * size);
  }
}

function truth(holds: boolean): Truth { return holds ? 'true' : 'false'; }
