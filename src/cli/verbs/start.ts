// start: a plan becomes a rollout. Refused here when the plan is invalid, by the engine when a rollout of that id lives.
import type { StartOptions } from '../../../workflows/messages.js';
import { FinalError } from '../../errors.js';
import { paintFor } from '../paint.js';
import { paceInWords } from '../../../workflows/pace.js';
import { parseOrRefuse, readPlan } from '../planning.js';
import { openRollouts } from '../seeing.js';
import { plannedEnd } from '../shown-status.js';
import { argument, dayOption, defineVerb, launchOption, paceOption, textOption, UsageError, varsOption } from '../verb.js';
import { actorOf, byOf } from '../who.js';
import { inWords, instantInWords, plural } from '../../wording.js';

export interface StartVerbOptions { readonly file: string; readonly id: string | null; readonly vars: Readonly<Record<string, string>>; readonly day1: string | null; readonly launch: string | null; readonly pace: number | null; readonly actor: string; readonly reason: string | null; readonly json: boolean }

export const startJsonFields = ['rollout', 'workflowId', 'runId', 'phases', 'variant', 'day1', 'launch', 'pace', 'leftOut', 'nominalEnd'] as const;

export const verb = defineVerb<StartVerbOptions>({
  parse: (input, cli) => {
    const id = textOption(input, 'id');
    if (id !== null && !/^[a-z0-9][a-z0-9-]{0,62}$/.test(id)) throw new UsageError(`--id ${id}: write small letters, digits and hyphens, at most 63`);
    return { file: argument(input, 0, 'PLAN'), id, vars: varsOption(input), day1: dayOption(input, 'day1'), launch: launchOption(input), pace: paceOption(input), actor: actorOf(input, cli), reason: textOption(input, 'reason'), json: input.options['json'] === true };
  },
  run: async (options, cli) => {
    const { plan, document } = await parseOrRefuse(await readPlan(options.file, { vars: options.vars, day1: options.day1, launch: options.launch, pace: options.pace, starting: true }, cli), cli);
    if (plan.startsOnlyBy.length > 0 && !plan.startsOnlyBy.includes(options.actor)) throw new FinalError({ code: 'START_NOT_ALLOWED', what: `this plan is started only by ${plan.startsOnlyBy.join(' or ')}, and ${options.actor} may not.`, where: options.file, means: 'Nothing was started.', todo: 'Let them start it (--as says who it comes from).' });
    const rollouts = await openRollouts(cli);
    const rollout = options.id ?? plan.rollout;
    const startOptions: StartOptions = {
      ...(options.day1 === null ? {} : { day1: options.day1 }),
      ...(options.launch === null ? {} : { launch: options.launch }),
      ...(options.pace === null ? {} : { pace: options.pace }),
      ...(Object.keys(options.vars).length === 0 ? {} : { vars: options.vars }),
      ...(options.id === null ? {} : { id: options.id }),
      startedBy: byOf(options.actor, options.reason, rollouts.identity, cli),
    };
    const summary = plan.description === '' ? `${rollout}: ${plural(plan.phases.length, 'phase')}` : `${rollout}: ${plan.description}`;
    const started = await rollouts.start({ rollout, document: document(), options: startOptions, summary });
    if (options.json) {
      cli.out.write(`${JSON.stringify({ rollout, ...started, phases: plan.phases.map((p) => p.phase), variant: plan.variant, day1: plan.day1, launch: plan.launch, pace: plan.pace?.times ?? null, leftOut: plan.pace?.leftOut ?? [], nominalEnd: plannedEnd(plan, cli.now()) }, null, 2)}\n`);
      return 0;
    }
    const paint = paintFor(cli.out);
    const end = plannedEnd(plan, cli.now());
    cli.out.write(`${paint.good('✔')} ${rollout} is started${plan.variant === null ? '' : ` as ${plan.variant}`}: ${plural(plan.phases.length, 'phase')}, done ${instantInWords(end, plan.timezone)} at the earliest (in ${inWords(Math.max(0, end - cli.now()))}).\n`);
    if (plan.pace !== undefined) cli.out.write([`  The pace:      ${paceInWords(plan.pace)}`, ...plan.pace.leftOut.map((one) => `                 ${one}`), ''].join('\n'));
    if (plan.launch !== null) cli.out.write(`  The launch:    ${instantInWords(plan.launch, plan.timezone)} (in ${inWords(Math.max(0, plan.launch - cli.now()))})\n`);
    cli.out.write(`  Watch it:      tidegate watch ${rollout}\n  What it asks:  tidegate inbox\n  Take it back:  tidegate rollback ${rollout}\n`);
    return 0;
  },
});
