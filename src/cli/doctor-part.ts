// Runs the doctor's checks with this machine's environment and the journal as the verbs open it.
import { doctorChecks, type DoctorCheck } from '../engine/doctor-checks.js';
import { openJournal } from '../journal/store.js';
import type { Cli } from './ports.js';

export function runDoctor(fix: boolean, cli: Pick<Cli, 'env' | 'cwd'>): Promise<readonly DoctorCheck[]> {
  return doctorChecks({ env: { ...cli.env }, cwd: cli.cwd, fix, openJournal: ({ journal }) => openJournal(journal.kind === 'sqlite' ? journal.file : journal.url) });
}
