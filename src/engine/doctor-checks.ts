// What `tidegate doctor` looks at: each check says what it found and, where something is missing, how to get it. Looking changes nothing;
// `fix` registers missing search attributes and creates the home. Shown by src/cli/verbs/doctor.ts.
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Connection } from '@temporalio/client';
import type { JournalStore } from '../journal/port.js';
import { TidegateError } from '../errors.js';
import { locate, type BinaryName } from './binaries.js';
import { openClient } from './connection.js';
import { inboundRoutes } from '../inbound/settings.js';
import { registerSearchAttributes, searchAttributeState } from './search-attributes.js';
import { readSettings, runningStack, type Settings } from './settings.js';

export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  /** false: something works less well without it, nothing stands still */
  readonly needed: boolean;
  readonly found: string;
  /** null: nothing is to be done */
  readonly todo: string | null;
}
export interface DoctorOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** repair what can be repaired without asking */
  readonly fix?: boolean;
  /** opens the journal of these settings to see whether it answers; left out: only its place is checked */
  readonly openJournal?: (settings: Settings) => Promise<JournalStore>;
}

/** Never throws: what cannot be checked is a check that is not ok. */
export async function doctorChecks(options: DoctorOptions = {}): Promise<readonly DoctorCheck[]> {
  const env = options.env ?? process.env;
  const checks: DoctorCheck[] = [nodeVersion()];
  let settings: Settings;
  try {
    settings = readSettings(env, options.cwd);
    checks.push(fine('settings', 'readable'));
  } catch (error) {
    return [...checks, failed('settings', error, 'Correct the environment; docs/operations.md has the table of all settings.')];
  }
  const embeddedNeeded = settings.temporal.addressFrom !== 'configured';
  checks.push(await binary('cli', 'Temporal CLI', env, embeddedNeeded), await binary('test-server', 'test server', env, false));
  checks.push(...(await engine(settings, options.fix === true)));
  checks.push(home(settings, options.fix === true), await journal(settings, options.openJournal), ...(await ports(settings)), commands(settings), inbound(settings));
  return checks;
}

function nodeVersion(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 3);
  return { name: 'Node', ok, needed: true, found: process.version, todo: ok ? null : 'Install Node 20.3 or later.' };
}

async function binary(which: BinaryName, name: string, env: NodeJS.ProcessEnv, needed: boolean): Promise<DoctorCheck> {
  try {
    return fine(name, (await locate(which, { env, fetch: false })).detail, needed);
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'BINARY_UNUSABLE') return { ...failed(name, error, error.fields.todo ?? ''), needed };
    const use = which === 'cli' ? '`tidegate up` fetches it' : '`tidegate rehearse` fetches it';
    return { name, ok: false, needed: false, found: 'not on this machine yet', todo: `Nothing now: ${use} on first use (the SDK's download, or Python's pip). Without a network, put it on PATH.` };
  }
}

async function engine(settings: Settings, fix: boolean): Promise<readonly DoctorCheck[]> {
  const { temporal } = settings;
  let client;
  try {
    client = await openClient(temporal);
  } catch (error) {
    const check = failed('Temporal', error, error instanceof TidegateError ? error.fields.todo ?? '' : 'See docs/operations.md.');
    // Where no server was named, `up` starts one: not an error of this machine.
    return [temporal.addressFrom === 'default' ? { ...check, needed: false } : check];
  }
  try {
    const connection = client.connection as Connection;
    const checks = [fine('Temporal', `${temporal.address} answers (${{ configured: 'from TEMPORAL_ADDRESS or the profile', home: 'the stack of this home', default: 'the default address' }[temporal.addressFrom]})`), fine('namespace', temporal.namespace)];
    const added = fix ? await registerSearchAttributes(connection, temporal.namespace) : [];
    const { missing, wrongType } = await searchAttributeState(connection, temporal.namespace);
    const problems = [...missing.map((name) => `${name} is not registered`), ...wrongType.map((name) => `${name} is registered with another type than Keyword`)];
    checks.push(problems.length === 0
      ? fine('search attributes', added.length === 0 ? 'all registered' : `registered now: ${added.join(', ')}`)
      : { name: 'search attributes', ok: false, needed: true, found: problems.join('; '), todo: wrongType.length > 0 ? 'Rename or remove the other attribute (temporal operator search-attribute remove), or use another namespace.' : `tidegate doctor --fix, or: ${missing.map((name) => `temporal operator search-attribute create -n ${temporal.namespace} --name ${name} --type Keyword`).join(' && ')}` });
    return checks;
  } catch (error) {
    return [failed('search attributes', error, 'See docs/operations.md.')];
  } finally {
    await client.connection.close();
  }
}

