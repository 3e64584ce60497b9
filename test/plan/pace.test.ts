// A plan at a pace: what is divided, what is drawn nearer to the start, what stays, and what is left out. No length and no instant of a resolved
// plan can be forgotten: each is in one of the three lists.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isPace, paced as pacedByWorkflow } from '../../workflows/pace.js';
import { allConditions, type ResolvedPlan } from '../../src/plan/index.js';
import { divided, drawn, everyNumber, kept, paced } from '../../src/plan/pace.js';
import { now, plan, read } from './providers.js';
import { sample } from './sample.js';

const minute = 60_000;
const day = 86_400_000;
const load = (name: string): string => readFileSync(new URL(`../../examples/${name}.yaml`, import.meta.url), 'utf8');
const examples = { 'batch-patches': [{}], 'triage-1323': [{ variant: 'cloud-run' }, { variant: 'on-premise' }], 'sihat-tcm': [{}], 'mbct-assessments': [{}], 'patient-advocacy': [{}] } as const;
const plans: readonly (readonly [string, ResolvedPlan])[] = Object.entries(examples).flatMap(([name, choices]) => choices.map((vars): [string, ResolvedPlan] => [name, plan(load(name), { vars, day1: '2026-03-02' })]));
const at1440 = (text: string, options: Parameters<typeof plan>[1] = {}): ResolvedPlan => plan(text, { pace: { times: 1440, from: now }, ...options });

const ends = (path: string, end: string): boolean => path === end || path.endsWith(`.${end}`);
const listed = (path: string): readonly string[] => [...Object.keys(divided), ...drawn, ...kept].filter((end) => ends(path, end));
const numbersOf = (value: unknown): readonly (readonly [string, number])[] => { const found: [string, number][] = []; everyNumber(value, '', (path, number) => { found.push([path, number]); return number; }); return found; };
const leftOut = /^(standUps|reviews)\[\]|^hours\./;
/** No instant, whatever its name: a value that a target keeps. */
const isValue = (path: string): boolean => path.endsWith('protected.standsAt');

describe('every length and every instant of a plan', () => {
  it.each(plans)('of %s is divided, drawn nearer, or said to stay; and in one list only', (_, resolved) => {
    const times = numbersOf(resolved).filter(([path, value]) => !leftOut.test(path) && !isValue(path) && (/(Ms|At|\.ms)(\[\])?$/.test(path) || value > Date.UTC(2020, 0, 1)));
    expect(times.length).toBeGreaterThan(20);
    expect([...new Set(times.map(([path]) => path))].filter((path) => listed(path).length !== 1)).toEqual([]);
  });
  it('is known by the name it has in the types, also where no example has one', () => {
    const files = ['../../src/plan/types.ts', '../../src/judgement/types.ts'].map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'));
    const conditions = files[1]!.slice(files[1]!.indexOf('export type Window'), files[1]!.indexOf('export type Truth'));
    const types = files[0]!.replace(/export interface (Review|StandUp|Pace) .*/g, '');
    const names = [...`${types}${conditions}`.matchAll(/readonly (\w+)\??: (?:readonly )?(?:Ms|EpochMs)\b/g)].map(([, name]) => name!);
    const known = new Set([...Object.keys(divided), ...drawn, ...kept].map((end) => end.split('.').at(-1)!.replace('[]', '')));
    expect(names.length).toBeGreaterThan(35);
    expect([...new Set(names)].filter((name) => !known.has(name))).toEqual([]);
  });
  it('and nothing is listed that no plan could have', () => {
    const paths = [...plans.flatMap(([, resolved]) => numbersOf(resolved)), ...numbersOf(plan(whole))].map(([path]) => path);
    expect([...Object.keys(divided), ...drawn, ...kept].filter((end) => !paths.some((path) => ends(path, end)))).toEqual([]);
  });
});

/** What none of the examples has. */
const whole = sample.replace("question: 'Comfortable?'", "question: 'Comfortable?', valid for: 2d, ask ahead: 1d").replace('starts: day 3 at 09:00', 'starts: launch + 2d\n    latest: launch + 3d\n    rollback: { within: 20s }\n    after: [{ step: Told, at: launch + 3d, run: say, cannot be undone: it is said }]\n    before: [{ step: Say, at: launch + 2d, run: say, cannot be undone: it is said }]')
  .concat(`launch: day 1 at 10:00
preparation: [{ item: Backed up, when: launch - 3h }]
freezes: [{ from: 2026-03-20, to: 2026-03-21, why: holiday }]
reviews: [{ review: Look back, who: ana }]
`);

