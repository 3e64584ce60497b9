// Row E2 of the acceptance list, shown with 10,000 users asked one by one through flagd's own evaluator, on the file that the target writes.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlagdCore } from '@openfeature/flagd-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFlagd } from '../../src/targets/flagd.js';

const USERS = Array.from({ length: 10_000 }, (_, i) => `customer-${(i * 7_919) % 100_003}@shop.example`);
const flagd = createFlagd();
const context = { signal: new AbortController().signal, key: 'batch-patches-v1/wave-1/batch-patches/1', keep: () => undefined };

describe('E2: the same user always gets the same side, and nobody who has the feature loses it when the share grows', () => {
  let dir: string;
  let file: string;
  beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'tidegate-e2-')); file = join(dir, 'flags.json'); });
  afterEach(async () => { await rm(dir, { recursive: true, force: true }); });

  async function whoHasIt(): Promise<ReadonlySet<string>> {
    const core = new FlagdCore();
    core.setConfigurations(await readFile(file, 'utf8'));
    return new Set(USERS.filter((userId) => core.resolveBooleanEvaluation('batch-patches-v1', false, { userId, targetingKey: userId }).value));
  }

  const FORMS: readonly [string, string][] = [
    ['a flag that had no targeting', '"defaultVariant": "off"'],
    ['a flag whose buckets list the off side first', '"defaultVariant": "off", "targeting": { "fractional": [{ "cat": [{ "var": "$flagd.flagKey" }, { "var": "userId" }] }, ["off", 100], ["on", 0]] }'],
    ['a flag that buckets by flagd\'s own default', '"defaultVariant": "off", "targeting": { "fractional": [["on", 0], ["off", 100]] }'],
  ];
  it.each(FORMS)('%s: 10 → 25 → 50 → 100 and every step between, back to 0, and to 10 again', async (_, form) => {
    await writeFile(file, `{ "flags": { "batch-patches-v1": { "state": "ENABLED", "variants": { "on": true, "off": false }, ${form} } } }`);
    const target = { id: 'batch-patches', settings: { file, flag: 'batch-patches-v1' }, writeTimeoutMs: 10_000 };
    let before: ReadonlySet<string> = await whoHasIt();
    expect(before.size).toBe(0);
    let atTen: ReadonlySet<string> | null = null;
    for (const share of [0.5, 10, 12.5, 25, 33.33, 50, 99.99, 100]) {
      await flagd.write(target, share, null, context);
      const now = await whoHasIt();
      expect(await whoHasIt()).toEqual(now);
      expect([...before].filter((user) => !now.has(user))).toEqual([]);
      expect(Math.abs(now.size / 100 - share)).toBeLessThanOrEqual(5 * Math.sqrt((share * (100 - share)) / 10_000) + 0.01);
      if (share === 10) atTen = now;
      before = now;
    }
    expect(before.size).toBe(10_000);
    await flagd.write(target, 0, null, context);
    expect((await whoHasIt()).size).toBe(0);
    await flagd.write(target, 10, null, context);
    expect(await whoHasIt()).toEqual(atTen);
  });
});
