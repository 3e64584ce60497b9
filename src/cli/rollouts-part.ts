// Opens the engine for the verbs: settings, one client, the Rollouts port on it. The connection itself is src/engine/connection.ts.
import { openClient } from '../engine/connection.js';
import { readSettings } from '../engine/settings.js';
import type { Cli, Rollouts } from './ports.js';
import { rolloutsOnTemporal } from '../engine/rollouts-on-temporal.js';

export async function openRolloutsPart(cli: Pick<Cli, 'env' | 'cwd' | 'user'>): Promise<Rollouts> {
  const { temporal } = readSettings({ ...cli.env }, cli.cwd);
  const identity = `tidegate:${cli.user.osUser}@${cli.user.host}`;
  const client = await openClient(temporal, { identity });
  return rolloutsOnTemporal({ client, identity, address: temporal.address, close: () => client.connection.close() });
}
