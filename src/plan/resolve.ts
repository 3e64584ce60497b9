// A file of the right shape becomes the resolved plan: every default filled in, every condition parsed, every instant computed. Reports what
// it cannot resolve and goes on, so that all problems are told at once; with any problem the plan returned is not to be used.
import { DateTime, IANAZone } from 'luxon';
import type { EpochMs, Ms } from '../judgement/types.js';
import { launchLeadMs } from './launch.js';
import { resolveCalendar } from './resolve-calendar.js';
import { conditionReader, type ConditionReader } from './resolve-conditions.js';
import { checkLaunch, isNow, placeLaunch } from './resolve-launch.js';
import { resolveIncidents } from './resolve-incidents.js';
import { resolveMetrics } from './resolve-metrics.js';
import { resolvePeople, rolesOf } from './resolve-people.js';
import { defaultCadenceMs, resolveBaking, resolvePhases } from './resolve-phases.js';
import { resolveCommand, resolvePreparation } from './resolve-asks.js';
import { compareByDefault, resolveCompletion } from './resolve-completion.js';
import { checkUnwatched, invariantPace, resolveInvariants } from './resolve-protection.js';
import { resolveRollbackSteps } from './resolve-steps.js';
import { resolveTargets } from './resolve-targets.js';
import { resolveLevels, resolveTriggers } from './resolve-triggers.js';
import { allConditions, measuredBy } from './all-conditions.js';
import { nominalTimes } from './calendar.js';
import { readSyntax } from './condition-syntax.js';
import { parseDuration } from './durations.js';
import { nearest } from './did-you-mean.js';
import { Problems } from './problems.js';
import type { ProviderSchemas } from './providers.js';
import { lengthAt, peopleAt, slug, wholeOf, type Reading } from './reading.js';
import type { PlanFile } from './schema.js';
import type { LadderStep, ResolvedPlan, RollbackPlan } from './types.js';
import type { TypedPlaces } from './variables.js';

export interface ResolveContext {
  readonly problems: Problems;
  readonly providers: ProviderSchemas;
  /** epoch milliseconds; decides 'today' */
  readonly now: number;
  /** ISO date of day 1 in the plan's zone; null: today */
  readonly day1: string | null;
  /** see PlanOptions */
  readonly launch: string | EpochMs | null;
  readonly starting: boolean;
  /** the one that was chosen; null: the plan has none */
  readonly variant: string | null;
  readonly typed: TypedPlaces;
}

export interface Resolved { readonly plan: ResolvedPlan; /** how long before the launch its first step is */ readonly beforeLaunchMs: Ms }

export function resolveFile(file: PlanFile, context: ResolveContext): Resolved {
  // `now` leaves room for the first step before the launch, so the steps are read once only to know how long that takes
  const launch = isNow(context.launch ?? file.launch) ? context.now + launchLeadMs(read(file, { ...context, problems: new Problems(() => ({ line: null, column: null })) }, context.now).reading.launch) : context.launch;
  const { plan, reading } = read(file, context, launch);
  checkLaunch(reading, context);
  return { plan, beforeLaunchMs: launchLeadMs(reading.launch) };
}

function read(file: PlanFile, context: ResolveContext, launch: ResolveContext['launch']): { readonly plan: ResolvedPlan; readonly reading: Reading } {
  const reading = startReading(file, context, launch);
  const metrics = resolveMetrics(reading);
  // soaks are read once more with their problems in resolvePhases; here they only give a trend its window
  const soakMs = file.phases.map(({ soak }) => { const read = readSyntax('Soak', soak); return 'problem' in read || read.syntax.duration === null ? 86_400_000 : (parseDuration(read.syntax.duration) ?? 86_400_000); });
  const conditions = conditionReader(reading, metrics, soakMs);
  const quickestMs = quickestCadence(file);
  const targets = resolveTargets(reading);
  const tools = { conditions, targets, quickestMs };

  const people = resolvePeople(reading);
  const preparation = resolvePreparation(reading, file.preparation, ['preparation'], 'preparation', { conditions, standing: { in: 'preparation', index: 0 } });
  const phases = resolvePhases(reading, tools);
  const baking = resolveBaking(reading, tools);
  const calendar = resolveCalendar(reading);
  const day1 = reading.day1.toMillis();
  const plan = {
    schemaVersion: 1, rollout: file.rollout, variant: context.variant, description: file.description ?? '', timezone: reading.zone, ...people,
    heartbeatUrl: heartbeatOf(reading), targets, metrics: metrics.metrics, events: metrics.events, baseline: null,
    triggers: [...resolveLevels(reading, conditions, { quickestMs }), ...resolveTriggers(reading, conditions, file.triggers, { standing: { in: 'plan' }, place: ['triggers'], id: 'triggers', quickestMs })],
    ...resolveInvariants(reading, conditions, [...phases, ...(baking === null ? [] : [baking])]),
    preparation, day1, launch: reading.launch.at, phases, baking, incidents: resolveIncidents(reading), ...calendar, rollback: resolveRollback(reading, conditions),
    completion: resolveCompletion(reading, conditions, metrics), startsOnlyBy: peopleAt(reading, file['starts only by'], ['starts only by'], []),
    grades: Object.entries(file.grades ?? {}).map(([grade, criteria]) => ({ grade, criteria: conditions.list(criteria, { in: 'grades' }, ['grades', grade], `grades/${grade}`) })),
    nominalEnd: nominalTimes({ timezone: reading.zone, hours: calendar.hours, freezes: calendar.freezes, day1, phases, baking }).end,
  } as const satisfies ResolvedPlan;
  checkUnwatched(reading, plan);
  return { plan: compareByDefault(reading, { ...plan, baseline: baselineOf(reading, plan) }), reading };
}

