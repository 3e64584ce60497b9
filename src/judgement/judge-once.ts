// Judging a list of conditions over present evidence, without a watch: a gate before its first write, the checks after a rollback, the
// grades at the end. Everything else: look.ts.
import type { ConditionRole, Condition, MetricTraits, Ms, References, Verdict } from './types.js';
import type { GateOutcome, Look, WatchMemory } from './look-types.js';
import { gateOf } from './gate.js';
import { look } from './look.js';

export interface Once {
  readonly conditions: readonly { readonly id: string; readonly condition: Condition }[];
  readonly role: ConditionRole;
  readonly metrics: readonly MetricTraits[];
  readonly references: References;
  readonly movedAt: number | null;
  /** the watch's memory, where windows over the soak or the rollout, new alerts, or `for` are asked; null: present evidence only */
  readonly memory: WatchMemory | null;
  /** longest gap that evidence may speak for in `for`, beside each metric's own `maxAgeMs` */
  readonly blindAfterMs: Ms;
}

/** The verdicts in the conditions' order and what the gate makes of them. Changes no memory. */
export function judgeOnce(once: Once, evidence: Look): { readonly outcome: GateOutcome; readonly verdicts: readonly Verdict[] } {
  const { conditions, role, metrics, references, movedAt, memory, blindAfterMs } = once;
  const { verdicts } = look(memory, {
    conditions: conditions.map(({ id, condition }) => ({ id, condition, role, severity: 'info' as const, judged: true })),
    metrics, references, movedAt, cadenceMs: blindAfterMs, blindAfterMs, unknownForMs: 0, soak: null, suspended: false, judgeAfter: -Infinity,
  }, evidence);
  return { outcome: gateOf(verdicts), verdicts };
}
