// schema: the JSON Schema of a plan, for editors. It is a JSON document with and without --json.
import { defineVerb } from '../verb.js';

export const verb = defineVerb({
  parse: () => ({}),
  run: async (_options, cli) => {
    cli.out.write(`${JSON.stringify((await cli.parts.plans()).schema(), null, 2)}\n`);
    return 0;
  },
});
