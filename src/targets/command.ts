// A target moved by commands of the plan: `write`, and where they are given `read`, `verify` and `undo`. Settings: ./command-settings.ts, running:
// ./run-for-target.ts, what was written last where nothing can be read: ./last-written.ts. Manual: docs/providers/command.md.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { parseDuration } from '../plan/durations.js';
import type { TargetValue } from '../plan/types.js';
import type { AllowedCommands } from '../process/allow.js';
import { shorten } from '../process/output.js';
import { commandText, type CommandResult } from '../process/run.js';
import { schema, secretsIn, settingsSchema, withValue, type CommandTarget } from './command-settings.js';
import type { LastWritten } from './last-written.js';
import { TargetConflict, TargetRefused, TargetUnreachable, TargetUnverified, type Reading, type TargetContext, type TargetProvider, type TargetRef } from './port.js';
import { lastLine, maskFor, runForTarget } from './run-for-target.js';
import { parsedSettings, problemsOf } from './settings.js';

export { schema };

const DEFAULT_TIMEOUT_MS = 30_000;

export interface CommandDeps { readonly allowCommands: AllowedCommands; readonly lastWritten: LastWritten }

export function createCommand({ allowCommands, lastWritten }: CommandDeps): TargetProvider {
  const settingsOf = (target: TargetRef): CommandTarget => parsedSettings(schema, settingsSchema, target);
  const claimKey = (target: TargetRef): string => identity(settingsOf(target));
  const run = (call: Omit<Call, 'allow'>): Promise<CommandResult> => runOne({ ...call, allow: allowCommands });

  async function readValue(target: TargetRef, context: TargetContext): Promise<Reading> {
    const settings = settingsOf(target);
    if (settings.read === undefined) {
      const last = lastWritten.of(claimKey(target));
      if (last !== null) return { value: last, detail: `not readable: ${last} is what was written last` };
      return { value: settings.before as TargetValue, detail: `not readable: ${settings.before} is what the plan says it stands at before` };
    }
    const result = await run({ target, settings, name: 'read', command: settings.read, value: null, expected: null, context });
    const value = valueOf(result.stdout);
    if (value === null) throw new TargetUnreachable({ code: 'COMMAND_NO_VALUE', where: `${target.id}, its read command`, what: 'it wrote nothing to its standard output.', means: 'What the target stands at is not known.', todo: 'Make it write the value as its last line.' });
    return { value, detail: `its read command says ${masked(String(value), settings, context)}` };
  }

  return {
    name: 'command',
    check: (target, values) => problemsOf(schema, target.settings, values),
    claimKey,
    read: readValue,

    async write(target, value, expected, context) {
      const settings = settingsOf(target);
      if (settings.read !== undefined) {
        // an undo goes out even when nothing can be read
        const now = await readValue(target, context).catch((error: unknown) => { if (expected === null && !context.signal.aborted) return null; throw error; });
        if (now?.value === value) return;
        if (now !== null && expected !== null && now.value !== expected) {
          throw new TargetConflict({ code: 'TARGET_CHANGED', where: target.id, what: `it stands at ${now.value}, not at ${expected} as read before.`, means: 'Somebody else changed it; nothing was written.', todo: 'Find out who and why; then adopt the value, restore ours, or roll back.' });
        }
      }
      if (expected === null && settings['cannot be undone'] !== undefined) {
        throw new TargetRefused({ code: 'CANNOT_BE_UNDONE', where: target.id, what: `the plan says it cannot be undone: ${settings['cannot be undone']}.`, means: `It was not taken back to ${value}.`, todo: 'Decide by hand what is to be done with it.' });
      }
      const undo = expected === null && settings.undo !== undefined;
      await run({ target, settings, name: undo ? 'undo' : 'write', command: undo ? settings.undo as string | string[] : settings.write, value, expected, context });
      if (settings.read === undefined) lastWritten.put(claimKey(target), value);
    },

    async verify(target, value, context) {
      const settings = settingsOf(target);
      if (settings.verify !== undefined) {
        try {
          const result = await run({ target, settings, name: 'verify', command: settings.verify, value, expected: null, context });
          const line = lastLine(result.stdout);
          return `its verify command passed${line === '' ? '' : `: ${masked(shorten(line, 200), settings, context)}`}`;
        } catch (error) {
          if (!(error instanceof TargetUnreachable) || error.code !== 'COMMAND_FAILED') throw error;
          throw new TargetUnverified({ ...error.fields, code: 'COMMAND_UNVERIFIED', means: `It is not shown that users get ${value}.`, todo: 'Look at what the command said, and at the target itself.' });
        }
      }
      if (settings.read === undefined) return 'no verify and no read command: only the exit code of the command says so';
      const { value: now } = await readValue(target, context);
      if (now === value) return `its read command says ${value}`;
      throw new TargetUnverified({ code: 'COMMAND_UNVERIFIED', where: target.id, what: `it should stand at ${value}, its read command says ${now}.`, means: `It is not shown that users get ${value}.`, todo: 'Look at the target itself.' });
    },
  };
}

/** The program, for people, and a hash of the whole command: its text may be long and may hold secrets that were put in. */
function identity({ write, cwd }: CommandTarget): string {
  const program = (typeof write === 'string' ? write.trim().split(/\s+/, 1)[0] : write[0]) ?? '';
  const hash = createHash('sha256').update(JSON.stringify([commandText(write), cwd ?? null])).digest('hex').slice(0, 16);
  return `${/^[\w./-]{1,60}$/.test(program) ? `${basename(program)}-` : ''}${hash}`;
}

interface Call {
  readonly target: TargetRef; readonly settings: CommandTarget; readonly name: 'write' | 'read' | 'verify' | 'undo'; readonly command: string | readonly string[];
  readonly value: TargetValue | null; readonly expected: TargetValue | null; readonly context: TargetContext; readonly allow: AllowedCommands;
}

/** Runs one of the commands to success. @throws as runForTarget */
function runOne({ target, settings, name, command, value, expected, context, allow }: Call): Promise<CommandResult> {
  const changes = name === 'write' || name === 'undo';
  const ownMs = settings.timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(settings.timeout) ?? DEFAULT_TIMEOUT_MS;
  const env = {
    ...settings.env, TIDEGATE_TARGET: target.id, TIDEGATE_KEY: context.key,
    ...(value === null ? {} : { TIDEGATE_VALUE: String(value) }), ...(expected === null ? {} : { TIDEGATE_EXPECTED: String(expected) }),
  };
  return runForTarget({
    where: `${target.id}, its ${name} command`, run: withValue(command, String(value ?? '')), timeoutMs: changes ? Math.min(ownMs, target.writeTimeoutMs) : ownMs, cwd: settings.cwd ?? null, env,
    // what `read` says is in the reading; the others' words belong to the record
    changes, kept: name !== 'read', secrets: secretsIn(settings.env), context, allow,
  });
}

/** A number where the last line is one ('25', '25 %'), else the line itself. null: there is none. */
function valueOf(stdout: string): TargetValue | null {
  const line = lastLine(stdout);
  if (line === '') return null;
  return /^[+-]?(\d+\.?\d*|\.\d+)\s*%?$/.test(line) ? Number.parseFloat(line) : line;
}

function masked(text: string, settings: CommandTarget, context: TargetContext): string { return maskFor(context, secretsIn(settings.env))(text); }
