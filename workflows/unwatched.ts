// How long nobody saw what must never be out of sight, as the rollout knows it: kept beside the watch's memory, which a rollback clears, told when
// a stretch is too long, and closed by a last look at the end. What is measured: src/judgement/unwatched.ts.
import { condition } from '@temporalio/workflow';
import { longer, unbrokenFrom, type Unbroken, type Unwatched } from '../src/judgement/index.js';
import type { Ms } from '../src/judgement/types.js';
import type { ResolvedPlan } from '../src/plan/types.js';
import { inWords } from './asks.js';
import type { Run } from './run.js';
import type { State } from './state.js';

/** A longer stretch is told: the cadence in force and a minute, unless the plan says otherwise. */
export const unwatchedAfterMs = (plan: ResolvedPlan, cadenceMs: Ms): Ms => plan.invariantWatch?.blindAfterMs ?? cadenceMs + 60_000;

/** Told once a stretch. */
export function tellUnwatched(run: Run, { from, to, why }: Unwatched, who: readonly string[]): void {
  run.note('unwatched', `nobody looked for ${inWords(to - from)} at what must always hold: ${why}`, { from, to, why });
  run.tell('critical', 'unwatched', `${run.state.rollout}: nobody looked for ${inWords(to - from)} at what must always hold`, `since ${new Date(from).toISOString()}: ${why}`, { to: who });
}

const measured = (state: State): Unbroken[] => [...(state.unbroken === undefined ? [] : [state.unbroken]), ...Object.values(state.protection?.unbroken ?? {})];

/** The longest stretch of all, as far as it is known here; null: none is measured. */
export const longestUnwatched = (state: State): Unwatched | null => measured(state).reduce<Unwatched | null>((found, one) => longer(found, one.longest), null);

/** At the end: the watch looks once more, the guards say what they know, and what lies between the last looks and now is counted too. */
export async function lastLook(run: Run, guards: Promise<void>): Promise<Unwatched | null> {
  const { state } = run;
  if (run.plan.invariantWatch !== null) {
    const asked = ++run.lookAsked;
    run.rewatch++;
    await condition(() => run.lookSeen >= asked, 60_000);
  }
  if (state.protection !== undefined) {
    run.unguarded = true;
    await guards;
  }
  const longest = measured(state).reduce<Unwatched | null>((found, { seenAt, why }) => longer(found, { from: seenAt, to: run.now(), why: why === '' ? 'nobody looked' : why }), longestUnwatched(state));
  state.unbroken = { ...(state.unbroken ?? unbrokenFrom(run.now())), longest };
  return longest;
}
