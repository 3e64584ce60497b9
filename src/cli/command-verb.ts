// What all commands to a running rollout have in common: one update under one id, answered with what was done and how to undo it.
// The commands themselves: verbs/commands.ts, verbs/rollback.ts, verbs/amend.ts.
import { randomUUID } from 'node:crypto';
import { commandNames, type By, type CommandName, type CommandResult } from '../../workflows/messages.js';
import { paintFor } from './paint.js';
import type { Cli, ExitCode } from './ports.js';
import { openRollouts } from './seeing.js';
import { rolloutArgument, textOption, UsageError, type VerbInput } from './verb.js';
import { actorOf, byOf } from './who.js';

export interface CommandOptions { readonly rollout: string; readonly name: CommandName; readonly actor: string; readonly reason: string | null; readonly updateId: string; readonly payload: Readonly<Record<string, unknown>>; readonly json: boolean }

export const commandJsonFields = ['rollout', 'command', 'did', 'undo', 'commandId'] as const;

export function parseCommand(name: CommandName, input: VerbInput, cli: Cli, payload: Readonly<Record<string, unknown>>): CommandOptions {
  const updateId = textOption(input, 'id') ?? randomUUID();
  if (updateId.length > 200) throw new UsageError('--id is longer than 200 characters');
  return { rollout: rolloutArgument(input), name, actor: actorOf(input, cli), reason: textOption(input, 'reason'), updateId, payload, json: input.options['json'] === true };
}

export async function runCommand(options: CommandOptions, cli: Cli): Promise<ExitCode> {
  const rollouts = await openRollouts(cli);
  const by: By = { ...byOf(options.actor, options.reason, rollouts.identity, cli), id: options.updateId };
  const result = await rollouts.command(options.rollout, options.name, { ...by, ...options.payload }, options.updateId);
  sayDone(options, result, cli);
  return 0;
}

function sayDone(options: CommandOptions, result: CommandResult, cli: Cli): void {
  if (options.json) {
    cli.out.write(`${JSON.stringify({ rollout: options.rollout, command: options.name, did: result.did, undo: result.undo, commandId: options.updateId }, null, 2)}\n`);
    return;
  }
  const paint = paintFor(cli.out);
  cli.out.write(`${paint.good('✔')} ${result.did}\n`);
  cli.out.write(result.undo === null ? '  This cannot be undone.\n' : `  To undo: ${asTyped(result.undo, options.rollout)}\n`);
}

/** The rollout names verb and id; what is shown can be typed. Words that are no command line stay as they are. */
function asTyped(undo: string, rollout: string): string {
  const [verb, id] = undo.split(' ');
  return id === rollout && commandNames.some((name) => name === verb) ? `tidegate ${undo}` : undo;
}
