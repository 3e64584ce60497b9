// Runs one command for a target, to success, and says in the port's own errors how else it ended. Used by the providers that need commands
// (./command.ts, ./nginx.ts, ./file-and-command.ts); starting, limiting and allowing it: src/process/run.ts.
import { maskSecrets } from '../plan/secrets.js';
import type { AllowedCommands } from '../process/allow.js';
import { shorten } from '../process/output.js';
import { CommandNotStarted, CommandRefused, runCommand, type CommandResult } from '../process/run.js';
import { TargetRefused, TargetUnreachable, type TargetContext } from './port.js';

/** what `context.keep` takes */
const KEPT_BYTES = 4_096;
/** Values shorter than this would eat ordinary words. */
const SECRET_LENGTH = 4;

export interface TargetCommand {
  /** whose command it is, for messages: 'model, its write command' */
  readonly where: string;
  readonly run: string | readonly string[];
  readonly timeoutMs: number;
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>>;
  /** it changes something, so that an unknown end is an unknown outcome */
  readonly changes: boolean;
  /** what it says belongs to the record */
  readonly kept: boolean;
  /** exit codes that are answers of this command; default 0 alone */
  readonly answers?: readonly number[];
  /** to be masked besides those of the context */
  readonly secrets?: readonly string[];
  readonly context: TargetContext;
  readonly allow: AllowedCommands;
}

/** What an answering command said; its stderr is masked, its stdout not, which may be the value asked for. @throws TargetRefused when it did not run or says that repeating cannot help, else TargetUnreachable: COMMAND_FAILED, COMMAND_TIMED_OUT, ABORTED, COMMAND_NOT_STARTED */
export async function runForTarget(command: TargetCommand): Promise<CommandResult> {
  const { where, context, timeoutMs } = command;
  const mask = maskFor(context, command.secrets ?? []);
  const unknown = command.changes ? 'Whether it took effect is not known; it is read back before anything is repeated.' : 'What the target stands at is not known.';
  let result: CommandResult;
  try {
    result = await runCommand({ run: command.run, timeoutMs, cwd: command.cwd, env: command.env, signal: context.signal, allow: command.allow });
  } catch (error) {
    // the command's text may hold secrets that were put in, so its own message is built anew and its cause left out
    if (error instanceof CommandRefused) throw new TargetRefused({ code: error.code, where, what: mask(error.fields.what), means: 'It was not run.', ...(error.fields.todo === undefined ? {} : { todo: error.fields.todo }) });
    if (error instanceof CommandNotStarted) throw new TargetUnreachable({ code: error.code, where, what: error.fields.what, means: 'It was not run; it will be tried again.' });
    throw error;
  }
  const said = mask([result.stdout.trimEnd(), result.stderr.trimEnd()].filter((text) => text !== '').join('\n'));
  if (command.kept && said !== '') context.keep(shorten(said, KEPT_BYTES - 64));
  if (result.exitCode !== null && (command.answers ?? [0]).includes(result.exitCode)) return { ...result, stderr: mask(result.stderr) };
  const line = mask(shorten(lastLine(result.stderr) || lastLine(result.stdout), 200));
  const words = line === '' ? '' : `: ${line}`;
  if (result.aborted) throw new TargetUnreachable({ code: 'ABORTED', where, what: 'it was given up and killed.', means: unknown });
  if (result.timedOut) throw new TargetUnreachable({ code: 'COMMAND_TIMED_OUT', where, what: `it did not end within ${timeoutMs} ms and was killed with all it had started${words}.`, means: unknown, todo: "If it needs longer, raise 'timeout'." });
  const ended = result.exitCode === null ? `it was ended by ${result.killedBy}` : `it ended with exit code ${result.exitCode}`;
  if (result.exitCode !== null && REFUSALS.has(result.exitCode)) {
    throw new TargetRefused({ code: 'COMMAND_REFUSED', where, what: `${ended} (${REFUSALS.get(result.exitCode)})${words}.`, means: 'Repeating cannot help; it is not repeated.', todo: 'Look at what the command said.' });
  }
  throw new TargetUnreachable({ code: 'COMMAND_FAILED', where, what: `${ended}${words}.`, means: unknown, todo: 'Look at what the command said.' });
}

/** Exit codes by which a command says that repeating it cannot help: the shell's own two, and two of sysexits.h. */
const REFUSALS: ReadonlyMap<number, string> = new Map([[126, 'it may not be executed'], [127, 'there is no such program'], [77, 'permission denied'], [78, 'configuration error']]);

/** Takes what the caller put in, and `more`, out of a text. */
export function maskFor(context: TargetContext, more: readonly string[]): (text: string) => string {
  const secrets = [...(context.secrets ?? []), ...more].filter((value) => value.length >= SECRET_LENGTH);
  return (text) => maskSecrets(text, secrets);
}

export const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)?.trim() ?? '';
