// The record for people: every entry of a rollout in order, under the phase it belongs to, with its evidence; then the summary (report-summary.ts).
// A pure function over stored entries. A kind that is not known here still shows its sentence; words and careful reading are in report-words.ts.
import { IANAZone } from 'luxon';
import picocolors from 'picocolors';
import type { JsonValue } from '../plan/types.js';
import type { StoredEntry } from './port.js';
import { summarize } from './report-summary.js';
import { field, harmless, instant, lengthInWords, listOf, membersOf, numberInWords, numberOf, scalar, textOf, type Paint, type Tone } from './report-words.js';

export interface ReportOptions {
  /** IANA zone of the instants; default: the plan's, as the 'started' entry keeps it; else UTC */
  readonly timezone?: string;
  readonly color: boolean;
  /** columns to break long sentences at; default: not broken */
  readonly width?: number;
}

/** Sign and tone of a kind; the sign says what the colour says. */
const looks: ReadonlyMap<string, readonly [sign: string, tone: Tone]> = new Map(Object.entries<readonly [string, Tone]>({
  started: ['▶', 'strong'], phase: ['■', 'strong'], ended: ['■', 'strong'], decision: ['*', 'strong'], baseline: ['·', 'plain'], grade: ['*', 'plain'], amended: ['*', 'strong'], 'amendment-refused': ['!', 'warn'],
  move: ['→', 'plain'], moved: ['→', 'good'], 'move-failed': ['✗', 'bad'], drift: ['!', 'bad'],
  undo: ['←', 'warn'], undone: ['←', 'warn'], 'undo-failed': ['✗', 'bad'], verified: ['←', 'warn'], ladder: ['✗', 'bad'],
  step: ['$', 'plain'], 'step-failed': ['✗', 'bad'], 'step-undone': ['←', 'warn'],
  incident: ['!', 'bad'], called: ['@', 'warn'], acknowledged: ['=', 'good'], 'incident-over': ['=', 'good'],
  comparison: ['·', 'plain'], issue: ['!', 'bad'], invariant: ['!', 'bad'], event: ['!', 'warn'], hold: ['‖', 'warn'], 'hold-ended': ['▷', 'plain'],
  ask: ['?', 'plain'], answer: ['=', 'good'], command: ['$', 'plain'], 'command-given': ['=', 'good'], 'bad-signal': ['!', 'warn'],
  message: ['@', 'faint'], 'message-refused': ['@', 'warn'], 'message-lost': ['@', 'bad'], 'watch-summary': ['·', 'faint'],
  reviews: ['*', 'plain'], 'follow-up': ['*', 'plain'], 'follow-up-failed': ['!', 'warn'], unreadable: ['✗', 'bad'],
}));
const verdictLooks: ReadonlyMap<string, readonly [string, Tone]> = new Map([['pass', ['✓', 'good']], ['fail', ['✗', 'bad']], ['inconclusive', ['?', 'warn']]]);

/** The whole report, with a line feed at its end. `entries` ascending by seq, as the journal gives them; several runs under one id follow each other. */
export function renderReport(entries: readonly StoredEntry[], options: ReportOptions): string {
  const paint = paintWith(options.color);
  if (entries.length === 0) return 'The journal holds nothing of this rollout.\n';
  return runsOf(entries).map((run) => {
    const zone = zoneOf(run, options.timezone);
    return [...head(run, zone, paint), ...body(run, zone, paint, options.width ?? Number.POSITIVE_INFINITY), '', ...summarize(run, zone, paint)].join('\n');
  }).join('\n\n') + '\n';
}

/** One id may be rolled out again after its end; the chain goes on, and each run is told by itself. */
function runsOf(entries: readonly StoredEntry[]): readonly (readonly StoredEntry[])[] {
  const runs: StoredEntry[][] = [];
  for (const entry of entries) {
    if (runs.length === 0 || (entry.kind === 'started' && runs.at(-1)!.some((earlier) => earlier.kind === 'started'))) runs.push([]);
    runs.at(-1)!.push(entry);
  }
  return runs;
}

function zoneOf(run: readonly StoredEntry[], asked: string | undefined): string {
  const started = run.find((entry) => entry.kind === 'started');
  return [asked, textOf(field(field(started?.detail, 'plan'), 'timezone')), textOf(field(started?.detail, 'timezone'))].find((zone) => typeof zone === 'string' && IANAZone.isValidZone(zone)) ?? 'UTC';
}

function head(run: readonly StoredEntry[], zone: string, paint: Paint): readonly string[] {
  const told = run.filter((entry) => entry.kind !== 'unreadable');
  const span = told.length === 0 ? '' : `${instant(told[0]!.at, zone)} to ${instant(told.at(-1)!.at, zone)}, `;
  return [paint.strong(harmless(run[0]!.rollout)), paint.faint(`${span}${run.length} ${run.length === 1 ? 'entry' : 'entries'}, times in ${zone}`)];
}

/** Entries of no phase stay under the heading where they happened, so that one long phase is not torn apart by them. */
function body(run: readonly StoredEntry[], zone: string, paint: Paint, width: number): readonly string[] {
  const actorWidth = run.reduce((widest, entry) => Math.min(16, Math.max(widest, harmless(entry.actor).length)), 0);
  const lines: string[] = [];
  let heading: string | null = null;
  for (const entry of run) {
    const wanted: string = entry.phase ?? heading ?? 'before the first phase';
    if (wanted !== heading) lines.push('', paint.strong(harmless(wanted)));
    heading = wanted;
    lines.push(...linesOf(entry, { zone, paint, actorWidth, width }));
  }
  return lines;
}

