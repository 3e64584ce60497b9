// Text that fits: display width, cutting, wrapping and plain columns. Pure; the board and the listings are made of it.

const wide = /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;
const zeroWidth = /[\p{Mn}\p{Me}\u200B-\u200F\uFE00-\uFE0F]/u;
// control characters in a name from outside would move the cursor of whoever looks: they are dropped
const control = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;

export function cellsOf(text: string): number {
  let cells = 0;
  for (const c of text) cells += zeroWidth.test(c) ? 0 : wide.test(c) ? 2 : 1;
  return cells;
}

export function plain(text: string): string {
  return text.replace(control, '');
}

/** Cut to `width` cells, with an ellipsis where something is lost. */
export function cut(text: string, width: number): string {
  if (cellsOf(text) <= width) return text;
  let kept = '';
  let cells = 0;
  for (const c of text) {
    const next = cells + cellsOf(c);
    if (next > width - 1) break;
    kept += c;
    cells = next;
  }
  return `${kept}…`;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - cellsOf(text)));
}
export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - cellsOf(text))) + text;
}

/** Broken at spaces; a word longer than a line is cut into pieces rather than lost. Following lines are indented. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  const room = () => width - (lines.length === 0 ? 0 : cellsOf(indent));
  const push = () => { lines.push((lines.length === 0 ? '' : indent) + line); line = ''; };
  for (const word of text.split(/\s+/).filter((w) => w !== '')) {
    if (line !== '' && cellsOf(line) + 1 + cellsOf(word) > room()) push();
    let rest = word;
    while (cellsOf(rest) > room()) {
      const head = [...rest].slice(0, Math.max(1, room())).join('');
      line = head;
      push();
      rest = rest.slice(head.length);
    }
    line = line === '' ? rest : `${line} ${rest}`;
  }
  if (line !== '' || lines.length === 0) push();
  return lines;
}

/** Rows in aligned columns, two spaces apart; the last column is left as long as it is. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => { widths[i] = Math.max(widths[i] ?? 0, cellsOf(cell)); });
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : padEnd(cell, widths[i]!))).join('  ').trimEnd());
}
