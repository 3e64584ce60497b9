// Commands: each an update (validated, answered at once) and a signal of the same name (for the plain temporal CLI). First the check, which
// is pure and leaves no trace; then the act, which records. The story (rollout.ts) acts on what is recorded here, at its own pace.
import { ApplicationFailure, setDefaultSignalHandler, setHandler, currentUpdateInfo } from '@temporalio/workflow';
import type { JsonValue, PlanCondition } from '../src/plan/types.js';
import { inWords, metricOf, refuseAnswer, refuseWithdraw, takeAnswer, voidAsk, withdrawAnswer, type Refusal } from './asks.js';
import { decisionNow } from './deciding.js';
import { reportEvent } from './events.js';
import { incidentByHand, incidentDone, refuseDone, refuseIncident } from './incidents.js';
import * as messages from './messages.js';
import type { AnswerCommand, By, CommandName, CommandResult, DoneCommand, ExtendCommand, IncidentCommand, ReportCommand, RollbackCommand, SkipCommand, StopCommand } from './messages.js';
import type { Run } from './run.js';
import { humanMetrics } from './rules.js';
import { isSoaking, soakId, stageDue } from './soaks.js';
import { exposed, type AskRecord } from './state.js';
import { commandProblems } from './understanding.js';

interface Command<C extends By> {
  /** null: it may be done */
  refuse(run: Run, command: C): Refusal | null;
  act(run: Run, command: C): CommandResult;
}

const refused = (code: string, message: string): Refusal => ({ code, message: `${message} Nothing was changed.` });
const by = (command: By): string => command.by;
const why = (command: By): string => (command.reason ?? '').trim() === '' ? '' : `: ${command.reason}`;
const rollingBack = (run: Run): boolean => run.state.step === 'rolling-back' || run.state.demand?.kind === 'rollback';

const answerWith = (value: string | null): Command<AnswerCommand> => ({
  refuse: (run, command) => refuseAnswer(run, command.ask, valueOf(run, command, value), command),
  act(run, command) {
    const given = valueOf(run, command, value);
    const did = takeAnswer(run, command.ask, given, command);
    settleHuman(run, command.ask);
    return { did, undo: run.state.asks[command.ask]!.kind === 'approval' ? `withdraw ${command.ask} takes it back until the first write` : null };
  },
});

/** `approve` and `reject` mean yes and no to whatever is asked; `answer` carries its value. */
function valueOf(run: Run, command: AnswerCommand, fixed: string | null): string | number {
  const ask = run.state.asks[command.ask];
  if (fixed === 'approve' && ask?.kind === 'decision') return 'go';
  if (fixed === 'approve' && ask?.kind === 'acknowledge') return 'mine';
  if (fixed === 'approve' && ask !== undefined && !ask.options.includes('approve')) return ask.options.includes('done') ? 'done' : 'yes';
  if (fixed === 'reject' && ask !== undefined && !ask.options.includes('reject')) return ask.options.includes('no') ? 'no' : 'reject';
  if (fixed !== null) return fixed;
  const { value } = command;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string' && ask?.options.includes('number') && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  return value ?? '';
}

/** A settled human metric becomes evidence: yes is 1, no is 0. */
function settleHuman(run: Run, id: string): void {
  const ask = run.state.asks[id]!;
  if (ask.kind !== 'metric' || ask.state !== 'settled') return;
  const metric = metricOf(id);
  const value = ask.result === 'yes' ? 1 : ask.result === 'no' ? 0 : Number(ask.result);
  const { by: who, reason } = ask.answers.at(-1)!;
  run.state.humans[metric] = { value, at: run.now(), by: who, ...(reason === '' ? {} : { note: reason }) };
  run.rewatch++;
}

