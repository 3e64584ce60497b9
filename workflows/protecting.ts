// What is protected stays protected. Beside the story, from the first moment to the last and in every state (held, paused, moving, rolling back),
// each host's read-only targets are read at the pace of the watch. One that somebody changed is restored at once and told; whoever keeps changing
// it is not fought for ever: people are asked. How long nobody looked is measured. The reading is activities/guard.ts.
import { ActivityFailure, CancellationScope, TimeoutFailure, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import { longer, unbrokenFrom, type Unbroken, type Unwatched } from '../src/judgement/index.js';
import type { ResolvedPlan, ResolvedTarget, TargetValue } from '../src/plan/types.js';
import type { GuardHeartbeat, GuardReport, GuardStray } from '../activities/types.js';
import { deciders, inWords, openAsk, voidAsk } from './asks.js';
import { reportEvent } from './events.js';
import { reasonOf } from './failure.js';
import { guarder, restorer, taker } from './options.js';
import { paceOf } from './rules.js';
import type { Run } from './run.js';
import { isSoaking } from './soaks.js';
import { mustStandAt, type Protection } from './state.js';
import { tellUnwatched, unwatchedAfterMs } from './unwatched.js';
import { endIssues } from './watching.js';

/** So many restorations within so long are enough: then somebody else keeps changing it, and people decide. */
const restorations = 3;
const withinMs = 10 * 60_000;

const protectedOf = (plan: ResolvedPlan): readonly ResolvedTarget[] => plan.targets.filter((target) => target.protected !== null);
const hostOf = ({ on }: ResolvedTarget): string => on ?? '';
const hostsOf = (plan: ResolvedPlan): string[] => [...new Set(protectedOf(plan).map(hostOf))];

function protectionOf({ state }: Run): Protection {
  return (state.protection ??= { standsAt: {}, restored: {}, contested: {}, ordered: {}, unbroken: {}, guards: 0 });
}

/** Nothing is moved before it is known what must not be. @throws Interrupted, Leaving */
export async function untilProtected(run: Run): Promise<void> {
  const unknown = (): string[] => protectedOf(run.plan).filter((target) => mustStandAt(run.state, target) === null).map(({ id }) => id);
  if (unknown().length === 0 || (await run.until(() => unknown().length === 0, run.now() + 60_000))) return;
  run.holdAndTell('protected', `${unknown().join(', ')} cannot be read, so it is not known yet what must be kept; nothing is moved before`, 'critical', deciders(run));
  await run.until(() => unknown().length === 0);
  run.unhold('protected', 'it is known now what must be kept');
}

/** One guard a host, for as long as the rollout lives. */
export async function keepProtected(run: Run): Promise<void> {
  const guards = new Map<string, Promise<void>>();
  const isOver = (): boolean => run.over || run.leaving || run.unguarded;
  for (;;) {
    for (const host of hostsOf(run.plan)) if (!guards.has(host)) guards.set(host, keepGuard(run, host, isOver));
    await condition(() => isOver() || hostsOf(run.plan).some((host) => !guards.has(host)));
    if (!isOver()) continue;
    await Promise.all(guards.values());
    return;
  }
}

async function keepGuard(run: Run, host: string, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const protection = protectionOf(run);
    endAnswered(run);
    const targets = protectedOf(run.plan).filter((target) => hostOf(target) === host);
    const { everyMs, afterMs } = paceNow(run);
    const reguard = run.reguard;
    run.guardsSaid.set(host, reguard);
    const activityId = `guard/${++protection.guards}`;
    const known = (protection.unbroken[host] ??= unbrokenFrom(run.now()));
    const input = {
      rollout: run.state.rollout, everyMs, unwatchedAfterMs: afterMs, unbroken: known,
      targets: targets.map((target) => ({ target, expected: mustStandAt(run.state, target), contested: protection.contested[target.id]?.found ?? null })),
    };
    let report: GuardReport | null = null;
    let failure: unknown = null;
    const setUpAt = workflowInfo().historyLength;
    const scope = new CancellationScope();
    const done = scope.run(() => guarder(activityId, everyMs, targets[0]!.on, `guarding ${targets.map(({ id }) => id).join(', ')} every ${inWords(everyMs)}`).guard(input)).then((value) => { report = value; }, (error: unknown) => { failure = error; });
    await condition(() => report !== null || failure !== null || run.reguard !== reguard || paceNow(run).everyMs !== everyMs || isAnswered(run) || isOver());
    if (report === null && failure === null) {
      const sent = workflowInfo().historyLength !== setUpAt;
      const memory = sent ? await taker.takeOver({ workflowId: workflowInfo().workflowId, activityId, cadenceMs: everyMs }).catch(() => null) as unknown as Unbroken | null : null;
      if (report === null && failure === null) {
        if (memory !== null) protection.unbroken[host] = memory;
        scope.cancel();
      }
      await done;
    }
    if (report !== null) await absorb(run, host, report, everyMs, isOver);
    else if (failure !== null && !isCancellation(failure)) await unanswered(run, host, targets, failure, afterMs, isOver);
  }
}

