// 'Did you mean': the nearest of the known words, or nothing when none is near enough to be meant. Used by every message of this folder.
import { distance } from 'fastest-levenshtein';

/** Differences that are no typo but another habit of writing: case, '-', '_' and spaces. */
const bare = (word: string): string => word.toLowerCase().replace(/[-_\s]/g, '');

/** Letters to change; two that changed places are one slip, not two. */
function slips(word: string, other: string): number {
  const far = distance(bare(word), bare(other));
  return far === 2 && [...bare(word)].sort().join('') === [...bare(other)].sort().join('') ? 1 : far;
}

/** The known word nearest to `word`; null when more than a third of it would have to change (of a short word: more than a letter). */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: { readonly word: string; readonly far: number } | null = null;
  for (const candidate of known) {
    const far = slips(word, candidate);
    if (best === null || far < best.far) best = { word: candidate, far };
  }
  const most = word.length <= 4 ? 1 : Math.max(2, Math.floor(word.length / 3));
  return best !== null && best.far <= most ? best.word : null;
}

/** 'a, b, c'; longer than `most` ends with 'and 7 more'. */
export function listed(words: readonly string[], most = 12): string {
  if (words.length === 0) return 'none';
  return words.length <= most ? words.join(', ') : `${words.slice(0, most).join(', ')} and ${words.length - most} more`;
}
