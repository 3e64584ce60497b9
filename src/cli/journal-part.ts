// Opens the journal for the verbs. Which one: TIDEGATE_JOURNAL, else the file of this home (src/engine/settings.ts).
import { existsSync } from 'node:fs';
import { FinalError } from '../errors.js';
import { readSettings } from '../engine/settings.js';
import type { StoredEntry } from '../journal/port.js';
import { exportLines } from '../journal/export.js';
import { renderReport } from '../journal/report.js';
import { openJournal } from '../journal/store.js';
import { verifyChain } from '../journal/verify.js';
import type { Cli, Journal } from './ports.js';

export async function openJournalPart(cli: Pick<Cli, 'env' | 'cwd'>): Promise<Journal> {
  const { journal: at } = readSettings({ ...cli.env }, cli.cwd);
  // reading must not create an empty journal beside the real one
  if (at.kind === 'sqlite' && !existsSync(at.file)) {
    throw new FinalError({ code: 'NO_JOURNAL', what: 'There is no journal here.', where: at.file, means: 'There is nothing to show.', todo: 'Set TIDEGATE_JOURNAL or TIDEGATE_HOME to where the worker keeps it, or go to that directory.' });
  }
  const store = await openJournal(at.kind === 'sqlite' ? at.file : at.url);
  return {
    store,
    place: at.kind === 'sqlite' ? at.file : placeOf(at.url),
    verify: (rollout, head) => verifyChain(store, rollout, head),
    lines: (rollout) => exportLines(store, rollout),
    report: async (rollout, options) => renderReport(await allEntries(store, rollout), options),
    close: () => store.close(),
  };
}

/** Host and database; never user, password or options. */
function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

export async function allEntries(store: Pick<Journal['store'], 'entries'>, rollout: string): Promise<readonly StoredEntry[]> {
  const page = 500;
  const all: StoredEntry[] = [];
  for (;;) {
    const some = await store.entries(rollout, (all.at(-1)?.seq ?? 0) + 1, page);
    all.push(...some);
    if (some.length < page) return all;
  }
}
