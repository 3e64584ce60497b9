// The activities: one verb a file, each a function of the ports. Options (timeouts, retries) stand in workflows/options.ts.
import { baseline } from './baseline.js';
import { nextAllowed, standUps } from './calendar.js';
import { check } from './check.js';
import { claim, release } from './claim.js';
import { failing } from './failure.js';
import { guard } from './guard.js';
import { notify } from './notify.js';
import type { Ports } from './ports.js';
import { readTarget } from './read-target.js';
import { clearUndo, record } from './record.js';
import { resolve } from './resolve.js';
import { restoreTarget } from './restore-target.js';
import { repeatCommand, runCommand } from './run-command.js';
import { scheduleReviews, startFollowUp, startIncident } from './schedule.js';
import { takeOver } from './take-over.js';
import type { Activities } from './types.js';
import { undoTarget } from './undo-target.js';
import { watch } from './watch.js';
import { writeTarget } from './write-target.js';

export function createActivities(ports: Ports): Activities {
  return {
    resolve: failing(resolve(ports)), claim: failing(claim(ports)), release: failing(release(ports)), nextAllowed: failing(nextAllowed(ports)), standUps: failing(standUps(ports)),
    baseline: failing(baseline(ports)), watch: failing(watch(ports)), takeOver: failing(takeOver(ports)), readTarget: failing(readTarget(ports)), writeTarget: failing(writeTarget(ports)),
    undoTarget: failing(undoTarget(ports)), clearUndo: failing(clearUndo(ports)), runCommand: failing(runCommand(ports)), repeatCommand: failing(repeatCommand(ports)), record: failing(record(ports)),
    check: failing(check(ports)), guard: failing(guard(ports)), restoreTarget: failing(restoreTarget(ports)), notify: failing(notify(ports)), scheduleReviews: failing(scheduleReviews(ports)), startFollowUp: failing(startFollowUp(ports)), startIncident: failing(startIncident(ports)),
  };
}
