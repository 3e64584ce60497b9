// The gradual rollout of an Unleash flag in one environment, moved by the admin API and proved by evaluating 10,000 users on what was read back.
// What the flag means: ./unleash-flag.ts, calls: ./flag-service.ts, environments that want approvals: ./unleash-change-request.ts. Manual: docs/providers/unleash.md.
import { z } from 'zod';
import type { HttpClient } from '../http/client.js';
import { shownAddress } from '../http/secrets.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { TargetValue } from '../plan/types.js';
import { callService, masked, refusal, type FlagService, type ServiceAnswer } from './flag-service.js';
import { SYNTHETIC_USERS } from './flagd-users.js';
import { OwnRequests, type FindOwn } from './own-requests.js';
import { TargetConflict, TargetUnverified, type TargetContext, type TargetProvider, type TargetRef } from './port.js';
import { serviceAddress, text } from './service-settings.js';
import { parsedSettings, problemsOf } from './settings.js';
import { agrees, requireShare, shareProblems, type ShareKind } from './share.js';
import { askByChangeRequest, ownChangeRequests, type Change, type Wanted } from './unleash-change-request.js';
import { countOn, isSticky, unstickyReason, viewFlag, type FlagView, type RolloutPlace } from './unleash-flag.js';

const settingsSchema = z.strictObject({
  /** as the browser shows it, without `/api` */
  url: serviceAddress('https://unleash.example'),
  token: text,
  project: text.default('default'),
  environment: text,
  flag: text,
  /** id of the strategy; needed only where the flag has several gradual rollouts in this environment */
  strategy: text.optional(),
  /** what users are put in order by; flags with one group give the feature to the same users. Default: what the strategy has; a new one gets the flag's name */
  group: z.string().regex(/^[\x20-\x7e]+$/, 'plain letters are needed: the SDKs of several languages hash others differently').optional(),
  /** the context field that tells users apart. Default: what the strategy has; a new one gets 'userId' */
  stickiness: text.optional(),
});

const SHARE: ShareKind = { whose: "a flag's", decimals: 0 };
export const schema: ProviderSchema = {
  settings: settingsSchema, shorthand: null,
  check: ({ stickiness }, values) => [
    ...(typeof stickiness === 'string' && !isSticky(stickiness) ? [`stickiness '${stickiness}' is refused: ${unstickyReason(stickiness)}; name a field that every request has, e.g. 'userId'`] : []),
    ...values.flatMap((value) => shareProblems(SHARE, value)),
  ],
};

interface Flag { readonly service: FlagService; readonly place: RolloutPlace; readonly project: string; readonly view: FlagView; readonly counted: number }