const table: { [Name in CommandName]: Command<never> } = {
  approve: answerWith('approve') as Command<never>,
  reject: answerWith('reject') as Command<never>,
  answer: answerWith(null) as Command<never>,

  withdraw: {
    refuse: (run: Run, command: AnswerCommand) => refuseWithdraw(run, command.ask, command),
    act(run: Run, command: AnswerCommand) { withdrawAnswer(run, command.ask, command); return { did: `the answer of ${by(command)} to '${command.ask}' is withdrawn; it is asked again`, undo: `approve ${command.ask}` }; },
  } as Command<never>,

  pause: {
    refuse: (run: Run) => (rollingBack(run) ? refused('ROLLING_BACK', 'a rollback is under way and is not paused: it ends with everything taken back.') : null),
    act(run: Run, command: By) {
      const fresh = run.hold('paused', `paused by ${by(command)}${why(command)}`, by(command));
      if (fresh) run.tell('info', 'paused', `${run.state.rollout} is paused by ${by(command)}${why(command)}`, 'Watching goes on; triggers and rollback work as ever; paused time is not clean.');
      return { did: fresh ? 'paused: nothing moves forward; watching, triggers and rollback go on; this time does not count as clean' : 'it was paused already', undo: `resume ${run.state.rollout}` };
    },
  } as Command<never>,

  resume: {
    refuse: (run: Run) => (run.state.holds.some((hold) => resumable(hold.reason)) ? null : refused('NOTHING_TO_RESUME', run.state.holds.length === 0 ? 'nothing is paused or held.' : `it is held by ${run.state.holds[0]!.reason}, which does not end by resuming: ${run.state.holds[0]!.message}.`)),
    act(run: Run, command: By) {
      const ended = run.state.holds.filter((hold) => resumable(hold.reason));
      for (const hold of ended) run.unhold(hold.reason, `${by(command)} resumed${why(command)}`, by(command));
      run.tell('info', 'resumed', `${run.state.rollout} goes on, says ${by(command)}${why(command)}`);
      return { did: `goes on (was: ${ended.map((hold) => hold.message).join('; ')})`, undo: `pause ${run.state.rollout}` };
    },
  } as Command<never>,

  extend: {
    refuse(run: Run, command: ExtendCommand) {
      const record = run.state.phases.find((phase) => phase.phase === command.phase);
      if (command.phase !== undefined && record === undefined && (command.phase !== 'baking' || run.plan.baking === null)) return refused('NO_SUCH_PHASE', `there is no phase '${command.phase}' (${run.plan.phases.map((phase) => phase.phase).join(', ')}).`);
      return run.state.outcome !== null || rollingBack(run) ? refused('NOTHING_TO_EXTEND', 'nothing is soaking.') : record != null && record.endedAt !== null ? refused('NOTHING_TO_EXTEND', `${record.phase} is done.`) : null;
    },
    act(run: Run, command: ExtendCommand) {
      const record = run.state.phases.find((phase) => phase.phase === (command.phase ?? run.phaseName));
      if (record !== undefined) record.extraSoakMs += command.byMs; else run.state.baking.extraMs += command.byMs;
      run.state.soaked = false;
      run.rewatch++;
      return { did: `${record?.phase ?? 'baking'} soaks ${inWords(command.byMs)} longer`, undo: `skip ${run.state.rollout} soak ends the soak at once` };
    },
  } as Command<never>,

  skip: {
    refuse(run: Run, command: SkipCommand) {
      if (run.plan.invariants.some((one) => one.id === command.what)) return refused('INVARIANT', `'${command.what}' is an invariant: nobody skips it.`);
      const allowed = skippers(run);
      if (!allowed.includes(command.by)) return refused('NOT_ALLOWED', `skipping needs an approver of the phase (${allowed.join(', ')}).`);
      return skippable(run).includes(command.what) ? null : refused('NOTHING_TO_SKIP', `'${command.what}' is not something to skip now. It may be: ${skippable(run).join(', ') || 'nothing'}.`);
    },
    act(run: Run, command: SkipCommand) {
      const { state } = run;
      const what = command.what === 'soak' ? soakId(run.phaseName, state) : command.what;
      state.skipped = [...state.skipped, what];
      const ask = state.asks[command.what];
      if (ask !== undefined) { state.skipped = [...state.skipped, ask.ask.replace(/\/\d+$/, '')]; voidAsk(run, ask.ask, `skipped by ${by(command)}`); }
      // The question for a value and the conditions that wait for it go together.
      if (ask?.kind === 'metric') state.skipped = [...state.skipped, ...waitingFor(run, ask).map((one) => one.id)];
      for (const open of Object.values(state.asks).filter((one) => one.kind === 'metric' && one.state === 'open')) {
        const waiting = waitingFor(run, open);
        if (waiting.some((one) => one.id === what) && waiting.every((one) => state.skipped.includes(one.id))) voidAsk(run, open.ask, `skipped by ${by(command)}`);
      }
      run.unhold('gate', `${by(command)} skipped ${command.what}`, by(command));
      state.gate = null;
      run.rewatch++;
      run.tell('warning', 'skipped', `${state.rollout}: ${by(command)} skipped ${command.what}${why(command)}`);
      return { did: `skipped ${command.what}`, undo: null };
    },
  } as Command<never>,

  rollback: {
    refuse(run: Run, given: RollbackCommand) {
      const command = meant(run, given);
      const phases = run.plan.phases.map((phase) => phase.phase);
      const named = command.phase ?? command.to;
      if (command.phase !== undefined && command.to !== undefined) return refused('CONFLICT', 'give --phase (undo it and all after it) or --to (restore its end state), not both.');
      if (named !== undefined && !phases.includes(named)) return refused('NO_SUCH_PHASE', `there is no phase '${named}' (${phases.join(', ')}).`);
      if (command.to !== undefined && run.state.phases.find((phase) => phase.phase === command.to)!.endedAt === null) return refused('PHASE_NOT_VERIFIED', `'${command.to}' has no verified end state to restore.`);
      if (run.state.outcome !== null) return refused('OVER', `the rollout is over (${run.state.outcome}).`);
      return null;
    },
    act(run: Run, given: RollbackCommand) {
      const command = meant(run, given);
      const phases = run.plan.phases.map((phase) => phase.phase);
      const after = command.to === undefined ? undefined : phases[phases.indexOf(command.to) + 1];
      const first = command.phase ?? after;
      const to = first === undefined || first === phases[0] ? { kind: 'start' as const } : { kind: 'phase' as const, phase: first };
      const taken = run.demand({ kind: 'rollback', to, reason: command.reason ?? `ordered by ${by(command)}`, by: by(command), automatic: false, at: run.now() });
      return { did: taken ? `rolling back ${to.kind === 'start' ? 'to the start' : `${to.phase} and all after it`} now` : 'a rollback at least as deep is under way already', undo: to.kind === 'start' ? 'none: a rollback to the start ends the rollout; start it again' : `resume ${run.state.rollout} tries ${to.phase} again` };
    },
  } as Command<never>,

  stop: {
    refuse(run: Run, command: StopCommand) {
      if (rollingBack(run)) return refused('ROLLING_BACK', 'a rollback is under way; it ends with everything taken back.');
      const left = exposed(run.state);
      return left.length > 0 && command.leaveExposed !== true ? refused('STILL_EXPOSED', `stopping would leave exposed: ${left.join(', ')}. Use rollback to take it back, or stop with --leave-exposed.`) : null;
    },
    act(run: Run, command: StopCommand) {
      const left = exposed(run.state);
      run.demand({ kind: 'stop', reason: command.reason ?? `ordered by ${by(command)}`, by: by(command), at: run.now() });
      return { did: left.length === 0 ? 'stopped: nothing is exposed' : `stopped; left exposed: ${left.join(', ')}`, undo: null };
    },
  } as Command<never>,

  report: {
    refuse(run: Run, command: ReportCommand) {
      if (!run.plan.events.some((event) => event.event === command.event)) return refused('NO_SUCH_EVENT', `the plan knows no event '${command.event}' (${run.plan.events.map((event) => event.event).join(', ') || 'none'}).`);
      // Seconds given for milliseconds lie in 1970: such an event would be taken and never counted.
      if (command.at !== undefined && command.at < run.state.startedAt) return refused('EVENT_TOO_OLD', `"at" is ${new Date(command.at).toISOString()}, before this rollout began (${new Date(run.state.startedAt).toISOString()}): it would count for nothing. "at" is in milliseconds since 1970; left out, it is now.`);
      return null;
    },
    act(run: Run, command: ReportCommand) {
      const fresh = reportEvent(run, command);
      return { did: fresh ? `${command.event} is reported${run.state.demand?.kind === 'rollback' ? '; it rolls back now' : ''}` : `${command.event} was reported already under this id`, undo: null };
    },
  } as Command<never>,

  incident: {
    refuse: (_run: Run, command: IncidentCommand) => refuseIncident(command.what, command.severity),
    act(run: Run, command: IncidentCommand) {
      const { did, id } = incidentByHand(run, command.what, command.severity, command);
      return { did, undo: `tidegate done ${run.state.rollout} ${id} ends it` };
    },
  } as Command<never>,

  done: {
    refuse: (run: Run, command: DoneCommand) => refuseDone(run, command.what),
    act: (run: Run, command: DoneCommand) => ({ did: incidentDone(run, command.what, command), undo: `tidegate incident ${run.state.rollout} '…' opens another` }),
  } as Command<never>,

  amend: {
    refuse: (run: Run) => (rollingBack(run) || run.state.outcome !== null ? refused('TOO_LATE', 'a rollout that is rolling back or over is not amended.') : null),
    act(run: Run, command: messages.AmendCommand) {
      run.amendments.push(command);
      return { did: 'the new plan is being resolved; if it is sound it is in force from now on, open approvals of phases that changed are void', undo: 'amend with the plan before' };
    },
  } as Command<never>,
};

