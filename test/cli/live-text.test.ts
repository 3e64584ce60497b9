// The board on a terminal that others write to as well: it stays whole, and nothing that they wrote is lost.
import { expect, test } from 'vitest';
import { liveText } from '../../src/cli/live-text.js';

/** As much of a terminal as is needed to see what stands on it: lines, cursor up, erase line, carriage return. */
function screen() {
  let lines = [''];
  let row = 0;
  let column = 0;
  const write = (text: string): boolean => {
    // eslint-disable-next-line no-control-regex
    for (const part of text.match(/\u001b\[\??[\d;]*[A-Za-z]|[^\u001b]/gsu) ?? []) {
      if (part.startsWith('\u001b')) {
        const count = Number(/\d+/.exec(part)?.[0] ?? 1);
        switch (part.at(-1)) {
          case 'A': row = Math.max(0, row - count); break;
          case 'B': row += count; break;
          case 'G': column = 0; break;
          case 'K': lines[row] = /\[2K/.test(part) ? '' : lines[row]!.slice(0, column); break;
          default: break; // cursor visibility, synchronised output
        }
      } else if (part === '\n') { row += 1; column = 0; lines[row] ??= ''; }
      else if (part === '\r') column = 0;
      else { lines[row] = (lines[row] ?? '').slice(0, column).padEnd(column) + part + lines[row]!.slice(column + 1); column += 1; }
    }
    return true;
  };
  return { stream: { write, isTTY: true, columns: 60, rows: 40, on: () => {}, once: () => {} } as unknown as NodeJS.WriteStream, text: () => lines.join('\n').trimEnd() };
}
async function until(what: string, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((next) => setTimeout(next, 10));
  if (!condition()) throw new Error(`never came: ${what}`);
}

test('what is written to stderr meanwhile stands above the board, and the board stays whole', async () => {
  const { stream, text } = screen();
  const stderr = { ...stream, write: stream.write } as NodeJS.WriteStream;
  const live = liveText(stream, stderr);
  live.draw('one\ntwo\nthree');
  await until('the first frame', () => text().includes('three'));
  stderr.write('[ask] somebody is asked\n');
  live.draw('one\nTWO\nmore\nthree\nfour');
  stderr.write('half a ');
  stderr.write('line\n');
  live.draw('one\nthree');
  expect(text()).toBe('[ask] somebody is asked\nhalf a line\none\nthree');
  live.done();
});

test('after its end stderr is written to as before, an unfinished line included', async () => {
  const { stream, text } = screen();
  const stderr = { ...stream, write: stream.write } as NodeJS.WriteStream;
  const own = stderr.write;
  const live = liveText(stream, stderr);
  live.draw('board');
  await until('the first frame', () => text().includes('board'));
  stderr.write('no line end');
  live.done();
  expect(stderr.write).toBe(own);
  expect(text()).toContain('no line end');
  live.draw('too late');
  expect(text()).not.toContain('too late');
});

test('a frame that is shown already is not drawn again', async () => {
  const { stream, text } = screen();
  let writes = 0;
  const counted = { ...stream, write: (chunk: string) => { writes += 1; return stream.write(chunk); } } as NodeJS.WriteStream;
  const live = liveText(counted, { ...stream, isTTY: false } as NodeJS.WriteStream);
  live.draw('same');
  await until('the first frame', () => text().includes('same'));
  const before = writes;
  live.draw('same');
  expect(writes).toBe(before);
  live.done();
});

test('lines that come and go in the middle leave nothing behind', async () => {
  const { stream, text } = screen();
  const live = liveText(stream, { ...stream, isTTY: false } as NodeJS.WriteStream);
  const frames = ['a\nb\nc\nd\ne', 'a\nb\nx\nc\nd\ne', 'a\nb\nx\ny\nz\nc\nd\nE', 'a\nc\nd\ne', 'a\nb\nc\nc\nc\nd\ne', 'a\nb\nq\ne', 'e', 'a\nb\nc\nd\ne'];
  live.draw(frames[0]!);
  await until('the first frame', () => text().includes('e'));
  for (const frame of frames) {
    live.draw(frame);
    expect(text()).toBe(frame);
  }
  live.done();
});
