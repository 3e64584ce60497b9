// The percentage rollout of a LaunchDarkly flag in one environment, moved by semantic patches and proved by evaluating 10,000 users on what was read
// back. What the flag means: ./launchdarkly-flag.ts, calls: ./flag-service.ts, approvals: ./launchdarkly-approval.ts. Manual: docs/providers/launchdarkly.md.
import { z } from 'zod';
import type { HttpClient } from '../http/client.js';
import { shownAddress } from '../http/secrets.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { TargetValue } from '../plan/types.js';
import { callService, masked, refusal, type FlagService, type ServiceAnswer } from './flag-service.js';
import { SYNTHETIC_USERS } from './flagd-users.js';
import { askByApproval, ownApprovalRequests, type Instruction } from './launchdarkly-approval.js';
import { countOn, viewFlag, type FlagView, type RulePlace } from './launchdarkly-flag.js';
import { markOf, OwnRequests, type FindOwn } from './own-requests.js';
import { TargetConflict, TargetUnreachable, TargetUnverified, type TargetContext, type TargetProvider, type TargetRef } from './port.js';
import { serviceAddress, text } from './service-settings.js';
import { parsedSettings, problemsOf } from './settings.js';
import { agrees, requireShare, shareProblems, type ShareKind } from './share.js';

const settingsSchema = z.strictObject({
  /** other ones: the federal and the EU instance */
  url: serviceAddress('https://app.launchdarkly.com').default('https://app.launchdarkly.com'),
  token: text,
  project: text,
  environment: text,
  flag: text,
  /** id, ref or description of a targeting rule; default the default rule, which is for all whom no other rule is for */
  rule: text.optional(),
  /** id, name or value of two variations; default true and false */
  variations: z.strictObject({ on: text, off: text }).optional(),
  /** context kind that users are told apart by. Default: what the rollout has; a new one gets 'user' */
  context: text.optional(),
  /** attribute of that context. Default: what the rollout has; a new one gets its key */
  attribute: text.optional(),
});

const SHARE: ShareKind = { whose: "a flag's", decimals: 2 };
export const schema: ProviderSchema = {
  settings: settingsSchema, shorthand: null,
  check: ({ variations }, values) => {
    const { on, off } = (variations ?? { on: true, off: false }) as { readonly on: unknown; readonly off: unknown };
    return [...(on === off ? ['variations: on and off are the same one'] : []), ...values.flatMap((value) => shareProblems(SHARE, value))];
  },
};

/** Answers keep their form whatever version the token was made for. */
const HEADERS = { 'LD-API-Version': '20240415' };
const SEMANTIC = 'application/json; domain-model=launchdarkly.semanticpatch';

interface Flag { readonly service: FlagService; readonly place: RulePlace; readonly project: string; readonly view: FlagView; readonly counted: number }

export function createLaunchDarkly({ http }: { readonly http: HttpClient }): TargetProvider {
  const own = new OwnRequests();
  async function look(target: TargetRef, context: TargetContext): Promise<Flag> {
    const { url, token, project, environment, flag, rule = null, variations = null, context: kind = null, attribute = null } = parsedSettings(schema, settingsSchema, target);
    const service: FlagService = { http, name: 'LaunchDarkly', base: url.replace(/\/+$/, ''), token, headers: HEADERS, target, context };
    const place: RulePlace = { flag, environment, rule, variations, context: kind, attribute };
    const { body } = await callService(service, { method: 'GET', path: `${flagPath(project, flag)}?env=${encodeURIComponent(environment)}` });
    const view = viewFlag(body, place);
    if ('code' in view) throw refusal(service, view.code, `${view.what}.`, view.todo);
    return { service, place, project, view, counted: countOn(view, flag) };
  }

  return {
    name: 'launchdarkly',
    check: (target, values) => problemsOf(schema, target.settings, values),
    claimKey(target) {
      const { url, project, environment, flag } = parsedSettings(schema, settingsSchema, target);
      // whatever the rule: a write above 0 switches the whole flag on
      return `${shownAddress(url).replace(/\/+$/, '')}#${project}/${flag}@${environment}`;
    },

    async read(target, context) {
      const flag = await look(target, context);
      const { view, counted, service, place } = flag;
      if (!agrees(counted, SYNTHETIC_USERS, view.sharePercent)) throw refusal(service, 'FLAG_NOT_UNDERSTOOD', `the rollout of flag '${place.flag}' says ${view.sharePercent} %, but ${inWords(flag)}.`, 'Look at its weights: they have to add up to 100 %.');
      const open = await own.open(context, ownOf(flag, null));
      return { value: view.sharePercent, detail: masked(service, `${inWords(flag)}${open}`), ...(open === '' ? {} : { unsettled: true as const }) };
    },

    async write(target, value, expected, context) {
      const percent = requireShare(SHARE, target, value);
      const flag = await look(target, context);
      const { service, place, view, project } = flag;
      // what is switched off is taken down as well, so that whoever switches it on again exposes nobody
      const undo = expected === null;
      if (view.sharePercent === percent && (percent > 0 || view.storedPercent === 0)) {
        if (undo) await own.withdraw(context, ownOf(flag, null));
        return;
      }
      if (expected !== null && view.sharePercent !== expected && view.sharePercent !== percent) throw conflict(flag, `stands at ${view.sharePercent} %${offNote(view)}, not at ${expected} % as read before`);
      if (expected !== null && !view.on && percent > 0 && view.othersPercent !== null && view.othersPercent > 0) {
        throw refusal(service, 'FLAG_NOT_UNDERSTOOD', `switching flag '${place.flag}' on in '${place.environment}' would give it to ${view.othersPercent} % of all whom no rule is for.`, 'Set its default rule to the off variation first.');
      }
      const instructions = instructionsTo(flag, percent);
      try {
        await callService(service, {
          // an undo goes before a change that was scheduled or asked for on top of what is undone
          method: 'PATCH', path: `${flagPath(project, place.flag)}${undo ? '?ignoreConflicts=true' : ''}`, contentType: SEMANTIC,
          body: { environmentKey: place.environment, comment: markOf(context.key), instructions }, special: (answer) => special(flag, expected, answer),
        });
      } catch (error) {
        if (!(error instanceof ApprovalWanted)) throw error;
        throw await askByApproval(service, { project, flag: place.flag, environment: place.environment, percent, instructions }, undo ? await own.withdraw(context, ownOf(flag, instructions)) : '');
      }
      if (undo) await own.withdraw(context, ownOf(flag, null));
    },

    async verify(target, value, context) {
      const percent = requireShare(SHARE, target, value);
      const flag = await look(target, context);
      const { view, counted, service } = flag;
      if (view.sharePercent === percent && agrees(counted, SYNTHETIC_USERS, percent)) return masked(service, `${inWords(flag)}${own.outcome(context)}`);
      throw new TargetUnverified({ code: 'FLAG_UNVERIFIED', where: target.id, what: masked(service, `${percent} % of users should get it, but ${inWords(flag)}.`), means: 'Users do not get what was written.', todo: 'Look at the flag in LaunchDarkly and at who else changes it.' });
    },
  };
}

