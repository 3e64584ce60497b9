// A rehearsal as a calendar for people: what happens when, who is asked what and when they answer, what moves; grouped by day in the plan's
// zone. Pure; `rehearse` shows it.
import type { EpochMs } from '../judgement/index.js';
import { paintFor, type Tone } from './paint.js';
import type { RehearsalReport } from './ports.js';
import { padEnd, plain, wrap } from './text-layout.js';
import { clockInWords, dayInWords, inWords, plural, valueInWords, zoneName } from '../wording.js';

export interface CalendarLook { readonly units: Readonly<Record<string, string>>; readonly width: number; readonly color: boolean }

/** Sign and tone of a calendar line's kind; one that is not known here still shows its sentence. */
const looks: Readonly<Record<string, readonly [sign: string, tone: Tone]>> = {
  started: ['▷', 'strong'], phase: ['▷', 'strong'], baseline: ['·', 'plain'], launch: ['◆', 'strong'], ask: ['?', 'plain'], answer: ['✎', 'plain'], command: ['$', 'plain'],
  moved: ['→', 'strong'], 'move-failed': ['✖', 'bad'], undo: ['←', 'bad'], undone: ['←', 'bad'], verified: ['✔', 'good'], ladder: ['✖', 'bad'],
  'step-failed': ['✖', 'bad'], 'step-undone': ['←', 'bad'],
  decision: ['*', 'warn'], hold: ['‖', 'warn'], 'hold-ended': ['▷', 'plain'], issue: ['!', 'bad'], event: ['!', 'bad'], drift: ['!', 'bad'], 'stand-up': ['!', 'warn'],
  incident: ['!', 'bad'], called: ['@', 'warn'], acknowledged: ['✎', 'plain'], 'incident-over': ['▷', 'plain'],
  grade: ['*', 'plain'], amended: ['*', 'warn'], reviews: ['·', 'plain'], review: ['·', 'plain'], 'follow-up': ['·', 'plain'], ended: ['■', 'strong'],
};
type Outcome = RehearsalReport['outcome'];
const outcomeTones: Readonly<Partial<Record<Outcome, Tone>>> = { completed: 'good', 'rolled-back': 'warn', stopped: 'warn', held: 'warn', waiting: 'warn', 'rollback-incomplete': 'bad', failed: 'bad' };

export function renderRehearsal(report: RehearsalReport, look: CalendarLook): string {
  const zone = report.timezone;
  const paint = paintFor(look);
  const lines: string[] = [paint.strong(`${report.rollout}${report.variant === null ? '' : ` as ${report.variant}`}: rehearsed from ${dayInWords(report.startedAt, zone)} to ${dayInWords(report.endedAt, zone)} (${zone})`)];
  let day = '';
  let shown: EpochMs | null = null;
  for (const entry of report.calendar) {
    const today = dayInWords(entry.at, zone);
    if (today !== day) lines.push('', paint.strong(`${today}${dayNumber(entry.at, report.status.day1, zone)}`));
    // the hour is said once for what happens at once
    const clock = today === day && shown !== null && clockInWords(shown, zone) === clockInWords(entry.at, zone) ? '' : clockInWords(entry.at, zone);
    day = today;
    shown = entry.at;
    const [sign, tone] = looks[entry.kind] ?? ['·', 'plain'];
    const actor = entry.kind === 'answer' && !entry.text.includes(entry.actor) ? `${entry.actor}: ` : '';
    wrap(plain(`${actor}${entry.text}`), Math.max(30, look.width - 10)).forEach((text, i) => lines.push(`  ${padEnd(i === 0 ? clock : '', 5)} ${i === 0 ? sign : ' '} ${paint[tone](text)}`));
  }
  return `${lines.join('\n')}\n\n${summary(report, look).join('\n')}\n`;
}

/** Counted by calendar days in the plan's zone, so that a day of 23 or 25 hours is one day. What is before day 1 is preparation. */
function dayNumber(at: EpochMs, day1: EpochMs | null, zone: string): string {
  if (day1 === null) return '';
  const count = Math.round((noon(at, zone) - noon(day1, zone)) / 86_400_000) + 1;
  return count >= 1 ? ` · day ${count}` : ` · ${plural(1 - count, 'day')} before day 1`;
}
function noon(at: EpochMs, zone: string): EpochMs {
  return Date.parse(`${dayInWords(at, zone).replace(/^\w+ /, '')} 12:00 UTC`);
}

function summary(report: RehearsalReport, look: CalendarLook): string[] {
  const paint = paintFor(look);
  const zone = report.timezone;
  const lines: string[] = [];
  for (const grade of report.grades) {
    lines.push(paint[grade.reached ? 'good' : 'warn'](`${grade.reached ? '✔' : '✖'} grade '${grade.grade}' ${grade.reached ? 'reached' : 'not reached'}`));
    for (const criterion of grade.criteria) lines.push(...wrap(`${{ pass: '✔', fail: '✖', inconclusive: '?' }[criterion.verdict]} ${plain(criterion.message)}`, Math.max(30, look.width - 4), '  ').map((text) => `    ${text}`));
  }
  const standing = Object.entries(report.targets).map(([target, value]) => `${target} at ${valueInWords(value, look.units[target] ?? '')}`).join(', ');
  const forward = report.moves.filter((move) => move.direction === 'forward').length;
  const back = report.moves.length - forward;
  const answers = report.asks.reduce((count, ask) => count + ask.answers.length, 0);
  const counts = [plural(report.evaluations, 'look'), plural(forward, 'move'), ...(back === 0 ? [] : [`${plural(back, 'move')} back`]), `${plural(report.asks.length, 'ask')} and ${plural(answers, 'answer')}`, plural(report.messages.length, 'message')];
  const end = `${dayInWords(report.endedAt, zone)}, ${clockInWords(report.endedAt, zone)} ${zoneName(report.endedAt, zone)}`;
  lines.push(paint[outcomeTones[report.outcome] ?? 'plain'](`■ ${report.outcome}${report.grade === null ? '' : `, grade '${report.grade}'`}`), `  ${standing}`, `  after ${inWords(report.endedAt - report.startedAt)}, on ${end}`, `  ${counts.join(', ')}`);
  if (report.attempts > 1) lines.push(paint.warn(`  begun ${report.attempts} times: the test server had lost track of the ${report.attempts === 2 ? 'first' : `first ${report.attempts - 1}`}`));
  return lines;
}
