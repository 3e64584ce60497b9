// One rollout as every screen shows it: the workflow's own status, made newer by the memory of the pending watch; or, when no worker
// answers, the last that is known, marked so. Pure. Its fields are the contract of `status --json`.
import { longer, type EpochMs, type Ms, type Unwatched, type WatchMemory } from '../judgement/index.js';
import type { ResolvedPlan } from '../plan/types.js';
import { exitCodeOf, type AskView, type Hold, type IncidentView, type RolloutState, type Status } from '../../workflows/messages.js';
import type { Seen } from './ports.js';
import { inWords } from '../wording.js';

export interface ShownStatus {
  readonly rollout: string;
  readonly state: RolloutState;
  readonly phase: string | null;
  readonly targets: Status['targets'];
  /** milliseconds; null: nothing is soaking */
  readonly soak: { readonly clean: Ms; readonly needed: Ms; readonly restarts: number } | null;
  readonly conditions: Status['conditions'];
  /** the open ones */
  readonly asks: readonly AskView[];
  readonly hold: Hold | null;
  readonly startedAt: EpochMs;
  readonly updatedAt: EpochMs;
  // ── more than the contract asks for ──
  /** moves in mid-soak of the phase; null: it has none */
  readonly stages: NonNullable<Status['stages']> | null;
  readonly description: string;
  /** the one that was chosen; null: the plan has none */
  readonly variant: string | null;
  /** it runs faster than planned; null: as planned */
  readonly pace: NonNullable<Status['pace']> | null;
  /** null: nothing in the plan counts from one */
  readonly launch: EpochMs | null;
  readonly owner: string;
  readonly timezone: string;
  readonly outcome: Status['outcome'];
  readonly endedAt: EpochMs | null;
  readonly phaseNumber: number;
  readonly phaseCount: number;
  readonly holds: readonly Hold[];
  readonly issues: Status['issues'];
  /** those that are not over, also where they go on by themselves after the end */
  readonly incidents: readonly IncidentView[];
  readonly phases: Status['phases'];
  readonly moves: Status['moves'];
  readonly steps: Status['steps'];
  readonly checks?: Status['checks'];
  readonly comparison?: Status['comparison'];
  readonly grades: Status['grades'];
  readonly rollback: Status['rollback'];
  readonly next: Status['next'];
  /** the longest stretch in which nobody saw the invariants or a protected target; null: there are none, or nothing is known yet */
  readonly unwatched: Unwatched | null;
  readonly evaluations: number;
  readonly startedBy: string;
  readonly unsent: Status['unsent'];
  /** when it would end if nothing held it; null where the plan could not be asked for */
  readonly plannedEnd: EpochMs | null;
  readonly badSignals: readonly string[];
  /** latest value of each metric, and its mean over this soak */
  readonly metrics: readonly ShownMetric[];
  /** the last look; null: none yet. `cadenceMs` is null where the plan could not be asked for */
  readonly look: { readonly asOf: EpochMs | null; readonly ageMs: Ms | null; readonly nextAt: EpochMs | null; readonly cadenceMs: Ms | null; readonly stale: boolean; readonly paused: boolean; readonly line: string | null };
  /** false: no worker answered; state, phase and hold are the last known */
  readonly answered: boolean;
  readonly failure: string | null;
  readonly readAt: EpochMs;
  /** of `status` and `watch` */
  readonly exitCode: 0 | 2 | 3 | 4 | 5;
}
export interface ShownMetric { readonly metric: string; readonly unit: string; readonly at: EpochMs; readonly value: number | null; /** `value`, or what was there instead of one */ readonly kind: string; readonly change: number | null; readonly better: 'lower' | 'higher' }

const ended: readonly RolloutState[] = ['completed', 'rolled-back', 'rollback-incomplete', 'stopped', 'failed'];
export const isEnded = (state: RolloutState): boolean => ended.includes(state);
/** A look takes its time and so does its way here: only what is later than this beyond the cadence is called old. */
const lateMs: Ms = 3_000;

