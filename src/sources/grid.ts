// The instants at which a source that knows the past is asked: every step since the last look, in pieces that a server accepts in one answer.
// Used by prometheus.ts and datadog.ts.
import type { EpochMs, Ms } from '../judgement/types.js';

/** Instants `first`, `first + stepMs`, … `last`; the last one of all is the instant of the look itself. */
export interface Grid { readonly first: EpochMs; readonly last: EpochMs; readonly stepMs: Ms; readonly count: number }

/** More instants than this at one look tell nobody more; the step grows instead. */
const POINTS_PER_LOOK = 50_000;

/** (from, to] in steps counted back from `to`, at most `size(stepMs)` of them in a piece. */
export function gridsOf(from: EpochMs, to: EpochMs, wantedStepMs: Ms, size: (stepMs: Ms) => number): readonly Grid[] {
  const spanMs = Math.max(1, to - from);
  const stepMs = Math.max(1, Math.round(wantedStepMs), Math.ceil(spanMs / POINTS_PER_LOOK));
  const total = Math.ceil(spanMs / stepMs); // the first instant lies after `from`, which was seen at the last look
  const most = Math.max(1, Math.floor(size(stepMs)));
  const grids: Grid[] = [];
  for (let done = 0; done < total; done += most) {
    const count = Math.min(most, total - done);
    const first = to - (total - 1 - done) * stepMs;
    grids.push({ first, last: first + (count - 1) * stepMs, stepMs, count });
  }
  return grids;
}
