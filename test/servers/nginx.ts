// A real nginx in a directory of its own: two upstreams that say who they are, a split that a file decides, a location that answers the share it
// has loaded, and a slow upstream that holds a request as long as a test wants. It ends with the test process at the latest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type Agent, type IncomingMessage } from 'node:http';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { TargetRef } from '../../src/targets/port.js';

export interface RealNginx {
  readonly dir: string; readonly file: string; readonly config: string; readonly origin: string; readonly pid: number;
  /** runs the real nginx, once `hook` (shell) is done */
  readonly binary: string;
  hook(shell: string): Promise<void>;
  settings(more?: TargetRef['settings']): TargetRef['settings'];
  /** the side of one request */
  side(key: string, agent?: Agent): Promise<string>;
  /** the keys of `keys` that get the new side, by as many requests */
  onNew(keys: readonly string[]): Promise<Set<string>>;
  /** a hand at work: this share, or this text, and a reload that is over when the function is */
  byHand(share: number | string): Promise<void>;
  /** SIGHUP, and new workers */
  reload(): Promise<void>;
  /** how often a configuration was put in force since the start */
  reloads(): Promise<number>;
  workers(): Promise<readonly number[]>;
  /** begins a request that ends when `release` is called */
  hold(): Promise<{ release(): Promise<string> }>;
  stop(): Promise<void>;
  end(): Promise<void>;
}

export const SPLIT = { key: '$http_x_key', variable: '$side', new: 'new', old: 'old' };
/** the file as a hand writes it */
export const handWritten = (share: number): string => `# by hand\nsplit_clients $http_x_key $side {\n\t${share === 0 ? '' : `${share}% new;\n\t`}* old;\n}\nmap "" $side_share { default ${share}; }\n`;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export async function until<T>(what: string, check: () => Promise<T | undefined | false>, limitMs = 20_000): Promise<T> {
  for (const end = performance.now() + limitMs; ; await pause(5)) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
  }
}

/** @param program path of nginx */
export async function startNginx(program: string, share = 10): Promise<RealNginx> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-nginx-'));
  const [file, config, binary, pidFile, log] = ['side.conf', 'nginx.conf', 'nginx.sh', 'nginx.pid', 'error.log'].map((name) => join(dir, name)) as [string, string, string, string, string];
  const held: ((text: string) => void)[] = [];
  const slow = createServer((_incoming, response) => { held.push((text) => response.end(text)); });
  slow.listen(0, '127.0.0.1');
  const reserve = createServer().listen(0, '127.0.0.1');
  await Promise.all([once(slow, 'listening'), once(reserve, 'listening')]);
  const port = (reserve.address() as AddressInfo).port;
  reserve.close();
  await mkdir(join(dir, 'temp'));
  await writeFile(file, handWritten(share));
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  await writeFile(config, `daemon off; ${user} worker_processes 2; pid ${pidFile}; error_log ${log} notice;
events { worker_connections 512; }
http {
  access_log off; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/temp/${name};`).join(' ')}
  include ${file};
  upstream new { server unix:${dir}/new.sock; }
  upstream old { server unix:${dir}/old.sock; }
  server { listen unix:${dir}/new.sock; location / { return 200 "served by new\\n"; } }
  server { listen unix:${dir}/old.sock; location / { return 200 "served by old\\n"; } }
  server {
    listen 127.0.0.1:${port};
    location = /share { return 200 "$side_share\\n"; }
    location = /slow { proxy_pass http://127.0.0.1:${(slow.address() as AddressInfo).port}; }
    location / { proxy_pass http://$side; add_header X-Side $side always; }
  }
}
`);
  const hook = async (shell: string): Promise<void> => {
    await writeFile(binary, `#!/bin/sh\n${shell}\nexec ${program} "$@"\n`);
    await chmod(binary, 0o755);
  };
  await hook('');
  const child = spawn(program, ['-p', dir, '-c', config, '-e', log], { stdio: 'ignore' });
  const pid = child.pid as number;
  const workers = async (): Promise<readonly number[]> => (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).split(' ').filter((one) => one.trim() !== '').map(Number);
  const onExit = (): void => { child.kill('SIGTERM'); };
  process.once('exit', onExit);
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  };
  const get = (path: string, key: string | null, agent?: Agent): Promise<IncomingMessage & { text: string }> => new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent: agent ?? false, headers: key === null ? {} : { 'x-key': key } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => { text += chunk.toString(); }).on('end', () => resolve(Object.assign(response, { text }))).on('error', reject);
    });
    // a kept connection may be closed in the very moment it is used: what every client with keep-alive has to repeat
    asked.on('error', (error) => { if (asked.reusedSocket) get(path, key, agent).then(resolve, reject); else reject(error); }).end();
  });
  await until('nginx answers', async () => get('/share', null).then(({ statusCode }) => statusCode === 200, () => { if (child.exitCode !== null) throw new Error('nginx ended'); return false; }));
  const side = async (key: string, agent?: Agent): Promise<string> => /served by (\w+)/.exec((await get('/', key, agent)).text)?.[1] ?? 'nobody';
  const reloads = async (): Promise<number> => (await readFile(log, 'utf8')).split('\n').filter((line) => /\d: reconfiguring$/.test(line)).length;
  const reload = async (): Promise<void> => {
    const old = await workers();
    await pause(50); // a worker's start is known to a hundredth of a second
    process.kill(pid, 'SIGHUP');
    await until('the old workers are gone', async () => { const now = await workers(); return now.length > 0 && !now.some((one) => old.includes(one)); });
  };
  return {
    dir, file, config, binary, pid, origin: `http://127.0.0.1:${port}`, hook, side, reload, reloads, workers, stop,
    settings: (more = {}) => ({ file, ...SPLIT, nginx: binary, config, prefix: dir, pid: pidFile, ...more }),
    async onNew(keys) {
      const found = new Set<string>();
      const left = [...keys];
      await Promise.all(Array.from({ length: 24 }, async () => { for (let key = left.pop(); key !== undefined; key = left.pop()) if (await side(key) === 'new') found.add(key); }));
      return found;
    },
    async byHand(share) { await writeFile(file, typeof share === 'number' ? handWritten(share) : share); await reload(); },
    async hold() {
      const count = held.length;
      const answer = get('/slow', null);
      answer.catch(() => undefined); // told by release, if anybody asks
      await until('the request is held', async () => held.length > count);
      return { release: async () => { held[count]!('done'); return (await answer).text; } };
    },
    async end() {
      await stop();
      process.removeListener('exit', onExit);
      for (const release of held) release('');
      slow.closeAllConnections();
      slow.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
