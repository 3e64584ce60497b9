// Which figures of earlier periods a set of conditions compares with: a watch is sent those, not everything that was ever summarised.
import { formOf } from './subject.js';
import { metricOf } from './compare.js';
import type { References, WatchedCondition } from './types.js';

export function referencesFor(conditions: readonly WatchedCondition[], all: References): References {
  const wanted: Record<string, Record<string, References[string][string]>> = {};
  const want = (period: string, metric: string | null): void => {
    const summary = metric === null ? undefined : all[period]?.[metric];
    if (metric !== null && summary !== undefined) (wanted[period] ??= {})[metric] = summary;
  };
  for (const { condition } of conditions) {
    if (condition.kind === 'compare' && condition.limit.kind === 'reference') want(condition.limit.period, metricOf(condition.subject));
    const form = formOf(condition);
    if (form.reads === 'summary' && form.window.kind === 'period') want(form.window.period, form.metric);
  }
  return wanted;
}
