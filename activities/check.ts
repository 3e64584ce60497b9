// check: what a machine settles of a checklist. Asked without anything known it answers at once; else it looks again from time to time and returns
// only when what is known has changed. Until then each attempt throws a benign failure that names the next one: weeks of checking are a few events.
import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { askFrom, look } from '../src/judgement/index.js';
import type { WatchRules } from '../src/judgement/look-types.js';
import { judgeVariables } from '../src/environment/variables.js';
import { TidegateError } from '../src/errors.js';
import { fillSecrets } from '../src/plan/index.js';
import type { MachineCheck, WantedVariable } from '../src/plan/types.js';
import { abortAfter } from './failure.js';
import { measure } from './measure.js';
import type { Ports } from './ports.js';
import type { CheckInput, Finding } from './types.js';

export const check = (ports: Ports) => paced((input) => findOut(ports, input));

/** What cannot be found out is no reason to stop looking. */
export const paced = (find: (input: CheckInput) => Promise<Finding>) => async (input: CheckInput): Promise<Finding> => {
  const { known } = input;
  if (known !== null && activityInfo().attempt === 1) throw later(input, known);
  const found = await find(input).catch((error: unknown): Finding => ({ verdict: 'inconclusive', finding: error instanceof TidegateError && error.fields.where !== undefined ? `${error.fields.where}: ${error.fields.what}` : error instanceof Error ? error.message.slice(0, 300) : String(error) }));
  // a measured value is never twice the same; which variables are wrong is news
  if (known === null || known.verdict !== found.verdict || (input.check.kind === 'environment' && known.finding !== found.finding)) return found;
  throw later(input, found);
};

function later({ name, everyMs }: CheckInput, { finding }: Finding): ApplicationFailure {
  const failure = ApplicationFailure.create({ type: 'StillChecking', category: 'BENIGN', message: `${name}: ${finding}`, nextRetryDelay: everyMs });
  failure.stack = '';
  return failure;
}

export function findOut(ports: Ports, input: CheckInput): Promise<Finding> {
  switch (input.check.kind) {
    case 'holds': return judged(ports, input, input.check);
    case 'probe': return probed(ports, input, input.check);
    case 'environment': return inspected(ports, input.check);
  }
}

async function judged(ports: Ports, { metrics, traits, references }: CheckInput, { condition }: Extract<MachineCheck, { kind: 'holds' }>): Promise<Finding> {
  const asOf = await ports.clock.now();
  const youngMs = Math.max(0, ...traits.map((one) => one.maxAgeMs));
  const rules: WatchRules = {
    conditions: [{ id: 'check', role: 'enter', severity: 'info', condition, judged: true }], metrics: traits, references,
    cadenceMs: youngMs, blindAfterMs: youngMs, unknownForMs: 0, soak: null, suspended: false, judgeAfter: -Infinity, movedAt: null,
  };
  const signal = abortAfter(25_000);
  const series = await Promise.all(metrics.map((metric) => measure(ports, metric, askFrom(null, rules, metric.name, asOf), asOf, signal)));
  const verdict = look(null, rules, { asOf, series, events: [] }).verdicts[0]!;
  return { verdict: verdict.verdict, finding: verdict.message };
}

async function probed(ports: Ports, { name }: CheckInput, { settings, timeoutMs }: Extract<MachineCheck, { kind: 'probe' }>): Promise<Finding> {
  const asOf = await ports.clock.now();
  const points = await ports.source('probe').measure({ name, settings: fillSecrets(settings, ports.env), scale: 1, timeoutMs, stepMs: timeoutMs, members: false }, asOf, asOf, abortAfter(timeoutMs + 5_000));
  const answer = points.at(-1)?.measurement;
  if (answer?.kind !== 'value') return { verdict: 'inconclusive', finding: answer?.kind === 'providerError' || answer?.kind === 'noData' ? answer.detail : 'the probe answered nothing' };
  return answer.value === 1 ? { verdict: 'pass', finding: 'up' } : { verdict: 'fail', finding: answer.detail ?? 'down' };
}

async function inspected(ports: Ports, { source, has }: Extract<MachineCheck, { kind: 'environment' }>): Promise<Finding> {
  const wanted = fillSecrets(has as never, ports.env) as unknown as readonly WantedVariable[];
  const limitMs = source.kind === 'command' ? source.command.timeoutMs + 5_000 : 10_000;
  const { ok, finding } = judgeVariables(await ports.environment(source, abortAfter(limitMs)), wanted);
  return { verdict: ok ? 'pass' : 'fail', finding };
}
