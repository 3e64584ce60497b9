// A real Prometheus on a port of its own, filled by promtool with a past that the test wrote (no waiting for scrapes), or scraping a real
// exporter. It ends with the test process at the latest.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProgram, type RunningProgram } from '../servers/program.js';
import { findProgram } from '../setup/programs.js';
import { closedAddress } from './fault-server.js';

const PROMETHEUS = findProgram('prometheus');
const PROMTOOL = findProgram('promtool');

/** Why no real Prometheus can be had here; null: it can. */
export const noPrometheus: string | null = PROMETHEUS === null || PROMTOOL === null ? "the programs 'prometheus' and 'promtool' are not installed (Debian: apt-get install prometheus)" : null;

export interface RealPrometheus extends RunningProgram { readonly origin: string }
export interface PrometheusMore {
  /** under which what is scraped stands; `service` */
  readonly job?: string;
  /** a file of rules; they are evaluated every second */
  readonly rules?: string;
  /** `127.0.0.1:port` of who hears of alerts */
  readonly alertmanager?: string;
  /** a web configuration (TLS, users) and how to ask a server that has it */
  readonly web?: { readonly config: string; readonly fetch: typeof fetch; readonly headers: Readonly<Record<string, string>>; readonly scheme: 'http' | 'https' };
}

/**
 * One line a sample of the past: `name{labels} value seconds`; the series must be in one piece each.
 * @param scrapes `127.0.0.1:port` of an exporter that is scraped every second from now on; null: nothing is
 */
export async function startPrometheus(lines: readonly string[], scrapes: string | null = null, { rules, alertmanager, web, job = 'service' }: PrometheusMore = {}): Promise<RealPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-prometheus-'));
  await writeFile(join(folder, 'prometheus.yml'), [
    'global: { evaluation_interval: 1s }',
    scrapes === null ? 'scrape_configs: []' : `scrape_configs: [{ job_name: ${job}, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{ targets: ['${scrapes}'] }] }]`,
    ...(rules === undefined ? [] : [`rule_files: ['${join(folder, 'rules.yml')}']`]),
    ...(alertmanager === undefined ? [] : [`alerting: { alertmanagers: [{ static_configs: [{ targets: ['${alertmanager}'] }] }] }`]),
  ].join('\n'));
  if (rules !== undefined) await writeFile(join(folder, 'rules.yml'), rules);
  await writeFile(join(folder, 'web.yml'), web?.config ?? '');
  if (lines.length > 0) {
    await writeFile(join(folder, 'past.om'), `${lines.join('\n')}\n# EOF\n`);
    await promisify(execFile)(PROMTOOL!, ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'past.om'), join(folder, 'data')]);
  }
  const { host } = new URL(await closedAddress());
  const origin = `${web?.scheme ?? 'http'}://${host}`;
  const program = await startProgram(PROMETHEUS!, [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.config.file=${folder}/web.yml`, `--web.listen-address=${host}`, '--rules.alert.resend-delay=1s', '--log.level=error'],
    async () => (await (web?.fetch ?? fetch)(`${origin}/-/ready`, { headers: web?.headers ?? {} })).ok);
  return { ...program, origin, close: async () => { await program.close(); await rm(folder, { recursive: true, force: true }); } };
}
