// The one shape of a verb: parse (strings to options, refusing what cannot be meant) and run (options to an exit code). Verbs lie in
// verbs/, one a file; they are declared, with their options and examples, in declarations.ts.
import type { Ms } from '../judgement/index.js';
import { parseDuration } from '../plan/durations.js';
import { fastest, isPace } from '../../workflows/pace.js';
import type { Cli, ExitCode } from './ports.js';

/** What the command line held: positional arguments in order, options by their long name in camelCase. */
export interface VerbInput { readonly args: readonly (string | readonly string[])[]; readonly options: Readonly<Record<string, unknown>> }

export interface Verb { execute(input: VerbInput, cli: Cli): Promise<ExitCode> }
export interface VerbModule { readonly verb: Verb }

export function defineVerb<O>(parts: { parse(input: VerbInput, cli: Cli): O; run(options: O, cli: Cli): Promise<ExitCode> }): Verb {
  return { execute: async (input, cli) => parts.run(parts.parse(input, cli), cli) };
}

/** The command line cannot be meant: shown with the verb's usage, exit 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function argument(input: VerbInput, index: number, name: string): string {
  const value = input.args[index];
  if (typeof value !== 'string' || value === '') throw new UsageError(`missing ${name}`);
  return value;
}

/** A rollout's id; `rollout/x`, as Temporal's own tools name it, is taken for `x`. */
export function rolloutArgument(input: VerbInput): string {
  return argument(input, 0, 'ID').replace(/^rollout\//, '');
}

export function textOption(input: VerbInput, name: string): string | null {
  const value = input.options[name];
  if (value === undefined || value === false) return null;
  if (typeof value !== 'string') throw new UsageError(`--${name} needs a value`);
  return value;
}

export function flagOption(input: VerbInput, name: string): boolean {
  return input.options[name] === true;
}

/** `--var a=1 --var b=2`. A value may hold `=`; a name given twice is a mistake, not a choice. */
export function varsOption(input: VerbInput): Readonly<Record<string, string>> {
  const given = input.options['var'];
  const vars: Record<string, string> = {};
  for (const pair of Array.isArray(given) ? (given as string[]) : []) {
    const cut = pair.indexOf('=');
    if (cut < 1) throw new UsageError(`--var ${pair}: write it as NAME=VALUE`);
    const name = pair.slice(0, cut);
    if (Object.hasOwn(vars, name)) throw new UsageError(`--var ${name} is given twice`);
    vars[name] = pair.slice(cut + 1);
  }
  return vars;
}

export function dayOption(input: VerbInput, name: string): string | null {
  const day = textOption(input, name);
  if (day === null) return null;
  const at = Date.parse(`${day}T00:00:00Z`);
  // Date.parse lets 30 February through as 1 March on some engines: compare what it made of it
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day) throw new UsageError(`--day-1 ${day}: write a date as YYYY-MM-DD`);
  return day;
}

/** Whether such a time exists in the plan's zone is the plan's to say. */
export function launchOption(input: VerbInput): string | null {
  const launch = textOption(input, 'launch')?.trim() ?? null;
  if (launch === null || launch === 'now' || /^\d{4}-\d{2}-\d{2}([T ]+\d{1,2}:\d{2})$/.test(launch) || /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(launch)) return launch;
  throw new UsageError(`--launch ${launch}: write a date and a time of the plan's zone as 'YYYY-MM-DD HH:MM', an instant with its offset, or now`);
}

/** `--pace 1440`: a day takes a minute. */
export function paceOption(input: VerbInput): number | null {
  const text = textOption(input, 'pace')?.trim() ?? null;
  if (text === null) return null;
  const pace = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!isPace(pace)) throw new UsageError(`--pace ${text}: write a number from 1 to ${fastest}, so many times as fast as planned; at 1440 a day takes a minute`);
  return pace;
}

/** A length of time above zero as plans write it: 90s, 15m, 24h, 2d. */
export function lengthOf(text: string, name: string): Ms {
  const ms = parseDuration(text);
  if (ms === null || ms <= 0) throw new UsageError(`${name} ${text}: write a length of time such as 90s, 15m, 24h or 2d`);
  return ms;
}

export function lengthOption(input: VerbInput, name: string): Ms | null {
  const text = textOption(input, name);
  return text === null ? null : lengthOf(text, `--${name}`);
}
