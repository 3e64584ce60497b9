// What happened when a rollout was taken back, from its record alone: noticed by what, decided by whom, what moved back and how long it took, who
// heard of it, who had been exposed. One incident a rollback. What the record does not say is null here and 'not recorded' in the text; nothing is
// concluded from what is missing. Pure. In words: incident-words.ts. For people without an incident: report.ts.
import type { EpochMs, Ms } from '../judgement/types.js';
import type { JsonValue } from '../plan/types.js';
import type { StoredEntry } from './port.js';
import { field, listOf, numberOf, scalar, textOf } from './report-words.js';

export interface Said { readonly at: EpochMs; readonly by: string; readonly text: string }
export interface MovedBack { readonly target: string; readonly to: string | null; readonly at: EpochMs; /** after the decision */ readonly tookMs: Ms | null; readonly readBack: string | null }
export interface Exposed { readonly target: string; readonly value: string; readonly from: EpochMs; /** null: the record does not say that it ended */ readonly until: EpochMs | null; readonly forMs: Ms | null }
export interface Told { readonly at: EpochMs; readonly severity: string | null; readonly title: string; readonly to: readonly string[]; /** what the record says went wrong with it */ readonly failed: string | null }

export interface Incident {
  readonly reason: string | null;
  readonly to: string | null;
  readonly phase: string | null;
  /** the first sign of what was still open when it was decided */
  readonly noticed: Said | null;
  readonly evidence: readonly Said[];
  readonly decided: { readonly at: EpochMs; readonly by: string; readonly automatic: boolean | null } | null;
  readonly movedBack: readonly MovedBack[];
  readonly notMovedBack: readonly { readonly target: string; readonly why: string | null }[];
  readonly took: { readonly ms: Ms; readonly limitMs: Ms | null } | null;
  readonly verified: Said & { readonly verdict: string | null } | null;
  readonly steps: readonly Said[];
  readonly told: readonly Told[];
  readonly answers: readonly Said[];
  readonly exposed: readonly Exposed[];
  readonly timeline: readonly (Said & { readonly kind: string })[];
}
export interface IncidentReport { readonly rollout: string; readonly description: string | null; readonly owner: string | null; readonly startedBy: string | null; readonly timezone: string; readonly outcome: string | null; readonly incidents: readonly Incident[] }

/** Of the last run under the id, like the rollout that is meant by it. `entries` ascending by seq. */
export function incidentReport(entries: readonly StoredEntry[]): IncidentReport {
  const from = Math.max(0, entries.findLastIndex((entry) => entry.kind === 'started'));
  const run = entries.slice(from).filter((entry) => entry.kind !== 'unreadable');
  const started = run.find((entry) => entry.kind === 'started');
  const plan = field(started?.detail, 'plan');
  const decisions = run.flatMap((entry, index) => (isRollback(entry) || isOffline(entry) ? [index] : []));
  return {
    rollout: entries[0]?.rollout ?? '', description: textOf(field(plan, 'description')), owner: textOf(field(plan, 'owner')), startedBy: started?.actor ?? null, timezone: textOf(field(plan, 'timezone')) ?? 'UTC',
    outcome: textOf(field(run.find((entry) => entry.kind === 'ended')?.detail, 'outcome')),
    incidents: decisions.map((decided, nth) => incident(run, plan, decisions[nth - 1] ?? -1, decided, decisions[nth + 1] ?? run.length)),
  };
}

const isRollback = (entry: StoredEntry): boolean => entry.kind === 'decision' && typeof field(entry.detail, 'automatic') === 'boolean' && Array.isArray(field(entry.detail, 'targets'));
const isOffline = (entry: StoredEntry): boolean => entry.kind === 'decision' && /^the offline rollback by .* is adopted$/s.test(entry.text);
const said = ({ at, actor, text }: StoredEntry): Said => ({ at, by: actor, text });

function incident(run: readonly StoredEntry[], plan: JsonValue | undefined, before: number, decided: number, next: number): Incident {
  const decision = run[decided]!;
  const offline = isOffline(decision);
  // until the next forward move or the next rollback, whichever comes first
  const moved = run.findIndex((entry, index) => index > decided && entry.kind === 'move');
  const end = Math.min(next, moved < 0 ? run.length : moved);
  // done while nobody could be reached: what moved back was written down before it was adopted
  const after = run.slice(offline ? run.findLastIndex((entry, index) => index < decided && entry.kind === 'moved') + 1 : decided, end);
  const signs = openSigns(run.slice(before + 1, decided));
  const judged = listOf(field(decision.detail, 'verdicts')).flatMap((one) => (typeof one === 'string' ? [{ at: decision.at, by: 'tidegate', text: one }] : []));
  const evidence = [...signs, ...judged.filter((one) => !signs.some((sign) => sign.text.includes(one.text)))];
  const undone = after.findLast((entry) => entry.kind === 'undone');
  const tookMs = numberOf(field(undone?.detail, 'tookMs'));
  const verified = after.findLast((entry) => entry.kind === 'verified');
  const movedBack = movesBack(after, offline ? null : decision.at);
  return {
    reason: textOf(field(decision.detail, 'reason')) ?? (offline ? null : decision.text), to: textOf(field(decision.detail, 'to')), phase: decision.phase, noticed: evidence[0] ?? null, evidence,
    decided: offline ? { at: decision.at, by: decision.actor, automatic: false } : { at: decision.at, by: decision.actor, automatic: field(decision.detail, 'automatic') === true },
    movedBack, notMovedBack: remaining(after, decision, undone), took: tookMs === null ? null : { ms: tookMs, limitMs: numberOf(field(undone?.detail, 'limitMs')) },
    verified: verified === undefined ? null : { ...said(verified), verdict: textOf(field(verified.detail, 'verdict')) },
    steps: after.filter((entry) => entry.kind === 'ladder' || (entry.kind === 'command' && textOf(field(entry.detail, 'step')) !== null)).map(said),
    told: told(run, run.indexOf(signs.length === 0 ? decision : run.find((entry) => entry.at === signs[0]!.at && entry.text === signs[0]!.text)!), end),
    answers: run.slice(before + 1, end).filter((entry) => entry.at >= (evidence[0]?.at ?? decision.at) && (entry.kind === 'answer' || entry.kind === 'acknowledged')).map(said),
    exposed: exposures(run.slice(0, end), plan),
    timeline: run.slice(before + 1, end).filter((entry) => entry.at >= (evidence[0]?.at ?? decision.at) && entry.kind !== 'message' && entry.kind !== 'watch-summary').map((entry) => ({ ...said(entry), kind: entry.kind })),
  };
}

