// Steps: commands that are part of a rollout. Those of a phase change something, so each says how it is taken back; checks change nothing;
// those of a rollback run around the undo of the targets.
import type { Place } from './problems.js';
import { dayAt, isYes, lengthAt, peopleAt, slug, type Reading } from './reading.js';
import { resolveCommand } from './resolve-asks.js';
import type { CheckFile, CommandFile, PhaseFile, RollbackFile, StepFile } from './schema.js';
import type { Check, CommandSettings, RollbackStep, Step } from './types.js';

/** What is run for a rollback before the targets go back must not keep them waiting for longer. */
const beforeUndoMs = 10_000;
const askedWithinMs = 3_600_000;

/** Ids are made of names, so that inserting a step does not rename the others. */
function idOf(reading: Reading, name: string, names: Set<string>, place: Place, prefix: string, index: number): string {
  const id = `${prefix}/${slug(name, String(index))}`;
  if (names.has(id)) reading.problems.add(place, 'DUPLICATE_NAME', `there are two steps “${name}”: they could not be told apart`);
  names.add(id);
  return id;
}

export function resolveChecks(reading: Reading, phase: PhaseFile, place: Place): readonly Check[] {
  return (phase.checks ?? []).map((entry: CheckFile, index): Check => {
    const at = [...place, index];
    const command = typeof entry === 'string' ? { run: entry } : entry;
    const text = typeof command.run === 'string' ? command.run : command.run.join(' ');
    return { id: `phases/${phase.phase}/checks/${index}`, name: typeof entry === 'string' ? text : (entry.check ?? text), command: resolveCommand(reading, command, at) };
  });
}

export function resolveSteps(reading: Reading, phase: PhaseFile, list: 'before' | 'after', place: Place): readonly Step[] {
  const names = new Set<string>();
  let lastAt = -Infinity;
  return (phase[list] ?? []).map((entry, index): Step => {
    const at = [...place, index];
    const why = entry['cannot be undone'];
    if (entry.undo === undefined && why === undefined) reading.problems.add(at, 'NO_UNDO', `say how “${entry.step}” is taken back: “undo: COMMAND”, or “cannot be undone: WHY” (a command that changes nothing belongs to “checks”)`);
    if (entry.undo !== undefined && why !== undefined) reading.problems.add([...at, 'cannot be undone'], 'CONTRADICTION', `“${entry.step}” has an “undo”, so it can be undone: keep one of the two`, { on: 'key' });
    if (isYes(entry.repeatable) && entry.read !== undefined) reading.problems.add([...at, 'read'], 'CONTRADICTION', `“${entry.step}” is repeatable: it is simply run again, so “read” would never be asked`, { on: 'key' });
    const due = dayAt(reading, entry.at, [...at, 'at']);
    if (due !== null) {
      if (due < lastAt) reading.problems.add([...at, 'at'], 'IMPOSSIBLE_TIME', `“${entry.step}” is due before the step above it: steps run in the order in which they stand`);
      lastAt = due;
    }
    const beside = (run: CommandFile['run']): CommandSettings | null => (run === undefined ? null : resolveCommand(reading, { ...entry, run }, at));
    return {
      id: idOf(reading, entry.step, names, [...at, 'step'], `phases/${phase.phase}/${list}`, index), name: entry.step, run: resolveCommand(reading, entry, at), verify: beside(entry.verify),
      undo: beside(entry.undo), cannotUndo: why ?? null, repeatable: isYes(entry.repeatable), read: beside(entry.read), always: alwaysOf(reading, entry, at), at: due,
    };
  });
}

function alwaysOf(reading: Reading, entry: StepFile, place: Place): Step['always'] {
  const { always } = entry;
  if (always === undefined) return null;
  const inner = [...place, 'always'];
  const given: CommandFile & { readonly verify?: CommandFile['run'] } = typeof always === 'string' || Array.isArray(always) ? { run: always } : always;
  const settings = { ...entry, ...given };
  return { run: resolveCommand(reading, { ...settings, run: given.run }, inner), verify: given.verify === undefined ? null : resolveCommand(reading, { ...settings, run: given.verify }, inner) };
}

export function resolveRollbackSteps(reading: Reading, given: RollbackFile, list: 'before' | 'after'): readonly RollbackStep[] {
  const names = new Set<string>();
  return (given[list] ?? []).map((entry, index): RollbackStep => {
    const at: Place = ['rollback', list, index];
    const run = resolveCommand(reading, list === 'before' ? { timeout: '10s', ...entry } : entry, at);
    if (list === 'before' && run.timeoutMs > beforeUndoMs) reading.problems.add([...at, 'timeout'], 'TOO_LONG', `what runs before the targets go back may take 10 s at most: nobody stays exposed while a command runs`);
    if (list === 'before' && entry.ask !== undefined) reading.problems.add([...at, 'ask'], 'KEY_WITHOUT_EFFECT', 'nobody is asked before the targets go back: a rollback waits for nobody. Put the step into “after”', { on: 'key' });
    if (entry.ask === undefined && entry.within !== undefined) reading.problems.add([...at, 'within'], 'KEY_WITHOUT_EFFECT', '“within” is how long people have who are asked: add “ask: WHO”', { on: 'key' });
    return {
      id: idOf(reading, entry.step, names, [...at, 'step'], `rollback/${list}`, index), name: entry.step, run,
      verify: entry.verify === undefined ? null : resolveCommand(reading, { ...entry, run: entry.verify }, at),
      ask: peopleAt(reading, entry.ask, [...at, 'ask'], []), withinMs: lengthAt(reading, entry.within, [...at, 'within'], askedWithinMs),
    };
  });
}
