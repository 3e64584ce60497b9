// nextAllowed and standUps: calendar questions are answered outside the workflow, because time zones depend on the machine's tables.
import { nextAllowed as next, nextStandUp } from '../src/plan/index.js';
import type { EpochMs } from '../src/judgement/types.js';
import type { Ports } from './ports.js';
import type { CalendarInput, StandUpsInput } from './types.js';

export const nextAllowed = (_ports: Ports) => async (input: CalendarInput): Promise<{ at: EpochMs; why: string | null }> => next(input.plan, input.after);

/** At most this many are answered at once; the workflow asks again when they are used up. */
const maxStandUps = 64;

/** Every stand-up of every rule in (after, until], ascending; which phase it belongs to is known only when it comes. */
export const standUps = (_ports: Ports) => async (input: StandUpsInput): Promise<{ id: string; at: EpochMs }[]> => {
  const found = new Map<string, { id: string; at: EpochMs }>();
  for (const phase of new Set(input.plan.standUps.flatMap((rule) => rule.phases))) {
    // of each phase the first ones: whatever comes before them in another phase must not crowd them out
    for (let after = input.after, many = 0; many <= maxStandUps; many++) {
      const one = nextStandUp(input.plan, phase, after);
      if (one === null || one.at > input.until) break;
      found.set(`${one.id}@${one.at}`, one);
      after = one.at;
    }
  }
  return [...found.values()].sort((a, b) => a.at - b.at).slice(0, maxStandUps);
};
