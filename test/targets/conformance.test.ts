// Every target provider through the one suite. The worlds: a flag file in a directory of its own, a script that keeps a value in a file, memory.
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlagdCore } from '@openfeature/flagd-core';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from '../../src/http/client.js';
import type { TargetValue } from '../../src/plan/types.js';
import { createTargets, lastWrittenInMemory, MemoryTargets, targets } from '../../src/targets/index.js';
import type { FaultRule } from '../../src/targets/memory.js';
import { TargetNeedsPerson, type TargetProvider, type TargetRef } from '../../src/targets/port.js';
import { lockPath } from '../../src/targets/file-lock.js';
import { context, targetConformance, type World } from './conformance.js';

const ref = (id: string, settings: TargetRef['settings']): TargetRef => ({ id, settings, writeTimeoutMs: 20_000 });
const made = (world = new MemoryTargets({ now: () => Date.now() })): Readonly<Record<string, TargetProvider>> => createTargets({ http: createHttpClient(), allowCommands: 'any', memory: world, lastWritten: lastWrittenInMemory() });
const provider = (name: string, world?: MemoryTargets): TargetProvider => made(world)[name] as TargetProvider;

async function aborted(write: (signal: AbortSignal) => Promise<void>, began: () => Promise<unknown>): Promise<unknown> {
  const abort = new AbortController();
  const writing = write(abort.signal).then(() => 'it succeeded', (error: unknown) => error);
  await began();
  abort.abort();
  return writing;
}

// --- flagd -----------------------------------------------------------------------------------------------------------------------------

const FLAGS = (state: string, on: number): string => `{
  // of the shop team
  "flags": {
    "other": { "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "on", "targeting": {} },
    "new": {
      "state": "${state}", "variants": { "on": true, "off": false }, "defaultVariant": "off",
      "targeting": { "fractional": [{ "cat": [{ "var": "$flagd.flagKey" }, { "var": "userId" }] }, ["on", ${on}], ["off", ${100 - on}]] } // the share
    }
  }
}
`;

async function flagdWorld(): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-flagd-'));
  const file = join(dir, 'flags.json');
  await writeFile(file, FLAGS('ENABLED', 10));
  const text = (): Promise<string> => readFile(file, 'utf8');
  let last = await text();
  let changed = 0;
  const seen = async (): Promise<TargetValue> => {
    const now = await text();
    const core = new FlagdCore();
    core.setConfigurations(now.replace(/\/\/.*$/gm, ''));
    let on = 0;
    for (let i = 0; i < 2_000; i++) if (core.resolveBooleanEvaluation('new', false, { userId: `someone-${i}` }).value) on++;
    return [0, 10, 25, 50, 100].reduce((best, share) => (Math.abs(share * 20 - on) < Math.abs(best * 20 - on) ? share : best), 0);
  };
  const target = { ...ref('flag', { file, flag: 'new', by: 'userId' }), writeTimeoutMs: 1_000 };
  const one = provider('flagd');
  return {
    provider: one, target, seen,
    sameThing: ref('elsewhere', { file: join(dir, '.', 'flags.json'), flag: 'new' }), otherThing: ref('flag', { file, flag: 'other' }),
    change: async (value) => { await writeFile(file, FLAGS('ENABLED', value as number)); },
    changes: async () => { const now = await text(); if (now !== last) { changed++; last = now; } return changed; },
    beside: async () => ({ files: (await readdir(dir)).sort(), rest: (await text()).replace(/\["on", \d+\], \["off", \d+\]/, 'SHARE') }),
    refuse: async () => { await writeFile(`${file}.moved`, await text()); await writeFile(file, FLAGS('ENABLED', 10).replace('["off", 90]', '["third", 90]')); },
    cutOff: async () => { await writeFile(lockPath(file), JSON.stringify({ pid: 1, host: 'another-host', process: 'x', startedAt: null, token: 'x' })); },
    deceive: async () => { await writeFile(file, FLAGS('ENABLED', 50)); },
    abortInTheMiddle: (value) => {
      // somebody else holds the lock, so the write has begun and cannot end
      return aborted(async (signal) => { await writeFile(lockPath(file), JSON.stringify({ pid: 1, host: 'another-host', process: 'x', startedAt: null, token: 'x' })); await one.write(target, value, 10, context({ signal })); }, async () => undefined);
    },
    end: () => rm(dir, { recursive: true, force: true }),
  };
}
targetConformance('flagd', { make: flagdWorld, values: [10, 25, 50], wrongSettings: { file: '', flag: 'x' }, wrongValue: 10.123 });

// --- command ---------------------------------------------------------------------------------------------------------------------------

