// A load-balancer split against a real nginx: what every target promises, and what is particular to one that has to be reloaded. Who is on which
// side is counted by real requests; nothing here is computed from the file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import { chmod, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { undoTarget } from '../../activities/undo-target.js';
import { writeTarget } from '../../activities/write-target.js';
import { createHttpClient } from '../../src/http/client.js';
import type { AllowedCommands } from '../../src/process/allow.js';
import { createNginx } from '../../src/targets/nginx.js';
import { findMaster } from '../../src/targets/nginx-master.js';
import type { TargetProvider, TargetRef } from '../../src/targets/port.js';
import { agrees } from '../../src/targets/share.js';
import { describeNeeding } from '../setup/needs.js';
import { context, targetConformance, type World } from './conformance.js';
import { handWritten, startNginx, until, type RealNginx } from './real-nginx.js';
import { writeInProcess } from './target-writer-process.js';

const made = (allowCommands: AllowedCommands = 'any'): TargetProvider => createNginx({ http: createHttpClient(), allowCommands });
const ref = (settings: TargetRef['settings'], writeTimeoutMs = 10_000): TargetRef => ({ id: 'checkout', settings, writeTimeoutMs });
const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);
const keysOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `user-${i}`);
const probe = (nginx: RealNginx, more: TargetRef['settings'] = {}): TargetRef['settings'] => ({ url: `${nginx.origin}/`, header: 'X-Key: {key}', side: 'X-Side', ...more });

async function world(): Promise<World> {
  const nginx = await startNginx();
  const provider = made();
  const target = ref(nginx.settings({ probe: probe(nginx) }));
  return {
    provider, target, sameThing: { ...target, id: 'also', settings: nginx.settings({ file: join(nginx.dir, '.', 'side.conf') }) }, otherThing: { ...target, settings: nginx.settings({ file: join(nginx.dir, 'other.conf') }) },
    seen: async () => { const share = (await nginx.onNew(keysOf(1_000))).size / 10; return [0, 10, 25, 50, 100].reduce((best, one) => (Math.abs(one - share) < Math.abs(best - share) ? one : best)); },
    change: (value) => nginx.byHand(value as number), changes: () => nginx.reloads(),
    beside: async () => ({ files: (await readdir(nginx.dir)).sort(), config: await readFile(nginx.config, 'utf8') }),
    refuse: async () => { await writeFile(nginx.config, `${await readFile(nginx.config, 'utf8')}\nno_such_directive;\n`); },
    cutOff: () => nginx.stop(),
    deceive: async () => { await writeFile(nginx.config, (await readFile(nginx.config, 'utf8')).replace('proxy_pass http://$side; add_header X-Side $side always;', 'proxy_pass http://old; add_header X-Side old always;')); await nginx.reload(); },
    abortInTheMiddle: async (value) => {
      await nginx.hook(`touch ${nginx.dir}/began; while :; do sleep 0.02; done`);
      const abort = new AbortController();
      const writing = failure(provider.write(target, value, 10, context({ signal: abort.signal })));
      await until('the test of the configuration has begun', async () => (await readdir(nginx.dir)).includes('began'));
      abort.abort();
      return writing;
    },
    end: () => nginx.end(),
  };
}

