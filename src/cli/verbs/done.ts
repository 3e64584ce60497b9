// done: says that a review, a follow-up or an incident is done. Which one is meant is found among what is open; what could mean several is refused.
import { randomUUID } from 'node:crypto';
import { FinalError } from '../../errors.js';
import type { By } from '../../../workflows/messages.js';
import type { Cli, Rollouts, WorkItem } from '../ports.js';
import { paintFor } from '../paint.js';
import { openRollouts } from '../seeing.js';
import { argument, defineVerb, rolloutArgument, textOption } from '../verb.js';
import { actorOf, byOf } from '../who.js';
import { ageInWords } from '../../wording.js';
import { shortName } from './reviews.js';

export interface DoneOptions { readonly rollout: string; readonly what: string; readonly actor: string; readonly reason: string | null; readonly updateId: string; readonly json: boolean }
export const doneJsonFields = ['rollout', 'what', 'did', 'commandId'] as const;

export const verb = defineVerb<DoneOptions>({
  parse: (input, cli) => ({ rollout: rolloutArgument(input), what: argument(input, 1, 'WHAT'), actor: actorOf(input, cli), reason: textOption(input, 'reason'), updateId: textOption(input, 'id') ?? randomUUID(), json: input.options['json'] === true }),
  run: async (options, cli) => {
    const rollouts = await openRollouts(cli);
    const by: By = { ...byOf(options.actor, options.reason, rollouts.identity, cli), id: options.updateId };
    const did = await finish(rollouts, options, by, cli);
    if (options.json) cli.out.write(`${JSON.stringify({ rollout: options.rollout, what: options.what, did, commandId: options.updateId }, null, 2)}\n`);
    else cli.out.write(`${paintFor(cli.out).good('✔')} ${did}\n  This cannot be undone.\n`);
    return 0;
  },
});

async function finish(rollouts: Rollouts, { rollout, what, updateId }: DoneOptions, by: By, cli: Cli): Promise<string> {
  if (/^incident-\d+$/.test(what)) return (await rollouts.command(rollout, 'done', { ...by, what }, updateId)).did;
  const open = await rollouts.work({ rollout, kinds: ['follow-up', 'review'], openOnly: true });
  const meant = open.filter((one) => [one.workflowId, one.id, shortName(one)].includes(what));
  const [only] = meant;
  if (only === undefined) throw new FinalError({ code: 'NO_SUCH_WORK', what: `Nothing called ${what} is open of ${rollout} (open: ${open.map(shortName).join(', ') || 'nothing'}).`, means: 'Nothing was changed.', todo: `'tidegate reviews ${rollout}' shows what is left to do, and what is done.` });
  if (meant.length > 1) throw new FinalError({ code: 'SEVERAL_MEANT', what: `${what} of ${rollout} is open ${meant.length} times:\n${meant.map((one) => said(one, cli)).join('\n')}`, means: 'Nothing was changed.', todo: 'Give the whole name of the one that is meant.' });
  return rollouts.finish(only, by, updateId);
}

const said = (one: WorkItem, cli: Cli): string => `  ${one.workflowId}  ${one.tasks[0] ?? one.title}, since ${ageInWords(one.since, cli.now())}`;
