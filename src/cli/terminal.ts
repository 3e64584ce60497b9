// The real terminal under the verbs: the process's streams, clock, signals and keyboard. parts.ts opens what lies behind it. Tests build
// their own `Terminal` (test/cli/fake-cli.ts).
import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { packageVersion } from '../engine/package-root.js';
import { wantsColor } from './paint.js';
import { liveText } from './live-text.js';
import { openParts } from './parts.js';
import type { Cli, Sink } from './ports.js';

export interface Terminal extends Cli {
  /** Runs what `atEnd` collected, newest first; returns what went wrong with it. */
  cleanUp(): Promise<readonly string[]>;
  flush(): Promise<void>;
}

export function openTerminal(of: NodeJS.Process): Terminal {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    of.on(signal, () => {
      // the second Ctrl-C is for somebody who does not want to wait for the cleaning up
      if (interruption.signal.aborted) of.exit(signal === 'SIGTERM' ? 143 : 130);
      interruption.abort(signal);
    });
  }
  // `tidegate list | head` closes the pipe: nobody reads on, so there is nothing to say
  of.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') of.exit(0); });
  const ends: (() => Promise<void> | void)[] = [];
  const env = of.env;
  const terminal: Terminal = {
    out: sinkOf(of.stdout, env),
    err: sinkOf(of.stderr, env),
    stdinIsTTY: of.stdin.isTTY === true,
    env,
    cwd: of.cwd(),
    user: { osUser: osUser(env), host: hostname(), pid: of.pid },
    version: packageVersion(),
    now: () => Date.now(),
    interrupted: interruption.signal,
    sleep: (ms, signal) => sleepUntil(ms, [interruption.signal, ...(signal === undefined ? [] : [signal])]),
    atEnd: (cleanUp) => { ends.push(cleanUp); },
    readText: async (file) => (file === '-' ? readAll(of.stdin) : readFile(resolve(of.cwd(), file), 'utf8')),
    live: () => liveText(of.stdout, of.stderr),
    keys: (heard) => listen(of, heard),
    parts: undefined as never,
    cleanUp: async () => {
      const problems: string[] = [];
      for (const end of ends.splice(0).reverse()) {
        try { await end(); } catch (error) { problems.push(error instanceof Error ? error.message : String(error)); }
      }
      return problems;
    },
    flush: async () => { await Promise.all([drained(of.stdout), drained(of.stderr)]); },
  };
  return Object.assign(terminal, { parts: openParts(terminal) });
}

function sinkOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Sink {
  const isTTY = stream.isTTY === true;
  return { write: (text) => { stream.write(text); }, isTTY, get columns() { return stream.columns ?? 80; }, color: wantsColor(isTTY, env) };
}

/** A container may run under a number that has no name. */
function osUser(env: NodeJS.ProcessEnv): string {
  try { return userInfo().username; } catch { return env['USER'] ?? `uid-${process.getuid?.() ?? 'unknown'}`; }
}

function sleepUntil(ms: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((done) => {
    if (signals.some((s) => s.aborted)) return done();
    const end = () => { clearTimeout(timer); for (const s of signals) s.removeEventListener('abort', end); done(); };
    const timer = setTimeout(end, ms);
    for (const s of signals) s.addEventListener('abort', end, { once: true });
  });
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += chunk as string;
  return text;
}

function listen(of: NodeJS.Process, heard: (key: string) => void): () => void {
  const { stdin } = of;
  if (stdin.isTTY !== true || of.stdout.isTTY !== true) return () => {};
  const take = (chunk: Buffer) => {
    for (const key of chunk.toString('utf8')) {
      // raw mode swallows Ctrl-C: hand it back as the signal it stands for
      if (key === '\u0003') of.kill(of.pid, 'SIGINT');
      else heard(key);
    }
  };
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on('data', take);
  return () => { stdin.off('data', take); stdin.setRawMode(false); stdin.pause(); };
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((done) => { if (stream.destroyed || stream.writableEnded) done(); else stream.write('', () => done()); });
}
