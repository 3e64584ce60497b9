// validate: every error of every plan as file:line:column, before anything moves. Loads no engine. Reading and showing: ../planning.ts.
import type { Problem } from '../../plan/problems.js';
import { variantNames, type Warning } from '../../plan/index.js';
import type { ParsedPlan } from '../ports.js';
import { paintFor } from '../paint.js';
import { readPlan, sayProblems, sayRemarks } from '../planning.js';
import { dayOption, defineVerb, launchOption, UsageError, varsOption } from '../verb.js';
import { plural } from '../../wording.js';

export interface ValidateOptions { readonly files: readonly string[]; readonly vars: Readonly<Record<string, string>>; readonly day1: string | null; readonly launch: string | null; readonly json: boolean }

export const validateJsonFields = ['valid', 'files: [file, valid, rollout, errors: [line, column, path, code, message], warnings]'] as const;

export const verb = defineVerb<ValidateOptions>({
  parse: (input) => {
    const files = input.args[0];
    if (!Array.isArray(files) || files.length === 0) throw new UsageError('missing PLAN');
    return { files: files as string[], vars: varsOption(input), day1: dayOption(input, 'day1'), launch: launchOption(input), json: input.options['json'] === true };
  },
  run: async (options, cli) => {
    const plans = await cli.parts.plans();
    const results: { file: string; parsed: ParsedPlan }[] = [];
    for (const file of options.files) {
      let parsed: ParsedPlan;
      try {
        parsed = plans.parse(await readPlan(file, { vars: options.vars, day1: options.day1, launch: options.launch, unchosen: 'every' }, cli));
      } catch (error) {
        // one file that cannot be read must not hide what is wrong with the others
        const problem: Problem = { line: null, column: null, path: '', code: 'FILE_UNREADABLE', message: error instanceof Error ? error.message : String(error) };
        parsed = { ok: false, errors: [problem], warnings: [] };
      }
      results.push({ file: file === '-' ? '<stdin>' : file, parsed });
    }
    const valid = results.every((r) => r.parsed.ok);
    if (options.json) {
      const files = results.map(({ file, parsed }) => ({ file, valid: parsed.ok, rollout: parsed.ok ? parsed.plan.rollout : null, errors: parsed.ok ? [] : parsed.errors, warnings: parsed.warnings }));
      cli.out.write(`${JSON.stringify({ valid, files }, null, 2)}\n`);
      return valid ? 0 : 1;
    }
    const paint = paintFor(cli.out);
    for (const { file, parsed } of results) {
      sayRemarks(file, parsed.warnings, cli.err);
      // errors are this verb's result, so they go where an editor or a pipe reads them
      if (!parsed.ok) sayProblems(file, parsed.errors, cli.out);
      else cli.out.write(`${paint.good('✔')} ${file}: ${parsed.plan.rollout}${variantsOf(parsed, options.vars)}, ${plural(parsed.plan.phases.length, 'phase')}, ${plural(parsed.plan.targets.length, 'target')}${counted(parsed.warnings)}\n`);
    }
    return valid ? 0 : 1;
  },
});

/** Which variant was looked at; of all of them, when none was chosen. What is counted after it is of the first. */
function variantsOf(parsed: Extract<ParsedPlan, { ok: true }>, vars: ValidateOptions['vars']): string {
  if (parsed.plan.variant === null) return '';
  const names = variantNames(parsed.document());
  return Object.hasOwn(vars, 'variant') || names.length === 1 ? ` as ${parsed.plan.variant}` : ` in each of its variants (${names.join(', ')}); as ${parsed.plan.variant}`;
}

/** `, 2 warnings, 1 note`; nothing where there are none. */
function counted(remarks: readonly Warning[]): string {
  const of = (level: 'warning' | 'note'): number => remarks.filter((one) => one.level === level).length;
  return (['warning', 'note'] as const).map((level) => (of(level) === 0 ? '' : `, ${plural(of(level), level)}`)).join('');
}
