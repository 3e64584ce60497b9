// What people and commands must settle: preparation items and sign-offs, approvals, commands repeated during a soak, steps of the ladder.
// What a machine checks by itself: resolve-checks.ts.
import { FinalError } from '../errors.js';
import type { Place } from './problems.js';
import { leadAt, lengthAt, peopleAt, slug, wholeOf, type Reading } from './reading.js';
import { checkOf, ways, type CheckTools } from './resolve-checks.js';
import type { CommandFile, PhaseFile, PreparationFile } from './schema.js';
import type { Approval, AskItem, CommandSettings, RepeatedCommand } from './types.js';

const hour = 3_600_000;

export type ItemFile = Exclude<PreparationFile[number], string | { readonly group: string }>;
type GroupFile = Extract<PreparationFile[number], { readonly group: string }>;
interface Frame { readonly group: string; readonly from: readonly string[]; readonly needs: number; readonly when: { readonly askAt: number | null; readonly dueAt: number | null } }

/** Items with ids `ID/2`, those of a group `ID/code-quality/2`. Without `from` the owner is asked. */
export function resolvePreparation(reading: Reading, given: PreparationFile | undefined, place: Place, id: string, tools: CheckTools): readonly AskItem[] {
  const owner = reading.people.has(reading.file.owner) ? [reading.file.owner] : [];
  const loose: Frame = { group: '', from: owner, needs: 1, when: { askAt: null, dueAt: null } };
  const groups = new Set<string>();
  return (given ?? []).flatMap((entry, index): readonly AskItem[] => {
    const at = [...place, index];
    if (typeof entry === 'string' || !isGroup(entry)) return [resolveItem(reading, entry, loose, at, `${id}/${index}`, tools)];
    const name = slug(entry.group, String(index));
    if (groups.has(name)) reading.problems.add([...at, 'group'], 'DUPLICATE_NAME', `there are two groups “${entry.group}”: their items could not be told apart`);
    groups.add(name);
    const frame: Frame = {
      group: entry.group, from: peopleAt(reading, entry.from, [...at, 'from'], owner), needs: wholeOf(entry.needs, 1), when: leadAt(reading, entry.when, [...at, 'when']),
    };
    return entry.items.map((item, number) => resolveItem(reading, item, frame, [...at, 'items', number], `${id}/${name}/${number}`, tools));
  });
}
const isGroup = (entry: ItemFile | GroupFile): entry is GroupFile => 'group' in entry;

function resolveItem(reading: Reading, entry: string | ItemFile, frame: Frame, place: Place, id: string, tools: CheckTools): AskItem {
  const base = { id, group: frame.group, from: frame.from, needs: frame.needs, onlyIf: null, ...frame.when, command: null, check: null } as const;
  if (typeof entry === 'string') return { ...base, question: entry, kind: 'item' };
  const question = entry.item ?? entry['sign-off'];
  if (question === undefined || (entry.item !== undefined && entry['sign-off'] !== undefined)) {
    reading.problems.add(place, 'WRONG_ITEM', question === undefined ? 'say what is to be settled: “item: TEXT” or “sign-off: TEXT”' : '“item” and “sign-off” exclude each other: make two of it');
  }
  const way = ways(entry);
  if (entry['sign-off'] !== undefined && way[0] !== undefined) reading.problems.add([...place, way[0]], 'WRONG_ITEM', way[0] === 'run' ? 'a command cannot sign off: make it an “item”' : 'a machine cannot sign off: make it an “item”', { on: 'key' });
  if (way.length > 1) reading.problems.add([...place, way[1]!], 'WRONG_ITEM', `“${way[0]}” and “${way[1]}” exclude each other: make two items of it`, { on: 'key' });
  for (const key of ['timeout', 'cwd', 'env', 'on'] as const) {
    if (entry[key] !== undefined && !takes(entry, way[0], key)) reading.problems.add([...place, key], 'KEY_WITHOUT_EFFECT', way.length === 0 ? `“${key}” belongs to a command: add “run: …”` : `“${key}” has no effect on “${way[0]}”`, { on: 'key' });
  }
  const check = checkOf(reading, entry, place, tools);
  const { from, needs } = quorumAt(reading, entry, frame, place);
  return {
    ...base, question: question ?? '', kind: entry['sign-off'] !== undefined ? 'sign-off' : entry.run !== undefined ? 'command' : check !== null ? 'check' : 'item', from, needs,
    onlyIf: entry['only if'] ?? null, ...(entry.when === undefined ? frame.when : leadAt(reading, entry.when, [...place, 'when'])),
    command: entry.run === undefined ? null : resolveCommand(reading, entry, place), check,
  };
}

