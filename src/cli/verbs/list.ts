// list: the rollouts and where each stands, from visibility alone: it needs no worker.
import type { RolloutRow } from '../ports.js';
import { openRollouts } from '../seeing.js';
import { columns } from '../text-layout.js';
import { paintFor } from '../paint.js';
import { defineVerb, flagOption } from '../verb.js';
import { inWords } from '../../wording.js';

export interface ListOptions { readonly all: boolean; readonly json: boolean }
/** more than this is for `temporal workflow list` and its queries */
const most = 500;

export const listJsonFields = ['rollouts: [rollout, workflowId, execution, state, phase, owner, hold, outcome, startedAt, closedAt]'] as const;

export const verb = defineVerb<ListOptions>({
  parse: (input) => ({ all: flagOption(input, 'all'), json: input.options['json'] === true }),
  run: async (options, cli) => {
    const rows = await (await openRollouts(cli)).list(options.all ? 'all' : 'live', most);
    if (options.json) cli.out.write(`${JSON.stringify({ rollouts: rows }, null, 2)}\n`);
    else if (rows.length === 0) cli.err.write(options.all ? 'There are no rollouts.\n' : "No rollout is running. 'tidegate list --all' shows the ended ones.\n");
    else {
      const table = columns([['ROLLOUT', 'STATE', 'PHASE', 'SINCE', 'OWNER', 'HELD BY'], ...rows.map((row) => [row.rollout, stateOf(row), row.phase ?? '-', inWords((row.closedAt ?? cli.now()) - row.startedAt), row.owner ?? '-', row.hold ?? '-'])]);
      cli.out.write(`${paintFor(cli.out).strong(table[0]!)}\n${table.slice(1).join('\n')}\n`);
      if (rows.length === most) cli.err.write(`Only the newest ${most} are shown.\n`);
    }
    return 0;
  },
});

/** What ended from outside is not in the state it last wrote. */
function stateOf(row: RolloutRow): string {
  switch (row.execution) {
    case 'terminated': case 'timed-out': case 'cancelled': return `failed (${row.execution})`;
    case 'failed': return row.outcome ?? 'failed';
    case 'running': case 'completed': case 'continued': case 'unknown': return row.outcome ?? row.state ?? 'starting';
  }
}
