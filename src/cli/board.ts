// The live board as text: pure, of any width, with or without colour. What it shows is a ShownStatus (shown-status.ts) and the plan; watch and
// quickstart draw it. Order and content follow what a control room wants first: where, how long, healthy?, the numbers, what is open.
import type { EpochMs } from '../judgement/index.js';
import { paceInWords } from '../../workflows/pace.js';
import type { ResolvedPlan } from '../plan/types.js';
import type { RolloutState } from '../../workflows/messages.js';
import { incidentInWords } from './reasons.js';
import { paintFor, type Tone } from './paint.js';
import { cellsOf, cut, padEnd, padStart, plain, wrap } from './text-layout.js';
import { isEnded, type ShownMetric, type ShownStatus } from './shown-status.js';
import { ageInWords, changeInWords, instantInWords, inWords, numberInWords, plural, valueInWords } from '../wording.js';

export interface BoardModel {
  readonly status: ShownStatus;
  readonly plan: ResolvedPlan | null;
  /** how a person acts: by keys on this board, or by commands to type */
  readonly controls: 'keys' | 'commands';
  /** a question of the board itself, e.g. whether a key was meant; null: none */
  readonly prompt: string | null;
  /** one line about the last thing done here, or why there is no news */
  readonly note: string | null;
}
export interface BoardLook { readonly width: number; readonly color: boolean; readonly now: EpochMs }

interface Line { readonly text: string; readonly tone: Tone }
type Part = readonly Line[];

export function renderBoard(model: BoardModel, look: BoardLook): string {
  const inner = Math.max(20, Math.min(look.width, 100) - 4);
  const { status } = model;
  const parts: Part[] = [
    [line(cut(plain(status.description === '' ? status.rollout : `${status.rollout} · ${status.description}`), inner), 'strong')],
    headPart(model, look, inner),
    metricsPart(model, inner),
    [...issuesPart(status, look, inner)],
    [...openPart(model, look, inner)],
    [...footPart(model, look, inner)],
  ];
  const paint = paintFor(look);
  const edge = (left: string, right: string) => paint.faint(left + '─'.repeat(inner + 2) + right);
  const bar = paint.faint('│');
  const shown = parts.filter((part) => part.length > 0);
  const body = shown.map((part) => part.map((l) => `${bar} ${paint[l.tone](padEnd(cut(l.text, inner), inner))} ${bar}`).join('\n'));
  return [edge('┌', '┐'), body.join(`\n${edge('├', '┤')}\n`), edge('└', '┘')].join('\n');
}

const line = (text: string, tone: Tone = 'plain'): Line => ({ text, tone });
function labelled(label: string, text: string, inner: number, tone: Tone = 'plain'): Line[] {
  return wrap(plain(text), inner - 11).map((t, i) => line(`${padEnd(i === 0 ? label : '', 10)} ${t}`, tone));
}

function headPart({ status }: BoardModel, look: BoardLook, inner: number): Part {
  const phase = status.state === 'baking' ? `baking after ${plural(status.phaseCount, 'phase')}` : status.phase === null ? 'none yet' : `${status.phase}, ${status.phaseNumber}/${status.phaseCount}`;
  return [
    ...labelled('Phase', `${phase}${shareOf(status)}`, inner),
    ...labelled('Time', timeOf(status, look.now), inner),
    ...(status.stages === null || status.stages.next === null ? [] : labelled('Mid-soak', `${status.stages.made} of ${status.stages.of} moves made; next: ${status.stages.next}`, inner)),
    ...labelled('Status', ...healthOf(status, inner)),
    ...(status.variant === null ? [] : labelled('Variant', status.variant, inner)),
    ...(status.pace === null ? [] : labelled('Pace', paceInWords(status.pace), inner)),
    ...(status.launch === null || isEnded(status.state) ? [] : labelled('Launch', `${instantInWords(status.launch, status.timezone)}, ${status.launch > look.now ? `in ${inWords(status.launch - look.now)}` : ageInWords(status.launch, look.now)}`, inner)),
  ];
}

/** The values in force, percentages without their name when there is but one target. */
function shareOf(status: ShownStatus): string {
  // what is protected never changes; the status names it
  const targets = Object.entries(status.targets).filter(([, target]) => target.protected !== true);
  if (targets.length === 0) return '';
  const words = targets.map(([name, t]) => (targets.length === 1 ? valueInWords(t.value, t.unit) : `${name} ${valueInWords(t.value, t.unit)}`));
  return ` (${words.join(', ')})`;
}

