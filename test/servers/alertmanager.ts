// A real Alertmanager on a port of its own, alone (no cluster), with a rule by which a NodeDown alert inhibits all others of its instance.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closedAddress } from '../sources/fault-server.js';
import { startProgram, type RunningProgram } from './program.js';

const CONFIG = `route: { receiver: nobody }
receivers: [{ name: nobody }]
inhibit_rules: [{ source_matchers: ['alertname="NodeDown"'], target_matchers: ['alertname!="NodeDown"'], equal: [instance] }]
`;

export interface RealAlertmanager extends RunningProgram {
  readonly origin: string;
  /** fires until it is posted again with an end, or for five minutes */
  post(alerts: readonly { readonly labels: Readonly<Record<string, string>>; readonly startsAt?: string; readonly endsAt?: string }[]): Promise<void>;
  silence(label: string, value: string): Promise<void>;
}

export async function startAlertmanager(path: string): Promise<RealAlertmanager> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-alertmanager-'));
  await writeFile(join(folder, 'am.yml'), CONFIG);
  const origin = await closedAddress();
  const program = await startProgram(path, [`--config.file=${folder}/am.yml`, `--storage.path=${folder}/data`, `--web.listen-address=${new URL(origin).host}`, '--cluster.listen-address=', '--log.level=error'], async () => (await fetch(`${origin}/-/ready`)).ok);
  const send = async (what: string, body: unknown): Promise<void> => {
    const response = await fetch(`${origin}/api/v2/${what}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`alertmanager: ${response.status} ${await response.text()}`);
  };
  return {
    ...program, origin,
    post: (alerts) => send('alerts', alerts),
    silence: (name, value) => send('silences', { matchers: [{ name, value, isRegex: false, isEqual: true }], startsAt: new Date().toISOString(), endsAt: new Date(Date.now() + 3_600_000).toISOString(), createdBy: 'test', comment: 'test' }),
    close: async () => { await program.close(); await rm(folder, { recursive: true, force: true }); },
  };
}
