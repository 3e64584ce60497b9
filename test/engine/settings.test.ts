// Settings: Temporal's as Temporal's own tools read them, Tidegate's with every error at once, and no secret in any of it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TidegateError } from '../../src/errors.js';
import { readSettings, runningStack, stackFileOf } from '../../src/engine/settings.js';

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'tidegate-settings-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const read = (env: NodeJS.ProcessEnv): ReturnType<typeof readSettings> => readSettings({ HOME: dir, XDG_CONFIG_HOME: join(dir, 'config'), ...env }, dir);

test('without any variable everything lies in .tidegate of the working directory and nothing may be run', () => {
  expect(read({})).toMatchObject({
    home: join(dir, '.tidegate'), temporal: { address: '127.0.0.1:7233', addressFrom: 'default', namespace: 'default', connection: {} },
    journal: { kind: 'sqlite', file: join(dir, '.tidegate/journal.db') }, http: { host: '127.0.0.1', port: 7280 }, flagdSync: null, commands: [], logLevel: 'info', cachedWorkflows: null, shutdownGraceMs: 25_000,
  });
});

test('a profile of Temporal\'s configuration file counts, and the environment overrules it', () => {
  const file = join(dir, 'temporal.toml');
  writeFileSync(file, '[profile.default]\naddress = "a.example:7233"\n[profile.prod]\naddress = "b.example:7233"\nnamespace = "prod"\napi_key = "s3cret"\n');
  expect(read({ TEMPORAL_CONFIG_FILE: file }).temporal).toMatchObject({ address: 'a.example:7233', addressFrom: 'configured' });
  const prod = read({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'prod', TEMPORAL_NAMESPACE: 'other' }).temporal;
  expect(prod).toMatchObject({ address: 'b.example:7233', namespace: 'other', connection: { apiKey: 's3cret', tls: true } });
});

test('the stack of this home is found while its process lives, and TEMPORAL_ADDRESS overrules it', () => {
  const home = join(dir, '.tidegate');
  mkdirSync(home);
  const stack = { address: '127.0.0.1:4711', uiAddress: null, httpAddress: null, pid: process.pid };
  writeFileSync(stackFileOf(home), JSON.stringify(stack));
  expect(read({}).temporal).toMatchObject({ address: '127.0.0.1:4711', addressFrom: 'home' });
  expect(read({ TEMPORAL_ADDRESS: '127.0.0.1:1' }).temporal).toMatchObject({ address: '127.0.0.1:1', addressFrom: 'configured' });
  writeFileSync(stackFileOf(home), JSON.stringify({ ...stack, pid: 2 ** 22 + 7 }));
  expect(runningStack(home)).toBeNull();
  expect(read({}).temporal.addressFrom).toBe('default');
});