function timeOf(status: ShownStatus, now: EpochMs): string {
  const until = status.endedAt ?? now;
  const elapsed = Math.max(0, until - status.startedAt);
  const total = status.plannedEnd === null ? null : status.plannedEnd - status.startedAt;
  // waiting for people makes it longer than planned: 'of' would be wrong then
  const whole = total === null || total <= 0 ? inWords(elapsed) : elapsed > total ? `${inWords(elapsed)}, planned ${inWords(total)}` : `${inWords(elapsed)} of ${inWords(total)}`;
  return status.soak === null ? whole : `${whole} · soaked ${inWords(status.soak.clean)} of ${inWords(status.soak.needed)} clean`;
}

export type Health = 'healthy' | 'failing' | 'unknown';
export function healthOfStatus(status: ShownStatus): Health {
  if (status.issues.some((issue) => issue.endedAt === null) || status.conditions.some((c) => c.verdict === 'fail')) return 'failing';
  if (!status.answered || status.look.stale || status.look.asOf === null || status.conditions.some((c) => c.verdict === 'inconclusive')) return 'unknown';
  return 'healthy';
}
const healthWords: Readonly<Record<Health, readonly [string, Tone]>> = { healthy: ['● HEALTHY', 'good'], failing: ['✖ FAILING', 'bad'], unknown: ['? UNKNOWN', 'warn'] };
const endTones: Readonly<Partial<Record<RolloutState, Tone>>> = { completed: 'good', 'rolled-back': 'warn', 'rollback-incomplete': 'bad', stopped: 'warn', failed: 'bad' };

function healthOf(status: ShownStatus, inner: number): [string, number, Tone] {
  if (isEnded(status.state)) return [`■ ${status.state.toUpperCase()}${status.rollback === null || status.rollback.verified === null ? '' : status.rollback.verified ? ', verified' : ', NOT verified'}`, inner, endTones[status.state] ?? 'plain'];
  const [word, tone] = healthWords[healthOfStatus(status)];
  return [`${word} · ${status.state}${status.answered ? '' : ' (last known: no worker answers)'}`, inner, status.state === 'rolling-back' ? 'bad' : tone];
}

/** The plan's first five metrics that a source answers for; firing alerts have a line of their own. */
const metricsShown = 5;
function metricsPart({ status, plan }: BoardModel, inner: number): Part {
  const human = new Set(plan?.metrics.filter((m) => m.human !== null).map((m) => m.name) ?? []);
  const rows = status.metrics.filter((m) => !m.metric.startsWith('alerts(') && !human.has(m.metric));
  const shown = rows.slice(0, metricsShown);
  const nameWidth = Math.min(Math.max(0, ...shown.map((m) => cellsOf(m.metric))), Math.max(8, inner - 26));
  const lines = shown.map((m) => metricLine(m, nameWidth));
  if (rows.length > shown.length) lines.push(line(`and ${rows.length - shown.length} more: tidegate status ${status.rollout}`, 'faint'));
  return lines;
}

const instead: Readonly<Record<string, string>> = { idle: 'idle', noData: 'no data', nonFinite: 'not a number', ambiguous: 'several series', providerError: 'cannot ask' };
function metricLine(m: ShownMetric, nameWidth: number): Line {
  const value = m.value === null ? (instead[m.kind] ?? m.kind) : valueInWords(m.value, m.unit);
  const name = `${padEnd(cut(m.metric, nameWidth), nameWidth)} ${padStart(value, 13)}`;
  if (m.value === null) return line(name, m.kind === 'idle' ? 'faint' : 'warn');
  if (m.change === null) return line(name);
  const change = changeInWords(m.change, m.value);
  return line(`${name}  [${change === '0' ? '= 0' : `${m.change > 0 ? '▲ +' : '▼ -'}${change}`}]`);
}