describeNeeding(['nginx'], 'a real nginx', () => {
  targetConformance('nginx', { make: world, values: [10, 25, 50], wrongSettings: { file: 'x' }, wrongValue: 10.123 });

  let nginx: RealNginx;
  let provider: TargetProvider;
  beforeEach(async () => { nginx = await startNginx(); provider = made(); });
  afterEach(async () => { await nginx.end(); });
  const target = (more: TargetRef['settings'] = {}, writeTimeoutMs?: number): TargetRef => ref(nginx.settings(more), writeTimeoutMs);
  /** as a worker carries it out: read, write, read back, verify */
  const activity = <Input, Result>(which: (ports: never) => (input: Input) => Promise<Result>, value: number, writeTimeoutMs = 10_000): Promise<Result> => {
    const ports = { target: () => provider, env: {}, journal: { putUndo: async () => undefined }, meters: { observeWrite: () => undefined } };
    const resolved = { id: 'checkout', provider: 'nginx', settings: nginx.settings(), safer: 'lower', unit: '%', cap: null, readOnly: false, on: null, writeTimeoutMs };
    return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => undefined) }).run(which(ports as never) as (input: unknown) => Promise<Result>, { rollout: 'r', key: 'k', target: resolved, value, expected: 10, before: 10, now: 0, order: 1 });
  };
  const text = (): Promise<string> => readFile(nginx.file, 'utf8');
  const files = async (): Promise<string[]> => (await readdir(nginx.dir)).filter((name) => name.includes('tidegate'));

  describe('a share', () => {
    it('that grows takes nobody off the new side: 10,000 keys at 0, 10, 25, 50 and 100 %', async () => {
      const keys = keysOf(10_000);
      await provider.write(target(), 0, null, context());
      let before = await nginx.onNew(keys);
      expect(before.size).toBe(0);
      for (const share of [10, 25, 50, 100]) {
        await provider.write(target(), share, null, context());
        const now = await nginx.onNew(keys);
        expect([...before].filter((key) => !now.has(key))).toEqual([]);
        expect(agrees(now.size, keys.length, share), `${now.size} of ${keys.length} at ${share} %`).toBe(true);
        before = now;
      }
      expect(before.size).toBe(10_000);
    });

    it('is written to the hundredth of a percent, and nothing at all at 0', async () => {
      for (const share of [12.34, 0.01, 99.99, 0, 100]) {
        await provider.write(target(), share, null, context());
        expect((await provider.read(target(), context())).value).toBe(share);
        expect(await (await fetch(`${nginx.origin}/share`)).text()).toBe(`${share}\n`);
      }
      expect(provider.check(target(), [0.001]).join()).toContain('two decimals');
    });

    it('is verified by counted requests, each with a key of its own', async () => {
      for (const more of [{}, { side: 'body', new: 'served by new', old: 'served by old', requests: 2_000 }] as TargetRef['settings'][]) {
        await provider.write(target(), 25, null, context());
        expect(await provider.verify(target({ probe: probe(nginx, more) }), 25, context())).toMatch(/25 % \(\d+ of [12],000 requests went to 'new'; its 2 workers/);
      }
      expect(await provider.verify(target(), 25, context())).toContain('no request was counted');
    });
  });

  describe('a client that keeps its connection', () => {
    it('gets the new share with its next request, when nothing is under way on it', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      try {
        await provider.write(target(), 0, null, context());
        expect(await nginx.side('somebody', agent)).toBe('old');
        await provider.write(target(), 100, 0, context());
        expect(await nginx.side('somebody', agent)).toBe('new');
      } finally { agent.destroy(); }
    });

    it('in the middle of a request holds the write up, which says so and is done when the request is', async () => {
      const held = await nginx.hold();
      expect(await failure(provider.write(target({}, 600), 25, 10, context()))).toMatchObject({ code: 'NGINX_DRAINING', name: 'TargetUnreachable', message: expect.stringMatching(/1 of the old workers still serves connections.*worker_shutdown_timeout/) });
      // new connections have the new share, and still it is not settled
      expect(await provider.read(target(), context())).toMatchObject({ value: 25, unsettled: true, detail: expect.stringContaining('1 of the old workers still serves') });
      expect(await failure(provider.verify(target(), 25, context()))).toMatchObject({ name: 'TargetUnverified', message: expect.stringContaining('old workers') });
      for (const again of [() => activity(writeTarget, 25, 300), () => activity(undoTarget, 25, 300)]) expect(await failure(again())).toMatchObject({ code: 'NGINX_DRAINING' });
      const again = provider.write(target(), 25, 10, context());
      expect(await held.release()).toBe('done');
      await again;
      expect(await nginx.reloads()).toBe(1);
      expect(await provider.read(target(), context())).toEqual({ value: 25, detail: expect.any(String) });
      expect(await files()).toEqual([]);
    });
  });

  describe('a configuration that nginx refuses', () => {
    it('is not loaded: the old file is back to the letter, and the reason is the line of nginx', async () => {
      const before = await text();
      await writeFile(nginx.config, (await readFile(nginx.config, 'utf8')).replace('upstream new', 'upstream'));
      expect(await failure(provider.write(target(), 25, 10, context()))).toMatchObject({ code: 'NGINX_CONFIG_REFUSED', name: 'TargetRefused', message: expect.stringMatching(/\[emerg\].*nginx\.conf:\d+/) });
      expect(await text()).toBe(before);
      expect(await nginx.reloads()).toBe(0);
      // the file is younger than the workers now, and still it is known that they have loaded it
      expect(await provider.read(target(), context())).toEqual({ value: 10, detail: expect.stringContaining('taken back before nginx loaded it') });
      await provider.write(target(), 10, 10, context());
      expect((await provider.read(target(), context())).value).toBe(10);
      await writeFile(nginx.file, before); // the same words by another hand: who knows what was loaded between
      expect(await failure(provider.read(target(), context()))).toMatchObject({ code: 'NGINX_LOADED_UNKNOWN' });
    });

    it('only when it is put in force keeps the old workers, and is known not to be loaded', async () => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      try {
        // nginx -t does not mind a port that somebody else has
        await writeFile(nginx.config, (await readFile(nginx.config, 'utf8')).replace('location = /share', `listen 127.0.0.1:${(taken.address() as AddressInfo).port}; location = /share`));
        expect(await failure(provider.write(target({}, 1_500), 25, 10, context()))).toMatchObject({ code: 'NGINX_NOT_RELOADED', name: 'TargetUnreachable', message: expect.stringContaining('no new worker') });
        expect(await provider.read(target(), context())).toMatchObject({ value: 10, unsettled: true, detail: expect.stringContaining('says 25 %') });
        await until('nginx has given the port up', async () => (await readFile(join(nginx.dir, 'error.log'), 'utf8')).includes('still could not bind'));
      } finally { taken.close(); await once(taken, 'close'); }
      await provider.write(target(), 25, 10, context());
      expect(await provider.read(target(), context())).toEqual({ value: 25, detail: expect.any(String) });
    });

    it('is put back also when the test may not be run at all', async () => {
      const before = await text();
      expect(await failure(made(['docker']).write(target(), 25, 10, context()))).toMatchObject({ code: 'COMMAND_NOT_ALLOWED', name: 'TargetRefused' });
      expect(await failure(provider.write(target({ nginx: '/no/such/nginx' }), 25, 10, context()))).toMatchObject({ code: 'COMMAND_NOT_FOUND', name: 'TargetRefused' });
      expect(await text()).toBe(before);
      expect((await provider.read(target(), context())).value).toBe(10);
      await made([nginx.binary]).write(target(), 25, 10, context());
    });
  });

  describe('a file that somebody else changed', () => {
    it('and loaded reads as what they wrote; a write that expected ours is a conflict', async () => {
      await provider.write(target(), 25, 10, context());
      await nginx.byHand(5);
      expect((await provider.read(target(), context())).value).toBe(5);
      expect(await failure(provider.write(target(), 50, 25, context()))).toMatchObject({ code: 'NGINX_SHARE_CHANGED', name: 'TargetConflict', message: expect.stringContaining('says 5 %, not 25 %') });
      expect(await text()).toBe(handWritten(5));
    });

    it('and did not load cannot be told from the file; a marker tells what is in force', async () => {
      await nginx.byHand(10);
      await writeFile(nginx.file, handWritten(50));
      expect(await failure(provider.read(target(), context()))).toMatchObject({ code: 'NGINX_LOADED_UNKNOWN', name: 'TargetUnreachable', message: expect.stringMatching(/says 50 %.*reload nginx/) });
      const marked = target({ marker: `${nginx.origin}/share` });
      expect(await provider.read(marked, context())).toMatchObject({ value: 10, unsettled: true, detail: expect.stringContaining('nginx answers that it has loaded 10 %') });
      expect(await failure(provider.verify(marked, 50, context()))).toMatchObject({ name: 'TargetUnverified' });
      expect(await failure(provider.write(marked, 25, 10, context()))).toMatchObject({ name: 'TargetConflict' });
      await provider.write(marked, 10, null, context());
      expect(await provider.read(marked, context())).toEqual({ value: 10, detail: expect.any(String) });
      expect((await provider.read(target(), context())).value).toBe(10);
    });

    it('without changing what it says is loaded once more by the next write', async () => {
      await provider.write(target(), 25, 10, context());
      await utimes(nginx.file, new Date(), new Date(Date.now() + 1_000));
      expect(await failure(provider.read(target(), context()))).toMatchObject({ code: 'NGINX_LOADED_UNKNOWN' });
      await utimes(nginx.file, new Date(), new Date());
      await new Promise((resolve) => setTimeout(resolve, 50));
      await provider.write(target(), 25, 25, context());
      expect((await provider.read(target(), context())).value).toBe(25);
    });

    it('into nonsense is refused with what to write, and an undo writes over it because it is ours', async () => {
      await provider.write(target(), 25, 10, context());
      for (const [changed, message] of [
        [(await text()).replace('*  old;', '*  old; 3% third;'), /a share for 'new'.*not/], [(await text()).replace('25%', 'a lot'), /not 'a lot new/], [(await text()).replace('}', ''), /no sequence of blocks/],
        [`${await text()}server { listen 1; }\n`, /it holds/], [(await text()).replace('$http_x_key', '$remote_addr'), /splits by '\$remote_addr'/], ['', /no split_clients block/],
      ] as const) {
        await writeFile(nginx.file, changed);
        for (const call of [() => provider.read(target(), context()), () => provider.write(target(), 50, 25, context())]) expect(await failure(call())).toMatchObject({ name: 'TargetRefused', message: expect.stringMatching(message) });
        expect(await text()).toBe(changed);
        if (changed === '') continue;
        await provider.write(target(), 10, null, context());
        expect((await provider.read(target(), context())).value).toBe(10);
        await provider.write(target(), 25, 10, context());
      }
      expect(await failure(provider.write(target(), 10, null, context()))).toMatchObject({ name: 'TargetRefused' }); // the empty file does not say that it is ours
    });
  });

  describe('a write that was killed between replacing the file and loading it', () => {
    /** a worker of its own, killed by SIGKILL out of the test of the configuration that it runs */
    async function killedWrite(value: number): Promise<void> {
      await nginx.hook('kill -9 $PPID; exit 1');
      expect(await writeInProcess(nginx.dir, 'nginx', target(), value)).toMatchObject({ signal: 'SIGKILL' });
      await nginx.hook('');
      expect(await text()).toContain(`${value}%  new`);
      expect(await files()).toHaveLength(1);
    }
    it('is read as what is in force, and finished by the next attempt', async () => {
      await killedWrite(25);
      for (const one of [target(), target({ marker: `${nginx.origin}/share` })]) expect(await provider.read(one, context())).toMatchObject({ value: 10, unsettled: true, detail: expect.stringContaining('says 25 %') });
      expect(await activity(writeTarget, 25)).toMatchObject({ after: 25 });
      expect(agrees((await nginx.onNew(keysOf(1_000))).size, 1_000, 25)).toBe(true);
      expect(await files()).toEqual([]);
    });

    it('does not count as somebody else\'s change', async () => {
      await killedWrite(25);
      await provider.write(target(), 50, 10, context());
      expect(await provider.read(target(), context())).toEqual({ value: 50, detail: expect.any(String) });
    });

    it('is taken out of the file by an undo, although what the undo wants is in force already', async () => {
      await killedWrite(25);
      expect(await activity(undoTarget, 10)).toMatchObject({ value: 10, leftSafer: false });
      await nginx.reload(); // by whomever: nothing is waiting in the file
      expect(agrees((await nginx.onNew(keysOf(1_000))).size, 1_000, 10)).toBe(true);
      expect(await files()).toEqual([]);
    });

    it('and that nginx refuses then is put back by whoever finds it', async () => {
      const before = await text();
      await killedWrite(25);
      const config = await readFile(nginx.config, 'utf8');
      await writeFile(nginx.config, `${config}\nno_such_directive;`);
      expect(await failure(provider.write(target(), 25, 10, context()))).toMatchObject({ code: 'NGINX_CONFIG_REFUSED' });
      expect(await text()).toBe(before);
      expect(await provider.read(target(), context())).toEqual({ value: 10, detail: expect.any(String) });
      await killedWrite(25);
      await writeFile(nginx.config, `${config}\nno_such_directive;`);
      expect(await failure(provider.write(target(), 50, 10, context()))).toMatchObject({ code: 'NGINX_CONFIG_REFUSED' });
      expect(await text()).toBe(before);
      expect((await provider.read(target(), context())).value).toBe(10);
    });
  });

  describe('what is no running nginx', () => {
    it('is never signalled, whatever the pid file says', async () => {
      const innocent = spawn('sleep', ['60']);
      try {
        await writeFile(join(nginx.dir, 'other.pid'), `${innocent.pid}\n`);
        for (const call of ['read', 'write'] as const) {
          const asked = (pid: string): Promise<unknown> => { const one = target({ pid }); return failure(call === 'read' ? provider.read(one, context()) : provider.write(one, 25, 10, context())); };
          expect(await asked(join(nginx.dir, 'other.pid'))).toMatchObject({ code: 'NGINX_PID_FILE', name: 'TargetRefused', message: expect.stringContaining('is no nginx master') });
          expect(await asked(join(nginx.dir, 'none.pid'))).toMatchObject({ code: 'NGINX_NOT_RUNNING', name: 'TargetUnreachable' });
          await writeFile(join(nginx.dir, 'gone.pid'), `${2 ** 22 + 1}\n`);
          expect(await asked(join(nginx.dir, 'gone.pid'))).toMatchObject({ code: 'NGINX_NOT_RUNNING' });
        }
        expect(innocent.exitCode ?? innocent.signalCode).toBeNull();
        expect(await text()).toBe(handWritten(10));
      } finally { innocent.kill('SIGKILL'); }
    });

    it('looks the same by /proc and by ps', async () => {
      const ask = { target: 'x', pidFile: join(nginx.dir, 'nginx.pid'), context: context(), allow: 'any' as const };
      const held = await nginx.hold();
      process.kill(nginx.pid, 'SIGHUP');
      await until('one worker drains', async () => { const { children } = await findMaster(ask); return children.length === 3 && children.filter(({ draining }) => draining).length === 1 && children.every(({ worker }) => worker); });
      const [proc, ps] = [await findMaster(ask), await findMaster({ ...ask, byPs: true })];
      expect(ps.children.map(({ pid, draining, worker }) => ({ pid, draining, worker })).sort((a, b) => a.pid - b.pid)).toEqual(proc.children.map(({ pid, draining, worker }) => ({ pid, draining, worker })).sort((a, b) => a.pid - b.pid));
      for (const { pid, startedAt } of ps.children) expect(Math.abs(startedAt - proc.children.find((one) => one.pid === pid)!.startedAt)).toBeLessThanOrEqual(ps.exactMs + proc.exactMs);
      await held.release();
    });

    it.skipIf(process.getuid?.() !== 0)('that we may signal is refused before the file is touched', async () => {
      await chmod(nginx.dir, 0o777); await chmod(nginx.file, 0o666);
      expect((await writeInProcess(nginx.dir, 'nginx', target(), 25, 65_534)).said).toContain('NGINX_MAY_NOT_SIGNAL TargetRefused');
      expect(await text()).toBe(handWritten(10));
    });
  });

  describe('a marker or a probe in trouble', () => {
    it('says what the marker answered: silence is transient, a location that is not there is not', async () => {
      const asked = (marker: string): Promise<unknown> => failure(provider.read(target({ marker }), context()));
      expect(await asked(`${nginx.origin}/`)).toMatchObject({ code: 'NGINX_MARKER_NOT_UNDERSTOOD', name: 'TargetRefused' });
      expect(await asked(`${nginx.origin}/share/none?token=secret-1234`)).toMatchObject({ name: 'TargetRefused', message: expect.not.stringContaining('secret-1234') });
      const closed = createServer().listen(0, '127.0.0.1');
      await once(closed, 'listening');
      const { port } = closed.address() as AddressInfo;
      closed.close();
      expect(await asked(`http://127.0.0.1:${port}/share`)).toMatchObject({ code: 'NGINX_MARKER_SILENT', name: 'TargetUnreachable' });
    });

    it('does not count an answer that tells no side, or that is an error, for either', async () => {
      await provider.write(target(), 25, 10, context());
      const shown = async (more: TargetRef['settings']): Promise<unknown> => failure(provider.verify(target({ probe: probe(nginx, more) }), 25, context()));
      expect(await shown({ side: 'X-None', headers: { Authorization: 'Bearer secret-1234' } })).toMatchObject({ name: 'TargetUnverified', message: expect.stringMatching(/0 of 1,000 requests.*of 1,000 it is not known.*without telling one side in its header X-None/) });
      expect(String(await shown({ side: 'X-None', headers: { Authorization: 'Bearer secret-1234' } }))).not.toContain('secret-1234');
      await writeFile(nginx.config, (await readFile(nginx.config, 'utf8')).replace(`server { listen unix:${nginx.dir}/new.sock; location / { return 200`, `server { listen unix:${nginx.dir}/new.sock; location / { return 503`));
      await nginx.reload();
      expect(await shown({})).toMatchObject({ name: 'TargetUnverified', message: expect.stringContaining('answered 503') });
    });

    it('that sends a key which nginx does not split by shows it', async () => {
      await provider.write(target(), 25, 10, context());
      expect(await failure(provider.verify(target({ probe: probe(nginx, { header: 'Cookie: uid={key}' }) }), 25, context()))).toMatchObject({ name: 'TargetUnverified', message: expect.stringMatching(/(0|1,000) of 1,000 requests went to 'new', which is not 25 %.*'\$http_x_key'/) });
    });
  });
});

