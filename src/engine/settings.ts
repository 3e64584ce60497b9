// Every setting of Tidegate and where it comes from: `TEMPORAL_*` exactly as Temporal's own tools read them (and their configuration
// file), `TIDEGATE_*` for the rest. The table for people is in docs/operations.md. What is opened with them: connection.ts, stack.ts.
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { FinalError } from '../errors.js';
import type { Ms } from '../judgement/types.js';
import { readInbound, type InboundSettings } from '../inbound/settings.js';
import type { AllowedCommands } from '../process/allow.js';
import { placeIn, type Place } from '../server/listen.js';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface TemporalSettings {
  readonly address: string;
  /** `configured`: TEMPORAL_ADDRESS or a profile; `home`: the stack of `tidegate up` in this home runs there; `default`: nobody said anything */
  readonly addressFrom: 'configured' | 'home' | 'default';
  readonly namespace: string;
  /** everything else of a connection (TLS, API key, headers); never shown */
  readonly connection: Omit<NativeConnectionOptions, 'address'>;
}
export type JournalPlace = { readonly kind: 'sqlite'; readonly file: string } | { readonly kind: 'postgres'; /** holds a password: never shown */ readonly url: string };

export interface Settings {
  /** absolute; the embedded server's file, its log and the journal lie here */
  readonly home: string;
  readonly temporal: TemporalSettings;
  readonly journal: JournalPlace;
  /** health and metrics; null: none are served */
  readonly http: Place | null;
  /** what may come in from outside; null: nothing */
  readonly inbound: InboundSettings | null;
  /** where flagd providers get flag files from, selector → absolute path; null: nowhere */
  readonly flagdSync: (Place & { readonly files: Readonly<Record<string, string>> }) | null;
  readonly commands: AllowedCommands;
  /** the name in `on: HOST`; its queue is served by this worker alone */
  readonly host: string;
  readonly logLevel: LogLevel;
  /** null: the SDK's own choice; 0: every task replays its whole history */
  readonly cachedWorkflows: number | null;
  /** a running attempt may take this long to end after SIGTERM */
  readonly shutdownGraceMs: Ms;
}

/** What `tidegate up` leaves in its home while it runs, so that other commands in this home find it. */
export interface StackFile { readonly address: string; readonly uiAddress: string | null; readonly httpAddress: string | null; readonly pid: number }
export const stackFileOf = (home: string): string => join(home, 'stack.json');

export const defaultAddress = '127.0.0.1:7233';

/**
 * @throws FinalError SETTINGS_INVALID that names every wrong variable with what is allowed (never a secret's value)
 */
export function readSettings(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): Settings {
  const problems: string[] = [];
  const text = (name: string): string | undefined => { const value = env[name]?.trim(); return value === '' ? undefined : value; };
  const home = resolve(cwd, text('TIDEGATE_HOME') ?? '.tidegate');

  const settings: Settings = {
    home,
    temporal: readTemporal(env, home, problems),
    journal: readJournal(text('TIDEGATE_JOURNAL'), home, cwd, problems),
    http: readHttp(text('TIDEGATE_HTTP'), problems),
    inbound: readInbound(text, problems),
    flagdSync: readFlagdSync(text('TIDEGATE_FLAGD_SYNC_ADDRESS'), text('TIDEGATE_FLAGD_SYNC_FILES'), cwd, problems),
    commands: readCommands(text('TIDEGATE_COMMANDS'), problems),
    host: text('TIDEGATE_HOST') ?? hostname(),
    logLevel: readLogLevel(text('TIDEGATE_LOG'), problems),
    cachedWorkflows: readCount('TIDEGATE_CACHE_WORKFLOWS', text('TIDEGATE_CACHE_WORKFLOWS'), problems),
    shutdownGraceMs: readDuration('TIDEGATE_SHUTDOWN_GRACE', text('TIDEGATE_SHUTDOWN_GRACE'), problems) ?? 25_000,
  };
  if (!/^[\w.-]{1,200}$/.test(settings.host)) problems.push(`TIDEGATE_HOST is '${settings.host}'; allowed are letters, digits, '.', '-' and '_'`);
  if (problems.length > 0) {
    throw new FinalError({ code: 'SETTINGS_INVALID', what: problems.length === 1 ? `${problems[0]}.` : `${problems.length} settings are wrong:\n${problems.map((p) => `  - ${p}`).join('\n')}\n`, means: 'Nothing was started.', todo: 'Correct the environment; docs/operations.md has the table of all settings.' });
  }
  return settings;
}

