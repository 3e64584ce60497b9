// Carries one condition's memory through the evidence of a look, instant by instant, and finds the instant that convicts. What it
// looks at: subject.ts; how long it must hold: sustain.ts; the verdict at the look: assess.ts.
import type { EpochMs, Ms, Truth, WatchedCondition } from './types.js';
import type { AlertMemory, Look, ReportedEvent, WatchMemory, WatchRules } from './look-types.js';
import type { MetricEvidence } from './evidence.js';
import { holds, limitOf } from './compare.js';
import { emptyCondition, isSustained, takeInTruth, trueForMs, type ConditionDraft } from './sustain.js';
import { formOf, takeIn, valueOfPoints, valueOfSummary, type Form, type Found, type Summaries } from './subject.js';
import { judgeTrend } from './trend.js';

/** What a look knows while it judges. */
export interface Scene {
  readonly before: WatchMemory;
  readonly rules: WatchRules;
  readonly look: Look;
  readonly asOf: EpochMs;
  readonly evidence: ReadonlyMap<string, MetricEvidence>;
  readonly alerts: Readonly<Record<string, AlertMemory>>;
}

/** The instant at which a condition's whole sentence became true. */
export interface Conviction { readonly at: EpochMs; readonly found: Found | null; readonly trueForMs: Ms }

export interface Advanced {
  readonly watched: WatchedCondition;
  readonly form: Form;
  readonly memory: ConditionDraft;
  readonly limit: number | null;
  /** triggers judge only evidence after this */
  readonly after: EpochMs;
  /** whether the sentence was true at any instant since the look before, that look included */
  wasTrue: boolean;
  conviction: Conviction | null;
}

/** Takes in what is new. Conditions over a soak, the rollout or a period follow in `advanceSummary`, when the clean time is known. */
export function advance(watched: WatchedCondition, scene: Scene): Advanced {
  const { condition } = watched;
  const past = scene.before.conditions[watched.id];
  const memory: ConditionDraft = past === undefined ? emptyCondition() : { ...past, looks: past.looks, buckets: past.buckets.slice() };
  const limit = condition.kind === 'trend' ? null : limitOf(condition.limit, condition.subject, scene.rules.references);
  const after = watched.role === 'trigger' ? scene.rules.judgeAfter : -Infinity;
  const advanced: Advanced = { watched, form: formOf(condition), memory, limit, after, wasTrue: isSustained(condition, memory), conviction: null };
  switch (advanced.form.reads) {
    case 'points': advancePoints(advanced, advanced.form, scene); break;
    case 'events': advanceEvents(advanced, advanced.form, scene); break;
    case 'summary': break;
  }
  return advanced;
}

function advancePoints(advanced: Advanced, form: Extract<Form, { reads: 'points' }>, scene: Scene): void {
  const { watched, memory, after } = advanced;
  const evidence = scene.evidence.get(form.metric);
  if (evidence === undefined) return;
  // evidence speaks for at most its allowed age: across a longer gap nobody knows what was
  const longestGapMs = Math.max(scene.rules.blindAfterMs, evidence.traits.maxAgeMs) + gapToleranceMs;
  const from = Math.max(after, memory.lastAt ?? -Infinity);
  const valueAtBefore = memory.lastValueAt;
  const newest = evidence.readings.at(-1);
  for (const reading of evidence.readings) {
    if (reading.at <= from) continue;
    if (reading !== newest && !judgesEachInstant(watched)) {
      takeIn(memory, watched.condition, reading, form.overMs);
      memory.lastAt = reading.at;
      continue;
    }
    const taken = takeIn(memory, watched.condition, reading, form.overMs);
    const found = taken === 'value' ? pointValue(advanced, form, scene) : null;
    takeTruth(advanced, { at: reading.at, truth: taken === 'value' ? truthOf(advanced, found) : taken, found, longestGapMs });
  }
  if (memory.lastValueAt !== valueAtBefore && memory.lastValueAt === memory.lastAt) countLook(advanced, pointValue(advanced, form, scene));
}

/** A gate without a length asks how it is now; what was true in between is no business of its, and judging each instant costs. */
function judgesEachInstant({ role, condition }: WatchedCondition): boolean {
  return role === 'trigger' || (condition.kind === 'compare' && condition.forMs > 0);
}

/** A look's own jitter is no gap. */
export const gapToleranceMs: Ms = 50;

export function pointValue(advanced: Advanced, form: Extract<Form, { reads: 'points' }>, scene: Scene): Found | null {
  return valueOfPoints(advanced.watched.condition, advanced.memory, { overMs: form.overMs, alerts: scene.alerts[form.metric], after: advanced.after });
}