describeNeeding(['nginx'], 'the manual of nginx', () => {
  it('shows a configuration that nginx takes and settings that are sound', async () => {
    const page = await readFile(new URL('../../docs/providers/nginx.md', import.meta.url), 'utf8');
    const [, yaml] = /```yaml\n(.*?)```/s.exec(page) as unknown as [string, string];
    const [side, main] = [...page.matchAll(/```nginx\n(.*?)```/gs)].map(([, text]) => text!) as [string, string];
    const { checkout } = (parse(yaml) as { targets: { checkout: { nginx: TargetRef['settings'] } } }).targets;
    expect(made().check(ref(checkout.nginx), [0, 10, 100])).toEqual([]);
    const nginx = await startNginx();
    try {
      await writeFile(join(nginx.dir, 'manual.conf'), side);
      const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${nginx.dir}/temp/${name};`).join(' ');
      await writeFile(nginx.config, `pid ${nginx.dir}/nginx.pid; events { }\n${main.replace('/etc/nginx/tidegate/side.conf', join(nginx.dir, 'manual.conf')).replace('listen 80', `listen unix:${nginx.dir}/a`).replace('listen 127.0.0.1:8081', `listen unix:${nginx.dir}/b`).replace('http {', `http { access_log off; ${temp}`)}`);
      const { marker: _, probe: __, ...settings } = checkout.nginx;
      const here = ref({ ...settings, file: join(nginx.dir, 'manual.conf'), pid: join(nginx.dir, 'nginx.pid'), nginx: nginx.binary, config: nginx.config, prefix: nginx.dir });
      await made().write(here, 25, 0, context());
      expect((await made().read(here, context())).value).toBe(25);
    } finally { await nginx.end(); }
  });
});

describe('settings of nginx that cannot work are refused before anything runs:', () => {
  const sound = { file: 'side.conf', key: '$cookie_uid', variable: '$side', new: 'new', old: 'old', pid: '/run/nginx.pid' };
  it.each([
    ['a key that is no variable', { key: 'cookie_uid' }, /key: a variable of nginx/], ['a key that could end the block', { key: '$x" { } #' }, /key/], ['a variable without its sign', { variable: 'side' }, /variable/],
    ['upstreams that are one', { new: 'old' }, /same upstream/], ['an upstream that is more than a name', { new: 'new; } server {' }, /new/], ['a marker that is no address', { marker: 'share' }, /marker/],
    ['a probe without a key in its header', { probe: { url: 'http://x', header: 'X-Key: 1', side: 'body' } }, /probe\.header.*\{key\}/], ['a probe of too few requests', { probe: { url: 'http://x', header: 'X: {key}', side: 'body', requests: 10 } }, /requests/],
  ])('%s', (_, changes, problem) => { expect(made().check(ref({ ...sound, ...changes }), []).join('; ')).toMatch(problem); });
  it('and sound ones, also with references to secrets, are not', () => {
    expect(made().check(ref({ ...sound, marker: '${env:MARKER}', key: '${remote_addr}$http_x', probe: { url: 'https://${env:HOST}/', header: 'Cookie: uid={key}', side: 'body', headers: { Authorization: '${env:TOKEN}' } } }), [0, 12.34, 100])).toEqual([]);
  });
});
