// One look: evidence goes in, verdicts and the next memory come out. Pure, and the memory is plain JSON, so a look may be made anywhere
// and its memory carried on anywhere else. Top to bottom: evidence → conditions → clean time → verdicts → pace.
import type { EpochMs, Verdict } from './types.js';
import type { AlertMemory, GateOutcome, LatestReading, Look, LookResult, RunningSummary, WatchMemory, WatchRules } from './look-types.js';
import { advance, advanceSummary, type Advanced, type Scene } from './advance.js';
import { takeInAlerts } from './alerts.js';
import { assess, standingFor, type Assessment } from './assess.js';
import { isIssue, isSeen, judgeInterval, standingOfLook, type Interval, type LookStanding } from './clean.js';
import { lastNumberOf, readEvidence } from './evidence.js';
import { gateOf, verdictOf } from './gate.js';
import { emptyMemory } from './memory.js';
import { judgementOf } from './message.js';
import { comeBackIn, pendingBreaches } from './pace.js';
import type { Summaries } from './subject.js';
import { addToSummary, growth, type SummaryDraft } from './summary.js';
import { isSustained } from './sustain.js';
import { afterLook } from './unwatched.js';

/** At this many undelivered changes the watch returns and hands them over. */
export const changesKept = 64;
/** So many looks at least must be unknown before it becomes a hold. */
export const unknownLooksBeforeHold = 3;

export function look(memory: WatchMemory | null, rules: WatchRules, evidence: Look): LookResult {
  const before = memory ?? emptyMemory();
  // no clock makes time go back: a lower instant is the last one again
  const asOf = before.asOf === null ? evidence.asOf : Math.max(before.asOf, evidence.asOf);
  const scene = sceneOf(before, rules, evidence, asOf);

  const conditions = rules.conditions.map((watched) => advance(watched, scene));
  const standing = standingOfLook(conditions, scene);
  const issue = before.open.length > 0 || conditions.some((one) => isIssue(one) && one.wasTrue);
  const interval = judgeInterval(conditions, scene, { standing, issue });
  const summaries = summariesAfter(scene, interval);
  const summaryValues = conditions.map((one) => advanceSummary(one, scene, summaries, standingFor(one, scene) === 'value'));

  const open = conditions.filter((one) => isIssue(one) && isTrueNow(one)).map(({ watched }) => watched.id);
  const restarts = rules.soak?.onIssue === 'restart' && issue && open.length === 0;
  const cleanAddedMs = rules.soak !== null && interval.uncleanBecause === null ? interval.lengthMs : 0;
  const cleanMs = restarts ? 0 : before.cleanMs + cleanAddedMs;

  const judged = conditions.flatMap((one, index) => (one.watched.judged ? [{ one, assessment: assess(one, scene, summaries, summaryValues[index]!) }] : []));
  const verdicts = judged.map(({ one, assessment }) => verdictOf(one.watched, judgementOf(one, scene, assessment), asOf));
  const fired = judged.filter(({ one }) => one.watched.role === 'trigger' && one.conviction !== null).map(({ one, assessment }) => conviction(one, scene, assessment));
  const unknown = unknownAfter(before, rules, standing, asOf);
  const unwatched = rules.unwatchedAfterMs === undefined || before.unbroken == null ? null : afterLook(before.unbroken, asOf, unseenInvariants(conditions, verdicts, scene), rules.unwatchedAfterMs);
  const soaked = rules.soak !== null && cleanMs >= rules.soak.neededMs && standing === 'valid' && open.length === 0;

  return {
    memory: {
      version: 1, asOf, valid: standing === 'valid', ...unknown.memory, cleanMs, restarts: before.restarts + (restarts ? 1 : 0), looks: before.looks + 1, open,
      conditions: Object.fromEntries(conditions.map((one) => [one.watched.id, one.memory])),
      soak: restarts ? {} : summaries.soak, rollout: summaries.rollout,
      verdicts: Object.fromEntries(verdicts.map((verdict) => [verdict.id, verdict])),
      latest: latestOf(scene), changes: [...before.changes.slice(-changesKept), ...changesOf(before, verdicts)],
      suspended: rules.suspended, soakLooks: before.soakLooks + 1, phaseSince: before.phaseSince, soakSince: restarts ? asOf : before.soakSince, alerts: scene.alerts, unbroken: unwatched?.unbroken ?? before.unbroken ?? null,
    },
    verdicts, fired,
    cleared: clearedAt(conditions, before),
    blindBreaches: verdicts.filter((_, index) => becameBlind(judged[index]!.one, scene)),
    unknownTooLong: unknown.tooLong,
    cleanAddedMs, uncleanBecause: interval.uncleanBecause, soaked, unwatched: unwatched?.tell ?? null,
    gates: { enter: outcomeOf('enter'), leave: outcomeOf('leave'), invariant: outcomeOf('invariant') },
    comeBackInMs: comeBackIn(rules, {
      // once people have been told, asking four times as often helps nobody
      unknown: standing === 'unknown' && !unknown.tooLong,
      breaches: pendingBreaches(conditions, scene),
      remainingMs: rules.soak !== null && !soaked && standing === 'valid' && open.length === 0 && !rules.suspended && cleanMs < rules.soak.neededMs ? rules.soak.neededMs - cleanMs : null,
    }),
  };

  function outcomeOf(role: 'enter' | 'leave' | 'invariant'): GateOutcome {
    return gateOf(verdicts.filter((_, index) => judged[index]!.one.watched.role === role));
  }
}

