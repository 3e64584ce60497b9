// next: what comes, from now to the end. The calendar itself: ../calendar-ahead.ts.
import { calendarAhead, type CalendarEntry } from '../calendar-ahead.js';
import { lookAt, openRollouts } from '../seeing.js';
import { headline } from '../render-status.js';
import { paceInWords } from '../../../workflows/pace.js';
import { paintFor } from '../paint.js';
import { cellsOf, padEnd, plain, wrap } from '../text-layout.js';
import { defineVerb, rolloutArgument } from '../verb.js';
import { inWords, instantInWords } from '../../wording.js';

export interface NextOptions { readonly rollout: string; readonly json: boolean }
export const nextJsonFields = ['rollout', 'state', 'phase', 'timezone', 'pace', 'calendar: [at, what, basis]'] as const;

export const verb = defineVerb<NextOptions>({
  parse: (input) => ({ rollout: rolloutArgument(input), json: input.options['json'] === true }),
  run: async (options, cli) => {
    const { status, plan } = await lookAt(await openRollouts(cli), options.rollout);
    const now = cli.now();
    const calendar = calendarAhead(status, plan, now);
    if (options.json) {
      cli.out.write(`${JSON.stringify({ rollout: status.rollout, state: status.state, phase: status.phase, timezone: status.timezone, pace: status.pace?.times ?? null, calendar }, null, 2)}\n`);
      return 0;
    }
    const paint = paintFor(cli.out);
    // a rollout of minutes needs the seconds
    const precision = Math.max(0, ...calendar.map((e) => (e.at ?? now) - now)) < 7_200_000 ? 'second' : 'minute';
    const lines = [paint.strong(`${status.rollout}${status.variant === null ? '' : ` as ${status.variant}`}: ${headline(status)}`)];
    if (status.pace !== null) lines.push(`It runs ${paceInWords(status.pace)}.`, ...status.pace.leftOut);
    if (!status.answered) lines.push('No worker answers: nothing comes next until one is back (tidegate up).');
    else if (calendar.length === 0) lines.push('It has ended: nothing comes next.');
    const when = (entry: CalendarEntry): string => (entry.at === null ? (entry.basis === 'standing' ? 'all the way' : 'first') : instantInWords(entry.at, status.timezone, precision));
    const width = Math.max(0, ...calendar.map((e) => cellsOf(when(e))));
    for (const entry of calendar) {
      const left = entry.at === null || entry.at <= now ? '' : ` (in ${inWords(entry.at - now)})`;
      lines.push(...wrap(`${plain(entry.what)}${left}`, Math.max(30, cli.out.columns - width - 2)).map((t, i) => `${padEnd(i === 0 ? when(entry) : '', width)}  ${t}`));
    }
    if (calendar.some((e) => e.at !== null)) lines.push(paint.faint('Instants to come hold if nothing holds it and everybody answers at once.'));
    cli.out.write(`${lines.join('\n')}\n`);
    return 0;
  },
});
