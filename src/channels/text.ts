// Text on its way to people. Titles and bodies hold words of other systems (alerts, commands, people), which must not steer a terminal and may be
// longer than a receiver takes. Used by every channel that people read.
import type { Message } from './port.js';

/** Without control characters (line ends and tabs stay) and without marks that turn the direction of writing. */
export function harmless(text: string): string {
  // escape sequences as a whole first, so that their parameters do not stay behind as litter
  return text.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-_])/g, '').replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');
}

/** '2026-11-21 09:15 UTC': the reader of a worker's terminal may sit in another zone than the plan. */
export function instant(at: number): string { return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`; }

/** Beginning and end, and how much is left out between them. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const left = Math.floor(most * 0.7);
  const right = Math.max(0, most - left - 60);
  const head = whole(text.slice(0, left));
  const tail = whole(text.slice(text.length - right));
  return most < 200 ? `${whole(text.slice(0, most - 1))}…` : `${head}\n… ${(text.length - head.length - tail.length).toLocaleString('en')} characters are left out here …\n${tail}`;
}

/** Without half a character at either end. */
const whole = (text: string): string => text.replace(/^[\udc00-\udfff]/, '').replace(/[\ud800-\udbff]$/, '');

/** One line that says what happened where: for subjects and summaries. */
export const headline = ({ severity, rollout, phase, title }: Pick<Message, 'severity' | 'rollout' | 'phase' | 'title'>): string =>
  `[${severity}] ${[rollout, phase].filter((part) => part !== null).join(' · ')}: ${harmless(title).replaceAll('\n', ' ')}`;

/** How the message is answered; null: it asks nothing. */
export function answerCommand({ rollout, ask, answers }: Message): string | null {
  if (ask === null || answers === null) return null;
  return `tidegate answer ${harmless(rollout)} ${harmless(ask)} ${answers.options.length === 0 ? 'VALUE' : answers.options.map(harmless).join('|')} --as ${answers.from.length === 1 ? harmless(answers.from[0] as string) : 'WHO'}`;
}
