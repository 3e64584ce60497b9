// Asks: anything a person must supply, by one mechanism: addressed, with quorum, deadline, reminders at half and four fifths, escalation and
// a stated default. An ask opens exactly what it names, once; what came late, twice or from the wrong person is refused with the reason.
import type { EpochMs, Ms } from '../src/judgement/types.js';
import { receiptChannel, type AskAnswer, type AskKind, type By } from './messages.js';
import { besideTheStory, type Run } from './run.js';
import type { AskRecord } from './state.js';

export interface Question {
  readonly ask: string;
  readonly kind: AskKind;
  readonly question: string;
  readonly from: readonly string[];
  readonly needs?: number;
  readonly options: readonly string[];
  readonly scale?: AskRecord['scale'];
  readonly healthy: string | number;
  readonly withinMs: Ms | null;
  readonly otherwise: string;
  readonly validMs?: Ms | null;
  readonly body?: string;
  readonly phase?: string | null;
  /** who may answer too without being asked for it now */
  readonly others?: readonly string[];
  /** whoever opens it tells it */
  readonly untold?: boolean;
  readonly back?: AskRecord['back'];
}

/** Opens an ask (again: under a new number) and returns its id. */
export function openAsk(run: Run, question: Question): string {
  let id = question.ask;
  for (let n = 2; run.state.asks[id] !== undefined; n++) id = `${question.ask}/${n}`;
  const dueAt = question.withinMs === null ? null : run.now() + question.withinMs;
  run.state.asks[id] = {
    ask: id, kind: question.kind, phase: question.phase === undefined ? run.phaseName : question.phase, question: question.question, from: question.from, ...(question.others === undefined ? {} : { others: question.others }), needs: question.needs ?? 1, options: question.options, ...(question.scale === undefined ? {} : { scale: question.scale }), healthy: question.healthy,
    askedAt: run.now(), dueAt, otherwise: question.otherwise, answers: [], state: 'open', result: null, generation: run.state.generation, reminded: 0, escalated: 0, validMs: question.validMs ?? null, settledAt: null, ...(question.back === undefined ? {} : { back: question.back }),
  };
  run.note('ask', `asked ${question.from.join(', ')}: ${question.question}`, { ask: id, needs: question.needs ?? 1, options: [...question.options], dueAt, otherwise: question.otherwise });
  if (question.untold !== true) tellAsk(run, id, 'ask', question.question, question.body ?? '', question.from);
  void besideTheStory(remind(run, id));
  return id;
}

/** Open asks remind and escalate; after continue-as-new each is taken up where it was. */
export function resumeAsks(run: Run): void {
  for (const ask of Object.values(run.state.asks)) {
    if (ask.state === 'open') void besideTheStory(remind(run, ask.ask));
    else if (ask.state === 'expired' && ask.escalated > 0 && ask.escalated < run.plan.escalation.length) void besideTheStory(escalate(run, ask.ask));
  }
}

/** Who decides when something unforeseen needs a decision: the owner and the escalation path. */
export const deciders = (run: Run): string[] => [...new Set([run.plan.owner, ...run.plan.escalation])];

/** The metric that a question for a value is about. */
export const metricOf = (ask: string): string => ask.split('/')[1]!;

const escalateEvery = 5 * 60_000;

async function remind(run: Run, id: string): Promise<void> {
  const current = (): AskRecord => run.state.asks[id]!;
  const settled = (): boolean => current().state !== 'open';
  const { askedAt, dueAt } = current();
  if (dueAt === null) return;
  for (const [index, share] of [0.5, 0.8].entries()) {
    if (current().reminded > index) continue;
    if (await run.beside(settled, askedAt + (dueAt - askedAt) * share)) return;
    patch(run, id, { reminded: index + 1 });
    tellAsk(run, id, 'ask-reminder', `still waiting: ${current().question}`, `${inWords(dueAt - run.now())} left; otherwise: ${current().otherwise}`, unanswered(current()));
  }
  if (await run.beside(settled, dueAt)) return;
  expire(run, id);
  await escalate(run, id);
}

