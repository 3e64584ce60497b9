// A number out of a command: the last line it writes to stdout. Runs bounded and only if this worker's list allows it.
// Running: src/process/run.ts, the list: src/process/allow.ts. Manual: docs/providers/command-source.md.
import { z } from 'zod';
import type { Measurement } from '../judgement/types.js';
import { parseDuration } from '../plan/durations.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { AllowedCommands } from '../process/allow.js';
import { commandEnv, runSetting, timeLimit } from '../process/settings.js';
import { TidegateError } from '../errors.js';
import { measured, noData, parseNumber, providerError } from './answers.js';
import { sourceOfNow } from './checked.js';
import type { SourceProvider } from './port.js';

const settingsSchema = z.strictObject({
  run: runSetting,
  /** at most the metric's own limit */
  timeout: timeLimit.optional(),
  cwd: z.string().min(1).optional(),
  env: commandEnv.optional(),
});

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'run' };

/** Time that ending a process group may take after its limit; taken off the limit, since `measure` ends within `timeoutMs`. */
const GRACE_MS = 500;

export function createCommand(allow: AllowedCommands): SourceProvider {
  return sourceOfNow({
    name: 'command', schema, settings: settingsSchema,
    measure: async (settings, metric, { signal }) => {
      const limitMs = Math.min(metric.timeoutMs, settings.timeout === undefined ? Number.POSITIVE_INFINITY : parseDuration(settings.timeout) ?? Number.POSITIVE_INFINITY);
      const graceMs = Math.min(GRACE_MS, limitMs / 4);
      const { runCommand } = await import('../process/run.js');
      try {
        const result = await runCommand({ run: settings.run, timeoutMs: Math.max(1, limitMs - 2 * graceMs), graceMs, cwd: settings.cwd ?? null, env: settings.env ?? {}, signal, allow });
        if (result.aborted) return providerError('aborted', 'given up by the caller');
        if (result.timedOut) return providerError('timeout', `the command did not end within ${limitMs} ms`);
        if (result.exitCode !== 0) return providerError('command-failed', `the command ended with ${result.exitCode ?? result.killedBy}${lastLine(result.stderr) === '' ? '' : `: ${masked(lastLine(result.stderr), settings.env)}`}`);
        return read(lastLine(result.stdout), metric.scale, settings.env);
      } catch (error) {
        if (!(error instanceof TidegateError)) throw error;
        return providerError(error.code === 'COMMAND_NOT_ALLOWED' ? 'command-not-allowed' : 'command-not-started', error.fields.what);
      }
    },
  });
}

function read(line: string, scale: number, env: Readonly<Record<string, string>> | undefined): Measurement {
  if (line === '') return noData('the command wrote nothing');
  const value = parseNumber(line);
  return value === null ? providerError('not-a-number', `the command's last line is '${masked(line.slice(0, 80), env)}', not a number`) : measured(value, scale);
}

function lastLine(output: string): string { return output.trimEnd().split('\n').at(-1)!.trim(); }

/** What the plan hands over in `env` is often a credential, and failing programs like to print theirs. */
function masked(text: string, env: Readonly<Record<string, string>> = {}): string {
  return Object.values(env).filter((value) => value.length >= 4).reduce((so, value) => so.replaceAll(value, '***'), text);
}
