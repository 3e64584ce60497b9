// The sentence of a verdict: metric, value, limit, window, sample count and age in words. Numbers and lengths: words.ts.
import type { Condition, Judgement, Limit, Reason, Subject, Window } from './types.js';
import type { Advanced, Scene } from './advance.js';
import type { Assessment } from './assess.js';
import { countInWords, lengthInWords, numberInWords, quantityInWords } from './words.js';
import { looksTrue, trueForMs } from './sustain.js';

const unknownInWords: Record<Exclude<Reason, 'held' | 'broken' | 'not-yet'>, string> = {
  'idle': 'idle: too little was seen to say',
  'no-data': 'unknown: the source has no data',
  'stale': 'unknown: too old',
  'non-finite': 'unknown: not a finite number',
  'ambiguous': 'unknown: several series where one was asked for',
  'provider-error': 'unknown: the source could not be asked',
  'no-reference': 'not comparable: the period it refers to has no summary of it',
  'too-few-samples': 'not judged yet: too few samples',
  'unanswered': 'not answered yet',
};

export function judgementOf(advanced: Advanced, scene: Scene, assessment: Assessment): Judgement {
  const { truth, reason, found, ageMs, observations } = assessment;
  const { limit, watched: { condition } } = advanced;
  const value = condition.kind === 'trend' ? found?.stretch?.change ?? null : found?.value ?? null;
  return { truth, reason, message: sentence(advanced, scene, assessment), value, limit, samples: observations, ageMs };
}

function sentence(advanced: Advanced, scene: Scene, assessment: Assessment): string {
  const { watched: { condition, role } } = advanced;
  const name = subjectInWords(condition);
  const asked = askedInWords(advanced, scene);
  const limitWord = role === 'trigger' ? 'trigger' : 'limit';
  const { reason, found, soak } = assessment;
  const facts = [`${limitWord} ${asked}`, ...durations(advanced, assessment), windowInWords(condition), firingInWords(condition, scene), ...evidenceInWords(advanced, scene, assessment)].filter((fact) => fact !== '');
  if (reason !== 'held' && reason !== 'broken' && reason !== 'not-yet') {
    const detail = assessment.detail === '' ? '' : ` (${clipped(assessment.detail)})`;
    return `${name} is ${unknownInWords[reason]}${detail} (${facts.join(', ')})`;
  }
  const shown = (value: number): string => shownValue(advanced, scene, value);
  const values = [found === null ? '' : `${shown(found.value)}${soak === null ? '' : ' now'}`, soak === null ? '' : `${shown(soak.mean)} over the clean soak (mean of ${countInWords(soak.n, 'sample', 'samples')})`];
  const said = values.filter((value) => value !== '').join(' and ');
  if (condition.kind === 'trend') return `${name} ${changeInWords(advanced, scene, found?.stretch?.change ?? 0)} (${facts.join(', ')})`;
  return `${name} is ${said} (${facts.join(', ')})`;
}

function subjectInWords(condition: Condition): string {
  if (condition.kind === 'trend') return condition.metric;
  const { subject } = condition;
  switch (subject.kind) {
    case 'metric': return subject.metric;
    case 'increase': return `increase of ${subject.metric}`;
    case 'samples': return `samples of ${subject.metric}`;
    case 'alerts': return `${subject.fresh ? 'new ' : ''}alerts(${subject.severity})`;
    case 'events': return `events(${subject.event})`;
  }
}

/** Counts have no unit; a growth and a value have their metric's. */
function unitOf(subject: Subject, scene: Scene): string {
  switch (subject.kind) {
    case 'metric': return subject.aggregate === 'count' ? '' : scene.evidence.get(subject.metric)?.traits.unit ?? '';
    case 'increase': return scene.evidence.get(subject.metric)?.traits.unit ?? '';
    case 'samples': case 'alerts': case 'events': return '';
  }
}

function shownValue(advanced: Advanced, scene: Scene, value: number): string {
  const { watched: { condition }, limit } = advanced;
  if (condition.kind === 'trend') return numberInWords(value);
  if (condition.limit.kind === 'answer') return value === 1 ? 'yes' : value === 0 ? 'no' : numberInWords(value);
  return quantityInWords(value, unitOf(condition.subject, scene), limit);
}

