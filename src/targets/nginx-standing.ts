// What a plan may say of an nginx split, and what is in force of it: what the file says is not yet what nginx has loaded, and what is loaded is not
// yet what every open connection gets. Used by ./nginx.ts.
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { HttpClient } from '../http/client.js';
import type { TargetValue } from '../plan/types.js';
import { identityOf, noteOf } from './cut-short.js';
import { parseSplit, type SplitFile } from './nginx-file.js';
import { findMaster, type Asking } from './nginx-master.js';
import { probeSchema } from './nginx-probe.js';
import { readTextAndStats } from './replace-file.js';
import { TargetRefused, TargetUnreachable, type TargetContext, type TargetRef } from './port.js';
import { httpAddress, textLike } from './settings.js';


export const settingsSchema = z.strictObject({
  /** the file that Tidegate owns; nginx's configuration includes it at the level of http */
  file: z.string().min(1),
  /** what tells users apart */
  key: textLike(/^[\w${}.:-]*\$[\w${}.:-]*$/, "a variable of nginx is needed, e.g. '$cookie_uid'"),
  variable: textLike(/^\$[A-Za-z_]\w*$/, "the name of a variable is needed, e.g. '$side'"),
  new: textLike(/^[\w.:-]+$/, 'the name of an upstream is needed'),
  old: textLike(/^[\w.:-]+$/, 'the name of an upstream is needed'),
  /** the pid file that the configuration names */
  pid: z.string().min(1),
  /** what `nginx -t` is run with; left out: what nginx was built with */
  nginx: z.string().min(1).optional(),
  config: z.string().min(1).optional(),
  prefix: z.string().min(1).optional(),
  /** an address that answers with the variable's `_share` */
  marker: httpAddress('http://127.0.0.1/tidegate-share').optional(),
  probe: probeSchema.optional(),
});
export type Settings = z.infer<typeof settingsSchema>;

/** A file that is not there yet has no real path; its plain one stands for it until it is. */
export function realPath({ file }: Settings): string {
  try { return realpathSync(file); } catch { return resolve(file); }
}

export interface Standing {
  readonly file: SplitFile;
  readonly loaded: boolean;
  readonly inForce: TargetValue;
  /** workers that still serve what stood in the file before */
  readonly stale: number;
  /** in words, how it is known */
  readonly how: string;
}

interface Looking { readonly target: TargetRef; readonly settings: Settings; readonly context: TargetContext; readonly http: HttpClient; readonly ask: Asking }

const MARKER_MS = 5_000;

/** @throws TargetUnreachable NGINX_LOADED_UNKNOWN when neither the marker, nor the workers' ages, nor our own note tells what nginx has loaded */
export async function standingOf(looking: Looking): Promise<Standing> {
  const { target, settings, ask } = looking;
  const { text, stats } = await readTextAndStats(settings.file);
  const file = parseSplit(text, settings.file, settings);
  const { children, exactMs } = await findMaster(ask);
  const note = noteOf(realPath(settings), 'split').read();
  const putBack = note?.inForce === identityOf(stats);
  const cutShort = note?.after === file.sharePercent && note.inForce === undefined ? note : null;
  // a rename does not change when a file was modified, only when its entry was
  const writtenAt = Number(stats.mtimeMs > stats.ctimeMs ? stats.mtimeMs : stats.ctimeMs);
  // in doubt a worker is young enough, because a hand reloads at once; after a write of ours that was cut short it is not
  const isOlder = ({ startedAt }: { readonly startedAt: number }): boolean => startedAt + (cutShort === null ? exactMs : 0) < writtenAt;
  const workers = children.filter(({ worker, draining }) => worker && !draining);
  const stale = putBack ? 0 : children.filter((child) => child.worker && child.draining && (cutShort !== null || isOlder(child))).length;
  const all = { file, stale };
  if (settings.marker !== undefined && file.told === file.sharePercent) {
    const told = await askMarker(looking, settings.marker);
    return { ...all, loaded: told === file.sharePercent, inForce: told, how: `nginx answers that it has loaded ${told} %` };
  }
  if (workers.length > 0 && !workers.some(isOlder)) return { ...all, loaded: true, inForce: file.sharePercent, how: `its ${workers.length} ${workers.length === 1 ? 'worker is' : 'workers are'} younger than the file` };
  if (putBack) return { ...all, loaded: true, inForce: file.sharePercent, how: 'another share was taken back before nginx loaded it' };
  if (cutShort !== null) return { ...all, loaded: false, inForce: cutShort.before, how: 'a write is under way or was cut short, and nginx has not loaded the file' };
  throw new TargetUnreachable({ code: 'NGINX_LOADED_UNKNOWN', where: target.id, what: `${settings.file} says ${file.sharePercent} %, but it was changed after the workers of nginx were started, and not by Tidegate.`, means: 'Which share is in force cannot be told.', todo: "Look at the file, then reload nginx; a 'marker' would tell." });
}

async function askMarker({ target, context, http }: Looking, url: string): Promise<number> {
  const outcome = await http.send({ url, freshConnection: true, redirects: 0, timeLimitMs: MARKER_MS, accept: '*/*' }, context.signal);
  const means = 'Which share is in force cannot be told.';
  if (outcome.kind === 'failure') throw new TargetUnreachable({ code: 'NGINX_MARKER_SILENT', where: target.id, what: `its marker ${outcome.address}: ${outcome.detail}.`, means });
  const told = outcome.status === 200 && /^\s*\d{1,3}(\.\d{1,2})?\s*$/.test(outcome.text) ? Number(outcome.text) : null;
  if (told !== null) return told;
  const fields = { code: 'NGINX_MARKER_NOT_UNDERSTOOD', where: target.id, what: `its marker ${outcome.address} answered ${outcome.status}${outcome.status === 200 ? ', but no share' : ''}.`, means, todo: 'Let a location answer with the variable: `location = /tidegate-share { return 200 $…_share; }`.' };
  throw outcome.status >= 500 || outcome.status === 429 ? new TargetUnreachable(fields) : new TargetRefused(fields);
}
