// A message as a mail reads: subject, plain text, HTML that leaves the colours to the reader's client, and the ids by which mails belong together.
// Sent by email.ts.
import type { Message } from './port.js';
import { answerCommand, harmless, headline, instant, shortened } from './text.js';

export const subjectOf = (message: Message): string => shortened(headline(message), 250).replaceAll('\n', ' ');

interface Parts { readonly title: string; readonly body: string; readonly command: string | null; readonly to: string | null; readonly place: string }
function partsOf(message: Message): Parts {
  const place = [`[${message.severity}]`, message.rollout, message.phase, instant(message.at)].filter((part) => part !== null).join(' · ');
  return { title: harmless(message.title).replaceAll('\n', ' '), body: shortened(harmless(message.body).trim(), 200_000), command: answerCommand(message), to: message.to.length === 0 ? null : message.to.map(harmless).join(', '), place: harmless(place) };
}

export function textOf(message: Message): string {
  const { title, body, command, to, place } = partsOf(message);
  return [title, body, command === null ? '' : `Answer: ${command}`, [place, to === null ? '' : `to ${to}`, message.key].filter((line) => line !== '').join('\n')].filter((part) => part !== '').join('\n\n') + '\n';
}

export function htmlOf(message: Message): string {
  const { title, body, command, to, place } = partsOf(message);
  const wrap = 'overflow-wrap:anywhere';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${escaped(title)}</title></head>
<body style="font-family:sans-serif;line-height:1.45;max-width:42em;margin:0 auto;padding:1em;${wrap}">
<p style="margin:0">${escaped(place)}</p>
<h1 style="font-size:1.2em;margin:.3em 0">${escaped(title)}</h1>
${body === '' ? '' : `<div style="white-space:pre-wrap;${wrap}">${escaped(body)}</div>\n`}${command === null ? '' : `<p>Answer: <code style="${wrap}">${escaped(command)}</code></p>\n`}<p style="font-size:.85em">${to === null ? '' : `to ${escaped(to)}<br>`}${escaped(message.key)}</p>
</body></html>
`;
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * `mail` is the same for the same message, and for no other, not even of a later rollout with that id: mailboxes drop what they have seen. `references`
 * is what all mail about one ask refers to; null: it is about none.
 */
export function mailIdsOf(message: Message, from: string): { readonly mail: string; readonly references: string | null } {
  const domain = /@([^\s<>@]+?)>?$/.exec(from.trim())?.[1] ?? 'tidegate.invalid';
  return { mail: `<${plain(message.key)}.${message.at}@${domain}>`, references: message.ask === null ? null : `<${plain(message.rollout)}.ask.${plain(message.ask)}@${domain}>` };
}
/** In the characters that an id may have, differently for different names. */
const plain = (name: string): string => [...name].map((character) => (/[A-Za-z0-9-]/.test(character) ? character : character === '/' ? '.' : `_${character.codePointAt(0)!.toString(16)}_`)).join('');
