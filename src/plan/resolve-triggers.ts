// Triggers: by severity, by the levels of a metric, and what each makes happen unless the plan says otherwise.
import type { Ms, Severity } from '../judgement/types.js';
import { listed, nearest } from './did-you-mean.js';
import type { Place } from './problems.js';
import { lengthAt, peopleAt, type Reading } from './reading.js';
import type { ConditionReader, Standing } from './resolve-conditions.js';
import type { TriggerFile, TriggersFile } from './schema.js';
import type { Reaction, RollbackTo, Trigger } from './types.js';

const severities = ['info', 'warning', 'critical', 'emergency'] as const;

/** What a severity makes happen by default. */
const defaultDeed: Readonly<Record<Severity, Deed>> = { info: 'tell', warning: 'watch more', critical: 'ask', emergency: 'roll back' };
type Deed = 'tell' | 'watch more' | 'hold' | 'ask' | 'roll back';
const keysOf: Readonly<Record<Deed, readonly string[]>> = { tell: [], 'watch more': ['every'], hold: [], ask: ['within', 'otherwise', 'to'], 'roll back': ['to'] };

/** An unanswered critical ask takes its default after this long. */
const askWithinMs: Ms = 15 * 60_000;

interface Pace { /** the quickest cadence of the plan */ readonly quickestMs: Ms }

export function resolveTriggers(reading: Reading, conditions: ConditionReader, given: TriggersFile | undefined, where: { readonly standing: Standing; readonly place: Place; readonly id: string } & Pace): readonly Trigger[] {
  return severities.flatMap((severity) => (given?.[severity] ?? []).flatMap((entry, index): readonly Trigger[] => {
    const trigger = resolveTrigger(reading, conditions, entry, { severity, standing: where.standing, place: [...where.place, severity, index], id: `${where.id}/${severity}/${index}`, prefix: '', quickestMs: where.quickestMs });
    return trigger === null ? [] : [trigger];
  }));
}

/** `levels: { warning: '> 5%' }` of a metric: in force from preparation to the end, ids `levels/METRIC/warning`. */
export function resolveLevels(reading: Reading, conditions: ConditionReader, pace: Pace): readonly Trigger[] {
  return Object.entries(reading.file.metrics ?? {}).flatMap(([name, { levels }]) => {
    const place: Place = ['metrics', name, 'levels'];
    // the target is no trigger, but it must be sayable
    if (levels?.target !== undefined) conditions.one(levels.target, { in: 'plan' }, [...place, 'target'], `${name} `);
    return (['warning', 'critical'] as const).flatMap((severity): readonly Trigger[] => {
      const level = levels?.[severity];
      if (level === undefined) return [];
      const trigger = resolveTrigger(reading, conditions, level, { severity, standing: { in: 'plan' }, place: [...place, severity], id: `levels/${name}/${severity}`, prefix: `${name} `, ...pace });
      return trigger === null ? [] : [trigger];
    });
  });
}

interface TriggerPlace extends Pace { readonly severity: Severity; readonly standing: Standing; readonly place: Place; readonly id: string; readonly prefix: string }

function resolveTrigger(reading: Reading, conditions: ConditionReader, entry: TriggerFile, at: TriggerPlace): Trigger | null {
  const { severity, standing, place, id } = at;
  if (typeof entry === 'string') {
    const condition = conditions.one(entry, standing, place, at.prefix);
    return condition === null ? null : { id, severity, condition, reaction: reactionOf(reading, {}, at), mitigation: '', tell: [] };
  }
  if ((entry.when === undefined) === (entry.event === undefined)) {
    reading.problems.add(place, 'WRONG_TRIGGER', entry.when === undefined ? 'say when: “when: CONDITION” or “event: NAME”' : '“when” and “event” exclude each other: make two triggers of it');
    return null;
  }
  const condition = entry.when !== undefined ? conditions.one(entry.when, standing, [...place, 'when'], at.prefix) : conditions.event(entry.event!, standing, [...place, 'event']);
  const reaction = reactionOf(reading, entry, at);
  const tell = peopleAt(reading, entry.tell, [...place, 'tell'], []);
  return condition === null ? null : { id, severity, condition, reaction, mitigation: entry.mitigation ?? '', tell };
}

function reactionOf(reading: Reading, entry: Exclude<TriggerFile, string>, at: TriggerPlace): Reaction {
  const deed = entry.do ?? defaultDeed[at.severity];
  for (const key of ['every', 'within', 'otherwise', 'to'] as const) {
    if (entry[key] !== undefined && !keysOf[deed].includes(key)) reading.problems.add([...at.place, key], 'KEY_WITHOUT_EFFECT', `“${key}” has no effect on “${deed}”${entry.do === undefined ? `, which is what a ${at.severity} trigger does: add “do: …”` : ''}`, { on: 'key' });
  }
  const to = (): RollbackTo => rollbackTo(reading, entry.to, [...at.place, 'to'], at.standing);
  switch (deed) {
    case 'tell': case 'hold': return { kind: deed };
    case 'watch more': return { kind: 'watch-more', everyMs: lengthAt(reading, entry.every, [...at.place, 'every'], Math.min(60_000, at.quickestMs)) };
    case 'ask': return { kind: 'ask', deadlineMs: lengthAt(reading, entry.within, [...at.place, 'within'], askWithinMs), otherwise: entry.otherwise === 'hold' ? 'hold' : 'rollback', to: to() };
    case 'roll back': return { kind: 'rollback', to: to() };
  }
}

function rollbackTo(reading: Reading, text: string | undefined, place: Place, standing: Standing): RollbackTo {
  if (text === undefined || text === 'start') return { kind: 'start' };
  if (text === 'previous') return { kind: 'previous' };
  const index = reading.phases.indexOf(text);
  const before = 'index' in standing ? reading.phases.slice(0, standing.index) : reading.phases;
  if (index < 0 || !before.includes(text)) {
    const allowed = ['start', 'previous', ...before];
    const meant = index < 0 ? nearest(text, allowed) : null;
    reading.problems.add(place, index < 0 ? 'UNKNOWN_PHASE' : 'LATER_PHASE', `${index < 0 ? `there is no phase “${text}”` : `“${text}” is not before this phase`}${meant === null ? '' : `; did you mean “${meant}”?`} (allowed: ${listed(allowed)})`);
  }
  return { kind: 'phase', phase: text };
}