/** Nobody answered: the escalation path is walked person by person, while the default already stands, until somebody takes it up. */
async function escalate(run: Run, id: string): Promise<void> {
  const path = run.plan.escalation;
  const everyMs = run.plan.escalateEveryMs > 0 ? run.plan.escalateEveryMs : escalateEvery;
  const held = (): boolean => run.state.holds.some((hold) => hold.reason === 'unanswered');
  let wasHeld = held();
  const takenUp = (): boolean => { wasHeld ||= held(); return wasHeld && !held(); };
  for (let step = run.state.asks[id]!.escalated; step < path.length; step++) {
    const ask = run.state.asks[id]!;
    patch(run, id, { escalated: step + 1 });
    run.tell('critical', 'ask-escalated', `nobody answered in time: ${ask.question}`, `the stated default is taken: ${ask.otherwise}`, { to: [path[step]!], ask: id });
    if (step < path.length - 1 && (await run.beside(takenUp, run.now() + (run.plan.escalationAfterMs[step + 1] ?? everyMs)))) { patch(run, id, { escalated: path.length }); return; }
  }
}

function tellAsk(run: Run, id: string, topic: string, title: string, body: string, to: readonly string[]): void {
  const ask = run.state.asks[id]!;
  run.tell('ask', topic, title, [body, `answer: ${takes(ask)}  (ask ${id})`].filter((line) => line !== '').join('\n'), { to, ask: id, answers: answersOf(run, ask) });
}

/** A reminder without a deadline: nothing happens but that it is still asked. */
export function remindAgain(run: Run, id: string, everyMs: Ms, body: string): void {
  const { askedAt, reminded } = run.state.asks[id]!;
  // What nobody could be told while everything stood still is told once.
  patch(run, id, { reminded: Math.max(reminded + 1, Math.floor((run.now() - askedAt) / everyMs)) });
  tellAsk(run, id, 'ask-reminder', `still waiting: ${run.state.asks[id]!.question}`, body, unanswered(run.state.asks[id]!));
}

/** What an ask can be answered with, in words. */
const takes = ({ options, scale }: AskRecord): string => (scale === undefined ? options.join(' | ') : `a number from ${scale.from} to ${scale.to}`);

const answersOf = (run: Run, ask: AskRecord) => ({ options: ask.options, healthy: ask.healthy, from: ask.from, needs: ask.needs, withinMs: ask.dueAt === null ? null : ask.dueAt - run.now() });

/** What became of an ask, told only where its own message can be changed: nobody is disturbed by it. */
export function tellChange(run: Run, id: string): void {
  const receipts = run.state.receipts?.[id];
  if (receipts === undefined) return;
  const ask = run.state.asks[id]!;
  const given = ask.answers.map((answer) => `${answer.by}: ${answer.value}${answer.reason === '' ? '' : ` (${answer.reason})`}`).join('\n');
  const said = { open: `${ask.needs - ask.answers.length} more needed`, settled: String(ask.result), expired: `nobody answered in time: ${ask.otherwise}`, void: `no longer asked: ${ask.result}` }[ask.state];
  run.tell('ask', ask.state === 'open' ? 'ask-progress' : 'ask-ended', `${ask.question} — ${said}`, given, {
    to: ask.from, ask: id, channels: Object.keys(receipts).map(receiptChannel), ...(ask.state === 'open' ? { answers: answersOf(run, ask) } : {}),
  });
}

const unanswered = (ask: AskRecord): string[] => ask.from.filter((person) => !ask.answers.some((answer) => answer.by === person));

function patch(run: Run, id: string, change: Partial<AskRecord>): void {
  run.state.asks[id] = { ...run.state.asks[id]!, ...change };
}