function sceneOf(before: WatchMemory, rules: WatchRules, evidence: Look, asOf: EpochMs): Scene {
  const metrics = readEvidence(before, rules, evidence, asOf);
  const alerts: Record<string, AlertMemory> = { ...before.alerts };
  for (const [name, one] of metrics) {
    const taken = name.startsWith('alerts(') ? takeInAlerts(before.alerts[name], one) : undefined;
    if (taken !== undefined) alerts[name] = taken;
  }
  return { before, rules, look: evidence, asOf, evidence: metrics, alerts };
}

/** The soak's summaries take in clean intervals only, the rollout's everything after the first write. */
function summariesAfter({ before, rules, evidence }: Scene, interval: Interval): Summaries {
  const soak: Record<string, RunningSummary> = { ...before.soak };
  const rollout: Record<string, RunningSummary> = { ...before.rollout };
  const soakFrom = rules.soak !== null && interval.uncleanBecause === null ? before.soakSince ?? -Infinity : Infinity;
  const rolloutFrom = rules.movedAt ?? Infinity;
  for (const [name, { news }] of evidence) {
    let last = lastNumberOf(before.latest[name]);
    let overSoak = draftOf(soak[name]);
    let overRollout = draftOf(rollout[name]);
    for (const reading of news) {
      if (reading.kind !== 'value') continue;
      const entry = { at: reading.at, value: reading.value, observations: reading.observations, grown: growth(last, reading.value) };
      last = reading.value;
      if (reading.at > soakFrom) overSoak = addToSummary(overSoak, entry);
      if (reading.at > rolloutFrom) overRollout = addToSummary(overRollout, entry);
    }
    if (overSoak !== undefined) soak[name] = overSoak;
    if (overRollout !== undefined) rollout[name] = overRollout;
  }
  return { soak, rollout, references: rules.references };
}

function draftOf(summary: RunningSummary | undefined): SummaryDraft | undefined { return summary === undefined ? undefined : { ...summary }; }

function isTrueNow({ watched: { condition }, memory }: Advanced): boolean { return isSustained(condition, memory); }

/** The verdict as of the instant that convicts, which may lie between two looks. */
function conviction(one: Advanced, scene: Scene, atLook: Assessment): Verdict {
  const { at, found, trueForMs } = one.conviction!;
  const assessment: Assessment = { ...atLook, truth: 'true', reason: 'held', found, newestAt: at, ageMs: scene.asOf - at, detail: '', observations: found?.n ?? 0 };
  const then = { ...one, memory: { ...one.memory, trueSince: at - trueForMs, trueAt: at } };
  return verdictOf(one.watched, judgementOf(then, scene, assessment), scene.asOf);
}

/** Triggers that were true, at the look before or since, and are no longer; those that left the rules too. */
function clearedAt(conditions: readonly Advanced[], before: WatchMemory): string[] {
  const known = new Set(conditions.map(({ watched }) => watched.id));
  const ended = conditions.filter((one) => one.watched.role === 'trigger' && one.wasTrue && !isTrueNow(one)).map(({ watched }) => watched.id);
  return [...ended, ...before.open.filter((id) => !known.has(id))];
}

/** A breach whose evidence has been unknown for the trigger's own `for` at this look, and had not been at the look before. */
function becameBlind({ watched: { role, condition }, form, memory }: Advanced, { evidence, rules, asOf, before }: Scene): boolean {
  if (role !== 'trigger' || form.reads === 'events' || memory.trueSince === null) return false;
  const metric = evidence.get(form.metric);
  const staleSince = metric?.standing === 'stale' && metric.latest !== null ? metric.latest.at + metric.traits.maxAgeMs : null;
  const since = memory.unknownSince ?? staleSince;
  const limitMs = condition.kind === 'compare' && condition.forMs > 0 ? condition.forMs : rules.unknownForMs;
  const reached = (instant: EpochMs | null): boolean => since !== null && instant !== null && instant - since >= limitMs;
  return reached(asOf) && !reached(before.asOf);
}

function unknownAfter(before: WatchMemory, rules: WatchRules, standing: LookStanding, asOf: EpochMs): { readonly memory: Pick<WatchMemory, 'unknownSince' | 'unknownLooks'>; readonly tooLong: boolean } {
  if (standing !== 'unknown') return { memory: { unknownSince: null, unknownLooks: 0 }, tooLong: false };
  const unknownSince = before.unknownSince ?? asOf;
  const unknownLooks = before.unknownLooks + 1;
  return { memory: { unknownSince, unknownLooks }, tooLong: unknownLooks >= unknownLooksBeforeHold && asOf - unknownSince >= rules.unknownForMs };
}

/** Invariants that this look could not see, each with the reason. */
function unseenInvariants(conditions: readonly Advanced[], verdicts: readonly Verdict[], scene: Scene): string[] {
  return conditions.filter((one) => one.watched.role === 'invariant' && !isSeen(one, scene)).map(({ watched }) => verdicts.find(({ id }) => id === watched.id)?.message ?? watched.condition.text);
}

/** A verdict is a change when its word differs from the look before; one seen for the first time when it is not a pass. */
function changesOf(before: WatchMemory, verdicts: readonly Verdict[]): Verdict[] {
  return verdicts.filter((verdict) => (before.verdicts[verdict.id]?.verdict ?? 'pass') !== verdict.verdict);
}

function latestOf({ before, evidence }: Scene): Record<string, LatestReading> {
  const latest: Record<string, LatestReading> = { ...before.latest };
  for (const [name, one] of evidence) if (one.latest !== null) latest[name] = one.latest;
  return latest;
}

