// Real requests through an nginx split, each with a key of its own, counted by the side that answered. Used by ./nginx.ts.
import { z } from 'zod';
import type { HttpClient } from '../http/client.js';
import { httpAddress, textThat } from './settings.js';

export const PROBE_REQUESTS = 1_000;
/** at once; a split is proved, not loaded */
const AT_ONCE = 8;
const LIMIT_MS = 5_000;

export const probeSchema = z.strictObject({
  url: httpAddress('http://127.0.0.1/healthz'),
  /** the header that carries the key, with `{key}` where it belongs */
  header: textThat((text) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:\s*[\t\x20-\x7e]+$/.test(text) && text.includes('{key}'), "a header with {key} in it is needed, e.g. 'X-Key: {key}' or 'Cookie: uid={key}'"),
  /** sent with every request, e.g. Host */
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'this is no header name'), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header value is one line')).optional(),
  /** where the answer tells its side: `body`, or the name of a header */
  side: z.string().min(1),
  /** what it tells there; default the names of the upstreams */
  new: z.string().min(1).optional(),
  old: z.string().min(1).optional(),
  requests: z.number().int().min(PROBE_REQUESTS).max(100_000).optional(),
});
export type Probe = z.infer<typeof probeSchema>;

export interface Counted { readonly asked: number; readonly fresh: number; readonly old: number; /** why the first request that told no side did not; null: all told one */ readonly trouble: string | null }

/** A header has to be the side's text, a body has to hold it (and not the other's). Ends early when `signal` fires. */
export async function countSides(http: HttpClient, probe: Probe, names: { readonly new: string; readonly old: string }, signal: AbortSignal): Promise<Counted> {
  const [name, template] = [probe.header.slice(0, probe.header.indexOf(':')), probe.header.slice(probe.header.indexOf(':') + 1).trim()];
  const [isNew, isOld] = [probe.new ?? names.new, probe.old ?? names.old];
  const asked = probe.requests ?? PROBE_REQUESTS;
  const counted = { asked, fresh: 0, old: 0, trouble: null as string | null };
  let next = 0;
  const ask = async (): Promise<void> => {
    while (next < asked && !signal.aborted) {
      const key = `tidegate-${next++}`;
      const outcome = await http.send({ url: probe.url, headers: { ...probe.headers, [name]: template.replaceAll('{key}', key) }, timeLimitMs: LIMIT_MS, redirects: 0, readBody: probe.side === 'body' }, signal);
      if (outcome.kind === 'failure') { counted.trouble ??= `${outcome.address}: ${outcome.detail}`; continue; }
      const told = probe.side === 'body' ? outcome.text : outcome.header(probe.side)?.trim() ?? '';
      const [fresh, old] = probe.side === 'body' ? [told.includes(isNew), told.includes(isOld)] : [told === isNew, told === isOld];
      if (outcome.status >= 500) counted.trouble ??= `${outcome.address} answered ${outcome.status}`;
      else if (fresh === old) counted.trouble ??= `${outcome.address} answered ${outcome.status} without telling one side in its ${probe.side === 'body' ? 'body' : `header ${probe.side}`}`;
      else if (fresh) counted.fresh++; else counted.old++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  if (signal.aborted) counted.trouble ??= 'it was given up before all requests were made';
  return counted;
}
