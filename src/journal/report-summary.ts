// What a rollout came to, on one page: outcome, phases with their times and clean time, moves, asks and answers, issues. Pure; the end of report.ts.
// Which field of which kind it reads is listed in docs/journal.md; an entry without them is simply not counted here, and stands in the lines above.
import type { EpochMs, Ms } from '../judgement/types.js';
import type { StoredEntry } from './port.js';
import { field, harmless, instant, lengthInWords, listOf, numberOf, scalar, textOf, type Paint } from './report-words.js';

type Lines = readonly string[];

export function summarize(run: readonly StoredEntry[], zone: string, paint: Paint): Lines {
  const at = (instantMs: EpochMs): string => instant(instantMs, zone);
  return [
    paint.strong('Summary'), ...outcome(run, at, paint),
    ...section('Phases', phases(run, at), paint), ...section('Moves', moves(run, at), paint),
    ...section('Before and after', comparison(run), paint), ...section('Asks', asks(run, at), paint), ...section('Issues', issues(run, at), paint), ...section('Incidents', incidents(run, at), paint),
  ];
}

function section(title: string, lines: Lines, paint: Paint): Lines { return lines.length === 0 ? [] : ['', paint.strong(`  ${title}`), ...lines.map((line) => `    ${harmless(line)}`)]; }

function outcome(run: readonly StoredEntry[], at: (ms: EpochMs) => string, paint: Paint): Lines {
  const ended = run.findLast((entry) => entry.kind === 'ended');
  const unreadable = run.filter((entry) => entry.kind === 'unreadable').length;
  const damage = unreadable === 0 ? [] : [paint.bad(`  ${unreadable} ${unreadable === 1 ? 'row was' : 'rows were'} changed from outside: run \`tidegate journal ${harmless(run[0]!.rollout)} --verify\``)];
  if (ended === undefined) return [`  Not over yet; the last entry is of ${at(run.findLast((entry) => entry.kind !== 'unreadable')?.at ?? 0)}.`, ...damage];
  const began = run.find((entry) => entry.kind !== 'unreadable') ?? ended;
  const word = textOf(field(ended.detail, 'outcome'));
  const tone = word === null ? paint.plain : word === 'completed' ? paint.good : word === 'rollback-incomplete' || word === 'failed' ? paint.bad : paint.warn;
  const rollback = field(ended.detail, 'rollback');
  const reason = textOf(field(rollback, 'reason'));
  const remainder = listOf(field(rollback, 'remainder')).map((target) => scalar(target) ?? '?');
  const grades = listOf(field(ended.detail, 'grades')).map((grade) => `${textOf(field(grade, 'grade')) ?? '?'}: ${field(grade, 'reached') === true ? 'reached' : 'not reached'}`);
  return [
    `  Outcome: ${tone(harmless(word ?? ended.text))}, ${at(ended.at)}${began === ended ? '' : `, after ${lengthInWords(ended.at - began.at)}`}`,
    ...(reason === null ? [] : [`  Rolled back because: ${harmless(reason)}; ${field(rollback, 'verified') === true ? 'verified' : 'not verified'}`]),
    ...(remainder.length === 0 ? [] : [paint.bad(`  Not taken back: ${harmless(remainder.join(', '))}`)]),
    ...unwatched(ended, at),
    ...(grades.length === 0 ? [] : [`  Grade: ${harmless(grades.join(', '))}`]), ...damage,
  ];
}

/** How long nobody saw what must always hold, where that was measured. */
function unwatched(ended: StoredEntry, at: (ms: EpochMs) => string): Lines {
  const longest = field(ended.detail, 'unwatched');
  const from = numberOf(field(longest, 'from'));
  const to = numberOf(field(longest, 'to'));
  return from === null || to === null ? [] : [`  Longest without a look at what must always hold: ${lengthInWords(to - from)}, from ${at(from)}: ${harmless(textOf(field(longest, 'why')) ?? 'nobody looked')}`];
}

interface PhaseTimes { readonly name: string; readonly from: EpochMs; readonly to: EpochMs; readonly begun: boolean; readonly done: boolean; readonly cleanMs: Ms | null; readonly restarts: number }

