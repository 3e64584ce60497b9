// The share of requests that an nginx sends to a new upstream, moved by replacing one file that is Tidegate's alone and reloading. The file:
// ./nginx-file.ts, nginx's processes: ./nginx-master.ts, what is in force: ./nginx-standing.ts, counting real requests: ./nginx-probe.ts.
// Manual: docs/providers/nginx.md.
import { resolve } from 'node:path';
import type { HttpClient } from '../http/client.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { TargetValue } from '../plan/types.js';
import type { AllowedCommands } from '../process/allow.js';
import { shorten } from '../process/output.js';
import { identityOf, noteOf } from './cut-short.js';
import { isOwned, parseSplit, renderSplit, type Split, type SplitFile } from './nginx-file.js';
import { findMaster, requireSignal, untilReplaced, type Asking } from './nginx-master.js';
import { countSides } from './nginx-probe.js';
import { realPath, settingsSchema, standingOf, type Settings, type Standing } from './nginx-standing.js';
import { readTextAndStats, replaceFile } from './replace-file.js';
import { runForTarget } from './run-for-target.js';
import { TargetConflict, TargetRefused, TargetUnreachable, TargetUnverified, type Reading, type TargetContext, type TargetProvider, type TargetRef } from './port.js';
import { parsedSettings, problemsOf } from './settings.js';
import { agrees, requireShare, shareProblems, type ShareKind } from './share.js';

const SHARE: ShareKind = { whose: 'an nginx', decimals: 2 };
export const schema: ProviderSchema = {
  settings: settingsSchema, shorthand: null,
  check: (given, values) => {
    const settings = settingsSchema.parse(given);
    return [...(settings.new === settings.old ? ['`new` and `old` are the same upstream'] : []), ...values.flatMap((value) => shareProblems(SHARE, value))];
  },
};

export interface NginxDeps { readonly http: HttpClient; readonly allowCommands: AllowedCommands }

/** How long putting the old file back may wait for its lock: it must be done also when the write itself was given up. */
const PUT_BACK_MS = 5_000;