function askedInWords(advanced: Advanced, scene: Scene): string {
  const { watched: { condition }, limit } = advanced;
  if (condition.kind === 'trend') return { down: 'trending down', up: 'trending up', steady: 'stable or improving' }[condition.direction];
  const { op, forMs, ofLooks, subject } = condition;
  const number = limit === null ? referenceInWords(condition.limit) : condition.limit.kind === 'answer' ? condition.limit.value : quantityInWords(limit, unitOf(subject, scene));
  const from = limit === null || condition.limit.kind !== 'reference' ? '' : ` from ${referenceInWords(condition.limit)}`;
  return `${op} ${number}${from}${forMs === 0 ? '' : ` for ${lengthInWords(forMs)}`}${ofLooks === null ? '' : ` at ${ofLooks.m} of ${ofLooks.n} looks`}`;
}

function referenceInWords(limit: Limit): string {
  if (limit.kind !== 'reference') return '';
  const factor = limit.factor === 1 ? '' : `${numberInWords(limit.factor)} × `;
  const offset = limit.offset === 0 ? '' : limit.offset > 0 ? ` + ${numberInWords(limit.offset)}` : ` − ${numberInWords(-limit.offset)}`;
  return `${factor}${limit.period}${offset}`;
}

/** How far a sentence with `for` or `of looks` has come. */
function durations({ watched: { condition }, memory }: Advanced, { reason }: Assessment): string[] {
  if (condition.kind === 'trend' || (reason !== 'held' && reason !== 'not-yet')) return [];
  return [
    ...(condition.forMs > 0 && memory.trueSince !== null ? [`true for ${lengthInWords(trueForMs(memory))}${reason === 'not-yet' ? ' so far' : ''}`] : []),
    ...(condition.ofLooks === null ? [] : [`true at ${looksTrue(memory)} of ${memory.looks.length}`]),
  ];
}

function windowInWords(condition: Condition): string {
  if (condition.kind === 'trend') return `over ${spanInWords(condition.window)}`;
  const { subject } = condition;
  if (subject.window === null) return '';
  const span = spanInWords(subject.window);
  return subject.kind === 'metric' ? `${subject.aggregate ?? 'mean'} over ${span}` : `over ${span}`;
}

function spanInWords(window: Window): string {
  switch (window.kind) {
    case 'duration': return lengthInWords(window.ms);
    case 'soak': return 'the clean soak';
    case 'rollout': return 'the rollout so far';
    case 'period': return window.period;
  }
}

/** Which alerts stand behind the count, as far as the source names them: whoever is woken must not have to look them up. */
function firingInWords(condition: Condition, scene: Scene): string {
  if (condition.kind === 'trend' || condition.subject.kind !== 'alerts') return '';
  const latest = scene.evidence.get(`alerts(${condition.subject.severity})`)?.news.at(-1);
  const names = latest?.kind === 'value' ? latest.members ?? [] : [];
  const more = names.length - firingNamed;
  return names.length === 0 ? '' : `firing now: ${names.slice(0, firingNamed).map((name) => clipped(name, 80)).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
const firingNamed = 3;

function evidenceInWords({ form, watched: { condition } }: Advanced, scene: Scene, { observations, ageMs, reason }: Assessment): string[] {
  if (form.reads === 'events' || (form.reads === 'summary' && form.window.kind === 'period')) return [];
  if (reason === 'unanswered') return [];
  const newest = scene.evidence.get(form.metric)?.readings.at(-1);
  const word = newest?.kind === 'value' ? newest.word : undefined;
  // a person's number is worth what stands behind it
  if (word !== undefined && ageMs !== null) return [`says ${word.by} ${lengthInWords(ageMs)} ago${word.note === '' ? '' : `: ${clipped(word.note)}`}`];
  const age = ageMs === null ? [] : [`newest ${lengthInWords(ageMs)} old`];
  if (condition.kind === 'compare' && condition.limit.kind === 'answer') return ageMs === null ? [] : [`answered ${lengthInWords(ageMs)} ago`];
  return observations === 0 || reason === 'no-data' ? age : [countInWords(observations, 'sample', 'samples'), ...age];
}

function changeInWords(advanced: Advanced, scene: Scene, change: number): string {
  const unit = advanced.form.reads === 'events' ? '' : scene.evidence.get(advanced.form.metric)?.traits.unit ?? '';
  if (change === 0) return 'did not change';
  return `${change > 0 ? 'rose' : 'fell'} by ${quantityInWords(Math.abs(change), unit === '%' ? 'points' : unit)}`;
}

/** What a source says is untrusted and may be long. */
function clipped(detail: string, length = 160): string { return detail.length > length ? `${detail.slice(0, length - 1)}…` : detail; }
