// What a rollout shows of itself: the status (query), its state in one word, and the Markdown card of Temporal's UI. Pure views of the state.
import type { Decision } from '../src/plan/types.js';
import type { RolloutState, Status } from './messages.js';
import { inWords } from './asks.js';
import { incidentView } from './incidents.js';
import type { Run } from './run.js';
import { decisionNow } from './deciding.js';
import { paceInWords } from './pace.js';
import { isBaking, nextStage, wholeOf, wholeOfBaking } from './soaks.js';
import { inMoves } from './stages.js';
import { mustStandAt, standing, type State } from './state.js';
import { longestUnwatched } from './unwatched.js';

export function stateOf(state: State): RolloutState {
  if (state.outcome !== null) return state.outcome;
  if (state.step === 'rolling-back') return 'rolling-back';
  if (state.holds.some((hold) => hold.reason === 'paused')) return 'paused';
  if (state.holds.length > 0) return 'held';
  switch (state.step) {
    case 'preparing': return 'preparing';
    case 'waiting': case 'gate': return 'gated';
    case 'moving': return 'moving';
    case 'soaking': return 'soaking';
    case 'baking': case 'grading': return 'baking';
  }
}

/** @param asks those that are shown; a long rollout has hundreds that are settled */
export function statusOf(run: Run, asks = Object.values(run.state.asks)): Status {
  const { state, plan } = run;
  return {
    rollout: state.rollout, description: plan.description, owner: plan.owner, timezone: plan.timezone, state: stateOf(state), outcome: state.outcome, phase: run.phaseName, phaseNumber: Math.min(state.phaseIndex + 1, plan.phases.length), phaseCount: plan.phases.length,
    targets: Object.fromEntries(plan.targets.map((target) => [target.id, { value: standing(state, target.id) ?? mustStandAt(state, target) ?? 'as found', unit: target.unit, cap: target.cap, ...(target.protected === null ? {} : { protected: true as const }) }])),
    soak: soakOf(run), ...stagesOf(run),
    conditions: state.verdicts.map(({ text, verdict, message }) => ({ text, verdict, message })),
    asks: asks.map(({ generation: _generation, reminded: _reminded, escalated: _escalated, validMs: _validMs, settledAt: _settledAt, back: _back, ...view }) => view),
    hold: state.holds[0] ?? null, holds: state.holds,
    issues: state.issues.map((issue) => ({ id: issue.id, severity: issue.severity, text: issue.text, openedAt: issue.openedAt, endedAt: issue.endedAt, unplanned: issue.rolledBack })),
    ...(state.incidents === undefined ? {} : { incidents: state.incidents.map(incidentView) }),
    phases: state.phases.map(({ phase, startedAt, movedAt, endedAt, targets, verdicts, cleanMs, restarts }) => ({ phase, startedAt, movedAt, endedAt, targets, verdicts, cleanMs, restarts })),
    moves: state.moves.map(({ target, phase, direction, before, wanted, after, readBack, at, state: how }) => ({ target, phase, direction, before, wanted, after, readBack, at, state: how })),
    steps: (state.steps ?? []).map(({ name, phase, state: how, at }) => ({ step: name, phase, state: how, at })),
    ...(state.checks === undefined ? {} : { checks: Object.entries(state.checks).map(([item, one]) => ({ item, ...one })) }), ...(state.completion === undefined ? {} : { comparison: state.completion.comparison }),
    grades: state.grades, rollback: state.rollback === null ? null : { reason: state.rollback.reason, to: state.rollback.to, decidedAt: state.rollback.decidedAt, readBackAt: state.rollback.readBackAt, verified: state.rollback.verified, remainder: state.rollback.remainder },
    unwatched: longestUnwatched(state),
    evaluations: state.evaluations, startedAt: state.startedAt, day1: plan.day1, launch: plan.launch, variant: plan.variant, ...(plan.pace === undefined ? {} : { pace: { times: plan.pace.times, leftOut: plan.pace.leftOut } }), updatedAt: state.updatedAt, startedBy: state.startedBy.by, messages: state.outbox.nextMessage - 1,
    journalHead: state.outbox.head, unsent: { journal: state.outbox.entries.length, messages: state.outbox.messages.length }, badSignals: state.badSignals, next: nextOf(run),
  };
}