export function createUnleash({ http }: { readonly http: HttpClient }): TargetProvider {
  const own = new OwnRequests();
  async function look(target: TargetRef, context: TargetContext): Promise<Flag> {
    const { url, token, project, environment, flag, strategy = null, group = null, stickiness = null } = parsedSettings(schema, settingsSchema, target);
    const service: FlagService = { http, name: 'Unleash', base: url.replace(/\/+$/, ''), token, target, context };
    const place: RolloutPlace = { flag, environment, strategy, group, stickiness };
    const { body } = await callService(service, { method: 'GET', path: featurePath(project, flag) });
    const view = viewFlag(body, place);
    if ('code' in view) throw refusal(service, view.code, `${view.what}.`, view.todo);
    return { service, place, project, view, counted: countOn(view, flag) };
  }

  return {
    name: 'unleash',
    check: (target, values) => problemsOf(schema, target.settings, values),
    claimKey(target) {
      const { url, flag, environment } = parsedSettings(schema, settingsSchema, target);
      return `${shownAddress(url).replace(/\/+$/, '')}#${flag}@${environment}`; // flags have one name over all projects
    },

    async read(target, context) {
      const flag = await look(target, context);
      const { service, place, view, counted } = flag;
      if (!agrees(counted, SYNTHETIC_USERS, view.sharePercent)) throw refusal(service, 'FLAG_NOT_UNDERSTOOD', `the gradual rollout of flag '${place.flag}' says ${view.sharePercent} %, but ${inWords(flag)}.`, 'Look at its other strategies: one of them is for everybody.');
      const open = await own.open(context, ownOf(flag, null));
      return { value: view.sharePercent, detail: masked(service, `${inWords(flag)}${open}`), ...(open === '' ? {} : { unsettled: true as const }) };
    },

    async write(target, value, expected, context) {
      const percent = requireShare(SHARE, target, value);
      const flag = await look(target, context);
      const { service, place, view, project } = flag;
      const undo = expected === null;
      // what is switched off is taken down as well, so that whoever switches it on again exposes nobody
      if (view.sharePercent === percent && (percent > 0 || view.rollout === null || Number(view.rollout.parameters['rollout']) === 0)) {
        if (undo) await own.withdraw(context, ownOf(flag, null));
        return;
      }
      if (expected !== null && view.sharePercent !== expected && view.sharePercent !== percent) throw conflict(flag, `stands at ${view.sharePercent} %${offNote(view)}, not at ${expected} % as read before`);
      const steps = stepsTo(flag, percent, expected !== null);
      if (expected !== null) requirePrediction(flag, percent);
      for (const step of steps) await take(step);
      if (undo) await own.withdraw(context, ownOf(flag, null));

      async function take({ method, path, body }: Step): Promise<void> {
        try {
          await callService(service, { method, path: `${featurePath(project, place.flag)}/environments/${encodeURIComponent(place.environment)}${path}`, body, special: (answer) => special(flag, answer) });
        } catch (error) {
          if (!(error instanceof ChangeRequestWanted)) throw error;
          const wanted: Wanted = { place, project, percent, changes: steps.map(({ change }) => change) };
          throw await askByChangeRequest(service, wanted, undo ? await own.withdraw(context, ownOf(flag, wanted)) : '');
        }
      }
    },

    async verify(target, value, context) {
      const percent = requireShare(SHARE, target, value);
      const flag = await look(target, context);
      const { view, counted, service } = flag;
      if (view.sharePercent === percent && agrees(counted, SYNTHETIC_USERS, percent)) return masked(service, `${inWords(flag)}${own.outcome(context)}`);
      throw new TargetUnverified({ code: 'FLAG_UNVERIFIED', where: target.id, what: masked(service, `${percent} % of users should get it, but ${inWords(flag)}.`), means: 'Users do not get what was written.', todo: 'Look at the flag in Unleash and at who else changes it.' });
    },
  };
}

const ownOf = ({ service, place, project }: Flag, now: Wanted | null): FindOwn => () => ownChangeRequests(service, { place, project }, now);

/** One request of a move, and the same as a change request would hold it. */
interface Step { readonly method: 'POST' | 'PATCH'; readonly path: string; readonly body?: unknown; readonly change: Change }

/** The share first and the switch last: nobody gets more than was asked for in between. */
function stepsTo({ place, view }: Flag, percent: number, conditional: boolean): readonly Step[] {
  const { rollout } = view;
  const steps: Step[] = [];
  if (rollout === null) {
    const body = { name: 'flexibleRollout', constraints: [], parameters: { rollout: String(percent), stickiness: place.stickiness ?? 'userId', groupId: place.group ?? place.flag } };
    steps.push({ method: 'POST', path: '/strategies', body, change: { action: 'addStrategy', payload: body } });
  } else {
    const before = rollout.whole['parameters'] as Readonly<Record<string, unknown>> | undefined;
    const enable = percent > 0 && rollout.disabled;
    // the server compares before it changes: what somebody else wrote since our reading stays
    const tests = conditional ? ['rollout', 'groupId', 'stickiness'].filter((key) => before?.[key] !== undefined).map((key) => ({ op: 'test', path: `/parameters/${key}`, value: before?.[key] })) : [];
    steps.push({
      method: 'PATCH', path: `/strategies/${encodeURIComponent(rollout.id)}`,
      body: [...tests, { op: 'add', path: '/parameters/rollout', value: String(percent) }, ...(enable ? [{ op: 'replace', path: '/disabled', value: false }] : [])],
      change: { action: 'updateStrategy', payload: { ...rollout.whole, parameters: { ...before, rollout: String(percent) }, disabled: enable ? false : rollout.disabled } },
    });
  }
  if (percent > 0 && !view.enabled) steps.push({ method: 'POST', path: '/on', change: { action: 'updateEnabled', payload: { enabled: true } } });
  return steps;
}

