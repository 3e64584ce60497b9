// Where an environment of Unleash wants changes approved: one change request that asks for the move, made once, what the person is told, and how an
// undo takes it back. Its neighbours: ./unleash.ts (the provider), ./flag-service.ts (the calls), ./own-requests.ts (what is taken back when).
import { callService, masked, type FlagService } from './flag-service.js';
import { isOwn, markOf, visible, type OwnRequest } from './own-requests.js';
import { TargetNeedsPerson, TargetRefused } from './port.js';
import type { RolloutPlace } from './unleash-flag.js';

/** One step of a move, as a change request holds it. */
export interface Change { readonly action: 'addStrategy' | 'updateStrategy' | 'updateEnabled'; readonly payload: Readonly<Record<string, unknown>> }

interface Where { readonly place: RolloutPlace; readonly project: string }
export interface Wanted extends Where { readonly percent: number; readonly changes: readonly Change[] }

interface Pending {
  readonly id: number; readonly state: string; readonly environment: string; readonly comments?: readonly { readonly text?: unknown }[]; readonly segments?: readonly unknown[];
  readonly features?: readonly { readonly name: string; readonly changes?: readonly { readonly id?: number; readonly action: string; readonly payload?: unknown }[] }[];
}

/**
 * Sees to it that one open change request asks for this move: an earlier attempt may have made it already.
 * @param besides what else the person has to know, '' for nothing
 * @returns what a person has to do; it is thrown by the caller
 * @throws TargetUnreachable when it cannot be told whether one was made; the next attempt looks first
 */
export async function askByChangeRequest(service: FlagService, wanted: Wanted, besides: string): Promise<TargetNeedsPerson> {
  const { place, project, percent, changes } = wanted;
  const goal = `set flag '${place.flag}' in '${place.environment}' to ${percent} %`;
  const person = (what: string): TargetNeedsPerson => new TargetNeedsPerson({ code: 'CHANGE_REQUEST', where: service.target.id, what: masked(service, besides === '' ? what : `${what} (${besides})`) });
  try {
    const open = await openFor(service, wanted);
    const ours = open.find((one) => asksFor(one, wanted));
    if (ours === undefined && open[0] !== undefined) {
      return person(`Unleash wants a change request to ${goal}, but change request ${open[0].id} is open for this flag and asks for something else. Settle that one (${pageOf(service, project, open[0].id)}), then set it to ${percent} % by a change request of your own.`);
    }
    const request = ours ?? await made(service, wanted);
    if (request.state === 'Draft') await callService(service, { method: 'PUT', path: `${requestPath(project, request)}/state`, body: { state: 'In review' } });
    if (!isOurs(service, request)) await mark(service, requestPath(project, request), goal);
    return person(`Change request ${request.id} in Unleash asks to ${goal}. Have it approved and applied there: ${pageOf(service, project, request.id)}`);
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    return person(`Unleash wants a change request to ${goal}, and none could be made: ${error.fields.what} Make it by hand (${changes.map(({ action }) => action).join(', ')}) and have it applied.`);
  }
}

async function made(service: FlagService, wanted: Wanted): Promise<Pending> {
  const { place, project, changes } = wanted;
  await callService(service, { method: 'POST', path: `/api/admin/projects/${encodeURIComponent(project)}/environments/${encodeURIComponent(place.environment)}/change-requests`, body: changes.map((change) => ({ feature: place.flag, ...change })) });
  const request = (await openFor(service, wanted)).find((one) => asksFor(one, wanted));
  if (request === undefined) throw new TargetRefused({ code: 'CHANGE_REQUEST_LOST', where: service.target.id, what: 'it was accepted, but is not among the open ones.' });
  return request;
}

/** An undo knows what it may take back by this. Where it may not be written the request stays, and a person sees to it. */
async function mark(service: FlagService, path: string, goal: string): Promise<void> {
  try { await callService(service, { method: 'POST', path: `${path}/comments`, body: { text: `${markOf(service.context.key)}: ${goal}` } }); } catch (error) { if (!(error instanceof TargetRefused)) throw error; }
}

/** Open change requests by which this rollout asks for this flag; one that asks for just what is wanted `now` stays. @throws TargetRefused, TargetUnreachable */
export async function ownChangeRequests(service: FlagService, at: Where, now: Wanted | null): Promise<readonly OwnRequest[]> {
  const open = await visible(openFor(service, at));
  return open.filter((one) => isOurs(service, one) && !(now !== null && asksFor(one, now))).map((one) => ({ name: `change request ${one.id}`, withdraw: () => withdraw(service, at, one) }));
}

/** As a whole where it is for this flag alone; else only this flag's part, since Unleash puts all changes of one account into one request. */
async function withdraw(service: FlagService, { place, project }: Where, request: Pending): Promise<void> {
  const path = requestPath(project, request);
  const others = (request.segments ?? []).length > 0 || (request.features ?? []).some(({ name, changes = [] }) => name !== place.flag && changes.length > 0);
  if (others) for (const { id } of changesOf(request, place.flag)) await callService(service, { method: 'DELETE', path: `${path}/changes/${id}` });
  // what is scheduled cannot be cancelled, only rejected
  else await callService(service, { method: 'PUT', path: `${path}/state`, body: { state: request.state === 'Scheduled' ? 'Rejected' : 'Cancelled', comment: `${markOf(service.context.key)}: the move is taken back` } });
}

const isOurs = ({ context }: FlagService, { comments = [] }: Pending): boolean => comments.some(({ text }) => isOwn(context.key, text));

async function openFor(service: FlagService, { place, project }: Where): Promise<readonly Pending[]> {
  const { body } = await callService(service, { method: 'GET', path: `/api/admin/projects/${encodeURIComponent(project)}/change-requests/pending/${encodeURIComponent(place.flag)}` });
  return (Array.isArray(body) ? body as Pending[] : []).filter((one) => one.environment === place.environment && changesOf(one, place.flag).length > 0);
}

const changesOf = (request: Pending, flag: string) => (request.features ?? []).filter(({ name }) => name === flag).flatMap(({ changes }) => changes ?? []);

/** All of what is wanted stands in it; the service adds fields of its own to each change. */
function asksFor(request: Pending, { place, changes }: Wanted): boolean {
  const there = changesOf(request, place.flag);
  return there.length === changes.length && changes.every((wanted) => there.some((one) => one.action === wanted.action && holds(one.payload, wanted.payload)));
}

function holds(found: unknown, wanted: Change['payload']): boolean {
  const has = (found ?? {}) as { readonly id?: unknown; readonly enabled?: unknown; readonly parameters?: { readonly rollout?: unknown } };
  return has.id === wanted['id'] && has.enabled === wanted['enabled'] && has.parameters?.rollout === (wanted['parameters'] as { readonly rollout?: unknown } | undefined)?.rollout;
}

const requestPath = (project: string, { id }: Pending): string => `/api/admin/projects/${encodeURIComponent(project)}/change-requests/${id}`;
const pageOf = (service: FlagService, project: string, id: number): string => `${service.base}/projects/${encodeURIComponent(project)}/change-requests/${id}`;
