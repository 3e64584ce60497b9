// What became different between two looks at a rollout, one line each, for whoever watches without a screen to draw on. Pure.
import { isEnded, type ShownStatus } from './shown-status.js';
import { headline } from './render-status.js';
import { valueInWords, inWords } from '../wording.js';
import { answerLine } from './reasons.js';

/** @param before null: nothing was seen yet, so the present is told */
export function changesBetween(before: ShownStatus | null, now: ShownStatus): readonly string[] {
  const lines: string[] = [];
  if (before === null || before.state !== now.state || before.phase !== now.phase) lines.push(headline(now));
  else {
    for (const [name, target] of Object.entries(now.targets)) {
      const old = before.targets[name];
      if (old !== undefined && old.value !== target.value) lines.push(`${name} ${valueInWords(old.value, old.unit)} → ${valueInWords(target.value, target.unit)}`);
    }
  }
  for (const hold of now.holds) if (!before?.holds.some((h) => h.reason === hold.reason && h.since === hold.since)) lines.push(`held (${hold.reason}): ${hold.message}`);
  if (!isEnded(now.state)) for (const hold of before?.holds ?? []) if (!now.holds.some((h) => h.reason === hold.reason && h.since === hold.since)) lines.push(`no longer held (${hold.reason})`);
  for (const ask of now.asks) if (!before?.asks.some((a) => a.ask === ask.ask && a.askedAt === ask.askedAt)) lines.push(`asked of ${ask.from.join(', ')}: ${ask.question} · ${answerLine(now.rollout, ask)}`);
  for (const ask of before?.asks ?? []) if (!now.asks.some((a) => a.ask === ask.ask && a.askedAt === ask.askedAt)) lines.push(`no longer asked: ${ask.ask}`);
  for (const issue of now.issues) {
    const old = before?.issues.find((i) => i.id === issue.id && i.openedAt === issue.openedAt);
    if (old === undefined && issue.endedAt === null) lines.push(`issue (${issue.severity}): ${issue.text}`);
    if (old !== undefined && old.endedAt === null && issue.endedAt !== null) lines.push(`issue over after ${inWords(issue.endedAt - issue.openedAt)}: ${issue.text}`);
  }
  for (const c of now.conditions) {
    const old = before?.conditions.find((o) => o.text === c.text);
    if (old !== undefined && old.verdict !== c.verdict) lines.push(`${c.verdict}: ${c.message}`);
  }
  const back = now.rollback;
  if (back !== null && before?.rollback?.decidedAt !== back.decidedAt) lines.push(`rolling back to ${back.to}: ${back.reason}`);
  if (back !== null && back.readBackAt !== null && before?.rollback?.readBackAt !== back.readBackAt) lines.push(`every target is read back as undone, ${inWords(back.readBackAt - back.decidedAt)} after the decision`);
  if (now.failure !== null && before?.failure !== now.failure) lines.push(`failed: ${now.failure}`);
  if (before !== null && before.answered !== now.answered) lines.push(now.answered ? 'a worker answers again' : 'no worker answers: what is shown is the last known');
  if (before !== null && !before.look.stale && now.look.stale) lines.push(`the last look is ${inWords(now.look.ageMs ?? 0)} old, older than its cadence`);
  return lines;
}
