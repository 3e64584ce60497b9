// doctor: what is here, what is missing and how to get it. The checks themselves: src/engine/doctor-checks.ts.
import { paintFor } from '../paint.js';
import { columns, plain, wrap } from '../text-layout.js';
import { defineVerb, flagOption } from '../verb.js';

export interface DoctorOptions { readonly fix: boolean; readonly json: boolean }
export const doctorJsonFields = ['ok', 'checks: [name, ok, needed, found, todo]'] as const;

export const verb = defineVerb<DoctorOptions>({
  parse: (input) => ({ fix: flagOption(input, 'fix'), json: input.options['json'] === true }),
  run: async (options, cli) => {
    const checks = await cli.parts.doctor(options.fix);
    const ok = checks.every((check) => check.ok || !check.needed);
    if (options.json) {
      cli.out.write(`${JSON.stringify({ ok, checks }, null, 2)}\n`);
      return ok ? 0 : 1;
    }
    const paint = paintFor(cli.out);
    const rows = columns(checks.map((c) => [c.ok ? '✔ ok' : c.needed ? '✖ missing' : '- absent', c.name, plain(c.found)]));
    checks.forEach((check, i) => {
      cli.out.write(`${paint[check.ok ? 'good' : check.needed ? 'bad' : 'warn'](rows[i]!)}\n`);
      if (!check.ok && check.todo !== null) cli.out.write(`${wrap(`do: ${plain(check.todo)}`, Math.max(40, cli.out.columns - 4), '    ').map((t) => `    ${t}`).join('\n')}\n`);
    });
    cli.out.write(ok ? 'Nothing that is needed is missing.\n' : 'Something that is needed is missing; see above what to do.\n');
    return ok ? 0 : 1;
  },
});