const ownOf = ({ service, place: { flag, environment }, project }: Flag, now: readonly Instruction[] | null): FindOwn => () => ownApprovalRequests(service, { project, flag, environment }, now);

/** All in one patch, which takes effect as a whole. Weights also for 0 and 100 %: a single variation would forget what users are told apart by. */
function instructionsTo({ view, place }: Flag, percent: number): readonly Instruction[] {
  const weight = Math.round(percent * 1_000);
  const rolloutWeights = Object.fromEntries(view.variationIds.map((id, index) => [id, index === view.onIndex ? weight : index === view.offIndex ? 100_000 - weight : 0]));
  const attribute = view.attribute ?? place.attribute ?? 'key';
  const rollout = { rolloutContextKind: view.context ?? place.context ?? 'user', ...(attribute === 'key' ? {} : { rolloutBucketBy: attribute }), rolloutWeights };
  const move: Instruction = view.ruleId === null ? { kind: 'updateFallthroughVariationOrRollout', ...rollout } : { kind: 'updateRuleVariationOrRollout', ruleId: view.ruleId, ...rollout };
  return [move, ...(percent > 0 && !view.on ? [{ kind: 'turnFlagOn' }] : [])];
}

/** Inside this file only: the environment wants changes approved. */
class ApprovalWanted extends Error {}

function special(flag: Flag, expected: TargetValue | null, { status, words }: ServiceAnswer): Error | null {
  const { service, place } = flag;
  if (status === 405) return new ApprovalWanted();
  if (status === 409 && expected !== null) return conflict(flag, 'was changed in the instant before the write');
  if (status === 409) return new TargetUnreachable({ code: 'SERVICE_UNREACHABLE', where: service.target.id, what: `flag '${place.flag}' was being changed by somebody else in the same instant.`, means: 'This write was not made; it is tried again.' });
  if (status === 400 && /schedul|pending|approval|conflict/i.test(words)) return refusal(service, 'SCHEDULED_CHANGE', `a change of flag '${place.flag}' in '${place.environment}' that is scheduled or waits for approval would fail by this one: ${words}.`, 'Remove that change in LaunchDarkly, or wait for it.');
  return null;
}

function conflict({ service, place }: Flag, what: string): TargetConflict {
  return new TargetConflict({ code: 'FLAG_CHANGED', where: service.target.id, what: `flag '${place.flag}' in '${place.environment}' ${what}.`, means: 'Somebody else changed it; nothing was written.', todo: 'Find out who and why (the flag\'s history says it); then adopt the value, restore ours, or roll back.' });
}

const flagPath = (project: string, flag: string): string => `/api/v2/flags/${encodeURIComponent(project)}/${encodeURIComponent(flag)}`;
const offNote = (view: FlagView): string => (view.on ? '' : ' (the flag is off)');
const grouped = (count: number): string => count.toLocaleString('en-US');

function inWords({ place, view, counted }: Flag): string {
  const where = place.rule === null ? '' : `, rule '${place.rule}'`;
  const kept = view.besides === 0 ? '' : `; ${view.besides} other ${view.besides === 1 ? 'rule or target is' : 'rules and targets are'} kept`;
  return `${place.flag} in ${place.environment}${where}: ${view.sharePercent} % (${grouped(counted)} of ${grouped(SYNTHETIC_USERS)} users evaluate to on${offNote(view)}; version ${view.version}${kept})`;
}
