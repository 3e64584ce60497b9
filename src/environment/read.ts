// Gets the variables of an environment on the host that has it: a file, the worker's own, or what a command prints. Nothing of it is kept.
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FinalError } from '../errors.js';
import { fillSecrets, maskSecrets, secretValues, type Environment } from '../plan/secrets.js';
import type { CommandSettings, EnvironmentSource } from '../plan/types.js';
import type { AllowedCommands } from '../process/allow.js';
import { runCommand } from '../process/run.js';
import { variablesOfFile, variablesOfOutput, variablesOfProcess, type Variables } from './variables.js';

export interface EnvironmentReader { readonly env: Environment; readonly allow: AllowedCommands }
const largestBytes = 1024 * 1024;

/** @throws FinalError ENVIRONMENT_UNREADABLE with the reason, never with anything that was read */
export async function readEnvironment(source: EnvironmentSource, { env, allow }: EnvironmentReader, signal: AbortSignal): Promise<Variables> {
  switch (source.kind) {
    case 'worker': return variablesOfProcess(env);
    case 'file': return variablesOfFile(await textOf(source.file), source.file);
    case 'command': return variablesOfOutput(await outputOf(source.command, env, allow, signal));
  }
}

async function textOf(file: string): Promise<string> {
  try {
    const handle = await open(resolve(file), 'r');
    try {
      const { size } = await handle.stat();
      if (size > largestBytes) throw unreadable(file, `it is larger than ${largestBytes / 1024} KiB, which no such file is.`);
      return await handle.readFile('utf8');
    } finally { await handle.close(); }
  } catch (error) {
    if (error instanceof FinalError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw unreadable(file, code === 'ENOENT' ? 'there is no such file.' : code === 'EACCES' ? 'the worker may not read it.' : `it cannot be read (${code ?? 'unknown'}).`);
  }
}

async function outputOf(command: CommandSettings, env: Environment, allow: AllowedCommands, signal: AbortSignal): Promise<string> {
  const filled = fillSecrets({ run: command.run, env: command.env } as never, env) as unknown as Pick<CommandSettings, 'run' | 'env'>;
  const result = await runCommand({ run: filled.run, timeoutMs: command.timeoutMs, cwd: command.cwd, env: filled.env, signal, allow, keepBytes: largestBytes });
  const where = typeof command.run === 'string' ? command.run : command.run.join(' ');
  if (result.timedOut) throw unreadable(where, `it did not end within ${Math.round(command.timeoutMs / 1000)} s.`);
  if (result.exitCode !== 0) {
    const last = maskSecrets(result.stderr, secretValues({ run: command.run, env: command.env }, env)).trim().split('\n').at(-1)?.slice(0, 200) ?? '';
    throw unreadable(where, `it ended with ${result.exitCode === null ? `the signal ${result.killedBy}` : `code ${result.exitCode}`}${last === '' ? '.' : `: ${last}`}`);
  }
  if (result.truncated) throw unreadable(where, 'it printed more than an environment holds.');
  return result.stdout;
}

const unreadable = (where: string, what: string): FinalError => new FinalError({ code: 'ENVIRONMENT_UNREADABLE', where, what });
