// What is done after the last soak: commands in order, what people settle, and the comparison with the baseline.
import { listed, nearest } from './did-you-mean.js';
import { slug, type Reading } from './reading.js';
import { resolveCommand, resolvePreparation } from './resolve-asks.js';
import type { ConditionReader } from './resolve-conditions.js';
import type { ResolvedMetrics } from './resolve-metrics.js';
import type { Completion, ResolvedPlan } from './types.js';

export function resolveCompletion(reading: Reading, conditions: ConditionReader, metrics: ResolvedMetrics): Completion | null {
  const given = reading.file.completion;
  if (given === undefined) return null;
  const names = new Set<string>();
  const checks = (given.checks ?? []).map((check, index) => {
    const at = ['completion', 'checks', index];
    const name = slug(check.check, String(index));
    if (names.has(name)) reading.problems.add([...at, 'check'], 'DUPLICATE_NAME', `there are two checks “${check.check}”: they could not be told apart`);
    names.add(name);
    return { id: `completion/checks/${name}`, name: check.check, command: resolveCommand(reading, check, at) };
  });
  for (const [index, name] of (given.compare ?? []).entries()) {
    const place = ['completion', 'compare', index];
    if (!Object.hasOwn(metrics.facts, name)) {
      const meant = nearest(name, Object.keys(metrics.facts));
      reading.problems.add(place, 'UNKNOWN_METRIC', `there is no metric “${name}”${meant === null ? '' : `; did you mean “${meant}”?`} (known: ${listed(Object.keys(metrics.facts))})`);
    } else if (given.compare!.indexOf(name) < index) reading.problems.add(place, 'DUPLICATE_NAME', `“${name}” stands here twice`);
  }
  if (given.compare !== undefined && reading.file.baseline === undefined) reading.problems.add(['completion', 'compare'], 'NO_BASELINE', 'there is nothing to compare with: the baseline is never taken; add “baseline: { over: 24h }” to the plan');
  const items = resolvePreparation(reading, given.items, ['completion', 'items'], 'completion/items', { conditions, standing: { in: 'preparation', index: reading.phases.length } });
  given.items?.forEach((entry, index) => {
    const late = (when: string | undefined, place: readonly (string | number)[]): void => { if (when !== undefined) reading.problems.add([...place, 'when'], 'KEY_WITHOUT_EFFECT', '“when” counts back from day 1; what is asked after the end is asked at once', { on: 'key' }); };
    if (typeof entry === 'string') return;
    late(entry.when, ['completion', 'items', index]);
    if ('items' in entry) entry.items.forEach((item, number) => { if (typeof item !== 'string') late(item.when, ['completion', 'items', index, 'items', number]); });
  });
  return { checks, items, compare: given.compare ?? [] };
}

/** Without `compare` everything is compared that the baseline holds. */
export function compareByDefault({ file }: Reading, plan: ResolvedPlan): ResolvedPlan {
  if (plan.completion === null || file.completion?.compare !== undefined) return plan;
  return { ...plan, completion: { ...plan.completion, compare: plan.baseline?.metrics ?? [] } };
}