function home(settings: Settings, fix: boolean): DoctorCheck {
  try {
    if (fix) mkdirSync(settings.home, { recursive: true });
    const existing = nearestExisting(settings.home);
    accessSync(existing, constants.W_OK);
    return fine('home', existing === settings.home ? settings.home : `${settings.home} (made on first use)`);
  } catch (error) {
    return failed('home', error, `Make ${settings.home} writable, or set TIDEGATE_HOME.`);
  }
}

async function journal(settings: Settings, open: DoctorOptions['openJournal']): Promise<DoctorCheck> {
  try {
    if (settings.journal.kind === 'sqlite') accessSync(existsSync(settings.journal.file) ? settings.journal.file : nearestExisting(dirname(settings.journal.file)), constants.W_OK);
    // A file that does not exist yet is made by the first rollout, not by looking.
    if (open !== undefined && (settings.journal.kind === 'postgres' || existsSync(settings.journal.file))) {
      const store = await open(settings);
      try {
        await store.rollouts();
      } finally {
        await store.close();
      }
    }
    return fine('journal', settings.journal.kind === 'postgres' ? 'PostgreSQL (TIDEGATE_JOURNAL)' : existsSync(settings.journal.file) ? settings.journal.file : `${settings.journal.file} (made on first use)`);
  } catch (error) {
    return failed('journal', error, settings.journal.kind === 'sqlite' ? `Make ${settings.journal.file} writable, or set TIDEGATE_JOURNAL.` : 'Check the database and TIDEGATE_JOURNAL.');
  }
}

async function ports(settings: Settings): Promise<readonly DoctorCheck[]> {
  const stack = runningStack(settings.home);
  if (stack !== null) return [fine('ports', `in use by the stack of this home (process ${stack.pid})`, false)];
  const wanted = [...(settings.temporal.addressFrom === 'configured' ? [] : [[7233, 'Temporal'], [8233, "Temporal's web UI"]] as const), ...(settings.http === null || settings.http.port === 0 ? [] : [[settings.http.port, 'health and metrics']] as const)];
  const taken: string[] = [];
  for (const [port, what] of wanted) if (await listens(port)) taken.push(`${port} (${what})`);
  return [taken.length === 0 ? fine('ports', wanted.length === 0 ? 'none needed' : `${wanted.map(([port]) => port).join(', ')} are free`, false) : { name: 'ports', ok: false, needed: false, found: `taken by other programs: ${taken.join(', ')}`, todo: '`tidegate up` takes other ports and says which; set TIDEGATE_HTTP for a fixed one.' }];
}

function commands(settings: Settings): DoctorCheck {
  const allow = settings.commands;
  if (allow === 'any') return fine('commands', 'any command of a plan may run here (TIDEGATE_COMMANDS=*)', false);
  if (allow.length === 0) return { name: 'commands', ok: false, needed: false, found: 'none is allowed here, so a plan with commands will be refused them', todo: "List what plans may run, e.g. TIDEGATE_COMMANDS='systemctl,./deploy.sh'." };
  return fine('commands', `allowed: ${allow.join(', ')}`, false);
}

function inbound({ inbound: wanted }: Settings): DoctorCheck {
  if (wanted === null) return fine('inbound', 'off: nothing comes in from outside (TIDEGATE_INBOUND_ADDRESS)', false);
  const routes = inboundRoutes(wanted);
  const off = routes.flatMap(({ path, lacks }) => (lacks === null ? [] : [`${path} (needs ${lacks})`]));
  return fine('inbound', `${wanted.at.host}:${wanted.at.port}: ${routes.filter(({ lacks }) => lacks === null).map(({ path }) => path).join(', ')}${off.length === 0 ? '' : `; off: ${off.join(', ')}`}`, false);
}

function nearestExisting(path: string): string {
  for (let at = path; ; at = dirname(at)) if (existsSync(at) || at === dirname(at)) return at;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 500 });
    const answer = (open: boolean) => () => { socket.destroy(); resolve(open); };
    socket.once('connect', answer(true)).once('timeout', answer(false)).once('error', answer(false));
  });
}

const fine = (name: string, found: string, needed = true): DoctorCheck => ({ name, ok: true, needed, found, todo: null });
const failed = (name: string, error: unknown, todo: string): DoctorCheck => ({ name, ok: false, needed: true, found: error instanceof TidegateError ? error.fields.what : error instanceof Error ? error.message : String(error), todo });
