// Building blocks for the judgement tests: conditions, traits, rules, and a run that carries its memory through JSON at every look.
import { expect } from 'vitest';
import { look, packMemory, unpackMemory, type Condition, type ConditionRole, type Look, type LookResult, type Measurement, type MetricTraits, type Point, type ReportedEvent, type Severity, type Subject, type WatchedCondition, type WatchMemory, type WatchRules } from '../../src/judgement/index.js';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
/** an instant that is no multiple of anything */
export const start = 1_767_225_601_000;

export const value = (at: number, number: number, samples?: number): Point => ({ at, measurement: { kind: 'value', value: number, ...(samples === undefined ? {} : { samples }) } });
export const firing = (at: number, ...members: string[]): Point => ({ at, measurement: { kind: 'value', value: members.length, members } });
export const other = (at: number, measurement: Measurement): Point => ({ at, measurement });
export const noData = (at: number): Point => other(at, { kind: 'noData', detail: 'empty answer' });
export const idle = (at: number): Point => other(at, { kind: 'idle', samples: 0 });

export const traits = (name: string, over: Partial<MetricTraits> = {}): MetricTraits => ({ name, unit: '%', better: 'lower', minSamples: 0, maxAgeMs: 5 * minute, whenIdle: 'not-counted', human: false, ranged: false, ...over });

export const metric = (name: string, over: { aggregate?: 'mean' | 'min' | 'max' | 'sum' | 'count' | 'last'; window?: Subject['window'] } = {}): Subject => ({ kind: 'metric', metric: name, aggregate: over.aggregate ?? null, window: over.window ?? null });
export const compare = (subject: Subject, op: '<' | '<=' | '>' | '>=' | '=' | '!=', limit: number | Extract<Condition, { kind: 'compare' }>['limit'], over: { forMs?: number; ofLooks?: { m: number; n: number } } = {}): Condition => ({
  kind: 'compare', text: 'as written', subject, op, limit: typeof limit === 'number' ? { kind: 'number', value: limit } : limit, forMs: over.forMs ?? 0, ofLooks: over.ofLooks ?? null,
});
export const trend = (name: string, direction: 'down' | 'up' | 'steady', window: Extract<Condition, { kind: 'trend' }>['window'], better: 'lower' | 'higher' = 'lower'): Condition => ({ kind: 'trend', text: 'as written', metric: name, direction, better, window });

export const watched = (role: ConditionRole, condition: Condition, over: { id?: string; severity?: Severity; judged?: boolean } = {}): WatchedCondition => ({ id: over.id ?? role, role, severity: over.severity ?? (role === 'trigger' ? 'warning' : 'info'), condition, judged: over.judged ?? true });

export const rules = (over: Partial<WatchRules> = {}): WatchRules => ({
  conditions: [], metrics: [traits('error_rate')], references: {}, cadenceMs: minute, blindAfterMs: 2 * minute, unknownForMs: 5 * minute,
  soak: { neededMs: 24 * hour, onIssue: 'extend' }, suspended: false, judgeAfter: start - 1000 * hour, movedAt: start, ...over,
});

export const evidence = (asOf: number, series: Readonly<Record<string, readonly Point[]>>, events: readonly ReportedEvent[] = []): Look => ({ asOf, series: Object.entries(series).map(([name, points]) => ({ metric: name, points })), events });

export const throughJson = <Value>(plain: Value): Value => JSON.parse(JSON.stringify(plain)) as Value;

/** A watch: every look's memory travels to the next as it does between attempts, packed and through JSON. */
export class Watch {
  memory: WatchMemory | null = null;
  results: LookResult[] = [];
  constructor(public rules: WatchRules) {}

  look(asOf: number, series: Readonly<Record<string, readonly Point[]>>, events: readonly ReportedEvent[] = []): LookResult {
    const result = look(this.memory, this.rules, evidence(asOf, series, events));
    this.memory = unpackMemory(throughJson(packMemory(result.memory, true)));
    expect(this.memory).toEqual(throughJson(result.memory));
    this.results.push(result);
    return result;
  }

  /** Looks at each instant with one sample of `error_rate`. */
  sample(...samples: readonly (readonly [at: number, number: number])[]): LookResult {
    for (const [at, number] of samples) this.look(at, { error_rate: [value(at, number)] });
    return this.last;
  }

  get last(): LookResult { return this.results.at(-1)!; }
  get fired(): string[] { return this.results.flatMap((result) => result.fired.map((verdict) => verdict.id)); }
}
