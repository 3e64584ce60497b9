// From argv to a verb and its input, by commander; says help and usage itself. Knows the declarations, runs nothing.
import { Command, CommanderError, Option } from 'commander';
import { declarations, type VerbDeclaration } from './declarations.js';
import type { Cli, ExitCode } from './ports.js';
import type { VerbInput } from './verb.js';

export type CommandLine =
  | { readonly kind: 'verb'; readonly declaration: VerbDeclaration; readonly input: VerbInput }
  /** help, the version, or a usage error: everything is said already */
  | { readonly kind: 'said'; readonly exitCode: ExitCode };

export function readCommandLine(argv: readonly string[], cli: Pick<Cli, 'out' | 'err' | 'version'>): CommandLine {
  let chosen: CommandLine | null = null;
  const program = new Command('tidegate');
  program
    .description('Carries a change to all of its users over days and weeks, and keeps its word while everyone sleeps.')
    .version(cli.version, '-V, --version', 'print the version')
    .helpCommand('help [VERB]', 'help for a verb')
    .configureHelp({ subcommandTerm: (c) => `${c.name()} ${c.usage()}`.trim(), showGlobalOptions: false })
    .addHelpText('after', '\nExample:\n  $ tidegate rehearse examples/batch-patches.yaml   # the whole rollout in seconds, before anything moves\n');
  settle(program, cli);
  for (const declaration of declarations) {
    const command = program.command([declaration.name, declaration.args].filter((s) => s !== '').join(' '), { hidden: declaration.hidden === true });
    settle(command, cli);
    command.description(declaration.summary).summary(declaration.summary);
    command.usage([declaration.args, '[options]'].filter((s) => s !== '').join(' '));
    for (const [flags, description, many] of declaration.options) {
      const option = new Option(flags, description);
      if (many === 'many') option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
      command.addOption(option);
    }
    const title = declaration.examples.length > 1 ? 'Examples' : 'Example';
    command.addHelpText('after', `\n${title}:\n${declaration.examples.map((e) => `  $ ${e}`).join('\n')}\n${declaration.notes === undefined ? '' : `\n${declaration.notes}\n`}`);
    command.action((...given: unknown[]) => {
      // commander hands over the positional arguments, then the options, then the command
      chosen = { kind: 'verb', declaration, input: { args: given.slice(0, -2).filter((a) => a !== undefined) as (string | string[])[], options: given.at(-2) as Record<string, unknown> } };
    });
  }
  try {
    if (argv.length === 0) program.outputHelp();
    else program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const exitCode = error.exitCode === 0 ? 0 : 1;
    if (exitCode === 1 && argv.includes('--json')) cli.out.write(`${JSON.stringify({ error: { code: 'USAGE', what: error.message.replace(/^error: /, ''), where: null, means: null, todo: 'Type the verb with --help for how it is written.' } }, null, 2)}\n`);
    return { kind: 'said', exitCode };
  }
  return chosen ?? { kind: 'said', exitCode: argv.length === 0 ? 1 : 0 };
}

/** Subcommands do not inherit these when added by hand, so each is told. */
function settle(command: Command, cli: Pick<Cli, 'out' | 'err'>): void {
  command.exitOverride().showSuggestionAfterError(true).showHelpAfterError('(add --help for how it is written)').configureOutput({
    writeOut: (text) => cli.out.write(text),
    writeErr: (text) => cli.err.write(text),
    getOutHelpWidth: () => Math.min(cli.out.columns, 110),
    getErrHelpWidth: () => Math.min(cli.err.columns, 110),
  });
}
