// Items that a machine settles by itself: a condition that holds now, a probe, variables of an environment. What finds it out: activities/check.ts.
import type { Condition } from '../judgement/types.js';
import { measuredBy } from './all-conditions.js';
import type { Place } from './problems.js';
import { isYes, lengthAt, type Reading } from './reading.js';
import type { ItemFile } from './resolve-asks.js';
import { resolveCommand } from './resolve-asks.js';
import type { ConditionReader, Standing } from './resolve-conditions.js';
import { providerDefaults } from './resolve-metrics.js';
import { checkSettings, providerOf, settingsOf } from './resolve-settings.js';
import { itemKeys, type EnvironmentFile } from './schema.js';
import { looksSecret } from './secrets.js';
import type { MachineCheck, EnvironmentSource, WantedVariable } from './types.js';

/** Where the items stand decides what a condition may speak of. */
export interface CheckTools { readonly conditions: ConditionReader; readonly standing: Standing }

/** The ways in which a machine settles the item, as far as written. */
export const ways = (entry: ItemFile): readonly ('run' | 'holds' | 'probe' | 'environment')[] => (['run', 'holds', 'probe', 'environment'] as const).filter((key) => entry[key] !== undefined);

export function checkOf(reading: Reading, entry: ItemFile, place: Place, tools: CheckTools): MachineCheck | null {
  if (entry.holds !== undefined) {
    const condition = tools.conditions.one(entry.holds, tools.standing, [...place, 'holds']);
    return condition === null || !measurable(reading, condition, [...place, 'holds']) ? null : { kind: 'holds', condition };
  }
  if (entry.probe !== undefined) return probeOf(reading, entry, place);
  if (entry.environment !== undefined) return environmentOf(reading, entry, entry.environment, [...place, 'environment']);
  return null;
}

/** One measurement, or one stretch of the past where the source can tell it, has to be enough. */
function measurable(reading: Reading, condition: Condition, place: Place): boolean {
  const refuse = (message: string): boolean => { reading.problems.add(place, 'WRONG_PLACE', message); return false; };
  if (condition.kind === 'compare') {
    if (condition.subject.kind === 'events') return refuse('what is reported is not measured: put “event: …” under `triggers` or `enter`');
    if (condition.subject.kind === 'alerts' && condition.subject.fresh) return refuse('“new” alerts are those since a soak began, and nothing soaks when this is checked: write “alerts(…)”');
    if (condition.ofLooks !== null) return refuse('there are no looks to count when this is checked: put the condition under `enter`');
  }
  const name = measuredBy(condition);
  const metric = condition.kind === 'compare' && condition.subject.kind === 'alerts' ? reading.file.alerts?.[condition.subject.severity] : name === null ? undefined : reading.file.metrics?.[name];
  if (metric === undefined) return true;
  if (Object.hasOwn(metric, 'person')) return refuse(`${name} is what a person says: make it an item of its own, asked of that person`);
  const looksBack = condition.kind === 'trend' ? condition.window.kind === 'duration' : condition.forMs > 0 || condition.subject.window?.kind === 'duration' || (condition.subject.kind === 'increase' && condition.subject.window === null);
  const provider = Object.keys(reading.providers.sources).find((one) => Object.hasOwn(metric, one));
  if (looksBack && provider !== undefined && reading.providers.sources[provider]!.ranged !== true) return refuse(`“${provider}” answers only for now, so what was before cannot be checked here: compare the present value, or put the condition under \`enter\``);
  return true;
}

function probeOf(reading: Reading, entry: ItemFile, place: Place): MachineCheck | null {
  const ask = { entry: { probe: entry.probe }, place, schemas: { probe: reading.providers.sources['probe']! }, what: 'item', ownKeys: itemKeys, defaults: providerDefaults(reading) };
  if (reading.providers.sources['probe'] === undefined || providerOf(reading, ask) === null) return null;
  const provided = settingsOf(reading, 'probe', ask);
  checkSettings(reading, provided, [], ask);
  return { kind: 'probe', settings: provided.settings, timeoutMs: lengthAt(reading, entry.timeout, [...place, 'timeout'], 10_000) };
}

function environmentOf(reading: Reading, entry: ItemFile, given: EnvironmentFile, place: Place): MachineCheck {
  const worker = isYes(given.worker);
  const named = [...(given.file === undefined ? [] : ['file']), ...(worker ? ['worker'] : []), ...(given.command === undefined ? [] : ['command'])];
  if (named.length !== 1) reading.problems.add(named.length === 0 ? place : [...place, named[1]!], 'WRONG_ITEM', named.length === 0 ? 'say where the variables are: “file: .env”, “worker: yes”, or “command: …” that prints them' : `“${named[0]}” and “${named[1]}” exclude each other: make two items of it`);
  const on = entry.on ?? null;
  const source: EnvironmentSource = given.command !== undefined ? { kind: 'command', command: resolveCommand(reading, { ...entry, run: given.command }, place) }
    : given.file !== undefined ? { kind: 'file', file: given.file, on } : { kind: 'worker', on };
  if (Object.keys(given.has).length === 0) reading.problems.add([...place, 'has'], 'TOO_SMALL', 'this is empty: name at least one variable');
  const has = Object.entries(given.has).map(([key, value]): WantedVariable => {
    // 1.10 is 1.1 in YAML: what is compared letter by letter must stand there letter by letter
    if (typeof value === 'number' && !Number.isSafeInteger(value)) reading.problems.add([...place, 'has', key], 'WRONG_TYPE', `${value} may have been written otherwise: put the value in quotes`);
    const wanted = String(value);
    return { key, value: wanted === 'set' ? null : wanted, secret: looksSecret(key, wanted) };
  });
  return { kind: 'environment', source, has };
}