function readTemporal(env: NodeJS.ProcessEnv, home: string, problems: string[]): TemporalSettings {
  try {
    const overrideEnvVars = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
    const profile = loadClientConfigProfile({ overrideEnvVars });
    const { connectionOptions: { address, ...connection }, namespace } = toClientOptions(profile);
    const found = address !== undefined && address !== '' ? { address, addressFrom: 'configured' as const } : runningHere(home) ?? { address: defaultAddress, addressFrom: 'default' as const };
    if (!/^(dns:\/\/\/)?(\[[^\]]+\]|[^\s:/]+):\d{1,5}$/.test(found.address)) problems.push(`TEMPORAL_ADDRESS is '${found.address}'; it must be HOST:PORT`);
    const used = Object.fromEntries(Object.entries(connection).filter(([, value]) => value !== undefined)) as TemporalSettings['connection'];
    return { ...found, namespace: namespace ?? 'default', connection: used };
  } catch (error) {
    // The message of a missing certificate or a broken profile names the file or the key; values stay out of it.
    problems.push(`Temporal's configuration cannot be read (TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE, TEMPORAL_TLS_*): ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    return { address: defaultAddress, addressFrom: 'default', namespace: 'default', connection: {} };
  }
}

/** The stack of this home, if the process that wrote its file is alive. */
export function runningStack(home: string): StackFile | null {
  const file = stackFileOf(home);
  if (!existsSync(file)) return null;
  try {
    const stack = JSON.parse(readFileSync(file, 'utf8')) as StackFile;
    process.kill(stack.pid, 0);
    return stack;
  } catch (error) {
    // Alive but somebody else's: still running. Gone, or half written by a process that died in the act: not running.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? JSON.parse(readFileSync(file, 'utf8')) as StackFile : null;
  }
}
function runningHere(home: string): { address: string; addressFrom: 'home' } | null {
  const stack = runningStack(home);
  return stack === null ? null : { address: stack.address, addressFrom: 'home' };
}

function readJournal(value: string | undefined, home: string, cwd: string, problems: string[]): JournalPlace {
  if (value === undefined) return { kind: 'sqlite', file: join(home, 'journal.db') };
  if (/^postgres(ql)?:\/\//.test(value)) {
    if (!URL.canParse(value)) problems.push('TIDEGATE_JOURNAL is not a valid postgres:// address');
    return { kind: 'postgres', url: value };
  }
  const file = value.replace(/^(sqlite|file):(\/\/)?/, '');
  if (/^[a-z][a-z0-9+]*:\/\//i.test(value) && !/^(sqlite|file):/.test(value)) problems.push(`TIDEGATE_JOURNAL begins with '${value.split(':')[0]}:'; allowed are a file (sqlite:PATH or PATH) and postgres://…`);
  return { kind: 'sqlite', file: isAbsolute(file) ? file : resolve(cwd, file) };
}

function readHttp(value: string | undefined, problems: string[]): Settings['http'] {
  if (value === undefined) return { host: '127.0.0.1', port: 7280 };
  if (value === 'off') return null;
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(value);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) { problems.push(`TIDEGATE_HTTP is '${value}'; it must be HOST:PORT, PORT or 'off'`); return null; }
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1'), port };
}

