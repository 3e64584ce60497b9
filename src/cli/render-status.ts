// A rollout on one screen, for `status`, `start` and the end of `watch`. Pure. The live picture is board.ts.
import { paintFor, type Tone } from './paint.js';
import type { Sight } from './seeing.js';
import { healthOfStatus, renderBoard } from './board.js';
import { isEnded, type ShownStatus } from './shown-status.js';
import { columns, plain, wrap } from './text-layout.js';
import { ageInWords, inWords, instantInWords, valueInWords } from '../wording.js';

export interface StatusLook { readonly width: number; readonly color: boolean; readonly now: number }

const verdictSigns: Readonly<Record<string, readonly [string, Tone]>> = { pass: ['✔ pass', 'good'], fail: ['✖ fail', 'bad'], inconclusive: ['? unknown', 'warn'] };

export function renderStatus({ status, plan }: Sight, look: StatusLook): string {
  const paint = paintFor(look);
  const heading = (text: string) => paint.strong(text);
  const blocks: string[] = [renderBoard({ status, plan, controls: 'commands', prompt: null, note: null }, look)];
  if (status.conditions.length > 0) {
    blocks.push([heading('Conditions'), ...status.conditions.flatMap((c) => {
      const [word, tone] = verdictSigns[c.verdict] ?? ['? unknown', 'warn'];
      return wrap(`${plain(c.text)}: ${plain(c.message)}`, look.width - 14, '').map((t, i) => `  ${paint[tone]((i === 0 ? word : '').padEnd(10))} ${t}`);
    })].join('\n'));
  }
  const moves = status.moves.slice(-8);
  if (moves.length > 0) blocks.push([heading('Moves'), ...columns(moves.map((m) => [`  ${ageInWords(m.at, look.now)}`, m.phase, `${m.target}: ${valueInWords(m.before, unitOf(status, m.target))} → ${valueInWords(m.wanted, unitOf(status, m.target))}`, `${m.direction === 'back' ? 'undo, ' : ''}${m.state}${m.readBack === '' ? '' : `; read back ${plain(m.readBack)}`}`]))].join('\n'));
  const steps = status.steps.slice(-8);
  if (steps.length > 0) blocks.push([heading('Steps'), ...columns(steps.map((s) => [`  ${ageInWords(s.at, look.now)}`, s.phase, plain(s.step), s.state === 'left' ? 'left: it cannot be undone' : s.state]))].join('\n'));
  if ((status.comparison ?? []).length > 0) blocks.push([heading('Before and after'), ...status.comparison!.flatMap((one) => wrap(plain(one.message), look.width - 2, '').map((line) => `  ${line}`))].join('\n'));
  for (const grade of status.grades) blocks.push([heading(`Grade ${grade.grade}: ${grade.reached ? 'reached' : 'not reached'}`), ...grade.criteria.map((c) => `  ${verdictSigns[c.verdict]?.[0] ?? '?'}  ${plain(c.message)}`)].join('\n'));
  const facts: string[][] = [['  owner', status.owner], ['  started', `${instantInWords(status.startedAt, status.timezone)}${status.startedBy === '' ? '' : ` by ${status.startedBy}`}`]];
  if (status.endedAt !== null) facts.push(['  ended', `${instantInWords(status.endedAt, status.timezone)}, after ${inWords(status.endedAt - status.startedAt)}`]);
  for (const one of status.pace?.leftOut ?? []) facts.push(['  at its pace', plain(one)]);
  if (status.rollback !== null) facts.push(['  rollback', `to ${status.rollback.to}: ${plain(status.rollback.reason)}${status.rollback.readBackAt === null ? '' : `; read back as undone ${inWords(status.rollback.readBackAt - status.rollback.decidedAt)} after the decision`}`]);
  const kept = Object.entries(status.targets).filter(([, target]) => target.protected === true);
  if (kept.length > 0) facts.push(['  protected', kept.map(([name, target]) => `${name} ${valueInWords(target.value, target.unit)}`).join(', ')]);
  if (status.unwatched !== null) facts.push(['  unwatched', `at most ${inWords(status.unwatched.to - status.unwatched.from)}, from ${instantInWords(status.unwatched.from, status.timezone, 'second')}: ${plain(status.unwatched.why)}`]);
  if (isEnded(status.state) && status.incidents.length > 0) facts.push(['  incidents', `${status.incidents.map((one) => one.id).join(', ')} not over when it ended: tidegate reviews ${status.rollout}`]);
  if (status.unsent.journal > 0) facts.push(['  journal', `${status.unsent.journal} entries wait to be written`]);
  if (status.unsent.messages > 0) facts.push(['  messages', `${status.unsent.messages} wait to be delivered`]);
  for (const bad of status.badSignals) facts.push(['  ignored', plain(bad)]);
  blocks.push([heading('Facts'), ...columns(facts)].join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

const unitOf = (status: ShownStatus, target: string): string => status.targets[target]?.unit ?? '';

/** One line that says it all, for logs and plain watching. */
export function headline(status: ShownStatus): string {
  const targets = Object.entries(status.targets).map(([name, t]) => `${name} ${valueInWords(t.value, t.unit)}`).join(', ');
  const phase = status.phase === null || status.phase === status.state ? '' : ` ${status.phase} ${status.phaseNumber}/${status.phaseCount}`;
  const soak = status.soak === null || isEnded(status.state) ? '' : `, soaked ${inWords(status.soak.clean)} of ${inWords(status.soak.needed)}`;
  const health = isEnded(status.state) ? '' : `, ${healthOfStatus(status)}`;
  return `${status.state}${phase}${targets === '' ? '' : ` (${targets})`}${soak}${health}`;
}
