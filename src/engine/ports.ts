// The ports of production: the real clock, the real providers, the journal, Temporal itself. The rehearsal's are in rehearsal.ts.
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Ports } from '../../activities/ports.js';
import type { CommandOutput } from '../../activities/types.js';
import { createChannels } from '../channels/index.js';
import { FinalError } from '../errors.js';
import { readEnvironment } from '../environment/read.js';
import { createHttpClient } from '../http/client.js';
import { fetchByEnvironment } from '../http/proxy.js';
import { shareInFlight } from '../http/shared.js';
import type { CommandSettings } from '../plan/types.js';
import { openJournal } from '../journal/store.js';
import type { Meters } from '../metrics/port.js';
import { fillSecrets, maskSecrets, secretValues } from '../plan/index.js';
import { runCommand } from '../process/run.js';
import { createSources, MemoryMetrics } from '../sources/index.js';
import { createTargets, lastWrittenIn, MemoryTargets } from '../targets/index.js';
import { enginePort } from './engine-port.js';
import { providerSchemas } from './provider-schemas.js';
import type { Settings } from './settings.js';
import type { Log } from '../log/log.js';

export interface PortsOptions { readonly settings: Settings; readonly logger: Log; readonly meters: Meters; readonly client: Client; readonly env?: NodeJS.ProcessEnv; /** lines for people; default: standard error */ readonly terminal?: NodeJS.WritableStream & { readonly isTTY?: boolean } }

/** @throws FinalError JOURNAL_URL. Opens nothing else: a provider connects when it is used. */
export async function createPorts({ settings, logger, meters, client, env = process.env, terminal = process.stderr }: PortsOptions): Promise<Ports> {
  const http = createHttpClient(fetchByEnvironment(env));
  const now = (): number => Date.now();
  const targets = createTargets({ http, allowCommands: settings.commands, memory: new MemoryTargets(), lastWritten: lastWrittenIn(join(settings.home, 'last-written')) });
  const sources = createSources({ http: shareInFlight(http), now, allowCommands: settings.commands, memory: new MemoryMetrics() });
  const channels = createChannels({ http, now, terminal, log: (line, fields) => logger.info({ ...fields, channel: 'log' }, line) });
  const journal = await openJournal(settings.journal.kind === 'sqlite' ? `sqlite:${settings.journal.file}` : settings.journal.url);
  const named = <P>(kind: string, table: Readonly<Record<string, P>>) => (name: string): P => {
    const found = table[name];
    if (found === undefined) throw new FinalError({ code: 'PROVIDER_UNKNOWN', what: `there is no ${kind} provider '${name}' in this version.`, means: 'Nothing was done with it.', todo: `Known are ${Object.keys(table).join(', ')}.` });
    return found;
  };
  return {
    clock: { now: async () => Date.now(), after: () => Date.now() },
    providers: providerSchemas, target: named('target', targets), source: named('source', sources), channel: named('channel', channels), journal, meters, env, engine: enginePort(client),
    runCommand: async (name, command, values, signal): Promise<CommandOutput> => {
      const secrets = fillSecrets({ env: command.env }, env)['env'] as Record<string, string>;
      const result = await runCommand({ run: fillSecrets({ run: command.run }, env)['run'] as CommandSettings['run'], timeoutMs: command.timeoutMs, cwd: command.cwd, env: { ...secrets, ...values }, signal, allow: settings.commands });
      const output = [result.stdout, result.stderr].filter((text) => text.trim() !== '').join('\n').slice(-4_000);
      return { ok: result.exitCode === 0, exitCode: result.exitCode, output: maskSecrets(output, secretValues({ run: command.run, env: command.env }, env)), timedOut: result.timedOut, durationMs: result.durationMs };
    },
    environment: (source, signal) => readEnvironment(source, { env, allow: settings.commands }, signal),
    ping: (url) => { void http.send({ url: fillSecrets({ url }, env)['url'] as string, method: 'POST', timeLimitMs: 5_000, readBody: false }); /* a missed ping is the alarm itself: whoever waits for it hears it */ },
  };
}