function phases(run: readonly StoredEntry[], at: (ms: EpochMs) => string): Lines {
  const times = new Map<string, PhaseTimes>();
  for (const entry of run) {
    if (entry.phase === null || entry.kind === 'unreadable') continue;
    const known = times.get(entry.phase) ?? { name: entry.phase, from: entry.at, to: entry.at, begun: false, done: false, cleanMs: null, restarts: 0 };
    const clean = numberOf(field(entry.detail, 'cleanMs'));
    // a phase begins and ends where its own entries say so; before and after there is only waiting. One that is tried again has one row, from its first begin.
    const begins = entry.kind === 'phase' && clean === null && (field(entry.detail, 'number') ?? field(entry.detail, 'needMs')) !== undefined;
    const done = entry.kind === 'phase' && clean !== null;
    times.set(entry.phase, {
      name: entry.phase, begun: known.begun || begins, from: begins && !known.begun ? entry.at : known.from, done: done || (known.done && !begins),
      to: done || begins || !known.done ? entry.at : known.to, cleanMs: clean ?? known.cleanMs, restarts: numberOf(field(entry.detail, 'restarts')) ?? known.restarts,
    });
  }
  const width = Math.max(0, ...[...times.keys()].map((name) => name.length));
  return [...times.values()].map(({ name, from, to, done, cleanMs, restarts }) => {
    const clean = cleanMs === null ? '' : `, clean ${lengthInWords(cleanMs)}`;
    return `${name.padEnd(width)}  ${at(from)} to ${at(to)}, ${lengthInWords(to - from)}${clean}${restarts > 0 ? `, ${restarts} ${restarts === 1 ? 'restart' : 'restarts'} of the soak` : ''}${done ? '' : ', not finished'}`;
  });
}

/** Of each metric compared with the baseline, the last word. */
function comparison(run: readonly StoredEntry[]): Lines {
  return listOf(field(run.findLast((entry) => entry.kind === 'comparison')?.detail, 'comparison')).flatMap((one) => textOf(field(one, 'message')) ?? []);
}

function moves(run: readonly StoredEntry[], at: (ms: EpochMs) => string): Lines {
  return run.flatMap((entry) => {
    if (entry.kind !== 'moved' && entry.kind !== 'undo') return [];
    const target = textOf(field(entry.detail, 'target'));
    if (target === null) return [];
    const before = scalar(field(entry.detail, 'before'));
    const after = scalar(field(entry.detail, 'after')) ?? scalar(field(entry.detail, 'value'));
    const readBack = textOf(field(entry.detail, 'readBack'));
    const change = entry.kind === 'undo' ? `back to ${after ?? '?'}` : `${before === null ? '' : `${before} → `}${after ?? '?'}`;
    return [`${at(entry.at)}  ${target}: ${after === null ? entry.text : change}${readBack === null || readBack === '' ? '' : `; read back: ${readBack}`}`];
  });
}

function asks(run: readonly StoredEntry[], at: (ms: EpochMs) => string): Lines {
  const asked = new Map<string, string[]>();
  for (const entry of run) {
    const ask = textOf(field(entry.detail, 'ask'));
    if (ask === null) continue;
    if (entry.kind === 'ask' && !asked.has(ask)) asked.set(ask, [`${ask}, ${at(entry.at)}: ${entry.text}`]);
    else if (entry.kind === 'ask') asked.get(ask)!.push(`  ${at(entry.at)}  ${entry.text}`);
    else if (entry.kind === 'answer') {
      const lines = asked.get(ask) ?? [ask];
      asked.set(ask, lines);
      const value = scalar(field(entry.detail, 'value'));
      lines.push(`  ${at(entry.at)}  ${entry.actor}: ${value ?? entry.text}${reasonOf(entry)}`);
    }
  }
  return [...asked.values()].flatMap((lines) => (lines.length === 1 ? [...lines, '  no answer'] : lines));
}

function reasonOf(entry: StoredEntry): string {
  const reason = textOf(field(entry.detail, 'reason'));
  return reason === null || reason === '' ? '' : ` (${reason})`;
}

function issues(run: readonly StoredEntry[], at: (ms: EpochMs) => string): Lines {
  return run.filter((entry) => entry.kind === 'issue').map((entry) => {
    const lastedMs = numberOf(field(entry.detail, 'lastedMs'));
    return `${at(entry.at)}  ${entry.text}${lastedMs === null ? '' : `, after ${lengthInWords(lastedMs)}`}`;
  });
}

/** Each with whom it called, who took it and how long it lasted. */
function incidents(run: readonly StoredEntry[], at: (ms: EpochMs) => string): Lines {
  const told = new Map<string, string[]>();
  for (const entry of run) {
    const id = textOf(field(entry.detail, 'incident'));
    if (id === null || !['incident', 'called', 'acknowledged', 'incident-over'].includes(entry.kind)) continue;
    const lines = told.get(id) ?? [];
    lines.push(`${lines.length === 0 ? '' : '  '}${at(entry.at)}  ${entry.text}`);
    told.set(id, lines);
  }
  return [...told.values()].flat();
}