/** Issues, broken invariants and reported events that had not ended when it was decided, in the order in which they came. */
function openSigns(entries: readonly StoredEntry[]): readonly Said[] {
  const open: StoredEntry[] = [];
  for (const entry of entries) {
    const over = entry.kind === 'issue' && textOf(field(entry.detail, 'issue')) !== null;
    if (over) {
      const ended = open.findIndex((one) => one.kind === 'issue' && entry.text.endsWith(one.text.replace(/^\w+: /, '')));
      if (ended >= 0) open.splice(ended, 1);
    } else if (['issue', 'invariant', 'event', 'drift'].includes(entry.kind)) open.push(entry);
    // a later move was made in spite of what had only been reported before it
    else if (entry.kind === 'moved') open.splice(0, open.length, ...open.filter((one) => one.kind === 'issue'));
  }
  return open.map(said);
}

function movesBack(entries: readonly StoredEntry[], decidedAt: EpochMs | null): readonly MovedBack[] {
  return entries.filter((entry) => entry.kind === 'undo').flatMap((entry) => {
    const target = textOf(field(entry.detail, 'target'));
    return target === null ? [] : [{ target, to: scalar(field(entry.detail, 'value')), at: entry.at, tookMs: decidedAt === null ? null : entry.at - decidedAt, readBack: /: (.*)$/s.exec(entry.text)?.[1] ?? null }];
  });
}

function remaining(entries: readonly StoredEntry[], decision: StoredEntry, undone: StoredEntry | undefined): Incident['notMovedBack'] {
  const listed = [...listOf(field(undone?.detail, 'undone')).flatMap((one) => (field(one, 'done') === false ? [{ target: textOf(field(one, 'target')), why: textOf(field(one, 'detail')) }] : [])), ...listOf(field(decision.detail, 'remainder')).map((one) => ({ target: textOf(one), why: null }))];
  if (undone === undefined && listed.length === 0) {
    const done = new Set(entries.filter((entry) => entry.kind === 'undo').map((entry) => textOf(field(entry.detail, 'target'))));
    return listOf(field(decision.detail, 'targets')).flatMap((one) => (typeof one === 'string' && !done.has(one) ? [{ target: one, why: null }] : []));
  }
  return listed.flatMap(({ target, why }) => (target === null ? [] : [{ target, why }]));
}

function told(run: readonly StoredEntry[], from: number, end: number): readonly Told[] {
  const failures = new Map(run.filter((entry) => entry.kind === 'message-refused' || entry.kind === 'message-lost').map((entry) => [textOf(field(entry.detail, 'key')), entry.text]));
  return run.slice(Math.max(0, from), end).filter((entry) => entry.kind === 'message').map((entry) => ({
    at: entry.at, severity: textOf(field(entry.detail, 'severity')), title: entry.text, to: listOf(field(entry.detail, 'to')).flatMap((one) => textOf(one) ?? []), failed: failures.get(textOf(field(entry.detail, 'key'))) ?? null,
  }));
}

/** What each target that was moved stood at beyond where it began, and for how long: from the first move to the end of the incident. */
function exposures(entries: readonly StoredEntry[], plan: JsonValue | undefined): readonly Exposed[] {
  const units = new Map(listOf(field(plan, 'targets')).map((target) => [textOf(field(target, 'id')), textOf(field(target, 'unit')) ?? '']));
  const first = new Map<string, JsonValue | undefined>();
  const wanted = new Map<string, JsonValue | undefined>();
  const standing = new Map<string, { readonly value: string; readonly from: EpochMs }>();
  const found: Exposed[] = [];
  const end = (target: string, at: EpochMs | null): void => {
    const open = standing.get(target);
    standing.delete(target);
    if (open !== undefined) found.push({ target, value: open.value, from: open.from, until: at, forMs: at === null ? null : at - open.from });
  };
  for (const entry of entries) {
    const target = textOf(field(entry.detail, 'target'));
    if (target === null || (entry.kind !== 'moved' && entry.kind !== 'undo' && entry.kind !== 'move')) continue;
    if (!first.has(target)) first.set(target, field(entry.detail, 'before'));
    if (entry.kind === 'move') { wanted.set(target, field(entry.detail, 'wanted')); continue; }
    // moved by hand: what was wanted, and confirmed
    const value = field(entry.detail, 'after') ?? field(entry.detail, 'value') ?? wanted.get(target);
    end(target, entry.at);
    if (value !== undefined && value !== first.get(target)) standing.set(target, { value: `${scalar(value) ?? '?'}${units.get(target) ?? ''}`, from: entry.at });
  }
  for (const target of [...standing.keys()]) end(target, null);
  return found;
}