export function createNginx({ http, allowCommands }: NginxDeps): TargetProvider {
  const settingsOf = (target: TargetRef): Settings => parsedSettings(schema, settingsSchema, target);
  const asking = (target: TargetRef, settings: Settings, context: TargetContext): Asking => ({ target: target.id, pidFile: resolve(settings.pid), context, allow: allowCommands });
  const look = (target: TargetRef, settings: Settings, context: TargetContext): Promise<Standing> => standingOf({ target, settings, context, http, ask: asking(target, settings, context) });

  /** @throws TargetRefused NGINX_CONFIG_REFUSED with nginx's own line */
  async function test(target: TargetRef, settings: Settings, context: TargetContext): Promise<void> {
    const option = (letter: string, value: string | undefined): string[] => (value === undefined ? [] : [letter, value]);
    const run = [settings.nginx ?? 'nginx', '-t', ...option('-p', settings.prefix), ...option('-c', settings.config)];
    const result = await runForTarget({ where: `${target.id}, nginx -t`, run, timeoutMs: target.writeTimeoutMs, cwd: null, env: {}, changes: true, kept: false, answers: [0, 1], context, allow: allowCommands });
    if (result.exitCode === 0) return;
    const line = result.stderr.split('\n').find((one) => one.includes('[emerg]')) ?? result.stderr.trim().split('\n').at(-1) ?? '';
    throw new TargetRefused({ code: 'NGINX_CONFIG_REFUSED', where: target.id, what: `nginx refuses its configuration: ${shorten(line.trim(), 300)}.`, means: 'Nothing was loaded; the file is what it was before.', todo: 'Correct the configuration of nginx (nginx -t shows it).' });
  }

  /** Tests what now stands in the file, loads it and waits for the last connection of what was loaded before; `takeBack` undoes the file when it is not loaded. */
  async function load(target: TargetRef, settings: Settings, context: TargetContext, until: number, takeBack: () => Promise<void>): Promise<void> {
    const ask = asking(target, settings, context);
    let old: readonly number[];
    try {
      await test(target, settings, context);
      const master = await findMaster(ask);
      if (context.signal.aborted) throw new TargetUnreachable({ code: 'ABORTED', where: target.id, what: 'the write was given up before nginx was told to load the file.', means: 'Nothing was changed.' });
      old = master.children.map(({ pid }) => pid);
      requireSignal(target.id, master, 'SIGHUP');
    } catch (error) {
      await takeBack();
      throw error;
    }
    await drained(target, ask, old, until);
  }

  async function drained(target: TargetRef, ask: Asking, old: readonly number[], until: number): Promise<void> {
    const { state, left } = await untilReplaced(ask, old, until);
    if (state === 'replaced') return;
    if (state === 'not-taken') throw new TargetUnreachable({ code: 'NGINX_NOT_RELOADED', where: target.id, what: 'nginx was told to load the file, but no new worker serves.', means: 'What stood before is still in force.', todo: 'Look at its error log: it keeps the old configuration when it cannot put the new one in force.' });
    throw new TargetUnreachable({ code: 'NGINX_DRAINING', where: target.id, what: `new connections get the new share, but ${left} of the old workers still ${left === 1 ? 'serves' : 'serve'} connections that were open before.`, means: 'It is waited for again: these users keep the side they had until their connections end.', todo: "Set 'worker_shutdown_timeout' in nginx to what your longest request needs." });
  }

  return {
    name: 'nginx',
    check: (target, values) => problemsOf(schema, target.settings, values),
    claimKey: (target) => realPath(settingsOf(target)),

    async read(target, context): Promise<Reading> {
      const settings = settingsOf(target);
      const { file, loaded, inForce, stale, how } = await look(target, settings, context);
      const detail = loaded ? `${settings.file}: ${inForce} % (${how}${drainingWords(stale)})` : `${inForce} % in force (${how}); ${settings.file} says ${file.sharePercent} %`;
      return { value: inForce, detail, ...(loaded && stale === 0 ? {} : { unsettled: true as const }) };
    },

    async write(target, value, expected, context) {
      const until = performance.now() + target.writeTimeoutMs;
      const settings = settingsOf(target);
      const percent = requireShare(SHARE, target, value);
      requireSignal(target.id, await findMaster(asking(target, settings, context)));
      const note = noteOf(realPath(settings), 'split');
      const prior = note.read();
      const ours = renderSplit(settings, percent);
      const cutShort = prior !== null && prior.inForce === undefined ? prior : null;
      /** what is put back when nginx is not told to load the new version: what it has loaded, as far as that is known */
      let origin: { readonly text: string; readonly share: TargetValue | null } | null = null;
      const replaced = await replaceFile(settings.file, (text) => {
        const file = understood(text, settings, expected === null);
        const waiting = file !== null && cutShort?.after === file.sharePercent ? cutShort : null;
        origin = waiting?.text === undefined ? { text, share: expected } : { text: waiting.text, share: waiting.before };
        if (file?.sharePercent === percent) { if (waiting === null) origin = null; return null; }
        if (expected !== null && file?.sharePercent !== expected && waiting?.before !== expected) {
          throw new TargetConflict({ code: 'NGINX_SHARE_CHANGED', where: target.id, what: `${settings.file} says ${file?.sharePercent ?? '?'} %, not ${expected} % as read before.`, means: 'Somebody else changed it; nothing was written.', todo: 'Find out who and why; then adopt the value, restore ours, or roll back.' });
        }
        note.put(waiting === null ? { before: file?.sharePercent ?? 'unknown', after: percent, text } : { ...waiting, after: percent });
        return ours;
      }, { signal: context.signal, waitMs: Math.min(10_000, target.writeTimeoutMs / 2) }).catch((error: unknown) => {
        // after trouble in the middle it is not known which version stands there, and the note tells
        if (!(error instanceof TargetUnreachable) || error.code !== 'FILE_TROUBLE') { if (prior === null) note.clear(); else note.put(prior); }
        throw error;
      });
      const putBack = async (): Promise<void> => {
        if (origin === null) return;
        const { text: before, share } = origin;
        await replaceFile(settings.file, (text) => (understood(text, settings, true)?.sharePercent === percent ? before : null), { signal: new AbortController().signal, waitMs: PUT_BACK_MS });
        // it is younger than nginx's workers now, and in force all the same
        const { text, stats } = await readTextAndStats(settings.file);
        if (share !== null && text === before) note.put({ before: share, after: share, inForce: identityOf(stats) }); else note.clear();
      };
      // already so in the file: nginx may not have loaded it yet, or still serve connections of before
      const standing = replaced === 'changed' ? null : await look(target, settings, context).catch((error: unknown) => { if (error instanceof TargetUnreachable && error.code === 'NGINX_LOADED_UNKNOWN') return null; throw error; });
      if (standing?.loaded !== true) await load(target, settings, context, until, putBack);
      else if (standing.stale > 0) await drained(target, asking(target, settings, context), (await findMaster(asking(target, settings, context))).children.filter(({ draining }) => draining).map(({ pid }) => pid), until);
      if (standing?.loaded === true && prior?.inForce !== undefined) return; // what was put back stays known
      note.clear();
    },

    async verify(target, value, context) {
      const settings = settingsOf(target);
      const percent = requireShare(SHARE, target, value);
      const { loaded, inForce, stale, how } = await look(target, settings, context);
      const unverified = (what: string, todo: string): TargetUnverified => new TargetUnverified({ code: 'NGINX_UNVERIFIED', where: target.id, what, means: `It is not shown that ${percent} % of users get '${settings.new}'.`, todo });
      if (!loaded || inForce !== percent) throw unverified(`${percent} % should be in force, but it is ${inForce} % (${how}).`, 'Look at the file and at who else writes it.');
      if (stale > 0) throw unverified(`${percent} % is in force for new connections${drainingWords(stale)}.`, "It is looked at again; 'worker_shutdown_timeout' of nginx bounds how long that may take.");
      if (settings.probe === undefined) return `${settings.file}: ${percent} %, and ${how}; no request was counted, since no probe is given`;
      const { asked, fresh, old, trouble } = await countSides(http, settings.probe, settings, context.signal);
      const counted = `${grouped(fresh)} of ${grouped(asked)} requests went to '${settings.new}'`;
      if (fresh + old < asked) throw unverified(`${counted}, ${grouped(old)} to '${settings.old}', and of ${grouped(asked - fresh - old)} it is not known (${trouble ?? ''}).`, 'Look at the upstreams and at the probe.');
      if (!agrees(fresh, asked, percent)) throw unverified(`${counted}, which is not ${percent} %.`, `Look at who sets '${settings.variable}' and whether '${settings.key}' is what the probe sends.`);
      return `${settings.file}: ${percent} % (${counted}; ${how})`;
    },
  };
}

/** null: it is ours and broken, and may be written over, because taking something back must not wait for a person. */
function understood(text: string, split: Split & { readonly file: string }, mayBeBroken: boolean): SplitFile | null {
  try { return parseSplit(text, split.file, split); } catch (error) { if (mayBeBroken && isOwned(text)) return null; throw error; }
}

const grouped = (count: number): string => count.toLocaleString('en-US');
const drainingWords = (stale: number): string => (stale === 0 ? '' : `; ${stale} of the old workers still ${stale === 1 ? 'serves' : 'serve'} connections that were open before`);
