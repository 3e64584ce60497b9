// A part of the screen that is drawn over (log-update, loaded only by those who draw). Whatever else is written to the terminal meanwhile,
// a channel's message or a library's warning, is put above it, so that neither spoils the other.
import type { LiveText } from './ports.js';

type Update = ((text: string) => void) & { done(): void; clear(): void; persist(...text: string[]): void };

export function liveText(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): LiveText {
  let update: Update | null = null;
  let latest: string | null = null;
  let shown: string | null = null;
  let over = false;
  // Always the whole frame: the differences that log-update 7.2 draws by itself go astray when lines come or go in the middle. Frames that
  // are what is shown already are not drawn, so nothing flickers while nothing happens.
  const redraw = () => {
    if (update === null || latest === null || latest === shown) return;
    update.clear();
    update(latest);
    shown = latest;
  };
  const release = stderr.isTTY === true ? above(stderr, (text) => {
    if (update === null) { stdout.write(`${text}\n`); return; }
    update.persist(text);
    shown = null;
    redraw();
  }) : () => {};
  const finish = () => { update?.done(); release(); };
  void import('log-update').then(({ createLogUpdate }) => {
    update = createLogUpdate(stdout) as Update;
    redraw(); // what was drawn before it was there is kept, and only the newest
    if (over) finish();
  });
  return {
    draw: (text) => { if (over) return; latest = text; redraw(); },
    done: () => { if (over) return; over = true; if (update !== null) finish(); },
  };
}

/** Hands whole lines of what is written to `stream` to `show`, until released; an unfinished line is handed over at the end. */
function above(stream: NodeJS.WriteStream, show: (text: string) => void): () => void {
  const own = stream.write;
  let rest = '';
  const take = (chunk: string | Uint8Array, ...more: unknown[]): boolean => {
    rest += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const end = rest.lastIndexOf('\n');
    if (end >= 0) {
      const whole = rest.slice(0, end);
      rest = rest.slice(end + 1);
      show(whole);
    }
    // a writer that waits for its chunk must hear that it is out
    const written = more.at(-1);
    if (typeof written === 'function') queueMicrotask(() => { (written as () => void)(); });
    return true;
  };
  stream.write = take as typeof stream.write;
  return () => {
    if (stream.write !== (take as typeof stream.write)) return;
    stream.write = own;
    if (rest !== '') stream.write(rest);
  };
}
