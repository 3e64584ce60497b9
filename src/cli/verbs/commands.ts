// The commands to a running rollout that need nothing but themselves. Each is a workflow update (workflows/messages.ts); sending and
// showing are in ../command-verb.ts. rollback and amend have files of their own.
import { parseCommand, runCommand } from '../command-verb.js';
import type { CommandName } from '../../../workflows/messages.js';
import { argument, defineVerb, flagOption, lengthOf, textOption, UsageError, type Verb, type VerbInput } from '../verb.js';

function commandVerb(name: CommandName, payload: (input: VerbInput) => Readonly<Record<string, unknown>>): Verb {
  return defineVerb({ parse: (input, cli) => parseCommand(name, input, cli, payload(input)), run: runCommand });
}

const ask = (input: VerbInput) => ({ ask: argument(input, 1, 'ASK') });

export const approve = commandVerb('approve', ask);
export const reject = commandVerb('reject', ask);
export const withdraw = commandVerb('withdraw', ask);
export const answer = commandVerb('answer', (input) => ({ ...ask(input), value: answerValue(argument(input, 2, 'VALUE')) }));
export const pause = commandVerb('pause', () => ({}));
export const resume = commandVerb('resume', () => ({}));
export const extend = commandVerb('extend', (input) => ({ byMs: lengthOf(argument(input, 1, 'TIME'), 'TIME'), ...optional('phase', textOption(input, 'phase')) }));
export const skip = commandVerb('skip', (input) => ({ what: argument(input, 1, 'WHAT') }));
export const stop = commandVerb('stop', (input) => (flagOption(input, 'leaveExposed') ? { leaveExposed: true } : {}));
export const report = commandVerb('report', (input) => ({ event: argument(input, 1, 'EVENT'), ...optional('eventId', textOption(input, 'eventId')), ...optional('at', instantOf(textOption(input, 'at'))) }));

export const incident = commandVerb('incident', (input) => ({ what: argument(input, 1, 'WHAT'), ...optional('severity', textOption(input, 'severity')) }));

/** A number when it is written as one and nothing else: '4.6' is, '1e3x' and 'yes' are words. */
function answerValue(text: string): string | number {
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
}

function optional<T>(name: string, value: T | null): Readonly<Record<string, T>> {
  return value === null ? {} : { [name]: value };
}

function instantOf(text: string | null): number | null {
  if (text === null) return null;
  const at = Date.parse(text);
  // without an offset it would mean another instant on another machine
  if (Number.isNaN(at) || !/(Z|[+-]\d{2}:?\d{2})$/i.test(text)) throw new UsageError(`--at ${text}: write an instant with its offset, e.g. 2026-11-24T09:00:00Z`);
  return at;
}
