// One run of the `tidegate` command, from argv to an exit code, cleaned up however it ends. What a verb is given is built in terminal.ts and
// parts.ts; verbs are declared in declarations.ts and lie in verbs/. The process's own entry is main.ts.
import { readCommandLine } from './command-line.js';
import { sayFailure } from './failure.js';
import type { Cli, ExitCode } from './ports.js';
import type { Terminal } from './terminal.js';

/** Runs one command line to its end, cleaned up. Never throws. Without a side effect on `process` beyond what `cli` does. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const cli: Cli = terminal;
  const line = readCommandLine(argv, cli);
  if (line.kind === 'said') return line.exitCode;
  const { declaration, input } = line;
  const json = input.options['json'] === true;
  let exitCode: ExitCode;
  try {
    const work = declaration.load().then(({ verb }) => verb.execute(input, cli));
    exitCode = await Promise.race([work, interruption(cli)]);
  } catch (error) {
    exitCode = cli.interrupted.aborted ? interruptedCode(cli) : sayFailure(error, declaration.name, json, cli);
  }
  // what a verb has opened is closed even when it was interrupted; a clean-up that fails is told, and does not hide how the verb ended
  for (const problem of await terminal.cleanUp()) cli.err.write(`tidegate ${declaration.name}: cleaning up: ${problem}\n`);
  return cli.interrupted.aborted ? interruptedCode(cli) : exitCode;
}

function interruption(cli: Cli): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(new Error('interrupted'));
    if (cli.interrupted.aborted) end();
    else cli.interrupted.addEventListener('abort', end, { once: true });
  });
}

function interruptedCode(cli: Cli): ExitCode {
  return cli.interrupted.reason === 'SIGTERM' ? 143 : 130;
}