/** `current` is the phase that changed something last. */
const meant = (run: Run, command: RollbackCommand): RollbackCommand => (command.phase !== 'current' ? command : { ...command, phase: run.plan.phases[lastChanged(run)]!.phase });
function lastChanged({ state, plan }: Run): number {
  const changed = Math.max(0, ...state.moves.filter((move) => move.direction === 'forward' && move.state !== 'undone').map((move) => move.phaseIndex), ...(state.steps ?? []).filter((step) => step.state !== 'undone').map((step) => step.phaseIndex));
  return Math.min(changed, plan.phases.length - 1);
}

const resumable = (reason: string): boolean => ['paused', 'rejected', 'unanswered', 'rolled-back-to', 'command-failed', 'trigger'].includes(reason);

/** The conditions that stand between now and the next step. */
const gateOf = (run: Run): readonly PlanCondition[] => (run.state.step === 'gate' ? (run.phase?.enter ?? []) : isSoaking(run.state) ? [...(stageDue(run.state)?.enter ?? []), ...(run.phase?.leave ?? run.plan.baking?.leave ?? [])] : []);
const waitingFor = (run: Run, ask: AskRecord): readonly PlanCondition[] => gateOf(run).filter((one) => humanMetrics(run.plan, [one]).some((metric) => metric.name === metricOf(ask.ask)));

