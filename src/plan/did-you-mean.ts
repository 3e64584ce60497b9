// 'Did you mean': the nearest of the known words, or nothing when none is near enough to be meant. Used by every message of this folder.
import { distance } from 'fastest-levenshtein';

/** Differences that are no typo but another habit of writing: case, '-', '_' and spaces. */
const bare = (word: string): string => word.toLowerCase().replace(/[-_\s]/g, '');

/** The known word nearest to `word`; null when more than a third of it (at least two letters) would have to change. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: { readonly word: string; readonly far: number } | null = null;
  for (const candidate of known) {
    const far = distance(bare(word), bare(candidate));
    if (best === null || far < best.far) best = { word: candidate, far };
  }
  return best !== null && best.far <= Math.max(2, Math.floor(word.length / 3)) && best.far < bare(best.word).length ? best.word : null;
}

/** 'a, b, c'; longer than `most` ends with 'and 7 more'. */
export function listed(words: readonly string[], most = 12): string {
  if (words.length === 0) return 'none';
  return words.length <= most ? words.join(', ') : `${words.slice(0, most).join(', ')} and ${words.length - most} more`;
}
