// `doctor PLAN`: everything that a plan would call is tried from here, changing nothing: secrets looked up, targets read, metrics measured once,
// settings of channels and permission of commands checked. No Temporal. Shown by verbs/doctor.ts; the machine's own checks: doctor-part.ts.
import { createChannels } from '../channels/index.js';
import type { DoctorCheck } from '../engine/doctor-checks.js';
import { readSettings } from '../engine/settings.js';
import { TidegateError } from '../errors.js';
import { createHttpClient } from '../http/client.js';
import type { Ms, Point } from '../judgement/index.js';
import { fillSecrets, maskSecrets, secretNames, secretValues } from '../plan/secrets.js';
import type { ChannelRef, MachineCheck, CommandSettings, ResolvedMetric, ResolvedPlan, ResolvedTarget, TargetValue } from '../plan/types.js';
import { isAllowed } from '../process/allow.js';
import { createSources, MemoryMetrics } from '../sources/index.js';
import { TargetNeedsPerson } from '../targets/port.js';
import { endedWithin } from './ended-within.js';
import type { Cli } from './ports.js';
import { openTargets } from './targets-part.js';
import { plural, valueInWords } from '../wording.js';

export async function checkPlan(plan: ResolvedPlan, withinMs: Ms, cli: Pick<Cli, 'env' | 'cwd' | 'now'>): Promise<readonly DoctorCheck[]> {
  const checks = await Promise.all([
    ...secretNames(plan).map((name) => trySecret(name, cli.env)),
    ...plan.targets.map((target) => tryTarget(plan, target, withinMs, cli)),
    ...plan.metrics.map((metric) => tryMetric(metric, cli)),
    ...channelsOf(plan).map(([where, channel]) => tryChannel(where, channel, cli)),
    ...commandsOf(plan).map(([name, command]) => tryCommand(name, command, cli)),
  ]);
  const secrets = secretValues(plan, cli.env);
  return checks.map((check) => ({ ...check, found: maskSecrets(check.found, secrets), todo: check.todo === null ? null : maskSecrets(check.todo, secrets) }));
}

const fine = (name: string, found: string): DoctorCheck => ({ name, ok: true, needed: true, found, todo: null });
const bad = (name: string, found: string, todo: string): DoctorCheck => ({ name, ok: false, needed: true, found, todo });
/** Not to be tried from here; nothing is known against it. */
const skipped = (name: string, found: string, todo: string | null = null): DoctorCheck => ({ name, ok: todo === null, needed: false, found, todo });
const failed = (name: string, error: unknown, todo: string): DoctorCheck => (error instanceof TidegateError ? bad(name, error.fields.what, error.fields.todo ?? todo) : bad(name, error instanceof Error ? error.message : String(error), todo));

async function trySecret(name: string, env: Cli['env']): Promise<DoctorCheck> {
  const set = (env[name] ?? '') !== '';
  return set ? fine(`secret ${name}`, 'set here') : bad(`secret ${name}`, 'not set here', `Set ${name} here to try what needs it, and for every worker.`);
}

async function tryTarget(plan: ResolvedPlan, target: ResolvedTarget, withinMs: Ms, cli: Pick<Cli, 'env' | 'cwd'>): Promise<DoctorCheck> {
  const name = `target ${target.id}`;
  try {
    const targets = openTargets(cli);
    const values = plan.phases.flatMap((phase) => [...phase.moves, ...phase.stages.flatMap((stage) => stage.moves)].filter((move) => move.target === target.id).map((move) => move.to));
    const problems = targets.check(target, values);
    if (problems.length > 0) return bad(name, `${problems.join('; ')}.`, 'Correct its settings in the plan, or the secrets in them.');
    const { value, detail } = await targets.read(target, 'doctor', withinMs);
    if (target.protected?.standsAt != null && !sameValue(value, target.protected.standsAt)) return bad(name, `is read only and must stand at ${valueInWords(target.protected.standsAt, target.unit)}, but stands at ${valueInWords(value, target.unit)} (${detail})`, 'Set one of the two right: a rollout would restore it at its first look.');
    if (target.cap !== null && typeof value === 'number' && value > target.cap) return bad(name, `stands at ${valueInWords(value, target.unit)}, over its cap of ${valueInWords(target.cap, target.unit)} (${detail})`, 'Set one of the two right: the start would be refused.');
    return fine(name, `stands at ${valueInWords(value, target.unit)}${target.protected === null ? '' : ', and must stay there: read only'} (${detail})`);
  } catch (error) {
    if (error instanceof TargetNeedsPerson) return skipped(name, 'moved and read by people; nothing to try');
    if (error instanceof TidegateError && error.code === 'OTHER_HOST') return skipped(name, error.fields.what, error.fields.todo);
    return failed(name, error, 'Look at its settings and at what it reads.');
  }
}