async function commandWorld(): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-command-'));
  const file = join(dir, 'value');
  const log = join(dir, 'changes');
  const trouble = join(dir, 'trouble');
  await writeFile(file, 'v1');
  await writeFile(log, '');
  const script = join(dir, 'set.sh');
  await writeFile(script, `#!/bin/sh
case "$(cat ${trouble} 2>/dev/null)" in
  refuse) echo "not for you" >&2; exit 77;;
  cut-off) echo "no route" >&2; exit 1;;
  slow) echo $$ > ${dir}/began; while [ ! -e ${dir}/go ]; do sleep 0.02; done;;
esac
printf %s "$1" > ${file}; echo "$TIDEGATE_KEY" >> ${log}
`);
  await chmod(script, 0o755);
  const settings = (name: string): TargetRef['settings'] => ({ write: `${script} {value}`, read: `cat ${join(dir, name)}`, verify: `test "$(cat ${file})" = "$TIDEGATE_VALUE"`, timeout: '20s' });
  const target = ref('model', settings('value'));
  const one = provider('command');
  return {
    provider: one, target, sameThing: ref('also-model', settings('value')), otherThing: ref('model', { ...settings('value'), write: `${script} {value} --other` }),
    seen: () => readFile(file, 'utf8'), change: async (value) => { await writeFile(file, String(value)); },
    changes: async () => (await readFile(log, 'utf8')).split('\n').length - 1,
    beside: async () => (await readdir(dir)).sort(),
    refuse: () => writeFile(trouble, 'refuse'), cutOff: () => writeFile(trouble, 'cut-off'),
    deceive: async () => { await writeFile(file, 'something else'); },
    abortInTheMiddle: async (value) => {
      await writeFile(trouble, 'slow');
      const error = await aborted((signal) => one.write(target, value, 'v1', context({ signal })), async () => { while ((await readFile(join(dir, 'began'), 'utf8').catch(() => '')) === '') await new Promise((r) => setTimeout(r, 5)); });
      await writeFile(join(dir, 'go'), '');
      return error;
    },
    end: () => rm(dir, { recursive: true, force: true }),
  };
}
targetConformance('command', { make: commandWorld, values: ['v1', 'v2', 'v3'], wrongSettings: { write: 'deploy {value}' }, wrongValue: null });

// --- memory ----------------------------------------------------------------------------------------------------------------------------

async function memoryWorld(): Promise<World> {
  const faults: FaultRule[] = [];
  const world = new MemoryTargets({ now: () => Date.now(), faults });
  const target = ref('share', {});
  const one = provider('memory', world);
  return {
    provider: one, target, sameThing: ref('also', { key: 'share' }), otherThing: ref('other', {}),
    seen: async () => world.standsAt('share') ?? 0, change: async (value) => world.change('share', value), changes: async () => world.effects().filter((effect) => effect.by === 'write').length,
    beside: async () => world.effects().filter((effect) => effect.target !== 'share'),
    refuse: async () => { faults.push({ target: 'share', call: 'write', fault: { kind: 'refused' } }); },
    cutOff: async () => { faults.push({ target: 'share', call: 'write', fault: { kind: 'unreachable', landed: false } }); },
    deceive: async () => { faults.push({ target: 'share', call: 'verify', fault: { kind: 'unverified' } }); },
    abortInTheMiddle: async (value) => {
      faults.push({ target: 'share', call: 'write', fault: { kind: 'hang' } });
      return aborted((signal) => one.write(target, value, 0, context({ signal })), async () => undefined);
    },
    end: async () => undefined,
  };
}
targetConformance('memory', { make: memoryWorld, values: [0, 25, 50], wrongSettings: { start: true }, wrongValue: null });

// --- manual ----------------------------------------------------------------------------------------------------------------------------

const BY_HAND = 'every call is for a person; the workflow asks and records the answer';
async function manualWorld(): Promise<World> {
  const never = async (): Promise<never> => { throw new Error('a manual target has no world that a test could look at'); };
  return {
    provider: provider('manual'), target: ref('banner', { instructions: 'Set the banner to {value}.' }), sameThing: ref('banner', { instructions: 'Please set it to {value}.' }), otherThing: ref('mail', { instructions: 'Send it.' }),
    seen: never, change: never, changes: never, beside: never, refuse: async () => undefined, cutOff: never, deceive: never, abortInTheMiddle: never, end: async () => undefined,
  };
}
targetConformance('manual', {
  make: manualWorld, values: ['old', 'new', 'newer'], wrongSettings: { instructions: '' }, wrongValue: null,
  excepted: Object.fromEntries([
    'reading tells the value in force, and in words how it was read', 'reading changes nothing and may be repeated', "reading tells somebody else's change, which may not be what we wrote last",
    'a write puts the value in force, reads back and is verified in words', 'a write of what is so already is success and changes nothing', 'the same write twice is one change', 'a write touches nothing else',
    'a write is refused as a conflict, with nothing changed, when somebody changed it since it was read', 'an undo writes whatever is there', 'what is understood and denied is refused, changes nothing and says what to do',
    'what cannot be reached is unreachable: its outcome is unknown, and repeating may help', 'a write that was aborted before it began does nothing',
    'a write that is aborted in its middle ends soon, and nothing takes effect after it', 'verifying fails when users do not get the value, whatever was written',
  ].map((title) => [title, BY_HAND])),
});

describe('a manual target', () => {
  it('asks a person for everything, in the words of the plan with the value in them', async () => {
    const target = ref('banner', { instructions: 'Set the banner to {value}, then look.', verify: 'Does the page show {value}?' });
    const calls = [() => provider('manual').write(target, "$& 10 %", null, context()), () => provider('manual').verify(target, 25, context()), () => provider('manual').read(target, context())];
    const errors = await Promise.all(calls.map((call) => call().then(() => null, (error: unknown) => error)));
    for (const error of errors) expect(error).toBeInstanceOf(TargetNeedsPerson);
    expect(errors.map((error) => (error as Error).message)).toEqual(['banner: Set the banner to $& 10 %, then look.', 'banner: Does the page show 25?', 'banner: somebody has to say what banner stands at.']);
  });
});

it('every provider of the table goes through the conformance suite, and is called by its name', async () => {
  const suites = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.test.ts')).map((name) => readFile(join(import.meta.dirname, name), 'utf8'));
  const tried = new Set((await Promise.all(suites)).flatMap((text) => [...text.matchAll(/^\s*targetConformance\('([^']+)'/gm)].map(([, name]) => name!)));
  expect(Object.keys(targets).filter((name) => !tried.has(name))).toEqual([]);
  for (const [name, one] of Object.entries(made())) expect(one.name).toBe(name);
});
