// From where a range source is asked at a look: after what was taken in, or as far back as a condition without memory needs.
import type { EpochMs, Ms, WatchedCondition } from './types.js';
import type { AskFrom, WatchRules } from './look-types.js';
import { formOf } from './subject.js';

/** A condition that needs no past is first judged by at most this much of it. */
const plainPastMs: Ms = 5 * 60_000;

export const askFrom: AskFrom = (memory, rules, metric, asOf) => {
  const seen = memory?.latest[metric]?.at;
  const traits = rules.metrics.find((one) => one.name === metric);
  const start = seen ?? asOf - Math.max(rules.cadenceMs, Math.min(plainPastMs, traits?.maxAgeMs ?? plainPastMs));
  const needed = rules.conditions.flatMap((watched) => {
    const form = formOf(watched.condition);
    if (form.reads !== 'points' || form.metric !== metric) return [];
    const lastAt = memory?.conditions[watched.id]?.lastAt ?? null;
    return [lastAt ?? firstFrom(watched, form.overMs, rules, asOf)];
  });
  return Math.min(asOf, start, ...needed);
};

/** Back over the window and `for`; triggers judge nothing up to `judgeAfter`, so they need nothing from before it. */
function firstFrom({ condition, role }: WatchedCondition, overMs: Ms | null, rules: WatchRules, asOf: EpochMs): EpochMs {
  const back = asOf - (overMs ?? 0) - (condition.kind === 'compare' ? condition.forMs : 0);
  return role === 'trigger' ? Math.max(back, rules.judgeAfter) : back;
}
