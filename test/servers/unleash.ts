// A real Unleash server of this test's own on a real PostgreSQL, and the official client that asks it which users get a flag.
// Found by test/setup/needs.ts as 'unleash'; both end with the test, also when it dies.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startPostgres } from './postgres.js';

/** These make tokens only in an empty database; each server here has its own. */
export const ADMIN_TOKEN = '*:*.an-admin-token-for-tests';
export const CLIENT_TOKEN = 'default:development.a-client-token-for-tests';

export interface Unleash {
  readonly url: string;
  /** the admin API by other means than the product. @throws Error for anything but 2xx */
  admin(method: string, path: string, body?: unknown): Promise<unknown>;
  /** the official client, running; it sees a change a moment after it was made */
  readonly client: OfficialClient;
  stop(): Promise<void>;
}

interface Toggle { readonly enabled: boolean; readonly strategies?: readonly { readonly name: string; readonly parameters?: Readonly<Record<string, string>> }[] }
export interface OfficialClient {
  isEnabled(flag: string, context: { userId: string }): boolean;
  getFeatureToggleDefinition(flag: string): Toggle | undefined;
  start(): Promise<void>;
  destroy(): void;
  on(event: 'error' | 'warn', listener: () => void): void;
}

/** @param folder what `pathOf('unleash')` gives */
export async function startUnleash(folder: string): Promise<Unleash> {
  const postgres = await startPostgres();
  const url = `http://127.0.0.1:${await freePort()}`;
  let words = '';
  const server = spawn(process.execPath, [join(folder, 'node_modules/unleash-server/dist/server.js')], {
    cwd: folder, stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'], HOME: process.env['HOME'], DATABASE_URL: await postgres.createDatabase(), DATABASE_SSL: 'false', HTTP_HOST: '127.0.0.1', HTTP_PORT: new URL(url).port, LOG_LEVEL: 'fatal',
      CHECK_VERSION: 'false', SEND_TELEMETRY: 'false', INIT_ADMIN_API_TOKENS: ADMIN_TOKEN, INIT_BACKEND_API_TOKENS: CLIENT_TOKEN,
    },
  });
  const kill = (): void => { server.kill('SIGKILL'); };
  process.on('exit', kill);
  server.stderr.on('data', (chunk: Buffer) => { words = (words + chunk.toString()).slice(-4_000); });
  const end = Date.now() + 60_000;
  while (!(await fetch(`${url}/health`).then(({ ok }) => ok, () => false))) {
    if (server.exitCode !== null || Date.now() > end) { kill(); await postgres.stop(); throw new Error(`the Unleash server did not start:\n${words}`); }
    await pause(50);
  }

  const { Unleash: Client } = createRequire(join(folder, 'package.json'))('unleash-client') as { Unleash: new (options: object) => OfficialClient };
  const client = new Client({ url: `${url}/api`, appName: 'tidegate-tests', customHeaders: { Authorization: CLIENT_TOKEN }, refreshInterval: 100, disableMetrics: true, disableAutoStart: true, skipInstanceCountWarning: true });
  client.on('error', () => undefined);
  client.on('warn', () => undefined);
  await client.start();

  return {
    url, client,
    admin: async (method, path, body) => {
      const answer = await fetch(`${url}/api/admin${path}`, { method, headers: { authorization: ADMIN_TOKEN, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text === '' ? null : JSON.parse(text) as unknown;
    },
    stop: async () => {
      client.destroy();
      const gone = new Promise((resolve) => { server.once('exit', resolve); });
      if (server.exitCode === null && server.signalCode === null) { kill(); await gone; }
      process.off('exit', kill);
      await postgres.stop();
    },
  };
}

/** Who of these users gets the flag, says the official client once it knows the share. */
export async function whoGets({ client }: Unleash, flag: string, share: number, users: readonly string[]): Promise<readonly string[]> {
  const end = Date.now() + 20_000;
  const known = (): boolean => { const toggle = client.getFeatureToggleDefinition(flag); return share === 0 && toggle?.enabled === false || toggle?.enabled === true && toggle.strategies?.some(({ parameters }) => parameters?.['rollout'] === String(share)) === true; };
  while (!known()) {
    if (Date.now() > end) throw new Error(`the client does not know ${flag} at ${share} %: ${JSON.stringify(client.getFeatureToggleDefinition(flag))}`);
    await pause(25);
  }
  return users.filter((userId) => client.isEnabled(flag, { userId }));
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => { probe.listen(0, '127.0.0.1', resolve); });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => { probe.close(resolve); });
  return port;
}
