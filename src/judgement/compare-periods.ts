// Before and after: what a metric was like over two periods, how far apart they are, and whether that is better. Pure.
// Used at the end of a rollout (workflows/completion.ts). Where a value is missing it is said, and nothing is judged.
import { holds } from './compare.js';
import type { Ms, PeriodSummary } from './types.js';
import { countInWords, lengthInWords, numberInWords, quantityInWords } from './words.js';

export interface Compared {
  readonly metric: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** 'yes-no': 1 is yes; 'up-down': a share of the time up, as a mean of 1 and 0 */
  readonly answers: 'number' | 'yes-no' | 'up-down';
  /** null: it was not measured then */
  readonly before: Period | null;
  readonly after: Period | null;
}
export interface Period { readonly mean: number; readonly samples: number; /** null: one answer of a person */ readonly overMs: Ms | null }

export interface Comparison extends Omit<Compared, 'answers'> {
  /** after less before, in the metric's unit; null where one is missing */
  readonly difference: number | null;
  /** of what it was before; null also where that was 0, and for answers */
  readonly percent: number | null;
  readonly change: 'better' | 'worse' | 'the same' | null;
  /** one sentence with all of it */
  readonly message: string;
}

export const periodOf = (summary: PeriodSummary | undefined, overMs: Ms | null): Period | null => (summary === undefined || summary.samples === 0 ? null : { mean: summary.mean, samples: summary.samples, overMs });

export function comparePeriods({ answers, ...compared }: Compared): Comparison {
  const { metric, before, after, better } = compared;
  if (before === null || after === null) {
    const missing = before === null ? 'it has no value of before the first write' : 'it has no value of the time after';
    const known = before ?? after;
    return { ...compared, difference: null, percent: null, change: null, message: `${metric} cannot be compared: ${missing}${known === null ? '' : ` (${before === null ? 'now' : 'it was'} ${shown(known.mean, compared.unit, answers)}, ${evidence(known)})`}` };
  }
  const difference = after.mean - before.mean;
  const same = holds('=', after.mean, before.mean);
  const percent = answers === 'yes-no' || before.mean === 0 ? null : same ? 0 : (100 * difference) / Math.abs(before.mean);
  const change = same ? 'the same' : (difference < 0) === (better === 'lower') ? 'better' : 'worse';
  const basis = before.overMs === null && after.overMs === null ? 'one answer before, one now' : `mean over ${evidence(before)}; now over ${evidence(after)}`;
  const now = shown(after.mean, compared.unit, answers, before.mean);
  const then = shown(before.mean, compared.unit, answers, after.mean);
  const said = change === 'the same' ? `${now}, the same as before the first write` : `${now}, ${percent === null ? '' : `${numberInWords(Math.abs(percent))} % `}${change} than the ${then} before the first write`;
  return { ...compared, difference: same ? 0 : difference, percent, change, message: `${metric} is ${said} (${basis})` };
}

const evidence = ({ overMs, samples }: Period): string => (overMs === null ? 'one answer' : `${lengthInWords(overMs)}, ${countInWords(samples, 'sample', 'samples')}`);

function shown(value: number, unit: string, answers: Compared['answers'], beside: number | null = null): string {
  if (answers === 'yes-no' && (value === 0 || value === 1)) return value === 1 ? 'yes' : 'no';
  if (answers === 'up-down' && unit === '') return `${quantityInWords(100 * value, '%', beside === null ? null : 100 * beside)} up`;
  return quantityInWords(value, unit, beside);
}
