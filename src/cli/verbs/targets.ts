// targets: what each target of a plan stands at now, read by this machine and in parallel; nothing is changed. No engine. Reading: ../targets-part.ts.
import { TidegateError } from '../../errors.js';
import type { Ms } from '../../judgement/index.js';
import type { ResolvedTarget, TargetValue } from '../../plan/types.js';
import { paintFor } from '../paint.js';
import { parseOrRefuse, readPlan } from '../planning.js';
import type { Targets } from '../ports.js';
import { columns, plain, wrap } from '../text-layout.js';
import { argument, dayOption, defineVerb, launchOption, lengthOption, varsOption } from '../verb.js';
import { plural, valueInWords } from '../../wording.js';

export interface TargetsOptions { readonly file: string; readonly vars: Readonly<Record<string, string>>; readonly day1: string | null; readonly launch: string | null; readonly withinMs: Ms; readonly json: boolean }
export const targetsJsonFields = ['rollout', 'ok', 'targets: [target, provider, state, value, unit, protected, standsAt, detail, code, todo]'] as const;

/** `person`: only people can say, which is no fault of it */
interface Found { readonly target: string; readonly provider: string; readonly state: 'read' | 'person' | 'unread'; readonly value: TargetValue | null; readonly unit: string; /** read only */ readonly protected: boolean; /** what it must keep; null: what it stands at when a rollout starts */ readonly standsAt: TargetValue | null; readonly detail: string; readonly code: string | null; readonly todo: string | null }

export const verb = defineVerb<TargetsOptions>({
  parse: (input) => ({ file: argument(input, 0, 'PLAN'), vars: varsOption(input), day1: dayOption(input, 'day1'), launch: launchOption(input), withinMs: lengthOption(input, 'within') ?? 10_000, json: input.options['json'] === true }),
  run: async (options, cli) => {
    const { plan } = await parseOrRefuse(await readPlan(options.file, { vars: options.vars, day1: options.day1, launch: options.launch }, cli), cli);
    const targets = await cli.parts.targets();
    const found = await Promise.all(plan.targets.map((target) => read(targets, target, options.withinMs)));
    const unread = found.filter((one) => one.state === 'unread').length;
    if (options.json) {
      cli.out.write(`${JSON.stringify({ rollout: plan.rollout, ok: unread === 0, targets: found }, null, 2)}\n`);
      return unread === 0 ? 0 : 1;
    }
    const paint = paintFor(cli.out);
    const rows = columns(found.map((one) => [{ read: '✔', person: '?', unread: '✖' }[one.state], one.target, one.value === null ? { read: '', person: 'people say', unread: 'not read' }[one.state] : plain(valueInWords(one.value, one.unit)), `${one.protected ? `protected${one.standsAt === null ? '' : `, must stand at ${plain(valueInWords(one.standsAt, one.unit))}`}; ` : ''}${plain(one.detail)}`]));
    found.forEach((one, i) => {
      cli.out.write(`${paint[({ read: 'plain', person: 'warn', unread: 'bad' } as const)[one.state]](rows[i]!)}\n`);
      if (one.todo !== null) cli.out.write(`${wrap(`do: ${plain(one.todo)}`, Math.max(40, cli.out.columns - 4), '    ').map((line) => `    ${line}`).join('\n')}\n`);
    });
    if (unread > 0) cli.err.write(`${plural(unread, 'target')} of ${found.length} could not be read.\n`);
    return unread === 0 ? 0 : 1;
  },
});

async function read(targets: Targets, target: ResolvedTarget, withinMs: Ms): Promise<Found> {
  const about = { target: target.id, provider: target.provider, unit: target.unit, protected: target.protected !== null, standsAt: target.protected?.standsAt ?? null };
  try {
    const { value, detail } = await targets.read(target, 'targets', withinMs);
    return { ...about, state: 'read', value, detail, code: null, todo: null };
  } catch (error) {
    const fields = error instanceof TidegateError ? error.fields : null;
    return { ...about, state: fields?.code === 'MANUAL_READ' ? 'person' : 'unread', value: null, detail: fields?.what ?? (error instanceof Error ? error.message : String(error)), code: fields?.code ?? 'UNEXPECTED', todo: fields?.todo ?? null };
  }
}
