// why: every open reason, the gravest first, each with what ends it. What counts as a reason: ../reasons.ts.
import { openReasons } from '../reasons.js';
import { lookAt, openRollouts } from '../seeing.js';
import { headline } from '../render-status.js';
import { paintFor, type Tone } from '../paint.js';
import { plain, wrap } from '../text-layout.js';
import { defineVerb, rolloutArgument } from '../verb.js';
import { inWords } from '../../wording.js';

export interface WhyOptions { readonly rollout: string; readonly json: boolean }
export const whyJsonFields = ['rollout', 'state', 'phase', 'reasons: [kind, rank, text, ends, since]'] as const;

export const verb = defineVerb<WhyOptions>({
  parse: (input) => ({ rollout: rolloutArgument(input), json: input.options['json'] === true }),
  run: async (options, cli) => {
    const { status } = await lookAt(await openRollouts(cli), options.rollout);
    const reasons = openReasons(status);
    if (options.json) {
      cli.out.write(`${JSON.stringify({ rollout: status.rollout, state: status.state, phase: status.phase, reasons }, null, 2)}\n`);
      return 0;
    }
    const paint = paintFor(cli.out);
    const lines = [paint.strong(`${status.rollout}${status.variant === null ? '' : ` as ${status.variant}`}: ${headline(status)}`)];
    if (reasons.length === 0) lines.push('Nothing stands in its way.');
    for (const [i, reason] of reasons.entries()) {
      const tone: Tone = reason.rank <= 1 && reason.kind !== 'ended' ? 'bad' : reason.rank <= 4 && reason.kind !== 'ended' ? 'warn' : 'plain';
      const since = reason.since === null ? '' : ` (for ${inWords(Math.max(0, cli.now() - reason.since))})`;
      lines.push(...wrap(`${i + 1}. ${plain(reason.text)}${reason.kind === 'ended' ? '' : since}`, cli.out.columns, '   ').map(paint[tone]));
      lines.push(...wrap(`ends: ${reason.ends}`, cli.out.columns - 3, '  ').map((t) => `   ${t}`));
    }
    cli.out.write(`${lines.join('\n')}\n`);
    return 0;
  },
});
