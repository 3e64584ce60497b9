// runCommand and repeatCommand: a command of the plan on the worker that owns it, within its time limit, its output kept.
import { ApplicationFailure, activityInfo, Context } from '@temporalio/activity';
import type { Ports } from './ports.js';
import type { CommandInput, CommandOutput, RepeatInput } from './types.js';
import { abortAfter } from './failure.js';

export const runCommand = (ports: Ports) => async (input: CommandInput): Promise<CommandOutput> => {
  const context = Context.current();
  // Where the workflow wants to hear of a dead worker soon, or to stop the command, the attempt shows that it lives.
  const beat = context.info.heartbeatTimeoutMs === undefined ? null : setInterval(() => context.heartbeat(), 1_000);
  try {
    const output = await ports.runCommand(input.name, input.command, input.values, abortAfter(input.command.timeoutMs + 5_000));
    // Killed because this worker goes or the rollout went back: that is not the command's own failure.
    if (!output.ok && context.cancellationSignal.aborted) throw ApplicationFailure.nonRetryable(`${input.name} was cut off`, 'CommandCutOff');
    return output;
  } finally { if (beat !== null) clearInterval(beat); }
};

/** Paced like the watch: a success throws a benign failure that names the next run; a failure of the command, or the end, returns. */
export const repeatCommand = (ports: Ports) => async (input: RepeatInput): Promise<{ failed: CommandOutput | null; runs: number }> => {
  const runs = ((activityInfo().heartbeatDetails as number | undefined) ?? 0) + 1;
  const asOf = await ports.clock.now();
  if (asOf >= input.until) return { failed: null, runs: runs - 1 };
  const output = await ports.runCommand(input.name, input.command, input.values, abortAfter(input.command.timeoutMs + 5_000));
  if (!output.ok) return { failed: output, runs };
  Context.current().heartbeat(runs);
  throw ApplicationFailure.create({ type: 'StillRepeating', category: 'BENIGN', message: `${input.name}: run ${runs} passed in ${output.durationMs} ms`, nextRetryDelay: Math.max(1, Math.min(input.everyMs, input.until - asOf)) });
};
