// journal: the record of one rollout as a report, checked (--verify), as JSON lines (--export), or what it says of an incident (--report). Needs no Temporal.
import { open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ChainHead } from '../../journal/port.js';
import { FinalError } from '../../errors.js';
import { incidentReport } from '../../journal/incident-report.js';
import { incidentInWords } from '../../journal/incident-words.js';
import { allEntries } from '../journal-part.js';
import type { Cli, ExitCode, Journal } from '../ports.js';
import { paintFor } from '../paint.js';
import { defineVerb, flagOption, rolloutArgument, textOption, UsageError } from '../verb.js';
import { plural } from '../../wording.js';

export interface JournalOptions { readonly rollout: string; readonly verify: boolean; readonly exportTo: string | null; /** '-': to stdout; null: not asked for */ readonly reportTo: string | null; readonly json: boolean }
export const journalJsonFields = ['rollout', 'place', 'head', 'entries', 'verified (with --verify): ok, entries, head, problems', 'exported (with --export): file, entries', 'incidents and what is around them (with --report)'] as const;

export const verb = defineVerb<JournalOptions>({
  parse: (input) => {
    const exportTo = textOption(input, 'export');
    const json = input.options['json'] === true;
    if (json && exportTo === '-') throw new UsageError('--json and --export - both want stdout: give --export a file');
    const reportTo = input.options['report'] === true ? '-' : textOption(input, 'report');
    if (reportTo !== null && (exportTo !== null || flagOption(input, 'verify'))) throw new UsageError('--report goes alone: ask for the other by another call');
    return { rollout: rolloutArgument(input), reportTo, verify: flagOption(input, 'verify'), exportTo, json };
  },
  run: async (options, cli): Promise<ExitCode> => {
    const journal = await cli.parts.journal();
    cli.atEnd(() => journal.close());
    const head = await journal.store.head(options.rollout);
    if (head.seq === 0) throw await notThere(options.rollout, journal);
    if (options.reportTo !== null) return incident(options.reportTo, options, journal, cli);
    const kept = options.verify ? await headInTemporal(options.rollout, cli) : null;
    const verified = options.verify ? await journal.verify(options.rollout, kept ?? undefined) : null;
    const exported = options.exportTo === null ? null : await exportTo(options.exportTo, options.rollout, journal, cli);
    if (options.json) {
      const entries = exported === null && verified === null ? await allEntries(journal.store, options.rollout) : undefined;
      cli.out.write(`${JSON.stringify({ rollout: options.rollout, place: journal.place, head, entries, verified: verified ?? undefined, exported: exported ?? undefined }, null, 2)}\n`);
    } else {
      const talk = options.exportTo === '-' ? cli.err : cli.out;
      const paint = paintFor(talk);
      if (exported !== null && options.exportTo !== '-') talk.write(`${paint.good('✔')} ${plural(exported.entries, 'entry', 'entries')} written to ${exported.file}\n`);
      if (verified !== null) {
        talk.write(verified.ok ? `${paint.good('✔')} the chain of ${plural(verified.entries, 'entry', 'entries')} is unbroken; its head is ${verified.head.hash}${kept === null ? '' : `, and is the one the rollout keeps in Temporal`}\n` : `${paint.bad('✖')} the chain is broken:\n`);
        for (const problem of verified.problems) talk.write(`  ${problem.what}\n`);
      }
      if (verified === null && exported === null) cli.out.write(`${(await journal.report(options.rollout, { width: cli.out.columns, color: cli.out.color })).trimEnd()}\n`);
    }
    return verified !== null && !verified.ok ? 1 : 0;
  },
});

/** Facts only: it says what the record says, and nothing about what it does not. */
async function incident(to: string, { rollout, json }: JournalOptions, journal: Journal, cli: Cli): Promise<ExitCode> {
  const report = incidentReport(await allEntries(journal.store, rollout));
  const text = json ? `${JSON.stringify(report, null, 2)}\n` : incidentInWords(report);
  if (to === '-') { cli.out.write(text); return 0; }
  const { file } = await write(to, [text.trimEnd()], cli);
  if (!json) cli.out.write(`${paintFor(cli.out).good('✔')} ${plural(report.incidents.length, 'incident')} written to ${file}\n`);
  return 0;
}

/** The record's end as the workflow keeps it, outside the database: whoever cuts the tail off cannot cut it there. Best effort: the check works without. */
async function headInTemporal(rollout: string, cli: Cli): Promise<ChainHead | null> {
  try {
    const rollouts = await cli.parts.rollouts();
    cli.atEnd(() => rollouts.close());
    const head = (await rollouts.see(rollout)).status?.journalHead ?? null;
    if (head === null) cli.err.write('No worker answers: the head was not compared with the one the rollout keeps.\n');
    return head;
  } catch (error) {
    cli.err.write(`The head was not compared with the one the rollout keeps in Temporal: ${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}

async function notThere(rollout: string, journal: Journal): Promise<FinalError> {
  const known = (await journal.store.rollouts()).map((r) => r.rollout);
  return new FinalError({ code: 'NO_RECORD', what: `The journal holds no record of ${rollout}.`, where: journal.place, means: 'There is nothing to show.', todo: known.length === 0 ? 'It is empty: check TIDEGATE_JOURNAL.' : `It holds ${known.slice(0, 10).join(', ')}${known.length > 10 ? ' …' : ''}; check the id and TIDEGATE_JOURNAL.` });
}

async function exportTo(file: string, rollout: string, journal: Journal, cli: Cli): Promise<{ readonly file: string; readonly entries: number }> {
  if (file !== '-') return write(file, journal.lines(rollout), cli);
  let entries = 0;
  for await (const line of journal.lines(rollout)) { cli.out.write(`${line}\n`); entries += 1; }
  return { file, entries };
}

/** Beside the file and then in its place: one that was interrupted leaves the older one whole. */
async function write(file: string, lines: AsyncIterable<string> | Iterable<string>, cli: Cli): Promise<{ readonly file: string; readonly entries: number }> {
  let entries = 0;
  const path = resolve(cli.cwd, file);
  const fresh = `${path}.${cli.user.pid}.part`;
  try {
    const handle = await open(fresh, 'w');
    try {
      for await (const line of lines) { await handle.write(`${line}\n`); entries += 1; }
      await handle.sync();
    } finally { await handle.close(); }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new FinalError({ code: 'FILE_UNWRITABLE', what: `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}.`, where: path, means: 'Nothing was written; the journal is not touched.', todo: 'Check the directory, its permissions and the free space.', cause: error });
  }
  return { file: path, entries };
}
