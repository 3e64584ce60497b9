// The reducer's memory as it travels: in heartbeat details at every look, and between watch and workflow. Nothing is lost but what can be
// said again; it is a quarter of the plain form, and every look pays for each byte five times. The plain form: look-types.ts.
import type { ConditionMemory, LatestReading, RunningSummary, WatchMemory } from './look-types.js';
import type { EpochMs, Reason, Verdict } from './types.js';

type Cell = number | string | null | readonly Cell[];
type Row = readonly Cell[];
type Head = Omit<WatchMemory, 'version' | 'asOf' | 'conditions' | 'verdicts' | 'soak' | 'rollout' | 'latest' | 'changes' | 'alerts'>;

/** Plain JSON. Instants are differences to `asOf`; rows lose their trailing nulls; what is empty is not there. Read it with `unpackMemory`. */
export interface PackedMemory {
  readonly version: 1;
  readonly asOf: EpochMs | null;
  readonly head: Partial<Head>;
  /** [id, its memory, its last verdict] */
  readonly conditions: readonly (readonly [id: string, memory: Row, verdict: Row])[];
  readonly soak: Readonly<Record<string, Row>>;
  readonly rollout: Readonly<Record<string, Row>>;
  readonly latest: Readonly<Record<string, Row>>;
  readonly changes: readonly (readonly [id: string, verdict: Row])[];
  readonly alerts: WatchMemory['alerts'];
}

const emptyHead: Head = { valid: false, unknownSince: null, unknownLooks: 0, cleanMs: 0, restarts: 0, looks: 0, open: [], suspended: false, soakLooks: 0, phaseSince: null, soakSince: null, unbroken: null };

/**
 * @param sentences false: without the texts and messages of the last verdicts, for a reader that has them from elsewhere or makes them anew
 *   at its next look. Undelivered changes always keep theirs.
 */
export function packMemory(memory: WatchMemory, sentences: boolean): PackedMemory {
  const base = memory.asOf ?? 0;
  const { version, asOf, conditions, verdicts, soak, rollout, latest, changes, alerts, ...head } = memory;
  const kept: Kept = new Map();
  const ids = new Set([...Object.keys(conditions), ...Object.keys(verdicts)]);
  return {
    version, asOf,
    head: Object.fromEntries(Object.entries(head).filter(([name, value]) => !(value === emptyHead[name as keyof Head] || (Array.isArray(value) && value.length === 0)))) as Partial<Head>,
    conditions: [...ids].map((id) => [id, conditions[id] === undefined ? [] : packCondition(conditions[id], base, kept), verdicts[id] === undefined ? [] : packVerdict(verdicts[id], base, sentences)] as const),
    soak: mapped(soak, (one) => packSummary(one, base)), rollout: mapped(rollout, (one) => packSummary(one, base)), latest: mapped(latest, (one) => packLatest(one, base)),
    changes: changes.map((verdict) => [verdict.id, packVerdict(verdict, base, true)] as const), alerts,
  };
}

export function unpackMemory(packed: PackedMemory): WatchMemory {
  const base = packed.asOf ?? 0;
  const kept: Shared = [];
  return {
    ...emptyHead, ...packed.head, version: packed.version, asOf: packed.asOf,
    conditions: Object.fromEntries(packed.conditions.flatMap(([id, memory]) => (memory.length === 0 ? [] : [[id, unpackCondition(memory, base, kept)] as const]))),
    verdicts: Object.fromEntries(packed.conditions.flatMap(([id, , verdict]) => (verdict.length === 0 ? [] : [[id, unpackVerdict(id, verdict, base)] as const]))),
    soak: mapped(packed.soak, (row) => unpackSummary(row, base)), rollout: mapped(packed.rollout, (row) => unpackSummary(row, base)), latest: mapped(packed.latest, (row) => unpackLatest(row, base)),
    changes: packed.changes.map(([id, verdict]) => unpackVerdict(id, verdict, base)), alerts: packed.alerts,
  };
}

// ── one row each ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Conditions over the same window of the same metric hold the same buckets: those after the first name its number. */
type Kept = Map<string, number>;
type Shared = (readonly (readonly number[])[])[];

/** The first cell is never null, so that a condition that remembers nothing is still a row. */
function packCondition(one: ConditionMemory, base: EpochMs, kept: Kept): Row {
  const { counter, buckets } = one;
  return trimmed([
    buckets[0]?.length ?? 0, since(one.lastAt, base), since(one.lastValueAt, base), one.lastValue, since(one.trueSince, base), since(one.trueAt, base), since(one.unknownSince, base),
    one.looks.length === 0 ? null : one.looks.join(''), counter === null ? null : [counter.last, counter.grown, counter.since - base], buckets.length === 0 ? null : once(packBuckets(buckets, base), kept),
  ]);
}

