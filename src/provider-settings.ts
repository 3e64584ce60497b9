// Pieces of settings that providers of every kind share, and what is wrong with settings, in words. Each provider's schema stands in its own file; how
// wrong settings are refused: src/targets/settings.ts, src/channels/settings.ts, src/sources/checked.ts.
import { z } from 'zod';
import { parseDuration } from './plan/durations.js';
import type { ProviderSchema } from './plan/providers.js';
import { secretNames } from './plan/secrets.js';
import type { ProviderSettings, TargetValue } from './plan/types.js';

/** Text with a `${env:NAME}` that is put in later: no form can be asked of it now. */
export const hasReference = (text: string): boolean => secretNames(text).length > 0;

/** Text that must be so, unless a reference in it leaves that open. */
export const textThat = (fits: (text: string) => boolean, message: string) => z.string().refine((text) => hasReference(text) || fits(text), { message });
export const textLike = (form: RegExp, message: string) => textThat((text) => form.test(text), message);

export const httpAddress = (example: string) => textThat((text) => hasScheme(text, /^https?:$/), `an http or https address is needed, e.g. '${example}'`);
export const lengthOfTime = (example: string) => textThat((text) => parseDuration(text) !== null, `a length of time is needed, e.g. '${example}'`);

/** Whether it is an address with such a scheme. */
export function hasScheme(address: string, scheme: RegExp): boolean {
  try { return scheme.test(new URL(address).protocol); } catch { return false; }
}

/** `yes` and `no` are text in YAML 1.2 */
export const yesNo = z.union([z.boolean(), z.enum(['yes', 'no'])]);
export const isYes = (value: boolean | 'yes' | 'no' | undefined): boolean => value === true || value === 'yes';

/**
 * The problems of a provider's settings as sentences, `where: what`; those of the schema first, the provider's own only when there are none.
 * @param values those that a target is moved to
 */
export function problemsOf(schema: ProviderSchema, settings: ProviderSettings, values: readonly TargetValue[] = []): readonly string[] {
  const parsed = schema.settings.safeParse(settings);
  if (parsed.success) return schema.check?.(parsed.data as ProviderSettings, values) ?? [];
  return parsed.error.issues.map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`));
}