/** What may be skipped now: the soak, a question, an item, a condition of the gate that is shut. */
function skippable(run: Run): string[] {
  const { state } = run;
  const asks = Object.values(state.asks).filter((ask) => ask.state === 'open' && ask.kind !== 'approval' && ask.kind !== 'decision' && ask.kind !== 'acknowledge').map((ask) => ask.ask);
  return [...(isSoaking(run.state) ? ['soak'] : []), ...asks, ...gateOf(run).map((one) => one.id).filter((id) => !state.skipped.includes(id)), ...(state.step === 'waiting' ? [`${run.phaseName}/starts`] : [])];
}

/** Where people decide at the end of a soak, nobody else may end it. */
const skippers = (run: Run): string[] => (isSoaking(run.state) && decisionNow(run) !== null ? [...decisionNow(run)!.from] : [...new Set([...(run.phase?.approval?.from ?? []), ...(run.phase?.approval == null ? [run.plan.owner] : [])])]);

/** Sets every handler. `ready` answers null until the plan is resolved; signals that come before are kept and done then. */
export function handleCommands(ready: () => Run | null): { readonly flush: () => void } {
  const early: ((run: Run) => void)[] = [];

  for (const name of messages.commandNames) {
    const definition = messages[name] as unknown as Parameters<typeof setHandler>[0];
    setHandler(definition as never, ((payload: unknown) => perform(ready()!, name, payload, currentUpdateInfo()?.id ?? null)) as never, {
      validator: ((payload: unknown) => {
        const run = ready();
        if (run === null) throw failure({ code: 'NOT_READY', message: 'the plan is still being resolved; try again in a moment.' });
        const refusal = malformed(name, payload) ?? check(run, name, payload as By);
        if (refusal !== null) throw failure(refusal);
      }) as never,
      description: `see: tidegate ${name} --help`,
    });
    setHandler(messages.signalOf(name), (payload: unknown) => {
      const run = ready();
      if (run === null) early.push((later) => bySignal(later, name, payload));
      else bySignal(run, name, payload);
    }, { description: `the same as the update ${name}, without an answer` });
  }
  setDefaultSignalHandler((name, ...args) => {
    const run = ready();
    const unknown = (one: Run): void => badSignal(one, `unknown signal '${name}' (known: ${messages.commandNames.join(', ')})`, args[0]);
    if (run === null) early.push(unknown);
    else unknown(run);
  });
  return { flush: () => { for (const one of early.splice(0)) one(ready()!); } };
}