function soakOf(run: Run): Status['soak'] {
  const { state, plan } = run;
  if (isBaking(state)) return { clean: state.baking.cleanMs, needed: wholeOfBaking(state), restarts: state.baking.restarts };
  const record = run.record;
  if (record == null || record.movedAt === null || run.phase === null) return null;
  return { clean: record.cleanMs, needed: wholeOf(run.phase, record), restarts: record.restarts };
}

/** How far the phase has come with its moves in mid-soak; nothing where it has none. */
function stagesOf(run: Run): Pick<Status, 'stages'> {
  const { phase, record } = run;
  if (phase === null || record === null || phase.stages.length === 0) return {};
  const next = nextStage(phase, record);
  return { stages: { made: record.stages ?? 0, of: phase.stages.length, next: next === null ? null : `${inMoves(next)} after ${inWords(next.afterMs)} clean` } };
}

/** What comes next, by the calendar: instants that are known, and words where a person or the evidence decides. */
function nextOf(run: Run): Status['next'] {
  const { state, plan } = run;
  if (state.outcome !== null) return [];
  const next: { at: number | null; what: string }[] = [];
  if (state.step !== 'rolling-back') for (const hold of state.holds) next.push({ at: null, what: `goes on when this ends: ${hold.message}` });
  for (const ask of Object.values(state.asks)) if (ask.state === 'open') next.push({ at: ask.dueAt, what: `${ask.from.join(', ')}: ${ask.question} (ask ${ask.ask}; otherwise ${ask.otherwise})` });
  if (state.step === 'rolling-back') return [...next, ...wayBack(run).map((what) => ({ at: null, what }))];
  if (plan.launch !== null && plan.launch > run.now()) next.push({ at: plan.launch, what: 'launch' });
  const soak = soakOf(run);
  let at: number | null = run.now();
  if (soak !== null) for (const stage of run.phase?.stages.slice(run.record?.stages ?? 0) ?? []) next.push({ at: at + Math.max(0, stage.afterMs - soak.clean), what: `${run.phaseName}: ${inMoves(stage)}, in mid-soak, if it stays clean` });
  if (soak !== null && soak.clean < soak.needed) { at += soak.needed - soak.clean; next.push({ at, what: `${run.phaseName} has soaked ${inWords(soak.needed)}, if it stays clean` }); }
  if (soak !== null && decisionNow(run) !== null) next.push({ at, what: decisionInWords(run.phaseName ?? '', decisionNow(run)!) });
  for (let index = state.phaseIndex + (run.record?.movedAt == null ? 0 : 1); index < plan.phases.length; index++) {
    const phase = plan.phases[index]!;
    at = Math.max(at, phase.starts ?? 0);
    next.push({ at, what: `${phase.phase}: ${[...phase.before.map((step) => step.name), ...phase.moves.map((move) => `${move.target} → ${move.to}`), ...phase.after.map((step) => step.name)].join(', ')}${phase.approval === null ? '' : `, when ${phase.approval.needs} of ${phase.approval.from.join(', ')} approve`}` });
    for (const stage of phase.stages) next.push({ at: at + stage.afterMs, what: `${phase.phase}: ${inMoves(stage)}, in mid-soak` });
    at += phase.soak.ms;
    if (phase.decision !== null) next.push({ at, what: decisionInWords(phase.phase, phase.decision) });
  }
  if (plan.baking !== null && !isBaking(state)) {
    next.push({ at, what: `baking for ${inWords(plan.baking.ms)}` });
    if (plan.baking.decision !== null) next.push({ at: at + plan.baking.ms, what: decisionInWords('baking', plan.baking.decision) });
  }
  if (state.step !== 'grading') next.push({ at: plan.baking === null || state.step === 'baking' ? at : at + plan.baking.ms, what: 'the end, if nothing intervenes' });
  return next;
}

