// Incidents: who is called and how long each has, what is done at once, what must come of it. And paths of people, each with a time of its own.
import type { Ms } from '../judgement/types.js';
import { listed, nearest } from './did-you-mean.js';
import type { Place } from './problems.js';
import { lengthAt, peopleAt, slug, type Reading } from './reading.js';
import { resolveCommand } from './resolve-asks.js';
import type { PathFile, PlanFile } from './schema.js';
import type { FollowUp, FollowUpOn, IncidentPlan, PathStep } from './types.js';

/** Each person of the path has this long to acknowledge, unless the plan says otherwise. */
const acknowledgeWithinMs: Ms = 5 * 60_000;

/** People one after the other, each once; a role stands for everybody who has it, one by one. */
export function pathAt(reading: Reading, given: PathFile, place: Place, otherwiseMs: Ms): readonly PathStep[] {
  const steps = given.flatMap((entry, index): readonly PathStep[] => {
    const at = [...place, index];
    if (typeof entry === 'string') return peopleAt(reading, entry, at, []).map((who) => ({ who, afterMs: otherwiseMs }));
    const afterMs = lengthAt(reading, entry.after, [...at, 'after'], otherwiseMs);
    if (index === 0 && entry.after !== undefined) reading.problems.add([...at, 'after'], 'KEY_WITHOUT_EFFECT', 'the first of a path is called at once: “after” belongs to one that follows', { on: 'key' });
    return peopleAt(reading, entry.to, [...at, 'to'], []).map((who) => ({ who, afterMs }));
  });
  return steps.filter((step, index) => steps.findIndex((other) => other.who === step.who) === index);
}

type IncidentFile = NonNullable<NonNullable<PlanFile['incidents']>['critical']>;

export function resolveIncidents(reading: Reading): readonly IncidentPlan[] {
  return (['warning', 'critical', 'emergency'] as const).flatMap((severity) => {
    const given = reading.file.incidents?.[severity];
    return given === undefined ? [] : [resolveIncident(reading, severity, given)];
  });
}

function resolveIncident(reading: Reading, severity: IncidentPlan['severity'], given: IncidentFile): IncidentPlan {
  const place = ['incidents', severity];
  const withinMs = lengthAt(reading, given['acknowledge within'], [...place, 'acknowledge within'], acknowledgeWithinMs);
  const owner = reading.people.has(reading.file.owner) ? reading.file.owner : null;
  const path = given.path !== undefined ? pathAt(reading, given.path, [...place, 'path'], withinMs)
    : reading.file.escalation !== undefined ? pathAt(reading, reading.file.escalation, ['escalation'], withinMs) : owner === null ? [] : [{ who: owner, afterMs: withinMs }];
  const commander = commanderAt(reading, given.commander, [...place, 'commander']) ?? path[0]?.who ?? owner ?? reading.file.owner;
  const names = new Set<string>();
  const once = (id: string, at: Place, title: string): string => {
    if (names.has(id)) reading.problems.add(at, 'DUPLICATE_NAME', `there are two called “${title}”: they could not be told apart`);
    names.add(id);
    return id;
  };
  return {
    severity, commander, path: [{ who: commander, afterMs: withinMs }, ...path.filter(({ who }) => who !== commander)], acknowledgeWithinMs: withinMs,
    firstSteps: given['first steps'] ?? [],
    steps: (given.steps ?? []).map((step, index) => {
      const at = [...place, 'steps', index];
      return { id: once(`incidents/${severity}/steps/${slug(step.step, String(index))}`, [...at, 'step'], step.step), name: step.step, run: resolveCommand(reading, step, at) };
    }),
    tell: peopleAt(reading, given.tell, [...place, 'tell'], []),
    followUps: (given['follow-ups'] ?? []).map((entry, index): FollowUp => {
      const at = [...place, 'follow-ups', index];
      return {
        id: once(`incidents/${severity}/${slug(entry['follow-up'], String(index))}`, [...at, 'follow-up'], entry['follow-up']), title: entry['follow-up'], on: 'incident',
        who: peopleAt(reading, entry.who, [...at, 'who'], [commander]), withinMs: lengthAt(reading, entry.within, [...at, 'within'], 7 * 86_400_000),
      };
    }),
  };
}

function commanderAt(reading: Reading, given: string | undefined, place: Place): string | null {
  const people = peopleAt(reading, given, place, []);
  if (people.length > 1) reading.problems.add(place, 'ONE_PERSON', `“${given}” is ${people.length} people (${people.join(', ')}): one of them commands, name that one`);
  return people[0] ?? null;
}

/** What starts a follow-up; what is unknown is told with what there is. */
export function followUpOn(reading: Reading, given: string, place: Place): FollowUpOn {
  const fixed = ['rollback', 'completion', 'issue', 'warning', 'critical', 'emergency'] as const;
  const known = fixed.find((one) => one === given);
  if (known !== undefined) return known;
  const events = Object.keys(reading.file.events ?? {});
  const event = /^event:\s*(\S+)$/.exec(given)?.[1];
  if (event !== undefined && events.includes(event)) return `event:${event}`;
  const meant = event === undefined ? nearest(given, fixed) : nearest(event, events);
  if (event !== undefined) reading.problems.add(place, 'UNKNOWN_EVENT', `unknown event “${event}”${meant === null ? '' : `; did you mean “${meant}”?`}; declare it under \`events\` (known: ${listed(events) || 'none'})`);
  else reading.problems.add(place, 'WRONG_VALUE', `found “${given}”${meant === null ? '' : `; did you mean “${meant}”?`} (allowed: ${fixed.join(', ')}, event:NAME)`);
  return 'issue';
}
