// Incidents of a running rollout: opened by a trigger, an event or a person; acknowledged by somebody of the path, who is called person by
// person; over when the issue is over and somebody has taken it, or when a person says so. Nothing here stands in the way of a rollback.
import { ActivityFailure, CancellationScope, condition } from '@temporalio/workflow';
import type { Severity } from '../src/judgement/types.js';
import type { IncidentPlan, ResolvedPlan } from '../src/plan/types.js';
import { inWords, openAsk, voidAsk, type Refusal } from './asks.js';
import { escalationOf, startFollowUps } from './follow-ups.js';
import type { By, IncidentSeverity, IncidentView } from './messages.js';
import { reasonOf } from './failure.js';
import { stepper } from './options.js';
import { paced } from './pace.js';
import { endedHow } from './plan-commands.js';
import { besideTheStory, type Matter, type Run } from './run.js';
import type { IncidentRecord, State } from './state.js';
import { acknowledgeAsk, addressed, callAnswers, callMatter, callWords, firstStepLines, mayTake, nameOf, question, walkPath } from './walk.js';

/** Steps wait so long for an undo to leave before them. */
const undoFirstMs = 1_000;
const severities: readonly string[] = ['info', 'warning', 'critical', 'emergency'] satisfies Severity[];

const record = (state: State, id: string): IncidentRecord | undefined => state.incidents?.find((one) => one.id === id);
const of = (run: Run, id: string): IncidentRecord => record(run.state, id)!;
const change = (run: Run, id: string, part: Partial<IncidentRecord>): void => { run.state.incidents = run.state.incidents!.map((one) => (one.id === id ? { ...one, ...part } : one)); };
const open = (run: Run): readonly IncidentRecord[] => (run.state.incidents ?? []).filter((one) => one.overAt === null && !one.handedOver);

/** What the plan says of that severity, or of the gravest below it; null: it opens none by itself. */
const planned = (plan: ResolvedPlan, severity: string): IncidentPlan | null => plan.incidents.findLast((one) => severities.indexOf(one.severity) <= severities.indexOf(severity)) ?? null;

/** Where the plan says nothing, a person who opens one by hand walks the escalation path, five minutes each at the pace of a plan. */
function byHand(plan: ResolvedPlan, severity: IncidentSeverity): IncidentPlan {
  const acknowledgeWithinMs = paced(plan, 5 * 60_000);
  const people = plan.escalation.length === 0 ? [plan.owner] : plan.escalation;
  return { severity, commander: people[0]!, path: people.map((who) => ({ who, afterMs: acknowledgeWithinMs })), acknowledgeWithinMs, firstSteps: [], steps: [], tell: [], followUps: [] };
}

export interface Trouble { readonly severity: Severity; readonly text: string; /** the trigger; null: a person says so */ readonly about: string | null; /** whose end ends it; null: a person says when it is over */ readonly issue: string | null; readonly by: string | null }

/** Opens one where the plan wants it; null: it does not, or one about the same is open already. */
export function openIncident(run: Run, trouble: Trouble): IncidentRecord | null {
  const { state } = run;
  if (trouble.severity === 'info') return null;
  const plan = planned(run.plan, trouble.severity) ?? (trouble.by === null ? null : byHand(run.plan, trouble.severity));
  if (plan === null) return null;
  const standing = trouble.about === null ? undefined : open(run).find((one) => one.about === trouble.about);
  if (standing !== undefined) {
    run.note('incident', `once more, while ${standing.id} is open: ${trouble.text}`, { incident: standing.id });
    if (standing.issue !== null) change(run, standing.id, { issue: trouble.issue });
    return null;
  }
  const now = run.now();
  const incident: IncidentRecord = {
    id: `incident-${(state.incidents?.length ?? 0) + 1}`, severity: trouble.severity, text: trouble.text, commander: plan.commander, openedAt: now, openedBy: trouble.by, called: [], acknowledgedAt: null, acknowledgedBy: null, overAt: null,
    firstSteps: plan.firstSteps, about: trouble.about, issue: trouble.issue, path: plan.path, acknowledgeWithinMs: plan.acknowledgeWithinMs, tell: plan.tell, walked: 0, roundAt: now, nextAt: now, handedOver: false,
  };
  state.incidents = [...(state.incidents ?? []), incident];
  run.note('incident', `${nameOf(incident)} is opened${trouble.by === null ? '' : ` by ${trouble.by}`}: ${trouble.text}`, { incident: incident.id, severity: incident.severity, about: trouble.about, commander: plan.commander, path: plan.path.map(({ who }) => who) }, trouble.by ?? 'tidegate');
  openAsk(run, { ask: acknowledgeAsk(incident), kind: 'acknowledge', question: question(incident), from: addressed(incident), others: mayTake(incident), options: ['mine'], healthy: 'mine', withinMs: null, otherwise: 'the next is called', untold: true });
  startFollowUps(run, plan.followUps, { about: `${incident.id}@${now}`, reason: trouble.text });
  // A command repeated during a soak may have reported the event: what it began does not end with that soak.
  void besideTheStory(CancellationScope.nonCancellable(() => attend(run, incident.id)));
  for (const step of plan.steps) void besideTheStory(CancellationScope.nonCancellable(() => takeStep(run, incident.id, step)));
  return incident;
}

