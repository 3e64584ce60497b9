// Why a rollout stands where it stands: every open reason, the gravest first, each with what ends it. Pure; `why` shows it.
import type { HoldReason } from '../../workflows/messages.js';
import { isEnded, type ShownStatus } from './shown-status.js';
import { inWords } from '../wording.js';

export type ReasonKind = 'ended' | 'rollback' | 'incident' | 'issue' | 'blind' | 'hold' | 'condition' | 'ask' | 'soak';
/** rank: 0 is the gravest */
export interface OpenReason { readonly kind: ReasonKind; readonly rank: number; readonly text: string; readonly ends: string; readonly since: number | null }

const holdRank: Readonly<Record<HoldReason, number>> = { protected: 1, 'write-failed': 2, 'command-failed': 2, 'check-failed': 3, drift: 2, trigger: 2, journal: 3, unknown: 3, rejected: 3, unanswered: 3, 'rolled-back-to': 3, paused: 4, gate: 4, freeze: 5, hours: 5 };
function endOf(reason: HoldReason, id: string): string {
  switch (reason) {
    case 'unknown': return 'by itself, with the first look that is valid for every condition';
    case 'freeze': return 'by itself, when the freeze is over';
    case 'hours': return 'by itself, when the hours for moves begin';
    case 'journal': return 'by itself, when the journal can be written again';
    case 'check-failed': return 'by itself, as soon as it is so, or with an answer of a person: tidegate inbox';
    case 'gate': return `when its conditions hold; one of them can be skipped: tidegate skip ${id} CONDITION`;
    case 'paused': return `by a person: tidegate resume ${id}`;
    case 'protected': return 'by itself, when it stands again where it must; if somebody keeps changing it, by a person: tidegate inbox';
    case 'drift': return 'by a person, who adopts it, restores it or rolls back: tidegate inbox';
    case 'rejected': case 'unanswered': case 'command-failed': case 'write-failed': case 'trigger': case 'rolled-back-to': return `by a person: tidegate resume ${id} (tries again), tidegate rollback ${id} or tidegate stop ${id}`;
  }
}

export function openReasons(status: ShownStatus): readonly OpenReason[] {
  const id = status.rollout;
  if (isEnded(status.state)) return [{ kind: 'ended', rank: 0, text: `It has ended: ${status.state}${status.failure === null ? '' : `. ${status.failure}`}${status.rollback === null ? '' : `. ${status.rollback.reason}`}`, ends: status.rollback !== null && status.rollback.remainder.length > 0 ? `take back by hand: ${status.rollback.remainder.join(', ')}` : status.incidents.length > 0 ? `not over when it ended: ${status.incidents.map((one) => one.id).join(', ')}; see tidegate reviews ${id}` : 'nothing is left to do', since: status.endedAt }];
  const reasons: OpenReason[] = [];
  if (status.state === 'rolling-back' && status.rollback !== null) reasons.push({ kind: 'rollback', rank: 0, text: `It is going back to ${status.rollback.to}: ${status.rollback.reason}`, ends: 'by itself, when every target is read back and verified', since: status.rollback.decidedAt });
  for (const one of status.incidents) reasons.push({ kind: 'incident', rank: one.severity === 'emergency' ? 0 : one.severity === 'critical' ? 1 : 4, text: `${incidentInWords(one)}: ${one.text}`, ends: one.acknowledgedBy === null ? `when somebody takes it: tidegate answer ${id} ${one.id}/acknowledge mine` : `when its issue is over, or with tidegate done ${id} ${one.id}`, since: one.openedAt });
  for (const issue of status.issues) {
    if (issue.endedAt !== null) continue;
    const rank = issue.severity === 'emergency' ? 0 : issue.severity === 'critical' ? 1 : 4;
    reasons.push({ kind: 'issue', rank, text: `Open issue (${issue.severity}): ${issue.text}`, ends: 'when it is clear; until then no time counts as clean', since: issue.openedAt });
  }
  if (status.look.paused) reasons.push({ kind: 'blind', rank: 1, text: 'The watch was paused from outside: nothing is looked at.', ends: 'with `temporal activity unpause` on it', since: status.look.asOf });
  if (status.look.stale && status.answered) reasons.push({ kind: 'blind', rank: 2, text: `The last look is ${inWords(status.look.ageMs ?? 0)} old, older than its cadence of ${inWords(status.look.cadenceMs ?? 0)}.`, ends: 'with the next look; check the workers if none comes', since: status.look.asOf });
  for (const hold of status.holds) reasons.push({ kind: 'hold', rank: holdRank[hold.reason], text: `Held (${hold.reason}): ${hold.message}`, ends: endOf(hold.reason, id), since: hold.since });
  for (const c of status.conditions) {
    if (c.verdict === 'pass') continue;
    reasons.push({ kind: 'condition', rank: c.verdict === 'fail' ? 4 : 5, text: `${c.text}: ${c.message}`, ends: c.verdict === 'fail' ? 'when it holds' : 'when there is evidence', since: null });
  }
  for (const ask of status.asks) {
    if (ask.kind === 'acknowledge') continue; // stands with its incident
    const due = ask.dueAt === null ? '' : `; unanswered by its deadline: ${ask.otherwise}`;
    reasons.push({ kind: 'ask', rank: 5, text: `Asked of ${ask.from.join(', ')}: ${ask.question} (${ask.answers.length} of ${ask.needs})`, ends: `with ${answerLine(id, ask)}${due}`, since: ask.askedAt });
  }
  if (status.soak !== null && status.soak.clean < status.soak.needed) reasons.push({ kind: 'soak', rank: 6, text: `It soaks: ${inWords(status.soak.clean)} of ${inWords(status.soak.needed)} clean${status.soak.restarts > 0 ? `, begun anew ${status.soak.restarts} times` : ''}.`, ends: `by itself, after ${inWords(status.soak.needed - status.soak.clean)} more clean time`, since: null });
  // a stable sort: among equals the order of the workflow stays
  return reasons.sort((a, b) => a.rank - b.rank);
}

/** Who commands, and who has it or is being called. */
export function incidentInWords({ id, severity, commander, acknowledgedBy, called }: ShownStatus['incidents'][number]): string {
  return `${id} (${severity}), commander ${commander}, ${acknowledgedBy === null ? `calling ${called.at(-1)?.who ?? commander}` : `${acknowledgedBy} has it`}`;
}

/** The command line that gives an ask its healthy answer. */
export function answerLine(rollout: string, ask: ShownStatus['asks'][number], who?: string): string {
  const as = who === undefined ? '' : ` --as ${who}`;
  if (ask.options.includes('approve')) return `tidegate approve ${rollout} ${ask.ask}${as}`;
  return `tidegate answer ${rollout} ${ask.ask} ${ask.options.length === 1 && ask.options[0] === 'number' ? 'NUMBER' : ask.healthy}${as}`;
}
