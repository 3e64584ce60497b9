// What one flag of Unleash says about one environment: which strategy is the gradual rollout, what share it gives, and who of 10,000 users gets it.
// Its neighbours: ./unleash.ts (the provider), ./murmur3.ts (the hash).
import { murmur3 } from './murmur3.js';
import { SYNTHETIC_USERS } from './flagd-users.js';

/** Which strategy of which flag; `group` and `stickiness` null: whatever the strategy has. */
export interface RolloutPlace { readonly flag: string; readonly environment: string; readonly strategy: string | null; readonly group: string | null; readonly stickiness: string | null }

export interface Strategy {
  readonly id: string; readonly name: string; readonly disabled: boolean; readonly parameters: Readonly<Record<string, string>>;
  /** constraints or segments choose whom it is for, so it says nothing about everybody */
  readonly limited: boolean;
  /** as the service sent it */
  readonly whole: Readonly<Record<string, unknown>>;
}

export interface FlagView {
  readonly enabled: boolean;
  readonly strategies: readonly Strategy[];
  /** the one that is moved; null: there is none yet */
  readonly rollout: Strategy | null;
  /** whole percents that users get from it, 0 while the environment or the strategy is switched off */
  readonly sharePercent: number;
}

export interface ViewProblem { readonly code: string; readonly what: string; readonly todo: string }

/** @param flag `GET …/projects/P/features/F` as JSON */
export function viewFlag(flag: unknown, place: RolloutPlace): FlagView | ViewProblem {
  const environment = list(record(flag)['environments']).map(record).find((one) => one['name'] === place.environment);
  if (environment === undefined) return { code: 'ENVIRONMENT_MISSING', what: `flag '${place.flag}' has no environment '${place.environment}'`, todo: 'Correct the environment, or switch it on for the project.' };
  const strategies = list(environment['strategies']).map(strategyOf);
  if (list(environment['releasePlans']).length > 0 || strategies.some(({ whole }) => (whole['milestoneId'] ?? null) !== null)) {
    return { code: 'FLAG_IN_RELEASE_PLAN', what: `a release plan of Unleash moves flag '${place.flag}' in '${place.environment}'`, todo: 'Take the release plan off the flag: two that move one flag undo each other.' };
  }
  const gradual = strategies.filter(({ name }) => name === 'flexibleRollout');
  const named = place.strategy === null ? gradual : gradual.filter(({ id }) => id === place.strategy);
  if (named.length > 1) return { code: 'STRATEGY_NOT_CLEAR', what: `flag '${place.flag}' has ${named.length} gradual rollouts in '${place.environment}': ${named.map(({ id, parameters }) => `${id} (${parameters['rollout']} % by ${parameters['stickiness']})`).join(', ')}`, todo: "Say which one is meant with 'strategy: ID'." };
  if (named.length === 0 && place.strategy !== null) return { code: 'STRATEGY_MISSING', what: `flag '${place.flag}' has no gradual rollout '${place.strategy}' in '${place.environment}'`, todo: "Correct 'strategy', or leave it out." };
  const rollout = named[0] ?? null;
  const other = rollout === null ? null : otherUsers(rollout, place);
  if (other !== null) return other;
  const enabled = environment['enabled'] === true;
  return { enabled, strategies, rollout, sharePercent: enabled && rollout !== null && !rollout.disabled ? percentOf(rollout) : 0 };
}

/** Another group or another stickiness puts other users first: whoever has the feature now would lose it. */
function otherUsers(rollout: Strategy, place: RolloutPlace): ViewProblem | null {
  const group = groupOf(rollout, place.flag);
  if (place.group !== null && place.group !== group) return { code: 'FLAG_OTHER_KEY', what: `strategy ${rollout.id} of flag '${place.flag}' puts users in order by group '${group}', the plan by '${place.group}'`, todo: "Give both the same 'group'; changing it gives the feature to other users." };
  const stickiness = stickinessOf(rollout);
  if (!isSticky(stickiness)) return { code: 'FLAG_NOT_STICKY', what: `strategy ${rollout.id} of flag '${place.flag}' has the stickiness '${stickiness}': ${unstickyReason(stickiness)}`, todo: "Set its stickiness in Unleash to a field that every request has, e.g. 'userId'." };
  if (place.stickiness !== null && place.stickiness !== stickiness) return { code: 'FLAG_OTHER_KEY', what: `strategy ${rollout.id} of flag '${place.flag}' tells users apart by '${stickiness}', the plan by '${place.stickiness}'`, todo: "Give both the same 'stickiness'; changing it gives the feature to other users." };
  return null;
}

export const isSticky = (stickiness: string): boolean => stickiness !== 'default' && stickiness !== 'random';
export function unstickyReason(stickiness: string): string {
  return stickiness === 'random' ? 'every request draws anew who gets the feature' : 'a request without a user and a session draws anew who gets the feature, and one who logs in changes sides';
}

/** How many of the 10,000 synthetic users get the flag: by the rollout itself, and by every other strategy that is for everybody. */
export function countOn(view: FlagView, flag: string): number {
  if (!view.enabled) return 0;
  if (view.strategies.length === 0) return SYNTHETIC_USERS; // an environment that is on and has no strategy is on for all
  const open = view.strategies.filter((one) => !one.disabled && (one === view.rollout || !one.limited));
  if (open.some(({ name }) => name === 'default')) return SYNTHETIC_USERS;
  const shares = open.filter(({ name }) => name === 'flexibleRollout').map((one) => ({ group: groupOf(one, flag), percent: percentOf(one) }));
  let count = 0;
  for (let user = 1; user <= SYNTHETIC_USERS; user++) if (shares.some(({ group, percent }) => bucketOf(`user-${user}`, group) <= percent)) count++;
  return count;
}

/** 1 to 100: the user is in a share of at least so many percent. */
export const bucketOf = (id: string, group: string): number => (murmur3(`${group}:${id}`) % 100) + 1;

/** What a rollout parameter means: the server stores whatever it is given, the SDKs compare whole buckets with it. */
export function percentOf({ parameters }: Strategy): number {
  const number = Number(parameters['rollout']);
  return Number.isNaN(number) ? 0 : Math.min(100, Math.max(0, Math.floor(number)));
}

const groupOf = ({ parameters }: Strategy, flag: string): string => parameters['groupId'] || flag;
const stickinessOf = ({ parameters }: Strategy): string => parameters['stickiness'] || 'default';

function strategyOf(given: unknown): Strategy {
  const whole = record(given);
  return {
    id: String(whole['id'] ?? ''), name: String(whole['name'] ?? ''), disabled: whole['disabled'] === true, whole,
    parameters: Object.fromEntries(Object.entries(record(whole['parameters'])).map(([key, value]) => [key, String(value ?? '')])),
    limited: list(whole['constraints']).length > 0 || list(whole['segments']).length > 0,
  };
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value as unknown[] : []);
const record = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? value as Record<string, unknown> : {});
