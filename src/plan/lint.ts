// What is allowed but probably not meant. A note says something worth knowing; a warning says that the plan may not do what its author
// thinks. Nothing here stops a rollout; what must stop one is in rules.ts.
import type { Ms } from '../judgement/types.js';
import { allConditions, measuredBy, type PlacedCondition } from './all-conditions.js';
import { parseDuration, printDuration } from './durations.js';
import { printPlace, type Place } from './problems.js';
import { secretNames, type Environment } from './secrets.js';
import type { CommandSettings, Phase, ResolvedMetric, ResolvedPlan } from './types.js';

export interface Lint { readonly place: Place; readonly path: string; readonly level: 'note' | 'warning'; readonly code: string; readonly message: string }

export interface LintContext {
  /** how many workers there will be; several need `on` for local effects. Null: unknown, not judged */
  readonly workers: number | null;
  /** null: not judged */
  readonly env: Environment | null;
  /** variables that the document declares and uses nowhere */
  readonly unused?: readonly string[];
}

export function lintPlan(plan: ResolvedPlan, context: LintContext = { workers: null, env: null }): readonly Lint[] {
  return [
    ...unused(context.unused ?? []), ...unalignedCohorts(plan), ...shortSoaks(plan), ...detectionTimes(plan), ...unanswerable(plan), ...unmeasurable(plan), ...scales(plan), ...unplaced(plan, context.workers), ...unset(plan, context.env),
  ];
}

const lint = (level: Lint['level'], code: string, place: Place, message: string): Lint => ({ level, code, place, path: printPlace(place), message });

const unused = (variables: readonly string[]): readonly Lint[] => variables.map((name) => lint('warning', 'UNUSED_VARIABLE', ['vars', name], `“${name}” is used nowhere: write \${var:${name}} where it belongs, or leave it out`));

/** What a target puts its users in order by, where the plan can say it; null: by a salt of its own. Targets that say the same expose the same users. */
function orderOf({ provider, settings }: ResolvedPlan['targets'][number]): string | null {
  const by: Readonly<Record<string, unknown>> = { unleash: settings['group'], nginx: settings['key'] };
  return by[provider] === undefined ? null : `${provider} ${String(by[provider])}`;
}
const sharing: readonly string[] = ['flagd', 'unleash', 'launchdarkly', 'nginx'];

/** Every flag salts its users by itself, so shares of several flags do not overlap: three flags at 25 % reach 58 % of the users. */
function unalignedCohorts(plan: ResolvedPlan): readonly Lint[] {
  const flags = plan.targets.filter(({ provider, unit }) => sharing.includes(provider) && unit === '%');
  const orders = new Set(flags.map(orderOf));
  if (flags.length < 2 || (orders.size === 1 && !orders.has(null))) return [];
  const standing = new Map<string, number>();
  for (const [index, { phase, moves, stages }] of plan.phases.entries()) {
    for (const { target, to } of [...moves, ...stages.flatMap((stage) => stage.moves)]) if (typeof to === 'number') standing.set(target, to);
    const shares = flags.map(({ id }) => standing.get(id) ?? 0).filter((share) => share > 0 && share < 100);
    if (shares.length < 2) continue;
    const touched = 100 * (1 - shares.reduce((left, share) => left * (1 - share / 100), 1));
    return [lint('warning', 'UNALIGNED_COHORTS', ['phases', index, 'move'], `${shares.length} flags choose their users independently: in “${phase}” about ${Math.round(touched)}% of users get at least one of them, not ${Math.max(...shares)}%; give them one order of users where they can have one (an Unleash ‘group’, an nginx ‘key’), or take it into account`)];
  }
  return [];
}

/** How far back a condition looks by its own words. */
const reach = (condition: PlacedCondition['condition']): Ms => {
  if (condition.kind === 'trend') return condition.window.kind === 'duration' ? condition.window.ms : 0;
  return Math.max(condition.forMs, condition.subject.window?.kind === 'duration' ? condition.subject.window.ms : 0);
};

