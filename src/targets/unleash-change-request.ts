// Where an environment of Unleash wants changes approved: one change request that asks for the move, made once, and what the person is told.
// Its neighbours: ./unleash.ts (the provider), ./flag-service.ts (the calls).
import { callService, masked, type FlagService } from './flag-service.js';
import { TargetNeedsPerson, TargetRefused } from './port.js';
import type { RolloutPlace } from './unleash-flag.js';

/** One step of a move, as a change request holds it. */
export interface Change { readonly action: 'addStrategy' | 'updateStrategy' | 'updateEnabled'; readonly payload: Readonly<Record<string, unknown>> }

export interface Wanted { readonly place: RolloutPlace; readonly project: string; readonly percent: number; readonly changes: readonly Change[] }

interface Pending { readonly id: number; readonly state: string; readonly environment: string; readonly features?: readonly { readonly name: string; readonly changes?: readonly { readonly action: string; readonly payload?: unknown }[] }[] }

/**
 * Sees to it that one open change request asks for this move: an earlier attempt may have made it already.
 * @returns what a person has to do; it is thrown by the caller
 * @throws TargetUnreachable when it cannot be told whether one was made; the next attempt looks first
 */
export async function askByChangeRequest(service: FlagService, wanted: Wanted): Promise<TargetNeedsPerson> {
  const { place, project, percent, changes } = wanted;
  const goal = `set flag '${place.flag}' in '${place.environment}' to ${percent} %`;
  try {
    const open = await openFor(service, wanted);
    const ours = open.find((one) => asksFor(one, wanted));
    if (ours === undefined && open[0] !== undefined) {
      return person(service, `Unleash wants a change request to ${goal}, but change request ${open[0].id} is open for this flag and asks for something else. Settle that one (${pageOf(service, project, open[0].id)}), then set it to ${percent} % by a change request of your own.`);
    }
    const request = ours ?? await made(service, wanted);
    if (request.state === 'Draft') await callService(service, { method: 'PUT', path: `/api/admin/projects/${encodeURIComponent(project)}/change-requests/${request.id}/state`, body: { state: 'In review', comment: `Tidegate ${service.context.key}` } });
    return person(service, `Change request ${request.id} in Unleash asks to ${goal}. Have it approved and applied there: ${pageOf(service, project, request.id)}`);
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    return person(service, `Unleash wants a change request to ${goal}, and none could be made: ${error.fields.what} Make it by hand (${changes.map(({ action }) => action).join(', ')}) and have it applied.`);
  }
}

async function made(service: FlagService, wanted: Wanted): Promise<Pending> {
  const { place, project, changes } = wanted;
  await callService(service, { method: 'POST', path: `/api/admin/projects/${encodeURIComponent(project)}/environments/${encodeURIComponent(place.environment)}/change-requests`, body: changes.map((change) => ({ feature: place.flag, ...change })) });
  const request = (await openFor(service, wanted)).find((one) => asksFor(one, wanted));
  if (request === undefined) throw new TargetRefused({ code: 'CHANGE_REQUEST_LOST', where: service.target.id, what: 'it was accepted, but is not among the open ones.' });
  return request;
}

async function openFor(service: FlagService, { place, project }: Wanted): Promise<readonly Pending[]> {
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

const pageOf = (service: FlagService, project: string, id: number): string => `${service.base}/projects/${encodeURIComponent(project)}/change-requests/${id}`;
const person = (service: FlagService, what: string): TargetNeedsPerson => new TargetNeedsPerson({ code: 'CHANGE_REQUEST', where: service.target.id, what: masked(service, what) });