test('the forms of each setting', () => {
  expect(read({ TIDEGATE_JOURNAL: 'sqlite:j.db' }).journal).toEqual({ kind: 'sqlite', file: join(dir, 'j.db') });
  expect(read({ TIDEGATE_JOURNAL: 'postgres://u:p@h/db' }).journal).toEqual({ kind: 'postgres', url: 'postgres://u:p@h/db' });
  expect(read({ TIDEGATE_HTTP: 'off' }).http).toBeNull();
  expect(read({ TIDEGATE_HTTP: '0.0.0.0:80' }).http).toEqual({ host: '0.0.0.0', port: 80 });
  expect(read({ TIDEGATE_HTTP: '[::1]:80' }).http).toEqual({ host: '::1', port: 80 });
  expect(read({ TIDEGATE_FLAGD_SYNC_ADDRESS: '8015', TIDEGATE_FLAGD_SYNC_FILES: 'flags.json' }).flagdSync).toEqual({ host: '127.0.0.1', port: 8015, files: { '': join(dir, 'flags.json') } });
  expect(read({ TIDEGATE_FLAGD_SYNC_ADDRESS: '[::]:0', TIDEGATE_FLAGD_SYNC_FILES: 'shop=/etc/shop.yaml, flagSetId=app=app.json ,all.json' }).flagdSync).toEqual({ host: '::', port: 0, files: { shop: '/etc/shop.yaml', 'flagSetId=app': join(dir, 'app.json'), '': join(dir, 'all.json') } });
  expect(read({ TIDEGATE_FLAGD_SYNC_ADDRESS: 'h:1', TIDEGATE_FLAGD_SYNC_FILES: '{"source=db,app=a": "a=b.json"}' }).flagdSync?.files).toEqual({ 'source=db,app=a': join(dir, 'a=b.json') });
  expect(read({ TIDEGATE_FLAGD_SYNC_ADDRESS: 'off', TIDEGATE_FLAGD_SYNC_FILES: 'flags.json' }).flagdSync).toBeNull();
  expect(read({ TIDEGATE_COMMANDS: 'systemctl, ./deploy.sh --all' }).commands).toEqual(['systemctl', './deploy.sh --all']);
  expect(read({ TIDEGATE_COMMANDS: '["echo a,b"]' }).commands).toEqual(['echo a,b']);
  expect(read({ TIDEGATE_COMMANDS: '*' }).commands).toBe('any');
  expect(read({ TIDEGATE_SHUTDOWN_GRACE: '2m' }).shutdownGraceMs).toBe(120_000);
});

test('flag files that nobody would be served, twice the same selector, and half a map are refused', () => {
  for (const [env, words] of [
    [{ TIDEGATE_FLAGD_SYNC_FILES: 'a.json' }, /TIDEGATE_FLAGD_SYNC_ADDRESS is not/], [{ TIDEGATE_FLAGD_SYNC_ADDRESS: '8015' }, /TIDEGATE_FLAGD_SYNC_FILES is not set/], [{ TIDEGATE_FLAGD_SYNC_ADDRESS: 'here', TIDEGATE_FLAGD_SYNC_FILES: 'a.json' }, /it must be HOST:PORT/],
    [{ TIDEGATE_FLAGD_SYNC_ADDRESS: '1', TIDEGATE_FLAGD_SYNC_FILES: 'x=a.json,x=b.json' }, /two files for the selector 'x'/], [{ TIDEGATE_FLAGD_SYNC_ADDRESS: '1', TIDEGATE_FLAGD_SYNC_FILES: 'x=' }, /no path in 'x='/], [{ TIDEGATE_FLAGD_SYNC_ADDRESS: '1', TIDEGATE_FLAGD_SYNC_FILES: '{"x":' }, /not a JSON map/],
  ] as const) expect(() => read(env), JSON.stringify(env)).toThrow(words);
});

test('all wrong settings are named in one error, without the secrets among them', () => {
  let error: unknown;
  try {
    read({ TEMPORAL_ADDRESS: 'nonsense', TIDEGATE_JOURNAL: 'mysql://root:hunter2@db/x', TIDEGATE_HTTP: 'here', TIDEGATE_LOG: 'loud', TIDEGATE_COMMANDS: '[1]', TIDEGATE_CACHE_WORKFLOWS: 'many', TIDEGATE_SHUTDOWN_GRACE: 'soon', TIDEGATE_HOST: 'a b' });
  } catch (e) { error = e; }
  expect(error).toBeInstanceOf(TidegateError);
  const { message, code } = error as TidegateError;
  expect(code).toBe('SETTINGS_INVALID');
  for (const name of ['TEMPORAL_ADDRESS', 'TIDEGATE_JOURNAL', 'TIDEGATE_HTTP', 'TIDEGATE_LOG', 'TIDEGATE_COMMANDS', 'TIDEGATE_CACHE_WORKFLOWS', 'TIDEGATE_SHUTDOWN_GRACE', 'TIDEGATE_HOST']) expect(message).toContain(name);
  expect(message).not.toContain('hunter2');
});