const paceNow = (run: Run): { readonly everyMs: number; readonly afterMs: number } => {
  const everyMs = paceOf(run, false).cadenceMs;
  return { everyMs, afterMs: unwatchedAfterMs(run.plan, everyMs) };
};

async function absorb(run: Run, host: string, report: GuardReport, everyMs: number, isOver: () => boolean): Promise<void> {
  const protection = protectionOf(run);
  protection.unbroken[host] = report.unbroken;
  for (const { target, found, detail } of report.first) {
    protection.standsAt[target] = found;
    run.note('protected', `${target} stands at ${shown(run, target, found)} and must stay there: ${detail}`, { target, value: found });
  }
  const restored = await Promise.all(report.elsewhere.map((found) => putBack(run, found)));
  for (const { target } of report.back) isBack(run, target, 'it stands again where it must', 'somebody else');
  if (report.unwatched !== null) tellUnwatched(run, report.unwatched, deciders(run));
  // What could not be restored is tried again at the next look, not at once and for ever.
  if (restored.includes('failed')) await condition(isOver, everyMs);
}

const shown = (run: Run, target: string, value: TargetValue): string => `${value}${run.target(target).unit}`;
const issueOf = (target: string): string => `targets/${target}`;

async function putBack(run: Run, { target: id, found, detail, safer }: GuardStray): Promise<'restored' | 'failed' | 'asked'> {
  const { state } = run;
  const protection = protectionOf(run);
  const target = run.target(id);
  const value = mustStandAt(state, target)!;
  const since = run.now();
  const what = `${id} is protected and was changed by somebody else: ${shown(run, id, found)} instead of ${shown(run, id, value)}`;
  const recent = (protection.restored[id] ?? []).filter((at) => at > since - withinMs);
  // The plan may call a direction safer: what goes there is somebody's stop, which nothing automatic takes back.
  const stopped = safer && protection.ordered[id] === undefined;
  if (stopped || recent.length >= restorations) {
    opened(run, id, what, { found, expected: value, detail });
    contest(run, id, found, stopped ? `${what}. What was found exposes fewer people, so it is left there.` : `${what}, although it was restored ${recent.length} times within ${inWords(withinMs)}. It is left there.`);
    return 'asked';
  }
  // The restoration leaves in this very workflow task; what is written down and told comes behind it.
  protection.restored[id] = [...recent, since];
  const writing = restorer(target.writeTimeoutMs, target.on).restoreTarget({ rollout: state.rollout, target, value, key: `${state.rollout}/protected/${id}/${since}` });
  const again = opened(run, id, what, { found, expected: value, detail });
  try {
    const { readBack } = await writing;
    run.note('restored', `${id} is restored to ${shown(run, id, value)}: ${readBack}`, { target: id, found, value, readBack, tookMs: run.now() - since });
    run.tell('critical', 'protected-changed', `${state.rollout}: ${what}; it is restored`, `found at ${instant(since)}: ${detail}\nread back: ${readBack}`, { to: deciders(run) });
    isBack(run, id, 'it was restored', 'tidegate');
    return 'restored';
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    // Only what took effect is a restoration: a flag that cannot be written is tried at each look, however long it takes.
    protection.restored[id] = recent;
    const why = `${what}; it could NOT be restored: ${reasonOf(error)}`;
    run.note('restore-failed', why, { target: id, found, value });
    run.hold('protected', why);
    if (!again) run.tell('emergency', 'protected-not-restored', `${state.rollout}: ${why}`, `found at ${instant(since)}: ${detail}\nIt is tried again at each look. Restore it by hand.`, { to: deciders(run) });
    return 'failed';
  }
}

const instant = (at: number): string => new Date(at).toISOString();

