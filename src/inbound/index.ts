// Every route that these settings switch on, made. A new one is a new file, a line here and one in settings.ts (what it needs to be on).
// What serves them: listener.ts. Nothing is opened by importing this.
import type { HttpClient } from '../http/client.js';
import type { Log } from '../log/log.js';
import type { Meters } from '../metrics/port.js';
import type { Environment } from '../plan/secrets.js';
import { alertmanagerRoute } from './alertmanager.js';
import { eventsRoute } from './events.js';
import type { Clock, InboundRollouts, Route } from './port.js';
import { readyRoute } from './ready.js';
import { rememberLast } from './seen.js';
import { inboundRoutes, type InboundSettings } from './settings.js';
import { slackRoute } from './slack.js';

export interface InboundDeps { readonly settings: InboundSettings; readonly rollouts: InboundRollouts; readonly env: Environment; readonly http: HttpClient; readonly meters: Pick<Meters, 'observeInboundAlert'>; readonly log: Pick<Log, 'warn'>; readonly now: Clock }

export function createRoutes({ settings, ...deps }: InboundDeps): readonly Route[] {
  const { tokens, secrets, slackSecrets, rolloutLabel, mayBe } = settings;
  const seen = rememberLast();
  const on = new Set(inboundRoutes(settings).filter(({ lacks }) => lacks === null).map(({ path }) => path));
  return [
    alertmanagerRoute({ ...deps, tokens, rolloutLabel }),
    eventsRoute({ ...deps, secrets, seen }),
    readyRoute({ ...deps, secrets, mayBe, seen }),
    slackRoute({ ...deps, secrets: slackSecrets, seen }),
  ].filter(({ path }) => on.has(path));
}
