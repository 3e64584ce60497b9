// What keeps every gate shut, whichever it is: open issues, holds, conditions that fail; and hours and freezes, which keep writes back.
import type { HoldReason } from './messages.js';
import { activities } from './options.js';
import type { Run } from './run.js';
import type { IssueRecord } from './state.js';

/** Holds that whoever waits at a gate waits out there: they end by themselves, or with the gate. */
export const waitedOut: readonly HoldReason[] = ['gate', 'freeze', 'hours'];

/** The first that is open: an issue keeps every gate shut. */
export const openIssue = (run: Run): IssueRecord | undefined => run.state.issues.find((issue) => issue.endedAt === null && issue.severity !== 'info');
export const calm = (run: Run): boolean => openIssue(run) === undefined;

/** What fails now, in words. */
export const failing = (run: Run): string => run.state.verdicts.filter((verdict) => verdict.verdict === 'fail').map((verdict) => verdict.message).slice(0, 3).join('; ');

/** Hours and freezes hold forward writes only. */
export async function untilAllowed(run: Run): Promise<void> {
  const { plan } = run;
  if (plan.hours === null && plan.freezes.length === 0) return;
  for (;;) {
    const allowed = await run.orDemand(activities.nextAllowed({ plan: { timezone: plan.timezone, hours: plan.hours, freezes: plan.freezes, standUps: [], phases: [] }, after: run.now() }));
    if (allowed.at <= run.now()) return;
    const reason = plan.freezes.some((freeze) => freeze.from <= run.now() && run.now() < freeze.to) ? 'freeze' : 'hours';
    run.hold(reason, `${allowed.why ?? reason}; goes on at ${new Date(allowed.at).toISOString()}`);
    await run.until(() => false, allowed.at);
    run.unhold(reason, 'it is over');
  }
}
