// A command of the plan, run once: what keeps it from running is a failure like any other. And how a command ended, in the words that are used
// wherever it is told. Commands that people give: commands.ts.
import { ActivityFailure } from '@temporalio/workflow';
import type { CommandSettings } from '../src/plan/types.js';
import type { CommandOutput } from '../activities/types.js';
import { reasonOf } from './failure.js';
import { runner } from './options.js';
import type { Run } from './run.js';

/** Never rejects. */
export const runOnce = (run: Run, name: string, command: CommandSettings, values: Readonly<Record<string, string>> = {}): Promise<CommandOutput> =>
  runner(command.timeoutMs, command.on).runCommand({ rollout: run.state.rollout, name, command, values }).catch((error: unknown) => notRun(error instanceof ActivityFailure ? reasonOf(error) : String((error as Error).message)));

/** The output of a command that has not been run. */
export const notRun = (why: string): CommandOutput => ({ ok: false, exitCode: null, output: why, timedOut: false, durationMs: 0 });

export const failedHow = ({ timedOut, exitCode }: CommandOutput): string => (timedOut ? 'timed out' : exitCode === null ? 'failed' : `failed with exit code ${exitCode}`);
export const endedHow = (output: CommandOutput, well: 'passed' | 'done'): string => (output.ok ? well : failedHow(output));
