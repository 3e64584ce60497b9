// doctor: what is here, what is missing and how to get it; with a plan, whether everything that it calls answers. The checks themselves:
// src/engine/doctor-checks.ts (this machine) and ../plan-checks-part.ts (a plan).
import type { Ms } from '../../judgement/index.js';
import { paintFor } from '../paint.js';
import { parseOrRefuse, readPlan } from '../planning.js';
import { columns, plain, wrap } from '../text-layout.js';
import { dayOption, defineVerb, flagOption, launchOption, lengthOption, UsageError, varsOption } from '../verb.js';

export interface DoctorOptions { /** null: this machine is looked at */ readonly plan: string | null; readonly vars: Readonly<Record<string, string>>; readonly day1: string | null; readonly launch: string | null; readonly withinMs: Ms; readonly fix: boolean; readonly json: boolean }
export const doctorJsonFields = ['ok', 'checks: [name, ok, needed, found, todo]'] as const;

export const verb = defineVerb<DoctorOptions>({
  parse: (input) => {
    const plan = typeof input.args[0] === 'string' ? input.args[0] : null;
    const options = { plan, vars: varsOption(input), day1: dayOption(input, 'day1'), launch: launchOption(input), withinMs: lengthOption(input, 'within') ?? 10_000, fix: flagOption(input, 'fix'), json: input.options['json'] === true };
    if (plan !== null && options.fix) throw new UsageError('--fix repairs this machine: give it without a PLAN');
    if (plan === null && (Object.keys(options.vars).length > 0 || options.day1 !== null || options.launch !== null || input.options['within'] !== undefined)) throw new UsageError('--var, --day-1, --launch and --within belong to a PLAN: give one');
    return options;
  },
  run: async (options, cli) => {
    const plan = options.plan === null ? null : (await parseOrRefuse(await readPlan(options.plan, { vars: options.vars, day1: options.day1, launch: options.launch }, cli), cli)).plan;
    const checks = plan === null ? await cli.parts.doctor(options.fix) : await cli.parts.planChecks(plan, options.withinMs);
    const ok = checks.every((check) => check.ok || !check.needed);
    if (options.json) {
      cli.out.write(`${JSON.stringify({ ok, ...(plan === null ? {} : { rollout: plan.rollout }), checks }, null, 2)}\n`);
      return ok ? 0 : 1;
    }
    const paint = paintFor(cli.out);
    const [wrong, less] = plan === null ? ['✖ missing', '- absent'] : ['✖ wrong', '- not here'];
    const rows = columns(checks.map((c) => [c.ok ? '✔ ok' : c.needed ? wrong : less, c.name, plain(c.found)]));
    checks.forEach((check, i) => {
      cli.out.write(`${paint[check.ok ? 'good' : check.needed ? 'bad' : 'warn'](rows[i]!)}\n`);
      if (!check.ok && check.todo !== null) cli.out.write(`${wrap(`do: ${plain(check.todo)}`, Math.max(40, cli.out.columns - 4), '    ').map((t) => `    ${t}`).join('\n')}\n`);
    });
    if (plan === null) cli.out.write(ok ? 'Nothing that is needed is missing.\n' : 'Something that is needed is missing; see above what to do.\n');
    else cli.out.write(ok ? `Everything that ${plan.rollout} calls from here answers. Nothing was changed and nothing was sent.\n` : `Something that ${plan.rollout} calls is wrong; see above what to do. Nothing was changed and nothing was sent.\n`);
    return ok ? 0 : 1;
  },
});
