// reviews: what is left to do beside or after rollouts (reviews, follow-ups, incidents that outlived theirs), and when the reviews come again.
import type { ReviewDates, WorkItem } from '../ports.js';
import { paintFor, type Tone } from '../paint.js';
import { openRollouts } from '../seeing.js';
import { plain, wrap } from '../text-layout.js';
import { defineVerb, flagOption, type VerbInput } from '../verb.js';
import { ageInWords, inWords, instantInWords, localZone, shellWord } from '../../wording.js';

export interface ReviewsOptions { readonly rollout: string | null; readonly all: boolean; readonly json: boolean }
export const reviewsJsonFields = ['work: [kind, rollout, id, title, who, tasks, since, dueAt, state, doneBy, doneAt, note, workflowId, open]', 'reviews: [rollout, id, title, who, tasks, timezone, next, paused]'] as const;
/** of what is done or missed, without --all */
const mostEnded = 10;

export const verb = defineVerb<ReviewsOptions>({
  parse: (input: VerbInput) => ({ rollout: typeof input.args[0] === 'string' ? input.args[0].replace(/^rollout\//, '') : null, all: flagOption(input, 'all'), json: input.options['json'] === true }),
  run: async (options, cli) => {
    const rollouts = await openRollouts(cli);
    const [items, dates] = await Promise.all([rollouts.work({ rollout: options.rollout, kinds: ['incident', 'follow-up', 'review'], openOnly: false }), rollouts.reviewDates(options.rollout)]);
    const open = items.filter((one) => one.open).sort((a, b) => rank(a) - rank(b) || (a.dueAt ?? Infinity) - (b.dueAt ?? Infinity));
    const ended = items.filter((one) => !one.open);
    const shown = options.all ? ended : ended.slice(0, mostEnded);
    if (options.json) {
      cli.out.write(`${JSON.stringify({ work: [...open, ...shown].map(({ ask: _ask, answered: _answered, ...one }) => one), reviews: dates }, null, 2)}\n`);
      return 0;
    }
    if (items.length + dates.length === 0) cli.err.write(options.rollout === null ? 'Nothing is left to do, and no review comes.\n' : `Nothing is left to do of ${options.rollout}, and no review of it comes.\n`);
    if (items.some((one) => !one.answered)) cli.err.write('No worker answers for some of it: only what the server knows is shown.\n');
    const paint = paintFor(cli.out);
    const zone = new Map(dates.map((one) => [one.rollout, one.timezone]));
    const lines: string[] = [];
    for (const one of open) lines.push(...itemLines(one, zone.get(one.rollout) ?? localZone(), cli.now(), cli.out.columns).map((text, index) => (index === 0 ? paint[tones[one.state]](text) : text)));
    if (shown.length > 0) lines.push(paint.strong('Ended'), ...shown.flatMap((one) => wrap(`${plain(one.title)} (${one.rollout}): ${ending(one, cli.now())}`, cli.out.columns - 2).map((text, index) => `  ${index === 0 && one.state !== 'done' ? paint.warn(text) : text}`)));
    if (dates.length > 0) lines.push(paint.strong('To come'), ...dates.flatMap((one) => dateLines(one, cli.now(), cli.out.columns)));
    if (lines.length > 0) cli.out.write(`${lines.join('\n')}\n`);
    return 0;
  },
});

const tones: Readonly<Record<WorkItem['state'], Tone>> = { open: 'strong', late: 'bad', done: 'plain', 'done-late': 'warn', missed: 'bad' };
const rank = (one: WorkItem): number => (one.kind === 'incident' ? 0 : one.state === 'late' ? 1 : 2);

/** What is typed to say that it is done. */
export const shortName = (one: Pick<WorkItem, 'id'>): string => one.id.replace(/^(reviews|follow-ups|incidents\/\w+)\//, '');

function itemLines(one: WorkItem, zone: string, now: number, width: number): string[] {
  const due = one.dueAt === null ? '' : one.dueAt < now ? `; LATE since ${instantInWords(one.dueAt, zone)}` : `; due ${instantInWords(one.dueAt, zone)} (in ${inWords(one.dueAt - now)})`;
  const taken = one.kind === 'incident' ? (one.ask === null ? '' : '; nobody has acknowledged it') : '';
  const line = one.ask === null ? `tidegate done ${one.rollout} ${shellWord(shortName(one))} -m NOTE` : `tidegate answer ${one.rollout} ${one.ask.ask} mine`;
  return [
    ...wrap(`${one.rollout} ${one.kind}: ${plain(one.title)}`, width),
    ...wrap(`${one.who.length === 0 ? '' : `of ${one.who.join(', ')}; `}since ${ageInWords(one.since, now)}${due}${taken}`, width - 2).map((text) => `  ${text}`),
    ...one.tasks.flatMap((task) => wrap(`- ${plain(task)}`, width - 2).map((text) => `  ${text}`)),
    `  $ ${line}`,
  ];
}

function ending(one: WorkItem, now: number): string {
  const when = one.doneAt === null ? '' : ` ${ageInWords(one.doneAt, now)}`;
  switch (one.state) {
    case 'done': case 'done-late': return `done${one.doneBy === null ? '' : ` by ${one.doneBy}`}${when}${one.state === 'done-late' ? ', late' : ''}${one.note === '' ? '' : `: ${plain(one.note)}`}`;
    case 'missed': return 'MISSED: nobody did it before the next one came';
    case 'open': case 'late': return 'ended from outside';
  }
}

function dateLines(one: ReviewDates, now: number, width: number): string[] {
  const next = one.paused ? 'paused' : one.next.length === 0 ? 'does not come again' : one.next.map((at, index) => `${instantInWords(at, one.timezone)}${index === 0 ? ` (in ${inWords(Math.max(0, at - now))})` : ''}`).join(' · ');
  return [...wrap(`${plain(one.title)} (${one.rollout}), ${one.who.join(', ')}`, width - 2).map((text) => `  ${text}`), ...wrap(next, width - 4).map((text) => `    ${text}`)];
}
