// What went wrong with the database, as the journal's own errors. Neighbours: port.ts (the classes), sqlite-dialect.ts, postgres-dialect.ts.
// Everything a database can throw is JournalUnavailable: the rollout keeps its entries, and even a damaged file can be put back while it waits.
import { TidegateError } from '../errors.js';
import { JournalUnavailable } from './port.js';

/** Stable codes of JournalUnavailable. */
export type JournalTrouble = 'JOURNAL_BUSY' | 'JOURNAL_DISK_FULL' | 'JOURNAL_UNREACHABLE' | 'JOURNAL_REFUSED' | 'JOURNAL_DAMAGED' | 'JOURNAL_REPLACED' | 'JOURNAL_FAILED';

const means = 'No entry of this batch is acknowledged: the rollout keeps it and writes it later. Moves, watching and rollbacks go on.';

const advice: Readonly<Record<JournalTrouble, { readonly what: string; readonly todo: string }>> = {
  JOURNAL_BUSY: { what: 'another process holds the journal', todo: 'It is tried again by itself; if it lasts, look for a process that keeps a transaction open.' },
  JOURNAL_DISK_FULL: { what: 'there is no room for the journal', todo: 'Make room on the disk that holds it.' },
  JOURNAL_UNREACHABLE: { what: 'the journal cannot be reached', todo: 'Check that the database runs and that its address is right.' },
  JOURNAL_REFUSED: { what: 'the database refuses the journal', todo: 'Check user, password and rights, and that it is not read-only.' },
  JOURNAL_DAMAGED: { what: 'the journal is damaged', todo: 'Keep a copy of it, restore the last backup, and run `tidegate journal ID --verify`.' },
  JOURNAL_REPLACED: { what: 'the journal file was removed or replaced while it was open', todo: 'Put the file back where it was; what is written to a removed file would be lost.' },
  JOURNAL_FAILED: { what: 'the database failed', todo: 'Look at the cause; it is tried again by itself.' },
};

/** One JournalUnavailable with its advice. `where` must already be free of secrets. */
export function unavailable(code: JournalTrouble, where: string, cause?: unknown): JournalUnavailable {
  const reason = causeText(cause);
  return new JournalUnavailable({ code, where, what: `${advice[code].what}${reason === '' ? '' : ` (${reason})`}.`, means, todo: advice[code].todo, ...(cause === undefined ? {} : { cause }) });
}

/** Translates whatever a database driver threw; errors of Tidegate pass through unchanged. */
export function asJournalError(error: unknown, where: string): TidegateError {
  if (error instanceof TidegateError) return error;
  return unavailable(troubleOf(error), where, error);
}

function troubleOf(error: unknown): JournalTrouble {
  const { errcode, code, message } = fieldsOf(error);
  if (typeof errcode === 'number') return sqliteTroubleOf(errcode);
  if (code !== null && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E')) return postgresTroubleOf(code);
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'JOURNAL_DISK_FULL';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'JOURNAL_REFUSED';
  if (code !== null && /^E[A-Z_]+$/.test(code)) return 'JOURNAL_UNREACHABLE';
  if (/timeout|connection|not queryable|closed|password must be|ended/i.test(message)) return 'JOURNAL_UNREACHABLE';
  return 'JOURNAL_FAILED';
}

/** https://sqlite.org/rescode.html; the low byte is the primary code */
function sqliteTroubleOf(errcode: number): JournalTrouble {
  switch (errcode & 0xff) {
    case 5: case 6: case 15: return 'JOURNAL_BUSY';
    case 13: return 'JOURNAL_DISK_FULL';
    // a full disk also shows as a failed write, fsync, truncate or shared-memory growth
    case 10: if (errcode === 522 || errcode === 8458) return 'JOURNAL_DAMAGED'; // the file is shorter than it says, or its file system is corrupt
      return [778, 1034, 1546, 4618, 4874].includes(errcode) ? 'JOURNAL_DISK_FULL' : 'JOURNAL_UNREACHABLE';
    case 14: return 'JOURNAL_UNREACHABLE';
    case 3: case 8: case 23: return 'JOURNAL_REFUSED';
    case 11: case 26: return 'JOURNAL_DAMAGED';
    default: return 'JOURNAL_FAILED';
  }
}

/** https://www.postgresql.org/docs/15/errcodes-appendix.html */
function postgresTroubleOf(code: string): JournalTrouble {
  if (code === '53100') return 'JOURNAL_DISK_FULL';
  if (code === '55P03' || code === '40001' || code === '40P01' || code === '57014' || code === '23505') return 'JOURNAL_BUSY';
  if (code.startsWith('08') || code.startsWith('53') || code.startsWith('57') || code.startsWith('58')) return 'JOURNAL_UNREACHABLE';
  if (code.startsWith('28') || code === '42501' || code === '25006' || code === '3D000') return 'JOURNAL_REFUSED';
  if (code.startsWith('XX')) return 'JOURNAL_DAMAGED';
  return 'JOURNAL_FAILED';
}

function fieldsOf(error: unknown): { readonly errcode: unknown; readonly code: string | null; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { errcode: null, code: null, message: String(error) };
  const fields = error as { errcode?: unknown; code?: unknown; message?: unknown };
  return { errcode: fields.errcode, code: typeof fields.code === 'string' ? fields.code : null, message: typeof fields.message === 'string' ? fields.message : '' };
}

/** A driver's own sentence; an AggregateError (every address of a host refused) has none, only a code. */
function causeText(cause: unknown): string {
  if (cause === undefined) return '';
  const { code, message } = fieldsOf(cause);
  return message !== '' ? message.replace(/\.$/, '') : code ?? 'no reason given';
}
