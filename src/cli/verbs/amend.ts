// amend: puts a changed plan in force. The plan is checked here as `start` checks it, and once more by the workflow.
import { parseCommand, runCommand, type CommandOptions } from '../command-verb.js';
import { parseOrRefuse, readPlan } from '../planning.js';
import { argument, defineVerb, varsOption } from '../verb.js';

export interface AmendOptions extends CommandOptions { readonly file: string; readonly vars: Readonly<Record<string, string>> }

export const verb = defineVerb<AmendOptions>({
  parse: (input, cli) => ({ ...parseCommand('amend', input, cli, {}), file: argument(input, 1, 'PLAN'), vars: varsOption(input) }),
  run: async (options, cli) => {
    const plan = await parseOrRefuse(await readPlan(options.file, { vars: options.vars, day1: null }, cli), cli);
    return runCommand({ ...options, payload: { plan: plan.filled() } }, cli);
  },
});
