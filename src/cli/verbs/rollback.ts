// rollback: as a command to the running rollout, or with --offline by hand from the journal's undo notes, without Temporal (../offline.ts).
import { parseCommand, runCommand, type CommandOptions } from '../command-verb.js';
import { runOffline } from '../offline.js';
import { defineVerb, flagOption, textOption, UsageError } from '../verb.js';

export interface RollbackOptions extends CommandOptions { readonly offline: boolean }

export const verb = defineVerb<RollbackOptions>({
  parse: (input, cli) => {
    const phase = textOption(input, 'phase');
    const to = textOption(input, 'to');
    const offline = flagOption(input, 'offline');
    if (phase !== null && to !== null) throw new UsageError('--phase and --to exclude each other: --phase P undoes P and all after it, --to P restores the end of P');
    if (offline && (phase !== null || to !== null)) throw new UsageError(`--offline and --${phase === null ? 'to' : 'phase'} exclude each other: offline, everything is taken back to the start`);
    const payload = phase !== null ? { phase } : to !== null ? { to } : {};
    return { ...parseCommand('rollback', input, cli, payload), offline };
  },
  run: (options, cli) => (options.offline ? runOffline(options, cli) : runCommand(options, cli)),
});
