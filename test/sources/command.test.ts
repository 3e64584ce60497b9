// What a command's end and output are measured as.
import { expect, test } from 'vitest';
import type { Measurement } from '../../src/judgement/types.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import type { AllowedCommands } from '../../src/process/allow.js';
import { createCommand } from '../../src/sources/command.js';
import { metricRef } from './conformance.js';

const run = async (settings: ProviderSettings, allow: AllowedCommands = 'any', timeoutMs = 5_000): Promise<Measurement> => (await createCommand(allow).measure(metricRef(settings, { timeoutMs }), 0, 1, new AbortController().signal))[0]!.measurement;

test.each([
  ['the last line is the value', "printf 'checking\\n3 hosts\\n0.25\\n\\n'", { kind: 'value', value: 0.25 }],
  ['NaN is not finite', 'echo nan', { kind: 'nonFinite', value: 'NaN' }],
  ['nothing written is no data', 'true', { kind: 'noData', detail: 'the command wrote nothing' }],
])('%s', async (_what, line, expected) => { expect(await run({ run: line })).toEqual(expected); });

test.each([
  ['a last line that is no number', 'echo 5; echo ok', 'not-a-number', /last line is 'ok'/],
  ['a number with a unit', 'echo 5%', 'not-a-number', /'5%'/],
  ['a failing command, whatever it has written', 'echo 0; echo disk gone >&2; exit 3', 'command-failed', /ended with 3: disk gone/],
  ['a command killed by a signal', 'kill -9 $$', 'command-failed', /SIGKILL/],
])('%s is an error, never a number', async (_what, line, code, detail) => {
  expect(await run({ run: line })).toMatchObject({ kind: 'providerError', code, detail: expect.stringMatching(detail) as string });
});

test('a program is run without a shell when its arguments are a list', async () => { expect(await run({ run: ['printf', '%s', '7'] })).toEqual({ kind: 'value', value: 7 }); });
test('its own time limit ends it before that of the metric', async () => { expect(await run({ run: 'echo 1; sleep 60', timeout: '300ms' }, 'any', 30_000)).toMatchObject({ kind: 'providerError', code: 'timeout', detail: expect.stringContaining('300 ms') as string }); });
test('a command that ignores being asked to end ends all the same', async () => { expect(await run({ run: "trap '' TERM; while :; do sleep 0.05; done" }, 'any', 400)).toMatchObject({ code: 'timeout' }); });
test("a command that is not on this worker's list does not run", async () => {
  expect(await run({ run: 'echo 5' }, ['cat'])).toMatchObject({ kind: 'providerError', code: 'command-not-allowed' });
  expect(await run({ run: 'echo 5' }, ['echo'])).toEqual({ kind: 'value', value: 5 });
});
test('a program that does not exist is an error', async () => { expect(await run({ run: ['/no/such/program'] })).toMatchObject({ code: 'command-not-started' }); });
test('what the plan hands over as a secret is not repeated from the output', async () => {
  const settings = { run: 'echo "bad login with $TOKEN" >&2; echo "$TOKEN"; exit $CODE', env: { TOKEN: 'tok3n-abc', CODE: '1' } };
  expect(JSON.stringify([await run(settings), await run({ ...settings, env: { TOKEN: 'tok3n-abc', CODE: '0' } })])).not.toContain('tok3n-abc');
});
