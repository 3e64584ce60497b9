// One occurrence of a review, started by its schedule long after the rollout: tells the people and their tasks, and waits until somebody says it
// is done. Reminds; tells the escalation path when it is late, at the latest when the next occurrence comes, which ends this one as missed.
import { allHandlersFinished, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import type { ChannelRef, Review } from '../src/plan/types.js';
import type { Escalation } from '../activities/types.js';
import { reviewOf010 } from './older-work.js';
import { listenForDone, viewOf, walkLate } from './doing.js';
import { work, type By } from './messages.js';
import { Telling } from './telling.js';

export interface ReviewInput { readonly rollout: string; readonly review: Review; readonly channels: readonly ChannelRef[]; /** absent: scheduled by a rollout of 0.1.0 */ readonly after?: Escalation }
/** Reminded once after `remind after` and once after twice that; after thrice that it is late. */
const lateAfter = 3;
/** The next occurrence waits for this one to end, and not for a channel that is down. */
const lastWordsMs = 60_000;

export async function review(input: ReviewInput): Promise<{ doneBy: string | null; late: boolean; note: string } | void> {
  const { review: todo, rollout, after } = input;
  if (after === undefined || todo.remindAfterMs === undefined) return reviewOf010(input);
  const remindAfterMs = todo.remindAfterMs;
  // The schedule cancels what is not done when the next is due.
  return CancellationScope.nonCancellable(async () => {
    const startedAt = Date.now();
    const lateAt = startedAt + lateAfter * remindAfterMs;
    const telling = new Telling(rollout, `${rollout}/${todo.id}/${startedAt}`, after.channels);
    let done: { readonly by: By; readonly at: number } | null = null;
    let missed = false;
    void CancellationScope.current().parent?.cancelRequested.catch(() => { missed = true; });
    listenForDone((by) => { done ??= { by, at: Date.now() }; return `${todo.title} is done, says ${done.by.by}`; });
    setHandler(work, () => viewOf({ kind: 'review', rollout, id: todo.id, title: todo.title, who: todo.who, tasks: todo.tasks, since: startedAt, dueAt: lateAt, missed }, done, Date.now()));
    const settled = (): boolean => done !== null || missed;
    const until = async (at: number): Promise<boolean> => { const remaining = at - Date.now(); if (remaining > 0) await condition(settled, remaining); return settled(); };
    const body = todo.tasks.map((task) => `- ${task}`).join('\n');
    const doneLine = `tidegate done ${rollout} ${todo.id.replace(/^reviews\//, '')} -m NOTE`;

    telling.tell('info', { topic: 'review', title: `${rollout}: ${todo.title}`, body: `${body}\nwhen it is done: ${doneLine}`, to: todo.who });
    for (const times of [1, 2]) {
      if (await until(startedAt + times * remindAfterMs)) break;
      telling.tell('warning', { topic: 'review-reminder', title: `${rollout}: ${todo.title} is not done yet`, body, to: todo.who });
    }
    let late = false;
    const tellLate = (why: string, to: readonly string[]): void => { late = true; telling.tell('critical', { topic: 'review-late', title: `${rollout}: ${todo.title} is ${why}`, body: `of ${todo.who.join(', ')}, since ${new Date(startedAt).toISOString()}\n${body}`, to }); };
    await walkLate({ who: todo.who, path: after.path, from: lateAt, until, tell: (to) => tellLate('LATE', to) });
    await condition(settled);
    const said = done as { readonly by: By; readonly at: number } | null;
    if (said === null) {
      tellLate('MISSED: the next one begins', [...new Set([...todo.who, ...after.path.map(({ who }) => who)])]);
      await telling.delivered(lastWordsMs);
      return { doneBy: null, late: true, note: '' };
    }
    telling.tell('info', { topic: 'review-done', title: `${rollout}: ${todo.title} is done, says ${said.by.by}`, body: said.by.reason ?? '', to: late ? after.path.map(({ who }) => who) : [] });
    await telling.delivered();
    await condition(allHandlersFinished);
    return { doneBy: said.by.by, late, note: said.by.reason ?? '' };
  });
}
