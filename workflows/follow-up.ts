// A follow-up: work with a deadline that outlives the rollout (post-mortem, root cause). Reminds at half and four fifths, escalates when late
// along the path, ends when somebody says it is done: `tidegate done`, or `temporal workflow update execute --name done`.
import { allHandlersFinished, condition, setHandler } from '@temporalio/workflow';
import type { FollowUpInput } from '../activities/types.js';
import { followUpOf010 } from './older-work.js';
import { work, type By } from './messages.js';
import { listenForDone, viewOf, walkLate } from './doing.js';
import { Telling } from './telling.js';

export async function followUp(input: FollowUpInput): Promise<{ doneBy: string; late: boolean; note?: string }> {
  const { followUp: todo, startedAt, rollout, after } = input;
  if (after === undefined) return followUpOf010(input);
  const dueAt = startedAt + todo.withinMs;
  const telling = new Telling(rollout, `${rollout}/${todo.id}/${startedAt}`, after.channels);
  let done: { readonly by: By; readonly at: number } | null = null;
  listenForDone((by) => { done ??= { by, at: Date.now() }; return `${todo.title} is done, says ${done.by.by}`; });
  setHandler(work, () => viewOf({ kind: 'follow-up', rollout, id: todo.id, title: todo.title, who: todo.who, tasks: input.reason === '' ? [] : [input.reason], since: startedAt, dueAt, missed: false }, done, Date.now()));
  const until = async (at: number): Promise<boolean> => { const remaining = at - Date.now(); if (remaining > 0) await condition(() => done !== null, remaining); return done !== null; };
  const due = new Date(dueAt).toISOString();

  telling.tell('warning', { topic: 'follow-up', title: `${rollout}: ${todo.title}, due ${due}`, body: input.reason, to: todo.who });
  for (const share of [0.5, 0.8]) {
    if (await until(startedAt + todo.withinMs * share)) break;
    telling.tell('warning', { topic: 'follow-up-reminder', title: `${rollout}: ${todo.title} is due ${due}`, body: input.reason, to: todo.who });
  }
  const inTime = await until(dueAt);
  await walkLate({ who: todo.who, path: after.path, from: dueAt, until, tell: (to) => telling.tell('critical', { topic: 'follow-up-late', title: `${rollout}: ${todo.title} is LATE`, body: [input.reason, `due ${due}, by ${todo.who.join(', ')}`].filter((line) => line !== '').join('\n'), to }) });
  await condition(() => done !== null);
  const { by } = done!;
  telling.tell('info', { topic: 'follow-up-done', title: `${rollout}: ${todo.title} is done, says ${by['by']}`, body: by['reason'] ?? '', to: inTime ? [] : after.path.map(({ who }) => who) });
  await telling.delivered();
  await condition(allHandlersFinished);
  return { doneBy: by['by'], late: !inTime, note: by['reason'] ?? '' };
}
