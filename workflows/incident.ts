// An incident that is still open when its rollout has ended: it goes on from where it stood. The path is walked until somebody takes it, and it
// stays until somebody says that it is over. The same answers reach it as before: `answer`, `approve`, `done`, each an update and a signal.
import { allHandlersFinished, ApplicationFailure, condition, continueAsNew, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import type { IncidentInput } from '../activities/types.js';
import { inWords } from './asks.js';
import { answer, approve, done, work, type AnswerCommand, type By, type CommandResult, type DoneCommand, type WorkView } from './messages.js';
import type { IncidentRecord } from './state.js';
import { Telling } from './telling.js';
import { commandProblems } from './understanding.js';
import { acknowledgeAsk, acknowledgeView, addressed, callAnswers, callMatter, callWords, mayTake, nameOf, walkPath } from './walk.js';

export async function incident(input: IncidentInput, said = 0): Promise<IncidentRecord> {
  let record = input.incident;
  let note = '';
  const { rollout } = input;
  const telling = new Telling(rollout, `${rollout}/${record.id}/${record.openedAt}`, input.channels, said);
  const change = (part: Partial<IncidentRecord>): void => { record = { ...record, ...part }; };
  const matters = () => record.called.map((one) => callMatter(record, one));
  const taken = (): boolean => record.acknowledgedAt !== null || record.overAt !== null;

  const take = (by: string): void => {
    if (record.acknowledgedAt !== null) return;
    change({ acknowledgedAt: Date.now(), acknowledgedBy: by });
    telling.tell('info', { where: record.severity, topic: 'incident-acknowledged', title: `${by} has ${nameOf(record)}: ${record.text}`, to: addressed(record), ends: matters() });
  };
  const end = (by: string, why: string): void => {
    change({ overAt: Date.now() });
    telling.tell('info', { where: record.severity, topic: 'incident-over', title: `${nameOf(record)} is over: ${by} says so${why === '' ? '' : ` (${why})`}`, body: record.text, to: [...new Set([...addressed(record), ...record.tell])], ends: matters() });
  };

  const commands: Readonly<Record<'answer' | 'approve' | 'done', { refuse(command: By): string | null; act(command: By): CommandResult }>> = {
    answer: { refuse: (command) => refuseAnswer(record, command as AnswerCommand, (command as AnswerCommand).value), act: (command) => { take(command.by); return { did: `${record.id} is yours`, undo: null }; } },
    approve: { refuse: (command) => refuseAnswer(record, command as AnswerCommand, 'mine'), act: (command) => { take(command.by); return { did: `${record.id} is yours`, undo: null }; } },
    done: {
      refuse: (command) => ((command as DoneCommand).what !== record.id ? `this is ${record.id}, not '${(command as DoneCommand).what}'. Nothing was changed.` : record.overAt !== null ? `${record.id} is over. Nothing was changed.` : null),
      act: (command) => { note = command.reason ?? ''; take(command.by); end(command.by, note); return { did: `${record.id} is over, ${inWords(Date.now() - record.openedAt)} after it was opened`, undo: null }; },
    },
  };
  for (const [name, definition] of Object.entries({ answer, approve, done })) {
    const { refuse, act } = commands[name as keyof typeof commands];
    const refusal = (payload: unknown): string | null => malformed(name as keyof typeof commands, payload) ?? refuse(payload as By);
    setHandler(definition as never, ((payload: By) => act(payload)) as never, { validator: ((payload: unknown) => { const why = refusal(payload); if (why !== null) throw ApplicationFailure.nonRetryable(why, 'REFUSED'); }) as never });
    setHandler(defineSignal<[unknown]>(name), (payload) => { if (refusal(payload) === null) act(payload as By); });
  }
  setHandler(work, () => viewOf(rollout, record, note));

  await walkPath({
    now: () => Date.now(), incident: () => record, change,
    settled: async (at) => {
      if (workflowInfo().continueAsNewSuggested && !taken()) {
        // The walk goes on soon, whatever a channel does: whoever was called is called again.
        await telling.delivered(60_000);
        await condition(allHandlersFinished);
        if (!taken()) return continueAsNew<typeof incident>({ ...input, incident: record }, telling.count);
      }
      const remaining = at - Date.now();
      if (remaining > 0) await condition(taken, remaining);
      return taken();
    },
    call: (who) => {
      const { title, body } = callWords(record, who);
      telling.tell(record.severity, { topic: 'ask', title, body, to: [who], ask: acknowledgeAsk(record), answers: callAnswers(record, who, Date.now()), matter: callMatter(record, record.called.at(-1)!) });
    },
    nobody: () => telling.tell('emergency', { topic: 'incident-unanswered', title: `nobody has taken ${nameOf(record)}: ${record.text}`, body: `called: ${mayTake(record).join(', ')}\nThey are called again from ${new Date(record.nextAt).toISOString()} on.`, to: [...new Set([...mayTake(record), ...record.tell])] }),
  });
  // What ended with the rollout is over once somebody has taken it.
  if (record.overAt === null && record.issue !== null) end(record.acknowledgedBy!, 'its issue ended with the rollout');
  await condition(() => record.overAt !== null);
  await telling.delivered();
  await condition(allHandlersFinished);
  return record;
}

function malformed(name: 'answer' | 'approve' | 'done', payload: unknown): string | null {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return 'a command is a JSON object with at least "by". Nothing was changed.';
  const problems = commandProblems(name, payload);
  return problems.length === 0 ? null : `${name} cannot be understood: ${problems.join('; ')}. Nothing was changed.`;
}

function refuseAnswer(record: IncidentRecord, command: AnswerCommand, value: unknown): string | null {
  if (command.ask !== acknowledgeAsk(record)) return `there is no ask '${command.ask}' here: ${acknowledgeAsk(record)}. Nothing was changed.`;
  if (!mayTake(record).includes(command.by)) return `${command.by} is not among those asked for '${command.ask}' (${mayTake(record).join(', ')}). Nothing was changed.`;
  return value === 'mine' ? null : `'${String(value)}' cannot answer '${command.ask}': it takes mine. Nothing was changed.`;
}

const viewOf = (rollout: string, record: IncidentRecord, note: string): WorkView => ({
  kind: 'incident', rollout, id: record.id, title: `${nameOf(record)}: ${record.text}`, who: record.acknowledgedBy === null ? addressed(record) : [record.acknowledgedBy], tasks: record.firstSteps, since: record.openedAt, dueAt: null,
  state: record.overAt !== null ? 'done' : record.acknowledgedAt === null ? 'late' : 'open', doneBy: record.overAt === null ? null : record.acknowledgedBy, doneAt: record.overAt, note, ask: record.acknowledgedAt === null && record.overAt === null ? acknowledgeView(record) : null,
});