/** It is an issue while it lasts: no gate opens, no time is clean. Answers whether it was one already. */
function opened(run: Run, id: string, text: string, detail: { readonly found: TargetValue; readonly expected: TargetValue; readonly detail: string }): boolean {
  const { state } = run;
  run.note('drift', text, { target: id, ...detail });
  if (state.issues.some((issue) => issue.trigger === issueOf(id) && issue.endedAt === null)) return true;
  state.issues = [...state.issues, { id: `issue-${state.issues.length + 1}`, trigger: issueOf(id), severity: 'critical', text, openedAt: run.now(), endedAt: null, rolledBack: false }];
  run.note('issue', `critical: ${text}`, { target: id });
  if (state.step === 'gate' || state.step === 'waiting') state.gate = null;
  const event = run.target(id).protected?.reports ?? null;
  if (event !== null && state.outcome === null) reportEvent(run, { event, by: 'tidegate', reason: text, eventId: `protected/${id}/${run.now()}` });
  return false;
}

function isBack(run: Run, id: string, why: string, by: string): void {
  const { state } = run;
  const { contested, ordered } = protectionOf(run);
  const asked = contested[id];
  if (asked !== undefined && state.asks[asked.ask]?.state === 'open') voidAsk(run, asked.ask, why);
  delete contested[id];
  delete ordered[id];
  endIssues(run, (issue) => issue.trigger === issueOf(id));
  const others = state.issues.some((issue) => issue.endedAt === null && protectedOf(run.plan).some((target) => issue.trigger === issueOf(target.id)));
  if (!others) run.unhold('protected', `${id}: ${why}`, by);
  if (!isSoaking(state)) return;
  const onIssue = state.step === 'baking' ? run.plan.baking?.onIssue : run.phase?.soak.onIssue;
  state.restartSoak ??= onIssue === 'restart' ? 'anew' : 'interrupted';
  run.rewatch++;
}

/** Nobody is fought for ever, and nothing is moved away from what is safer: people say how it goes on. */
function contest(run: Run, id: string, found: TargetValue, why: string): void {
  const { state } = run;
  const ask = openAsk(run, { ask: `${run.phaseName ?? 'rollout'}/protected/${id}`, kind: 'retry', question: `${why} Restore it, or roll everything back and restore it?`, from: deciders(run), options: ['restore', 'rollback'], healthy: 'restore', withinMs: null, otherwise: 'hold' });
  protectionOf(run).contested[id] = { found, ask };
  run.hold('protected', why);
  run.tell('emergency', 'protected-contested', `${state.rollout}: ${why}`, `ask ${ask}`, { to: deciders(run) });
}

const isAnswered = (run: Run): boolean => Object.values(protectionOf(run).contested).some(({ ask }) => run.state.asks[ask]?.state !== 'open');

/** A person has spoken (or a rollback has voided the question): it is restored again, and counted anew. */
function endAnswered(run: Run): void {
  const { contested, ordered, restored } = protectionOf(run);
  for (const [id, { ask: name }] of Object.entries(contested)) {
    const ask = run.state.asks[name];
    if (ask?.state === 'open') continue;
    delete contested[id];
    delete restored[id];
    const by = ask?.answers.at(-1)?.by ?? 'tidegate';
    if (ask?.state === 'settled') ordered[id] = by;
    if (ask?.result === 'rollback') run.demand({ kind: 'rollback', to: { kind: 'start' }, reason: `${id} is protected, and somebody else keeps changing it`, by, automatic: false, at: run.now() });
    run.reguard++;
  }
}

/** The host's worker takes nothing, or the guard itself is broken: how long already is measured here, where somebody still can. */
async function unanswered(run: Run, host: string, targets: readonly ResolvedTarget[], failure: unknown, afterMs: number, isOver: () => boolean): Promise<void> {
  const protection = protectionOf(run);
  // A timeout of the server brings the last look with it.
  const last = failure instanceof ActivityFailure && failure.cause instanceof TimeoutFailure ? (failure.cause.lastHeartbeatDetails as GuardHeartbeat | undefined)?.memory : undefined;
  const before = last ?? protection.unbroken[host]!;
  const why = `${targets.map(({ id }) => id).join(', ')} cannot be read: ${host === '' ? '' : `host ${host}: `}${failure instanceof ActivityFailure ? reasonOf(failure) : String(failure)}`;
  const stretch: Unwatched = { from: before.seenAt, to: run.now(), why };
  const tell = !before.told && stretch.to - stretch.from > afterMs;
  protection.unbroken[host] = { ...before, why, longest: longer(before.longest, stretch), told: before.told || tell };
  if (tell) tellUnwatched(run, stretch, deciders(run));
  await condition(isOver, 10_000);
}

/** Everybody who guards says now what they know. */
export async function untilGuardsSaid(run: Run): Promise<void> {
  if (hostsOf(run.plan).length === 0) return;
  const asked = ++run.reguard;
  await condition(() => hostsOf(run.plan).every((host) => (run.guardsSaid.get(host) ?? 0) >= asked), 60_000);
}
