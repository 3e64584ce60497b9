// A real Prometheus on a port of its own, filled by promtool with a past that the test wrote (no waiting for scrapes), or scraping a real
// exporter. It ends with the test process at the latest.
import { spawn, type ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { closedAddress } from './fault-server.js';

function found(program: string): string | null {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'].map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}
const PROMETHEUS = found('prometheus');
const PROMTOOL = found('promtool');

/** Why no real Prometheus can be had here; null: it can. */
export const noPrometheus: string | null = PROMETHEUS === null || PROMTOOL === null ? "the programs 'prometheus' and 'promtool' are not installed (Debian: apt-get install prometheus)" : null;

export interface RealPrometheus { readonly origin: string; /** SIGKILL */ kill(): Promise<void>; start(): Promise<void>; close(): Promise<void> }

/**
 * One line a sample of the past: `name{labels} value seconds`; the series must be in one piece each.
 * @param scrapes `127.0.0.1:port` of an exporter that is scraped every second from now on; null: nothing is
 */
export async function startPrometheus(lines: readonly string[], scrapes: string | null = null): Promise<RealPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-prometheus-'));
  await writeFile(join(folder, 'prometheus.yml'), scrapes === null ? 'scrape_configs: []\n' : `scrape_configs: [{ job_name: service, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{ targets: ['${scrapes}'] }] }]\n`);
  if (lines.length > 0) {
    await writeFile(join(folder, 'past.om'), `${lines.join('\n')}\n# EOF\n`);
    await promisify(execFile)(PROMTOOL!, ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'past.om'), join(folder, 'data')]);
  }
  const origin = await closedAddress();
  let child: ChildProcess | null = null;
  const onExit = (): void => { child?.kill('SIGKILL'); };
  process.once('exit', onExit);
  const start = async (): Promise<void> => {
    child = spawn(PROMETHEUS!, [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${origin.slice('http://'.length)}`, '--log.level=error'], { stdio: 'ignore' });
    const until = performance.now() + 20_000;
    while (!(await fetch(`${origin}/-/ready`).then((response) => response.ok, () => false))) {
      if (performance.now() > until || child.exitCode !== null) throw new Error('Prometheus did not get ready within 20 s');
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  const kill = async (): Promise<void> => {
    const dying = child;
    child = null;
    if (dying === null || dying.exitCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  };
  await start();
  return { origin, kill, start, close: async () => { await kill(); process.removeListener('exit', onExit); await rm(folder, { recursive: true, force: true }); } };
}