describe('at 1440 a day takes a minute', () => {
  it('a soak of two days is two minutes, and a look is never nearer than a second to the one before', () => {
    const [before, after] = [plan(load('patient-advocacy')), at1440(load('patient-advocacy'))];
    expect(after.phases.map(({ soak }) => soak.ms)).toEqual(before.phases.map(({ soak }) => Math.round(soak.ms / 1440)));
    expect(after.phases.slice(1).map(({ cadenceMs }) => cadenceMs)).toEqual([1_000, 1_000, 1_000]);
    expect(after.baseline!.overMs).toBe(minute);
  });
  it('day 8 at nine is as much nearer to the start as everything else', () => {
    const resolved = at1440(load('triage-1323'), { vars: { variant: 'cloud-run' }, day1: '2026-03-02' });
    const planned = plan(load('triage-1323'), { vars: { variant: 'cloud-run' }, day1: '2026-03-02' });
    expect(resolved.phases.map(({ starts }) => starts! - now)).toEqual(planned.phases.map(({ starts }) => Math.round((starts! - now) / 1440)));
    expect(resolved.phases[2]!.stages.map(({ afterMs }) => afterMs)).toEqual([9 * minute]);
    expect(resolved.phases[3]!.decision).toMatchObject({ againMs: 28 * minute });
  });
  it('what comes before the start stays before it, and the end follows from the rest', () => {
    const resolved = at1440(load('batch-patches'), { day1: '2026-03-02' });
    expect(resolved.preparation[0]!.askAt!).toBeLessThan(now);
    expect(resolved.nominalEnd - now).toBeLessThan(24 * minute);
    expect(resolved.nominalEnd).toBeGreaterThan(resolved.phases.at(-1)!.starts!);
  });
  it('no order of two times is turned round', () => {
    for (const times of [1.5, 60, 1440, 100_000]) for (const [, resolved] of plans) {
      const faster = paced(resolved, { times, from: now });
      for (const phase of [...faster.phases, ...(faster.baking === null ? [] : [faster.baking])]) expect(phase.blindAfterMs).toBeGreaterThanOrEqual(phase.cadenceMs);
      for (const { human } of faster.metrics) if (human?.askAheadMs != null) expect(human.askAheadMs).toBeLessThan(human.validMs);
      for (const { stages, soak } of faster.phases) for (const { afterMs } of stages) expect(afterMs).toBeLessThan(soak.ms);
    }
  });
  it('conditions keep their words and are judged over less: `for` at least a second, windows at least five', () => {
    const [before, after] = [plan(load('batch-patches')), at1440(load('batch-patches'))];
    expect(allConditions(after).map(({ condition }) => condition.text)).toEqual(allConditions(before).map(({ condition }) => condition.text));
    const of = (text: string) => allConditions(after).find(({ condition }) => condition.text === text)!.condition;
    expect(of('error_rate > 10% for 5m')).toMatchObject({ forMs: 1_000 });
    expect(of('error_rate trending down over 24h')).toMatchObject({ window: { ms: minute } });
    expect(of('events(customer-issue) > 1 over 1h')).toMatchObject({ subject: { window: { ms: 5_000 } } });
  });
  it('the real world has its own time: commands, writes, sources and rollbacks', () => {
    for (const [, resolved] of plans) {
      const faster = paced(resolved, { times: 1440, from: now });
      expect(numbersOf(faster).filter(([path]) => kept.some((end) => ends(path, end)))).toEqual(numbersOf(resolved).filter(([path]) => !leftOut.test(path) && kept.some((end) => ends(path, end))));
      expect(faster.rollback.verifyWithinMs).toBe(resolved.rollback.verifyWithinMs);
      expect(faster.metrics.map(({ minSamples, maxAgeMs }) => [minSamples, maxAgeMs])).toEqual(resolved.metrics.map(({ minSamples, maxAgeMs }) => [minSamples, maxAgeMs]));
      expect(faster.targets.map(({ settings }) => settings)).toEqual(resolved.targets.map(({ settings }) => settings));
    }
  });
  it('nothing becomes longer than it was planned', () => {
    for (const [, resolved] of plans) {
      const before = new Map(numbersOf(resolved).map(([path, value], index) => [`${path} ${index}`, value]));
      expect(before.size).toBeGreaterThan(50);
      const lengths = (one: ResolvedPlan) => numbersOf({ ...one, standUps: [], hours: null, reviews: [], pace: null }).filter(([path]) => Object.keys(divided).some((end) => ends(path, end)));
      lengths(paced(resolved, { times: 1440, from: now })).forEach(([path, value], index) => { expect([path, value <= lengths(resolved)[index]![1]]).toEqual([path, true]); });
    }
  });
  it('what is held at hours of the day is left out, each with a word about it', () => {
    const resolved = at1440(load('triage-1323'), { vars: { variant: 'cloud-run' } });
    expect(resolved).toMatchObject({ standUps: [], reviews: [], hours: null });
    expect(resolved.pace!.leftOut).toHaveLength(4 + 3);
    expect(resolved.pace!.leftOut[0]).toBe('stand-up “Hourly look at calls and escalations” is left out: it is held at hours of the day');
    expect(at1440(`${sample}hours: { from: '09:00', to: '17:00' }\n`).pace!.leftOut).toEqual(['business hours (09:00–17:00, America/Los_Angeles) are left out: moves are made at any hour']);
  });
  it('what is due after the start leaves ten seconds to answer; what was due before it stays overdue', () => {
    const text = `${sample}preparation: [{ item: Told, when: day -2 }, { item: Backed up, when: week -2 }]\n`;
    const due = (of: ResolvedPlan): readonly number[] => of.preparation.map(({ askAt, dueAt }) => dueAt! - Math.max(askAt!, now));
    expect(due(at1440(text, { day1: '2026-03-06', pace: { times: 100_000, from: now } }))).toEqual([10_000, expect.any(Number)]);
    expect(due(at1440(text, { day1: '2026-03-06' }))[0]).toBe(2 * minute);
    expect(due(at1440(text, { day1: '2026-03-06' }))[1]).toBeLessThan(0);
  });
  it('a freeze is drawn nearer like every other instant', () => {
    const freezes = (of: ResolvedPlan): readonly number[] => of.freezes.flatMap(({ from, to }) => [from, to]);
    const text = `${sample}freezes: [{ from: day 3 at 10:00, to: day 5 at 10:00, why: holiday }]\n`;
    expect(freezes(at1440(text)).map((at) => at - now)).toEqual(freezes(plan(text)).map((at) => Math.round((at - now) / 1440)));
    expect(at1440(text).pace!.leftOut).toEqual([]);
  });
});

