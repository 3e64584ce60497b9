// Reported events: counted once each, judged at once (a data corruption does not wait for the next look).
import { judgeOnce } from '../src/judgement/index.js';
import type { Trigger } from '../src/plan/types.js';
import { startFollowUps } from './follow-ups.js';
import type { ReportCommand } from './messages.js';
import { isEventTrigger, triggersInForce } from './rules.js';
import type { Run } from './run.js';
import { react } from './watching.js';

/** At most this many of each event are kept; counting beyond it would not change a decision. */
const maxKept = 256;

/** Takes an event in; answers false when it was reported before under the same id. */
export function reportEvent(run: Run, command: ReportCommand): boolean {
  const { state } = run;
  const id = command.eventId ?? command.id ?? `${command.event}/${state.events.length + 1}/${run.now()}`;
  if (state.events.some((one) => one.id === id)) return false;
  const same = state.events.filter((one) => one.event === command.event);
  const dropped = same.length >= maxKept ? same[0] : null;
  state.events = [...state.events.filter((one) => one !== dropped), { event: command.event, at: Math.min(command.at ?? run.now(), run.now()), id }];
  run.note('event', `${command.event} was reported${command.reason === undefined ? '' : `: ${command.reason}`}`, { event: command.event, id }, command.by);
  startFollowUps(run, run.plan.followUps.filter((one) => one.on === `event:${command.event}`), { about: `event:${command.event}`, reason: `${command.event} was reported${command.reason === undefined ? '' : `: ${command.reason}`}` });
  // One on another event has judged that event when it came.
  for (const trigger of triggersInForce(state).filter((one) => isEventTrigger(one) && (!run.since020 || isAbout(one, command.event)))) {
    const { verdicts } = judgeOnce({ conditions: [trigger], role: 'trigger', metrics: [], references: {}, movedAt: countedSince(run), memory: null, blindAfterMs: 0 }, { asOf: run.now(), series: [], events: state.events.filter((one) => one.at >= state.judgeAfter) });
    const already = state.issues.some((issue) => issue.trigger === trigger.id && issue.endedAt === null);
    if (verdicts[0]?.verdict !== 'fail' || already) continue;
    react(run, trigger, `${command.event} was reported${command.reason === undefined ? '' : ` (${command.reason})`}: ${verdicts[0].message}`);
    if (trigger.reaction.kind !== 'rollback' && trigger.reaction.kind !== 'ask' && trigger.reaction.kind !== 'hold') {
      // An event is an instant: as an issue it is over at once, and a soak that restarts on issues starts anew.
      state.issues = state.issues.map((issue) => (issue.trigger === trigger.id && issue.endedAt === null ? { ...issue, endedAt: run.now() } : issue));
      const soak = run.phase?.soak ?? run.plan.baking;
      if (trigger.severity !== 'info' && soak?.onIssue === 'restart') { state.restartSoak ??= 'anew'; run.rewatch++; }
    }
  }
  return true;
}

const isAbout = ({ condition }: Trigger, event: string): boolean => condition.kind === 'compare' && condition.subject.kind === 'events' && condition.subject.event === event;

/** Without a window of its own a trigger counts from the phase's first move; before any, from the start. */
const countedSince = (run: Run): number => run.state.phases.findLast((phase) => phase.movedAt !== null)?.movedAt ?? run.state.startedAt;