/** What a rollback does from here on, in its order, as fast as it can; no phase comes after it by itself. */
function wayBack({ state, plan }: Run): readonly string[] {
  const { rollback } = state;
  // none yet, or an earlier one: what was taken back from outside is only read
  if (rollback === null || rollback.taken === undefined) return ['what stands is read and written down', 'the end'];
  const { to, readBackAt, verified, remainder, taken } = rollback;
  const words: string[] = [];
  if (readBackAt === null) words.push(`every target goes back to where it was at ${to}`);
  if (readBackAt === null && (state.steps ?? []).some((step) => step.state === 'done')) words.push('steps are taken back, newest first');
  if (verified === null && remainder.length === 0 && plan.rollback.verify.length > 0) words.push(`the proof: ${plan.rollback.verify.map((one) => one.condition.text).join(', ')}`);
  words.push(...plan.rollback.after.slice(taken).map(({ name, ask }) => (ask.length === 0 ? name : `${name}, if one of ${ask.join(', ')} says yes`)));
  if (remainder.length > 0) return [...words, `the end: rollback incomplete, of ${remainder.join(', ')}`];
  if (verified === false) return [...words, 'the proof once more, and the end: rolled back or incomplete'];
  return [...words, to === 'the start' ? 'the end: rolled back' : `held at ${to} until somebody resumes`];
}

const decisionInWords = (name: string, { from, needs, question, withinMs }: Decision): string => `end of ${name}: ${needs} of ${from.join(', ')} decide: ${question}${withinMs === null ? ' (it soaks on until then)' : ''}`;

const sign: Record<RolloutState, string> = { preparing: '○', moving: '→', soaking: '●', gated: '◐', held: '‖', paused: '‖', 'rolling-back': '←', baking: '●', completed: '✓', 'rolled-back': '↩', 'rollback-incomplete': '✗', stopped: '■', failed: '✗' };

/** The status card that Temporal's UI and `temporal workflow metadata` show. */
export function cardOf(run: Run): string {
  const status = statusOf(run, Object.values(run.state.asks).filter((ask) => ask.state === 'open'));
  const lines = [
    `### ${sign[status.state]} ${status.rollout}: ${status.state}`,
    `${status.phase === null ? 'all phases are done' : `${status.phase} (${status.phaseNumber} of ${status.phaseCount})`}, owner ${status.owner}${status.variant === null ? '' : `, variant ${status.variant}`}${status.pace === undefined ? '' : `, ${paceInWords(status.pace)}`}`,
    ...(status.launch === null ? [] : [`launch ${new Date(status.launch).toISOString()}`]),
    '', ...Object.entries(status.targets).map(([target, { value, unit }]) => `- **${target}** stands at ${value}${value === 'as found' ? '' : unit}`),
    ...(status.soak === null ? [] : [`- clean ${inWords(status.soak.clean)} of ${inWords(status.soak.needed)}`]),
    ...(status.stages === undefined ? [] : [`- ${status.stages.made} of ${status.stages.of} moves in mid-soak are made${status.stages.next === null ? '' : `; next: ${status.stages.next}`}`]),
    ...status.holds.map((hold) => `- **held** since ${new Date(hold.since).toISOString()}: ${hold.message}`),
    ...status.issues.filter((issue) => issue.endedAt === null).map((issue) => `- **${issue.severity}**: ${issue.text}`),
    ...(status.incidents ?? []).filter((one) => one.overAt === null).map((one) => `- **${one.id}** (${one.severity}), commander ${one.commander}: ${one.text}; ${one.acknowledgedBy === null ? `calling ${one.called.at(-1)?.who ?? one.commander}` : `${one.acknowledgedBy} has it`}`),
    ...status.asks.map((ask) => `- asked: ${ask.question} \`${ask.ask}\` (${ask.from.join(', ')}; ${ask.answers.length} of ${ask.needs})`),
    ...status.badSignals.slice(-3).map((bad) => `- ignored: ${bad}`),
  ];
  return lines.join('\n').slice(0, 18_000);
}