function startReading(file: PlanFile, context: ResolveContext, launch: ResolveContext['launch']): Reading {
  const { problems, providers, now, day1, typed } = context;
  const zone = file.timezone ?? 'UTC';
  const isZone = IANAZone.isValidZone(zone);
  if (!isZone) {
    const meant = nearest(zone, Intl.supportedValuesOf('timeZone'));
    problems.add(['timezone'], 'WRONG_ZONE', `“${zone}” is no time zone${meant === null ? '' : `; did you mean “${meant}”?`} (names like America/Los_Angeles or Europe/Berlin)`);
  }
  const today = DateTime.fromMillis(now, { zone: isZone ? zone : 'UTC' }).startOf('day');
  const reading: Reading = {
    file, problems, providers, zone: isZone ? zone : 'UTC', day1: today, launch: { at: null, uses: [] }, typed,
    people: new Set(Object.keys(file.people)), roles: rolesOf(file), phases: file.phases.map(({ phase }) => phase),
  };
  return { ...reading, ...placeLaunch(reading, { now, day1, launch }, typeof context.launch === 'number') };
}

function heartbeatOf({ file, problems }: Reading): string | null {
  const url = file.heartbeat ?? null;
  if (url !== null && !/^https?:\/\/\S+$/.test(url) && !/\$\{env:\w+\}/.test(url)) problems.add(['heartbeat'], 'WRONG_VALUE', 'a heartbeat is an http or https address, or a reference such as ${env:HEARTBEAT_URL}');
  return url;
}

/** The quickest pace of the plan: looking more often than that by default would be louder than anything the author wrote. */
function quickestCadence(file: PlanFile): number {
  const paces = [...file.phases.map(({ watch }) => watch), file.baking?.watch, ...invariantPace(file)].map((text) => {
    const read = text === undefined ? null : readSyntax('Cadence', text);
    return read === null || 'problem' in read ? defaultCadenceMs : (parseDuration(read.syntax) ?? defaultCadenceMs);
  });
  return Math.min(...paces);
}

/** A ladder waits for nobody for long: it is climbed because the targets did not go back. */
const ladderWithinMs = 10 * 60_000;

function resolveRollback(reading: Reading, conditions: ConditionReader): RollbackPlan {
  const given = reading.file.rollback ?? {};
  const place = ['rollback'] as const;
  const names = new Set<string>();
  return {
    withinMs: lengthAt(reading, given.within, [...place, 'within'], 30_000),
    before: resolveRollbackSteps(reading, given, 'before'), after: resolveRollbackSteps(reading, given, 'after'),
    settleMs: given.settle === undefined ? 0 : lengthAt(reading, given.settle, [...place, 'settle'], 0),
    verify: conditions.list(given.verify, { in: 'verify' }, [...place, 'verify'], 'rollback/verify'),
    verifyWithinMs: lengthAt(reading, given['verify within'], [...place, 'verify within'], 5 * 60_000),
    ladder: (given['if that fails'] ?? []).map((step, index): LadderStep => {
      const at = [...place, 'if that fails', index];
      const id = `rollback/ladder/${slug(step.step, String(index))}`;
      if (names.has(id)) reading.problems.add([...at, 'step'], 'DUPLICATE_NAME', `there are two steps “${step.step}”: they could not be told apart`);
      names.add(id);
      return {
        id, name: step.step, run: resolveCommand(reading, step, at),
        verify: step.verify === undefined ? null : resolveCommand(reading, { ...step, run: step.verify }, at), ask: peopleAt(reading, step.ask, [...at, 'ask'], []),
        withinMs: lengthAt(reading, step.within, [...at, 'within'], ladderWithinMs),
      };
    }),
  };
}

/** The baseline is taken of every metric that some condition, or the end, compares with it. */
function baselineOf(reading: Reading, plan: ResolvedPlan): ResolvedPlan['baseline'] {
  const given = reading.file.baseline;
  if (given === undefined) return null;
  const used = allConditions(plan).filter(({ condition }) => condition.kind === 'compare' && (
    (condition.limit.kind === 'reference' && condition.limit.period === 'baseline') || (condition.subject.window?.kind === 'period' && condition.subject.window.period === 'baseline')));
  // what a person answers is asked beside it (workflows/completion.ts)
  const compared = (plan.completion?.compare ?? []).filter((name) => plan.metrics.some((metric) => metric.name === name && metric.human === null));
  return {
    overMs: lengthAt(reading, given.over, ['baseline', 'over'], 86_400_000), minSamples: wholeOf(given['min samples'], 10),
    metrics: [...new Set([...used.flatMap(({ condition }) => measuredBy(condition) ?? []), ...compared])],
  };
}