/** Events are always known; a count changes at their instants, so each is judged, and the look itself. */
function advanceEvents(advanced: Advanced, form: Extract<Form, { reads: 'events' }>, scene: Scene): void {
  const { memory, after } = advanced;
  const { asOf } = scene;
  const from = memory.lastAt;
  if (from !== null && asOf <= from) return;
  const instants = eventsNamed(scene.look.events, form.event).map((event) => event.at);
  const seenBefore = memory.counter?.last ?? 0;
  const late = from !== null && instants.filter((at) => at <= from).length > seenBefore;
  for (const at of new Set(instants)) {
    if (at <= after || at >= asOf) continue;
    const found = eventCount(advanced, form, scene, at);
    if (from === null || at > from) takeTruth(advanced, { at, truth: truthOf(advanced, found), found, longestGapMs: Infinity });
    // reported late: the count it makes may convict, but it cannot rewrite how long something has been so
    else if (late && isPlain(advanced) && truthOf(advanced, found) === 'true' && !advanced.wasTrue) convict(advanced, at, found);
  }
  const found = eventCount(advanced, form, scene, asOf);
  takeTruth(advanced, { at: asOf, truth: truthOf(advanced, found), found, longestGapMs: Infinity });
  memory.lastValue = found?.value ?? null;
  memory.lastValueAt = asOf;
  memory.counter = { last: instants.filter((at) => at <= asOf).length, grown: 0, since: asOf };
  countLook(advanced, found);
}

/** How many were reported in the condition's window as of `at`; null when the window has no begin that we know. */
export function eventCount(advanced: Advanced, form: Extract<Form, { reads: 'events' }>, scene: Scene, at: EpochMs): Found | null {
  const { before, rules } = scene;
  const since = ((): EpochMs | null => {
    switch (form.window?.kind) {
      case undefined: return before.phaseSince ?? rules.movedAt ?? -Infinity;
      case 'duration': return at - form.window.ms;
      case 'soak': return before.soakSince ?? -Infinity;
      case 'rollout': return rules.movedAt ?? -Infinity;
      case 'period': return null;
    }
  })();
  if (since === null) return null;
  const start = Math.max(since, advanced.after);
  const isLook = at === scene.asOf;
  // an event that was reported has happened, whatever its reporter's clock says: at the look itself all count
  const count = scene.look.events.filter((event) => event.event === form.event && event.at > start && (isLook || event.at <= at)).length;
  return { value: count, n: count, stretch: null };
}

function eventsNamed(events: readonly ReportedEvent[], name: string): ReportedEvent[] {
  return events.filter((event) => event.event === name).sort((one, other) => one.at - other.at);
}

/** Judges a condition over a soak, the rollout or a period: one value a look. */
export function advanceSummary(advanced: Advanced, scene: Scene, summaries: Summaries, known: boolean): Found | null {
  const { form, memory, watched } = advanced;
  if (form.reads !== 'summary') return null;
  const found = valueOfSummary(watched.condition, form, summaries);
  if (memory.lastAt === null || scene.asOf > memory.lastAt) {
    takeTruth(advanced, { at: scene.asOf, truth: known ? truthOf(advanced, found) : 'unknown', found, longestGapMs: scene.rules.blindAfterMs + gapToleranceMs });
    if (known && found !== null) countLook(advanced, found);
  }
  return found;
}

/** Whether the comparison (without `for` and `of looks`) or the trend is true of what was found. */
export function truthOf(advanced: Pick<Advanced, 'watched' | 'limit'>, found: Found | null): Truth {
  const { condition } = advanced.watched;
  if (found === null) return 'unknown';
  if (condition.kind === 'trend') return found.stretch === null ? 'unknown' : judgeTrend(found.stretch, condition.direction, condition.better);
  if (advanced.limit === null) return 'unknown';
  return holds(condition.op, found.value, advanced.limit) ? 'true' : 'false';
}

function takeTruth(advanced: Advanced, instant: { readonly at: EpochMs; readonly truth: Truth | 'idle'; readonly found: Found | null; readonly longestGapMs: Ms }): void {
  const { watched: { condition }, memory } = advanced;
  const trueBefore = isSustained(condition, memory);
  takeInTruth(memory, instant.at, instant.truth, instant.longestGapMs);
  if (!trueBefore && isSustained(condition, memory)) convict(advanced, instant.at, instant.found);
}

function convict(advanced: Advanced, at: EpochMs, found: Found | null): void {
  advanced.wasTrue = true;
  advanced.conviction ??= { at, found, trueForMs: trueForMs(advanced.memory) };
}

/** `m of n looks`: one entry a look that brought a value. */
function countLook(advanced: Advanced, found: Found | null): void {
  const { watched: { condition }, memory } = advanced;
  if (condition.kind === 'trend' || condition.ofLooks === null) return;
  const truth = truthOf(advanced, found);
  if (truth === 'unknown') return;
  const trueBefore = isSustained(condition, memory);
  memory.looks = [...memory.looks, truth === 'true' ? 1 as const : 0 as const].slice(-condition.ofLooks.n);
  if (!trueBefore && isSustained(condition, memory)) convict(advanced, memory.lastAt ?? 0, found);
}

function isPlain({ watched: { condition } }: Advanced): boolean { return condition.kind === 'compare' && condition.forMs === 0 && condition.ofLooks === null; }

