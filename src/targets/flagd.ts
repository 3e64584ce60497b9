// The share of users a flag in a flagd file gives, moved by editing the file in place and proved by evaluating 10,000 users. The file as text:
// ./flagd-text.ts and ./flagd-edit.ts, replacing it: ./replace-file.ts, evaluating: ./flagd-users.ts, what applications hold: ./flagd-through.ts.
// Manual: docs/providers/flagd.md.
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import type { TargetValue } from '../plan/types.js';
import { editFlag } from './flagd-edit.js';
import { viewFlag, type FlagPlace, type FlagView } from './flagd-text.js';
import { verifyThrough } from './flagd-through.js';
import { countOn, SYNTHETIC_USERS } from './flagd-users.js';
import { readText, replaceFile } from './replace-file.js';
import { TargetConflict, TargetRefused, TargetUnverified, type Reading, type TargetProvider, type TargetRef } from './port.js';
import { parsedSettings, problemsOf } from './settings.js';
import { agrees, requireShare, shareProblems, type ShareKind } from './share.js';

const settingsSchema = z.strictObject({
  /** path on the worker's host; a relative one starts where the worker runs. `.yaml` and `.yml` are YAML, all else JSON, in which comments are allowed */
  file: z.string().min(1),
  flag: z.string().min(1),
  /** context field that tells users apart; default what the flag already uses, 'userId' where it uses nothing */
  by: z.string().min(1).optional(),
  /** default 'on' and 'off', or the two variants that are true and false */
  variants: z.strictObject({ on: z.string().min(1), off: z.string().min(1) }).optional(),
  /** HOST:PORT of the sync source that the applications use: a move is verified by what comes from there */
  through: z.string().regex(/^(\[[^\]]+\]|[^\s:/]+):\d{1,5}$|\$\{env:/, "HOST:PORT is needed, e.g. '127.0.0.1:8015'").optional(),
  /** what they name there */
  selector: z.string().min(1).optional(),
});

const SHARE: ShareKind = { whose: "a flag's", decimals: 2 };
export const schema: ProviderSchema = {
  settings: settingsSchema, shorthand: null,
  check: (settings, values) => [...(settings['selector'] !== undefined && settings['through'] === undefined ? ["'selector' goes with 'through'"] : []), ...values.flatMap((value) => shareProblems(SHARE, value))],
};

/** How long a write waits for another writer of the same file; the caller's own abort may come sooner. */
const LOCK_WAIT_MS = 10_000;
/** Flags whose evaluation is remembered with a hash of the file: every look reads for drift, and hardly any finds another file. */
const REMEMBERED = 2_000;

