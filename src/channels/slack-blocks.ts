// A message as Slack shows it: Block Kit within Slack's limits, and the plain text that notifications and screen readers take instead.
// Sent by slack.ts. Words that came from elsewhere can neither mention anybody nor be taken for a link.
import type { JsonValue } from '../plan/types.js';
import type { Message } from './port.js';
import { knownAs } from './settings.js';
import { harmless, instant, shortened } from './text.js';

/** A section holds 3,000 characters; Slack refuses messages whose blocks hold about 13,000 together, though no single limit says so. */
const SECTION = 2_900;
const BODY = 8_000;
const TITLE = 1_000;
const ADDRESSED = 1_500;
const BUTTON_VALUE = 2_000;
const BUTTON_TEXT = 75;
const BUTTONS = 5;

export interface Look {
  /** the people of the plan by their Slack user ids */
  readonly people: Readonly<Record<string, string>> | undefined;
  /** buttons only where they can be taken away again */
  readonly buttons: boolean;
}

export interface Shown { readonly text: string; readonly blocks: readonly JsonValue[] }

export function shown(message: Message, { people, buttons }: Look): Shown {
  const place = [message.rollout, message.phase].filter((part) => part !== null).join(' · ');
  const title = fitted(harmless(message.title).replaceAll('\n', ' '), TITLE);
  const to = message.to.map((id) => { const user = knownAs(people, id); return `${escaped(harmless(id))}${user === null ? '' : ` <@${user}>`}`; });
  const body = fitted(harmless(message.body).trim(), BODY);
  const options = buttons ? buttonsOf(message) : [];
  return {
    text: `[${message.severity}] ${escaped(place)}: ${escaped(title)}`,
    blocks: [
      section(`*[${message.severity}]* ${escaped(place)}\n*${escaped(title)}*`),
      ...pieces(escaped(body)).map(section),
      ...(to.length === 0 ? [] : [section(addressed(to))]),
      ...(options.length === 0 ? [] : [{ type: 'actions', elements: options }]),
      { type: 'context', elements: [{ type: 'plain_text', text: shortened(`${message.key} · ${instant(message.at)}`, 300), emoji: false }] },
    ],
  };
}

const section = (text: string): JsonValue => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } });

function addressed(to: readonly string[]): string {
  let line = `to ${to[0]}`;
  for (const [index, one] of to.entries()) {
    if (index === 0) continue;
    if (line.length + one.length > ADDRESSED) return `${line} and ${to.length - index} more`;
    line += `, ${one}`;
  }
  return line;
}

/** None where an answer needs more than a press: a number, a reason, a choice among many. */
function buttonsOf({ rollout, ask, answers }: Message): readonly JsonValue[] {
  if (ask === null || answers === null || answers.options.includes('number')) return [];
  const options = answers.options.filter((option) => option !== 'not-applicable'); // it is taken only with a reason
  const elements = options.map((option, index) => ({
    // ids of one block must differ
    type: 'button', action_id: `tidegate/answer/${index}`, value: JSON.stringify({ rollout, ask, value: option }),
    text: { type: 'plain_text', text: shortened(option, BUTTON_TEXT), emoji: false }, ...(option === answers.healthy ? { style: 'primary' } : {}),
  }));
  return elements.length > BUTTONS || elements.some(({ value }) => value.length > BUTTON_VALUE) ? [] : elements;
}

/** The three characters that mean something to Slack. */
export const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Shortened until it is at most so long as it is sent, with all that has to be escaped. */
function fitted(text: string, most: number): string {
  for (let length = most; ; length = Math.floor(length * 0.8)) {
    const short = shortened(text, length);
    if (JSON.stringify(escaped(short)).length <= most + 2) return short;
  }
}

/** Cut into sections, at line ends where there are any, and never inside an escape. */
function pieces(text: string): readonly string[] {
  const found: string[] = [];
  for (let rest = text; rest !== '';) {
    if (rest.length <= SECTION) { found.push(rest); break; }
    const line = rest.lastIndexOf('\n', SECTION);
    const cut = line > SECTION / 2 ? line : SECTION - (/&[a-z]{0,3}$/.exec(rest.slice(0, SECTION))?.[0].length ?? 0) - (/[\ud800-\udbff]$/.test(rest.slice(0, SECTION)) ? 1 : 0);
    found.push(rest.slice(0, cut));
    rest = rest.slice(cut).replace(/^\n/, '');
  }
  return found.filter((piece) => piece.trim() !== '');
}
