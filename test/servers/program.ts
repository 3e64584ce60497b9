// One program of somebody else that runs for a test: started, ready, killed, started again; it ends with the test process at the latest.
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

export interface RunningProgram { /** SIGKILL */ kill(): Promise<void>; start(): Promise<void>; /** for good */ close(): Promise<void> }

/** @throws Error when it ends or is not ready within a minute; what it wrote to standard error is in the message */
export async function startProgram(path: string, args: readonly string[], isReady: () => Promise<boolean>): Promise<RunningProgram> {
  let child: ChildProcess | null = null;
  const onExit = (): void => { child?.kill('SIGKILL'); };
  process.once('exit', onExit);
  const kill = async (): Promise<void> => {
    const dying = child;
    child = null;
    if (dying === null || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  };
  const start = async (): Promise<void> => {
    let words = '';
    const started = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    started.stderr.on('data', (chunk: Buffer) => { words = (words + chunk.toString()).slice(-2_000); });
    child = started;
    const until = performance.now() + 60_000;
    while (!(await isReady().catch(() => false))) { // not yet
      if (performance.now() > until || started.exitCode !== null) throw new Error(`${path} did not get ready:\n${words}`);
      await pause(25);
    }
  };
  await start();
  return { kill, start, close: async () => { await kill(); process.removeListener('exit', onExit); } };
}
