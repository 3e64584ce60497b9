// The shipped alert rules: their own cases pass under promtool, and every metric they rest on is one we export.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createMeters } from '../../src/metrics/meters.js';
import { exportOpenRollouts } from '../../src/metrics/open-rollouts.js';
import { describeNeeding, pathOf } from '../setup/needs.js';

const alerts = join(import.meta.dirname, '../../alerts');

test('every metric that an alert rests on is exported under that name', () => {
  const { meters, registry } = createMeters();
  exportOpenRollouts({ registry, meters, list: async () => [] });
  const used = new Set(readFileSync(join(alerts, 'tidegate.rules.yml'), 'utf8').match(/\btidegate_[a-z_]+/g));
  const exported = new Set(registry.getMetricsAsArray().map((metric) => metric.name));
  expect([...used].filter((name) => !exported.has(name))).toEqual([]);
  expect(used.size).toBeGreaterThan(8);
});

describeNeeding(['promtool'], 'the alert rules', () => {
  test('each fires for its reason and stays silent without it', async () => {
    const { stdout } = await promisify(execFile)(pathOf('promtool'), ['test', 'rules', 'tidegate.rules.test.yml'], { cwd: alerts });
    expect(stdout).toContain('SUCCESS');
  });

  test('no alert is without a case', () => {
    const names = [...readFileSync(join(alerts, 'tidegate.rules.yml'), 'utf8').matchAll(/- alert: (\w+)/g)].map((match) => match[1]);
    const cases = readFileSync(join(alerts, 'tidegate.rules.test.yml'), 'utf8');
    expect(names.filter((name) => !cases.includes(`alertname: ${name}`))).toEqual([]);
  });
});