function linesOf(entry: StoredEntry, layout: { readonly zone: string; readonly paint: Paint; readonly actorWidth: number; readonly width: number }): readonly string[] {
  const { zone, paint, actorWidth, width } = layout;
  const at = entry.kind === 'unreadable' ? `entry ${entry.seq}` : instant(entry.at, zone);
  const [sign, tone] = lookOf(entry);
  const margin = `  ${at}  ${harmless(entry.actor).padEnd(actorWidth)}  ${sign} `;
  const indent = ' '.repeat(margin.length);
  const [first, ...rest] = wrap(harmless(entry.text), width - margin.length);
  const evidence = evidenceOf(entry).flatMap((line) => wrap(harmless(line), width - margin.length - 2));
  return [
    `  ${paint.faint(at)}  ${harmless(entry.actor).padEnd(actorWidth)}  ${paint[tone](`${sign} ${first ?? ''}`)}`,
    ...rest.map((line) => indent + paint[tone](line)),
    ...evidence.map((line) => `${indent}  ${paint.faint(line)}`),
  ];
}

function lookOf(entry: StoredEntry): readonly [string, Tone] {
  if (entry.kind === 'verdict' || entry.kind === 'verified' || entry.kind === 'check') return verdictLooks.get(textOf(field(entry.detail, 'verdict')) ?? '') ?? ['·', 'plain'];
  return looks.get(entry.kind) ?? ['·', 'plain'];
}

/** What stands under a sentence: the numbers that it does not already say. */
function evidenceOf({ kind, text, detail }: StoredEntry): readonly string[] {
  const lines: string[] = [];
  if (kind === 'verdict') {
    const numbers = [named('value', field(detail, 'value')), named('limit', field(detail, 'limit')), named('samples', field(detail, 'samples'))].filter((part) => part !== null);
    if (numbers.length > 0) lines.push(numbers.join(' · '));
  }
  for (const verdict of [...listOf(field(detail, 'verdicts')), ...listOf(field(detail, 'criteria'))]) {
    const said = textOf(verdict) ?? verdictInWords(verdict);
    if (said !== null && !text.includes(said)) lines.push(said);
  }
  for (const undone of listOf(field(detail, 'undone'))) {
    const target = textOf(field(undone, 'target'));
    const sound = field(undone, 'done') ?? field(undone, 'verified');
    if (target !== null) lines.push([`${target} at ${scalar(field(undone, 'value')) ?? '?'}`, sound === false ? 'NOT undone' : null, textOf(field(undone, 'detail'))].filter((part) => part !== null).join(', '));
  }
  const readBack = textOf(field(detail, 'readBack')) ?? textOf(field(detail, 'read'));
  if (readBack !== null && readBack !== '' && !text.includes(readBack)) lines.push(readBack);
  for (const [metric, value] of membersOf(field(detail, 'latest') ?? field(detail, 'summary') ?? (kind === 'baseline' ? detail : undefined))) {
    const mean = numberOf(field(value, 'mean'));
    if (mean !== null) lines.push(`${metric}: mean ${numberInWords(mean)}${range(value)}`);
    else if (scalar(value) !== null) lines.push(`${metric}: ${scalar(value)}`);
  }
  const tookMs = numberOf(field(detail, 'tookMs'));
  const limitMs = numberOf(field(detail, 'limitMs'));
  if (tookMs !== null) lines.push(`took ${lengthInWords(tookMs)}${limitMs === null ? '' : ` of ${lengthInWords(limitMs)}`}`);
  const output = textOf(field(detail, 'output')) ?? listOf(field(detail, 'output')).map((line) => textOf(line) ?? '').join('\n');
  if (output.trim() !== '') lines.push(...output.trim().split('\n').slice(-5));
  const raw = kind === 'unreadable' ? textOf(field(detail, 'raw')) : null;
  if (raw !== null) lines.push(raw.slice(0, 500));
  return lines;
}

function range(summary: JsonValue): string {
  const [min, max, samples] = ['min', 'max', 'samples'].map((name) => numberOf(field(summary, name)));
  return `${min == null || max == null ? '' : ` (${numberInWords(min)} to ${numberInWords(max)})`}${samples == null ? '' : `, ${samples} samples`}`;
}

function verdictInWords(verdict: JsonValue): string | null {
  const said = textOf(field(verdict, 'message')) ?? textOf(field(verdict, 'text'));
  const word = textOf(field(verdict, 'verdict'));
  return said === null ? null : word === null ? said : `${verdictLooks.get(word)?.[0] ?? '·'} ${word}: ${said}`;
}

function named(name: string, value: JsonValue | undefined): string | null {
  const shown = scalar(value);
  return shown === null ? null : `${name} ${shown}`;
}

/** At blanks; a word that is longer than a line stays whole, so that it can still be copied. */
function wrap(text: string, width: number): readonly string[] {
  if (text.length <= width || width < 20) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) { lines.push(line); line = word; } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function paintWith(color: boolean): Paint {
  const c = picocolors.createColors(color);
  return { good: c.green, bad: c.red, warn: c.yellow, faint: c.dim, strong: c.bold, plain: (text) => text };
}
