// A target that is one value in a file, and a command that puts the file in force: the file is replaced as a whole, the command follows, and a
// write that is cut short between the two is known as one and done again. What the file looks like: ./env-file.ts, ./compose.ts.
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ProviderSettings, TargetValue } from '../plan/types.js';
import { noteOf } from './cut-short.js';
import { TargetConflict, TargetRefused, TargetUnreachable, TargetUnverified, type Reading, type TargetContext, type TargetProvider, type TargetRef } from './port.js';
import { readText, replaceFile } from './replace-file.js';

export interface Call { readonly target: TargetRef; readonly value: TargetValue; readonly context: TargetContext }

export interface FileTarget {
  readonly file: string;
  /** which value of the file, as its users call it: 'SHARE', 'shop.image' */
  readonly what: string;
  /** @throws TargetRefused when the file cannot be understood */
  readonly valueIn: (text: string) => TargetValue;
  readonly edited: (text: string, value: TargetValue) => string;
  /** puts the file in force; doing it twice does the same as once. null: whoever uses the file sees it by himself. @throws TargetRefused, TargetUnreachable */
  readonly follow: ((call: Call) => Promise<void>) | null;
  /** shows that `value` is in force; null: nothing can. @throws TargetUnverified when it is not */
  readonly prove: ((call: Call) => Promise<string>) | null;
}

export interface FileProvider {
  readonly name: string;
  readonly problems: (settings: ProviderSettings, values: readonly TargetValue[]) => readonly string[];
  /** @throws TargetRefused SETTINGS_REFUSED */
  readonly of: (target: TargetRef) => FileTarget;
}

const LOCK_WAIT_MS = 10_000;
const PUT_BACK_MS = 5_000;

export function createFileProvider({ name, problems, of }: FileProvider): TargetProvider {
  return {
    name,
    check: (target, values) => problems(target.settings, values),
    claimKey: (target) => { const one = of(target); return `${realPath(one.file)}#${one.what}`; },

    async read(target, context): Promise<Reading> {
      const one = of(target);
      const stands = one.valueIn(await readText(one.file));
      const note = noteFor(one).read();
      if (one.prove === null || note?.after !== stands) return { value: stands, detail: `${one.file}: ${one.what} is ${stands}` };
      for (const value of [note.after, note.before]) {
        const proved = await one.prove({ target, value, context }).catch((error: unknown) => { if (error instanceof TargetUnverified) return null; throw error; });
        if (proved !== null) return { value, detail: `a write of ${note.after} is under way or was cut short after ${one.file} was changed; ${proved}`, unsettled: true };
      }
      throw new TargetUnreachable({ code: 'CUT_SHORT', where: target.id, what: `a write of ${note.after} was cut short after ${one.file} was changed, and neither ${note.after} nor ${note.before} is shown to be in force.`, means: 'What users get cannot be told.', todo: 'Look at the service itself; taking the move back writes it anew.' });
    },

    async write(target, value, expected, context) {
      const one = of(target);
      const problem = problems(target.settings, [value])[0];
      if (problem !== undefined) throw new TargetRefused({ code: 'VALUE_REFUSED', where: target.id, what: `${problem}.`, means: 'Nothing was changed.', todo: 'Correct the plan.' });
      const note = noteFor(one);
      const prior = note.read();
      const keepPrior = (): void => { if (prior === null) note.clear(); else note.put(prior); };
      const texts = { before: '', after: '' };
      let replaced: 'changed' | 'unchanged';
      try {
        replaced = await replaceFile(one.file, (text) => {
          const stands = one.valueIn(text);
          if (stands === value) return null;
          const cutShort = prior?.after === stands ? prior : null;
          if (expected !== null && stands !== expected && cutShort?.before !== expected) {
            throw new TargetConflict({ code: 'TARGET_CHANGED', where: target.id, what: `${one.what} in ${one.file} is ${stands}, not ${expected} as read before.`, means: 'Somebody else changed it; nothing was written.', todo: 'Find out who and why; then adopt the value, restore ours, or roll back.' });
          }
          texts.before = text;
          texts.after = one.edited(text, value);
          if (one.follow !== null) note.put({ before: cutShort?.before ?? stands, after: value });
          return texts.after;
        }, { signal: context.signal, waitMs: Math.min(LOCK_WAIT_MS, target.writeTimeoutMs / 2) });
      } catch (error) {
        if (!(error instanceof TargetUnreachable) || error.code !== 'FILE_TROUBLE') keepPrior();
        throw error;
      }
      if (one.follow === null || (replaced === 'unchanged' && prior?.after !== value)) return;
      try { await one.follow({ target, value, context }); } catch (error) {
        // a refusal promises that nothing was changed; any other end leaves open what is in force, so file and note stay and tell
        if (error instanceof TargetRefused && replaced === 'changed') {
          await replaceFile(one.file, (text) => (text === texts.after ? texts.before : null), { signal: new AbortController().signal, waitMs: PUT_BACK_MS });
          keepPrior();
        }
        throw error;
      }
      note.clear();
    },

    async verify(target, value, context) {
      const one = of(target);
      const stands = one.valueIn(await readText(one.file));
      const unverified = (what: string, todo: string): TargetUnverified => new TargetUnverified({ code: 'TARGET_UNVERIFIED', where: target.id, what, means: `It is not shown that users get ${value}.`, todo });
      if (stands !== value) throw unverified(`${one.what} in ${one.file} is ${stands}, not ${value}.`, 'Look at who else writes the file.');
      if (one.prove === null) return `${one.file}: ${one.what} is ${stands}; nothing shows who has read it`;
      if (noteFor(one).read()?.after === value) throw unverified(`a write of ${value} was cut short after ${one.file} was changed.`, 'It is written again.');
      return `${one.file}: ${one.what} is ${stands}; ${await one.prove({ target, value, context })}`;
    },
  };
}

const noteFor = (one: FileTarget): ReturnType<typeof noteOf> => noteOf(realPath(one.file), one.what);

/** A file that is not there yet has no real path; its plain one stands for it until it is. */
function realPath(file: string): string {
  try { return realpathSync(file); } catch { return resolve(file); }
}
