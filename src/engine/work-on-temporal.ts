// What is left to do beside or after rollouts, as Temporal knows it: workflows of type review, followUp and incident, and the schedules of the
// reviews. Part of the Rollouts port (rollouts-on-temporal.ts), which says what an error means.
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { CommandName, WorkView } from '../../workflows/messages.js';
import type { Review } from '../plan/types.js';
import type { ReviewDates, Rollouts, WorkItem } from './rollouts-port.js';

const types = { review: 'review', 'follow-up': 'followUp', incident: 'incident' } as const satisfies Record<WorkView['kind'], string>;
const kindOf = (type: string): WorkView['kind'] => (Object.keys(types) as WorkView['kind'][]).find((kind) => types[kind] === type) ?? 'follow-up';
/** the newest; what is older is in the record of the channels */
const most = 200;
/** asked at the same time: more would only queue in the worker */
const atOnce = 8;

const safe = (rollout: string): boolean => /^[\w.-]+$/.test(rollout);

export async function workItems(client: Client, { rollout, kinds, openOnly }: Parameters<Rollouts['work']>[0], queryMs: number): Promise<readonly WorkItem[]> {
  if (rollout !== null && !safe(rollout)) return [];
  const infos: WorkflowExecutionInfo[] = [];
  const query = [`WorkflowType IN (${kinds.map((kind) => `'${types[kind]}'`).join(', ')})`, ...(rollout === null ? [] : [`RolloutId = '${rollout}'`]), ...(openOnly ? [`ExecutionStatus = 'Running'`] : [])].join(' AND ');
  for await (const info of client.workflow.list({ query, pageSize: most })) {
    // a run that continued as new is one link of an incident, not one of its own
    if (info.status.name !== 'CONTINUED_AS_NEW') infos.push(info);
    if (infos.length >= most) break;
  }
  const items: WorkItem[] = [];
  const waiting = [...infos];
  await Promise.all(Array.from({ length: Math.min(atOnce, infos.length) }, async () => { for (let info = waiting.shift(); info !== undefined; info = waiting.shift()) items.push(await itemOf(client, info, queryMs)); }));
  return items.sort((a, b) => b.since - a.since || a.workflowId.localeCompare(b.workflowId));
}

async function itemOf(client: Client, info: WorkflowExecutionInfo, queryMs: number): Promise<WorkItem> {
  const open = info.status.name === 'RUNNING';
  const view = await client.withDeadline(Date.now() + queryMs, () => client.workflow.getHandle(info.workflowId, info.runId).query<WorkView>('work')).catch(() => null);
  if (view !== null) return { ...view, workflowId: info.workflowId, open, answered: true };
  // No worker, or begun by a release that did not know the question: what its id says.
  const [, rollout = '', ...rest] = info.workflowId.split('/');
  return {
    kind: kindOf(info.type), rollout, id: rest.slice(0, 2).join('/'), title: rest.slice(0, 2).join('/'), who: [], tasks: [], since: info.startTime.getTime(), dueAt: null,
    state: open ? 'open' : 'done', doneBy: null, doneAt: info.closeTime?.getTime() ?? null, note: '', ask: null, workflowId: info.workflowId, open, answered: false,
  };
}

/** The incident that a command is about; null: about none. */
export function incidentOf(name: CommandName, payload: unknown): string | null {
  const { ask, what } = (typeof payload === 'object' && payload !== null ? payload : {}) as { readonly ask?: unknown; readonly what?: unknown };
  const said = name === 'done' ? what : name === 'answer' || name === 'approve' ? /^(incident-\d+)\/acknowledge$/.exec(String(ask))?.[1] : undefined;
  return typeof said === 'string' && /^incident-\d+$/.test(said) ? said : null;
}

/** Where an incident goes on that outlived its rollout; null: nowhere. */
export async function openIncident(client: Client, rollout: string, incident: string): Promise<string | null> {
  if (!safe(rollout)) return null;
  for await (const { workflowId } of client.workflow.list({ query: `WorkflowType = 'incident' AND RolloutId = '${rollout}' AND ExecutionStatus = 'Running'` })) if (workflowId.startsWith(`incident/${rollout}/${incident}/`)) return workflowId;
  return null;
}

export async function reviewDates(client: Client, rollout: string | null): Promise<readonly ReviewDates[]> {
  const dates: ReviewDates[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    if (!scheduleId.startsWith(rollout === null ? 'review/' : `review/${rollout}/`)) continue;
    const description = await client.schedule.getHandle(scheduleId).describe().catch(() => null);
    if (description === null) continue; // deleted in this very moment
    const [input] = (description.action.args ?? []) as readonly { readonly rollout?: string; readonly review?: Review }[];
    const { review } = input ?? {};
    dates.push({
      rollout: input?.rollout ?? scheduleId.split('/')[1]!, id: review?.id ?? scheduleId.split('/').slice(2).join('/'), scheduleId, title: review?.title ?? description.state.note ?? scheduleId, who: review?.who ?? [], tasks: review?.tasks ?? [],
      timezone: description.spec.timezone ?? 'UTC', next: description.info.nextActionTimes.slice(0, 5).map((at) => at.getTime()), paused: description.state.paused,
    });
  }
  return dates.sort((a, b) => (a.next[0] ?? Infinity) - (b.next[0] ?? Infinity) || a.scheduleId.localeCompare(b.scheduleId));
}
