// Pieces of settings that several sources share, and how a provider reads its own. Each provider's schema stands in its own file.
import { z } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import type { ProviderSettings } from '../plan/types.js';

export { address, headers } from '../http/settings.js';
/** `yes` and `no` are text in YAML 1.2 */
export const yesNo = z.union([z.boolean(), z.enum(['yes', 'no'])]);
export function isYes(value: boolean | 'yes' | 'no' | undefined): boolean { return value === true || value === 'yes'; }

/** The problems of a provider's settings as sentences, `where: what`; those of the schema first, the provider's own only when there are none. */
export function problemsOf(schema: ProviderSchema, settings: ProviderSettings): readonly string[] {
  const parsed = schema.settings.safeParse(settings);
  if (parsed.success) return schema.check?.(parsed.data as ProviderSettings, []) ?? [];
  return parsed.error.issues.map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`));
}
