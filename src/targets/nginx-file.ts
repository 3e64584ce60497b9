// The one file of an nginx configuration that is Tidegate's: a `split_clients` block, and the share once more as a variable that a location can
// answer with. Used by ./nginx.ts. Pure.
import { TargetRefused } from './port.js';

export interface Split { readonly key: string; /** with its `$` */ readonly variable: string; readonly new: string; readonly old: string }

export interface SplitFile {
  readonly sharePercent: number;
  /** what `$…_share` says once nginx has loaded this file; null: the file does not define it. A hand that edits may forget this line */
  readonly told: number | null;
}

const OWNED = '# Managed by Tidegate, all of it: what is written here by hand is lost with the next change.';

/** Whether the first line says that Tidegate wrote it, so that it may be replaced without being understood. */
export const isOwned = (text: string): boolean => text.startsWith(OWNED);

/** `new` comes first: a key's hash has to be below the share, so whoever is in stays in when it grows. nginx refuses 0 %, so the line is left out. */
export function renderSplit({ key, variable, new: fresh, old }: Split, sharePercent: number): string {
  const parts = sharePercent === 100 ? [`*  ${fresh};`] : sharePercent === 0 ? [`*  ${old};`] : [`${sharePercent}%  ${fresh};`, `*  ${old};`];
  return `${OWNED}\nsplit_clients "${key}" ${variable} {\n${parts.map((part) => `    ${part}\n`).join('')}}\n# what a location may answer, to show which share nginx has loaded\nmap "" ${variable}_share { default "${sharePercent}"; }\n`;
}

/** @throws TargetRefused NGINX_FILE_NOT_UNDERSTOOD, NGINX_SPLIT_OTHER */
export function parseSplit(text: string, file: string, split: Split): SplitFile {
  const refuse = (what: string): never => {
    throw new TargetRefused({ code: 'NGINX_FILE_NOT_UNDERSTOOD', where: file, what, means: 'Nothing was changed.', todo: `Put this in its place: ${renderSplit(split, 0).split('\n').filter((line) => !line.startsWith('#')).join(' ').replace(/\s+/g, ' ').trim()}` });
  };
  const blocks = blocksOf(text) ?? refuse('it is no sequence of blocks as nginx reads them.');
  const [block, ...more] = blocks.filter(({ head }) => head[0] === 'split_clients');
  const stranger = blocks.find(({ head }) => head[0] !== 'split_clients' && !(head[0] === 'map' && head[2] === `${split.variable}_share`));
  if (stranger !== undefined) return refuse(`it holds '${stranger.head.join(' ')}', but may hold one split_clients block and the map of ${split.variable}_share alone.`);
  if (block === undefined || more.length > 0) return refuse(`it holds ${block === undefined ? 'no' : 'more than one'} split_clients block.`);
  const [, key, variable] = block.head;
  if (key !== split.key || variable !== split.variable) {
    throw new TargetRefused({ code: 'NGINX_SPLIT_OTHER', where: file, what: `it splits by '${key ?? ''}' into '${variable ?? ''}', the plan by '${split.key}' into '${split.variable}'.`, means: 'Nothing was changed: another key would give the change to other users.', todo: 'Make the plan and the file agree.' });
  }
  const map = blocks.find(({ head }) => head[0] === 'map');
  const told = map === undefined ? null : Number(map.lines.find(([name]) => name === 'default')?.[1] ?? Number.NaN);
  return { sharePercent: shareOf(block.lines, split, refuse), told: told === null || Number.isNaN(told) ? null : told };
}

function shareOf(lines: readonly (readonly string[])[], split: Split, refuse: (what: string) => never): number {
  const said = lines.map((line) => line.join(' ')).join('; ');
  const [first, rest, ...more] = lines;
  if (first === undefined || more.length > 0 || [first, rest ?? first].some((line) => line.length !== 2)) return refuse(`a share for '${split.new}' and the rest for '${split.old}' was expected, not '${said}'.`);
  if (rest === undefined && first[0] === '*' && (first[1] === split.new || first[1] === split.old)) return first[1] === split.new ? 100 : 0;
  const [, digits] = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(first[0] as string) ?? [];
  const share = Number(digits ?? Number.NaN);
  if (!(share > 0 && share <= 100) || first[1] !== split.new || rest?.[0] !== '*' || rest[1] !== split.old) return refuse(`a share for '${split.new}' and, below it, the rest for '${split.old}' was expected, not '${said}'.`);
  return share;
}

interface Block { readonly head: readonly string[]; readonly lines: readonly (readonly string[])[] }

/** Words, quoted texts and the marks `{ } ;` of nginx's syntax, put together as blocks of one level; null: it is something else. */
function blocksOf(text: string): readonly Block[] | null {
  const blocks: Block[] = [];
  let words: string[] = [];
  let open: { head: string[]; lines: string[][] } | null = null;
  let end = 0;
  for (const match of text.matchAll(/\s*(?:#.*|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([{};])|((?:\$\{[^}]*\}|[^\s{};"'])+))|\s+$/gy)) {
    end = match.index + match[0].length;
    const [, double, single, mark, bare] = match;
    const word = double ?? single ?? bare;
    if (word !== undefined) words.push(word);
    else if (mark === '{') { if (open !== null || words.length === 0) return null; open = { head: words, lines: [] }; words = []; }
    else if (mark === ';') { if (open === null || words.length === 0) return null; open.lines.push(words); words = []; }
    else if (mark === '}') { if (open === null || words.length > 0) return null; blocks.push(open); open = null; }
  }
  return end === text.length && open === null && words.length === 0 ? blocks : null;
}
