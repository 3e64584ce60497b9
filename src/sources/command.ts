// A number out of a command: the last line it writes to stdout. Runs bounded and only if this worker's list allows it.
// Running: src/process/run.ts, the list: src/process/allow.ts. Manual: docs/providers/command-source.md.
import { z } from 'zod';
import type { Measurement } from '../judgement/types.js';
import { parseDuration } from '../plan/durations.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { AllowedCommands } from '../process/allow.js';
import { TidegateError } from '../errors.js';
import { measured, noData, parseNumber, providerError, single } from './answers.js';
import type { MetricRef, SourceProvider } from './port.js';
import { problemsOf } from './settings.js';

const settingsSchema = z.strictObject({
  /** text: a line for /bin/sh; a list: program and arguments */
  run: z.union([z.string().min(1), z.array(z.string()).min(1)]),
  /** at most the metric's own limit */
  timeout: z.string().refine((text) => /\$\{env:/.test(text) || (parseDuration(text) ?? 0) > 0, { message: "a length of time is needed, e.g. '20s'" }).optional(),
  cwd: z.string().min(1).optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'this is no name of a variable'), z.string()).optional(),
});

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'run' };

/** Time that ending a process group may take after its limit; taken off the limit, since `measure` ends within `timeoutMs`. */
const GRACE_MS = 500;

export function createCommand(allow: AllowedCommands): SourceProvider {
  const check = (metric: MetricRef): readonly string[] => problemsOf(schema, metric.settings);
  return {
    name: 'command',
    ranged: () => false,
    check,
    async measure(metric, _from, to, signal) {
      const problems = check(metric);
      if (problems.length > 0) return single(to, providerError('settings', problems.join('; ')));
      const settings = settingsSchema.parse(metric.settings);
      const limitMs = Math.min(metric.timeoutMs, settings.timeout === undefined ? Number.POSITIVE_INFINITY : parseDuration(settings.timeout) ?? Number.POSITIVE_INFINITY);
      const graceMs = Math.min(GRACE_MS, limitMs / 4);
      const { runCommand } = await import('../process/run.js');
      try {
        const result = await runCommand({ run: settings.run, timeoutMs: Math.max(1, limitMs - 2 * graceMs), graceMs, cwd: settings.cwd ?? null, env: settings.env ?? {}, signal, allow });
        if (result.aborted) return single(to, providerError('aborted', 'given up by the caller'));
        if (result.timedOut) return single(to, providerError('timeout', `the command did not end within ${limitMs} ms`));
        if (result.exitCode !== 0) return single(to, providerError('command-failed', `the command ended with ${result.exitCode ?? result.killedBy}${lastLine(result.stderr) === '' ? '' : `: ${masked(lastLine(result.stderr), settings.env)}`}`));
        return single(to, read(lastLine(result.stdout), metric.scale, settings.env));
      } catch (error) {
        if (!(error instanceof TidegateError)) throw error;
        return single(to, providerError(error.code === 'COMMAND_NOT_ALLOWED' ? 'command-not-allowed' : 'command-not-started', error.fields.what));
      }
    },
  };
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
