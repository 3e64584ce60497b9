// rehearse: the whole rollout on a clock that skips, before anything moves. The rehearsal itself: src/engine/rehearsal.ts; how its calendar
// looks: ../rehearsal-calendar.ts.
import type { Ms } from '../../judgement/index.js';
import { exitCodeOf } from '../../../workflows/messages.js';
import type { ExitCode, RehearsalReport } from '../ports.js';
import { parseOrRefuse, readPlan } from '../planning.js';
import { renderRehearsal } from '../rehearsal-calendar.js';
import { argument, dayOption, defineVerb, lengthOption, textOption, varsOption } from '../verb.js';

export interface RehearseVerbOptions { readonly file: string; readonly scenario: string | null; readonly vars: Readonly<Record<string, string>>; readonly day1: string | null; readonly cadenceMs: Ms | null; readonly untilMs: Ms | null; readonly json: boolean }

/** the fields scripts may rely on; more may follow them */
export const rehearseJsonFields = ['rollout', 'outcome', 'grade', 'startedAt', 'endedAt', 'phases', 'asks', 'moves', 'messages', 'evaluations'] as const;

export const verb = defineVerb<RehearseVerbOptions>({
  parse: (input) => ({
    file: argument(input, 0, 'PLAN'), scenario: textOption(input, 'scenario'), vars: varsOption(input), day1: dayOption(input, 'day1'),
    cadenceMs: lengthOption(input, 'cadence'), untilMs: lengthOption(input, 'until'), json: input.options['json'] === true,
  }),
  run: async (options, cli) => {
    const input = await readPlan(options.file, { vars: options.vars, day1: options.day1 }, cli);
    const { plan } = await parseOrRefuse(input, cli);
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
