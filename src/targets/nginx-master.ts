// The running nginx as its processes show it: the master of a pid file, its children, which of them still drain connections of an older
// configuration, and a reload that is over when none does. Linux by /proc, elsewhere by `ps`. Used by ./nginx.ts.
import { readFileSync } from 'node:fs';
import type { AllowedCommands } from '../process/allow.js';
import type { TargetContext } from './port.js';
import { TargetRefused, TargetUnreachable } from './port.js';
import { runForTarget } from './run-for-target.js';

export interface Child { readonly pid: number; /** epoch ms, as exactly as the system tells it */ readonly startedAt: number; /** finishes its old connections and takes no new ones */ readonly draining: boolean; readonly worker: boolean }
export interface Master { readonly pid: number; readonly children: readonly Child[]; /** how far a start may be off */ readonly exactMs: number }

export interface Asking { readonly target: string; readonly pidFile: string; readonly context: TargetContext; readonly allow: AllowedCommands; /** tests: as on a system without /proc */ readonly byPs?: boolean }

/** @throws TargetUnreachable NGINX_NOT_RUNNING, TargetRefused NGINX_PID_FILE when what the file names is no nginx: it must not be signalled */
export async function findMaster(asking: Asking): Promise<Master> {
  const { target, pidFile } = asking;
  const notRunning = (what: string): TargetUnreachable => new TargetUnreachable({ code: 'NGINX_NOT_RUNNING', where: target, what, means: 'Nobody is served by this nginx.', todo: "Start nginx; if it runs, correct 'pid' (the path that its configuration names) or let the worker run beside it." });
  let text: string;
  try { text = readFileSync(pidFile, 'utf8').trim(); } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ENOENT') throw notRunning(`there is no pid file ${pidFile}.`);
    throw new TargetRefused({ code: 'NGINX_PID_FILE', where: target, what: `the pid file ${pidFile} cannot be read (${code}).`, means: 'Nothing was changed.', todo: "Correct 'pid', or give the worker the right to read it." });
  }
  const pid = Number(text);
  if (!/^\d+$/.test(text) || pid < 1) throw notRunning(`the pid file ${pidFile} names no process.`);
  const all = asking.byPs === true ? null : procChildren(pid);
  const found = all ?? await psChildren(asking, pid);
  if (found === null) throw notRunning(`process ${pid}, which ${pidFile} names, does not run.`);
  if (!/\bmaster process\b/.test(found.title)) throw new TargetRefused({ code: 'NGINX_PID_FILE', where: target, what: `process ${pid}, which ${pidFile} names, is no nginx master.`, means: 'It is not signalled; nothing was changed.', todo: "Correct 'pid', or remove the file if it was left behind." });
  return { pid, children: found.children, exactMs: all === null ? 2_000 : 20 };
}

/** @throws TargetRefused NGINX_MAY_NOT_SIGNAL before anything is touched */
export function requireSignal(target: string, master: Master, signal: 0 | 'SIGHUP' = 0): void {
  try { process.kill(master.pid, signal); } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return; // gone: whoever looks next says so
    throw new TargetRefused({ code: 'NGINX_MAY_NOT_SIGNAL', where: target, what: `this worker may not signal nginx (process ${master.pid}).`, means: 'Nothing was changed.', todo: 'Run the worker as the user of the nginx master, which is root as a rule.' });
  }
}

interface Found { readonly title: string; readonly children: readonly Child[] }

const childOf = (pid: number, title: string, startedAt: number): Child => ({ pid, startedAt, draining: /is shutting down/.test(title), worker: /\bworker process\b/.test(title) });

/** null: this system has no such /proc, or the process is not there; `ps` knows which. */
function procChildren(pid: number): Found | null {
  try {
    const title = procTitle(pid);
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((one) => one !== '').map(Number);
    const upMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;
    const bootedAt = Date.now() - upMs;
    return { title, children: pids.flatMap((child) => { try { return [childOf(child, procTitle(child), bootedAt + procStartMs(child))]; } catch { return []; } }) }; // ended while we looked
  } catch { return null; }
}

const procTitle = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
/** After boot, in the kernel's hundredths: the 22nd field, counted from behind the name, which may hold spaces. */
const procStartMs = (pid: number): number => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19]) * 10;

async function psChildren({ target, context, allow }: Asking, pid: number): Promise<Found | null> {
  const { stdout } = await runForTarget({ where: `${target}, its list of processes`, run: ['ps', '-A', '-o', 'pid=,ppid=,lstart=,command='], timeoutMs: 10_000, cwd: null, env: { LC_ALL: 'C' }, changes: false, kept: false, context, allow });
  const rows = stdout.split('\n').flatMap((line) => { const [, own, parent, start, title] = /^\s*(\d+)\s+(\d+)\s+(\S+\s+\S+\s+\S+\s+[\d:]+\s+\d{4})\s+(.*)$/.exec(line) ?? []; return own === undefined ? [] : [{ pid: Number(own), parent: Number(parent), startedAt: Date.parse(start as string), title: title as string }]; });
  const own = rows.find((row) => row.pid === pid);
  return own === undefined ? null : { title: own.title, children: rows.filter((row) => row.parent === pid).map((row) => childOf(row.pid, row.title, row.startedAt)) };
}

/** Waits until no child of `old` is left and others serve. 'taken': nginx took the new configuration, but `left` old ones still have connections. */
export async function untilReplaced(asking: Asking, old: readonly number[], until: number): Promise<{ readonly state: 'replaced' | 'taken' | 'not-taken'; readonly left: number }> {
  for (;;) {
    const { children } = await findMaster(asking);
    const left = children.filter(({ pid }) => old.includes(pid)).length;
    const fresh = children.some(({ pid, worker, draining }) => worker && !draining && !old.includes(pid));
    if (fresh && left === 0) return { state: 'replaced', left };
    if (performance.now() > until || asking.context.signal.aborted) return { state: fresh ? 'taken' : 'not-taken', left };
    await new Promise((resolve) => setTimeout(resolve, asking.byPs === true ? 100 : 10));
  }
}
