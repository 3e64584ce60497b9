// Pieces of settings that several channels share, and how a provider reads its own. Each provider's schema stands in its own file.
import { z, type ZodType } from 'zod';
import type { ChannelRef } from '../plan/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import { httpAddress, problemsOf } from '../provider-settings.js';
import { ChannelRefused } from './port.js';

export { hasReference, isYes, problemsOf, textLike, textThat, yesNo } from '../provider-settings.js';
export const address = httpAddress('https://hooks.example/tidegate');

/** People of the plan by their ids, and what the receiver calls them. */
export const peopleAs = (form: ZodType<string>): ZodType<Record<string, string> | undefined> => z.record(z.string().min(1), form).optional();
/** What the receiver calls this person; null: the channel does not say. */
export const knownAs = (people: Readonly<Record<string, string>> | undefined, id: string): string | null => (people !== undefined && Object.hasOwn(people, id) ? (people[id] as string) : null);

/** The settings, typed. They were validated with the plan; what a secret made wrong is refused here, naming the setting and not its value. */
export function parsedSettings<T>(schema: ProviderSchema, settings: ZodType<T>, channel: ChannelRef): T {
  const problems = problemsOf(schema, channel.settings);
  if (problems.length > 0) throw new ChannelRefused({ code: 'SETTINGS_REFUSED', where: `channel ${channel.provider}`, what: `${problems.join('; ')}.`, means: 'The message was not sent.', todo: 'Correct the settings of this channel, or the secret that is put into them.' });
  return settings.parse(channel.settings);
}