function shortSoaks(plan: ResolvedPlan): readonly Lint[] {
  const found: Lint[] = [];
  const conditions = allConditions(plan);
  plan.phases.forEach(({ phase, soak }, index) => {
    // without a length of its own it soaks for as long as people say
    if (soak.ms === 0) return;
    for (const { id, condition, role, phase: of } of conditions) {
      if ((role === 'trigger' && (of === null || of === phase) || (role === 'leave' && of === phase)) && reach(condition) > soak.ms) {
        found.push(lint('warning', 'SHORT_SOAK', ['phases', index, 'soak'], `“${phase}” soaks for ${printDuration(soak.ms)}, but “${condition.text}” (${id}) looks at ${printDuration(reach(condition))}: it could not ${role === 'trigger' ? 'fire on this phase alone' : 'hold by this phase alone'}`));
      }
    }
  });
  return found;
}

/** Longer than this from the first bad request to the rollback is worth saying. */
const slowMs: Ms = 10 * 60_000;

/** How long a breach can last before its trigger is heard: the query's own window, `for`, and one cadence. */
export function detectionTimeMs(condition: PlacedCondition['condition'], metric: ResolvedMetric | null, cadenceMs: Ms): Ms {
  return queryWindowMs(metric) + (condition.kind === 'compare' ? condition.forMs : reach(condition)) + cadenceMs;
}

