// What a verb is given and nothing more: streams, clock, keyboard, and the parts of Tidegate it may open. The real ones are built in
// terminal.ts and parts.ts; tests build their own. No import from here loads Temporal.
import type { Rehearsal } from '../engine/rehearsal.js';
import type { Rollouts } from '../engine/rollouts-port.js';
import type { DoctorCheck } from '../engine/doctor-checks.js';
import type { EpochMs, Ms } from '../judgement/index.js';
import type { ChainHead, JournalStore } from '../journal/port.js';
import type { ChainCheck } from '../journal/verify.js';
import type { Problem } from '../plan/problems.js';
import type { PlanOptions, Warning } from '../plan/index.js';
import type { ResolvedPlan } from '../plan/types.js';
import type { Status } from '../../workflows/messages.js';

export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 130 | 143;

/** One end of the terminal. `columns` is 80 where nobody knows better. */
export interface Sink { write(text: string): void; readonly isTTY: boolean; readonly columns: number; /** colours are wanted here */ readonly color: boolean }

/** A part of the screen that is drawn over until `done`. */
export interface LiveText { draw(text: string): void; done(): void }

export interface Cli {
  /** the result, alone */
  readonly out: Sink;
  /** progress, warnings, errors */
  readonly err: Sink;
  readonly stdinIsTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly user: { readonly osUser: string; readonly host: string; readonly pid: number };
  readonly version: string;
  now(): EpochMs;
  /** Ends early, without an error, when `signal` or the interruption comes. */
  sleep(ms: Ms, signal?: AbortSignal): Promise<void>;
  /** Ctrl-C or SIGTERM */
  readonly interrupted: AbortSignal;
  /** Run once at the end of the verb, newest first, however it ends. */
  atEnd(cleanUp: () => Promise<void> | void): void;
  /** A file's text; `-` is standard input. */
  readText(file: string): Promise<string>;
  live(): LiveText;
  /** Single keys, only where stdin and stdout are terminals (elsewhere nothing is ever heard). Returns how to stop listening. */
  keys(heard: (key: string) => void): () => void;
  readonly parts: Parts;
}

/** The parts a verb may open, each loaded on first use. Everything opened is closed by the caller through `Cli.atEnd`. */
export interface Parts {
  plans(): Promise<Plans>;
  rollouts(): Promise<Rollouts>;
  journal(): Promise<Journal>;
  targets(): Promise<Targets>;
  rehearse(plan: PlanInput, options: RehearseOptions): Promise<RehearsalReport>;
  stack(options: StackOptions): Promise<RunningStack>;
  /** @param fix repair what can be repaired without asking */
  doctor(fix: boolean): Promise<readonly DoctorCheck[]>;
  /** Tries everything that the plan would call, changing nothing. Never throws: what cannot be tried is a check that is not ok. */
  planChecks(plan: ResolvedPlan, withinMs: Ms): Promise<readonly DoctorCheck[]>;
}

// ── plans ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
export interface PlanInput { readonly text: string; readonly file: string; readonly vars: Readonly<Record<string, string>>; readonly day1: string | null; /** of `--launch`; absent or null: as the plan says */ readonly launch?: string | null; /** of `--pace`; absent or null: as planned */ readonly pace?: number | null; /** it is to be started: see PlanOptions */ readonly starting?: boolean; /** what to do where a variant must be chosen and none is; absent: it is refused */ readonly unchosen?: PlanOptions['unchosen']; /** instant at which the plan is resolved: its day 1 unless told */ readonly now: EpochMs }
export type ParsedPlan =
  | { readonly ok: true; readonly plan: ResolvedPlan; /** as it goes to the workflow: plain JSON, unresolved, variables unfilled; read when asked for, which `validate` never does */ document(): unknown; /** the same with its variables filled in */ filled(): unknown; readonly warnings: readonly Warning[] }
  | { readonly ok: false; readonly errors: readonly Problem[]; readonly warnings: readonly Warning[] };
export interface Plans {
  parse(input: PlanInput): ParsedPlan;
  schema(): unknown;
}

// ── rollouts on the engine ───────────────────────────────────────────────────────────────────────────────────────────────────────
export type { ExecutionState, RolloutRow, Seen, StartRequest, WorkItem, ReviewDates, Rollouts } from '../engine/rollouts-port.js';

// ── the record ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────
export interface Journal {
  readonly store: JournalStore;
  /** where it lies, for people; never with a password */
  readonly place: string;
  /** @param head the last entry the rollout knows to be written; left out: a removed tail is not seen */
  verify(rollout: string, head?: ChainHead): Promise<ChainCheck>;
  /** one line an entry, without the line end */
  lines(rollout: string): AsyncIterable<string>;
  report(rollout: string, options: { readonly width: number; readonly color: boolean }): Promise<string>;
  close(): Promise<void>;
}

// ── targets, without the engine ─────────────────────────────────────────────────────────────────────────────────────────────────
import type { ResolvedTarget, TargetValue } from '../plan/types.js';
export interface Targets {
  /** Problems that are known without any I/O; empty: none. @throws what keeps it from being called here at all */
  check(target: ResolvedTarget, values: readonly TargetValue[]): readonly string[];
  /** @param withinMs default 30 s; then it is unreachable, whatever its provider does */
  read(target: ResolvedTarget, key: string, withinMs?: Ms): Promise<{ readonly value: TargetValue; readonly detail: string; readonly unsettled?: true }>;
  write(target: ResolvedTarget, value: TargetValue, key: string): Promise<void>;
  verify(target: ResolvedTarget, value: TargetValue, key: string): Promise<string>;
}

// ── rehearsal, stack, doctor ─────────────────────────────────────────────────────────────────────────────────────────────────────
export interface RehearseOptions {
  readonly scenario: { readonly text: string; readonly file: string } | null;
  readonly cadenceMs: Ms | null;
  readonly untilMs: Ms | null;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}
/** What the verb uses of a rehearsal; what else it carries is printed by `--json`, but for what is bulky. */
export type RehearsalReport = Omit<Rehearsal, 'status' | 'entries' | 'history' | 'historyEvents'> & { readonly status: Pick<Status, 'day1' | 'launch'> };

export interface StackOptions { readonly dir: string; readonly env: Readonly<Record<string, string | undefined>>; readonly progress: (line: string) => void; readonly ports: 'fixed' | 'free' }
export interface RunningStack { readonly address: string; readonly namespace: string; readonly ui: string | null; /** of health and metrics */ readonly http: string | null; /** of the inbound listener */ readonly inbound: string | null; readonly journal: string; /** the environment another tidegate needs to find this stack */ readonly env: Readonly<Record<string, string>>; stop(): Promise<void>; /** settles when a part of it dies */ readonly died: Promise<string> }
