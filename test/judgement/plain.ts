// The oracle of the property tests: it keeps every point and recomputes each form from scratch, by the words of docs/judgement.md. It
// shares no code with src/judgement.
import type { EpochMs, Ms, Point } from '../../src/judgement/index.js';

export type Plain = 'true' | 'false' | 'unknown';

export interface Instant { readonly at: EpochMs; readonly truth: Plain }

/** Plain comparison of integers: no rounding can matter. */
export function isTrue(op: '<' | '<=' | '>' | '>=' | '=' | '!=', value: number, limit: number): boolean {
  return { '<': value < limit, '<=': value <= limit, '>': value > limit, '>=': value >= limit, '=': value === limit, '!=': value !== limit }[op];
}

/** How long the comparison has been true at each instant: the sum of the stretches between neighbours that are both true and near enough. */
export function trueForAt(instants: readonly Instant[], longestGapMs: Ms): (Ms | null)[] {
  return instants.map((_, index) => {
    let end = index;
    while (end >= 0 && instants[end]!.truth === 'unknown') end -= 1;
    if (end < 0 || instants[end]!.truth === 'false') return null;
    let length = 0;
    for (let at = end; at > 0; at -= 1) {
      const [here, before] = [instants[at]!, instants[at - 1]!];
      if (instants.slice(0, at).findLast((one) => one.truth !== 'unknown')?.truth !== 'true') break;
      if (here.truth === 'true' && before.truth === 'true' && here.at - before.at <= longestGapMs) length += here.at - before.at;
    }
    return length;
  });
}

/** Instants at which a sentence with `for` becomes true. */
export function firingsOf(instants: readonly Instant[], forMs: Ms, longestGapMs: Ms): EpochMs[] {
  const sustained = trueForAt(instants, longestGapMs).map((length) => length !== null && length >= forMs);
  return instants.flatMap((one, index) => (sustained[index] && !(sustained[index - 1] ?? false) ? [one.at] : []));
}

/** All windows that end at `at` and are as long as asked, or shorter by up to a 64th: the points each of them holds. */
export function windowsAt(points: readonly Point[], at: EpochMs, windowMs: Ms): Point[][] {
  const before = points.filter((point) => point.at <= at && point.at > at - windowMs);
  const edges = [at - windowMs, ...before.map((point) => point.at)].filter((edge) => edge <= at - windowMs + windowMs / 64);
  return edges.map((edge) => before.filter((point) => point.at > edge));
}

export function aggregate(kind: 'mean' | 'min' | 'max' | 'sum' | 'count' | 'last', numbers: readonly number[]): number {
  switch (kind) {
    case 'mean': return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    case 'min': return Math.min(...numbers);
    case 'max': return Math.max(...numbers);
    case 'sum': return numbers.reduce((sum, number) => sum + number, 0);
    case 'count': return numbers.length;
    case 'last': return numbers.at(-1)!;
  }
}

/** Growth between neighbours, where the counter began again at zero when it fell; attached to the later of the two. */
export function steps(points: readonly Point[]): { readonly at: EpochMs; readonly grown: number }[] {
  const numbers = points.flatMap((point) => (point.measurement.kind === 'value' ? [{ at: point.at, number: point.measurement.value }] : []));
  return numbers.slice(1).map(({ at, number }, index) => ({ at, grown: number < numbers[index]!.number ? number : number - numbers[index]!.number }));
}

/** Slope of the least-squares line, from centred sums, times the time spanned. */
export function fitted(points: readonly { readonly at: EpochMs; readonly number: number }[]): number {
  const meanAt = points.reduce((sum, point) => sum + point.at, 0) / points.length;
  const meanNumber = points.reduce((sum, point) => sum + point.number, 0) / points.length;
  const covariance = points.reduce((sum, point) => sum + (point.at - meanAt) * (point.number - meanNumber), 0);
  const variance = points.reduce((sum, point) => sum + (point.at - meanAt) ** 2, 0);
  return (covariance / variance) * (points.at(-1)!.at - points[0]!.at);
}

export interface PlainLook { readonly at: EpochMs; readonly sound: boolean; readonly paused: boolean; /** an issue was open at it, or since the look before */ readonly issue: boolean; /** one was open and none is now */ readonly ended: boolean }

/** Clean time by its definition, over the list of all looks. */
export function cleanTime(looks: readonly PlainLook[], { blindAfterMs, restarts }: { readonly blindAfterMs: Ms; readonly restarts: boolean }): Ms {
  const from = restarts ? looks.findLastIndex((one) => one.ended) : -1;
  return looks.reduce((sum, here, index) => {
    const before = looks[index - 1];
    if (before === undefined || index <= from) return sum;
    const length = here.at - before.at;
    const clean = here.sound && before.sound && !here.paused && !before.paused && !here.issue && length <= blindAfterMs + 50;
    return clean ? sum + length : sum;
  }, 0);
}