/** A signal can refuse nothing: what would have been refused is recorded and shown in the status. */
function bySignal(run: Run, name: CommandName, payload: unknown): void {
  const refusal = malformed(name, payload) ?? check(run, name, payload as By);
  if (refusal !== null) { badSignal(run, `signal ${name} was not obeyed: ${refusal.message}`, payload); return; }
  try {
    perform(run, name, payload, null);
  } catch (error) {
    // An ApplicationFailure that leaves a signal handler would end the rollout.
    badSignal(run, `signal ${name} was not obeyed: ${String((error as Error).message)}`, payload);
  }
}

function badSignal(run: Run, what: string, payload: unknown): void {
  run.state.badSignals = [...run.state.badSignals, what].slice(-16);
  // What comes after the end is shown in the status and is no part of the record, which has been closed.
  if (run.state.outcome === null) run.note('bad-signal', what, { payload: JSON.stringify(payload ?? null).slice(0, 300) });
}

function malformed(name: CommandName, payload: unknown): Refusal | null {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return refused('MALFORMED', 'a command is a JSON object with at least "by".');
  if ('tidegateUndecodable' in payload) return refused('MALFORMED', `the payload cannot be decoded: ${String(payload.tidegateUndecodable)}.`);
  const who = (payload as { by?: unknown }).by;
  if (typeof who !== 'string' || who.trim() === '') return refused('NO_ACTOR', 'a command says who gives it: "by" is missing.');
  const problems = commandProblems(name, payload);
  return problems.length === 0 ? null : refused('MALFORMED', `${name} cannot be understood: ${problems.join('; ')}.`);
}

function check(run: Run, name: CommandName, command: By): Refusal | null {
  if (repeated(run, name, command) !== null) return null;
  if (run.state.outcome !== null && name !== 'rollback' && !acknowledges(run, name, command)) return refused('OVER', `the rollout is over (${run.state.outcome}).`);
  try {
    return (table[name] as Command<By>).refuse(run, command);
  } catch (error) {
    return refused('MALFORMED', `the command could not be understood: ${String((error as Error).message)}.`);
  }
}

/** Somebody may take an incident, or say that it is over, until it goes on by itself. */
const acknowledges = (run: Run, name: CommandName, command: By): boolean => name === 'done' || run.state.asks[(command as AnswerCommand).ask]?.kind === 'acknowledge';

const idOf = (name: CommandName, command: By, updateId: string | null): string | null => (command.id !== undefined ? `${name}:${command.id}` : updateId === null ? null : `${name}:${updateId}`);
const repeated = (run: Run, name: CommandName, command: By): string | null => { const id = idOf(name, command, null); return id !== null && run.state.recentCommands.includes(id) ? id : null; };

function perform(run: Run, name: CommandName, payload: unknown, updateId: string | null): CommandResult {
  const command = payload as By;
  const id = idOf(name, command, updateId);
  if (id !== null && run.state.recentCommands.includes(id)) return { did: 'this very command was obeyed before; nothing was done twice', undo: null };
  if (id !== null) run.state.recentCommands = [...run.state.recentCommands, id].slice(-200);
  try {
    // Checked again: between validation and now another command of the same task may have changed the ground.
    const refusal = check(run, name, { ...command, id: undefined } as By);
    if (refusal !== null) throw failure(refusal);
    const result = (table[name] as Command<By>).act(run, command);
    const { by: actor, ...rest } = command;
    run.note('command-given', `${actor} gave ${name}: ${result.did}`, rest as unknown as JsonValue, actor);
    return result;
  } catch (error) {
    // Only an ApplicationFailure fails an update alone; anything else would wedge the rollout.
    if (error instanceof ApplicationFailure) throw error;
    throw failure({ code: 'MALFORMED', message: `the command could not be carried out: ${String((error as Error).message)}` });
  }
}

const failure = (refusal: Refusal): ApplicationFailure => ApplicationFailure.nonRetryable(refusal.message, refusal.code, refusal.code);
