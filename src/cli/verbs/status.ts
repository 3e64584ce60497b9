// status: one screen of one rollout. Its --json is the contract of the design; its exit code says how the rollout stands.
import { lookAt, openRollouts } from '../seeing.js';
import { renderStatus } from '../render-status.js';
import { defineVerb, rolloutArgument } from '../verb.js';

export interface StatusOptions { readonly rollout: string; readonly json: boolean }

/** the fields scripts may rely on; more may follow them */
export const statusJsonFields = ['rollout', 'state', 'phase', 'targets', 'soak', 'conditions', 'asks', 'hold', 'startedAt', 'updatedAt'] as const;

export const verb = defineVerb<StatusOptions>({
  parse: (input) => ({ rollout: rolloutArgument(input), json: input.options['json'] === true }),
  run: async (options, cli) => {
    const sight = await lookAt(await openRollouts(cli), options.rollout);
    if (options.json) cli.out.write(`${JSON.stringify(sight.status, null, 2)}\n`);
    else cli.out.write(renderStatus(sight, { width: cli.out.columns, color: cli.out.color, now: cli.now() }));
    return sight.status.exitCode;
  },
});
