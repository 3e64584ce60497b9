// Lengths of time as a plan writes them: '24h', '1d 6h', '90s', '500ms', '2w'. One table for reading and for printing.
// The condition grammar finds where a length stands in a line and hands its text to `parseDuration`.
import type { Ms } from '../judgement/types.js';

const sizes: readonly (readonly [unit: string, ms: Ms])[] = [
  ['w', 604_800_000], ['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1000], ['ms', 1],
];
const sizeOf: ReadonlyMap<string, Ms> = new Map([...sizes, ['min', 60_000]]);

/** A hundred years: beyond it a length is a slip of the finger, and sums of epoch milliseconds would lose digits. */
const longest: Ms = 100 * 366 * 86_400_000;

/** A length of time in milliseconds; null when `text` is not one, is empty or is longer than a hundred years. Days have 24 hours. */
export function parseDuration(text: string): Ms | null {
  const trimmed = text.trim();
  const parts = [...trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|min|[wdhms])(?![a-z])\s*/giy)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== trimmed) return null;
  let total = 0;
  for (const [, amount, unit] of parts) total += Number(amount) * (sizeOf.get(unit!.toLowerCase()) ?? Number.NaN);
  const rounded = Math.round(total);
  return Number.isFinite(rounded) && rounded <= longest ? rounded : null;
}

/** The shortest writing that reads back to the same length: 86 400 000 → '1d', 5 400 000 → '1h 30m', 0 → '0s'. Whole days up to two stay hours. */
export function printDuration(ms: Ms): string {
  // '24h' and '48h' are how people speak of soaks; '1d' and '2d' are not
  if (ms === 86_400_000 || ms === 172_800_000) return `${ms / 3_600_000}h`;
  const parts: string[] = [];
  let left = Math.round(ms);
  for (const [unit, size] of sizes) {
    // weeks only when nothing else is left, so that ten days are '10d' and not '1w 3d'
    if (unit === 'w' && left % size !== 0) continue;
    const whole = Math.floor(left / size);
    if (whole > 0) parts.push(`${whole}${unit}`);
    left -= whole * size;
  }
  return parts.length === 0 ? '0s' : parts.join(' ');
}