function expire(run: Run, id: string): void {
  const ask = run.state.asks[id]!;
  if (ask.state !== 'open') return;
  patch(run, id, { state: 'expired', result: ask.otherwise, settledAt: run.now() });
  run.note('ask', `nobody answered '${ask.question}' in time: ${ask.otherwise}`, { ask: id, otherwise: ask.otherwise, tookMs: run.now() - ask.askedAt });
  tellChange(run, id);
}

/** An ask that no longer stands: its half-full quorum goes with it. */
export function voidAsk(run: Run, id: string, why: string): void {
  const ask = run.state.asks[id];
  if (ask === undefined || ask.state === 'void') return;
  patch(run, id, { state: 'void', result: why, settledAt: run.now() });
  run.note('ask', `no longer asked '${ask.question}': ${why}`, { ask: id });
  tellChange(run, id);
}

export interface Refusal { readonly code: string; readonly message: string }

/** Whether an answer may be given; null: it may. Pure, so that the update's validator can refuse without a trace in history. */
export function refuseAnswer(run: Run, id: string, value: string | number, by: By): Refusal | null {
  const ask = run.state.asks[id];
  const open = Object.values(run.state.asks).filter((one) => one.state === 'open').map((one) => one.ask);
  if (ask === undefined) return { code: 'ASK_UNKNOWN', message: `there is no ask '${id}'. Open asks: ${open.length === 0 ? 'none' : open.join(', ')}. Nothing was changed.` };
  if (ask.state === 'settled' && ask.answers.some((answer) => answer.by === by.by && answer.value === value)) return null; // the same answer twice is one answer
  if (ask.state !== 'open') return { code: 'ASK_CLOSED', message: `'${id}' is no longer open (${ask.state}: ${ask.result}). An answer now opens nothing. Open asks: ${open.length === 0 ? 'none' : open.join(', ')}.` };
  if (!ask.from.includes(by.by) && ask.others?.includes(by.by) !== true) return { code: 'NOT_ASKED', message: `${by.by} is not among those asked for '${id}' (${[...new Set([...ask.from, ...(ask.others ?? [])])].join(', ')}). Nothing was changed.` };
  if ((ask.kind === 'approval' || (ask.kind === 'decision' && value === 'go')) && !run.plan.starterMayApprove && by.by === run.state.startedBy.by) return { code: 'STARTER_MAY_NOT_APPROVE', message: `${by.by} started this rollout, and the plan bars the starter from approving. Nothing was changed.` };
  const wanted = ask.options.includes('number') ? typeof value === 'number' && Number.isFinite(value) && (ask.scale === undefined || (value >= ask.scale.from && value <= ask.scale.to)) : ask.options.includes(String(value));
  if (!wanted) return { code: 'ANSWER_NOT_OFFERED', message: `'${String(value)}' cannot answer '${id}': it takes ${takes(ask)}. Nothing was changed.` };
  if (['not-applicable', 'accept'].includes(String(value)) && (by.reason ?? '').trim() === '') return { code: 'REASON_NEEDED', message: `'${id}' can be ${value === 'accept' ? 'accepted' : 'declared not applicable'} only with a reason. Nothing was changed.` };
  return null;
}