/** Whether a key of commands means something here: a probe has a time limit, an environment a host, and all of them where a command prints it. */
function takes(entry: ItemFile, way: string | undefined, key: 'timeout' | 'cwd' | 'env' | 'on'): boolean {
  if (way === 'run' || (way === 'environment' && entry.environment?.command !== undefined)) return true;
  return (way === 'probe' && key === 'timeout') || (way === 'environment' && key === 'on');
}

/** Who is asked, and how many must answer: never more than there are. */
export function quorumAt(reading: Reading, entry: { readonly from?: string | string[] | undefined; readonly needs?: number | string | undefined }, frame: Pick<Frame, 'from' | 'needs'>, entryPlace: Place): Pick<Frame, 'from' | 'needs'> {
  const before = reading.problems.count;
  const from = peopleAt(reading, entry.from, [...entryPlace, 'from'], frame.from);
  const needs = wholeOf(entry.needs, frame.needs);
  // somebody who is not known is a problem already, and would only be missed here again
  if (reading.problems.count > before) return { from, needs };
  const place = entry.needs === undefined ? entryPlace : [...entryPlace, 'needs'];
  if (needs < 1) reading.problems.add(place, 'WRONG_QUORUM', '“needs” is at least 1');
  else if (from.length > 0 && needs > from.length) reading.problems.add(place, 'WRONG_QUORUM', `${needs} people are needed, but “from” has ${from.length === 1 ? 'one person' : `${from.length} people`} (${from.join(', ')}): nobody could ever settle it`);
  return { from, needs };
}

export function resolveApproval(reading: Reading, phase: PhaseFile, place: Place): Approval | null {
  const { approval } = phase;
  if (approval === undefined) return null;
  const { from, needs } = quorumAt(reading, approval, { from: [], needs: 1 }, place);
  const moves = Object.entries(phase.move ?? {}).map(([target, to]) => `${target} ${to}`).join(', ');
  return {
    id: `phases/${phase.phase}/approval`, question: approval.question ?? `Go to ${phase.phase}${moves === '' ? '' : ` (${moves})`}?`, from, needs,
    withinMs: lengthAt(reading, approval.within, [...place, 'within'], 24 * hour), otherwise: approval.otherwise === 'roll back' ? 'rollback' : (approval.otherwise ?? 'hold'),
    validMs: lengthAt(reading, approval['valid for'], [...place, 'valid for'], 24 * hour),
  };
}

export function resolveDuring(reading: Reading, phase: PhaseFile, place: Place): readonly RepeatedCommand[] {
  return (phase.during ?? []).map((entry, index): RepeatedCommand => {
    const at = [...place, index];
    const known = Object.keys(reading.file.events ?? {});
    if (entry.reports !== undefined && !known.includes(entry.reports)) reading.problems.add([...at, 'reports'], 'UNKNOWN_EVENT', `unknown event “${entry.reports}”; declare it under \`events\` (known: ${known.join(', ') || 'none'})`);
    return {
      id: `phases/${phase.phase}/during/${index}`, name: entry.name ?? (typeof entry.run === 'string' ? entry.run : entry.run.join(' ')),
      command: resolveCommand(reading, entry, at), everyMs: lengthAt(reading, entry.every, [...at, 'every'], hour), reports: entry.reports ?? null,
    };
  });
}

/** A command with its limits; without `timeout` it has ten minutes. @throws FinalError when there is nothing to run, which the caller has checked */
export function resolveCommand(reading: Reading, entry: CommandFile, place: Place): CommandSettings {
  if (entry.run === undefined) throw new FinalError({ code: 'NO_COMMAND', what: 'a command without “run”' });
  return { run: entry.run, timeoutMs: lengthAt(reading, entry.timeout, [...place, 'timeout'], hour / 6), cwd: entry.cwd ?? null, env: entry.env ?? {}, on: entry.on ?? null };
}