export function createFlagd(): TargetProvider {
  const remembered = new Map<string, { readonly hash: string; readonly view: FlagView; readonly counted: number }>();

  /** The flag as it stands and how many users get it; evaluated anew only when the file is another, or when `fresh` asks for it. */
  async function look(place: FlagPlace, fresh: boolean): Promise<{ readonly view: FlagView; readonly counted: number }> {
    const key = JSON.stringify(place);
    const known = remembered.get(key);
    if (!fresh && known !== undefined && known.hash === hashOf(await readText(place.file))) return known;
    const { text, view } = await settled(place);
    const looked = { hash: hashOf(text), view, counted: await countOn(view, place.flag) };
    remembered.delete(key);
    remembered.set(key, looked);
    for (const oldest of remembered.keys()) { if (remembered.size <= REMEMBERED) break; remembered.delete(oldest); }
    return looked;
  }

  return {
    name: 'flagd',
    check: (target, values) => problemsOf(schema, target.settings, values),
    claimKey(target) {
      const { file, flag } = parsedSettings(schema, settingsSchema, target);
      // a file that is not there yet has no real path; its plain one stands for it until it is
      let path = resolve(file);
      try { path = realpathSync(path); } catch { /* said above */ }
      return `${path}#${flag}`;
    },

    async read(target): Promise<Reading> {
      const place = placeOf(target);
      const { view, counted } = await look(place, false);
      if (!agrees(counted, SYNTHETIC_USERS, view.sharePercent)) throw disagreement(place, view, counted);
      return { value: view.sharePercent, detail: inWords(place, view, counted) };
    },

    async write(target, value, expected, context) {
      const place = placeOf(target);
      const percent = requireShare(SHARE, target, value);
      await settled(place); // a file in the middle of being saved by hand is waited for
      await replaceFile(place.file, (text) => {
        const view = viewFlag(text, place);
        const edited = editFlag(text, place, percent);
        if (expected !== null && view.sharePercent !== expected && view.sharePercent !== percent) {
          throw new TargetConflict({ code: 'FLAG_CHANGED', where: target.id, what: `flag '${place.flag}' in ${place.file} stands at ${view.sharePercent} %${disabledNote(view)}, not at ${expected} % as read before.`, means: 'Somebody else changed it; nothing was written.', todo: 'Find out who and why; then adopt the value, restore ours, or roll back.' });
        }
        return edited;
      }, { signal: context.signal, waitMs: Math.min(LOCK_WAIT_MS, target.writeTimeoutMs / 2) });
    },

    async verify(target, value, context) {
      const place = placeOf(target);
      const percent = requireShare(SHARE, target, value);
      const { view, counted } = await look(place, true);
      if (view.sharePercent === percent && agrees(counted, SYNTHETIC_USERS, percent)) {
        const { through, selector } = parsedSettings(schema, settingsSchema, target);
        return through === undefined ? inWords(place, view, counted) : `${inWords(place, view, counted)}; ${await verifyThrough({ address: through, selector: selector ?? '', place, percent, target, signal: context.signal })}`;
      }
      throw new TargetUnverified({ code: 'FLAG_UNVERIFIED', where: target.id, what: `${percent} % of users should get flag '${place.flag}', but ${inWords(place, view, counted)}.`, means: 'Users do not get what was written.', todo: 'Look at the file and at who else writes it.' });
    },
  };
}

function placeOf(target: TargetRef): FlagPlace {
  const { file, flag, by, variants } = parsedSettings(schema, settingsSchema, target);
  return { file: resolve(file), flag, by: by ?? null, variants: variants ?? null };
}

/** The flag as it stands. A file that cannot be read as one may be half saved by an editor: it is corrupt when it stays the same for a moment. */
async function settled(place: FlagPlace): Promise<{ text: string; view: FlagView }> {
  let text = await readText(place.file);
  for (let tries = 0; ; tries++) {
    try { return { text, view: viewFlag(text, place) }; } catch (error) {
      if (!(error instanceof TargetRefused) || error.code !== 'FLAG_FILE_CORRUPT' || tries === 20) throw error;
      await new Promise((later) => setTimeout(later, 100));
      const again = await readText(place.file);
      if (again === text) throw error;
      text = again;
    }
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const disabledNote = (view: FlagView): string => (view.state === 'DISABLED' ? ' (switched off: state DISABLED)' : '');
const grouped = (count: number): string => count.toLocaleString('en-US');

function inWords(place: FlagPlace, view: FlagView, counted: number): string {
  const rules = view.otherRules ? '; the flag\'s other rules are kept and come before the share' : '';
  return `${place.file}: ${view.sharePercent} % (${grouped(counted)} of ${grouped(SYNTHETIC_USERS)} users evaluate to ${view.on}${disabledNote(view)}${rules})`;
}

function disagreement(place: FlagPlace, view: FlagView, counted: number): TargetRefused {
  return new TargetRefused({ code: 'FLAG_NOT_UNDERSTOOD', where: place.file, what: `the weights of flag '${place.flag}' say ${view.sharePercent} %, but ${grouped(counted)} of ${grouped(SYNTHETIC_USERS)} users evaluate to '${view.on}'.`, means: 'The share in force cannot be stated; nothing was changed.', todo: 'Look at the rules around the share: one of them may catch everybody.' });
}
