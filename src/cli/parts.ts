// The real parts behind the verbs, each loaded on first use: nothing here is imported before a verb asks for it, so `--help` stays quick
// and `validate` never loads the engine. Tests put their own in the place of these (ports.ts says what they are).
import type { Cli, Parts } from './ports.js';

export function openParts(cli: Pick<Cli, 'env' | 'cwd' | 'user'>): Parts {
  return {
    plans: async () => (await import('./plans-part.js')).openPlans(cli),
    rollouts: async () => (await import('./rollouts-part.js')).openRolloutsPart(cli),
    journal: async () => (await import('./journal-part.js')).openJournalPart(cli),
    targets: async () => (await import('./targets-part.js')).openTargets(cli),
    rehearse: async (plan, options) => (await import('./rehearsal-part.js')).rehearsePlan(plan, options, cli),
    stack: async (options) => (await import('./stack-part.js')).openStack(options),
    planChecks: async (plan, withinMs) => (await import('./plan-checks-part.js')).checkPlan(plan, withinMs, { ...cli, now: Date.now }),
    doctor: async (fix) => (await import('./doctor-part.js')).runDoctor(fix, cli),
  };
}
