// What a plan may say of a target that commands move, and where its value goes into a command. The provider is ./command.ts;
// ./env-file.ts and ./compose.ts take their commands in the same form.
import { z } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import type { ProviderSettings } from '../plan/types.js';
import { commandEnv, runSetting, timeLimit } from '../process/settings.js';
import { isYes, yesNo } from '../provider-settings.js';

/** The values of `env` are often credentials, and failing programs like to print theirs. */
export const secretsIn = (env: Readonly<Record<string, string>> | undefined): readonly string[] => Object.values(env ?? {});

export const settingsSchema = z.strictObject({
  /** puts `{value}` in force */
  write: runSetting,
  /** writes the value in force as its last line; changes nothing */
  read: runSetting.optional(),
  /** ends with 0 when users really get `{value}` */
  verify: runSetting.optional(),
  /** takes it back to `{value}`, the value before the first move; default `write` */
  undo: runSetting.optional(),
  /** why there is no way back */
  'cannot be undone': z.string().min(1).optional(),
  /** running `write` twice with one value does the same as running it once */
  repeatable: yesNo.optional(),
  /** what it stands at before the first move, where no `read` can tell */
  before: z.union([z.number(), z.string().min(1)]).optional(),
  /** for each of the commands, default 30s; never longer than the target's own write limit */
  timeout: timeLimit.optional(),
  cwd: z.string().min(1).optional(),
  env: commandEnv.optional(),
});
export type CommandTarget = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: null, check: (settings) => problems(settings), unlimited: (_settings, is) => (is === null || is === '' ? 'a command is given a number or a word, and says one' : null) };

const COMMANDS = ['write', 'read', 'verify', 'undo'] as const;

export function isRepeatable(settings: CommandTarget): boolean { return isYes(settings.repeatable); }

function problems(given: ProviderSettings): string[] {
  const settings = settingsSchema.parse(given);
  const found: string[] = [];
  if (settings.read === undefined && !isRepeatable(settings)) found.push("say how to `read` what it stands at, or `repeatable: yes` if running `write` twice does no harm: without either, an outcome that was lost can never be known");
  if (settings.read === undefined && settings.undo === undefined && settings['cannot be undone'] === undefined) found.push("say how to `undo` it, or `cannot be undone:` and why (with a `read`, writing the value before is the undo)");
  if (settings.undo !== undefined && settings['cannot be undone'] !== undefined) found.push("`undo` and `cannot be undone` contradict each other");
  if (settings.read === undefined && settings.before === undefined) found.push("say what it stands at `before` the first move, since no `read` can tell");
  if (settings.read !== undefined && settings.before !== undefined) found.push("`before` is only for a target without `read`: what is read counts");
  for (const name of COMMANDS) {
    const command = settings[name];
    const problem = command === undefined ? null : placeholderProblem(command);
    if (problem !== null) found.push(`${name}: ${problem}`);
  }
  return found;
}

const SHELLS = /(^|\/)(sh|bash|dash|ash|zsh|ksh|fish)$/;
const ADVICE = 'write "$TIDEGATE_VALUE" there: the value comes as this variable';

/** Why `{value}` cannot be put in safely: only a shell's own quoting keeps a value from being read as code. */
export function placeholderProblem(command: string | readonly string[]): string | null {
  if (typeof command !== 'string') {
    if (command[0]?.includes('{value}') === true) return '`{value}` cannot be the program';
    return SHELLS.test(command[0] ?? '') && command.some((part) => part.includes('{value}')) ? `\`{value}\` may not stand in a text that a shell reads; ${ADVICE}` : null;
  }
  return outsideQuotes(command) ? null : `\`{value}\` stands inside quotes or behind a backslash, where it cannot be put in as one word; ${ADVICE}, or put \`{value}\` outside the quotes`;
}

function outsideQuotes(line: string): boolean {
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const c = line[i] as string;
    if (line.startsWith('{value}', i) && (quote !== '' || line[i - 1] === '$' || line[i - 1] === '\\')) return false;
    if (c === '\\' && quote !== "'") { if (line.startsWith('{value}', i + 1)) return false; i++; }
    else if (quote === '' && (c === '"' || c === "'")) quote = c;
    else if (c === quote) quote = '';
  }
  return true;
}

/** The command with the value in its place: as one quoted word of a line, as plain text of an argument. */
export function withValue(command: string | readonly string[], value: string): string | readonly string[] {
  return typeof command === 'string' ? command.replaceAll('{value}', () => '"$TIDEGATE_VALUE"') : command.map((part) => part.replaceAll('{value}', () => value));
}
