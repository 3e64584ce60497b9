// Pieces of settings that several channels share, and how a provider reads its own. Each provider's schema stands in its own file.
import { z, type ZodType } from 'zod';
import type { ChannelRef, ProviderSettings } from '../plan/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import { ChannelRefused } from './port.js';

/** Text with a `${env:NAME}` that is put in later: no format can be asked of it now. */
export const hasReference = (text: string): boolean => /\$\{env:/.test(text);

export const address = z.string().refine(isAddress, { message: "an http or https address is needed, e.g. 'https://hooks.example/tidegate'" });
function isAddress(text: string): boolean {
  if (hasReference(text)) return true;
  try { return /^https?:$/.test(new URL(text).protocol); } catch { return false; }
}

/** `yes` and `no` are text in YAML 1.2 */
export const yesNo = z.union([z.boolean(), z.enum(['yes', 'no'])]);
export const isYes = (value: boolean | 'yes' | 'no'): boolean => value === true || value === 'yes';

/** People of the plan by their ids, and what the receiver calls them. */
export const peopleAs = (form: ZodType<string>): ZodType<Record<string, string> | undefined> => z.record(z.string().min(1), form).optional();
/** What the receiver calls this person; null: the channel does not say. */
export const knownAs = (people: Readonly<Record<string, string>> | undefined, id: string): string | null => (people !== undefined && Object.hasOwn(people, id) ? (people[id] as string) : null);

/** The problems of a channel's settings as sentences, `where: what`. */
export function problemsOf(schema: ProviderSchema, settings: ProviderSettings): readonly string[] {
  const parsed = schema.settings.safeParse(settings);
  if (parsed.success) return schema.check?.(parsed.data as ProviderSettings, []) ?? [];
  return parsed.error.issues.map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`));
}

/** The settings, typed. They were validated with the plan; what a secret made wrong is refused here, naming the setting and not its value. */
export function parsedSettings<T>(schema: ProviderSchema, settings: ZodType<T>, channel: ChannelRef): T {
  const problems = problemsOf(schema, channel.settings);
  if (problems.length > 0) throw new ChannelRefused({ code: 'SETTINGS_REFUSED', where: `channel ${channel.provider}`, what: `${problems.join('; ')}.`, means: 'The message was not sent.', todo: 'Correct the settings of this channel, or the secret that is put into them.' });
  return settings.parse(channel.settings);
}
