// What a condition's memory says at a look: true, false or unknown, with the reason word. Sentences: message.ts; roles: gate.ts.
import type { EpochMs, Ms, Reason, Truth } from './types.js';
import { holds, metricOf } from './compare.js';
import type { Advanced, Scene } from './advance.js';
import { eventCount, pointValue, truthOf } from './advance.js';
import type { Standing } from './evidence.js';
import type { Found, Summaries } from './subject.js';
import { isSustained } from './sustain.js';

export interface Assessment {
  readonly truth: Truth;
  readonly reason: Reason;
  readonly found: Found | null;
  /** mean over the clean soak, for a `leave` condition without a window */
  readonly soak: { readonly mean: number; readonly n: number } | null;
  readonly newestAt: EpochMs | null;
  readonly ageMs: Ms | null;
  readonly observations: number;
  readonly detail: string;
}

/** How the evidence that a condition needs stands at this look. Whether a look is valid is decided by this alone. */
export function standingFor(advanced: Advanced, scene: Scene): Standing {
  const { form, watched: { condition, role }, memory } = advanced;
  if (form.reads === 'events') return 'value';
  const evidence = scene.evidence.get(form.metric);
  if (form.reads === 'summary') {
    // a period is past, and a grade looks back: neither needs evidence of this minute
    if (form.window.kind === 'period' || role === 'grade') return 'value';
    const standing = evidence?.standing ?? 'no-data';
    return standing === 'idle' ? 'value' : standing;
  }
  if (evidence === undefined) return 'no-data';
  if (evidence.standing !== 'value' && evidence.standing !== 'idle') return evidence.standing;
  if (memory.lastAt === null) return evidence.traits.human ? 'unanswered' : 'no-data';
  const counts = condition.kind === 'compare' && condition.subject.kind === 'samples';
  return counts ? 'value' : evidence.standing;
}

export function assess(advanced: Advanced, scene: Scene, summaries: Summaries, summaryValue: Found | null): Assessment {
  const { form, watched: { condition }, memory, limit } = advanced;
  const evidence = form.reads === 'events' ? undefined : scene.evidence.get(form.metric);
  const newestAt = form.reads === 'events' ? memory.lastAt : form.reads === 'points' ? memory.lastAt : evidence?.latest?.at ?? null;
  const found = form.reads === 'points' ? pointValue(advanced, form, scene) : form.reads === 'events' ? eventCount(advanced, form, scene, scene.asOf) : summaryValue;
  const asksForSoak = isAskedOfSoak(advanced, scene);
  const soak = asksForSoak ? soakMean(advanced, summaries) : null;
  const known = {
    found, soak, newestAt, ageMs: newestAt === null ? null : Math.max(0, scene.asOf - newestAt), observations: observationsOf(advanced, scene, found), detail: evidence?.detail ?? '',
  };
  const standing = standingFor(advanced, scene);
  if (standing === 'idle' && soak !== null && evidence?.traits.whenIdle === 'clean' && limit !== null && condition.kind === 'compare') {
    const held = holds(condition.op, soak.mean, limit);
    return { ...known, found: null, truth: held ? 'true' : 'false', reason: held ? 'held' : 'broken' };
  }
  if (standing !== 'value') return { ...known, found: null, truth: 'unknown', reason: standing };
  if (condition.kind === 'compare' && limit === null) return { ...known, truth: 'unknown', reason: 'no-reference' };
  if (found === null) return { ...known, truth: 'unknown', reason: isPeriod(advanced) ? 'no-reference' : 'too-few-samples' };
  const now = atLook(advanced, found);
  return { ...known, ...(asksForSoak ? withSoak(advanced, soak, now) : now) };
}

function atLook(advanced: Advanced, found: Found): { readonly truth: Truth; readonly reason: Reason } {
  const { watched: { condition }, memory } = advanced;
  const now = truthOf(advanced, found);
  if (now === 'unknown') return { truth: 'unknown', reason: 'too-few-samples' };
  if (condition.kind === 'trend') return now === 'true' ? { truth: 'true', reason: 'held' } : { truth: 'false', reason: 'broken' };
  const sustained = isSustained(condition, memory) && (now === 'true' || condition.ofLooks !== null);
  if (sustained) return { truth: 'true', reason: 'held' };
  // a plain condition whose limit or reference changed since its evidence came is judged by the new one
  if (now === 'true' && condition.forMs === 0 && condition.ofLooks === null) return { truth: 'true', reason: 'held' };
  return { truth: 'false', reason: now === 'true' ? 'not-yet' : 'broken' };
}

/** A `leave` condition without a window must hold for the mean over the clean soak as well as now. */
function withSoak(advanced: Advanced, soak: Assessment['soak'], now: { readonly truth: Truth; readonly reason: Reason }): { readonly truth: Truth; readonly reason: Reason } {
  const { watched: { condition }, limit } = advanced;
  if (condition.kind !== 'compare' || limit === null) return now;
  if (soak !== null && !holds(condition.op, soak.mean, limit)) return { truth: 'false', reason: 'broken' };
  return soak === null && now.truth === 'true' ? { truth: 'unknown', reason: 'too-few-samples' } : now;
}

function soakMean({ watched: { condition } }: Advanced, summaries: Summaries): Assessment['soak'] {
  const summary = condition.kind === 'compare' ? summaries.soak[metricOf(condition.subject)!] : undefined;
  return summary === undefined ? null : { mean: summary.mean, n: summary.samples };
}

/** People answer once, not all through a soak; what is counted since the phase began has the soak in it already. */
function isAskedOfSoak({ watched: { role, condition } }: Advanced, scene: Scene): boolean {
  if (role !== 'leave' || condition.kind !== 'compare') return false;
  const { subject } = condition;
  if (subject.kind === 'metric') return subject.window === null && scene.evidence.get(subject.metric)?.traits.human !== true;
  return subject.kind === 'alerts' && !subject.fresh && subject.window === null;
}

/** How many samples the message names: measurements in a window or summary, else the observations behind the newest measurement. */
function observationsOf(advanced: Advanced, scene: Scene, found: Found | null): number {
  const { form } = advanced;
  if (form.reads !== 'points' || form.overMs !== null || advanced.watched.condition.kind === 'trend') return found?.n ?? 0;
  return found === null ? 0 : Math.max(found.n, scene.evidence.get(form.metric)?.latest?.samples ?? 1);
}

function isPeriod(advanced: Advanced): boolean { return advanced.form.reads === 'events' ? advanced.form.window?.kind === 'period' : advanced.form.reads === 'summary' && advanced.form.window.kind === 'period'; }
