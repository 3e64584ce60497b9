// One key of a KEY=VALUE file, and where it is wanted the command after which it is in force. The file: ./env-syntax.ts, replacing and following:
// ./file-and-command.ts. Manual: docs/providers/env-file.md.
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseDuration } from '../plan/durations.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { ProviderSettings, TargetValue } from '../plan/types.js';
import type { AllowedCommands } from '../process/allow.js';
import { shorten } from '../process/output.js';
import { commandEnv, runSetting, timeLimit } from '../process/settings.js';
import { placeholderProblem, secretsIn, withValue } from './command-settings.js';
import { rawProblem, rawValue, withRawValue } from './env-syntax.js';
import { createFileProvider, type Call, type FileTarget } from './file-and-command.js';
import { TargetRefused, TargetUnreachable, TargetUnverified, type TargetProvider, type TargetRef } from './port.js';
import { lastLine, maskFor, runForTarget } from './run-for-target.js';
import { parsedSettings, problemsOf, textLike } from './settings.js';

const settingsSchema = z.strictObject({
  /** path on the worker's host; a relative one starts where the worker runs */
  file: z.string().min(1),
  key: textLike(/^[A-Za-z_]\w*$/, 'this is no name of a variable'),
  /** what the value is; left out: a number where it is written as one */
  as: z.enum(['number', 'text']).optional(),
  /** puts the file in force, e.g. a restart; running it twice does the same as once */
  then: runSetting.optional(),
  /** ends with 0 when users really get `{value}`, and with another code when they do not */
  verify: runSetting.optional(),
  timeout: timeLimit.optional(), cwd: z.string().min(1).optional(), env: commandEnv.optional(),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: null, check: (given, values) => problems(settingsSchema.parse(given), values), unlimited: (given, is) => unlimitedProblem(settingsSchema.parse(given), is) };

const DEFAULT_VERIFY_MS = 30_000;
const NUMBER = /^-?\d+(\.\d+)?$/;
const isNumber = (raw: string): boolean => NUMBER.test(raw) && String(Number(raw)) === raw;

function problems(settings: Settings, values: readonly TargetValue[]): string[] {
  const found = [...(settings.then !== undefined && settings.verify === undefined ? ["`then` needs a `verify`: without one nobody could find out whether a write that was cut short between the file and the command is in force"] : [])];
  for (const name of ['then', 'verify'] as const) {
    const problem = settings[name] === undefined ? null : placeholderProblem(settings[name]);
    if (problem !== null) found.push(`${name}: ${problem}`);
  }
  return [...found, ...values.flatMap((value) => { const problem = valueProblem(settings, value); return problem === null ? [] : [`${settings.key} cannot be ${JSON.stringify(value)}: ${problem}`]; })];
}

function unlimitedProblem(settings: Settings, is: number | string | null): string | null {
  if (is === null) return 'a file holds a number or a text, not null';
  const problem = valueProblem(settings, is);
  return problem === null ? null : `${settings.key} cannot be ${JSON.stringify(is)}: ${problem}`;
}

/** What is written has to be read as the same value again. */
function valueProblem({ as }: Settings, value: TargetValue): string | null {
  if (typeof value === 'number') return as === 'text' ? 'it is a number, and `as` says text; write it in quotes' : isNumber(String(value)) ? null : 'it is no plain number';
  if (as === 'number') return 'it is text, and `as` says number';
  return as === undefined && isNumber(value) ? 'it is text that would be read as a number; say `as: text`, or write it without quotes' : rawProblem(value);
}

export function createEnvFile({ allowCommands }: { readonly allowCommands: AllowedCommands }): TargetProvider {
  return createFileProvider({ name: 'env-file', problems: (settings: ProviderSettings, values) => problemsOf(schema, settings, values), of: (target) => fileTarget(target, allowCommands) });
}

function fileTarget(target: TargetRef, allow: AllowedCommands): FileTarget {
  const settings = parsedSettings(schema, settingsSchema, target);
  const { key } = settings;
  const file = resolve(settings.file);
  const run = (name: 'then' | 'verify', { value, context }: Call): ReturnType<typeof runForTarget> => {
    const own = settings.timeout === undefined ? null : parseDuration(settings.timeout);
    return runForTarget({
      where: `${target.id}, its ${name} command`, run: withValue(settings[name] ?? '', String(value)), cwd: settings.cwd ?? null,
      env: { ...settings.env, TIDEGATE_TARGET: target.id, TIDEGATE_KEY: context.key, TIDEGATE_VALUE: String(value) },
      timeoutMs: name === 'then' ? Math.min(own ?? target.writeTimeoutMs, target.writeTimeoutMs) : own ?? DEFAULT_VERIFY_MS, changes: name === 'then', kept: true, secrets: secretsIn(settings.env), context, allow,
    });
  };
  return {
    file, what: key,
    valueIn(text) {
      const raw = rawValue(text, key, file);
      if (settings.as === 'text' || (settings.as === undefined && !isNumber(raw))) return raw;
      if (NUMBER.test(raw)) return Number(raw);
      throw new TargetRefused({ code: 'ENV_VALUE_NO_NUMBER', where: file, what: `the value of '${key}' is no number.`, means: 'Nothing was changed.', todo: 'Correct the file, or `as` in the plan.' });
    },
    edited: (text, value) => withRawValue(text, key, file, String(value)),
    follow: settings.then === undefined ? null : async (call) => { await run('then', call); },
    prove: settings.verify === undefined ? null : async (call) => {
      try {
        const line = lastLine((await run('verify', call)).stdout);
        return `its verify command passed${line === '' ? '' : `: ${maskFor(call.context, secretsIn(settings.env))(shorten(line, 200))}`}`;
      } catch (error) {
        if (!(error instanceof TargetUnreachable) || error.code !== 'COMMAND_FAILED') throw error;
        throw new TargetUnverified({ ...error.fields, code: 'COMMAND_UNVERIFIED', means: `It is not shown that users get ${call.value}.`, todo: 'Look at what the command said, and at the service itself.' });
      }
    },
  };
}
