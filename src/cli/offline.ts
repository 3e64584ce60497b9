// Break-glass: takes a rollout back without Temporal. The values before each move are in the journal's undo notes, written before the
// moves left; each is put back, read back and verified, and the record says who did it. The workflow adopts this when it is back.
import type { OfflineRollback, UndoNote } from '../journal/port.js';
import { exposesLess } from '../plan/ordering.js';
import type { TargetValue } from '../plan/types.js';
import { FinalError } from '../errors.js';
import { paintFor } from './paint.js';
import type { Cli, ExitCode, Targets } from './ports.js';
import { inWords, valueInWords } from '../wording.js';

export interface OfflineOptions { readonly rollout: string; readonly actor: string; readonly reason: string | null; readonly updateId: string; readonly json: boolean }
type Undone = OfflineRollback['undone'][number];

export async function runOffline(options: OfflineOptions, cli: Cli): Promise<ExitCode> {
  const startedAt = cli.now();
  const journal = await cli.parts.journal();
  cli.atEnd(() => journal.close());
  const notes = await journal.store.undoNotes(options.rollout);
  if (notes.length === 0) throw new FinalError({ code: 'NOTHING_TO_UNDO', what: `The journal holds no move of ${options.rollout} that is not taken back already.`, where: journal.place, means: 'Nothing was written.', todo: "Check the rollout's id and TIDEGATE_JOURNAL: the journal must be the one the worker writes to." });
  const targets = await cli.parts.targets();
  const undone: Undone[] = [];
  for (const note of earliestFirstValues(notes)) {
    const result = await takeBack(note, targets);
    undone.push(result);
    if (!options.json) sayResult(result, note, cli);
  }
  const remainder = undone.filter((u) => !u.verified);
  const record: OfflineRollback = { rollout: options.rollout, at: cli.now(), actor: options.actor, reason: options.reason ?? 'rolled back by hand, offline', undone };
  await journal.store.putOffline(record);
  const outcome = remainder.length === 0 ? 'rolled-back' : 'rollback-incomplete';
  if (options.json) cli.out.write(`${JSON.stringify({ rollout: options.rollout, outcome, undone, remainder: remainder.map((u) => u.target), at: record.at, by: options.actor }, null, 2)}\n`);
  else {
    const paint = paintFor(cli.out);
    cli.out.write(remainder.length === 0
      ? `${paint.good('✔')} ${options.rollout} is taken back and verified, ${inWords(cli.now() - startedAt)} after it was asked for.\n`
      : `${paint.bad('✖')} NOT taken back: ${remainder.map((u) => u.target).join(', ')}. Repeat the command, or put it back by hand.\n`);
    cli.out.write('  It is in the journal; the rollout adopts it when Temporal and a worker are back.\n');
  }
  return remainder.length === 0 ? 4 : 5;
}

/**
 * One note a target: the one of its earliest move that is not undone, for its value is the one before we came. Newest targets first, as in
 * every rollback.
 */
function earliestFirstValues(notes: readonly UndoNote[]): readonly UndoNote[] {
  const byTarget = new Map<string, { first: UndoNote; lastOrder: number }>();
  for (const note of notes) {
    const seen = byTarget.get(note.target.id);
    if (seen === undefined) byTarget.set(note.target.id, { first: note, lastOrder: note.order });
    else byTarget.set(note.target.id, { first: note.order < seen.first.order ? note : seen.first, lastOrder: Math.max(seen.lastOrder, note.order) });
  }
  return [...byTarget.values()].sort((a, b) => b.lastOrder - a.lastOrder).map((t) => t.first);
}

/** Never moves a target away from its safer side, never writes a read-only one; whatever goes wrong is told and the next target is tried. */
async function takeBack(note: UndoNote, targets: Targets): Promise<Undone> {
  const { target, before } = note;
  const key = `${note.key}/offline`;
  const words = (value: TargetValue) => valueInWords(value, target.unit);
  const result = (value: TargetValue, verified: boolean, detail: string): Undone => ({ target: target.id, value, verified, detail });
  // what cannot be read may still be written: that is the hour this command is for
  const found = await targets.read(target, key).catch(() => null);
  try {
    const safer = found !== null && exposesLess(target, found.value, before);
    const left = safer ? `left there, which is safer than the ${words(before)} it stood at before; ` : '';
    if (safer && found.unsettled !== true) return result(found.value, true, `${left}${found.detail}`);
    // what is stored may come into force some day, so an unsettled value is written also where it is the one wanted, or the safer one
    const wanted = safer ? found.value : before;
    if (found === null || found.unsettled === true || !same(found.value, wanted)) {
      if (target.readOnly) return result(found?.value ?? 'unknown', false, `is read-only and does not stand at ${words(wanted)}`);
      await targets.write(target, wanted, key);
    }
    const after = await targets.read(target, key);
    if (!same(after.value, wanted)) return result(after.value, false, `was written as ${words(wanted)}, but reads otherwise: ${after.detail}`);
    return result(after.value, true, `${left}${await targets.verify(target, wanted, key)}`);
  } catch (error) {
    return result(found?.value ?? 'unknown', false, error instanceof Error ? error.message : String(error));
  }
}

/** Flags keep hundredths of a percent: two readings of one value may differ in the last digit. */
function same(a: TargetValue, b: TargetValue): boolean {
  return typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) < 0.001 : a === b;
}

function sayResult(undone: Undone, note: UndoNote, cli: Cli): void {
  const paint = paintFor(cli.out);
  const sign = undone.verified ? paint.good('✔') : paint.bad('✖');
  cli.out.write(`${sign} ${undone.target}: ${valueInWords(note.wanted, note.target.unit)} → ${valueInWords(undone.value, note.target.unit)}; ${undone.detail}\n`);
}
