// Figures on the skipping clock: how long a rehearsal takes, look by look and whole, beside a bare watch on the same server; and the history
// of eight weeks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import protocol from '@temporalio/proto';
import { packageRoot } from '../src/engine/package-root.js';
import { openEnvironment, rehearse, type Rehearsal } from '../src/engine/rehearsal.js';
import { bareActivities } from './bare-activities.js';
import { bareBundle, bareQueue } from './live-world.js';
import { ms, ratioOf, type Row } from './measuring.js';
import { eightWeeks } from './plans.js';

const dayMs = 86_400_000;

/** A bare watch over so many days on a server of its own. @returns wall time a look */
async function bareLookMs(days: number, cadenceMs: number): Promise<number> {
  const environment = await openEnvironment();
  try {
    let looks = 0;
    const worker = await Worker.create({ connection: environment.nativeConnection, taskQueue: bareQueue, workflowBundle: await bareBundle(), activities: bareActivities({ now: () => environment.currentTimeMs(), look: () => { looks += 1; return false; }, undo: () => {} }) });
    const startedAt = performance.now();
    await worker.runUntil(environment.client.workflow.execute('bareWatch', { taskQueue: bareQueue, workflowId: 'bare', args: [{ id: 'bare', cadenceMs, forMs: days * dayMs }] }));
    return (performance.now() - startedAt) / looks;
  } finally { await environment.teardown(); }
}

async function rehearsed(plan: string, file: string, cadenceMs: number | null, keepHistory = false): Promise<{ readonly made: Rehearsal; readonly tookMs: number }> {
  const startedAt = performance.now();
  const made = await rehearse(plan, { file, cadenceMs, keepHistory, untilMs: 200 * dayMs });
  return { made, tookMs: performance.now() - startedAt };
}

const historyBytes = (history: unknown): number => protocol.temporal.api.history.v1.History.encode(history as protocol.temporal.api.history.v1.IHistory).finish().length;

export async function rehearsals(): Promise<Row[]> {
  const floor = await bareLookMs(14, 15 * 60_000);
  const week = await rehearsed(eightWeeks('15m', 14), 'two-weeks.yaml', null);
  const hourly = await rehearsed(eightWeeks('1h'), 'eight-weeks.yaml', null);
  const shipped = (name: string, cadenceMs: number | null) => { const file = join(packageRoot(), `examples/${name}.yaml`); return rehearsed(readFileSync(file, 'utf8'), file, cadenceMs); };
  const sihat = await shipped('sihat-tcm', 3_600_000);
  const patchesHourly = await shipped('batch-patches', 3_600_000);
  const patches = await shipped('batch-patches', null);
  const said = ({ made, tookMs }: { readonly made: Rehearsal; readonly tookMs: number }) => `${ms(tookMs)}: ${made.evaluations} looks, ${ms(tookMs / made.evaluations)} a look (${made.outcome})`;
  const row = (what: string, one: { readonly made: Rehearsal; readonly tookMs: number }, reach: string): Row => ({ what, measured: said(one), floor: `${ms(floor)} a look`, ratio: ratioOf(one.tookMs / one.made.evaluations, floor), reach });
  return [
    row('rehearsal of 14 days at 15 min, 3 metrics, start of the server included', week, '≤ 1.5 × the floor a look'),
    row('rehearsal of 8 weeks, hourly', hourly, '< 10 s'),
    row('rehearsal of examples/sihat-tcm.yaml (8 weeks), --cadence 1h', sihat, '≤ 1.5 × the floor a look'),
    row('rehearsal of examples/batch-patches.yaml, --cadence 1h', patchesHourly, '< 10 s'),
    row('rehearsal of examples/batch-patches.yaml at its own cadences', patches, '< 40 s'),
  ];
}

/** Events do not depend on the cadence; eight weeks at a minute are 80,640 looks, so the default run shows that on two days. */
export async function history(naiveEventsALook: number, long: boolean): Promise<Row[]> {
  const eventsADay = naiveEventsALook * 1440;
  const whole = await rehearsed(eightWeeks(long ? '1m' : '1h'), 'eight-weeks.yaml', null, true);
  const rows: Row[] = [{
    what: `history of the 8-week plan, watched every ${long ? 'minute' : 'hour'}`, measured: `${whole.made.historyEvents} events, ${Math.round(historyBytes(whole.made.history) / 1024)} KiB, ${whole.made.evaluations} looks`,
    floor: `${Math.round(eventsADay * 56).toLocaleString('en')} events at a minute (timer and activity: ${naiveEventsALook.toFixed(1)} a look)`, ratio: ratioOf(whole.made.historyEvents, eventsADay * 56), reach: '< 600 events, < 1 MiB', note: 'the whole rollout: gates, moves, record and messages too',
  }];
  if (!long) {
    const [hourly, minutely] = [await rehearsed(eightWeeks('1h', 2), 'two-days.yaml', null), await rehearsed(eightWeeks('1m', 2), 'two-days.yaml', null)];
    rows.push({ what: 'events of a 2-day soak: hourly, and every minute', measured: `${hourly.made.historyEvents}, ${minutely.made.historyEvents} events`, floor: `${Math.round(eventsADay * 2).toLocaleString('en')} events at a minute`, ratio: ratioOf(minutely.made.historyEvents, eventsADay * 2), reach: 'the same at any cadence', note: `${hourly.made.evaluations} and ${minutely.made.evaluations} looks` });
  }
  return rows;
}
