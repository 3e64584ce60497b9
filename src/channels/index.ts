// Every channel provider by its name in a plan. A new one is a new file, a line here and a run of test/channels/conformance.ts.
// The contract: port.ts. Nothing is opened by importing this.
import type { HttpClient } from '../http/client.js';
import type { EpochMs } from '../judgement/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import { createEmail, schema as email } from './email.js';
import { createLog, schema as log, type LogLine } from './log.js';
import { createPagerDuty, schema as pagerduty } from './pagerduty.js';
import type { ChannelProvider } from './port.js';
import { createSlack, schema as slack } from './slack.js';
import { createStatuspage, schema as statuspage } from './statuspage.js';
import { createTerminal, schema as terminal, type Terminal } from './terminal.js';
import { createWebhook, schema as webhook } from './webhook.js';

export interface ChannelDeps {
  readonly http: HttpClient;
  /** only to understand a date in `Retry-After` of a receiver that does not tell its own clock */
  readonly now: () => EpochMs;
  readonly terminal: Terminal;
  readonly log: LogLine;
}

export interface ChannelEntry { readonly schema: ProviderSchema; readonly create: (deps: ChannelDeps) => ChannelProvider }

export const channels: Readonly<Record<string, ChannelEntry>> = {
  terminal: { schema: terminal, create: (deps) => createTerminal(deps.terminal) },
  log: { schema: log, create: (deps) => createLog(deps.log) },
  email: { schema: email, create: () => createEmail() },
  pagerduty: { schema: pagerduty, create: (deps) => createPagerDuty(deps) },
  slack: { schema: slack, create: (deps) => createSlack(deps) },
  statuspage: { schema: statuspage, create: (deps) => createStatuspage(deps) },
  webhook: { schema: webhook, create: (deps) => createWebhook(deps) },
};

/** Every channel provider, made. */
export function createChannels(deps: ChannelDeps): Readonly<Record<string, ChannelProvider>> {
  return Object.fromEntries(Object.entries(channels).map(([name, { create }]) => [name, create(deps)]));
}
