// What comes from outside as JSON, looked at before anything believes it: the fields of each command and the options of a start. A misspelt
// field is refused rather than left out: `rollback` without the phase that was meant takes everything back.
import type { CommandName } from './messages.js';
import { fastest, isPace } from './pace.js';

type Shape = 'text' | 'number' | 'yes or no' | 'value' | 'texts' | 'document' | 'by' | 'length' | 'id' | 'pace';
interface Field { readonly shape: Shape; readonly needed?: true }
type Fields = Readonly<Record<string, Field>>;

const text: Field = { shape: 'text' };
const by: Fields = { by: { shape: 'text', needed: true }, osUser: text, host: text, identity: text, reason: text, id: text };
const ask: Fields = { ...by, ask: { shape: 'text', needed: true }, value: { shape: 'value' } };

const fieldsOf: Readonly<Record<CommandName, Fields>> = {
  approve: ask, reject: ask, withdraw: ask, answer: { ...ask, value: { shape: 'value', needed: true } },
  pause: by, resume: by,
  extend: { ...by, byMs: { shape: 'length', needed: true }, phase: text },
  skip: { ...by, what: { shape: 'text', needed: true } },
  rollback: { ...by, phase: text, to: text },
  stop: { ...by, leaveExposed: { shape: 'yes or no' } },
  report: { ...by, event: { shape: 'text', needed: true }, at: { shape: 'number' }, eventId: text },
  incident: { ...by, what: { shape: 'text', needed: true }, severity: text },
  done: { ...by, what: { shape: 'text', needed: true } },
  amend: { ...by, plan: { shape: 'document', needed: true } },
};
const startFields: Fields = { day1: text, launch: text, pace: { shape: 'pace' }, vars: { shape: 'texts' }, startedBy: { shape: 'by' }, id: { shape: 'id' }, cadenceMs: { shape: 'length' }, maxHistoryEvents: { shape: 'length' } };

const words: Readonly<Record<Shape, string>> = {
  text: 'a text', number: 'a number', 'yes or no': 'true or false', value: 'a text, a number, true or false', texts: 'a map of texts', document: 'a JSON object', by: 'a JSON object with at least "by"', length: 'a number over 0',
  id: 'a text of a-z, 0-9 and -, at most 63 of them, that begins and ends with a letter or digit', pace: `a number from 1 to ${fastest}, so many times as fast as planned`,
};
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

function fits(value: unknown, shape: Shape): boolean {
  switch (shape) {
    case 'text': return typeof value === 'string';
    case 'number': return typeof value === 'number' && Number.isFinite(value);
    case 'length': return typeof value === 'number' && Number.isFinite(value) && value > 0;
    case 'yes or no': return typeof value === 'boolean';
    case 'value': return ['string', 'number', 'boolean'].includes(typeof value);
    case 'texts': return isMap(value) && Object.values(value).every((one) => typeof one === 'string');
    case 'document': return isMap(value);
    case 'by': return isMap(value) && problems(value, by).length === 0 && String(value['by']).trim() !== '';
    case 'pace': return isPace(value);
    case 'id': return typeof value === 'string' && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value);
  }
}

function problems(given: Readonly<Record<string, unknown>>, fields: Fields): string[] {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(fields, name)).map((name) => `there is no "${name}" here (known: ${Object.keys(fields).join(', ')})`);
  const wrong = Object.entries(fields).flatMap(([name, { shape, needed }]) => given[name] === undefined ? (needed ? [`"${name}" is missing: ${words[shape]}`] : []) : fits(given[name], shape) ? [] : [`"${name}" takes ${words[shape]}`]);
  return [...unknown, ...wrong];
}

/** What is wrong with a command that is a JSON object; empty: it can be understood. */
export const commandProblems = (name: CommandName, command: object): readonly string[] => problems(command as Readonly<Record<string, unknown>>, fieldsOf[name]);

/** The same for the second input of a start. */
export const startProblems = (options: unknown): readonly string[] => (isMap(options) ? problems(options, startFields) : ['they are a JSON object']);