export function shownStatus(seen: Seen, plan: ResolvedPlan | null): ShownStatus {
  const { status, row } = seen;
  const memory = seen.watch?.memory ?? null;
  const state = stateOf(seen);
  const over = isEnded(state);
  const cadenceMs = over ? null : cadenceOf(plan, status?.phase ?? row.phase, state);
  const asOf = memory?.asOf ?? null;
  const ageMs = asOf === null ? null : Math.max(0, seen.readAt - asOf);
  // nothing is looked at during a rollback and after the end, so nothing can be late then
  const stale = !over && ageMs !== null && cadenceMs !== null && ageMs > cadenceMs + Math.max(lateMs, cadenceMs / 4);
  const asks = (status?.asks ?? []).filter((ask) => ask.state === 'open');
  const silentHold = status === null && seen.silent !== 'not-ready' ? unansweredHold(seen) : null;
  const hold = over ? null : (silentHold ?? status?.hold ?? null);
  const moves = status?.moves ?? [];
  const movedBack = moves.some((move) => (move.direction === 'back' && move.state !== 'failed') || move.state === 'undone');
  return {
    rollout: status?.rollout ?? row.rollout,
    state,
    phase: status?.phase ?? row.phase,
    targets: status?.targets ?? {},
    soak: soakOf(status, memory, over),
    conditions: conditionsOf(status, over ? null : memory),
    asks: over ? [] : asks,
    hold,
    startedAt: status?.startedAt ?? row.startedAt,
    updatedAt: Math.max(status?.updatedAt ?? 0, over ? 0 : (asOf ?? 0)) || (row.closedAt ?? row.startedAt),
    stages: (over ? null : status?.stages) ?? null,
    description: status?.description ?? '',
    variant: status?.variant ?? null,
    pace: status?.pace ?? null,
    launch: status?.launch ?? null,
    owner: status?.owner ?? row.owner ?? '',
    timezone: status?.timezone ?? plan?.timezone ?? 'UTC',
    outcome: status?.outcome ?? (over ? (state as Status['outcome']) : null),
    endedAt: row.closedAt,
    phaseNumber: status?.phaseNumber ?? 0,
    phaseCount: status?.phaseCount ?? 0,
    holds: over ? [] : silentHold !== null ? [silentHold] : (status?.holds ?? []),
    issues: status?.issues ?? [],
    incidents: (status?.incidents ?? []).filter((one) => one.overAt === null),
    phases: status?.phases ?? [],
    moves,
    // a worker of before knows none
    steps: status?.steps ?? [],
    ...(status?.checks === undefined ? {} : { checks: status.checks }), ...(status?.comparison === undefined ? {} : { comparison: status.comparison }),
    grades: status?.grades ?? [],
    rollback: status?.rollback ?? null,
    next: over ? [] : (status?.next ?? []),
    unwatched: longer(status?.unwatched ?? null, over ? null : (memory?.unbroken?.longest ?? null)),
    evaluations: Math.max(status?.evaluations ?? 0, memory?.looks ?? 0),
    startedBy: status?.startedBy ?? '',
    plannedEnd: plan === null ? null : plannedEnd(plan, status?.startedAt ?? row.startedAt),
    unsent: status?.unsent ?? { journal: 0, messages: 0 },
    badSignals: status?.badSignals ?? [],
    metrics: metricsOf(memory, plan),
    look: { asOf, ageMs, nextAt: over ? null : (seen.watch?.nextAt ?? null), cadenceMs, stale, paused: seen.watch?.paused ?? false, line: seen.watch?.lastLine ?? null },
    answered: status !== null || seen.silent === 'not-ready',
    failure: seen.failure,
    readAt: seen.readAt,
    exitCode: exitCodeOf(state, { asks: asks.length > 0, movedBack, held: hold !== null }),
  };
}