/** Refuses a move after which other strategies would give the flag to more people than the plan says, before anybody gets it. */
function requirePrediction({ service, place, view }: Flag, percent: number): void {
  const rollout = { id: '', name: 'flexibleRollout', limited: false, whole: {}, ...view.rollout, disabled: false, parameters: { groupId: place.group ?? place.flag, ...view.rollout?.parameters, rollout: String(percent) } };
  const counted = countOn({ enabled: view.enabled || percent > 0, rollout, strategies: [...view.strategies.filter((one) => one !== view.rollout), rollout], sharePercent: percent }, place.flag);
  if (agrees(counted, SYNTHETIC_USERS, percent)) return;
  throw refusal(service, 'FLAG_NOT_UNDERSTOOD', `with the gradual rollout of flag '${place.flag}' at ${percent} %${view.enabled ? '' : ` and '${place.environment}' switched on`}, ${grouped(counted)} of ${grouped(SYNTHETIC_USERS)} users would get it.`, 'Look at its other strategies: one of them is for everybody.');
}

/** Inside this file only: the environment wants changes approved. */
class ChangeRequestWanted extends Error {}

function special(flag: Flag, { status, body, words }: ServiceAnswer): Error | null {
  if (status >= 500 && words.includes('TEST_OPERATION_FAILED')) return conflict(flag, 'was changed in the instant before the write');
  const permissions = (body as { readonly permissions?: unknown } | null)?.permissions;
  if (status === 403 && (words.includes('SKIP_CHANGE_REQUEST') || (Array.isArray(permissions) && permissions.includes('SKIP_CHANGE_REQUEST')))) return new ChangeRequestWanted();
  return null;
}

function conflict({ service, place }: Flag, what: string): TargetConflict {
  return new TargetConflict({ code: 'FLAG_CHANGED', where: service.target.id, what: `flag '${place.flag}' in '${place.environment}' ${what}.`, means: 'Somebody else changed it; nothing was written.', todo: 'Find out who and why (the flag\'s event log says it); then adopt the value, restore ours, or roll back.' });
}

const featurePath = (project: string, flag: string): string => `/api/admin/projects/${encodeURIComponent(project)}/features/${encodeURIComponent(flag)}`;
const offNote = (view: FlagView): string => (!view.enabled ? ' (the environment is switched off)' : view.rollout?.disabled === true ? ' (the strategy is switched off)' : '');
const grouped = (count: number): string => count.toLocaleString('en-US');

function inWords({ place, view, counted }: Flag): string {
  const stored = view.rollout?.parameters['rollout'];
  const raw = stored === undefined || stored === String(view.sharePercent) || offNote(view) !== '' ? '' : `, stored as '${stored}'`;
  const others = view.strategies.length - (view.rollout === null ? 0 : 1);
  const kept = others === 0 ? '' : `; ${others} other ${others === 1 ? 'strategy is' : 'strategies are'} kept`;
  return `${place.flag} in ${place.environment}: ${view.sharePercent} %${raw} (${grouped(counted)} of ${grouped(SYNTHETIC_USERS)} users evaluate to on${offNote(view)}${view.rollout === null ? '; no gradual rollout yet' : ''}${kept})`;
}
