// The listener's settings: off unless an address is set, every mistake named, no secret repeated; and what `tidegate doctor` says of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { doctorChecks } from '../../src/engine/doctor-checks.js';
import { readSettings } from '../../src/engine/settings.js';

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'tidegate-inbound-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const token = 'a-token-of-good-length', secret = 'a-secret-of-good-length';
const read = (env: NodeJS.ProcessEnv) => readSettings({ HOME: dir, XDG_CONFIG_HOME: join(dir, 'config'), ...env }, dir).inbound;

test('nothing comes in unless an address is set, whatever secrets there are', () => {
  expect(read({ TIDEGATE_INBOUND_TOKEN: token, TIDEGATE_SLACK_SIGNING_SECRET: secret })).toBeNull();
});

test('the forms of each setting', () => {
  expect(read({ TIDEGATE_INBOUND_ADDRESS: '0.0.0.0:7290', TIDEGATE_INBOUND_SECRET: `${secret}, ${secret}2` })).toEqual({ at: { host: '0.0.0.0', port: 7290 }, tokens: [], secrets: [secret, `${secret}2`], slackSecrets: [], rolloutLabel: 'rollout', mayBe: [] });
  expect(read({ TIDEGATE_INBOUND_ADDRESS: '[::1]:0', TIDEGATE_INBOUND_TOKEN: token, TIDEGATE_INBOUND_ROLLOUT_LABEL: 'release', TIDEGATE_INBOUND_AS: 'ci, scanner' })).toMatchObject({ at: { host: '::1', port: 0 }, rolloutLabel: 'release', mayBe: ['ci', 'scanner'] });
});

test.each([
  [{ TIDEGATE_INBOUND_ADDRESS: '7290', TIDEGATE_INBOUND_TOKEN: token }, "TIDEGATE_INBOUND_ADDRESS is '7290'; it must be HOST:PORT"],
  [{ TIDEGATE_INBOUND_ADDRESS: 'a:70000', TIDEGATE_INBOUND_TOKEN: token }, 'it must be HOST:PORT'],
  [{ TIDEGATE_INBOUND_ADDRESS: 'a:1' }, 'no route has a secret: set TIDEGATE_INBOUND_TOKEN (alerts), TIDEGATE_INBOUND_SECRET (events, ready) or TIDEGATE_SLACK_SIGNING_SECRET (buttons)'],
  [{ TIDEGATE_INBOUND_ADDRESS: 'a:1', TIDEGATE_INBOUND_SECRET: `${secret},hunter2` }, 'TIDEGATE_INBOUND_SECRET holds a secret of less than 16 characters'],
  [{ TIDEGATE_INBOUND_ADDRESS: 'a:1', TIDEGATE_INBOUND_TOKEN: token, TIDEGATE_INBOUND_ROLLOUT_LABEL: 'a-b' }, "TIDEGATE_INBOUND_ROLLOUT_LABEL is 'a-b'"],
])('a mistake refuses the start and is named without the secret: %#', (env, wanted) => {
  expect(() => read(env)).toThrow(wanted);
  try { read(env); } catch (error) { for (const hidden of [token, secret, 'hunter2']) expect(String(error)).not.toContain(hidden); }
});

test('doctor says which routes are on, and what the others lack', async () => {
  const found = async (env: NodeJS.ProcessEnv): Promise<unknown> => { const check = (await doctorChecks({ env: { HOME: dir, TIDEGATE_HOME: dir, TEMPORAL_ADDRESS: '127.0.0.1:1', ...env } })).find(({ name }) => name === 'inbound'); return [check?.ok, check?.needed, check?.found]; };
  expect(await found({})).toEqual([true, false, 'off: nothing comes in from outside (TIDEGATE_INBOUND_ADDRESS)']);
  expect(await found({ TIDEGATE_INBOUND_ADDRESS: '127.0.0.1:7290', TIDEGATE_INBOUND_SECRET: secret, TIDEGATE_INBOUND_TOKEN: token }))
    .toEqual([true, false, '127.0.0.1:7290: /v1/alertmanager, /v1/events; off: /v1/ready (needs TIDEGATE_INBOUND_AS), /v1/slack (needs TIDEGATE_SLACK_SIGNING_SECRET)']);
});
