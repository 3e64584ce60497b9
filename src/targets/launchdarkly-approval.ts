// Where an environment of LaunchDarkly wants changes approved: one approval request for the move, made once, and what the person is told.
// Its neighbours: ./launchdarkly.ts (the provider), ./flag-service.ts (the calls).
import { isDeepStrictEqual } from 'node:util';
import { callService, masked, type FlagService } from './flag-service.js';
import { TargetNeedsPerson, TargetRefused } from './port.js';

export interface Instruction { readonly kind: string; readonly [parameter: string]: unknown }

export interface Wanted { readonly project: string; readonly flag: string; readonly environment: string; readonly percent: number; readonly instructions: readonly Instruction[] }

/**
 * Sees to it that one open approval request asks for this move: an earlier attempt may have made it already.
 * @returns what a person has to do; it is thrown by the caller
 * @throws TargetUnreachable when it cannot be told whether one was made; the next attempt looks first
 */
export async function askByApproval(service: FlagService, { project, flag, environment, percent, instructions }: Wanted): Promise<TargetNeedsPerson> {
  const path = `/api/v2/projects/${encodeURIComponent(project)}/flags/${encodeURIComponent(flag)}/environments/${encodeURIComponent(environment)}/approval-requests`;
  const goal = `set flag '${flag}' in '${environment}' to ${percent} %`;
  try {
    const { body } = await callService(service, { method: 'GET', path });
    const open = requestsOf(body).filter(({ status }) => status === 'pending' || status === 'scheduled');
    const ours = open.find((one) => asksFor(one, instructions)) ?? (await callService(service, { method: 'POST', path, body: { description: `Tidegate ${service.context.key}: ${goal}`, instructions } })).body as Request | null;
    const id = ours?._id === undefined ? '' : ` ${ours._id}`;
    if (ours?.reviewStatus === 'declined') return person(service, `Approval request${id} in LaunchDarkly, to ${goal}, was declined there. Settle it with whoever declined it, then have it applied, or answer that it failed.`);
    return person(service, `Approval request${id} in LaunchDarkly asks to ${goal}. Have it approved and applied there (project '${project}').`);
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    return person(service, `LaunchDarkly wants an approval to ${goal}, and it could not be asked for: ${error.fields.what} Ask for it by hand and have it applied.`);
  }
}

interface Request { readonly _id?: string; readonly status?: string; readonly reviewStatus?: string; readonly instructions?: readonly Readonly<Record<string, unknown>>[] }

const requestsOf = (body: unknown): readonly Request[] => { const items = (body as { readonly items?: unknown } | null)?.items; return Array.isArray(items) ? items as Request[] : []; };

/** The service adds fields of its own to an instruction; what was asked for must stand in it as it was. */
function asksFor({ instructions = [] }: Request, wanted: readonly Instruction[]): boolean {
  return instructions.length === wanted.length && wanted.every((one, index) => Object.entries(one).every(([key, value]) => isDeepStrictEqual(instructions[index]?.[key], value)));
}

const person = (service: FlagService, what: string): TargetNeedsPerson => new TargetNeedsPerson({ code: 'APPROVAL_REQUIRED', where: service.target.id, what: masked(service, what) });
