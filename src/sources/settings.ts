// Pieces of settings that several sources share, and how a provider reads its own. Each provider's schema stands in its own file.
import { z } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import type { ProviderSettings } from '../plan/types.js';

/** A reference that is put in later: no format can be asked of it now. */
const REFERENCE = /\$\{env:[A-Za-z_][A-Za-z0-9_]*\}/;

export const address = z.string().min(1).refine(isAddress, { message: "an http or https address is needed, e.g. 'http://localhost:9090'" });
export const headers = z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'this is no header name'), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header value is one line'));
/** `yes` and `no` are text in YAML 1.2 */
export const yesNo = z.union([z.boolean(), z.enum(['yes', 'no'])]);
export function isYes(value: boolean | 'yes' | 'no' | undefined): boolean { return value === true || value === 'yes'; }

function isAddress(text: string): boolean {
  if (REFERENCE.test(text)) return true;
  try { return /^https?:$/.test(new URL(text).protocol); } catch { return false; }
}

/** The problems of a provider's settings as sentences, `where: what`; those of the schema first, the provider's own only when there are none. */
export function problemsOf(schema: ProviderSchema, settings: ProviderSettings): readonly string[] {
  const parsed = schema.settings.safeParse(settings);
  if (parsed.success) return schema.check?.(parsed.data as ProviderSettings, []) ?? [];
  return parsed.error.issues.map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`));
}
