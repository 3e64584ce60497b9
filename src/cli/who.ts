// Who gives a command: an asserted name beside what the machine says about its user. Nobody is signed in yet, so the record keeps both.
import type { By } from '../../workflows/messages.js';
import type { Cli } from './ports.js';
import { textOption, type VerbInput } from './verb.js';

/** `--as`, else TIDEGATE_AS, else the OS user. */
export function actorOf(input: VerbInput, cli: Cli): string {
  return textOption(input, 'as') ?? cli.env['TIDEGATE_AS'] ?? cli.user.osUser;
}

export function byOf(actor: string, reason: string | null, identity: string, cli: Cli): By {
  return { by: actor, osUser: cli.user.osUser, host: cli.user.host, identity, ...(reason === null ? {} : { reason }) };
}
