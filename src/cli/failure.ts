// How a verb ends badly: what is printed and which exit code it gives. A TidegateError answers its four questions; anything else is ours to
// be told about, with versions. With --json the same stands on stdout as one document, and the exit code is the same.
import { TidegateError } from '../errors.js';
import { UsageError } from './verb.js';
import type { Cli, ExitCode } from './ports.js';
import { paintFor } from './paint.js';

export interface FailureDocument { readonly error: { readonly code: string; readonly what: string; readonly where: string | null; readonly means: string | null; readonly todo: string | null } }

export function sayFailure(error: unknown, verb: string, json: boolean, cli: Cli): ExitCode {
  const paint = paintFor(cli.err);
  const document = documentOf(error, verb);
  const lines: string[] = [];
  const { what, where, means, todo, code } = document.error;
  if (error instanceof UsageError) {
    lines.push(`${paint.bad('✖')} tidegate ${verb}: ${what}`, `  ${todo}`);
  } else {
    lines.push(`${paint.bad('✖')} ${what}`);
    if (where !== null) lines.push(`  where  ${where}`);
    if (means !== null) lines.push(`  means  ${means}`);
    if (todo !== null) lines.push(`  do     ${todo}`);
    lines.push(paint.faint(`  code   ${code}`));
    if (!(error instanceof TidegateError)) lines.push('', reportOf(error, verb, cli));
  }
  cli.err.write(`${lines.join('\n')}\n`);
  if (json) cli.out.write(`${JSON.stringify(document, null, 2)}\n`);
  return 1;
}

function documentOf(error: unknown, verb: string): FailureDocument {
  if (error instanceof UsageError) return { error: { code: 'USAGE', what: error.message, where: null, means: null, todo: `Type 'tidegate ${verb} --help' for how it is written.` } };
  if (error instanceof TidegateError) {
    const f = error.fields;
    return { error: { code: f.code, what: f.what, where: f.where ?? null, means: f.means ?? null, todo: f.todo ?? null } };
  }
  return { error: { code: 'UNEXPECTED', what: `Tidegate did not expect this: ${error instanceof Error ? error.message : String(error)}`, where: `tidegate ${verb}`, means: 'The verb ended before it was done; a running rollout is not touched by that.', todo: 'Please report it with the lines below.' } };
}

function reportOf(error: unknown, verb: string, cli: Cli): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return ['--- to report ---', `tidegate ${cli.version}, node ${process.version}, ${process.platform} ${process.arch}, verb ${verb}`, stack, '-----------------'].join('\n');
}
