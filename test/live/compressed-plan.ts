// The shipped plan at the pace of a test: hours of soak are seconds, everybody is asked at once, and where things are is this machine. What moves,
// what is judged, who is asked and what brings it back stays as it is written in examples/batch-patches.yaml.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { packageRoot } from '../../src/engine/package-root.js';

export interface Surroundings {
  readonly rollout: string;
  /** how the one target is moved here */
  readonly target: Readonly<Record<string, unknown>>;
  readonly prometheus: string;
  readonly alertmanager: string;
  readonly channels: Readonly<Record<string, readonly unknown[]>>;
  /** contacts of every person, by id */
  readonly contacts: (person: string, index: number) => Readonly<Record<string, string>>;
}

/** Lengths of time that only make sense in a real rollout, and what they are here. */
const pace: readonly (readonly [RegExp, string])[] = [[/\[1m\]/g, '[5s]'], [/ for 5m$/, ' for 3s'], [/ for 30s$/, ' for 3s'], [/ over 1h\)/, ' over 10s)'], [/^24h, restarts/, '8s, restarts'], [/^48h, restarts/, '8s, restarts'], [/^every \d+m$/, 'every 2s']];
const paced = (value: unknown): unknown => {
  if (typeof value === 'string') return pace.reduce((text, [from, to]) => text.replace(from, to), value.replaceAll('job="batch-patches"', 'job="service"'));
  if (Array.isArray(value)) return value.map(paced);
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, paced(one)])) : value;
};

type Node = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- a document before it is validated

/** @returns the plan as YAML */
export function compressed({ rollout, target, prometheus, alertmanager, channels, contacts }: Surroundings): string {
  const plan = paced(parse(readFileSync(join(packageRoot(), 'examples/batch-patches.yaml'), 'utf8'), { merge: true })) as Node;
  plan['rollout'] = rollout;
  plan['vars']['PROMETHEUS'] = prometheus;
  plan['vars']['ALERTS_HOOK'] = 'http://127.0.0.1:9/never';
  plan['channels'] = channels;
  plan['people'] = Object.fromEntries(Object.entries(plan['people'] as Node).map(([id, person], index) => [id, { ...person, ...contacts(id, index) }]));
  plan['targets'] = { 'batch-patches': { ...target, safer: 'lower' } };
  plan['sources']['prometheus'].step = '1s';
  plan['sources']['alertmanager'] = { url: alertmanager, watchdog: 'Watchdog', warmup: '1s' };
  plan['alerts'] = { critical: { alertmanager: 'severity="critical"' }, warning: { alertmanager: 'severity="warning"' } };
  plan['metrics']['batch_patches_total'].step = '1s';
  plan['baseline'] = { over: '12s' };
  plan['baking'] = { ...plan['baking'], for: '8s' };
  for (const group of plan['preparation'] as Node[]) delete group['when'];
  for (const phase of plan['phases'] as Node[]) {
    delete phase['starts'];
    for (const command of phase['during'] ?? []) Object.assign(command, { run: 'true', every: '3s', timeout: '5s' });
  }
  // A stand-up at nine would fall into this run or not, as the clock on the wall has it.
  delete plan['stand-ups'];
  return stringify(plan);
}