/** A workflow that was ended from outside leaves its last status behind: it must not be shown as if it were still soaking. */
function stateOf({ row, status }: Seen): RolloutState {
  const told = status?.state ?? known(row.outcome) ?? known(row.state) ?? 'preparing';
  switch (row.execution) {
    case 'failed': case 'terminated': case 'timed-out': case 'cancelled': return isEnded(told) ? told : 'failed';
    case 'completed': case 'running': case 'continued': case 'unknown': return told;
  }
}
const states: readonly RolloutState[] = ['preparing', 'moving', 'soaking', 'gated', 'held', 'paused', 'rolling-back', 'baking', ...ended];
function known(state: string | null): RolloutState | null {
  return states.find((s) => s === state) ?? null;
}

/** Without a worker nothing moves and nothing is looked at: for whoever asks, that is a hold. */
function unansweredHold(seen: Seen): Hold {
  const since = seen.watch?.memory?.asOf ?? seen.row.startedAt;
  return { reason: 'unknown', message: `No worker answers, so nothing moves and nothing is looked at (last look ${inWords(seen.readAt - since)} ago). It ends when a worker is back: 'tidegate up', or start worker.ts.`, since, by: null };
}

function soakOf(status: Status | null, memory: WatchMemory | null, over: boolean): ShownStatus['soak'] {
  const soak = status?.soak ?? null;
  if (soak === null || memory === null || over) return soak;
  // a watch that was set up for what came before (the baseline, the phase before) is still pending for a moment after a move
  const begun = status?.phases.find((phase) => phase.phase === status.phase)?.movedAt ?? status?.phases.at(-1)?.endedAt ?? null;
  if (begun !== null && memory.soakSince !== null && memory.soakSince < begun - lateMs) return soak;
  return { ...soak, clean: memory.cleanMs, restarts: Math.max(soak.restarts, memory.restarts) };
}

/** The watch judged later than the workflow heard: its verdicts replace the workflow's, condition by condition. */
function conditionsOf(status: Status | null, memory: WatchMemory | null): Status['conditions'] {
  const newer = new Map(Object.values(memory?.verdicts ?? {}).map((v) => [v.text, v]));
  const told = (status?.conditions ?? []).map((c) => {
    const v = newer.get(c.text);
    newer.delete(c.text);
    return v === undefined ? c : { text: v.text, verdict: v.verdict, message: v.message };
  });
  return [...told, ...[...newer.values()].map(({ text, verdict, message }) => ({ text, verdict, message }))];
}

export function cadenceOf(plan: ResolvedPlan | null, phase: string | null, state: RolloutState): Ms | null {
  if (plan === null) return null;
  if (state === 'baking') return plan.baking?.cadenceMs ?? null;
  return (plan.phases.find((p) => p.phase === phase) ?? plan.phases[0])?.cadenceMs ?? null;
}

function metricsOf(memory: WatchMemory | null, plan: ResolvedPlan | null): readonly ShownMetric[] {
  if (memory === null) return [];
  const order = plan?.metrics.map((m) => m.name) ?? Object.keys(memory.latest).sort();
  return order.flatMap((name) => {
    const latest = memory.latest[name];
    if (latest === undefined) return [];
    const traits = plan?.metrics.find((m) => m.name === name);
    // against the mean of this soak where there is one, of the whole rollout before: two numbers of the same kind of time
    const period = memory.soak[name] ?? memory.rollout[name];
    const change = latest.value === null || period === undefined || period.samples < 2 ? null : latest.value - period.mean;
    return [{ metric: name, unit: traits?.unit ?? '', at: latest.at, value: latest.value, kind: latest.kind, change, better: traits?.better ?? 'lower' }];
  });
}

/** A plan whose first phase has no date begins when it is started, not at midnight of day 1. */
export function plannedEnd(plan: ResolvedPlan, startedAt: EpochMs): EpochMs {
  return plan.phases[0]?.starts == null ? startedAt + (plan.nominalEnd - plan.day1) : plan.nominalEnd;
}
