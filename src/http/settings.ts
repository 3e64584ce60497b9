// Pieces of settings that whatever speaks HTTP shares: an address and headers, each of which may hold `${env:NAME}`.
// Used by src/sources/settings.ts and src/targets/http-settings.ts.
import { z } from 'zod';

/** A reference that is put in later: no format can be asked of it now. */
const REFERENCE = /\$\{env:[A-Za-z_][A-Za-z0-9_]*\}/;

export const address = z.string().min(1).refine(isAddress, { message: "an http or https address is needed, e.g. 'http://localhost:9090'" });
export const headers = z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'this is no header name'), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header value is one line'));

function isAddress(text: string): boolean {
  if (REFERENCE.test(text)) return true;
  try { return /^https?:$/.test(new URL(text).protocol); } catch { return false; }
}
