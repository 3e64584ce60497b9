// A plan file at the edge: read, parsed, and refused with every error before anything moves. Used by start, amend, rehearse and quickstart.
import { resolve } from 'node:path';
import { FinalError } from '../errors.js';
import { paintFor } from './paint.js';
import { printProblem, type Problem } from '../plan/problems.js';
import type { Warning } from '../plan/index.js';
import type { Cli, ParsedPlan, PlanInput, Sink } from './ports.js';
import { plural } from '../wording.js';

export type ValidPlan = Extract<ParsedPlan, { ok: true }>;

export async function readPlan(file: string, given: Omit<PlanInput, 'text' | 'file' | 'now'>, cli: Cli): Promise<PlanInput> {
  let text: string;
  try {
    text = await cli.readText(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : code === 'EACCES' ? 'it may not be read' : error instanceof Error ? error.message : String(error);
    throw new FinalError({ code: 'FILE_UNREADABLE', what: `${file} cannot be read: ${why}.`, where: resolve(cli.cwd, file), means: 'Nothing was done.', todo: 'Check the path.', cause: error });
  }
  return { text, file: file === '-' ? '<stdin>' : file, now: cli.now(), ...given };
}

export async function parseOrRefuse(input: PlanInput, cli: Cli): Promise<ValidPlan> {
  const parsed = (await cli.parts.plans()).parse(input);
  sayRemarks(input.file, parsed.warnings, cli.err);
  if (parsed.ok) return parsed;
  sayProblems(input.file, parsed.errors, cli.err);
  const tooSoon = parsed.errors.every(({ code }) => code === 'LAUNCH_TOO_SOON');
  throw new FinalError({ code: tooSoon ? 'LAUNCH_TOO_SOON' : 'PLAN_INVALID', what: `${input.file} has ${plural(parsed.errors.length, 'error')}, the first: ${printProblem(parsed.errors[0]!, input.file)}`, means: 'Nothing was started and nothing moved.', todo: tooSoon ? 'Give a later --launch, or --launch now.' : `Correct it; 'tidegate validate ${input.file}' checks it again.` });
}

/** One line a problem, as `file:line:column: message`. */
export function sayProblems(file: string, problems: readonly Problem[], to: Sink): void {
  for (const problem of problems) to.write(`${printProblem(problem, file)}\n`);
}

/** The same for what is no error: each says what it is. */
export function sayRemarks(file: string, remarks: readonly Warning[], to: Sink): void {
  const paint = paintFor(to);
  sayProblems(file, remarks.map((one) => ({ ...one, message: `${one.level === 'note' ? paint.faint(one.level) : paint.warn(one.level)}: ${one.message}` })), to);
}
