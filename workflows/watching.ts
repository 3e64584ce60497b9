// The watch beside the story: from preparation to the end one is pending in every state. It is set up anew whenever its rules change; its
// memory is taken over first, so that no command loses what was seen. What a watch reports is turned into issues, holds and demands here.
import { CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import { interruptSoak, restartSoak, startSoak, unbrokenFrom, unpackMemory, type PackedMemory, type WatchMemory } from '../src/judgement/index.js';
import type { Severity, Verdict } from '../src/judgement/types.js';
import type { RollbackTo, TargetValue, Trigger } from '../src/plan/types.js';
import type { WatchReport } from '../activities/types.js';
import { deciders, inWords, openAsk } from './asks.js';
import { taker, watcher } from './options.js';
import { startFollowUps } from './follow-ups.js';
import { alertLines, openIncident } from './incidents.js';
import { isEventTrigger, triggersInForce, watchInput } from './rules.js';
import { besideTheStory, type Matter, type Run } from './run.js';
import { isBaking, soakIsWatched, stageDue } from './soaks.js';
import { standing, type GoingBack } from './state.js';
import { tellUnwatched } from './unwatched.js';

/** The story takes a demand up in the same workflow task, wherever it waits; where it cannot be interrupted, looking goes on all the same. */
const obeyedWithinMs = 1_000;

export async function keepWatch(run: Run): Promise<void> {
  const { state } = run;
  while (!run.over && !run.leaving) {
    const rewatch = run.rewatch;
    if (state.restartSoak !== null && state.memory !== null) {
      state.memory = { begins: startSoak, anew: restartSoak, interrupted: interruptSoak }[state.restartSoak](state.memory, run.now());
      state.restartSoak = null;
      state.soaked = false;
    }
    const asked = run.lookAsked;
    if (run.plan.invariantWatch !== null) state.unbroken ??= unbrokenFrom(state.watches === 0 ? state.startedAt : run.now());
    const input = watchInput(run);
    const activityId = `watch/${++state.watches}`;
    let report: WatchReport | null = null;
    let failure: unknown = null;
    const setUpAt = workflowInfo().historyLength;
    const scope = new CancellationScope();
    const done = scope.run(() => watcher(activityId, input.rules.cadenceMs, summary(run, input.rules.cadenceMs)).watch(input)).then((value) => { report = value; }, (error: unknown) => { failure = error; });

    await condition(() => report !== null || failure !== null || run.rewatch !== rewatch || run.over || run.leaving);
    if (report === null && failure === null) {
      // Overtaken in the very task that set it up, it was never sent: there is nothing to take over.
      const sent = !run.since020 || workflowInfo().historyLength !== setUpAt;
      const memory = run.over || !sent ? null : await taker.takeOver({ workflowId: workflowInfo().workflowId, activityId, cadenceMs: input.rules.cadenceMs }).catch(() => null);
      if (report === null && failure === null) {
        if (memory !== null) remember(run, memory);
        scope.cancel();
      }
      await done;
    }
    // What a look says after the end is no part of the record.
    if (report !== null && !(run.since020 && run.over)) {
      const upToDate = run.rewatch === rewatch;
      absorb(run, report, upToDate);
      // A look that was overtaken by a command judged what was in force before: whoever asked for one waits for the next.
      if (input.lookNow && upToDate) run.lookSeen = asked;
      // What is demanded goes out before the next look is set up: an undo must not queue behind it.
      if (state.demand !== null) await condition(() => state.demand === null || run.over || run.leaving, obeyedWithinMs);
    }
    else if (failure !== null && !isCancellation(failure)) {
      // A watch that fails for good is a bug or a deleted activity; the rollout must not go on unseen.
      run.holdAndTell('unknown', `the watch ended without a report: ${String((failure as Error).message)}`, 'critical');
      await condition(() => run.over || run.leaving, 10_000);
    }
  }
}

const summary = (run: Run, cadenceMs: number): string => `watching ${run.phaseName ?? 'the preparation'} every ${inWords(cadenceMs)}`;

/** The watch's memory moves on; looks are counted by how far it has moved. */
function remember(run: Run, packed: PackedMemory): void {
  const memory = unpackMemory(packed);
  run.state.evaluations += Math.max(0, memory.looks - (run.state.memory?.looks ?? 0));
  run.state.memory = memory;
  if (memory.unbroken != null) run.state.unbroken = memory.unbroken;
  const soaking = isBaking(run.state) ? run.state.baking : run.record?.movedAt != null && run.state.restartSoak === null ? run.record : null;
  if (soaking !== null && run.state.step !== 'rolling-back') { soaking.cleanMs = memory.cleanMs; soaking.restarts = memory.restarts; }
}

/**
 * What a report means. Order matters: a conviction is acted on before anything is told.
 * @param upToDate whether it judged what is in force now: a report on an older step says nothing about the gate of this one
 */
function absorb(run: Run, report: WatchReport, upToDate: boolean): void {
  const { state } = run;
  const soaking = soakIsWatched(state);
  remember(run, report.memory);
  state.verdicts = [...report.verdicts];
  run.reports++;

  if (report.offline !== null) {
    run.demand({ kind: 'adopt-offline', reason: report.offline.reason, by: report.offline.actor, at: run.now() });
    return;
  }
  if (report.unwatched !== undefined) tellUnwatched(run, report.unwatched, deciders(run));
  if (lookedAfterTheEnd(run)) {
    if (report.gates.invariant !== state.invariant) invariantChanged(run, report);
    return;
  }
  for (const verdict of report.fired) fire(run, verdict);
  for (const id of report.cleared) clear(run, id);
  for (const verdict of report.changes) run.note('verdict', verdict.message, { id: verdict.id, verdict: verdict.verdict, reason: verdict.reason, value: verdict.value, limit: verdict.limit, samples: verdict.samples, asOf: verdict.asOf });
  for (const verdict of report.blindBreaches) askRollback(run, verdict.id, `${verdict.message}: it was breached when the evidence went missing`, 15 * 60_000, 'rollback');
  if (report.gates.invariant !== state.invariant) invariantChanged(run, report);
  if (upToDate) state.gate = state.step === 'gate' || state.step === 'rolling-back' || stageDue(state) !== null ? report.gates.enter : null;
  if (upToDate && soaking) {
    state.soaked = report.soaked;
    state.leave = report.gates.leave;
  }
  unknownOrKnown(run, report);
  for (const found of report.drift.filter((one) => isDrift(run, one))) {
    run.note('drift', `${found.target} stands at ${found.found}, not at ${found.expected} where we put it`, { ...found });
    const id = askAboutDrift(run, found.target, found.expected, found.found);
    run.note('decision', `drift of ${found.target} is decided by ask ${id}`, { ask: id });
  }
  if (state.memory !== null && (report.why.includes('window') || report.why.includes('soaked'))) summarised(run, state.memory);
  if (report.why.includes('window') && run.shouldLeave && run.mayLeave && run.incidentSteps === 0) run.leaving = true;
}

function summarised(run: Run, { looks, cleanMs, restarts, latest }: WatchMemory): void {
  run.note('watch-summary', `${run.phaseName ?? 'preparation'}: ${looks} looks so far, ${inWords(cleanMs)} clean, ${restarts} restarts`, { looks, cleanMs, restarts, latest: Object.fromEntries(Object.entries(latest).map(([metric, one]) => [metric, one.value])) });
}

/** Not our own write seen by a watch that was set up before it, and not known already. */
function isDrift(run: Run, found: WatchReport['drift'][number]): boolean {
  const ours = run.state.moves.some((move) => move.target === found.target && (move.state === 'writing' || move.state === 'failed'));
  return !ours && !(found.target in run.state.drift) && run.state.step !== 'rolling-back' && standing(run.state, found.target) === found.expected;
}

/** Holds, and asks what becomes of it; a value over the target's cap is never adopted. What is answered is obeyed by `keepDrift` (moving.ts). */
export function askAboutDrift(run: Run, target: string, expected: TargetValue, found: TargetValue): string {
  const { cap } = run.target(target);
  const overCap = run.since020 && cap !== null && typeof found === 'number' && found > cap;
  run.state.drift[target] = found;
  run.holdAndTell('drift', `${target} was changed by somebody else: ${found} instead of ${expected}`, 'critical');
  return openAsk(run, { ask: `${run.phaseName ?? 'rollout'}/drift/${target}`, kind: 'drift', question: `${target} was changed by somebody else (${found} instead of ${expected}). Adopt it, restore ours, or roll back?`, from: deciders(run), options: overCap ? ['restore', 'rollback'] : ['adopt', 'restore', 'rollback'], healthy: 'restore', withinMs: null, otherwise: 'hold' });
}

function fire(run: Run, verdict: Verdict): void {
  const trigger = triggersInForce(run.state).find((one) => one.id === verdict.id);
  if (trigger !== undefined) react(run, trigger, verdict.message);
}

/** A trigger fired: by a look, or by a reported event (commands.ts). */
export function react(run: Run, trigger: Trigger, message: string): void {
  const { state } = run;
  const { reaction } = trigger;
  const before = state.firstMoveAt === null;
  let matter: string | undefined;
  const rollsBack = reaction.kind === 'rollback' && !before;
  if (rollsBack) run.demand({ kind: 'rollback', to: reaction.to, reason: message, by: 'tidegate', automatic: true, at: run.now() });
  if (trigger.severity !== 'info') {
    const issue = { id: `issue-${state.issues.length + 1}`, trigger: trigger.id, severity: trigger.severity, text: message, openedAt: run.now(), endedAt: null, rolledBack: rollsBack };
    state.issues = [...state.issues, issue];
    matter = matterOf(issue).matter;
    run.note('issue', `${trigger.severity}: ${message}`, { trigger: trigger.id, reaction: reaction.kind });
    if (state.step === 'gate' || state.step === 'waiting') run.state.gate = null;
    if (!before) startFollowUps(run, run.plan.followUps.filter((one) => one.on === trigger.severity), { about: trigger.id, reason: message });
  }
  // An event is over at once: a person says when what it stands for is.
  const incident = before ? null : openIncident(run, { severity: trigger.severity, text: message, about: trigger.id, issue: isEventTrigger(trigger) ? null : state.issues.at(-1)?.id ?? null, by: null });
  run.tell(trigger.severity, 'issue-opened', `${run.state.rollout}: ${message}`, [reactionInWords(reaction.kind, before), trigger.mitigation, ...(incident === null ? [] : alertLines(incident))].filter((line) => line !== '').join('\n'), { to: [...new Set([...trigger.tell, ...(incident?.tell ?? [])])], ...(matter === undefined ? {} : { matter }) });
  if (before) return;
  switch (reaction.kind) {
    case 'tell': case 'rollback': break;
    case 'watch-more': run.rewatch++; break;
    case 'hold': run.hold('trigger', message); break;
    case 'ask': askRollback(run, trigger.id, message, reaction.deadlineMs, reaction.otherwise, reaction.to); break;
  }
}

const reactionInWords = (kind: Trigger['reaction']['kind'], before: boolean): string => (before ? 'nothing has been moved yet; it is only told' : ({ tell: '', 'watch-more': 'looking more often', hold: 'held until it is clear', ask: 'somebody is asked whether to roll back', rollback: 'rolling back now' } as const)[kind]);

function clear(run: Run, id: string): void {
  const open = run.state.issues.filter((issue) => issue.trigger === id && issue.endedAt === null);
  if (open.length === 0) return;
  endIssues(run, (issue) => issue.trigger === id);
  const trigger = triggersInForce(run.state).find((one) => one.id === id);
  if (trigger !== undefined && trigger.severity !== 'info') run.tell('info', 'issue-ended', `${run.state.rollout}: over: ${trigger.condition.text}`, `lasted ${inWords(run.now() - open[0]!.openedAt)}`, { ends: open.map(matterOf) });
  const stillHolding = run.state.issues.some((issue) => issue.endedAt === null && triggersInForce(run.state).some((one) => one.id === issue.trigger && one.reaction.kind === 'hold'));
  if (!stillHolding) run.unhold('trigger', 'the trigger is clear');
  run.rewatch++;
}

/** Of this rollout and no other that had its id: an alarm on one may still stand. */
const matterOf = (issue: Run['state']['issues'][number]): Matter => ({ matter: `${issue.id}@${issue.openedAt}`, severity: issue.severity as Severity });
/** What is over when a rollout has ended well, or has been taken back; of a long history the latest. */
export const mattersOf = (run: Run): Matter[] => [...run.state.issues.slice(-20).map(matterOf), ...(run.state.rollback === null ? [] : [{ matter: rollbackMatter(run.state.rollback.decidedAt), severity: 'critical' as const }])];
export const rollbackMatter = (decidedAt: number): string => `rollback@${decidedAt}`;

export function endIssues(run: Run, which: (issue: Run['state']['issues'][number]) => boolean): void {
  for (const issue of run.state.issues) if (issue.endedAt === null && which(issue)) run.note('issue', `over: ${issue.text}`, { issue: issue.id, lastedMs: run.now() - issue.openedAt });
  run.state.issues = run.state.issues.map((issue) => (issue.endedAt === null && which(issue) ? { ...issue, endedAt: run.now() } : issue));
}

/** A controlled rollback is asked for, with a deadline; nobody answering rolls back unless the plan says otherwise. */
export function askRollback(run: Run, about: string, reason: string, deadlineMs: number, otherwise: 'rollback' | 'hold', to: RollbackTo = { kind: 'start' }): void {
  const open = Object.values(run.state.asks).find((ask) => ask.kind === 'rollback' && ask.state === 'open');
  if (open !== undefined) { run.note('decision', `another reason for the open question whether to roll back: ${reason}`, { ask: open.ask, about }); return; }
  const id = openAsk(run, { ask: `${run.phaseName ?? 'rollout'}/rollback`, kind: 'rollback', question: `Roll back? ${reason}`, from: deciders(run), options: ['rollback', 'continue'], healthy: 'continue', withinMs: deadlineMs, otherwise, back: { to, reason } });
  void besideTheStory(decide(run, id, { to, reason }));
}

async function decide(run: Run, id: string, back: GoingBack): Promise<void> {
  await run.beside(() => run.state.asks[id]!.state !== 'open');
  const ask = run.state.asks[id]!;
  if (ask.state === 'void') return;
  if (ask.result === 'rollback') run.demand({ kind: 'rollback', ...back, by: ask.answers.at(-1)?.by ?? 'tidegate (nobody answered)', automatic: ask.answers.length === 0, at: run.now() });
  else if (ask.state === 'expired') run.hold('unanswered', `nobody answered: ${ask.question}`);
}

/** Open rollback questions have their coroutine again after continue-as-new. */
export function resumeDecisions(run: Run): void {
  for (const ask of Object.values(run.state.asks)) if (ask.kind === 'rollback' && ask.state === 'open') void besideTheStory(decide(run, ask.ask, ask.back ?? { to: { kind: 'start' }, reason: ask.question }));
}

/** After the end only the invariants are still looked at, once (unwatched.ts). */
const lookedAfterTheEnd = ({ state }: Run): boolean => state.outcome !== null && state.unbroken !== undefined;

function invariantChanged(run: Run, report: WatchReport): void {
  const { state } = run;
  const was = state.invariant;
  state.invariant = report.gates.invariant;
  if (report.gates.invariant !== 'fail') {
    if (was === 'fail') run.note('invariant', 'all invariants hold again');
    return;
  }
  const broken = report.verdicts.filter((verdict) => verdict.verdict === 'fail' && run.plan.invariants.some((one) => one.id === verdict.id)).map((verdict) => verdict.message).join('; ');
  run.note('invariant', `an invariant is broken: ${broken}`);
  run.tell('emergency', 'invariant-broken', `${state.rollout}: what must never break is broken: ${broken}`, '', { to: deciders(run) });
  if (state.firstMoveAt !== null && state.step !== 'rolling-back' && !lookedAfterTheEnd(run)) run.demand({ kind: 'rollback', to: { kind: 'start' }, reason: `an invariant is broken: ${broken}`, by: 'tidegate', automatic: true, at: run.now() });
}

function unknownOrKnown(run: Run, report: WatchReport): void {
  if (report.why.includes('unknown') && run.state.step !== 'rolling-back') {
    const missing = report.verdicts.filter((verdict) => verdict.verdict === 'inconclusive').map((verdict) => verdict.message);
    const message = `no sound evidence: ${missing.slice(0, 3).join('; ')}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}`;
    if (run.hold('unknown', message)) {
      run.tellHold('unknown', 'warning', [run.plan.owner], 'It goes on by itself after one clean look. Unknown is not healthy: this time does not count.');
      void besideTheStory(escalateUnknown(run));
    }
  } else if (!report.unknown) run.unhold('unknown', 'the evidence is back');
}

/** Blind for an hour: the escalation path hears of it. */
async function escalateUnknown(run: Run): Promise<void> {
  const since = run.held('unknown')!.since;
  if (await run.beside(() => run.held('unknown')?.since !== since, since + 3_600_000)) return;
  run.tell('critical', 'still-unknown', `${run.state.rollout} has been without evidence for an hour: ${run.held('unknown')!.message}`, '', { to: deciders(run) });
}

/** A look at once, whatever the cadence; the story waits until it is in. @throws Interrupted, Leaving */
export async function lookNow(run: Run): Promise<void> {
  const asked = ++run.lookAsked;
  run.rewatch++;
  await run.until(() => run.lookSeen >= asked);
}