async function tryMetric(metric: ResolvedMetric, cli: Pick<Cli, 'env' | 'cwd' | 'now'>): Promise<DoctorCheck> {
  const name = `metric ${metric.name}`;
  if (metric.human !== null) return skipped(name, `asked of ${metric.human.from.join(', ')} when it is needed; nothing to measure`);
  try {
    const source = createSources({ http: createHttpClient(), now: cli.now, allowCommands: readSettings({ ...cli.env }, cli.cwd).commands, memory: new MemoryMetrics() })[metric.provider];
    if (source === undefined) return bad(name, `there is no source '${metric.provider}' in this version`, 'Use the version the worker runs.');
    const ref = { name: metric.name, settings: fillSecrets(metric.settings, cli.env), scale: metric.scale, timeoutMs: metric.timeoutMs, stepMs: metric.stepMs, members: metric.alerts !== null };
    const problems = source.check(ref);
    if (problems.length > 0) return bad(name, `${problems.join('; ')}.`, 'Correct its settings in the plan, or the secrets in them.');
    const at = cli.now();
    const points = await endedWithin(metric.timeoutMs, source.measure(ref, at - metric.stepMs, at, AbortSignal.timeout(metric.timeoutMs)), () => new Error(`it did not answer within ${metric.timeoutMs} ms`));
    return judged(name, metric, points.at(-1));
  } catch (error) {
    return failed(name, error, 'Look at the source and at the way to it.');
  }
}

function judged(name: string, metric: ResolvedMetric, point: Point | undefined): DoctorCheck {
  const found = point?.measurement ?? { kind: 'noData' as const, detail: 'the source answered nothing' };
  switch (found.kind) {
    case 'value': return fine(name, `${valueInWords(found.value, metric.unit)}${found.members === undefined || found.members.length === 0 ? '' : ` (${found.members.slice(0, 3).join(', ')}${found.members.length > 3 ? ', …' : ''})`}${found.samples === undefined ? '' : `, ${plural(found.samples, 'sample')}`}`);
    case 'idle': return fine(name, 'answers; nothing happens there now (0 samples)');
    case 'noData': return bad(name, `no data: ${found.detail}`, 'Try the query by hand. A rollout holds while there is no data: it never counts as healthy.');
    case 'nonFinite': return bad(name, `answers ${found.value}`, 'Guard the query against a division by nothing. A rollout takes this for unknown, not for healthy.');
    case 'ambiguous': return bad(name, `answers ${found.series} series where one is needed`, 'Aggregate in the query, e.g. by sum(…), or select one series by its labels.');
    case 'providerError': return bad(name, `${found.code}: ${found.detail}`, 'Look at the address, the credentials and the query.');
  }
}

const sameValue = (one: TargetValue, other: TargetValue): boolean => (typeof one === 'number' && typeof other === 'number' ? Math.abs(one - other) < 0.001 : one === other);

