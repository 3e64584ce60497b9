// up: the embedded stack in the foreground, until Ctrl-C. What it is made of: src/engine/stack.ts.
import { resolve } from 'node:path';
import { FinalError } from '../../errors.js';
import { paintFor } from '../paint.js';
import { columns } from '../text-layout.js';
import { defineVerb, textOption } from '../verb.js';

export interface UpOptions { readonly dir: string; readonly json: boolean }
export const upJsonFields = ['address', 'namespace', 'ui', 'http', 'inbound', 'journal', 'dir'] as const;

export const verb = defineVerb<UpOptions>({
  parse: (input, cli) => ({ dir: resolve(cli.cwd, textOption(input, 'dir') ?? cli.env['TIDEGATE_HOME'] ?? '.tidegate'), json: input.options['json'] === true }),
  run: async (options, cli) => {
    const stack = await cli.parts.stack({ dir: options.dir, env: cli.env, ports: 'fixed', progress: (line) => cli.err.write(`${line}\n`) });
    cli.atEnd(() => stack.stop());
    if (options.json) cli.out.write(`${JSON.stringify({ address: stack.address, namespace: stack.namespace, ui: stack.ui, http: stack.http, inbound: stack.inbound, journal: stack.journal, dir: options.dir }, null, 2)}\n`);
    else {
      const paint = paintFor(cli.out);
      const rows = [['  Temporal', `${stack.address} (namespace ${stack.namespace})`], ...(stack.ui === null ? [] : [['  Web UI', stack.ui]]), ...(stack.http === null ? [] : [['  Health, metrics', stack.http]]), ...(stack.inbound === null ? [] : [['  Inbound', stack.inbound]]), ['  Journal', stack.journal], ['  Files', options.dir]];
      cli.out.write(`${paint.good('✔')} Tidegate is up.\n${columns(rows).join('\n')}\n\nIn another terminal:\n`);
      const differs = Object.entries(stack.env).filter(([name, value]) => cli.env[name] !== value);
      for (const [name, value] of differs) cli.out.write(`  export ${name}=${value}\n`);
      cli.out.write('  tidegate start PLAN      start a rollout\n  tidegate watch ID        see it live\n  tidegate inbox           what people are asked\n\nCtrl-C stops it; the next `tidegate up` goes on where it stood.\n');
    }
    const died = await Promise.race([stack.died, untilInterrupted(cli.interrupted)]);
    if (died === null) {
      cli.err.write('\nStopping …\n');
      return 0;
    }
    throw new FinalError({ code: 'STACK_DIED', what: `A part of the stack ended: ${died}.`, where: options.dir, means: 'Rollouts stand still; nothing is lost.', todo: "Start it again with 'tidegate up'; 'tidegate doctor' shows what is missing." });
  },
});

function untilInterrupted(signal: AbortSignal): Promise<null> {
  return new Promise((done) => { if (signal.aborted) done(null); else signal.addEventListener('abort', () => done(null), { once: true }); });
}
