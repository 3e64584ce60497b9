// What a judgement means in its role, and what a gate makes of its conditions: true opens a gate, true fires a trigger, false fails an
// invariant, and unknown never passes.
import type { ConditionRole, EpochMs, Judgement, Verdict, WatchedCondition } from './types.js';
import type { GateOutcome } from './look-types.js';

export function verdictOf(watched: WatchedCondition, { truth, ...rest }: Judgement, asOf: EpochMs): Verdict {
  return { id: watched.id, text: watched.condition.text, verdict: wordFor(watched.role, truth, rest.reason), asOf, ...rest };
}

function wordFor(role: ConditionRole, truth: Judgement['truth'], reason: Judgement['reason']): Verdict['verdict'] {
  if (truth === 'unknown') return 'inconclusive';
  if (role === 'trigger') return truth === 'true' ? 'fail' : 'pass';
  // a gate that asks for ten minutes is not broken after five
  if (truth === 'false' && reason === 'not-yet') return 'inconclusive';
  return truth === 'true' ? 'pass' : 'fail';
}

/** Passes when all pass, fails when one fails. Without any condition it passes. */
export function gateOf(verdicts: readonly Verdict[]): GateOutcome {
  if (verdicts.some(({ verdict }) => verdict === 'fail')) return 'fail';
  return verdicts.every(({ verdict }) => verdict === 'pass') ? 'pass' : 'inconclusive';
}
