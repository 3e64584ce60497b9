// The programs beside the quickstart: the sample service and its traffic. They end when we do, however we end: their stdin is a pipe of ours,
// and they stop when it closes.
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { FinalError } from '../errors.js';
import { packageRoot } from '../engine/package-root.js';

export interface Child { readonly process: ChildProcess; /** all that it has said on stdout */ said(): string; stop(): Promise<void> }

/** @param name what it is called in messages and in its log `NAME.log` in `dir` */
export function startChild(name: string, script: string, args: readonly string[], dir: string): Child {
  const child = spawn(process.execPath, [join(packageRoot(), script), ...args, '--stop-with-stdin'], { stdio: ['pipe', 'pipe', 'pipe'], cwd: dir });
  const log = createWriteStream(join(dir, `${name}.log`));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => { said = (said + chunk.toString('utf8')).slice(-16_384); });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  // a child that is gone closes our end of its pipe: nothing is lost by that
  child.stdin.on('error', () => {});
  const ended = new Promise<void>((done) => { child.once('close', () => done()); child.once('error', () => done()); });
  return {
    process: child,
    said: () => said,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.stdin.end();
        const hard = setTimeout(() => child.kill('SIGKILL'), 3_000);
        await ended;
        clearTimeout(hard);
      }
      log.end();
    },
  };
}

/** Waits until `child` has said something that `find` understands. @throws FinalError QUICKSTART_CHILD when it ends or says nothing in time */
export async function untilSaid(child: Child, name: string, find: RegExp, withinMs: number, dir: string): Promise<string> {
  const until = Date.now() + withinMs;
  for (;;) {
    const found = find.exec(child.said());
    if (found !== null) return found[1] ?? found[0];
    if (child.process.exitCode !== null || Date.now() > until) {
      throw new FinalError({ code: 'QUICKSTART_CHILD', what: `The ${name} ${child.process.exitCode !== null ? `ended with code ${child.process.exitCode}` : `said nothing within ${withinMs / 1000} s`}.`, where: join(dir, `${name}.log`), means: 'The quickstart cannot begin.', todo: 'Read that log; `tidegate doctor` shows what is missing here.' });
    }
    await new Promise((next) => setTimeout(next, 25));
  }
}