function readFlagdSync(address: string | undefined, given: string | undefined, cwd: string, problems: string[]): Settings['flagdSync'] {
  if (address === undefined || address === 'off') {
    if (address === undefined && given !== undefined) problems.push("TIDEGATE_FLAGD_SYNC_FILES is set and TIDEGATE_FLAGD_SYNC_ADDRESS is not; set it to HOST:PORT, or to 'off'");
    return null;
  }
  const place = placeIn(address, '127.0.0.1');
  if (place === null) problems.push(`TIDEGATE_FLAGD_SYNC_ADDRESS is '${address}'; it must be HOST:PORT, PORT or 'off'`);
  if (given === undefined) problems.push("TIDEGATE_FLAGD_SYNC_FILES is not set; name the flag files that are served, e.g. 'flags.json' or 'checkout=checkout.json,search=search.yaml'");
  const files = readSelectors(given ?? '', problems);
  return { ...(place ?? { host: '', port: 0 }), files: Object.fromEntries(Object.entries(files).map(([selector, path]) => [selector, resolve(cwd, path)])) };
}

/** `selector=path`, separated by commas; a path alone is for those who name no selector. The last '=' counts, for selectors such as `flagSetId=shop`; the JSON form takes anything. */
function readSelectors(given: string, problems: string[]): Record<string, string> {
  if (given.startsWith('{')) {
    try {
      const map: unknown = JSON.parse(given);
      if (typeof map === 'object' && map !== null && Object.values(map).every((path) => typeof path === 'string' && path !== '')) return map as Record<string, string>;
    } catch { /* said below */ }
    problems.push("TIDEGATE_FLAGD_SYNC_FILES begins with '{' and is not a JSON map of selectors to paths");
    return {};
  }
  const files: Record<string, string> = {};
  for (const entry of given.split(',').map((one) => one.trim()).filter((one) => one !== '')) {
    const at = entry.lastIndexOf('=');
    const selector = at < 0 ? '' : entry.slice(0, at).trim();
    const path = entry.slice(at + 1).trim();
    if (path === '' || Object.hasOwn(files, selector)) problems.push(path === '' ? `TIDEGATE_FLAGD_SYNC_FILES has no path in '${entry}'` : `TIDEGATE_FLAGD_SYNC_FILES names two files ${selector === '' ? 'without a selector' : `for the selector '${selector}'`}`);
    else files[selector] = path;
  }
  return files;
}

/** A comma separates; an entry that holds a comma needs the JSON form. Nothing is allowed unless named: a plan must not run what its host did not expect. */
function readCommands(value: string | undefined, problems: string[]): AllowedCommands {
  if (value === undefined) return [];
  if (value === '*') return 'any';
  if (!value.startsWith('[')) return value.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '');
  try {
    const list: unknown = JSON.parse(value);
    if (Array.isArray(list) && list.every((entry) => typeof entry === 'string')) return list;
  } catch { /* said below */ }
  problems.push(`TIDEGATE_COMMANDS begins with '[' and is not a JSON list of strings; write e.g. 'systemctl,./deploy.sh', '["sh -c \\"a, b\\""]' or '*'`);
  return [];
}

function readLogLevel(value: string | undefined, problems: string[]): LogLevel {
  if (value === undefined) return 'info';
  const level = logLevels.find((l) => l === value.toLowerCase());
  if (level === undefined) problems.push(`TIDEGATE_LOG is '${value}'; allowed are ${logLevels.join(', ')}`);
  return level ?? 'info';
}

function readCount(name: string, value: string | undefined, problems: string[]): number | null {
  if (value === undefined) return null;
  if (/^\d{1,6}$/.test(value)) return Number(value);
  problems.push(`${name} is '${value}'; it must be a whole number, 0 or more`);
  return null;
}

function readDuration(name: string, value: string | undefined, problems: string[]): Ms | null {
  if (value === undefined) return null;
  const match = /^(\d{1,6})(ms|s|m)$/.exec(value);
  if (match === null) { problems.push(`${name} is '${value}'; it must be a duration such as 500ms, 25s or 2m`); return null; }
  return Number(match[1]) * { ms: 1, s: 1_000, m: 60_000 }[match[2] as 'ms' | 's' | 'm'];
}
