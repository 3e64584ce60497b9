// quickstart (npm start): the whole job here. The flow: ../quickstart.ts.
import { runQuickstart, type QuickstartOptions } from '../quickstart.js';
import { defineVerb, flagOption } from '../verb.js';
import { actorOf } from '../who.js';

export const verb = defineVerb<QuickstartOptions>({
  parse: (input, cli) => ({ fault: flagOption(input, 'fault'), actor: actorOf(input, cli), json: input.options['json'] === true }),
  run: runQuickstart,
});
