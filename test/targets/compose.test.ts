// A compose service's image or number of replicas. There is no container engine where these tests run: `docker` is recorded-docker.mjs, which does
// what the CLI's public reference says of the two commands used; the compose files, their editing, the commands' starting and killing are real.
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { TargetValue } from '../../src/plan/types.js';
import type { AllowedCommands } from '../../src/process/allow.js';
import { createCompose } from '../../src/targets/compose.js';
import type { TargetProvider, TargetRef } from '../../src/targets/port.js';
import { context, targetConformance, type World } from './conformance.js';
import { until } from './real-nginx.js';
import { writeInProcess } from './target-writer-process.js';

const made = (allowCommands: AllowedCommands = 'any'): TargetProvider => createCompose({ allowCommands });
const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);
const env = { YAML_MODULE: pathToFileURL(createRequire(import.meta.url).resolve('yaml')).href };

const COMPOSE = (tag: string, replicas: number | string): string => `# the shop
name: shop
x-log: &log { driver: json-file } # shared
services:
  # the web part
  web:
    image:   'registry.example:5000/team/shop:${tag}'   # moved by the rollout
    deploy: { replicas: ${replicas}, resources: { limits: { memory: 256M } } }
    logging: *log
    environment:
      - "IMAGE=shop:\${TAG:-1.0}"
  db:
      image: postgres:15
`;

interface Docker { readonly dir: string; readonly file: string; calls(): Promise<readonly string[]>; ups(): Promise<number>; trouble(kind: string): Promise<void>; running(change?: (row: Record<string, unknown>) => void): Promise<Record<string, unknown>[]>; end(): Promise<void> }

/** the recorded `docker`, first on the PATH of whatever this process starts */
async function docker(): Promise<Docker> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-compose-'));
  const file = join(dir, 'compose.yaml');
  await writeFile(file, COMPOSE('1.0', 2));
  await cp(new URL('./recorded-docker.mjs', import.meta.url), join(dir, 'docker'));
  await writeFile(join(dir, 'package.json'), '{"type":"module"}');
  await chmod(join(dir, 'docker'), 0o755);
  await writeFile(join(dir, 'calls.log'), '');
  const path = process.env['PATH'] ?? '';
  process.env['PATH'] = `${dir}${delimiter}${path}`;
  const state = join(dir, 'containers.json');
  const row = (service: string, i: number, Image: string): object => ({ ID: `c${i}`, Name: `shop-${service}-${i}`, Image, Service: service, State: 'running', Health: '' });
  await writeFile(state, JSON.stringify([row('web', 1, 'registry.example:5000/team/shop:1.0'), row('web', 2, 'registry.example:5000/team/shop:1.0'), row('db', 1, 'postgres:15')]));
  const calls = async (): Promise<readonly string[]> => (await readFile(join(dir, 'calls.log'), 'utf8')).trim().split('\n').map((line) => line.replaceAll(file, 'FILE'));
  return {
    dir, file, calls, ups: async () => (await readFile(join(dir, 'done.log'), 'utf8').catch(() => '')).split('\n').length - 1,
    trouble: (kind) => writeFile(join(dir, 'trouble'), kind),
    async running(change) {
      const rows = JSON.parse(await readFile(state, 'utf8')) as Record<string, unknown>[];
      if (change !== undefined) { for (const one of rows.filter(({ Service }) => Service === 'web')) change(one); await writeFile(state, JSON.stringify(rows)); }
      return rows.filter(({ Service }) => Service === 'web');
    },
    async end() { process.env['PATH'] = path; await rm(dir, { recursive: true, force: true }); },
  };
}

const targetOf = (one: Docker, more: TargetRef['settings'] = {}, writeTimeoutMs = 10_000): TargetRef => ({ id: 'web', settings: { file: one.file, service: 'web', field: 'image', env, ...more }, writeTimeoutMs });