/** The longest range in a PromQL query: `rate(x[1m])` averages over a minute. */
function queryWindowMs(metric: ResolvedMetric | null): Ms {
  const query = metric?.settings['query'];
  if (typeof query !== 'string') return 0;
  return Math.max(0, ...[...query.matchAll(/\[\s*((?:\d+(?:ms|[smhdwy]))+)/g)].map(([, range]) => parseDuration(range!) ?? 0));
}

function detectionTimes(plan: ResolvedPlan): readonly Lint[] {
  const metrics = new Map(plan.metrics.map((metric) => [metric.name, metric]));
  return allConditions(plan).flatMap(({ id, condition, role, severity, phase }) => {
    if (role !== 'trigger' || severity !== 'emergency' || measuredBy(condition) === null) return [];
    const metric = metrics.get(measuredBy(condition)!) ?? null;
    const where = plan.phases.filter((one) => phase === null || one.phase === phase);
    const slowest = where.reduce<Phase | null>((slow, one) => (slow === null || one.cadenceMs > slow.cadenceMs ? one : slow), null);
    if (slowest === null) return [];
    const takes = detectionTimeMs(condition, metric, slowest.cadenceMs);
    if (takes <= slowMs) return [];
    const parts = [[queryWindowMs(metric), 'the query’s own window'], [condition.kind === 'compare' ? condition.forMs : reach(condition), 'the condition'], [slowest.cadenceMs, 'the cadence']] as const;
    const sum = parts.filter(([ms]) => ms > 0).map(([ms, what]) => `${printDuration(ms)} ${what}`).join(' + ');
    return [lint('note', 'SLOW_DETECTION', placeOfId(plan, id), `“${condition.text}” is heard after up to ${printDuration(takes)} in “${slowest.phase}” (${sum})`)];
  });
}

/** Quorums that exceed their people are refused; these could be met, but not by everybody who may start the rollout. */
function unanswerable(plan: ResolvedPlan): readonly Lint[] {
  const found: Lint[] = [];
  const check = (from: readonly string[], needs: number, place: Place, what: string): void => {
    if (from.length === 0) found.push(lint('warning', 'NOBODY_ASKED', place, `nobody is asked about ${what}: it can never be settled`));
    else if (!plan.starterMayApprove && needs === from.length) found.push(lint('warning', 'STARTER_BARRED', place, `${what} needs ${needs === 1 ? `${from[0]!}` : 'everybody who is asked'}; if one of them starts the rollout, nobody can settle it (starter may approve: no)`));
  };
  plan.phases.forEach(({ phase, approval }, index) => { if (approval !== null) check(approval.from, approval.needs, ['phases', index, 'approval'], `the approval of “${phase}”`); });
  for (const [name, decision, place] of [...plan.phases.map(({ phase, decision }, index) => [phase, decision, ['phases', index, 'decision']] as const), ['baking', plan.baking?.decision ?? null, ['baking', 'decision']] as const]) if (decision !== null) check(decision.from, decision.needs, place, `the decision at the end of “${name}”`);
  for (const { id, approval } of plan.targets) if (approval !== null) check(approval.from, approval.needs, ['targets', id, 'approval'], `the approval of “${id}”`);
  for (const { from, question, kind } of [...plan.preparation, ...plan.phases.flatMap(({ preparation }) => preparation)]) if (kind !== 'command' && kind !== 'check' && from.length === 0) check(from, 1, ['preparation'], `“${question}”`);
  plan.standUps.forEach(({ from, title }, index) => { if (from.length === 0) check(from, 1, ['stand-ups', index], `“${title}”`); });
  return found;
}

function unmeasurable(plan: ResolvedPlan): readonly Lint[] {
  const found: Lint[] = [];
  const first = plan.phases[0];
  for (const { id, condition } of first?.enter ?? []) {
    if (condition.kind === 'compare' && condition.subject.kind === 'alerts' && condition.subject.fresh) found.push(lint('warning', 'NEVER_MEASURED', placeOfId(plan, id), `“${condition.text}” opens the first phase, but nothing has soaked before it: alerts cannot be new since then`));
    if (condition.kind === 'compare' && condition.subject.kind === 'increase' && condition.subject.window === null && condition.forMs === 0) found.push(lint('warning', 'NEVER_MEASURED', placeOfId(plan, id), `“${condition.text}” opens the first phase and does not say over what: write increase(… over 1h)`));
  }
  for (const { phase, leave, soak, cadenceMs } of plan.phases) {
    for (const { id, condition } of leave) {
      if (condition.kind === 'compare' && condition.ofLooks !== null && soak.ms > 0 && condition.ofLooks.n * cadenceMs > soak.ms) found.push(lint('warning', 'NEVER_MEASURED', placeOfId(plan, id), `“${condition.text}” needs ${condition.ofLooks.n} looks, but “${phase}” has only ${Math.floor(soak.ms / cadenceMs)} in its soak`));
    }
  }
  plan.metrics.forEach(({ name, minSamples, settings, provider, alerts }) => {
    const counts = settings['samples'] !== undefined || settings['ratio'] !== undefined || provider === 'memory';
    if (minSamples > 0 && !counts) found.push(lint('warning', 'NO_SAMPLES', alerts === null ? ['metrics', name, 'min samples'] : ['alerts', alerts, 'min samples'], `“min samples” of ${name} has no effect: nothing says how many observations there were (add “samples”, or read a “ratio”)`));
  });
  return found;
}

/** Queries whose answer is visibly in another unit than the one shown. */
function scales(plan: ResolvedPlan): readonly Lint[] {
  return plan.metrics.flatMap(({ name, unit, scale, settings, alerts }) => {
    const query = settings['query'];
    if (typeof query !== 'string' || scale !== 1 || alerts !== null) return [];
    const place: Place = ['metrics', name];
    if (unit === '%' && /\)\s*\/|\/\s*\(|\/\s*sum\b|_ratio\b/.test(query) && !/\b100\b/.test(query)) return [lint('warning', 'NO_SCALE', place, `${name} looks like a ratio from 0 to 1 but is shown in %: add “reads: ratio”`)];
    const inName = ([['_bytes', 'B'], ['_seconds', 's'], ['_milliseconds', 'ms']] as const).find(([ending]) => new RegExp(`${ending}(_bucket|_sum)?\\b`).test(query) && !query.includes('/'));
    if (inName !== undefined && unit !== inName[1] && unit !== '') return [lint('warning', 'NO_SCALE', place, `${name} reads “…${inName[0]}” but is shown in ${unit}: add “reads: ${inName[1]}”`)];
    return [];
  });
}

const LOCAL_TARGETS: ReadonlySet<string> = new Set(['flagd', 'nginx', 'env-file', 'compose', 'command']);

/** A file or a command belongs to one machine; with several workers any of them may take the task. */
function unplaced(plan: ResolvedPlan, workers: number | null): readonly Lint[] {
  if (workers === null || workers < 2) return [];
  const message = (what: string): string => `${what} is local to one machine, and there are ${workers} workers: say “on: HOST”`;
  const commands: readonly (readonly [Place, string, CommandSettings | null])[] = [
    ...plan.targets.map(({ id, beforeMove }) => [['targets', id, 'before each move'], `before each move of ${id}`, beforeMove] as const),
    ...plan.preparation.map(({ question, command }) => [['preparation'], question, command] as const),
    ...plan.phases.flatMap(({ preparation, during, checks, before, after }, index) => [
      ...checks.map(({ name, command }, nth) => [['phases', index, 'checks', nth], name, command] as const),
      ...before.map(({ name, run }, nth) => [['phases', index, 'before', nth], name, run] as const), ...after.map(({ name, run }, nth) => [['phases', index, 'after', nth], name, run] as const),
      ...preparation.map(({ question, command }) => [['phases', index, 'preparation'], question, command] as const), ...during.map(({ name, command }, nth) => [['phases', index, 'during', nth], name, command] as const),
    ]),
    ...plan.rollback.before.map(({ name, run }, index) => [['rollback', 'before', index], name, run] as const), ...plan.rollback.after.map(({ name, run }, index) => [['rollback', 'after', index], name, run] as const),
    ...(plan.completion?.items ?? []).map(({ question, command }) => [['completion', 'items'], question, command] as const), ...(plan.completion?.checks ?? []).map(({ name, command }, index) => [['completion', 'checks', index], name, command] as const),
    ...plan.incidents.flatMap(({ severity, steps }) => steps.map(({ name, run }, index) => [['incidents', severity, 'steps', index], name, run] as const)),
    ...plan.rollback.ladder.map(({ name, run }, index) => [['rollback', 'if that fails', index], name, run] as const),
  ];
  return [
    ...plan.targets.filter(({ provider, on }) => LOCAL_TARGETS.has(provider) && on === null).map(({ id }) => lint('warning', 'NO_HOST', ['targets', id], message(`the target “${id}”`))),
    ...environments(plan).map(([place, name]) => lint('warning', 'NO_HOST', place, message(`the environment of “${name}”`))),
    ...commands.filter(([, , command]) => command !== null && command.on === null).map(([place, name]) => lint('warning', 'NO_HOST', place, message(`the command of “${name}”`))),
  ];
}

const environments = (plan: ResolvedPlan): readonly (readonly [Place, string])[] => [
  ...plan.preparation.map((item) => [['preparation'], item] as const), ...plan.phases.flatMap(({ preparation }, index) => preparation.map((item) => [['phases', index, 'preparation'], item] as const)),
  ...(plan.completion?.items ?? []).map((item) => [['completion', 'items'], item] as const),
].flatMap(([place, { check, question }]) => (check?.kind === 'environment' && (check.source.kind === 'command' ? check.source.command.on : check.source.on) === null ? [[place, question] as const] : []));

function unset(plan: ResolvedPlan, env: Environment | null): readonly Lint[] {
  if (env === null) return [];
  return secretNames(plan).filter((name) => (env[name] ?? '') === '').map((name) => lint('note', 'NOT_SET_HERE', [], `\${env:${name}} is not set here; the worker needs it`));
}

/** `phases/wave-1/enter/2` as a place of the file; unfolded lists are longer than the file's, so their places end at the list. */
export function placeOfId(plan: ResolvedPlan, id: string): Place {
  const [head, name, ...rest] = id.split('/');
  if (head === 'levels') return ['metrics', name!, 'levels', ...rest];
  if (head !== 'phases') return rest.length === 0 ? [head!] : [head!, name!, ...rest.map(step)];
  const index = plan.phases.findIndex(({ phase }) => phase === name);
  return ['phases', index, ...(rest[0] === 'triggers' ? rest.map(step) : rest[0] === 'then' ? rest.slice(0, 3).map(step) : rest.slice(0, 1))];
}
const step = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);
