// Clean time: which intervals between two looks count, and what the end of an issue does to it. Late data may convict, never acquit: an
// interval longer than `blind after` counts nothing, whatever a range source tells about it afterwards. Called by look.ts.
import type { Ms } from './types.js';
import type { UncleanBecause } from './look-types.js';
import { gapToleranceMs, type Advanced, type Scene } from './advance.js';
import { standingFor } from './assess.js';

/** Whether a look counts as evidence. `unknown` becomes a hold in time; `idle` does not count and does no harm. */
export type LookStanding = 'valid' | 'idle' | 'unknown';

/** The standing of a look: the worst of all judged conditions'. Grades look back and never hold anything up. */
export function standingOfLook(conditions: readonly Advanced[], scene: Scene): LookStanding {
  const standings = conditions.filter(({ watched }) => watched.judged && watched.role !== 'grade').map((advanced) => standingOfOne(advanced, scene));
  return standings.includes('unknown') ? 'unknown' : standings.includes('idle') ? 'idle' : 'valid';
}

function standingOfOne(advanced: Advanced, scene: Scene): LookStanding {
  const { form, limit, watched: { condition } } = advanced;
  const traits = form.reads === 'events' ? undefined : scene.evidence.get(form.metric)?.traits;
  if (condition.kind === 'compare' && limit === null) return 'unknown';
  if (form.reads === 'summary' && form.window.kind === 'period' && scene.rules.references[form.window.period]?.[form.metric] === undefined) return 'unknown';
  const standing = standingFor(advanced, scene);
  switch (standing) {
    case 'value': case 'unanswered': return 'valid';
    case 'idle': return traits?.whenIdle === 'clean' ? 'valid' : 'idle';
    // a person's answer runs out; their silence holds the gate, not the soak
    case 'stale': return traits?.human === true ? 'valid' : 'unknown';
    case 'no-data': case 'non-finite': case 'ambiguous': case 'provider-error': return 'unknown';
  }
}

/** Whether a look saw what the condition is about. A person who has not answered, or long ago, is no eye on it. */
export function isSeen(advanced: Advanced, scene: Scene): boolean {
  const standing = standingFor(advanced, scene);
  return standing !== 'unanswered' && standing !== 'stale' && standingOfOne(advanced, scene) === 'valid';
}

/** A trigger of severity warning or above is an issue while it is true. */
export function isIssue({ watched: { role, severity } }: Advanced): boolean { return role === 'trigger' && severity !== 'info'; }

export interface Interval { readonly lengthMs: Ms; readonly uncleanBecause: UncleanBecause | null }

/** Judges the interval that ends with this look. `issue`: one was open at its begin, at its end, or at any instant between. */
export function judgeInterval(conditions: readonly Advanced[], scene: Scene, { standing, issue }: { readonly standing: LookStanding; readonly issue: boolean }): Interval {
  const { before, rules, asOf } = scene;
  const lengthMs = before.asOf === null ? 0 : asOf - before.asOf;
  return { lengthMs, uncleanBecause: because() };

  function because(): UncleanBecause | null {
    if (before.asOf === null || before.soakLooks === 0) return 'first-look';
    if (rules.suspended || before.suspended) return 'suspended';
    if (issue) return 'issue';
    if (lengthMs > rules.blindAfterMs + gapToleranceMs) return 'blind';
    if (standing === 'unknown' || before.unknownSince !== null) return 'invalid';
    if (standing === 'idle' || !before.valid) return 'idle';
    // both looks must have judged the same conditions: one that is new was not judged at the interval's begin
    if (conditions.some(({ watched }) => watched.judged && before.verdicts[watched.id] === undefined)) return 'first-look';
    return null;
  }
}
