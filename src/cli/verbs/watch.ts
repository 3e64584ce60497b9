// watch: the live board until the rollout ends. Drawn by ../live-board.ts; without a terminal one line a change; with --json the last status.
import type { Ms } from '../../judgement/index.js';
import { showLive } from '../live-board.js';
import { headline } from '../render-status.js';
import { openRollouts } from '../seeing.js';
import { defineVerb, lengthOption, rolloutArgument, UsageError } from '../verb.js';
import { actorOf } from '../who.js';

export interface WatchOptions { readonly rollout: string; readonly everyMs: Ms | null; readonly actor: string; readonly json: boolean }

export const verb = defineVerb<WatchOptions>({
  parse: (input, cli) => {
    const everyMs = lengthOption(input, 'every');
    if (everyMs !== null && everyMs < 250) throw new UsageError('--every: at least 250ms');
    return { rollout: rolloutArgument(input), everyMs, actor: actorOf(input, cli), json: input.options['json'] === true };
  },
  run: async (options, cli) => {
    const rollouts = await openRollouts(cli);
    const board = cli.out.isTTY && !options.json;
    const { status, left } = await showLive(rollouts, { rollout: options.rollout, everyMs: options.everyMs, actor: options.actor, board, changesTo: board ? null : options.json ? cli.err : cli.out }, cli);
    if (options.json) cli.out.write(`${JSON.stringify(status, null, 2)}\n`);
    else if (left) cli.err.write(`${options.rollout} goes on without you: ${headline(status)}\n`);
    return status.exitCode;
  },
});
