// Where an environment of LaunchDarkly wants changes approved: one approval request for the move, made once, what the person is told, and how an undo
// takes it back. Its neighbours: ./launchdarkly.ts (the provider), ./flag-service.ts (the calls), ./own-requests.ts (what is taken back when).
import { isDeepStrictEqual } from 'node:util';
import { callService, masked, type FlagService } from './flag-service.js';
import { isOwn, markOf, visible, type OwnRequest } from './own-requests.js';
import { TargetNeedsPerson, TargetRefused } from './port.js';

export interface Instruction { readonly kind: string; readonly [parameter: string]: unknown }

interface Where { readonly project: string; readonly flag: string; readonly environment: string }
export interface Wanted extends Where { readonly percent: number; readonly instructions: readonly Instruction[] }

/**
 * Sees to it that one open approval request asks for this move: an earlier attempt may have made it already.
 * @param besides what else the person has to know, '' for nothing
 * @returns what a person has to do; it is thrown by the caller
 * @throws TargetUnreachable when it cannot be told whether one was made; the next attempt looks first
 */
export async function askByApproval(service: FlagService, wanted: Wanted, besides: string): Promise<TargetNeedsPerson> {
  const { project, flag, environment, percent, instructions } = wanted;
  const goal = `set flag '${flag}' in '${environment}' to ${percent} %`;
  const person = (what: string): TargetNeedsPerson => new TargetNeedsPerson({ code: 'APPROVAL_REQUIRED', where: service.target.id, what: masked(service, besides === '' ? what : `${what} (${besides})`) });
  try {
    const ours = (await openFor(service, wanted)).find((one) => asksFor(one, instructions)) ?? (await callService(service, { method: 'POST', path: requestsPath(wanted), body: { description: `${markOf(service.context.key)}: ${goal}`, instructions } })).body as Request | null;
    const id = ours?._id === undefined ? '' : ` ${ours._id}`;
    if (ours?.reviewStatus === 'declined') return person(`Approval request${id} in LaunchDarkly, to ${goal}, was declined there. Settle it with whoever declined it, then have it applied, or answer that it failed.`);
    return person(`Approval request${id} in LaunchDarkly asks to ${goal}. Have it approved and applied there (project '${project}').`);
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    return person(`LaunchDarkly wants an approval to ${goal}, and it could not be asked for: ${error.fields.what} Ask for it by hand and have it applied.`);
  }
}

/** Open approval requests by which this rollout asks for this flag; one that asks for just what is wanted `now` stays. @throws TargetRefused, TargetUnreachable */
export async function ownApprovalRequests(service: FlagService, at: Where, now: readonly Instruction[] | null): Promise<readonly OwnRequest[]> {
  const open = await visible(openFor(service, at));
  return open.filter((one) => isOwn(service.context.key, one.description) && one._id !== undefined && !(now !== null && asksFor(one, now)))
    .map(({ _id: id = '' }) => ({ name: `approval request ${id}`, withdraw: () => callService(service, { method: 'DELETE', path: `${requestsPath(at)}/${encodeURIComponent(id)}` }) }));
}

async function openFor(service: FlagService, at: Where): Promise<readonly Request[]> {
  const { body } = await callService(service, { method: 'GET', path: requestsPath(at) });
  return requestsOf(body).filter(({ status }) => status === 'pending' || status === 'scheduled');
}

const requestsPath = ({ project, flag, environment }: Where): string => `/api/v2/projects/${encodeURIComponent(project)}/flags/${encodeURIComponent(flag)}/environments/${encodeURIComponent(environment)}/approval-requests`;

interface Request { readonly _id?: string; readonly description?: string; readonly status?: string; readonly reviewStatus?: string; readonly instructions?: readonly Readonly<Record<string, unknown>>[] }

const requestsOf = (body: unknown): readonly Request[] => { const items = (body as { readonly items?: unknown } | null)?.items; return Array.isArray(items) ? items as Request[] : []; };

/** The service adds fields of its own to an instruction; what was asked for must stand in it as it was. */
function asksFor({ instructions = [] }: Request, wanted: readonly Instruction[]): boolean {
  return instructions.length === wanted.length && wanted.every((one, index) => Object.entries(one).every(([key, value]) => isDeepStrictEqual(instructions[index]?.[key], value)));
}
