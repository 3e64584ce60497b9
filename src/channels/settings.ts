// How a channel provider reads its own settings. Each provider's schema stands in its own file.
import type { ZodType } from 'zod';
import type { ChannelRef, ProviderSettings } from '../plan/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import { ChannelRefused } from './port.js';

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