const worldOf = (field: 'image' | 'replicas') => async (): Promise<World> => {
  const one = await docker();
  const provider = made();
  const target = targetOf(one, { field });
  const text = (): Promise<string> => readFile(one.file, 'utf8');
  return {
    provider, target, sameThing: { ...target, id: 'also', settings: { ...target.settings, file: join(one.dir, '.', 'compose.yaml') } }, otherThing: targetOf(one, { field, service: 'db' }),
    seen: async () => { const rows = await one.running(); return field === 'replicas' ? rows.length : String(rows[0]?.['Image']).split(':').at(-1) ?? ''; },
    change: async (value) => {
      await writeFile(one.file, field === 'image' ? COMPOSE(String(value), 2) : COMPOSE('1.0', String(value)));
      const rows = JSON.parse(await readFile(join(one.dir, 'containers.json'), 'utf8')) as Record<string, unknown>[];
      const web = rows.find(({ Service }) => Service === 'web')!;
      const count = field === 'replicas' ? value as number : 2;
      await writeFile(join(one.dir, 'containers.json'), JSON.stringify([...Array.from({ length: count }, () => ({ ...web, ...(field === 'image' ? { Image: `registry.example:5000/team/shop:${value}` } : {}) })), ...rows.filter(({ Service }) => Service !== 'web')]));
    },
    changes: () => one.ups(),
    beside: async () => ({ text: (await text()).replace(/shop:[\d.]+'/, "shop:…'").replace(/replicas: \d+/, 'replicas: …'), files: (await readdir(one.dir)).filter((name) => name !== 'done.log').sort(), db: JSON.parse(await readFile(join(one.dir, 'containers.json'), 'utf8')).filter(({ Service }: { Service: string }) => Service === 'db') as unknown }),
    refuse: () => one.trouble('refuse'), cutOff: () => one.trouble('pull'),
    deceive: async () => { await one.running((row) => { row['State'] = 'restarting'; }); },
    async abortInTheMiddle(value) {
      await one.trouble('slow');
      const abort = new AbortController();
      const writing = failure(provider.write(target, value, field === 'image' ? '1.0' : 2, context({ signal: abort.signal })));
      await until('docker has begun', async () => (await readdir(one.dir)).includes('began'));
      abort.abort();
      return writing;
    },
    end: () => one.end(),
  };
};
targetConformance('compose', { make: worldOf('image'), values: ['1.0', '1.1', '2.0-rc.1'], wrongSettings: { file: 'x', service: 'web', field: 'ports' }, wrongValue: 'not a tag' });
targetConformance('compose (replicas)', { make: worldOf('replicas'), values: [2, 3, 5], wrongSettings: { file: 'x', service: '-f', field: 'replicas' }, wrongValue: 2.5 });

let one: Docker;
beforeEach(async () => { one = await docker(); });
afterEach(async () => { await one.end(); });
const target = (more: TargetRef['settings'] = {}, writeTimeoutMs?: number): TargetRef => targetOf(one, more, writeTimeoutMs);
const text = (): Promise<string> => readFile(one.file, 'utf8');

describe('the compose file', () => {
  it('keeps every byte but the tag, and docker is asked for this service alone', async () => {
    await made().write(target(), '1.1', '1.0', context());
    expect(await text()).toBe(COMPOSE('1.1', 2));
    expect(await one.calls()).toEqual(['compose -f FILE up -d --no-deps web']);
    expect(await made().verify(target(), '1.1', context())).toContain('docker compose ps shows 2 running of registry.example:5000/team/shop:1.1');
    expect((await one.calls()).at(-1)).toBe('compose -f FILE ps --format json web');
    await made().write(target({ field: 'replicas' }), 0, 2, context());
    expect(await text()).toBe(COMPOSE('1.1', 0));
    expect(await made().verify(target({ field: 'replicas' }), 0, context())).toContain('shows 0 running');
  });

  it.each([
    ['a tag without quotes', 'services: { web: { image: shop:1.0 } }\n', 'image', '1.1', 'services: { web: { image: shop:1.1 } }\n'], ['no tag, which is latest', 'services:\n  web:\n    image: localhost:5000/shop\n', 'image', '7', 'services:\n  web:\n    image: localhost:5000/shop:7\n'],
    ['double quotes and CRLF', 'services:\r\n  web:\r\n    image: "shop:1.0"\r\n', 'image', '1.1', 'services:\r\n  web:\r\n    image: "shop:1.1"\r\n'], ['scale', 'services:\n  web:\n    image: x\n    scale: 3 # three\n', 'replicas', 4, 'services:\n  web:\n    image: x\n    scale: 4 # three\n'],
    ['replicas in quotes', "services:\n  web:\n    deploy:\n      replicas: '3'\n", 'replicas', 4, "services:\n  web:\n    deploy:\n      replicas: '4'\n"],
  ])('is edited in place: %s', async (_, before, field, value, after) => {
    await writeFile(one.file, before);
    await made().write(target({ field, up: 'true' }), value, null, context());
    expect(await text()).toBe(after);
    expect((await made().read(target({ field, ps: 'true' }), context())).value).toBe(value);
  });

  it.each([
    ['a variable: the env file is the place', 'services: { web: { image: "shop:${TAG}" } }\n', 'image', 'COMPOSE_INTERPOLATED', /env-file/], ['a variable with a default', 'services: { web: { deploy: { replicas: "${N:-2}" } } }\n', 'replicas', 'COMPOSE_INTERPOLATED', /variables/],
    ['no such service', 'services: { db: { image: x } }\n', 'image', 'COMPOSE_FIELD_MISSING', /no service 'web'/], ['only built', 'services: { web: { build: . } }\n', 'image', 'COMPOSE_FIELD_MISSING', /no image/], ['no replicas', 'services: { web: { image: x } }\n', 'replicas', 'COMPOSE_FIELD_MISSING', /replicas: 1/],
    ['an image by merge', 'x: &x { image: "a:1" }\nservices: { web: { <<: *x } }\n', 'image', 'COMPOSE_FIELD_MISSING', /of its own/], ['a digest', `services: { web: { image: "shop@sha256:${'0'.repeat(64)}" } }\n`, 'image', 'COMPOSE_NOT_EDITABLE', /digest/],
    ['an alias', 'x: &i shop:1\nservices: { web: { image: *i } }\n', 'image', 'COMPOSE_NOT_EDITABLE', /alias/], ['an anchor', 'services: { web: { image: &i shop:1 }, b: { image: *i } }\n', 'image', 'COMPOSE_NOT_EDITABLE', /anchor/], ['a service that another merges', 'services: { web: &w { image: shop:1 }, b: { <<: *w } }\n', 'image', 'COMPOSE_NOT_EDITABLE', /shares it/], ['several lines', 'services:\n  web:\n    image: >-\n      shop:1\n', 'image', 'COMPOSE_NOT_EDITABLE', /lines/],
    ['scale and replicas', 'services: { web: { scale: 1, deploy: { replicas: 1 } } }\n', 'replicas', 'COMPOSE_NOT_EDITABLE', /twice/], ['a number that readers differ in', 'services: { web: { scale: 010 } }\n', 'replicas', 'COMPOSE_NOT_EDITABLE', /no number/], ['no YAML', 'services: [\n', 'image', 'COMPOSE_FILE_CORRUPT', /not YAML/],
  ])('is refused and stays: %s', async (_, content, field, code, message) => {
    await writeFile(one.file, content);
    for (const call of [...(message.source === 'shares it' ? [] : [() => made().read(target({ field }), context())]), () => made().write(target({ field }), field === 'image' ? '1.1' : 3, null, context())]) expect(await failure(call())).toMatchObject({ code, name: 'TargetRefused', message: expect.stringMatching(message) });
    expect(await text()).toBe(content);
    expect(await one.calls()).toEqual(['']);
  });
});

describe('what runs', () => {
  const shown = (value: TargetValue = '1.0', more: TargetRef['settings'] = {}): Promise<unknown> => failure(made().verify(target(more), value, context()));

  it('is not what was wanted when a container restarts, is not healthy, or has another image', async () => {
    for (const [change, words] of [[{ State: 'restarting' }, /shop-web-1 is restarting/], [{ State: 'running', Health: 'starting' }, /is running and starting/], [{ Health: 'unhealthy' }, /is running and unhealthy/], [{ Health: 'healthy', Image: 'registry.example:5000/team/shop:0.9' }, /shop-web-1 runs .*shop:0\.9/], [{ State: 'exited' }, /no container of it runs/]] as const) {
      await one.running((row) => { Object.assign(row, change); });
      expect(await shown()).toMatchObject({ code: 'COMPOSE_UNVERIFIED', name: 'TargetUnverified', message: expect.stringMatching(words) });
    }
    expect(await shown(2, { field: 'replicas' })).toMatchObject({ message: expect.stringContaining('2 containers should run, but 0 run') });
  });

  it('is read from both forms that compose has answered in, and from no other', async () => {
    await one.trouble('old-ps');
    expect(await made().verify(target(), '1.0', context())).toContain('2 running');
    await one.trouble('strange-ps');
    expect(await shown()).toMatchObject({ code: 'COMPOSE_PS_NOT_UNDERSTOOD', name: 'TargetUnreachable' });
    await one.trouble('ps');
    expect(await shown()).toMatchObject({ code: 'COMMAND_FAILED', name: 'TargetUnreachable', message: expect.stringContaining('Is the docker daemon running?') });
  });
});

describe('a write', () => {
  it('of an image that cannot be pulled is unreachable with the words of docker; what runs is told, and taking it back is all that is needed', async () => {
    await one.trouble('pull');
    expect(await failure(made().write(target(), '9.9', '1.0', context()))).toMatchObject({ code: 'COMMAND_FAILED', name: 'TargetUnreachable', message: expect.stringContaining('manifest unknown') });
    expect(await made().read(target(), context())).toMatchObject({ value: '1.0', unsettled: true, detail: expect.stringContaining('a write of 9.9 is under way or was cut short') });
    await one.trouble('');
    await made().write(target(), '1.0', null, context());
    expect(await text()).toBe(COMPOSE('1.0', 2));
    expect(await made().read(target(), context())).toEqual({ value: '1.0', detail: expect.any(String) });
  });

  it('that was killed before docker did anything is read as what runs, and finished by the next', async () => {
    await one.trouble('kill');
    expect(await writeInProcess(one.dir, 'compose', target(), '1.1')).toMatchObject({ signal: 'SIGKILL' });
    await one.trouble('');
    expect(await text()).toBe(COMPOSE('1.1', 2));
    expect(await made().read(target(), context())).toMatchObject({ value: '1.0', unsettled: true });
    await made().write(target(), '1.1', '1.0', context());
    expect(await made().verify(target(), '1.1', context())).toContain('2 running');
    expect((await readdir(one.dir)).filter((name) => name.includes('.tidegate'))).toEqual([]);
  });

  it('is not begun when the worker may not run docker, and the list may name the program or a command of one\'s own', async () => {
    expect(await failure(made(['kubectl']).write(target(), '1.1', '1.0', context()))).toMatchObject({ code: 'COMMAND_NOT_ALLOWED', name: 'TargetRefused' });
    expect(await text()).toBe(COMPOSE('1.0', 2));
    await made(['docker']).write(target(), '1.1', '1.0', context());
    await writeFile(join(one.dir, 'up.sh'), `#!/bin/sh\nprintf '%s' "$1 $TIDEGATE_VALUE" > ${one.dir}/own\n`);
    await chmod(join(one.dir, 'up.sh'), 0o755);
    await made([join(one.dir, 'up.sh')]).write(target({ up: [join(one.dir, 'up.sh'), 'to-{value}'] }), '1.2', '1.1', context());
    expect(await readFile(join(one.dir, 'own'), 'utf8')).toBe('to-1.2 1.2');
    expect(made().check(target({ up: 'deploy "{value}"' }), []).join()).toMatch(/up: .*inside quotes/);
  });

  it('needs a tag as text and a whole number of replicas', () => {
    expect(made().check(target(), [1.1]).join()).toContain("write '1.1' in quotes");
    expect(made().check(target(), ['-x', 'a b', '']).length).toBe(3);
    expect(made().check(target({ field: 'replicas' }), [-1, 2.5, '3']).length).toBe(3);
    expect(made().check(target({ service: 'a; rm' }), []).join()).toMatch(/service/);
  });

  it('repeats no secret of its environment', async () => {
    const kept: string[] = [];
    const given = target({ up: 'echo "login $TOKEN and put-in-1234"; exit 1', env: { ...env, TOKEN: 'token-1234' } });
    const error = await failure(made().write(given, '1.1', '1.0', { ...context({ keep: (line) => { kept.push(line); } }), secrets: ['put-in-1234'] }));
    expect(JSON.stringify([kept, String(error)])).toContain('login *** and ***');
    expect(JSON.stringify([kept, String(error), error, (error as Error).stack])).not.toMatch(/token-1234|put-in-1234/);
  });
});

it('the manual of compose shows settings that are sound', async () => {
  const page = await readFile(new URL('../../docs/providers/compose.md', import.meta.url), 'utf8');
  for (const [, yaml] of page.matchAll(/```yaml\n(targets:.*?)```/gs)) for (const each of Object.values((parse(yaml!) as { targets: Record<string, { compose: TargetRef['settings'] }> }).targets)) expect(made().check({ id: 'x', settings: each.compose, writeTimeoutMs: 1 }, [])).toEqual([]);
});
