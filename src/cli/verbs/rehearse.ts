// rehearse: the whole rollout on a clock that skips, before anything moves. The rehearsal itself: src/engine/rehearsal.ts; how its calendar
// looks: ../rehearsal-calendar.ts.
import type { Ms } from '../../judgement/index.js';
import { variantNames } from '../../plan/index.js';
import { exitCodeOf } from '../../../workflows/messages.js';
import type { ExitCode, RehearsalReport } from '../ports.js';
import { parseOrRefuse, readPlan } from '../planning.js';
import { renderRehearsal } from '../rehearsal-calendar.js';
import { argument, dayOption, defineVerb, launchOption, lengthOption, textOption, varsOption } from '../verb.js';

export interface RehearseVerbOptions { readonly file: string; readonly scenario: string | null; readonly vars: Readonly<Record<string, string>>; readonly day1: string | null; readonly launch: string | null; readonly cadenceMs: Ms | null; readonly untilMs: Ms | null; readonly json: boolean }

/** the fields scripts may rely on; more may follow them */
export const rehearseJsonFields = ['rollout', 'outcome', 'grade', 'startedAt', 'endedAt', 'phases', 'asks', 'moves', 'messages', 'evaluations'] as const;

export const verb = defineVerb<RehearseVerbOptions>({
  parse: (input) => ({
    file: argument(input, 0, 'PLAN'), scenario: textOption(input, 'scenario'), vars: varsOption(input), day1: dayOption(input, 'day1'), launch: launchOption(input),
    cadenceMs: lengthOption(input, 'cadence'), untilMs: lengthOption(input, 'until'), json: input.options['json'] === true,
  }),
  run: async (options, cli) => {
    const read = await readPlan(options.file, { vars: options.vars, day1: options.day1, launch: options.launch, unchosen: 'first' }, cli);
    const { plan, document } = await parseOrRefuse(read, cli);
    const input = plan.variant === null ? read : { ...read, vars: { ...options.vars, variant: plan.variant } };
    const others = plan.variant === null || Object.hasOwn(options.vars, 'variant') ? [] : variantNames(document()).filter((name) => name !== plan.variant);
    if (others.length > 0) cli.err.write(`rehearsed as ${plan.variant}; ${others.map((name) => `--var variant=${name}`).join(' or ')} for ${others.length === 1 ? 'the other' : 'the others'}\n`);
    const scenario = options.scenario === null ? null : await readPlan(options.scenario, { vars: {}, day1: null }, cli);
    const report = await cli.parts.rehearse(input, {
      scenario: scenario === null ? null : { text: scenario.text, file: scenario.file },
      cadenceMs: options.cadenceMs, untilMs: options.untilMs, signal: cli.interrupted,
      progress: (line) => { if (cli.err.isTTY) cli.err.write(`${line}\n`); },
    });
    if (options.json) cli.out.write(`${JSON.stringify(documentOf(report), null, 2)}\n`);
    else {
      const units = Object.fromEntries(plan.targets.map((target) => [target.id, target.unit]));
      cli.out.write(renderRehearsal(report, { units, width: cli.out.columns, color: cli.out.color }));
    }
    return exitCodeOfRehearsal(report);
  },
});

export function exitCodeOfRehearsal(report: Pick<RehearsalReport, 'outcome' | 'moves'>): ExitCode {
  const movedBack = report.moves.some((move) => (move.direction === 'back' && move.state !== 'failed') || move.state === 'undone');
  return exitCodeOf(report.outcome, { asks: report.outcome === 'waiting', movedBack, held: report.outcome === 'held' });
}

/** The contract's fields first. The whole journal and history of a rehearsal are for tests. */
function documentOf(report: RehearsalReport): unknown {
  const { rollout, outcome, grade, startedAt, endedAt, phases, asks, moves, messages, evaluations, ...more } = report as RehearsalReport & Readonly<Record<string, unknown>>;
  return { rollout, outcome, grade, startedAt, endedAt, phases, asks, moves, messages, evaluations, ...Object.fromEntries(Object.entries(more).filter(([name]) => !['status', 'entries', 'history'].includes(name))) };
}
