// Running rollouts outlive releases: every history ever recorded replays with the workflow code of today. How they are recorded: record.ts.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { inject, test, expect } from 'vitest';
import { Worker } from '@temporalio/worker';
import { payloadConverterPath } from '../../src/engine/bundles.js';
import { stories } from './stories.js';

const dir = join(import.meta.dirname, 'histories');
const recorded = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json.gz')).sort();

const options = () => {
  const bundle = inject('workflowBundle');
  if ('missing' in bundle) throw new Error(bundle.missing);
  return { workflowBundle: { codePath: bundle.path }, dataConverter: { payloadConverterPath: payloadConverterPath() } };
};
const read = (name: string): { events: { workflowExecutionStartedEventAttributes?: unknown; activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[] } => JSON.parse(gunzipSync(readFileSync(join(dir, name))).toString());

test('every kept story has a history', () => {
  for (const { name } of stories) expect(recorded.some((file) => file.endsWith(`/${name}.json.gz`)), name).toBe(true);
});

for (const name of recorded) test(`${name.replace('.json.gz', '')} replays as it was`, async () => { await Worker.runReplayHistory(options(), read(name)); }, 60_000);

test('a history that the code would not have made is noticed', async () => {
  const history = read(recorded.find((name) => name.endsWith('/quickstart.json.gz'))!);
  const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes?.activityType.name === 'claim')!;
  scheduled.activityTaskScheduledEventAttributes!.activityType.name = 'record';
  await expect(Worker.runReplayHistory(options(), history)).rejects.toThrow(/[Nn]ondeterminism/);
}, 60_000);
