// A rehearsal as a calendar for people: what happens when, who is asked what and when they answer, what moves; grouped by day in the plan's
// zone. Pure; `rehearse` shows it.
import type { EpochMs } from '../judgement/index.js';
import type { TargetValue } from '../plan/types.js';
import { paintFor, type Tone } from './paint.js';
import type { RehearsalReport } from './ports.js';
import { padEnd, plain, wrap } from './text-layout.js';
import { clockInWords, dayInWords, inWords, plural, valueInWords, zoneName } from './wording.js';

export interface CalendarLook { readonly timezone: string; /** midnight of day 1; null: not known */ readonly day1: EpochMs | null; readonly units: Readonly<Record<string, string>>; readonly width: number; readonly color: boolean }
interface Event { readonly at: EpochMs; readonly order: number; readonly sign: string; readonly text: string; readonly tone: Tone }

export function renderRehearsal(report: RehearsalReport, look: CalendarLook): string {
  const paint = paintFor(look);
  const events = eventsOf(report, look.units).sort((a, b) => a.at - b.at || a.order - b.order);
  const lines: string[] = [];
  let day = '';
  for (const event of events) {
    const today = dayInWords(event.at, look.timezone);
    if (today !== day) {
      lines.push('', paint.strong(`${today}${dayNumber(event.at, look)}`));
      day = today;
    }
    const text = wrap(plain(event.text), Math.max(30, look.width - 10));
    text.forEach((t, i) => lines.push(`  ${i === 0 ? `${clockInWords(event.at, look.timezone)} ${padEnd(event.sign, 1)}` : '       '} ${paint[event.tone](t)}`));
  }
  return `${paint.strong(`${report.rollout}: rehearsed from ${dayInWords(report.startedAt, look.timezone)} to ${dayInWords(report.endedAt, look.timezone)} (${look.timezone})`)}\n${lines.join('\n').trimStart()}\n\n${summary(report, look)}\n`;
}

function eventsOf(report: RehearsalReport, units: Readonly<Record<string, string>>): Event[] {
  const events: Event[] = [];
  const add = (at: EpochMs, order: number, sign: string, text: string, tone: Tone = 'plain') => events.push({ at, order, sign, text, tone });
  const value = (target: string, v: TargetValue) => valueInWords(v, units[target] ?? '');
  add(report.startedAt, 0, '▷', 'the rollout starts');
  for (const phase of report.phases) {
    if (phase.startedAt !== null) add(phase.startedAt, 2, '▷', `${phase.phase} begins`, 'strong');
    if (phase.endedAt !== null) add(phase.endedAt, 1, '✔', `${phase.phase} is done, ${inWords(phase.cleanMs)} clean${phase.restarts > 0 ? `, its soak begun anew ${plural(phase.restarts, 'time')}` : ''}`, 'good');
  }
  for (const move of report.moves) {
    const back = move.direction === 'back';
    add(move.at, 4, back ? '←' : '→', `${move.target}: ${value(move.target, move.before)} → ${value(move.target, move.wanted)}${move.state === 'done' || move.state === 'undone' ? '' : ` (${move.state})`}`, back || move.state === 'failed' ? 'bad' : 'strong');
  }
  for (const ask of report.asks) {
    add(ask.askedAt, 3, '?', `asked of ${ask.from.join(', ')}${ask.needs > 1 ? ` (${ask.needs} needed)` : ''}: ${ask.question}`);
    for (const answer of ask.answers) add(answer.at, 3, '✎', `${answer.by} answers ${answer.value} to ${ask.ask}${answer.reason === '' ? '' : `: ${answer.reason}`}`);
    if (ask.state === 'expired' && ask.dueAt !== null) add(ask.dueAt, 3, '!', `nobody answered ${ask.ask} in time: ${ask.result ?? ask.otherwise}`, 'warn');
  }
  // asks, phases and moves stand above already; what else people are told of is what went wrong, and how it ended
  for (const message of report.messages) if (tells.has(message.severity) && !toldAbove.has(message.topic)) add(message.at, 5, '!', `${message.severity}: ${message.title}`, message.severity === 'warning' ? 'warn' : 'bad');
  add(report.endedAt, 9, '■', `${report.outcome}${report.grade === null ? '' : `, grade '${report.grade}'`}`, outcomeTone(report.outcome));
  return events;
}
const tells: ReadonlySet<string> = new Set(['warning', 'critical', 'emergency']);
const toldAbove: ReadonlySet<string> = new Set(['ask', 'ask-reminder', 'phase-started', 'phase-ended', 'moved']);

function outcomeTone(outcome: RehearsalReport['outcome']): Tone {
  switch (outcome) {
    case 'completed': return 'good';
    case 'held': case 'waiting': case 'stopped': case 'rolled-back': return 'warn';
    case 'rollback-incomplete': case 'failed': return 'bad';
  }
}

/** Counted by calendar days in the plan's zone, so that a day of 23 or 25 hours is one day. Day 0 and before are preparation. */
function dayNumber(at: EpochMs, { day1, timezone }: CalendarLook): string {
  if (day1 === null) return '';
  const count = Math.round((noon(at, timezone) - noon(day1, timezone)) / 86_400_000) + 1;
  return count >= 1 ? ` · day ${count}` : ` · ${plural(1 - count, 'day')} before day 1`;
}
function noon(at: EpochMs, zone: string): EpochMs {
  return Date.parse(`${dayInWords(at, zone).replace(/^\w+ /, '')} 12:00 UTC`);
}

function summary(report: RehearsalReport, look: CalendarLook): string {
  const paint = paintFor(look);
  const answered = report.asks.reduce((n, ask) => n + ask.answers.length, 0);
  const forward = report.moves.filter((m) => m.direction === 'forward').length;
  const back = report.moves.length - forward;
  const counts = [plural(report.evaluations, 'look'), plural(forward, 'move'), ...(back === 0 ? [] : [`${plural(back, 'move')} back`]), `${plural(report.asks.length, 'ask')} (${plural(answered, 'answer')})`, plural(report.messages.length, 'message')];
  const clock = `${clockInWords(report.endedAt, look.timezone)} ${zoneName(report.endedAt, look.timezone)}`;
  return `${paint[outcomeTone(report.outcome)](`■ ${report.outcome}`)}${report.grade === null ? '' : `, grade '${report.grade}'`}: ${inWords(report.endedAt - report.startedAt)} until ${dayInWords(report.endedAt, look.timezone)}, ${clock}; ${counts.join(', ')}`;
}