/** What stands with the alert: who commands, what is done first. */
export const alertLines = (incident: IncidentRecord): string[] => [`${incident.id}, commander ${incident.commander}`, ...firstStepLines(incident)];

/** From the first call until it is over. Taken up again anywhere: what has been done stands in its record. */
async function attend(run: Run, id: string): Promise<void> {
  const ask = acknowledgeAsk({ id });
  await walkPath({
    now: () => run.now(), incident: () => of(run, id), change: (part) => change(run, id, part),
    settled: (at) => run.beside(() => run.state.asks[ask]!.state !== 'open' || of(run, id).acknowledgedAt !== null || of(run, id).overAt !== null, at),
    call: (who) => call(run, id, who),
    nobody: () => {
      const incident = of(run, id);
      run.note('incident', `nobody has acknowledged ${id}: ${inWords(run.now() - incident.openedAt)} after it was opened, all ${incident.path.length} of the path were called`, { incident: id });
      run.tell('emergency', 'incident-unanswered', `nobody has taken ${nameOf(incident)}: ${incident.text}`, `called: ${mayTake(incident).join(', ')}\nThey are called again from ${new Date(incident.nextAt).toISOString()} on.`, { to: [...new Set([run.plan.owner, ...mayTake(incident), ...incident.tell])] });
    },
  });
  if (of(run, id).handedOver) return;
  const answer = run.state.asks[ask]!.answers.at(-1);
  if (of(run, id).acknowledgedAt === null && answer !== undefined) acknowledge(run, id, answer.by);
  await run.beside(() => of(run, id).overAt !== null || issueIsOver(run, of(run, id)));
  if (of(run, id).overAt === null) end(run, id, 'its issue is over', 'tidegate');
}

function call(run: Run, id: string, who: string): void {
  const incident = of(run, id);
  const ask = acknowledgeAsk(incident);
  run.state.asks[ask] = { ...run.state.asks[ask]!, from: addressed(incident) };
  run.note('called', `${who} is called for ${id}`, { incident: id, who, afterMs: run.now() - incident.openedAt });
  const { title, body } = callWords(incident, who);
  run.tell(incident.severity, 'ask', title, body, { to: [who], ask, answers: callAnswers(incident, who, run.now()), matter: callMatter(incident, incident.called.at(-1)!) });
}

function acknowledge(run: Run, id: string, by: string): void {
  const incident = of(run, id);
  change(run, id, { acknowledgedAt: run.now(), acknowledgedBy: by });
  run.note('acknowledged', `${by} has ${id}, ${inWords(run.now() - incident.openedAt)} after it was opened`, { incident: id, afterMs: run.now() - incident.openedAt }, by);
  run.tell('info', 'incident-acknowledged', `${by} has ${nameOf(incident)}: ${incident.text}`, '', { to: addressed(incident), ends: mattersOf(incident) });
}

const mattersOf = (incident: IncidentRecord): Matter[] => incident.called.map((one) => ({ matter: callMatter(incident, one), severity: incident.severity }));
const issueIsOver = (run: Run, { acknowledgedAt, issue }: IncidentRecord): boolean => acknowledgedAt !== null && issue !== null && run.state.issues.find((one) => one.id === issue)?.endedAt != null;

function end(run: Run, id: string, why: string, by: string): void {
  const incident = of(run, id);
  change(run, id, { overAt: run.now() });
  if (run.state.asks[acknowledgeAsk(incident)]!.state === 'open') voidAsk(run, acknowledgeAsk(incident), `${id} is over`);
  run.note('incident-over', `${id} is over after ${inWords(run.now() - incident.openedAt)}: ${why}`, { incident: id, lastedMs: run.now() - incident.openedAt }, by);
  run.tell('info', 'incident-over', `${nameOf(incident)} is over: ${why}`, incident.text, { to: [...new Set([...addressed(incident), ...incident.tell])], ends: mattersOf(incident) });
}

/** Run once; what became of it is in the record, and a failure is told. An undo that is due leaves first. */
async function takeStep(run: Run, id: string, step: IncidentPlan['steps'][number]): Promise<void> {
  run.incidentSteps++;
  try {
    if (run.state.demand !== null) await condition(() => run.state.demand === null, undoFirstMs);
    const output = await stepper(step.run.timeoutMs, step.run.on).runCommand({ rollout: run.state.rollout, name: step.name, command: step.run, values: {} });
    const how = endedHow(output, 'done');
    run.note('command', `${id}: ${step.name}: ${how}`, { incident: id, step: step.id, output: output.output, durationMs: output.durationMs });
    if (!output.ok) stepFailed(run, id, step.name, `${how}: ${output.output.slice(-300)}`);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    // One attempt: a worker that died in the middle of it leaves the outcome open, and nobody repeats what may have been done.
    run.note('command', `${id}: ${step.name}: its outcome is not known: ${reasonOf(error)}`, { incident: id, step: step.id });
    stepFailed(run, id, step.name, `its outcome is not known: ${reasonOf(error)}`);
  } finally {
    run.incidentSteps--;
  }
}