describe('without a pace, and at 1,', () => {
  it.each(plans.map(([name]) => name).filter((name) => name !== 'triage-1323'))('%s is resolved as ever', (name) => {
    const text = load(name);
    expect(plan(text, { pace: { times: 1, from: now } })).toEqual(plan(text));
    expect(Object.keys(plan(text))).not.toContain('pace');
  });
  it('the plan as it is written is what is judged: what is too short at this pace is no problem of the plan', () => {
    expect(read(load('patient-advocacy'), { pace: { times: 100_000, from: now } })).toMatchObject({ ok: true });
  });
});

it('the engine divides its own lengths as the plan’s are', () => {
  for (const hours of [1, 4, 24, 72, 1_000]) {
    const ms = hours * 60 * minute;
    const text = sample.replace('needs: 2 }', `needs: 2, within: ${hours}h }`);
    for (const times of [1, 7, 1440]) expect(pacedByWorkflow(plan(text, { pace: { times, from: now } }), ms)).toBe(plan(text, { pace: { times, from: now } }).phases[0]!.approval!.withinMs);
  }
});
it('a pace is a number from 1 to 100,000', () => {
  expect([1, 1.5, 1440, 100_000].filter((one) => !isPace(one))).toEqual([]);
  expect([0, 0.9, -1, 100_001, Number.NaN, Number.POSITIVE_INFINITY, '1440', null].filter(isPace)).toEqual([]);
  expect(day / 1440).toBe(minute);
});