function unpackCondition(row: Row, base: EpochMs, kept: Shared): ConditionMemory {
  const [width, lastAt, lastValueAt, lastValue, trueSince, trueAt, unknownSince, looks, counter, buckets] = row as readonly [number, ...(number | null | undefined)[]] & readonly unknown[];
  const [last, grown, counted] = (counter ?? []) as readonly number[];
  return {
    lastAt: at(lastAt, base), lastValueAt: at(lastValueAt, base), lastValue: lastValue ?? null, trueSince: at(trueSince, base), trueAt: at(trueAt, base), unknownSince: at(unknownSince, base),
    looks: [...((looks ?? '') as unknown as string)].map((look) => (look === '1' ? 1 : 0)), counter: counter == null ? null : { last: last!, grown: grown!, since: counted! + base },
    buckets: unpackBuckets(found(buckets, kept), width, base),
  };
}

function once(rows: readonly (readonly number[])[], kept: Kept): number | readonly (readonly number[])[] {
  const text = JSON.stringify(rows);
  const first = kept.get(text);
  if (first !== undefined) return first;
  kept.set(text, kept.size);
  return rows;
}

function found(cell: unknown, kept: Shared): readonly (readonly number[])[] {
  if (cell == null) return [];
  if (typeof cell === 'number') return kept[cell]!;
  kept.push(cell as readonly (readonly number[])[]);
  return kept[kept.length - 1]!;
}

/** Each begins so long after the one before; a bucket of one value, which most are, is that value. */
function packBuckets(buckets: ConditionMemory['buckets'], base: EpochMs): readonly (readonly number[])[] {
  let before = base;
  return buckets.map((bucket) => {
    const [begin, n, sum, min, max, ...trend] = bucket as [number, number, number, number, number, ...number[]];
    const after = begin - before;
    before = begin;
    return n === 1 && min === sum && max === sum && trend.every((one) => one === 0) ? [after, sum] : [after, n, sum, min, max, ...trend];
  });
}

function unpackBuckets(rows: readonly (readonly number[])[], width: number, base: EpochMs): number[][] {
  let before = base;
  return rows.map((row) => {
    before += row[0]!;
    const value = row[1]!;
    return row.length === 2 ? [before, 1, value, value, value, ...Array.from({ length: width - 5 }, () => 0)] : [before, ...row.slice(1)];
  });
}

function packVerdict(verdict: Verdict, base: EpochMs, sentences: boolean): Row {
  return trimmed([verdict.verdict[0]!, verdict.asOf - base, verdict.reason, verdict.value, verdict.limit, verdict.samples, verdict.ageMs, ...(sentences ? [verdict.text, verdict.message] : [])]);
}

const words = { p: 'pass', f: 'fail', i: 'inconclusive' } as const;

function unpackVerdict(id: string, row: Row, base: EpochMs): Verdict {
  const [word, asOf, reason, value, limit, samples, ageMs, text, message] = row as readonly [keyof typeof words, number, Reason, number | null, number | null, number, number | null | undefined, string | undefined, string | undefined];
  return { id, text: text ?? '', verdict: words[word], reason, message: message ?? '', value, limit, samples, ageMs: ageMs ?? null, asOf: asOf + base };
}

function packSummary(one: RunningSummary, base: EpochMs): Row {
  return [one.samples, one.sum, one.min, one.max, one.last, one.observations, one.grown, one.firstAt - base, one.lastAt - base, one.sumT, one.sumTT, one.sumTV];
}

function unpackSummary(row: Row, base: EpochMs): RunningSummary {
  const [samples, sum, min, max, last, observations, grown, firstAt, lastAt, sumT, sumTT, sumTV] = row as unknown as readonly [number, number, number, number, number, number, number, number, number, number, number, number];
  return { mean: sum / samples, min, max, last, samples, sum, observations, grown, firstAt: firstAt + base, lastAt: lastAt + base, sumT, sumTT, sumTV };
}

function packLatest(one: LatestReading, base: EpochMs): Row {
  return trimmed([one.at - base, one.value, one.samples ?? null, one.kind === 'value' ? null : one.kind, one.lastNumber ?? null]);
}

function unpackLatest(row: Row, base: EpochMs): LatestReading {
  const [ago, value, samples, kind, lastNumber] = row as readonly [number, number | null | undefined, number | null | undefined, string | null | undefined, number | null | undefined];
  return { at: ago + base, value: value ?? null, kind: kind ?? 'value', ...(samples == null ? {} : { samples }), ...(lastNumber == null ? {} : { lastNumber }) };
}

const since = (instant: EpochMs | null, base: EpochMs): number | null => (instant === null ? null : instant - base);
const at = (ago: number | null | undefined, base: EpochMs): EpochMs | null => (ago == null ? null : ago + base);

function trimmed(row: Row): Row {
  let length = row.length;
  while (length > 0 && row[length - 1] === null) length -= 1;
  return length === row.length ? row : row.slice(0, length);
}

function mapped<From, To>(from: Readonly<Record<string, From>>, change: (one: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(from).map(([name, one]) => [name, change(one)]));
}