function stepFailed(run: Run, id: string, name: string, why: string): void {
  const incident = of(run, id);
  run.tell('critical', 'incident-step-failed', `${nameOf(incident)}: ${name} failed`, why, { to: [...new Set([run.plan.owner, ...addressed(incident), ...incident.tell])] });
}

/** Open incidents are attended again after continue-as-new; their steps have ended by then. */
export function resumeIncidents(run: Run): void {
  for (const incident of open(run)) void besideTheStory(attend(run, incident.id));
}

/** The rollout is over, and what is still open goes on by itself, from where it stands. */
export async function leaveIncidents(run: Run): Promise<void> {
  await condition(() => run.incidentSteps === 0);
  for (const { id } of open(run)) {
    if (issueIsOver(run, of(run, id))) { end(run, id, 'its issue is over', 'tidegate'); continue; }
    const incident = of(run, id);
    const issueEnded = incident.issue !== null && run.state.issues.find((one) => one.id === incident.issue)?.endedAt != null;
    change(run, id, { handedOver: true });
    // Nobody watches the issue any more: what has not ended with the rollout is ended by a person.
    const handed: IncidentRecord = { ...of(run, id), issue: issueEnded ? incident.issue : null };
    run.state.starts = [...(run.state.starts ?? []), { kind: 'incident', input: { rollout: run.state.rollout, timezone: run.plan.timezone, incident: handed, channels: escalationOf(run.plan).channels } }];
    const ask = run.state.asks[acknowledgeAsk({ id })]!;
    // Where it is asked, the question stays: an answer finds its way to where the incident goes on.
    if (ask.state === 'open') run.state.asks[ask.ask] = { ...ask, state: 'void', result: `${id} goes on by itself`, settledAt: run.now() };
    run.note('incident', `${id} is still open and goes on by itself: ${incident.acknowledgedAt === null ? 'nobody has acknowledged it' : `${incident.acknowledgedBy} has it`}`, { incident: id });
  }
}

// ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
export function refuseIncident(what: string, severity: string | undefined): Refusal | null {
  if (what.trim() === '') return { code: 'MALFORMED', message: 'say what is wrong, in words. Nothing was changed.' };
  return severity === undefined || severities.slice(1).includes(severity) ? null : { code: 'MALFORMED', message: `there is no severity '${severity}' for an incident (${severities.slice(1).join(', ')}). Nothing was changed.` };
}

export function incidentByHand(run: Run, what: string, severity: string | undefined, by: By): { readonly did: string; readonly id: string } {
  const incident = openIncident(run, { severity: (severity ?? 'critical') as IncidentSeverity, text: what, about: null, issue: null, by: by.by })!;
  run.tell(incident.severity, 'incident-opened', `${run.state.rollout}: ${nameOf(incident)}: ${what}`, [`opened by ${by.by}`, ...alertLines(incident)].join('\n'), { to: incident.tell });
  return { did: `${incident.id} is open: ${incident.commander} is called, then ${incident.path.slice(1).map(({ who }) => who).join(', ') || 'the same again'}`, id: incident.id };
}

export function refuseDone(run: Run, what: string): Refusal | null {
  const ids = open(run).map(({ id }) => id);
  return ids.includes(what) ? null : { code: 'NO_SUCH_INCIDENT', message: `there is no open incident '${what}' (open: ${ids.join(', ') || 'none'}). Nothing was changed.` };
}

export function incidentDone(run: Run, what: string, by: By): string {
  if (of(run, what).acknowledgedAt === null) acknowledge(run, what, by.by);
  end(run, what, `${by.by} says so${(by.reason ?? '').trim() === '' ? '' : ` (${by.reason})`}`, by.by);
  return `${what} is over, ${inWords(run.now() - of(run, what).openedAt)} after it was opened`;
}

/** Minutes until somebody took it, of the slowest; one that nobody has taken counts until now. */
export const slowestAcknowledgement = (incidents: readonly IncidentRecord[], now: number): number => Math.max(0, ...incidents.map((one) => ((one.acknowledgedAt ?? one.overAt ?? now) - one.openedAt) / 60_000));

export const incidentView = ({ id, severity, text, commander, openedAt, openedBy, called, acknowledgedAt, acknowledgedBy, overAt, firstSteps }: IncidentRecord): IncidentView => ({ id, severity, text, commander, openedAt, openedBy, called, acknowledgedAt, acknowledgedBy, overAt, firstSteps });