function issuesPart(status: ShownStatus, look: BoardLook, inner: number): Part {
  const open = status.issues.filter((issue) => issue.endedAt === null);
  const grave = open.filter((issue) => issue.severity === 'critical' || issue.severity === 'emergency').length;
  const warnings = open.length - grave;
  const measured = status.metrics.filter((m) => m.metric.startsWith('alerts('));
  const firing = measured.map((m) => `${m.value === null ? '?' : numberInWords(m.value)} ${m.metric.slice('alerts('.length, -1)}`).join(', ');
  const alerts = measured.length === 0 ? `${warnings} warning` : `${firing} firing${warnings === 0 ? '' : `; ${plural(warnings, 'warning issue')} open`}`;
  const alarm = warnings > 0 || measured.some((m) => m.value !== 0);
  const last = status.issues.at(-1);
  const lastWords = last === undefined ? 'none' : `${last.text} (${last.severity}, ${last.endedAt === null ? `open for ${inWords(look.now - last.openedAt)}` : `over since ${ageInWords(last.endedAt, look.now)}`})`;
  return [
    ...labelled('Incidents', `${grave} critical`, inner, grave > 0 ? 'bad' : 'plain'),
    ...labelled('Alerts', alerts, inner, alarm ? 'warn' : 'plain'),
    ...labelled('Last issue', lastWords, inner, last !== undefined && last.endedAt === null ? 'bad' : 'plain'),
  ];
}

function openPart({ status, prompt }: BoardModel, look: BoardLook, inner: number): Part {
  const lines: Line[] = [];
  for (const one of isEnded(status.state) ? [] : status.incidents) lines.push(...labelled('Incident', `${incidentInWords(one)} (for ${inWords(look.now - one.openedAt)}): ${one.text}`, inner, 'bad'));
  for (const hold of status.holds) lines.push(...labelled('Held', `${hold.message} (for ${inWords(look.now - hold.since)})`, inner, 'warn'));
  for (const ask of status.asks.slice(0, 3)) {
    const due = ask.dueAt === null ? '' : `, due in ${inWords(Math.max(0, ask.dueAt - look.now))}, otherwise ${ask.otherwise}`;
    const votes = ask.needs > 1 ? `, ${ask.answers.length} of ${ask.needs}` : '';
    lines.push(...labelled('Asked', `${ask.question} [${ask.ask}: ${ask.from.join(', ')}${votes}${due}]`, inner, 'warn'));
  }
  if (status.asks.length > 3) lines.push(line(`and ${status.asks.length - 3} more: tidegate inbox`, 'faint'));
  if (status.rollback !== null && status.state === 'rolling-back') lines.push(...labelled('Back', `rolling back to ${status.rollback.to}: ${status.rollback.reason}`, inner, 'bad'));
  for (const left of status.rollback?.remainder ?? []) lines.push(...labelled('Remains', left, inner, 'bad'));
  if (status.failure !== null) lines.push(...labelled('Failed', status.failure, inner, 'bad'));
  if (prompt !== null) lines.push(...wrap(plain(prompt), inner).map((t) => line(t, 'strong')));
  return lines;
}

function footPart({ status, controls, note }: BoardModel, look: BoardLook, inner: number): Part {
  const lines: Line[] = [];
  if (!isEnded(status.state)) {
    const id = status.rollout;
    const ask = status.asks.find((one) => one.kind !== 'acknowledge');
    const go = status.state === 'paused' || ask === undefined ? `resume ${id}` : `answer ${id} ${ask.ask} ${ask.healthy}`;
    if (controls === 'keys') lines.push(...pack(['[c] CONTINUE', '[r] ROLLBACK', '[p] PAUSE', '[q] leave'], inner).map((t) => line(t, 'strong')));
    else lines.push(...[`CONTINUE  tidegate ${go}`, `ROLLBACK  tidegate rollback ${id}`, `PAUSE     tidegate pause ${id}`].flatMap((t) => (cellsOf(t) <= inner ? [t] : wrap(t, inner, '  '))).map((t) => line(t)));
  }
  const { look: seen } = status;
  const age = seen.asOf === null ? 'not looked yet' : `looked ${ageInWords(seen.asOf, look.now)}`;
  const cadence = seen.cadenceMs === null ? '' : `, every ${inWords(seen.cadenceMs)}`;
  const late = seen.paused ? ' · the watch was paused from outside: nothing is looked at' : seen.stale ? ' · OLDER THAN ITS CADENCE' : '';
  if (!isEnded(status.state)) lines.push(...wrap(`${age}${cadence}${late} · changes against the mean of this soak`, inner).map((t) => line(t, seen.stale || seen.paused ? 'warn' : 'faint')));
  if (note !== null) lines.push(...wrap(plain(note), inner).map((t) => line(t, 'faint')));
  return lines;
}

/** As many to a line as fit, two spaces apart. */
function pack(items: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && cellsOf(last) + 2 + cellsOf(item) <= width) lines[lines.length - 1] = `${last}  ${item}`;
    else lines.push(item);
  }
  return lines;
}