/** Each channel once, with everything it is used for. */
function channelsOf(plan: ResolvedPlan): readonly (readonly [string, ChannelRef])[] {
  const used = new Map<string, { readonly channel: ChannelRef; readonly where: string[] }>();
  const all = [...Object.entries(plan.channels), ...plan.people.map((person) => [person.id, person.channels] as const)].flatMap(([where, channels]) => channels.map((channel) => [where, channel] as const));
  for (const [where, channel] of all) {
    const key = JSON.stringify(channel);
    const one = used.get(key) ?? { channel, where: [] };
    one.where.push(where);
    used.set(key, one);
  }
  return [...used.values()].map(({ channel, where }) => [where.join(', '), channel]);
}

async function tryChannel(where: string, channel: ChannelRef, { env, now }: Pick<Cli, 'env' | 'now'>): Promise<DoctorCheck> {
  const name = `channel ${channel.provider} (${where})`;
  try {
    const provider = createChannels({ http: createHttpClient(), now, terminal: process.stderr, log: () => {} })[channel.provider];
    if (provider === undefined) return bad(name, `there is no channel '${channel.provider}' in this version`, 'Use the version the worker runs.');
    const problems = provider.check({ ...channel, settings: fillSecrets(channel.settings, env) });
    return problems.length === 0 ? fine(name, 'settings are sound; nothing was sent') : bad(name, `${problems.join('; ')}.`, 'Correct its settings in the plan, or the secrets in them.');
  } catch (error) {
    return failed(name, error, 'Look at its settings.');
  }
}

/** What the plan itself runs, beside targets and sources. */
function commandsOf(plan: ResolvedPlan): readonly (readonly [string, CommandSettings])[] {
  const printed = (check: MachineCheck | null): CommandSettings | null => (check?.kind === 'environment' && check.source.kind === 'command' ? check.source.command : null);
  const items = [...plan.preparation, ...plan.phases.flatMap((phase) => phase.preparation), ...(plan.completion?.items ?? [])].flatMap((item) => { const command = item.command ?? printed(item.check); return command === null ? [] : [[item.id, command] as const]; });
  const named = (name: string, parts: Readonly<Record<string, CommandSettings | null>>) => Object.entries(parts).flatMap(([part, command]) => (command === null ? [] : [[part === '' ? name : `${name}, ${part}`, command] as const]));
  const back = [...plan.rollback.before, ...plan.rollback.after, ...plan.rollback.ladder].flatMap((step) => named(step.name, { '': step.run, 'its proof': step.verify }));
  const atOnce = plan.incidents.flatMap((incident) => incident.steps.map((step) => [step.name, step.run] as const));
  const validations = plan.targets.flatMap(({ id, beforeMove }) => (beforeMove === null ? [] : [[`before each move of ${id}`, beforeMove] as const]));
  return [...items, ...validations, ...atOnce, ...plan.phases.flatMap((phase) => [
    ...phase.checks.map((one) => [one.name, one.command] as const), ...phase.during.map((one) => [one.name, one.command] as const),
    ...[...phase.before, ...phase.after].flatMap((step) => named(step.name, { '': step.run, 'its proof': step.verify, 'its undo': step.undo, 'its reading': step.read, 'always after it': step.always?.run ?? null, 'the proof of that': step.always?.verify ?? null })),
  ]), ...(plan.completion?.checks ?? []).map((check) => [check.id, check.command] as const), ...back];
}

async function tryCommand(what: string, { run, on }: CommandSettings, cli: Pick<Cli, 'env' | 'cwd'>): Promise<DoctorCheck> {
  const name = `command ${what}`;
  try {
    const { host, commands } = readSettings({ ...cli.env }, cli.cwd);
    if (on !== null && on !== host) return skipped(name, `runs on host ${on}, this one is ${host}`, `Repeat this on ${on}.`);
    return isAllowed(run, commands) ? fine(name, 'allowed here; not run') : bad(name, 'not allowed here: it would be refused', 'Add it to TIDEGATE_COMMANDS of the worker, and here to see it allowed.');
  } catch (error) {
    return failed(name, error, 'Look at its settings.');
  }
}