/** Takes an answer that was not refused; settles the ask when the quorum is full, or at the first that says no. */
export function takeAnswer(run: Run, id: string, value: string | number, by: By): string {
  const ask = run.state.asks[id]!;
  if (ask.state !== 'open') return `was already answered so by ${by.by}`;
  const answer: AskAnswer = { by: by.by, value, at: run.now(), reason: by.reason ?? '', identity: by.identity ?? `${by.osUser ?? '?'}@${by.host ?? '?'}` };
  const answers = [...ask.answers.filter((one) => one.by !== by.by), answer];
  // Nobody is outvoted into going on.
  const no = value === 'reject' || (ask.kind === 'decision' && value !== 'go');
  const count = answers.filter((one) => one.value === value).length;
  const done = no || ask.kind === 'stand-up' || ask.needs <= 1 || count >= ask.needs;
  run.note('answer', `${by.by} answered '${ask.question}': ${value}${answer.reason === '' ? '' : ` (${answer.reason})`}`, { ask: id, value, reason: answer.reason, identity: answer.identity, osUser: by.osUser ?? null, host: by.host ?? null, ...(done ? { tookMs: answer.at - ask.askedAt } : {}) }, by.by);
  const twice = answers.filter((one) => one.identity === answer.identity && one.by !== by.by && one.identity !== '?@?');
  if (ask.needs > 1 && twice.length > 0) run.tell('warning', 'one-identity-two-votes', `one identity (${answer.identity}) gave the votes of ${[...twice.map((one) => one.by), by.by].join(' and ')}`, `ask ${id}`, { to: [run.plan.owner] });

  patch(run, id, done ? { answers, state: 'settled', result: value, settledAt: run.now() } : { answers });
  tellChange(run, id);
  return done ? `'${id}' is settled: ${value}` : `'${id}' has ${count} of ${ask.needs}: ${ask.needs - count} more needed from ${unanswered(run.state.asks[id]!).join(', ')}`;
}

/** An approver may take the vote back until the first write that it opened. */
export function refuseWithdraw(run: Run, id: string, by: By): Refusal | null {
  const ask = run.state.asks[id];
  if (ask === undefined) return { code: 'ASK_UNKNOWN', message: `there is no ask '${id}'. Nothing was changed.` };
  if (!ask.answers.some((answer) => answer.by === by.by)) return { code: 'NOTHING_TO_WITHDRAW', message: `${by.by} has given no answer to '${id}'. Nothing was changed.` };
  const moved = run.state.phases.find((phase) => phase.phase === ask.phase)?.movedAt !== null || run.state.step === 'moving';
  if (ask.kind === 'decision' && ask.state === 'open') return null;
  if (ask.kind !== 'approval' || ask.state === 'void' || ask.state === 'expired' || (moved && ask.phase === run.phaseName)) return { code: 'TOO_LATE', message: `'${id}' has already opened what it names (or no longer stands); an answer can be withdrawn only before the first write. To stop now: pause or rollback.` };
  return null;
}

export function withdrawAnswer(run: Run, id: string, by: By): void {
  const ask = run.state.asks[id]!;
  patch(run, id, { answers: ask.answers.filter((answer) => answer.by !== by.by), state: 'open', result: null, settledAt: null });
  run.note('answer', `${by.by} withdrew the answer to '${ask.question}'`, { ask: id }, by.by);
  tellChange(run, id);
  // One that is still open is reminded of already.
  if (ask.kind !== 'decision') void besideTheStory(remind(run, id));
}

/** Waits until an ask is settled, expired or void. For the story. @throws Interrupted, Leaving */
export async function answered(run: Run, id: string): Promise<AskRecord> {
  await run.until(() => run.state.asks[id]!.state !== 'open');
  return run.state.asks[id]!;
}

/** The newest ask of that name in this generation, in whatever state; null: none. */
export function latestAsk(run: Run, name: string): AskRecord | null {
  const same = Object.values(run.state.asks).filter((ask) => ask.ask === name || ask.ask.startsWith(`${name}/`) && /^\d+$/.test(ask.ask.slice(name.length + 1)));
  return same.filter((ask) => ask.generation === run.state.generation && ask.state !== 'void').at(-1) ?? null;
}

export const inWords = (ms: Ms): string => {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 2) return `${Math.max(0, Math.round(ms / 1000))} s`;
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 6) / 10} h` : `${Math.round(minutes / 144) / 10} d`;
};
export const dueIn = (run: Run, at: EpochMs | null): Ms | null => (at === null ? null : Math.max(0, at - run.now()));
