// inbox: what people are asked, over all live rollouts, each with the command line to type next.
import type { AskView } from '../../../workflows/messages.js';
import { answerLine } from '../reasons.js';
import { openRollouts } from '../seeing.js';
import { paintFor } from '../paint.js';
import { plain, wrap } from '../text-layout.js';
import { defineVerb, textOption } from '../verb.js';
import { ageInWords, inWords, instantInWords, localZone } from '../../wording.js';

export interface InboxOptions { readonly who: string | null; readonly json: boolean }
interface Item { readonly rollout: string; readonly timezone: string; readonly ask: AskView; readonly command: string }

export const inboxJsonFields = ['asks: [rollout, command, and every field of an ask]', 'unanswered: rollouts no worker answered for'] as const;
/** asked at the same time: more would only queue in the worker */
const atOnce = 8;

export const verb = defineVerb<InboxOptions>({
  parse: (input, cli) => ({ who: textOption(input, 'as') ?? cli.env['TIDEGATE_AS'] ?? null, json: input.options['json'] === true }),
  run: async (options, cli) => {
    const rollouts = await openRollouts(cli);
    const rows = [...(await rollouts.list('live', 500))];
    const items: Item[] = [];
    const silent: string[] = [];
    await Promise.all(Array.from({ length: Math.min(atOnce, rows.length) }, async () => {
      for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
        const seen = await rollouts.see(row.rollout).catch(() => null);
        if (seen === null || seen.silent === 'no-worker') silent.push(row.rollout);
        const status = seen?.status ?? null;
        if (status === null) continue;
        for (const ask of status.asks) {
          if (ask.state !== 'open' || (options.who !== null && !mayAnswer(ask, options.who))) continue;
          items.push({ rollout: status.rollout, timezone: status.timezone, ask, command: answerLine(status.rollout, ask, options.who ?? ask.from.find((p) => !ask.answers.some((a) => a.by === p)) ?? undefined) });
        }
      }
    }));
    // What outlived its rollout is asked all the same.
    for (const { rollout, id, ask, answered } of await rollouts.work({ rollout: null, kinds: ['incident'], openOnly: true })) {
      if (!answered) silent.push(`${rollout} ${id}`);
      if (ask !== null && (options.who === null || mayAnswer(ask, options.who))) items.push({ rollout, timezone: localZone(), ask, command: answerLine(rollout, ask, options.who ?? ask.from.at(-1)) });
    }
    // soonest deadline first; those without one by age
    items.sort((a, b) => (a.ask.dueAt ?? Infinity) - (b.ask.dueAt ?? Infinity) || a.ask.askedAt - b.ask.askedAt);
    if (silent.length > 0) cli.err.write(`No worker answers for ${silent.sort().join(', ')}: what it asks is not shown.\n`);
    if (options.json) {
      cli.out.write(`${JSON.stringify({ asks: items.map(({ rollout, command, ask }) => ({ rollout, ...ask, command })), unanswered: silent }, null, 2)}\n`);
      return 0;
    }
    if (items.length === 0) cli.err.write(`Nothing is asked${options.who === null ? '' : ` of ${options.who}`}.\n`);
    const paint = paintFor(cli.out);
    for (const { rollout, timezone, ask, command } of items) {
      const due = ask.dueAt === null ? 'no deadline' : `due ${instantInWords(ask.dueAt, timezone)} (in ${inWords(Math.max(0, ask.dueAt - cli.now()))}), otherwise ${ask.otherwise}`;
      const votes = ask.needs > 1 ? `, ${ask.answers.length} of ${ask.needs}${ask.answers.length === 0 ? '' : ` (${ask.answers.map((a) => a.by).join(', ')})`}` : '';
      cli.out.write(`${[
        paint.strong(`${rollout} ${ask.ask}`),
        ...wrap(plain(ask.question), cli.out.columns - 2).map((t) => `  ${t}`),
        ...wrap(`of ${ask.from.join(', ')}${votes}; asked ${ageInWords(ask.askedAt, cli.now())}; ${due}; answers: ${ask.options.join(', ')}`, cli.out.columns - 2).map((t) => paint.faint(`  ${t}`)),
        `  $ ${command}`,
      ].join('\n')}\n`);
    }
    return 0;
  },
});

/** An ask to nobody in particular is one to everybody. */
function mayAnswer(ask: AskView, who: string): boolean {
  return (ask.from.length === 0 || ask.from.includes(who)) && !ask.answers.some((a) => a.by === who);
}
