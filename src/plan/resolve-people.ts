// People, the escalation path and the channels. Everybody who is named anywhere else in the plan must be declared here.
import { isMap, type Place } from './problems.js';
import { clockAt, isYes, lengthAt, peopleAt, type Reading } from './reading.js';
import { pathAt } from './resolve-incidents.js';
import { checkSettings, providerOf, settingsOf } from './resolve-settings.js';
import type { ChannelFile, PlanFile } from './schema.js';
import type { ChannelRef, Person, Quiet, ResolvedPlan } from './types.js';

/** Who has which role, before anything that names people is read. */
export function rolesOf(file: PlanFile): ReadonlyMap<string, readonly string[]> {
  const roles = new Map<string, string[]>();
  for (const [id, person] of Object.entries(file.people)) for (const role of person.roles ?? []) roles.set(role, [...(roles.get(role) ?? []), id]);
  return roles;
}

type PeoplePart = Pick<ResolvedPlan, 'owner' | 'people' | 'escalation' | 'escalateEveryMs' | 'escalationAfterMs' | 'starterMayApprove' | 'channels'>;

export function resolvePeople(reading: Reading): PeoplePart {
  const { file, problems } = reading;
  for (const role of reading.roles.keys()) {
    if (reading.people.has(role)) problems.add(['people', role], 'DUPLICATE_NAME', `“${role}” is a person and also somebody’s role: give one of them another name`, { on: 'key' });
  }
  const people = Object.entries(file.people).map(([id, { name, roles, channels, quiet, ...contacts }]): Person => ({
    id, name: name ?? id, roles: roles ?? [], contacts: Object.fromEntries(Object.entries(contacts).map(([key, value]) => [key, String(value)])),
    channels: channelsAt(reading, channels, ['people', id, 'channels']).map((channel) => (quiet === undefined ? channel : { ...channel, quiet: quietAt(reading, quiet, ['people', id, 'quiet']) })),
  }));
  const [owner] = peopleAt(reading, file.owner, ['owner'], []);
  const escalateEveryMs = lengthAt(reading, file['escalate every'], ['escalate every'], 30 * 60_000);
  const escalation = file.escalation === undefined ? (owner === undefined ? [] : [{ who: owner, afterMs: escalateEveryMs }]) : pathAt(reading, file.escalation, ['escalation'], escalateEveryMs);
  return {
    owner: owner ?? file.owner, people,
    escalation: escalation.map(({ who }) => who), escalateEveryMs, escalationAfterMs: escalation.map(({ afterMs }) => afterMs),
    starterMayApprove: file['starter may approve'] === undefined ? true : isYes(file['starter may approve']),
    channels: resolveChannels(reading),
  };
}

function quietAt(reading: Reading, given: { readonly from: string; readonly to: string }, place: Place): Quiet {
  const [from, to] = [clockAt(reading, given.from, [...place, 'from']), clockAt(reading, given.to, [...place, 'to'])];
  if (from === to) reading.problems.add(place, 'IMPOSSIBLE_TIME', `quiet from ${from} to ${to} is the whole day or none of it: a person who is never to be told has no channels`);
  return { from, to, timezone: reading.zone };
}

/** What a severity does not say, it takes from the one below; `info` and `asks` end at the terminal. */
function resolveChannels(reading: Reading): ResolvedPlan['channels'] {
  const given = reading.file.channels ?? {};
  const at = (key: keyof typeof given, otherwise: readonly ChannelRef[]): readonly ChannelRef[] => (given[key] === undefined ? otherwise : channelsAt(reading, given[key], ['channels', key]));
  const info = at('info', Object.hasOwn(reading.providers.channels, 'terminal') ? [{ provider: 'terminal', settings: {} }] : []);
  const warning = at('warning', info);
  const critical = at('critical', warning);
  return { info, warning, critical, emergency: at('emergency', critical), asks: at('asks', info) };
}

/** What people are called where messages go: settings by provider. */
function contactsOf(reading: Reading): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(reading.providers.channels).flatMap(([provider, { contact }]) => {
    if (contact === undefined) return [];
    const people = Object.entries(reading.file.people).flatMap(([id, person]) => { const value: unknown = (person as Readonly<Record<string, unknown>>)[contact]; return typeof value === 'string' ? [[id, value]] : []; });
    return people.length === 0 ? [] : [[provider, { people: Object.fromEntries(people) }]];
  }));
}

function channelsAt(reading: Reading, list: readonly ChannelFile[] | undefined, place: Place): readonly ChannelRef[] {
  return (list ?? []).flatMap((channel, index): readonly ChannelRef[] => {
    const entry = isMap(channel) ? channel : { [channel as string]: {} };
    const ask = { entry, place: [...place, index], schemas: reading.providers.channels, what: 'channel', ownKeys: [], defaults: contactsOf(reading) };
    const provider = providerOf(reading, ask);
    if (provider === null) return [];
    const provided = settingsOf(reading, provider, ask);
    checkSettings(reading, provided, [], ask);
    return [{ provider, settings: provided.settings }];
  });
}
