// How a target provider reads its own settings. Each provider's schema stands in its own file.
import type { ZodType } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import type { ProviderSettings, TargetValue } from '../plan/types.js';
import { TargetRefused, type TargetRef } from './port.js';

/** The problems of a provider's settings as sentences, `where: what`; those of the schema first, the provider's own only when there are none. */
export function problemsOf(schema: ProviderSchema, settings: ProviderSettings, values: readonly TargetValue[]): readonly string[] {
  const parsed = schema.settings.safeParse(settings);
  if (parsed.success) return schema.check?.(parsed.data as ProviderSettings, values) ?? [];
  return parsed.error.issues.map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`));
}

/** The settings, typed. They were validated with the plan; settings that come another way are refused here before anything is touched. */
export function parsedSettings<T>(schema: ProviderSchema, settings: ZodType<T>, target: TargetRef): T {
  const problems = problemsOf(schema, target.settings, []);
  if (problems.length > 0) throw new TargetRefused({ code: 'SETTINGS_REFUSED', where: target.id, what: `${problems.join('; ')}.`, means: 'Nothing was changed.', todo: 'Correct the settings of this target in the plan.' });
  return settings.parse(target.settings);
}

/** A reference that is put in later: no format can be asked of it now. */
export const hasReference = (text: string): boolean => /\$\{env:/.test(text);

export function isAddress(text: string): boolean {
  if (hasReference(text)) return true;
  try { return /^https?:$/.test(new URL(text).protocol); } catch { return false; }
}
